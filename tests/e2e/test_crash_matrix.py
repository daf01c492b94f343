"""The crash matrix: SIGKILL at every HTTP call of an object's life, and the same command again. The run prints it.

Who is killed: the process with the dynamic resources, or `pulumi` itself. When, as the platform sees it:

before the commit  the request was on its way, and nothing was done
after the commit   it was done, and its answer never sent
after the answer   the answer was sent; whoever is killed was stopped (SIGSTOP) before, so nobody has seen it
"""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.genesys_kinds import EVERY_KIND, integration_by_hand
from tests.support.project import Object, Project, Run, project
from tests.support.provider import ORG
from tests.support.report import Report
from tests.support.waiting import until

NAME, MARK = "it-local-it", "[pulumi:it/local/it]"
TOKEN, ORGANISATION = "POST /oauth/token", "GET /api/v2/organizations/me"
TOPICS = "GET /api/v2/notifications/availabletopics"
DETAIL = "v2.detail.events.conversation.{id}"
VICTIMS = ("the provider", "the engine")
POINTS = ("before the commit", "after the commit", "after the answer")


@dataclass(frozen=True)
class Cell:
    kind: str
    operation: str
    call: str
    nth: int
    """The first call of that method and path, or the next one that is not just the same look again."""
    victim: str
    point: str

    @property
    def command(self) -> str:
        return "destroy" if self.deletes else "up"

    @property
    def deletes(self) -> bool:
        return self.operation.startswith("delete")

    @property
    def row(self) -> str:
        call = self.call.replace("/api/v2", "").replace("/events", "")
        return f"{self.kind} {self.operation}: {call}{', again' if self.nth > 1 else ''}"

    @property
    def column(self) -> str:
        return f"{self.victim} {self.point}"


def calls(kind: str) -> dict[str, list[str]]:
    """Each call of each operation, in their order; looks that are repeated until something is there count once."""
    if kind == "integration":
        return calls_of_an_integration()
    path = f"/api/v2/events/{kind}s"
    one = f"{path}/{{id}}"
    return {
        "create": [TOKEN, ORGANISATION, f"GET {path}", f"POST {path}"],
        "take over": [TOKEN, ORGANISATION, f"GET {path}", f"GET {one}", f"PUT {one}"],
        "adopt": [TOKEN, ORGANISATION, f"GET {one}", f"GET {path}", f"PUT {one}"],
        "update": [TOKEN, ORGANISATION, f"GET {one}", f"PUT {one}"],
        "delete": [TOKEN, ORGANISATION, f"GET {one}", f"DELETE {one}"],
        "delete, gone already": [TOKEN, ORGANISATION, f"GET {one}", f"GET {path}"],
    }


def calls_of_an_integration() -> dict[str, list[str]]:
    path = "/api/v2/integrations"
    one = f"{path}/{{id}}"
    written = [TOPICS, f"PUT {one}/config/current", f"PATCH {one}", f"GET {one}"]
    return {
        "create": [TOKEN, ORGANISATION, f"GET {path}", TOPICS, f"POST {path}", f"GET {one}", *written[1:]],
        "take up": [TOKEN, ORGANISATION, f"GET {path}", *written],
        "take over": [TOKEN, ORGANISATION, f"GET {path}", *written],
        "adopt": [TOKEN, ORGANISATION, f"GET {one}", f"GET {path}", *written],
        "update": [TOKEN, ORGANISATION, f"GET {one}", *written],
        "activate": [TOKEN, f"GET {one}", ORGANISATION, f"PATCH {one}", f"GET {one}"],
        "delete": [TOKEN, ORGANISATION, f"GET {one}", f"DELETE {one}", f"GET {one}"],
        "delete, gone already": [TOKEN, ORGANISATION, f"GET {one}", f"GET {path}"],
    }


MATRIX = [
    Cell(kind, operation, call, of_operation[: place + 1].count(call), victim, point)
    for kind in EVERY_KIND
    for operation, of_operation in calls(kind).items()
    for place, call in enumerate(of_operation)
    for victim in VICTIMS
    for point in POINTS
]


# `make test` has some of each: of what is done and nobody knows most, as there the doubles come from.
SHORT = {
    ("webhook", "create", "POST", "the provider", "after the commit"),
    ("webhook", "create", "POST", "the engine", "after the commit"),
    ("webhook", "update", "PUT", "the engine", "after the answer"),
    ("webhook", "delete", "DELETE", "the engine", "after the commit"),
    ("subscription", "create", "POST", "the engine", "after the commit"),
    ("integration", "create", "POST", "the engine", "after the commit"),
    ("integration", "create", "PUT", "the provider", "after the commit"),
    ("integration", "activate", "PATCH", "the engine", "after the commit"),
    ("integration", "delete", "DELETE", "the provider", "after the commit"),
}


