"""What make does before anything else: .venv after the lock, and one clear line where it cannot."""

import shutil
import subprocess
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
