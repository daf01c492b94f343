"""`--replace` and `state taint` with an answer lost on the way: what is wanted twice over exists once."""

from collections.abc import Iterator
from itertools import product

import pytest

from tests.support.project import Project, project

HOOKS, SUBSCRIPTIONS = "/api/v2/events/webhooks", "/api/v2/events/subscriptions"
PROGRAM = "subscription('queues', webhook('hook', method='PUT').id, enabled=False)"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("project")) as it:
        it.program(PROGRAM)
        it.pulumi("up")
        yield it


SHORT = [("hook", "--replace", "POST"), ("hook", "taint", "DELETE")]
CASES = list(product(["hook", "queues"], ["--replace", "taint"], ["POST", "DELETE"]))


@pytest.mark.parametrize(
    ("name", "how", "lost"), [pytest.param(*case, marks=() if case in SHORT else pytest.mark.full) for case in CASES]
)
def test_with_a_lost_answer_it_leaves_one_object_and_it_is_the_new_one(
    deployed: Project, name: str, how: str, lost: str
) -> None:
    kind, path = ("webhook", HOOKS) if name == "hook" else ("subscription", SUBSCRIPTIONS)
    [old] = deployed.emulator.entities(kind)
    deployed.emulator.calls()
    deployed.emulator.fault(lost, path if lost == "POST" else f"{path}/{{id}}", when="after", drop=True)
    if how == "taint":
        deployed.pulumi("state", "taint", deployed.urn(name), "--yes")
        text = deployed.pulumi("up")
    else:
        text = deployed.pulumi("up", "--replace", deployed.urn(name))
    assert deployed.emulator.door("GET", "faults") == [], "an answer was lost"
    assert "1 replaced" in text

    [new] = deployed.emulator.entities(kind)
    made = ("id", "selfUri", "dateCreated", "dateModified")
    assert new["id"] != old["id"]
    assert {key: value for key, value in new.items() if key not in made} == {
        key: value for key, value in old.items() if key not in made
    }
    [hook], [queues] = deployed.emulator.entities("webhook"), deployed.emulator.entities("subscription")
    ids = {each["urn"].rsplit("::", 1)[1]: each["id"] for each in deployed.resources()}
    assert ids == {"hook": hook["id"], "queues": queues["id"]}
    assert queues["webhookId"] == hook["id"]
    deployed.emulator.calls()
    deployed.pulumi("up", "--refresh", "--expect-no-changes")


def test_the_old_one_is_deleted_first(deployed: Project) -> None:
    """Two of one mark at a time, and a look-up after a lost answer could take the one for the other."""
    deployed.emulator.calls()
    deployed.pulumi("up", "--replace", deployed.urn("hook"))
    calls = [call.split("/api")[0] + call.rsplit("/", 1)[1] for call in deployed.emulator.calls() if "webhook" in call]
    assert [call.split()[0] for call in calls] == ["GET", "DELETE", "GET", "POST"], (
        "whose it is, away with it, look, anew"
    )