def in_short(cell: Cell) -> bool:
    key = (cell.kind, cell.operation, cell.call.split()[0], cell.victim, cell.point)
    return key in SHORT and cell.call != TOKEN


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path) as found:
        yield found


def program(cell: Cell, *, enabled: bool = True, adopt: str = "") -> str:
    arguments = f"enabled={enabled}, adopt={adopt or None!r}"
    if cell.kind == "webhook":
        return f"webhook('it', {arguments})"
    if cell.kind == "integration":
        return f"it = event_source('it', {[topic(enabled)]}, {arguments})"
    return f"subscription('it', webhook('hook').id, {arguments})"


def topic(enabled: bool) -> str:
    """It changes with `enabled`, so that an update of both is a PUT and a PATCH."""
    return "acd.start" if enabled else "acd.end"


def prepare(cell: Cell, it: Project) -> None:
    """All that comes before the command that is killed, and that command's program."""
    match cell.operation:
        case "create":
            if cell.kind == "subscription":
                it.program("webhook('hook')")
                it.pulumi("up")
            it.program(program(cell))
        case "take up":
            body = {"name": NAME, "integrationType": {"id": "amazon-eventbridge-source"}}
            it.emulator.by_hand("POST", "/api/v2/integrations", body)
            it.program(program(cell))
        case "take over":
            already_there(cell, it, name=NAME, text=MARK)
            it.program(program(cell))
        case "adopt":
            it.program(program(cell, adopt=already_there(cell, it, name="by hand", text="")))
        case "activate":
            it.program(program(cell))
            it.pulumi("up")
            fail(it)
            it.program(
                f"{program(cell)}\nEventBridgeActivation('last', EventBridgeActivationArgs(integration_id=it.id))"
            )
        case _:
            it.program(program(cell))
            it.pulumi("up")
            it.program(program(cell, enabled=cell.deletes))
    if cell.operation == "delete, gone already":
        [gone] = it.emulator.entities(cell.kind)
        it.emulator.calls()
        it.emulator.by_hand("DELETE", gone["selfUri"])


def fail(it: Project) -> None:
    """Its integration is in state ERROR, for a reason that is over."""
    [integration] = it.emulator.entities("integration")
    it.emulator.calls()
    it.emulator.door("POST", "integrations", {"failure": "AWS is tired."})
    it.emulator.by_hand("PATCH", integration["selfUri"], {"intendedState": "DISABLED"})
    until(lambda: reported(it) == "INACTIVE", "it is inactive")
    it.emulator.by_hand("PATCH", integration["selfUri"], {"intendedState": "ENABLED"})
    until(lambda: reported(it) == "ERROR", "it has failed")
    it.emulator.door("POST", "integrations", {"failure": ""})


def reported(it: Project) -> str:
    [integration] = it.emulator.entities("integration")
    return str(integration["reportedState"]["code"])


def already_there(cell: Cell, it: Project, name: str, text: str) -> str:
    """The id of an object that is not in the state, and not as it is wanted."""
    if cell.kind == "integration":
        props: Object = {"awsAccountId": "123456789012", "awsRegion": "eu-central-1", "suffix": NAME}
        props |= {"name": name, "notes": text, "topics": [f"{DETAIL}.{topic(False)}"], "enabled": False}
        return str(integration_by_hand(it.emulator, props)["id"])
    fields = {"name": name, "description": text}
    body: Object = {"name": f"hook of {cell.operation}", "destinationUrl": "https://example.com", "enabled": False}
    if cell.kind == "webhook":
        return str(it.emulator.by_hand("POST", "/api/v2/events/webhooks", {**body, **fields})["id"])
    hook = it.emulator.by_hand("POST", "/api/v2/events/webhooks", body)["id"]
    body = {"webhookId": hook, "filter": {"eventType": ["conversation.event"]}, "enabled": False, **fields}
    return str(it.emulator.by_hand("POST", "/api/v2/events/subscriptions", body)["id"])


