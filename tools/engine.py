"""The Pulumi engine: a `pulumi` on PATH that is new enough, or else the pinned one, built from Go modules and cached.

`python -m tools.engine` makes sure that there is one, and says something only when it has to build.
"""

import collections
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

PINNED = (3, 259, 0)
GO = (1, 26)
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"

TOOLS = Path(__file__).parent
LAUNCHERS = TOOLS / "launchers"
BIN = TOOLS / "bin"
BUNDLED = ("pulumi-language-python", "pulumi-resource-pulumi-python")
"""What the engine looks for beside itself, links in its own path resolved: so it is copied there, not linked."""


@dataclass(frozen=True)
class Engine:
    """A `pulumi` to run. An official one brings its own plugins for Python."""

    path: Path
    official: bool


class EngineError(Exception):
    """There is no engine, and the text says what to do about it, in one line."""


def find(env: Mapping[str, str] = os.environ) -> Engine:
    """The engine to use; builds it when there is none (3 to 5 minutes, told on standard error). Raises EngineError."""
    official = on_path(env)
    if official:
        return Engine(official, official=True)
    return Engine(_built(env), official=False)


# --- a pulumi on PATH


def on_path(env: Mapping[str, str]) -> Path | None:
    """The `pulumi` on PATH, when it is new enough and has its Python plugins."""
    found = shutil.which("pulumi", path=env.get("PATH"))
    if not found or Path(found).resolve().parent == BIN.resolve():
        return None
    beside = os.pathsep.join([str(Path(found).resolve().parent), env.get("PATH", "")])
    if not all(shutil.which(plugin, path=beside) for plugin in BUNDLED):
        return None
    version = version_of(_output([found, "version"], {**env, "PULUMI_SKIP_UPDATE_CHECK": "true"}))
    return Path(found) if version and version >= PINNED else None


def version_of(text: str) -> tuple[int, ...] | None:
    """`v3.259.0` or `go version go1.26.8 linux/amd64` as numbers; None if there is no version in it."""
    match = re.search(r"(?:^v?|\bgo)(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(each or 0) for each in match.groups()) if match else None


def _output(command: list[str], env: Mapping[str, str]) -> str:
    try:
        return subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


# --- the pinned one


def _built(env: Mapping[str, str]) -> Path:
    """tools/bin/pulumi, from the cache, from Go modules if it isn't there either."""
    pulumi, stamp, pin = BIN / "pulumi", BIN / "pulumi.pin", _pin()
    if not (pulumi.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == pin):
        cached = _cached(pin, env)
        BIN.mkdir(exist_ok=True)
        stamp.unlink(missing_ok=True)
        _place(cached, pulumi)
        stamp.write_text(pin, encoding="utf-8")
    for name in BUNDLED:
        launcher = BIN / name
        if not launcher.exists():
            launcher.unlink(missing_ok=True)
            with contextlib.suppress(FileExistsError):  # another run has just made it
                launcher.symlink_to(Path("..", "launchers", name))
    return pulumi


def _place(source: Path, target: Path) -> None:
    """Hard-link or copy, never half: a run beside this one may start the engine at any moment."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pulumi-") as folder:
        new = Path(folder, "pulumi")
        try:
            new.hardlink_to(source)
        except OSError:  # another file system
            shutil.copy2(source, new)
        new.replace(target)


def _pin() -> str:
    """What decides the engine's code: the modules and how they are built."""
    digest = hashlib.sha256()
    for part in ((TOOLS / "go.mod").read_bytes(), (TOOLS / "go.sum").read_bytes(), " ".join(_build("")).encode()):
        digest.update(part + b"\0")
    return f"{digest.hexdigest()[:16]}-{platform.system()}-{platform.machine()}".lower()


def _build(output: str) -> list[str]:
    version = "v{}.{}.{}".format(*PINNED)
    return ["build", "-trimpath", "-ldflags", f"-s -w -X {VERSION_VARIABLE}={version}", "-v", "-o", output, PACKAGE]


def _cached(pin: str, env: Mapping[str, str]) -> Path:
    go, go_version = _go(env)
    folder = cache_dir(env) / f"{pin}-{go_version}"
    engine = folder / "pulumi"
    if engine.exists():
        return engine
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / "lock"):
        if not engine.exists():
            for left in folder.glob(".build-*"):  # of a build that was killed: we have its lock
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as temporary:
                built = Path(temporary, "pulumi")
                Build(go, {**env, "GOTMPDIR": temporary}).run(built)  # go leaves its own when it is interrupted
                built.replace(engine)
    return engine


def cache_dir(env: Mapping[str, str]) -> Path:
    home = env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home(), ".cache")
    return Path(home, "genesys-eventbridge")


