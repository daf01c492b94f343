"""An event source's life: what is its own in it. test_lifecycle.py has what all kinds have in common."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from pulumi.output import contains_unknowns

from genesys_provider import client, topics
from genesys_provider.lifecycle import Props
from tests.genesys_provider.conftest import set_clock
from tests.support.genesys_kinds import MARK, Settling, eventbridge_source
from tests.support.provider import (
    ORG,
    UNKNOWN,
    Emulator,
    Exact,
    Process,
    Refused,
    Together,
    Waits,
    assert_read_back,
    printed,
    travel,
)
from tests.support.strategies import owned, with_one_of_any_kind

PATH, TOPICS = "/api/v2/integrations", "/api/v2/notifications/availabletopics"
TYPE = {"id": "amazon-eventbridge-source"}
DETAIL = "v2.detail.events.conversation.{id}"
KIND = eventbridge_source()
SOURCE, PROPS = KIND.provider, KIND.props
MANY = 1000

Object = dict[str, Any]


@pytest.fixture(autouse=True)
def waits(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Waits:
    return set_clock(monkeypatch, Settling(emulator))


def everything(emulator: Emulator) -> list[Object]:
    """All integrations there are, with their configuration."""
    found = emulator.served.cloud.integrations._found()
    return [each.to_json({"config.current"}) for each in found if not each.deleted]


def calls(emulator: Emulator) -> list[str]:
    """Those to integrations and topics, with `{id}` for an integration's id, and once where one is repeated."""
    found = [re.sub(r"/[0-9a-f-]{36}", "/{id}", call) for call in emulator.calls()]
    return [call for call, _ in groupby(found) if "oauth" not in call and "organizations" not in call]


def unused(emulator: Emulator, name: str = PROPS["name"], kind: str = TYPE["id"]) -> str:
    """One that somebody, or a run that was killed, has made and not configured."""
    id_: str = emulator.by_hand("POST", PATH, {"name": name, "integrationType": {"id": kind}})["id"]
    return id_


def configured(emulator: Emulator, id_: str, **changes: Any) -> None:
    """Somebody changes an integration's configuration. Properties are changed one by one."""
    at = f"{PATH}/{id_}/config/current"
    config = emulator.by_hand("GET", at)
    properties = {**config["properties"], **changes.pop("properties", {})}
    emulator.by_hand("PUT", at, {**config, "properties": properties, **changes})


FOREIGN = {
    "awsAccountId": "123456789012",
    "awsAccountRegion": "eu-central-1",
    "eventSourceSuffix": "foreign",
    "eventFilter": [f"{DETAIL}.acw"],
}


# Create


def test_it_is_made_configured_and_enabled_and_waited_for(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    one = f"{PATH}/{{id}}"
    assert calls(emulator) == [
        f"GET {PATH}",
        f"GET {TOPICS}",
        f"POST {PATH}",
        f"GET {one}",
        f"PUT {one}/config/current",
        f"PATCH {one}",
        f"GET {one}",
    ]
    [entity] = everything(emulator)
    assert entity["integrationType"]["id"] == TYPE["id"]
    assert entity["config"]["current"]["properties"] == {
        "awsAccountId": PROPS["awsAccountId"],
        "awsAccountRegion": PROPS["awsRegion"],
        "eventSourceSuffix": PROPS["suffix"],
        "eventFilter": PROPS["topics"],
    }
    assert entity["config"]["current"]["notes"] == f"text {MARK}"
    assert (entity["intendedState"], entity["reportedState"]["code"]) == ("ENABLED", "ACTIVE")
    assert state.outputs["eventSourceName"] == f"aws.partner/genesys.com/cloud/{ORG}/{PROPS['suffix']}"
    assert state.outputs["reportedState"] == "ACTIVE"


def test_the_sources_name_is_known_in_a_preview(process: Process, emulator: Emulator) -> None:
    """Else each change in place would seem to replace the bus, which has it as its own name."""
    checked = process.check(SOURCE, PROPS)
    assert checked["eventSourceName"] == f"aws.partner/genesys.com/cloud/{ORG}/{PROPS['suffix']}"
    assert contains_unknowns(process.check(SOURCE, {**PROPS, "suffix": UNKNOWN})["eventSourceName"])
    assert emulator.calls() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "route", [f"POST {PATH}", f"PUT {PATH}/{{id}}/config/current", f"PATCH {PATH}/{{id}}", f"GET {PATH}/{{id}}"]
)
def test_a_creation_that_ends_in_the_middle_is_taken_up_by_the_next(
    route: str, when: str, process: Process, emulator: Emulator
) -> None:
    method, path = route.split()
    emulator.fault(method, path, status=400, when=when)
    assert f"{method} {PATH}" in printed(lambda: process.up(SOURCE, PROPS))
    state = process.up(SOURCE, PROPS)
    assert [(each["id"], each["reportedState"]["code"]) for each in everything(emulator)] == [(state.id, "ACTIVE")]
    assert process.refresh(SOURCE, state) == state


