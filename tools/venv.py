"""`python -m tools.venv`: makes .venv from the hash-locked requirements, when there is none or the lock has changed.

Runs on the system's Python, so: standard library only.
"""

import collections
import contextlib
import fcntl
import hashlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.engine import Progress, file_error, say

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements-dev.txt"
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
"""Which lock is installed, to the end: written last, so an interrupted installation is made anew."""

QUIETLY = ("--disable-pip-version-check", "--progress-bar", "off")


class VenvError(Exception):
    """What went wrong, in one line."""


def make() -> None:
    """Make .venv, unless it is as the lock says. Raises VenvError."""
    if current():
        return
    with _alone():
        if current():
            return
        say(f"making .venv with Python {sys.version.split()[0]} and what {LOCK.name} locks; about a minute")
        if VENV.exists():
            shutil.rmtree(VENV)
        _run("venv", str(VENV), python=sys.executable)
        with Progress() as progress:
            _install(progress)
        STAMP.write_text(_digest(), encoding="utf-8")


def current() -> bool:
    """Whether what the lock says is installed, and the Python it was installed for is still there."""
    return STAMP.exists() and STAMP.read_text(encoding="utf-8") == _digest() and (VENV / "bin/python").exists()


def _digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _install(progress: Progress) -> None:
    total = len(re.findall(r"^[\w.-]+==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    collected = 0
    for line in _lines(
        "pip", "install", *QUIETLY, "--require-hashes", "--no-deps", "-r", str(LOCK), python=str(VENV / "bin/python")
    ):
        if line.startswith("Collecting"):
            collected += 1
            progress.show(f"fetching packages: {collected} of {total}")
        elif line.startswith("Installing"):
            progress.show(f"installing {collected} packages")


def _run(module: str, *arguments: str, python: str) -> None:
    collections.deque(_lines(module, *arguments, python=python), maxlen=0)


def _lines(module: str, *arguments: str, python: str) -> Iterator[str]:
    """What a module of that Python says while it runs."""
    said: collections.deque[str] = collections.deque(maxlen=20)
    with subprocess.Popen(
        [python, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        for line in running.stdout or ():
            said.append(line.strip())
            yield line.strip()
    if running.returncode:
        reasons = [line for line in said if line.upper().startswith("ERROR")] or [line for line in said if line]
        hints = {
            "venv": "on Debian and Ubuntu: install python3-venv; and the folder must be writable",
            "pip": "is the package index reached? pip heeds HTTPS_PROXY and PIP_INDEX_URL",
        }
        raise VenvError(
            f"python -m {module} failed: {'; '.join(reasons[-3:]) or 'it gave no reason'} ({hints[module]})"
        )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with LOCK.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        make()
    except VenvError as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {file_error(error)}")
        return 1
    except KeyboardInterrupt:
        say("stopped; the same command starts again with it")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
