"""After a kill in the middle, another command than the same one again; `test_crash_matrix.py` has that one.

What was done and nobody knows is there: as the only one, as the last program says, and gone after `destroy`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.genesys_kinds import EVERY_KIND
from tests.support.project import Object, Project, project
from tests.support.waiting import until

pytestmark = pytest.mark.full

MARK, NAME = "[pulumi:it/local/it]", "it-local-it"


class Case(NamedTuple):
    killed: str
    """What was under way: create, update or delete."""
    before: str
    """The arguments of the program that was killed; of an update, those that it was to have."""
    then: str
    commands: tuple[str, ...] = ("up",)

    def __str__(self) -> str:
        return f"{self.killed}({self.before}), {' and '.join(self.commands)}({self.then})"

    def is_for(self, kind: str) -> bool:
        """An integration that was only begun has no mark yet: under another name it is not known (docs/provider.md)."""
        return kind != "integration" or self.killed != "create" or name_in(self.before) == name_in(self.then)


def name_in(arguments: str) -> str:
    return next((name for name in ("its own", "another") if name in arguments), NAME)


CASES = [
    Case("create", "", "enabled=False"),
    Case("create", "", "name='its own'"),
    Case("create", "name='its own'", ""),
    Case("create", "name='its own'", "name='another'"),
    Case("create", "", "", ("refresh", "up")),
    Case("create", "", "", ("destroy", "up")),
    Case("update", "enabled=False", ""),
    Case("update", "name='its own'", ""),
    Case("update", "enabled=False", "name='its own'"),
    Case("update", "name='its own'", "", ("refresh", "up")),
    Case("update", "enabled=False", "", ("destroy", "up")),
    Case("delete", "", ""),
    Case("delete", "", "enabled=False"),
    Case("delete", "", "name='its own'"),
    Case("delete", "", "", ("refresh", "up")),
]


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path) as found:
        yield found


def program(kind: str, arguments: str) -> str:
    if kind == "webhook":
        return f"webhook('it', {arguments})"
    if kind == "integration":
        return f"event_source('it', {arguments})"
    return f"subscription('it', webhook('hook').id, {arguments})"


def call(kind: str, killed: str) -> tuple[str, str]:
    path = "/api/v2/integrations" if kind == "integration" else f"/api/v2/events/{kind}s"
    if killed == "create":
        return "POST", path
    if killed == "delete":
        return "DELETE", f"{path}/{{id}}"
    return ("PATCH" if kind == "integration" else "PUT"), f"{path}/{{id}}"


def kill(it: Project, kind: str, case: Case) -> None:
    """The engine, when the platform has done what it was asked for and not answered."""
    if case.killed != "create" or kind == "subscription":
        it.program(program(kind, "") if case.killed != "create" else "webhook('hook')")
        it.pulumi("up")
    it.program(program(kind, case.before))
    method, path = call(kind, case.killed)
    it.emulator.calls()
    it.emulator.fault(method, path, when="after", hold=True, drop=True)
    with it.running("destroy" if case.killed == "delete" else "up") as run:
        until(lambda: it.emulator.held() or run.engine.poll() is not None, f"{method} {path} is sent")
        assert run.engine.poll() is None, f"ended without {method} {path}:\n{run.text}"
        run.kill("the engine")
        until(run.gone, "its plugins have ended")
    it.emulator.door("DELETE", "faults")


def ours(it: Project, kind: str) -> list[Object]:
    return [each for each in it.emulator.entities(kind) if kind != "subscription" or each["name"] != "it-local-hook"]


@pytest.mark.parametrize(
    ("case", "kind"), [(case, kind) for case in CASES for kind in EVERY_KIND if case.is_for(kind)], ids=str
)
def test_leaves_one_object_as_the_program_says_and_none_after_destroy(case: Case, kind: str, it: Project) -> None:
    kill(it, kind, case)
    it.program(program(kind, case.then))
    for command in case.commands:
        it.pulumi(command)

    [entity] = ours(it, kind)
    mark_in = "notes" if kind == "integration" else "description"
    enabled = entity["intendedState"] == "ENABLED" if kind == "integration" else entity["enabled"]
    wanted = (name_in(case.then), MARK, "enabled=False" not in case.then)
    assert (entity["name"], entity[mark_in], enabled) == wanted
    assert entity["id"] in [each["id"] for each in it.resources()]
    it.pulumi("up", "--refresh", "--expect-no-changes")

    it.pulumi("destroy")
    assert [it.emulator.entities(each) for each in EVERY_KIND] == [[], [], []]
    assert "Traceback" not in "".join(it.output)
