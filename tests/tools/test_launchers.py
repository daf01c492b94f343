"""The launchers start the clone's Python, wherever they are started from, in place of themselves."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.stack import ROOT

PYTHON = '#!/bin/sh\necho "$$|$PWD|$PYTHONPATH|$*"\n'


@pytest.mark.parametrize(
    ("launcher", "module"),
    [
        ("pulumi-language-python", "tools.language_host"),
        ("pulumi-resource-pulumi-python", "tools.dynamic_provider"),
        ("pulumi-resource-aws", "sandbox.aws.plugin"),
    ],
)
def test_from_any_folder_through_a_link_in_a_path_with_spaces(tmp_path: Path, launcher: str, module: str) -> None:
    clone, elsewhere = tmp_path / "a clone", tmp_path / "else where"
    shutil.copytree(ROOT / "tools/launchers", clone / "tools/launchers")
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").write_text(PYTHON)
    (clone / ".venv/bin/python").chmod(0o755)
    elsewhere.mkdir()
    (elsewhere / launcher).symlink_to(os.path.relpath(clone / "tools/launchers" / launcher, elsewhere))
    started = subprocess.Popen(
        [elsewhere / launcher, "127.0.0.1:1", "with space"], cwd=elsewhere, stdout=subprocess.PIPE, text=True
    )
    text, _ = started.communicate(timeout=20)
    pid, folder, path, arguments = text.strip().split("|")
    assert int(pid) == started.pid, "not `exec`ed: the plugin would watch a shell and outlive the engine"
    assert (folder, path) == (str(elsewhere), str(clone))
    assert arguments == f"-uP -m {module} 127.0.0.1:1 with space"
