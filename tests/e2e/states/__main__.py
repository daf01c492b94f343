"""`python -m tests.e2e.states`: record the state that this release leaves behind. Done once, when it is released.

What a run makes differently each time stands for itself: `{url}`, `{webhook}` and `{subscription}`.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from genesys_provider.client import VERSION
from tests.support.project import project

HERE = Path(__file__).parent
OF_A_RUN = ("sourcePosition", "stackTrace", "created", "modified")
OF_THE_SERVER = ("id", "dateCreated", "dateModified", "selfUri")


def record() -> Path:
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
    file = HERE / f"{VERSION}.json"
    with file.open("x") as new:  # what was released stays as it was
        new.write(f"{text}\n")
    return file


if __name__ == "__main__":
    print(record())
