"""`python -m tests.e2e.states COMMIT`: record the state that a release leaves behind.

COMMIT is what was released: its `genesys_provider` makes the state, while the recorder, the sandbox and the engine are
today's. Done once for each release, before the next one changes anything that a state may hold; the file is named by
the version in that code, so a release needs one of its own (`VERSION` in client.py). A file that is there stays as it
is: test_upgrade.py takes each of them over, and it stands for stacks that really exist.

What a run makes differently each time stands for itself: `{url}`, `{webhook}` and `{subscription}`.
"""

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from genesys_provider.client import VERSION
from tests.support.project import project

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OF_A_RUN = ("sourcePosition", "stackTrace", "created", "modified")
OF_THE_SERVER = ("id", "dateCreated", "dateModified", "selfUri")


def record_release(commit: str) -> Path:
    """Record with the commit's package, in a copy of everything else."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        archive = subprocess.run(
            ["git", "archive", commit, "genesys_provider"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(root, filter="data")
        for name in ("sandbox", "tests", "tools"):
            shutil.copytree(ROOT / name, root / name, symlinks=True)
        (root / ".venv").symlink_to(ROOT / ".venv")
        line = [sys.executable, "-c", "from tests.e2e.states.__main__ import record; record()"]
        subprocess.run(line, cwd=root, check=True)
        [made] = root.glob("*.json")
        file = HERE / made.name
        with file.open("x") as new:  # what was released stays as it was
            new.write(made.read_text())
        return file


def record() -> None:
    """Record with the package that is here, into the working directory."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder)) as it:
        shutil.copy(HERE / "program.py", Path(folder, "__main__.py"))
        it.pulumi("up")
        found: dict[str, Any] = {}
        places = {it.emulator.served.url: "{url}"}
        for kind in ("webhook", "subscription"):
            [entity] = it.emulator.entities(kind)
            places[entity["id"]] = f"{{{kind}}}"
            found[kind] = {key: value for key, value in entity.items() if key not in OF_THE_SERVER}
        state = it.stack.export()
        for resource in state["deployment"]["resources"]:
            for key in OF_A_RUN:
                resource.pop(key, None)
        text = json.dumps({**found, "state": state}, indent=1)
    for value, place in places.items():
        text = text.replace(value, place)
    Path(f"{VERSION}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.e2e.states COMMIT")
    print(record_release(sys.argv[1]))
