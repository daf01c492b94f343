"""Which engine is used, and how the pinned one is built: with a `go` that only pretends."""

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.processes import find
from tests.support.waiting import until
from tools import engine
from tools.stack import ROOT

GO = """#!/bin/sh
# Four packages: the engine imports `a` and `c`, `a` imports `b`; `b` and `c` are in go's cache already.
shift 2
case $1 in
version) echo "go version go{version} linux/amd64" ;;
list) echo "go: downloading example.com/a v1.0.0" >&2; printf 'b\\nc\\na b\\n{package} a c\\n' ;;
build)
    while [ "$1" != -o ]; do shift; done
    echo a >&2
    {while_building}
    echo {package} >&2
    printf '#!/bin/sh\\necho v3.259.0\\n' > "$2"
    chmod +x "$2"
    echo built >> "{folder}/builds" ;;
esac
"""
BASICS = ("sh", "cat", "sleep", "chmod", "readlink", "touch")


class Clone:
    """A copy of tools/ with a cache of its own, and nothing on PATH but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.cache = folder / "a clone", folder / "bin", folder / "a cache"
        shutil.copytree(ROOT / "tools", self.folder / "tools", ignore=shutil.ignore_patterns("bin", "__pycache__"))
        self.bin.mkdir()
        for name in BASICS:
            (self.bin / name).symlink_to(shutil.which(name) or name)
        self.environ = {"PATH": str(self.bin), "XDG_CACHE_HOME": str(self.cache), "HOME": str(folder)}

    def go(self, while_building: str = ":", version: str = "1.26.1") -> None:
        script = GO.format(
            version=version, while_building=while_building, folder=self.cache.parent, package=engine.PACKAGE
        )
        self.program("go", script)

    def program(self, name: str, script: str) -> Path:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    @contextmanager
    def start(self) -> Iterator["subprocess.Popen[str]"]:
        with subprocess.Popen(
            [sys.executable, "-m", "tools.engine"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            try:
                yield running
            finally:
                running.kill()

    def run(self) -> tuple[int, str]:
        with self.start() as running:
            text, _ = running.communicate(timeout=60)
        return running.returncode, text

    @property
    def builds(self) -> int:
        file = self.cache.parent / "builds"
        return len(file.read_text().splitlines()) if file.exists() else 0

    @property
    def cached(self) -> list[str]:
        return sorted(each.name for each in self.cache.rglob("*") if each.is_file())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0", (3, 259, 0)),
        ("3.260.1", (3, 260, 1)),
        ("v3.259.0-alpha.1", (3, 259, 0)),
        ("go version go1.26 linux/amd64", (1, 26, 0)),
        ("go version go1.27.3 X:nocoverageredesign linux/arm64", (1, 27, 3)),
        ("", None),
        ("command not found", None),
    ],
)
def test_versions(text: str, version: tuple[int, ...] | None) -> None:
    assert engine.version_of(text) == version


@pytest.mark.parametrize(("version", "used"), [("v3.259.0", True), ("v3.300.2", True), ("v3.258.9", False)])
def test_a_pulumi_on_path_is_used_when_it_is_new_enough(clone: Clone, version: str, used: bool) -> None:
    found = clone.program("pulumi", f"#!/bin/sh\necho {version}\n")
    for name in engine.BUNDLED:
        clone.program(name, "#!/bin/sh\n")
    assert engine.on_path(clone.environ) == (found if used else None)


def test_a_pulumi_on_path_without_its_plugins_is_of_no_use(clone: Clone) -> None:
    clone.program("pulumi", "#!/bin/sh\necho v3.259.0\n")
    assert engine.on_path(clone.environ) is None


def test_with_a_pulumi_on_path_nothing_is_built(clone: Clone) -> None:
    clone.go()
    clone.program("pulumi", "#!/bin/sh\necho v3.259.0\n")
    for name in engine.BUNDLED:
        clone.program(name, "#!/bin/sh\n")
    assert clone.run() == (0, "")
    assert clone.builds == 0


def test_with_neither_there_is_one_line_that_says_what_to_install(clone: Clone) -> None:
    code, text = clone.run()
    assert code == 1
    [line] = text.splitlines()
    assert line.startswith("error: ")
    assert "install Pulumi 3.259.0 or newer" in line
    assert "or Go 1.26 or newer" in line


def test_a_go_that_is_too_old_is_told(clone: Clone) -> None:
    clone.go(version="1.25.9")
    code, text = clone.run()
    assert code == 1
    [line] = text.splitlines()
    assert "Go is too old" in line


def test_it_is_built_once_and_then_kept(clone: Clone) -> None:
    clone.go()
    code, text = clone.run()
    assert code == 0, text
    assert "building the Pulumi engine 3.259.0, because there is no `pulumi`" in text
    assert "3 to 5 minutes" in text
    assert clone.run() == (0, "")
    shutil.rmtree(clone.folder / "tools/bin")
    assert clone.run() == (0, "")
    assert clone.builds == 1
    shutil.rmtree(clone.cache)
    (clone.bin / "go").unlink()
    assert clone.run() == (0, ""), "what is in the clone needs neither cache nor go"


def test_another_pin_is_built_anew(clone: Clone) -> None:
    clone.go()
    clone.run()
    with (clone.folder / "tools/go.mod").open("a") as file:
        file.write("// newer\n")
    assert "building" in clone.run()[1]
    assert clone.builds == 2


def test_the_engine_finds_its_plugins_beside_itself(clone: Clone) -> None:
    clone.go()
    clone.run()
    binaries = clone.folder / "tools/bin"
    assert not (binaries / "pulumi").is_symlink(), "the engine resolves links, and would look in the cache"
    assert os.access(binaries / "pulumi", os.X_OK)
    assert all(os.access(binaries / name, os.X_OK) for name in engine.BUNDLED)
    assert not (binaries / "pulumi-resource-aws").exists(), "with tools/bin on PATH a real stack would get the stand-in"


def test_a_failed_build_is_one_line(clone: Clone) -> None:
    clone.go(while_building="echo 'a.go:1:2: undefined: x' >&2; exit 1")
    code, text = clone.run()
    assert code == 1
    assert text.splitlines()[1:] == ["error: building the Pulumi engine failed: a.go:1:2: undefined: x"]
    assert clone.cached == ["lock"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_ends_go_and_the_next_one_is_well(clone: Clone, number: int) -> None:
    busy = clone.cache.parent / "busy"
    clone.go(while_building=f'echo $$ > "{busy}"; sleep 60; ')
    with clone.start() as running:
        until(lambda: busy.exists() and busy.read_text().endswith("\n"), "go runs")
        running.send_signal(number)
        text, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    assert text.splitlines()[-1] == "stopped; the same command goes on with what is built so far"
    assert not find(int(busy.read_text()))
    assert clone.cached == ["lock"]
    clone.go()
    assert clone.run()[0] == 0
    assert clone.cached == ["lock", "pulumi"]


def test_a_killed_build_leaves_nothing_that_breaks_the_next_one(clone: Clone) -> None:
    busy = clone.cache.parent / "busy"
    clone.go(while_building=f'echo $$ > "{busy}"; sleep 60')
    with clone.start() as running:
        until(lambda: busy.exists() and busy.read_text().endswith("\n"), "go runs")
        running.kill()
        os.killpg(int(busy.read_text()), signal.SIGKILL)
    clone.go()
    assert clone.run()[0] == 0
    assert clone.cached == ["lock", "pulumi"]
    assert [each.name for each in clone.cache.rglob(".build-*")] == []


def test_of_two_at_once_one_builds_and_the_other_waits(clone: Clone) -> None:
    busy, go_on = clone.cache.parent / "busy", clone.cache.parent / "go-on"
    clone.go(while_building=f'touch "{busy}"; while [ ! -e "{go_on}" ]; do sleep 0.05; done')
    with clone.start() as first:
        until(busy.exists, "go runs")
        with clone.start() as second:
            assert second.stdout
            try:
                assert second.stdout.readline() == "another process is building the Pulumi engine; waiting for it\n"
            finally:
                go_on.touch()
            first.communicate(timeout=20)
            second.communicate(timeout=20)
    assert (first.returncode, second.returncode, clone.builds) == (0, 0, 1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_of_all_packages_those_in_gos_cache_included(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on = clone.cache.parent / "go-on"
    clone.go(while_building=f'while [ ! -e "{go_on}" ]; do sleep 0.05; done')
    monkeypatch.setattr(engine.Progress, "PLAIN_SECONDS", 0.02)
    shown: list[str] = []
    show = engine.Progress.show

    def record(self: engine.Progress, text: str) -> None:
        shown.append(text)
        show(self, text)
        go_on.touch()

    monkeypatch.setattr(engine.Progress, "show", record)
    engine.Build(str(clone.bin / "go"), clone.environ).run(clone.folder / "built")
    assert shown == [
        "looking up the engine's Go packages",
        "downloading Go modules: 1",
        "2 of 4 packages built",  # `a` begins: what it imports is there; `c` has not been reached yet
        "4 of 4 packages built, linking",
    ]
    assert "\r" not in capsys.readouterr().err


def test_progress_changes_one_line_on_a_terminal_and_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.Progress, "TERMINAL_SECONDS", 0.01)
    terminal = Terminal()
    with engine.Progress(terminal) as progress:
        progress.show("1 of 2")
        until(lambda: "1 of 2" in terminal.getvalue(), "it is told")
    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
