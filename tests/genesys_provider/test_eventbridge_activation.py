"""What comes after the bus: an integration is waited for until it is ACTIVE, and enabled again if it has failed."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest

from genesys_provider.eventbridge_activation import EventBridgeActivationProvider
from tests.genesys_provider.conftest import set_clock
from tests.support.genesys_kinds import Settling, eventbridge_source, integration_by_hand
from tests.support.partner_api import PartnerApi
from tests.support.provider import CLASS, ORG, UNKNOWN, Emulator, Exact, Process, Refused, State, Waits, printed, travel
from tests.support.waiting import until

PATH = "/api/v2/integrations"
ONE, ORGANISATION = f"{PATH}/{{id}}", "GET /api/v2/organizations/me"
ACTIVATION = EventBridgeActivationProvider()
SOURCE = f"aws.partner/genesys.com/cloud/{ORG}/{eventbridge_source().props['suffix']}"
FAILURE = "AWS is\ntired."
MANY = 1000

Object = dict[str, Any]


@pytest.fixture(autouse=True)
def waits(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Waits:
    return set_clock(monkeypatch, Settling(emulator))


@pytest.fixture
def aws(emulator: Emulator, _aws: PartnerApi) -> PartnerApi:
    return _aws


def made(emulator: Emulator, **door: object) -> str:
    """The id of an integration as the `EventBridgeSource` leaves it; `door` says how the platform behaves meanwhile."""
    emulator.door("POST", "integrations", door)
    id_: str = integration_by_hand(emulator, eventbridge_source().props)["id"]
    return id_


def failed(emulator: Emulator) -> str:
    """One in state ERROR, by something that has passed since."""
    id_ = made(emulator, failure=FAILURE)
    emulator.door("POST", "integrations", {"failure": ""})
    return id_


def props(id_: object, **other: object) -> Object:
    return {"integrationId": id_, "enabled": True, **other}


def calls(emulator: Emulator) -> list[str]:
    """Without that for the token, with `{id}` for an id, and once where one is repeated."""
    found = [re.sub(r"/[0-9a-f-]{36}", "/{id}", call) for call in emulator.calls() if "oauth" not in call]
    return [call for call, _ in groupby(found)]


def state_of(emulator: Emulator) -> str:
    [entity] = emulator.entities("integration")
    return str(entity["reportedState"]["code"])


def by_hand(emulator: Emulator, id_: str, intended: str) -> None:
    emulator.by_hand("PATCH", f"{PATH}/{id_}", {"intendedState": intended})
    Settling(emulator).sleep(0)


# Waiting


def test_one_that_is_active_is_looked_at_once(process: Process, emulator: Emulator, waits: Waits) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    assert (state.id, state.outputs["reportedState"]) == (id_, "ACTIVE")
    assert calls(emulator) == [f"GET {ONE}"]
    assert waits == []
    assert process.refresh(ACTIVATION, state) == state
    assert process.up(ACTIVATION, props(id_), state) == state, "nothing to do"
    assert calls(emulator) == [f"GET {ONE}"], "by the refresh"


def test_one_that_needs_its_bus_is_waited_for_and_that_is_told(
    process: Process,
    emulator: Emulator,
    aws: PartnerApi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Clock(Exact):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if sum(self) > 20:
                aws.with_bus.add(SOURCE)
                until(lambda: state_of(emulator) == "ACTIVE", "the platform sees the bus")

    waits = set_clock(monkeypatch, Clock())
    emulator.door("POST", "integrations", {"activeWhen": "bus"})
    id_ = activating(emulator)
    assert process.up(ACTIVATION, props(id_)).outputs["reportedState"] == "ACTIVE"
    assert 20 < sum(waits) < 25
    name = eventbridge_source().props["name"]
    told = [re.sub(r"\d+ s", "n s", line) for line in capsys.readouterr().err.splitlines()]
    assert told == [f"info: integration {name} has its bus, and is ACTIVATING, not ACTIVE yet (n s)"] * 2
    assert not any("PATCH" in call for call in calls(emulator))


def activating(emulator: Emulator) -> str:
    """The id of one that waits for its bus."""
    id_: str = integration_by_hand(emulator, {**eventbridge_source().props, "enabled": False})["id"]
    emulator.by_hand("PATCH", f"{PATH}/{id_}", {"intendedState": "ENABLED"})
    return id_


def test_one_that_never_gets_active_is_told(
    emulator: Emulator, another: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = set_clock(monkeypatch, Exact())
    emulator.door("POST", "integrations", {"activeWhen": "bus"})
    id_ = activating(emulator)
    process = another(config={"timeoutSeconds": 40})
    assert printed(lambda: process.up(ACTIVATION, props(id_))) == (
        f"GenesysError: integration {id_} has its bus, and is ACTIVATING after 40 s, not ACTIVE: `up` again waits on"
        " (genesys:timeoutSeconds says how long)\n"
    )
    assert 39 < sum(waits) <= 40


# What has failed


def test_one_in_error_is_enabled_once_more(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = failed(emulator)
    assert process.up(ACTIVATION, props(id_)).outputs["reportedState"] == "ACTIVE"
    assert calls(emulator) == [f"GET {ONE}", ORGANISATION, f"PATCH {ONE}", f"GET {ONE}"]
    assert state_of(emulator) == "ACTIVE"
    assert capsys.readouterr().err == (
        f"info: integration {id_} is in state ERROR: AWS is tired; it has its bus now: enabling it again\n"
    )


def test_but_no_more_than_once_and_then_the_platforms_words_are_told(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator, failure=FAILURE)
    assert printed(lambda: process.up(ACTIVATION, props(id_))) == (
        f"GenesysError: integration {id_} is in state ERROR: AWS is tired; correct that and `up` again; where it stays"
        " so, delete the integration by hand (Admin, Integrations), `make refresh` and `up` again\n"
    )
    assert emulator.calls().count(f"PATCH {PATH}/{id_}") == 1
    emulator.door("POST", "integrations", {"failure": ""})
    assert process.up(ACTIVATION, props(id_)).outputs["reportedState"] == "ACTIVE"


def test_one_that_fails_when_it_gets_its_bus_is_told(process: Process, emulator: Emulator, aws: PartnerApi) -> None:
    emulator.door("POST", "integrations", {"failure": FAILURE, "failsWhen": "bus"})
    id_ = activating(emulator)
    assert state_of(emulator) == "ACTIVATING"
    aws.with_bus.add(SOURCE)
    assert f"integration {id_} is in state ERROR: AWS is tired;" in printed(lambda: process.up(ACTIVATION, props(id_)))


def test_an_error_of_before_is_not_taken_for_a_new_one(process: Process, emulator: Emulator) -> None:
    id_ = failed(emulator)
    [shown] = emulator.entities("integration")
    emulator.fault("GET", ONE, status=200, body=shown, times=3)
    assert process.up(ACTIVATION, props(id_)).outputs["reportedState"] == "ACTIVE"
    assert emulator.calls().count(f"PATCH {PATH}/{id_}") == 1


def test_what_may_pass_is_tried_again_and_what_does_not_is_told(process: Process, emulator: Emulator) -> None:
    id_ = failed(emulator)
    emulator.fault("PATCH", ONE, status=503, times=2)
    emulator.fault("GET", ONE, drop=True, when="after")
    assert process.up(ACTIVATION, props(id_)).outputs["reportedState"] == "ACTIVE"
    by_hand_failed = {"code": "bad.request", "message": "No bus today."}
    emulator.calls()
    emulator.door("POST", "integrations", {"failure": FAILURE})
    by_hand(emulator, id_, "DISABLED")
    by_hand(emulator, id_, "ENABLED")
    emulator.fault("PATCH", ONE, status=400, body=by_hand_failed)
    text = printed(lambda: process.up(ACTIVATION, props(id_)))
    assert text.startswith(f"GenesysError: PATCH {PATH}/{id_}: 400 bad.request: No bus today")


def test_credentials_of_another_organisation_change_nothing(
    emulator: Emulator, another: Callable[..., Process]
) -> None:
    id_ = failed(emulator)
    process = another(environ={"GENESYS_ORG_ID": "another-org"})
    assert f"these credentials belong to organisation {ORG}" in printed(lambda: process.up(ACTIVATION, props(id_)))
    assert not any("PATCH" in call for call in calls(emulator))


# Drift


def test_an_error_is_found_by_a_refresh_and_left_by_the_next_up(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    emulator.calls()
    emulator.door("POST", "integrations", {"failure": FAILURE})
    by_hand(emulator, id_, "DISABLED")
    by_hand(emulator, id_, "ENABLED")
    emulator.door("POST", "integrations", {"failure": ""})
    drifted = process.refresh(ACTIVATION, state)
    assert drifted
    assert drifted.inputs == {**state.inputs, "reportedState": "ERROR"}
    assert process.changes(ACTIVATION, props(id_), drifted)
    assert process.up(ACTIVATION, props(id_), drifted) == state
    assert state_of(emulator) == "ACTIVE"


def test_one_that_was_disabled_by_hand_is_not_enabled_by_this_one(
    process: Process, emulator: Emulator, waits: Waits
) -> None:
    """The `EventBridgeSource` does that before, when it knows of it."""
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    emulator.calls()
    by_hand(emulator, id_, "DISABLED")
    drifted = process.refresh(ACTIVATION, state)
    assert drifted
    assert drifted.outputs["reportedState"] == "INACTIVE"
    assert printed(lambda: process.up(ACTIVATION, props(id_), drifted)) == (
        f"GenesysError: integration {id_} is disabled: somebody did that: `make refresh`, then `up` again\n"
    )
    assert state_of(emulator) == "INACTIVE"
    assert waits == [], "nor waited for"
    emulator.calls()
    by_hand(emulator, id_, "ENABLED")
    assert process.up(ACTIVATION, props(id_), drifted) == state


def test_one_that_was_deleted_is_gone(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    emulator.calls()
    emulator.by_hand("DELETE", f"{PATH}/{id_}")
    assert process.refresh(ACTIVATION, state) is None
    assert calls(emulator) == [f"GET {ONE}", ORGANISATION, f"GET {PATH}"], "it is, and not out of reach"
    text = printed(lambda: process.up(ACTIVATION, props(id_)))
    assert "; somebody deleted this integration: `make refresh`, then `up` again\n" in text


# A change of the integration

SINCE = "ACTIVATING since 2026-01-0{}T00:00:00.000Z"


def test_a_change_that_leaves_it_unsettled_is_waited_for_once(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_, unsettled=SINCE.format(1)))
    emulator.calls()
    for unsettled in (SINCE.format(1), "", None, UNKNOWN):
        assert not process.changes(ACTIVATION, props(id_, unsettled=unsettled), state)
    emulator.door("POST", "integrations", {"failure": FAILURE})
    by_hand(emulator, id_, "DISABLED")
    by_hand(emulator, id_, "ENABLED")
    changed = props(id_, unsettled=SINCE.format(2))
    assert "is in state ERROR: AWS is tired;" in printed(lambda: process.up(ACTIVATION, changed, state))
    emulator.door("POST", "integrations", {"failure": ""})
    emulator.calls()
    again = process.up(ACTIVATION, changed, state)
    assert f"PATCH {ONE}" in calls(emulator)
    assert state_of(emulator) == "ACTIVE"
    assert not process.changes(ACTIVATION, changed, again)
    assert process.refresh(ACTIVATION, again) == again


def test_a_state_from_before_that_was_told_is_as_good(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    assert not process.changes(ACTIVATION, props(id_, unsettled=""), state)


# Disabled on purpose


def test_one_that_is_disabled_on_purpose_is_not_waited_for(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    active = process.up(ACTIVATION, props(id_))
    emulator.calls()
    disabled = process.up(ACTIVATION, props(id_, enabled=False), active)
    assert "reportedState" not in disabled.outputs
    assert process.up(ACTIVATION, props(id_, enabled=False)) == disabled
    assert process.refresh(ACTIVATION, disabled) == disabled
    assert not process.changes(ACTIVATION, props(id_, enabled=False), disabled)
    assert calls(emulator) == []
    assert process.up(ACTIVATION, props(id_), disabled) == active
    assert calls(emulator) == [f"GET {ONE}"]


# What is changed in the program


def diff(process: Process, state: State, news: Object) -> tuple[bool, list[str]]:
    found = process.configured(ACTIVATION).diff(
        state.id, travel(state.outputs), travel(process.check(ACTIVATION, news, state), True)
    )
    return bool(found.changes), [*(found.replaces or [])]


def test_another_integration_replaces_and_one_that_is_not_known_yet_does_not(
    process: Process, emulator: Emulator
) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    emulator.calls()
    assert diff(process, state, props("another")) == (True, ["integrationId"])
    assert diff(process, state, props(UNKNOWN)) == (True, [])
    assert diff(process, state, props(id_, enabled=UNKNOWN)) == (True, [])
    assert diff(process, state, props(id_)) == (False, [])
    assert emulator.calls() == [], "a preview asks nothing"


def test_a_class_that_moved_is_an_update_that_sends_nothing(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    emulator.calls()
    moved = replace(state, outputs={**state.outputs, "__provider": "the class at another path"})
    assert process.changes(ACTIVATION, props(id_), moved)
    assert process.up(ACTIVATION, props(id_), moved) == state
    assert emulator.calls() == []


def test_deleting_it_leaves_the_integration(process: Process, emulator: Emulator) -> None:
    id_ = made(emulator)
    state = process.up(ACTIVATION, props(id_))
    emulator.calls()
    process.destroy(ACTIVATION, state)
    assert emulator.calls() == []
    assert state_of(emulator) == "ACTIVE"


def test_the_state_of_another_organisation_is_refused(emulator: Emulator, another: Callable[..., Process]) -> None:
    id_ = made(emulator)
    state = another().up(ACTIVATION, props(id_))
    emulator.calls()
    process = another(environ={"GENESYS_ORG_ID": "another-org"})
    drifted = replace(state, outputs={**state.outputs, "reportedState": "ERROR"})
    tried: list[Callable[[], object]] = [
        lambda: process.refresh(ACTIVATION, state),
        lambda: process.changes(ACTIVATION, props(id_), state),
        lambda: process.configured(ACTIVATION).update(
            id_, travel(drifted.outputs), travel({**props(id_), "__provider": CLASS})
        ),
    ]
    for call in tried:
        assert f"integration {id_} lives in organisation {ORG}" in printed(call)
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("integrationId", "", "must be the id of an integration"),
        ("integrationId", 1, "must be the id of an integration"),
        ("enabled", "yes", "must be true or false"),
        ("unsettled", 1, "must be the `unsettled` of an EventBridgeSource"),
    ],
)
def test_an_argument_that_is_wrong_is_told_by_its_name(
    field: str, value: object, problem: str, process: Process, emulator: Emulator
) -> None:
    with pytest.raises(Refused) as refused:
        process.check(ACTIVATION, props("an-id") | {field: value})
    assert refused.value.problems == [f"{field} {problem}"]
    assert emulator.calls() == []