def test_one_that_was_made_by_the_name_and_never_configured_is_taken_up(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = unused(emulator)
    assert process.up(SOURCE, PROPS).id == id_
    one = f"{PATH}/{{id}}"
    assert calls(emulator) == [
        f"GET {PATH}",
        f"GET {TOPICS}",
        f"PUT {one}/config/current",  # with the version by which it was judged: nobody took it meanwhile
        f"PATCH {one}",
        f"GET {one}",
    ]
    assert f"info: took over integration {id_}, which was made by this name and never" in capsys.readouterr().err


sources = st.fixed_dictionaries(
    {
        "name": st.text(st.characters(exclude_categories=["Cs"]), max_size=130),
        "suffix": st.text("aZ0._-", max_size=66),
        "awsAccountId": st.sampled_from(["123456789012", "000000000000", "12345678901"]),
        "awsRegion": st.sampled_from(["eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "Frankfurt"]),
        "topics": st.lists(st.sampled_from([*PROPS["topics"], f"{DETAIL}.acw", "v2.users.5.presence"]), max_size=3),
    },
    optional={
        "notes": st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
        "enabled": st.booleans(),
    },
)
# Which topics there are is the platform's to judge.
JUDGED = ["name", "notes", "suffix", "enabled", "awsAccountId", "awsRegion"]


@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(with_one_of_any_kind(sources, JUDGED))
def test_what_passes_check_is_taken_and_read_back_without_a_difference(
    process: Process, emulator: Emulator, props: dict[str, Any]
) -> None:
    emulator.door("POST", "ratelimit", {"allowed": 10**6})
    props = owned(props, "p/s/it", "notes")
    assert_read_back(process, SOURCE, props)
    assert everything(emulator) == []


def test_but_none_that_may_be_somebody_elses(process: Process, emulator: Emulator) -> None:
    another_name = unused(emulator, "another name")
    another_type = unused(emulator, kind="webhook")
    in_use = unused(emulator)
    emulator.by_hand("PATCH", f"{PATH}/{in_use}", {"intendedState": "ENABLED"})
    with_properties = unused(emulator)
    configured(emulator, with_properties, properties=FOREIGN)
    of_another_stack = unused(emulator)
    configured(
        emulator,
        of_another_stack,
        notes="[pulumi:project/other/it]",
        properties={**FOREIGN, "eventSourceSuffix": "of-another-stack"},
    )
    theirs = {another_name, another_type, in_use, with_properties, of_another_stack}
    state = process.up(SOURCE, PROPS)
    assert {each["id"] for each in everything(emulator)} == {state.id, *theirs}
    assert state.id not in theirs, "names are not unique"


def test_of_several_none_is_taken_and_their_ids_are_told(process: Process, emulator: Emulator) -> None:
    ids = [unused(emulator), unused(emulator)]
    before = everything(emulator)
    assert printed(lambda: process.up(SOURCE, PROPS)) == (
        f"GenesysError: 2 integrations {PROPS['name']!r} were made and never configured ({ids[0]}, {ids[1]}), so it"
        " can't be told which is this one: delete those that nobody needs, or set `adopt` to one\n"
    )
    assert everything(emulator) == before
    assert process.up(SOURCE, {**PROPS, "adopt": ids[1]}).id == ids[1]


def test_those_besides_ours_are_left_and_their_ids_are_told(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = process.up(SOURCE, PROPS)
    emulator.calls()
    others = [unused(emulator), unused(emulator)]
    unused(emulator, "another name")
    capsys.readouterr()
    assert process.up(SOURCE, PROPS).id == ours.id
    assert (
        f"warning: besides integration {ours.id}, others of the name {PROPS['name']!r} were made and never configured"
        f" ({others[0]}, {others[1]}): delete those that nobody needs\n"
    ) in capsys.readouterr().err
    assert {each["id"] for each in everything(emulator)} >= {ours.id, *others}


def test_a_source_that_another_integration_has_is_refused_before_anything_is_made(
    process: Process, emulator: Emulator
) -> None:
    theirs = unused(emulator, "theirs")
    configured(emulator, theirs, properties={**FOREIGN, "eventSourceSuffix": PROPS["suffix"]})
    assert printed(lambda: process.up(SOURCE, PROPS)) == (
        f"GenesysError: there is an integration with suffix {PROPS['suffix']!r} already ({theirs}), which no stack"
        f" made: choose another `suffix`, or set `adopt` to {theirs}\n"
    )
    assert len(everything(emulator)) == 1
    emulator.calls()
    configured(emulator, theirs, properties={"awsAccountRegion": "eu-west-1"})
    process.up(SOURCE, PROPS)


def test_what_can_be_found_only_after_a_while_is_waited_for(
    process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, Together(emulator))
    emulator.door("POST", "lag", {"seconds": 4})
    state = process.up(SOURCE, PROPS)
    assert [each["id"] for each in everything(emulator)] == [state.id]


def test_what_a_lost_post_made_and_shows_too_late_is_told_by_its_id(
    process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = set_clock(monkeypatch, Together(emulator))
    emulator.door("POST", "lag", {"seconds": 14})
    emulator.fault("POST", PATH, when="after", drop=True)
    assert "was made, and can't be found 10 s later: `up` again" in printed(lambda: process.up(SOURCE, PROPS))
    clock.sleep(14)
    ids = [each["id"] for each in everything(emulator)]
    assert len(ids) == 2
    text = printed(lambda: process.up(SOURCE, PROPS))
    assert f"were made and never configured ({ids[0]}, {ids[1]}), so it can't be told which is this one" in text


def test_what_never_can_be_found_is_told(process: Process, emulator: Emulator) -> None:
    emulator.fault("GET", f"{PATH}/{{id}}", status=404, times=MANY)
    text = printed(lambda: process.up(SOURCE, PROPS))
    id_ = everything(emulator)[0]["id"]
    assert text == f"GenesysError: integration {id_} was made, and can't be found 10 s later: `up` again\n"


def test_a_lost_state_finds_its_integration_again_under_any_name(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    first = process.up(SOURCE, PROPS)
    again = process.up(SOURCE, {**PROPS, "name": "another name", "enabled": False})
    assert again.id == first.id
    assert [(each["name"], each["intendedState"]) for each in everything(emulator)] == [("another name", "DISABLED")]
    assert f"info: took over integration {first.id}, which bears the mark {MARK}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "value"), [("awsAccountId", "210987654321"), ("awsRegion", "eu-west-1"), ("suffix", "another")]
)
def test_a_lost_state_makes_no_other_source_of_its_integration(
    field: str, value: str, process: Process, emulator: Emulator
) -> None:
    """Rules may still be on the bus of the one that it makes."""
    first = process.up(SOURCE, PROPS)
    before = everything(emulator)
    assert printed(lambda: process.up(SOURCE, {**PROPS, field: value})) == (
        f"GenesysError: integration {first.id} has {field} {PROPS[field]!r}, not {value!r}, and that can't be changed"
        f" in place: it bears the mark {MARK}, and is in no state; write the same, or delete it by hand (Admin,"
        " Integrations), then `up` again\n"
    )
    assert everything(emulator) == before


def test_nor_does_an_up_that_does_not_know_of_a_change_by_hand(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    configured(emulator, state.id, properties={"eventSourceSuffix": "another"})
    before = everything(emulator)
    assert printed(lambda: process.up(SOURCE, {**PROPS, "enabled": False}, state)) == (
        f"GenesysError: integration {state.id} has suffix 'another', not {PROPS['suffix']!r}, and that can't be changed"
        " in place: somebody changed it: `make refresh`, then `up` again\n"
    )
    assert everything(emulator) == before


def test_two_that_bear_one_mark_are_told_by_their_ids(process: Process, emulator: Emulator) -> None:
    ids = [unused(emulator), unused(emulator)]
    for id_ in ids:
        configured(emulator, id_, notes=MARK, properties={**FOREIGN, "eventSourceSuffix": id_})
    text = printed(lambda: process.up(SOURCE, PROPS))
    assert text == f"GenesysError: 2 integrations bear the mark {MARK}: delete all but one of {ids[0]}, {ids[1]}\n"


def test_credentials_of_another_organisation_make_nothing(emulator: Emulator, another: Callable[..., Process]) -> None:
    """The source's name would have the wrong organisation in it."""
    process = another(environ={"GENESYS_ORG_ID": "another-org"})
    assert f"these credentials belong to organisation {ORG}" in printed(lambda: process.up(SOURCE, PROPS))
    assert everything(emulator) == []


@pytest.mark.parametrize("status", [403, 404])
def test_where_the_organisation_is_not_told_the_configured_one_counts(
    status: int, emulator: Emulator, another: Callable[..., Process]
) -> None:
    emulator.fault("GET", "/api/v2/organizations/me", status=status)
    state = another(environ={"GENESYS_ORG_ID": "another-org"}).up(SOURCE, PROPS)
    assert state.outputs["eventSourceName"] == f"aws.partner/genesys.com/cloud/another-org/{PROPS['suffix']}"


# The configuration and its version


@pytest.mark.parametrize("status", [409, 400])
def test_what_others_write_meanwhile_is_kept_where_it_is_not_ours(
    status: int, process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.door("POST", "integrations", {"conflictStatus": status})
    emulator.calls()
    meanwhile(emulator, monkeypatch, lambda: configured(emulator, state.id, advanced={"a": 1}, notes="theirs"))
    process.up(SOURCE, {**PROPS, "topics": [f"{DETAIL}.acw"]}, state)
    [entity] = everything(emulator)
    config = entity["config"]["current"]
    assert config["advanced"] == {"a": 1}
    assert config["notes"] == PROPS["notes"]
    assert config["properties"]["eventFilter"] == [f"{DETAIL}.acw"]


def test_one_that_another_stack_takes_meanwhile_is_left_to_it(
    process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = unused(emulator)
    theirs = {**FOREIGN, "eventSourceSuffix": "theirs"}
    meanwhile(
        emulator, monkeypatch, lambda: configured(emulator, id_, notes="[pulumi:project/other/it]", properties=theirs)
    )
    text = printed(lambda: process.up(SOURCE, PROPS))
    assert text == f"GenesysError: integration {id_} was taken by project/other/it meanwhile: `up` again\n"
    assert everything(emulator)[0]["config"]["current"]["properties"] == theirs


def meanwhile(emulator: Emulator, patch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Let it be done between the next reading and the PUT."""
    put = client.Client.put

    def first_do(self: client.Client, path: str, body: Object) -> Object:
        patch.setattr(client.Client, "put", put)
        emulator.calls()
        do()
        return put(self, path, body)

    patch.setattr(client.Client, "put", first_do)


def test_one_that_others_write_all_the_time_is_given_up(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    body = {"code": "general.conflict", "status": 409, "message": "The version does not match the current version"}
    emulator.fault("PUT", f"{PATH}/{{id}}/config/current", status=409, body=body, times=MANY)
    text = printed(lambda: process.up(SOURCE, {**PROPS, "notes": MARK}, state))
    assert "409 general.conflict: " in text
    assert text.endswith("; somebody else changes it at the same time: try again\n")
    assert sum("PUT" in call for call in emulator.calls()) == 8, "as often as genesys:maxAttempts says"


@pytest.mark.parametrize("status", [503, 409, 400])
def test_a_configuration_is_sent_as_often_as_anything_else(
    status: int, emulator: Emulator, another: Callable[..., Process]
) -> None:
    """Who repeats around what repeats itself sends it nine times."""
    state = another().up(SOURCE, PROPS)
    emulator.calls()
    body = {"message": "The version supplied does not match the current version"} if status == 400 else {}
    emulator.fault("PUT", f"{PATH}/{{id}}/config/current", status=status, times=MANY, body=body)
    process = another(config={"maxAttempts": 3})
    assert f"config/current: {status}" in printed(lambda: process.up(SOURCE, {**PROPS, "notes": MARK}, state))
    assert sum("PUT" in call for call in emulator.calls()) == 3


def test_nor_is_what_a_conflict_makes_it_read_again(emulator: Emulator, another: Callable[..., Process]) -> None:
    state = another().up(SOURCE, PROPS)
    emulator.fault("PUT", f"{PATH}/{{id}}/config/current", status=409, times=MANY)
    emulator.fault("GET", f"{PATH}/{{id}}", status=200, body=everything(emulator)[0])
    emulator.fault("GET", f"{PATH}/{{id}}", status=503, times=MANY)
    emulator.calls()
    process = another(config={"maxAttempts": 3})
    assert f"GET {PATH}/{state.id}: 503" in printed(lambda: process.up(SOURCE, {**PROPS, "notes": MARK}, state))
    assert [call for call in emulator.calls() if "integrations" in call] == [
        f"GET {PATH}/{state.id}",
        f"PUT {PATH}/{state.id}/config/current",
        *[f"GET {PATH}/{state.id}"] * 3,
    ]


def test_what_is_right_already_is_not_written(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    calls(emulator)
    disabled = process.up(SOURCE, {**PROPS, "enabled": False}, state)
    one = f"{PATH}/{{id}}"
    assert calls(emulator) == [f"GET {one}", f"PATCH {one}", f"GET {one}"]
    assert disabled.outputs["reportedState"] == "INACTIVE"
    process.up(SOURCE, {**PROPS, "enabled": False, "notes": MARK}, disabled)
    assert calls(emulator) == [f"GET {one}", f"PUT {one}/config/current", f"GET {one}"]


# Waiting


def test_it_does_not_wait_for_a_bus_that_waits_for_it(
    process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = set_clock(monkeypatch, Exact())
    emulator.door("POST", "integrations", {"activeWhen": "bus"})
    state = process.up(SOURCE, PROPS)
    assert 4.9 < sum(waits) <= 5
    assert state.outputs["reportedState"] == "ACTIVATING"
    name = PROPS["name"]
    told = [re.sub(r"\d+ s", "n s", line) for line in capsys.readouterr().err.splitlines()]
    assert told == [
        f"info: integration {name} is ACTIVATING, not ACTIVE yet (n s)",
        f"info: integration {name} is still ACTIVATING: going on without waiting for ACTIVE",
    ]
    assert not process.changes(SOURCE, PROPS, state)
    refreshed = process.refresh(SOURCE, state)
    assert refreshed
    assert not process.changes(SOURCE, PROPS, refreshed)


def test_a_state_that_it_never_leaves_is_told(
    process: Process, emulator: Emulator, another: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = process.up(SOURCE, {**PROPS, "enabled": False})
    [entity] = everything(emulator)
    waits = set_clock(monkeypatch, Exact())
    emulator.fault("GET", f"{PATH}/{{id}}", status=200, body=entity, times=MANY)
    process = another(config={"timeoutSeconds": 40})
    text = printed(lambda: process.up(SOURCE, PROPS, state))
    assert text == f"GenesysError: integration {state.id} is INACTIVE after 40 s, not ACTIVE: try again\n"
    assert 39 < sum(waits) <= 40


@pytest.mark.parametrize(
    "door", [{"activeWhen": "bus", "busSeconds": 0.1}, {"failure": "AWS account 123456789012\nrefuses."}]
)
def test_an_error_that_may_be_for_want_of_the_bus_ends_nothing_but_is_told(
    door: dict[str, object], process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.door("POST", "integrations", door)
    state = process.up(SOURCE, PROPS)
    says = " ".join(str(door.get("failure", f"No event bus is associated: {state.outputs['eventSourceName']}")).split())
    assert state.outputs["reportedState"] == "ERROR"
    [entity] = everything(emulator)
    since = entity["reportedState"]["lastUpdated"]
    assert state.outputs["unsettled"] == f"ERROR since {since}: {says.rstrip('.')}"
    assert capsys.readouterr().err == (
        f"warning: integration {PROPS['name']} is in state ERROR: {says.rstrip('.')}; going on, as that may be for want"
        " of a bus in AWS\n"
    )
    assert not process.changes(SOURCE, PROPS, state)
    drifted = process.refresh(SOURCE, state)
    assert drifted
    assert process.up(SOURCE, PROPS, drifted).outputs["reportedState"] == "ERROR", "nor does an update: same want"
    emulator.door("POST", "integrations", {"failure": "", "activeWhen": "source"})
    assert process.up(SOURCE, PROPS, drifted).outputs["unsettled"] == ""


def test_what_is_disabled_or_active_is_settled(process: Process) -> None:
    state = process.up(SOURCE, PROPS)
    assert state.outputs["unsettled"] == ""
    assert process.up(SOURCE, {**PROPS, "enabled": False}, state).outputs["unsettled"] == ""


def test_each_time_that_it_is_not_active_is_another(
    process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which `EventBridgeActivation` knows that there is something to wait for again."""
    set_clock(monkeypatch, Together(emulator))
    emulator.door("POST", "integrations", {"activeWhen": "bus"})
    state = process.up(SOURCE, PROPS)
    assert re.fullmatch(r"ACTIVATING since 20\S+Z", state.outputs["unsettled"])
    assert process.refresh(SOURCE, state) == state
    again = process.up(SOURCE, {**PROPS, "topics": [f"{DETAIL}.acw"]}, state)
    assert again.outputs["unsettled"].startswith("ACTIVATING since ")
    assert again.outputs["unsettled"] != state.outputs["unsettled"]


def test_an_error_of_before_is_not_taken_for_a_new_one(process: Process, emulator: Emulator) -> None:
    emulator.door("POST", "integrations", {"failure": "AWS account 123456789012 refuses."})
    process.up(SOURCE, PROPS)
    emulator.door("POST", "integrations", {"failure": ""})
    emulator.fault("GET", f"{PATH}/{{id}}", status=200, body=everything(emulator)[0], times=2)
    assert process.up(SOURCE, PROPS).outputs["reportedState"] == "ACTIVE"


# Drift


def test_a_change_by_hand_is_found_by_its_name_and_mended(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    at = f"{PATH}/{state.id}"
    changes: dict[str, Callable[[], object]] = {
        "enabled": lambda: emulator.by_hand("PATCH", at, {"intendedState": "DISABLED"}),
        "name": lambda: emulator.by_hand("PATCH", at, {"name": "another name"}),
        "notes": lambda: configured(emulator, state.id, notes="text"),
        "topics": lambda: configured(emulator, state.id, properties={"eventFilter": [f"{DETAIL}.acw"]}),
    }
    for field, change in changes.items():
        change()
        drifted = process.refresh(SOURCE, state)
        assert drifted
        assert [name for name in state.inputs if drifted.inputs.get(name) != state.inputs[name]] == [field]
        assert process.changes(SOURCE, PROPS, drifted)
        assert process.up(SOURCE, PROPS, drifted) == state
        emulator.calls()


def test_one_that_is_in_error_can_be_disabled(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.door("POST", "integrations", {"failure": "AWS is tired."})
    for region in ("eu-west-1", "eu-central-1"):
        emulator.calls()
        configured(emulator, state.id, properties={"awsAccountRegion": region})
    Settling(emulator).sleep(0)
    assert everything(emulator)[0]["reportedState"]["code"] == "ERROR"
    assert process.up(SOURCE, {**PROPS, "enabled": False}, state).outputs["reportedState"] == "INACTIVE"
    assert everything(emulator)[0]["intendedState"] == "DISABLED"


def test_an_error_is_drift(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.door("POST", "integrations", {"failure": "AWS is tired."})
    emulator.calls()
    configured(emulator, state.id, properties={"awsAccountRegion": "eu-west-1"})
    emulator.calls()
    configured(emulator, state.id, properties={"awsAccountRegion": "eu-central-1"})
    Settling(emulator).sleep(0)
    emulator.door("POST", "integrations", {"failure": ""})
    drifted = process.refresh(SOURCE, state)
    assert drifted
    told = drifted.inputs
    assert (told["failed"], told["enabled"], drifted.outputs["reportedState"]) == (True, True, "ERROR"), "not disabled"
    assert process.changes(SOURCE, PROPS, drifted)
    assert process.up(SOURCE, PROPS, drifted) == state
    assert everything(emulator)[0]["reportedState"]["code"] == "ACTIVE"


def test_a_state_from_before_an_error_was_told_apart_is_as_good(process: Process) -> None:
    state = process.up(SOURCE, PROPS)
    outputs = {key: value for key, value in state.outputs.items() if key != "failed"}
    assert not process.changes(SOURCE, PROPS, replace(state, outputs=outputs))


def test_a_configuration_that_was_emptied_by_hand_is_filled_again_in_place(
    process: Process, emulator: Emulator
) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    emulator.served.cloud.integrations.items[state.id].properties = {}  # whether its API takes that is not known
    drifted = process.refresh(SOURCE, state)
    assert drifted
    assert [drifted.outputs.get(name) for name in ("awsAccountId", "suffix", "topics", "eventSourceName")] == [None] * 4
    assert replaced_by(process, PROPS, drifted.outputs) == []
    assert process.up(SOURCE, PROPS, drifted) == state
    assert everything(emulator)[0]["config"]["current"]["properties"]["eventSourceSuffix"] == PROPS["suffix"]


def test_what_the_platform_fills_in_or_orders_anew_is_none(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    configured(emulator, state.id, advanced={"a": 1}, properties={"eventFilter": PROPS["topics"][::-1]})
    assert process.refresh(SOURCE, state) == state


def test_another_source_by_hand_is_replaced(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    configured(emulator, state.id, properties={"eventSourceSuffix": "another"})
    drifted = process.refresh(SOURCE, state)
    assert drifted
    assert drifted.outputs["eventSourceName"].endswith("/another")
    assert replaced_by(process, PROPS, drifted.outputs) == ["suffix"]


# Replacing


def replaced_by(process: Process, props: Props, olds: Props, id_: str = "an-id") -> list[str]:
    news = process.check(SOURCE, props)
    found = process.configured(SOURCE).diff(id_, travel(olds), travel(news, True))
    return [*(found.replaces or [])]


@pytest.mark.parametrize(
    ("field", "value"), [("awsAccountId", "210987654321"), ("awsRegion", "eu-west-1"), ("suffix", "another")]
)
def test_what_makes_the_source_replaces_but_never_what_is_not_known(field: str, value: str, process: Process) -> None:
    state = process.up(SOURCE, PROPS)
    assert replaced_by(process, {**PROPS, field: value}, state.outputs) == [field]
    assert replaced_by(process, {**PROPS, field: UNKNOWN}, state.outputs) == []


def test_what_is_replaced_is_deleted_whatever_a_lost_renaming_called_it(
    another: Callable[..., Process], emulator: Emulator
) -> None:
    state = another().up(SOURCE, PROPS)
    renamed = {**PROPS, "owner": "project/stack/new", "notes": "text [pulumi:project/stack/new]"}
    emulator.fault("PUT", KIND.writes, when="after", status=400)
    process = another()
    assert "PUT" in printed(lambda: process.up(SOURCE, renamed, state))
    assert SOURCE.from_entity(everything(emulator)[0])["notes"] == renamed["notes"]
    process = another()
    assert replaced_by(process, {**renamed, "suffix": "another"}, state.outputs, state.id) == ["suffix"]
    process.destroy(SOURCE, state)
    assert everything(emulator) == []


@pytest.mark.parametrize("field", KIND.other)
def test_everything_else_is_changed_in_place(field: str, process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    props = {**PROPS, field: KIND.other[field]}
    assert replaced_by(process, props, state.outputs) == []
    changed = process.up(SOURCE, props, state)
    assert changed.id == state.id
    [entity] = everything(emulator)
    told = SOURCE.from_entity(entity)
    assert {name: told[name] for name in KIND.other} == {name: props[name] for name in KIND.other}
    assert process.refresh(SOURCE, changed) == changed


def test_an_adopted_one_keeps_its_source(process: Process, emulator: Emulator) -> None:
    theirs = unused(emulator, "theirs")
    configured(emulator, theirs, properties=FOREIGN)
    before = everything(emulator)
    text = printed(lambda: process.up(SOURCE, {**PROPS, "adopt": theirs}))
    assert text == (
        f"GenesysError: adopt: integration {theirs} has suffix 'foreign', not {PROPS['suffix']!r}, and that can't be"
        " changed in place: write the same, or remove `adopt` to make another one\n"
    )
    assert everything(emulator) == before
    state = process.up(SOURCE, {**PROPS, "suffix": "foreign", "adopt": theirs})
    assert state.id == theirs
    process.destroy(SOURCE, state)
    assert everything(emulator) == [], "deleted as any other"


def test_an_integration_of_another_type_is_not_adopted(process: Process, emulator: Emulator) -> None:
    theirs = unused(emulator, kind="webhook")
    text = printed(lambda: process.up(SOURCE, {**PROPS, "adopt": theirs}))
    assert text == f"GenesysError: integration {theirs} is of type webhook, not amazon-eventbridge-source\n"


# Delete


def test_a_deletion_is_waited_for(process: Process, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    state = process.up(SOURCE, PROPS)
    waits = set_clock(monkeypatch, Together(emulator))
    emulator.door("POST", "integrations", {"deletionSeconds": 5})
    process.destroy(SOURCE, state)
    assert sum(waits) >= 5
    assert [*emulator.served.cloud.integrations._found()] == []


def test_what_is_shown_although_it_was_deleted_is_gone(process: Process, emulator: Emulator, waits: Waits) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.door("POST", "integrations", {"deletionSeconds": MANY})
    before = sum(waits)
    process.destroy(SOURCE, state)
    assert 29 < sum(waits) - before <= 30
    assert process.refresh(SOURCE, state) is None
    assert process.up(SOURCE, PROPS).id != state.id


def test_one_that_stays_is_told(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.fault("DELETE", f"{PATH}/{{id}}", status=200, body={})
    text = printed(lambda: process.destroy(SOURCE, state))
    assert text == f"GenesysError: integration {state.id} is still there 30 s after its deletion: try again\n"


# Topics

OTHERWISE = "has a placeholder of another form; write {id} for every placeholder: "


@pytest.mark.parametrize(
    ("topic", "problem"),
    [
        ("routing.queueEvent", f"is the tutorial's name; write {DETAIL}.acd.start and {DETAIL}.acd.end"),
        ("conversation.event", f"is the tutorial's name; write {DETAIL}.customer.start and {DETAIL}.customer.end"),
        (
            "v2.users.7.presence",
            "is about one object alone, and only templates travel over EventBridge; write v2.users.{id}.presence",
        ),
        ("v2.new.8f14e45f-ceea-467f-9575-5b4a2d3c1e0f.thing", "write v2.new.{id}.thing"),
        ("v2.users.{userId}.presence", f"{OTHERWISE}v2.users.{{id}}.presence"),
        ("v2.new.{a}.thing.{id}", f"{OTHERWISE}v2.new.{{id}}.thing.{{id}}"),
        ("v2.audits.entitytype.x.entityid.y", "write v2.audits.entitytype.{id}.entityid.{id}"),
        ("v1.users.{id}.presence", f"is no topic; write one like {DETAIL}.acd.start"),
        ("v2", "is no topic"),
        ("v2.users.{id}.presence.", "is no topic"),
        ("v2.users.{id} .presence", f"{OTHERWISE}v2.users.{{id}}.presence"),
        ("v2.new. {id}.thing", "is no topic"),
        ("v2.users.*.presence", f"{OTHERWISE}v2.users.{{id}}.presence"),
        ("", "is no topic"),
    ],
)
def test_what_is_certainly_no_topic_is_refused_without_a_call(
    topic: str, problem: str, process: Process, emulator: Emulator
) -> None:
    with pytest.raises(Refused) as refused:
        process.up(SOURCE, {**PROPS, "topics": [PROPS["topics"][0], topic]})
    [text] = refused.value.problems
    assert text.startswith(f"topics has {topic!r}, which ")
    assert problem in text
    assert emulator.calls() == []


@pytest.mark.parametrize("topic", [*topics.KNOWN, "v2.new.{id}.thing", "v2.system"])
def test_what_may_be_a_topic_is_not(topic: str, process: Process) -> None:
    process.check(SOURCE, {**PROPS, "topics": [topic]})


def test_what_the_tutorial_calls_otherwise_are_topics() -> None:
    assert {topic for names in topics.TUTORIAL.values() for topic in names} <= {*topics.KNOWN}


def test_a_topic_that_is_not_known_here_gets_the_nearest_known_ones_in_a_preview(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning, as the organisation may have it; and none any more once it was made."""
    emulator.door("POST", "topics", {"add": [{"id": f"{DETAIL}.acd.strat"}]})
    emulator.calls()
    news = {**PROPS, "topics": [f"{DETAIL}.acd.strat", "v2.nothing.like.it", *PROPS["topics"]]}
    process.check(SOURCE, news)
    assert emulator.calls() == []
    name, asks = PROPS["name"], "(`up` asks the organisation, and refuses what it lacks)"
    near = f"{DETAIL}.acd.start or {DETAIL}.acd.end or {DETAIL}.acw"
    assert capsys.readouterr().err.splitlines() == [
        f"warning: integration {name}: topics: {DETAIL}.acd.strat is not known here: did you mean {near}? {asks}",
        f"warning: integration {name}: topics: v2.nothing.like.it is not known here {asks}",
    ]
    state = process.up(SOURCE, {**PROPS, "topics": [f"{DETAIL}.acd.strat"]})
    assert "warning: " in capsys.readouterr().err
    process.check(SOURCE, {**PROPS, "topics": [f"{DETAIL}.acd.strat", *PROPS["topics"]]}, state)
    process.check(SOURCE, {**PROPS, "topics": UNKNOWN})
    assert capsys.readouterr().err == ""


def test_a_topic_that_is_written_twice_is_sent_once(process: Process, emulator: Emulator) -> None:
    first, second = PROPS["topics"]
    process.up(SOURCE, {**PROPS, "topics": [second, first, second]})
    assert everything(emulator)[0]["config"]["current"]["properties"]["eventFilter"] == [second, first]


def test_a_mistyped_topic_gets_the_nearest_right_ones_before_anything_is_made(
    process: Process, emulator: Emulator
) -> None:
    mistyped = {**PROPS, "topics": [*PROPS["topics"], f"{DETAIL}.acd.strat", "v2.nothing.like.it"]}
    text = printed(lambda: process.up(SOURCE, mistyped))
    assert text.startswith(
        f"GenesysError: topics: there is no topic {DETAIL}.acd.strat: did you mean {DETAIL}.acd.start "
    )
    assert text.endswith("; there is no topic v2.nothing.like.it\n")
    assert everything(emulator) == []
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    assert process.changes(SOURCE, mistyped, state)
    assert emulator.calls() == [], "a preview asks nothing"
    assert f"there is no topic {DETAIL}.acd.strat" in printed(lambda: process.up(SOURCE, mistyped, state))
    assert not any("PUT" in call for call in calls(emulator))


def test_a_topic_that_does_not_travel_over_eventbridge_is_refused(process: Process) -> None:
    text = printed(lambda: process.up(SOURCE, {**PROPS, "topics": ["v2.users.{id}.conversations"]}))
    assert text == "GenesysError: topics: v2.users.{id}.conversations travels by Websocket only\n"


def test_a_topic_that_the_organisation_alone_has_is_taken(process: Process, emulator: Emulator) -> None:
    emulator.door("POST", "topics", {"add": [{"id": "v2.new.{id}.thing", "transports": ["All"]}]})
    assert process.up(SOURCE, {**PROPS, "topics": ["v2.new.{id}.thing"]}).inputs["topics"] == ["v2.new.{id}.thing"]


@pytest.mark.parametrize("told", [{"transports": ["Event Bridge"]}, {"transports": []}, {}, {"transports": None}])
def test_a_transport_may_be_spelt_or_left_out_in_any_way(told: Object) -> None:
    assert topics.unavailable(["v2.x"], [{"id": "v2.x", **told}]) == []


def test_topics_that_stay_are_not_asked_about(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.door("POST", "topics", {"remove": PROPS["topics"][:1]})
    calls(emulator)
    process.up(SOURCE, {**PROPS, "enabled": False}, state)
    assert f"GET {TOPICS}" not in calls(emulator)


@pytest.mark.parametrize("status", [403, 404])
def test_where_the_list_is_not_to_be_had_the_platform_decides(
    status: int, process: Process, emulator: Emulator
) -> None:
    emulator.fault("GET", TOPICS, status=status, times=2)
    text = printed(lambda: process.up(SOURCE, {**PROPS, "topics": [f"{DETAIL}.acd.strat"]}))
    assert "PUT" in text
    assert "400 " in text


# Arguments


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("awsAccountId", "12345678901", "must be the 12 digits of an AWS account, as a text"),
        ("awsAccountId", 123456789012, "must be the 12 digits of an AWS account, as a text"),
        ("awsAccountId", "12345678901２", "must be the 12 digits of an AWS account, as a text"),
        ("awsRegion", "euc1", "must be an AWS region, such as eu-central-1"),
        ("suffix", "a/b", "is 'a/b'; write 1 to 64 letters, digits, dots, hyphens and underscores"),
        ("suffix", "x" * 65, "write 1 to 64 letters"),
        ("suffix", "", "write 1 to 64 letters"),
        ("topics", [], f"must be a list of at least one topic, such as {DETAIL}.acd.start"),
        ("topics", "v2.x", "must be a list of at least one topic"),
        ("topics", [1], "must be a list of at least one topic"),
        ("enabled", "yes", "must be true or false"),
        ("notes", "x" * 1001, "must be a text of 0 to 1000 characters, not 1001"),
    ],
)
def test_an_argument_that_is_wrong_is_told_by_its_name(
    field: str, value: object, problem: str, process: Process, emulator: Emulator
) -> None:
    with pytest.raises(Refused) as refused:
        process.check(SOURCE, {**PROPS, field: value})
    [text] = refused.value.problems
    assert text.startswith(f"{field} ")
    assert problem in text


@pytest.mark.parametrize("region", ["us-gov-west-1", "ap-southeast-7", "eusc-de-east-1"])
def test_every_kind_of_region_is_one(region: str, process: Process) -> None:
    assert process.check(SOURCE, {**PROPS, "awsRegion": region})["awsRegion"] == region


@pytest.mark.parametrize("verb", ["view", "add", "edit", "delete"])
def test_a_403_names_the_permission_that_is_missing(verb: str, process: Process, emulator: Emulator) -> None:
    first = {"suffix": "first", "owner": "project/stack/first", "notes": "[pulumi:project/stack/first]"}
    state = process.up(SOURCE, {**PROPS, **first})
    emulator.door("POST", "scopes", {"remove": [f"integrations:integration:{verb}"]})
    call: dict[str, Callable[[], object]] = {
        "view": lambda: process.refresh(SOURCE, state),
        "add": lambda: process.up(SOURCE, PROPS),
        "edit": lambda: process.up(SOURCE, {**PROPS, **first, "enabled": False}, state),
        "delete": lambda: process.destroy(SOURCE, state),
    }
    text = printed(call[verb])
    assert "403 missing.any.permissions" in text
    assert f"; the client lacks integrations:integration:{verb}; its role needs that with :view, :add, :edit, " in text


# Five known defects of the platform's Terraform resource


@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_answer_to_post_leaves_no_orphan(times: int, process: Process, emulator: Emulator) -> None:
    emulator.fault("POST", PATH, when="after", drop=True, times=times)
    state = process.up(SOURCE, PROPS)
    assert [each["id"] for each in everything(emulator)] == [state.id]
    assert emulator.calls().count(f"POST {PATH}") == 1


def test_reported_state_is_waited_for_and_an_error_is_told_in_the_platforms_words(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a warning: it is `EventBridgeActivation` that ends the `up` with them, or `PartnerSource`."""
    emulator.door("POST", "integrations", {"changeSeconds": 0.3, "failure": "AWS account 123456789012\nrefuses."})
    state = process.up(SOURCE, PROPS)
    assert state.outputs["unsettled"].endswith(": AWS account 123456789012 refuses")
    assert "in state ERROR: AWS account 123456789012 refuses; going on" in capsys.readouterr().err


def test_a_failed_patch_is_told(process: Process, emulator: Emulator) -> None:
    emulator.fault("PATCH", f"{PATH}/{{id}}", status=400, body={"code": "bad.request", "message": "No bus today."})
    text = printed(lambda: process.up(SOURCE, PROPS))
    assert text.startswith(f"GenesysError: PATCH {PATH}/{everything(emulator)[0]['id']}: 400 bad.request: No bus today")


def test_a_408_does_not_count_as_not_found(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.fault("GET", f"{PATH}/{{id}}", status=408, times=2)
    assert process.refresh(SOURCE, state) == state
    emulator.fault("GET", f"{PATH}/{{id}}", status=408, times=MANY)
    assert "408 request.timeout" in printed(lambda: process.refresh(SOURCE, state))
    assert "408 request.timeout" in printed(lambda: process.destroy(SOURCE, state)), "not taken for the end of it"


def test_a_404_on_read_is_believed_at_once(process: Process, emulator: Emulator, waits: Waits) -> None:
    state = process.up(SOURCE, PROPS)
    emulator.calls()
    emulator.by_hand("DELETE", f"{PATH}/{state.id}")
    before = len(waits)
    assert process.refresh(SOURCE, state) is None
    assert calls(emulator) == [f"GET {PATH}/{{id}}", f"GET {PATH}"]
    assert len(waits) == before
