"""What make does before anything else: .venv after the lock, and one clear line where it cannot."""

import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools import venv
from tools.stack import ROOT


def make(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    program = shutil.which("make")
    assert program
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, done.stdout


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that locks nothing, so that nothing is downloaded."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("bin", "__pycache__"))
    (folder / "requirements-dev.txt").write_text("# nothing\n")
    monkeypatch.setattr(venv, "ROOT", folder)
    monkeypatch.setattr(venv, "LOCK", folder / "requirements-dev.txt")
    monkeypatch.setattr(venv, "VENV", folder / ".venv")
    monkeypatch.setattr(venv, "STAMP", folder / ".venv/installed")
    return folder


def test_make_alone_lists_what_there_is() -> None:
    code, text = make(ROOT, PATH="/usr/bin:/bin")
    assert code == 0
    for target in ("demo", "test", "down", "up", "recover", "check"):
        assert f"make {target} " in text


def test_without_python_there_is_one_line_that_says_so(clone: Path, tmp_path: Path) -> None:
    for name in ("sh", "old"):
        (tmp_path / name).mkdir()
    (tmp_path / "old/python3").write_text("#!/bin/sh\nexit 1\n")  # what an old one answers
    (tmp_path / "old/python3").chmod(0o755)
    code, text = make(clone, "venv", PATH=str(tmp_path / "old"))
    assert code != 0
    assert [line for line in text.splitlines() if "error: " in line] == [
        "error: no Python 3.11 or newer on PATH: install one, or name it: make PYTHON=/path/to/python3"
    ]


def test_down_of_nothing_does_nothing(clone: Path) -> None:
    assert make(clone, "down", PATH="/usr/bin:/bin") == (0, "")
    assert not (clone / ".venv").exists()


TAIL = """#!{python}
import signal, sys
if sys.argv[1:] != ["-m", "tools.ops", "tail", "local"]:
    sys.exit(f"unexpected: {{sys.argv[1:]}}")
try:
    print("listening", flush=True)
    {then}
except KeyboardInterrupt:
    sys.exit(130)
"""


def on_terminal(folder: Path, then: str, keys: bytes) -> tuple[int, str]:
    """What a person at a terminal sees of `make tail`, where the tail does that and these keys are pressed then."""
    program = folder / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(TAIL.format(python=sys.executable, then=then))
    program.chmod(0o755)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvp("make", ["make", "-o", "engine", "-o", "venv", "tail"])  # noqa: S606 (no shell is wanted)
    text = b""
    while True:
        try:
            text += (read := os.read(terminal, 1024))
        except OSError:  # nobody has it open any more
            break
        if b"listening" in read:
            os.write(terminal, keys)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode()


def test_ctrl_c_is_how_a_tail_ends_and_no_error(clone: Path) -> None:
    code, text = on_terminal(clone, "signal.pause()", b"\x03")
    assert code == -signal.SIGINT, "of make, which gets it too and ends by it without a word"
    assert text.replace("^C", "").split() == ["listening"]


def test_a_tail_that_hears_nothing_any_more_is_an_error(clone: Path) -> None:
    code, text = on_terminal(clone, "sys.exit(1)", b"")
    assert code == 2
    assert "Error 1" in text


@pytest.mark.parametrize("target", ["up", "verify", "tail", "pulumi"])
def test_an_empty_stack_stays_one_empty_argument(target: str) -> None:
    code, text = make(ROOT, "-n", "-o", "engine", target, "STACK=", "ARGS=--yes", PATH="/usr/bin:/bin")
    assert code == 0
    assert f" {target} '' --yes" in text


def test_the_venv_follows_the_lock(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert venv.main() == 0
    assert "making .venv" in capsys.readouterr().err
    assert venv.main() == 0
    assert capsys.readouterr().err == "", "it is there, and there is nothing to say"

    locked = venv.LOCK.read_text()
    venv.LOCK.write_text("# another lock\n")
    assert not venv.current()
    venv.LOCK.write_text(locked)
    assert venv.current()
    (clone / ".venv/bin/python").rename(clone / ".venv/bin/gone")  # as an upgrade of the system's Python leaves it
    assert not venv.current()


@pytest.mark.full
def test_a_failed_installation_is_one_line_and_is_done_again(
    clone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    venv.LOCK.write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    assert venv.main() == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "no-such-package" in line
    assert not venv.current()
    left = clone / ".venv/left"
    left.touch()
    venv.LOCK.write_text("# nothing\n")
    assert venv.main() == 0
    assert venv.current()
    assert not left.exists()