def interrupt(cell: Cell, it: Project, run: Run) -> None:
    """Kill when the call is there."""
    held = until(lambda: it.emulator.held() or run.engine.poll() is not None, f"{cell.call} is made")
    assert run.engine.poll() is None, f"ended without {cell.call}:\n{run.text}"
    if cell.point == "after the answer":
        os.kill(run.pid(cell.victim), signal.SIGSTOP)
        it.emulator.door("DELETE", "held")
        # That call, not the last one: stopping takes a moment, in which half of the next one may have been sent.
        until(
            lambda: [call for call in it.emulator.door("GET", "calls") if call["n"] in held and call["status"]],
            "it is answered",
        )
    run.kill(cell.victim)
    sent = it.emulator.door("GET", "calls")
    until(run.gone, f"no process is left of the run whose victim was {cell.victim}")
    if cell.point != "after the answer":  # there, it may have been sending the next one at that moment
        assert it.emulator.door("GET", "calls") == sent, "nothing was sent afterwards"


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(
            cell,
            marks=() if in_short(cell) else pytest.mark.full,
            id=f"{cell.row}, {cell.column}",
        )
        for cell in MATRIX
    ],
)
def test_the_same_command_again_ends_right(cell: Cell, it: Project, report: Report) -> None:
    prepare(cell, it)
    it.emulator.calls()
    method, path = cell.call.split()
    if cell.nth > 1:
        it.emulator.fault(method, path, delayMs=1, times=cell.nth - 1)  # those before are let through
    it.emulator.fault(
        method,
        path,
        hold=True,
        when="before" if cell.point == "before the commit" else "after",
        drop=cell.point != "after the answer",
    )
    with it.running(cell.command) as run:
        interrupt(cell, it, run)
    it.emulator.door("DELETE", "faults")
    it.emulator.door("POST", "tokens/revoke")  # what the killed run may still send is answered by 401
    it.emulator.calls()
    assert bool(list(it.stack.locks())) == (cell.victim == "the engine"), "what make sees, and cancels"

    text = it.pulumi(cell.command)

    mark_in = "notes" if cell.kind == "integration" else "description"
    entities = it.emulator.entities(cell.kind)
    own = [each for each in entities if each["name"] == NAME or each[mark_in] == MARK]
    report("crash matrix", cell.row, cell.column, {0: "none", 1: "one object"}.get(len(own), f"{len(own)} objects"))
    wanted = [] if cell.deletes else [cell.operation != "update"]
    found = [(each["name"], each[mark_in], is_enabled(each)) for each in own]
    assert found == [(NAME, MARK, enabled) for enabled in wanted], text
    if cell.kind == "integration":
        configurations = [each["config"]["current"]["properties"] for each in entities]
        assert configurations == [properties(enabled) for enabled in wanted]
        sources = [f"aws.partner/genesys.com/cloud/{ORG}/{NAME}" for _ in wanted]
        until(lambda: [*it.aws.sources] == sources, f"AWS has {len(sources)} of its source")
    assert [each["id"] for each in own] == [each["id"] for each in it.resources() if each["urn"].endswith("::it")]
    assert "Traceback" not in "".join(it.output)
    sent = it.emulator.door("GET", "calls")
    assert 401 not in [call["status"] for call in sent], "nothing with the token of the killed run"
    assert [call["path"] for call in sent].count("/oauth/token") <= 1, "nor another one asked for"


def is_enabled(entity: Object) -> bool:
    """As the platform was told; of an integration, it has done that too."""
    if "intendedState" not in entity:
        return bool(entity["enabled"])
    enabled = bool(entity["intendedState"] == "ENABLED")
    assert entity["reportedState"]["code"] == ("ACTIVE" if enabled else "INACTIVE")
    return enabled


def properties(enabled: bool) -> Object:
    """Those that an integration of `program` is to have."""
    return {
        "awsAccountId": "123456789012",
        "awsAccountRegion": "eu-central-1",
        "eventSourceSuffix": NAME,
        "eventFilter": [f"{DETAIL}.{topic(enabled)}"],
    }


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        pytest.param(kind, operation, marks=() if operation == "update" else pytest.mark.full)
        for kind in EVERY_KIND
        for operation in calls(kind)
    ],
)
def test_the_matrix_has_every_call_that_an_operation_makes(kind: str, operation: str, it: Project) -> None:
    cell = Cell(kind, operation, "", 1, "", "")
    prepare(cell, it)
    it.emulator.calls()
    it.pulumi(cell.command)
    made = [call for call in it.emulator.calls() if not (kind == "subscription" and "/webhooks" in call)]
    made = [re.sub("[0-9a-f-]{36}", "{id}", call) for call in made]
    looks = [before == call and call.startswith("GET ") for before, call in pairwise(["", *made])]
    assert [call for call, again in zip(made, looks, strict=True) if not again] == calls(kind)[operation]