def _go(env: Mapping[str, str]) -> tuple[str, str]:
    """The `go` to build with, and its version."""
    wanted = "{}.{}".format(*GO)
    install = "install Pulumi {}.{}.{} or newer (https://www.pulumi.com/docs/install/), or Go {} or newer".format(
        *PINNED, wanted
    )
    go = shutil.which("go", path=env.get("PATH"))
    if not go:
        raise EngineError(f"no Pulumi CLI that is new enough on PATH, and no Go to build one with: {install}")
    # In this folder, because a go.mod may make an older Go fetch and use a newer one.
    text = _output([go, "-C", str(TOOLS), "version"], env)
    version = version_of(text)
    if not version or version[:2] < GO:
        raise EngineError(f"no Pulumi CLI that is new enough on PATH, and Go is too old to build one: {install}")
    return go, "go" + ".".join(map(str, version))


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One build at a time; the lock is gone with its process, however that ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is building the Pulumi engine; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Build:
    """One build of the engine, telling how far it is."""

    def __init__(self, go: str, env: Mapping[str, str]) -> None:
        self._go, self._env = go, env

    def run(self, output: Path) -> None:
        version = "{}.{}.{}".format(*PINNED)
        say(
            f"building the Pulumi engine {version}, because there is no `pulumi` of that version or newer on PATH;"
            " 3 to 5 minutes the first time, then it is cached"
        )
        started = time.monotonic()
        with Progress() as progress:
            imports = self._list(progress)
            self._compile(output, imports, progress)
        say(f"built the Pulumi engine in {time.monotonic() - started:.0f} s")

    def _list(self, progress: "Progress") -> dict[str, list[str]]:
        """Every package of the engine with what it imports. Downloads the modules, if need be."""
        downloaded = 0
        progress.show("looking up the engine's Go packages")

        def heard(line: str) -> None:
            nonlocal downloaded
            if line.startswith("go: downloading"):
                downloaded += 1
                progress.show(f"downloading Go modules: {downloaded}")

        listed = self._run(["list", "-deps", "-f", '{{.ImportPath}} {{join .Imports " "}}', PACKAGE], heard)
        return {package: imports for package, *imports in map(str.split, listed)}

    def _compile(self, output: Path, imports: Mapping[str, list[str]], progress: "Progress") -> None:
        done: set[str] = set()
        total = len(imports)

        def heard(line: str) -> None:
            # Go names a package when it begins to compile it: then all that it imports, newly built or cached, is done.
            if line == PACKAGE:
                progress.show(f"{total:,} of {total:,} packages built, linking")
            elif line in imports:
                _reach(line, imports, done)
                progress.show(f"{len(done):,} of {total:,} packages built")

        self._run(_build(str(output)), heard)

    def _run(self, arguments: list[str], heard: Callable[[str], None]) -> list[str]:
        """Run go in tools/; `heard` gets each line of its standard error. Returns the lines of its standard output."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as listed:
            go = subprocess.Popen(
                [self._go, "-C", str(TOOLS), *arguments],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=listed,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                process_group=0,  # so that Ctrl-C reaches it once, from us, with all its compilers
            )
            said: collections.deque[str] = collections.deque(maxlen=20)
            try:
                for line in go.stderr or ():
                    said.append(line.rstrip())
                    heard(line.strip())
                go.wait()
            except BaseException:
                _end_group(go)
                raise
            if go.returncode != 0:
                raise EngineError(_failure(said))
            listed.seek(0)
            return listed.read().splitlines()


def _end_group(process: "subprocess.Popen[str]") -> None:
    """End go and the compilers it started; asked first, for what they have written to go's cache shall be whole."""
    for signal_ in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal_)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=10)
            return


def _failure(said: Iterable[str]) -> str:
    """One line of what go said before it failed: without the names of packages it was busy with."""
    lines = [line for line in said if line and not re.fullmatch(r"[\w.~/-]+", line) and "downloading" not in line]
    return f"building the Pulumi engine failed: {'; '.join(lines[-3:]) or 'go gave no reason'}"


def _reach(package: str, imports: Mapping[str, list[str]], done: set[str]) -> None:
    """Add the package and all that it imports, directly or not."""
    waiting = [package]
    while waiting:
        each = waiting.pop()
        if each not in done:
            done.add(each)
            waiting += [imported for imported in imports.get(each, ()) if imported in imports]


class Progress:
    """What is being done, on one line that changes; when the output is no terminal, as a plain line now and then."""

    TERMINAL_SECONDS, PLAIN_SECONDS = 0.5, 10.0

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stderr
        self._tty = self._stream.isatty()
        self._every = self.TERMINAL_SECONDS if self._tty else self.PLAIN_SECONDS
        self._text, self._started = "", time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="progress", daemon=True)

    def show(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if self._tty:
            self._write("\r\x1b[K")

    def _draw(self) -> None:
        while not self._end.wait(self._every):
            line = f"  {self._text} ({time.monotonic() - self._started:.0f} s)"
            self._write(f"\r\x1b[K{line}" if self._tty else f"{line}\n")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads it any more
            self._stream.write(text)
            self._stream.flush()


def file_error(error: OSError) -> str:
    """One line of a file that can't be read or written."""
    return f"{error.filename or 'a file'} can't be used: {error.strerror or error}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        find()
    except EngineError as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {file_error(error)}")
        return 1
    except KeyboardInterrupt:
        say("stopped; the same command goes on with what is built so far")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
