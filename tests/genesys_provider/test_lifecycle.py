"""One life cycle for every kind of object, played through against the emulator."""

import dataclasses
import functools
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from genesys_provider import redaction, session
from genesys_provider.client import Client
from genesys_provider.errors import GenesysError
from genesys_provider.lifecycle import with_whole_numbers
from tests.genesys_provider.conftest import set_clock
from tests.support.canaries import forms
from tests.support.genesys_kinds import (
    EVERY_KIND,
    KINDS,
    MARK,
    OWNER,
    Kind,
    Settling,
    entities,
    kind_named,
    made_by_hand,
    subscription,
    text_of,
    webhook,
)
from tests.support.provider import (
    CLASS,
    ENVIRON,
    ORG,
    UNKNOWN,
    Emulator,
    Process,
    Refused,
    State,
    Together,
    Waits,
    printed,
    travel,
)

ME = "GET /api/v2/organizations/me"


@pytest.fixture(params=EVERY_KIND)
def kind(request: pytest.FixtureRequest, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Kind:
    if request.param == "integration":
        set_clock(monkeypatch, Settling(emulator))
    return kind_named(request.param, emulator)


of_one_request = pytest.mark.parametrize("kind", KINDS, indirect=True)
"""For what is different where one request is not enough: test_eventbridge_source.py has it."""


def with_owner(kind: Kind, owner: str) -> dict[str, Any]:
    return {**kind.props, "owner": owner, kind.provider.mark_in: f"text [pulumi:{owner}]"}


def body_of(entity: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entity.items() if key not in ("id", "dateCreated", "dateModified", "selfUri")}


FIELDS = {
    "webhook": [*webhook().other],
    "subscription": [*subscription(["", ""]).other],
}


def each_field(kind: Kind) -> list[str]:
    return FIELDS[kind.name]


# Create


@of_one_request
def test_what_is_created_is_what_the_program_says(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    assert emulator.calls() == ["POST /oauth/token", ME, f"GET {kind.path}", f"POST {kind.path}"]
    [entity] = entities(kind, emulator)
    assert entity["id"] == state.id
    found = kind.provider.from_entity(entity)
    assert found == {name: kind.props[name] for name in found}
    assert {**state.outputs, **state.inputs} == state.outputs, "outputs repeat every input"
    assert state.outputs["org"] == {"id": ORG, "host": "loopback"}


def test_what_is_left_out_is_filled_in(kind: Kind, process: Process, emulator: Emulator) -> None:
    needed = {"name", "owner", kind.provider.mark_in, "destinationUrl", "signingKey", "eventTypes", "webhookId"}
    needed |= {"awsAccountId", "awsRegion", "suffix", "topics"}
    state = process.up(kind.provider, {name: value for name, value in kind.props.items() if name in needed})
    [entity] = entities(kind, emulator)
    assert kind.provider.from_entity(entity)["enabled"] is True
    assert process.refresh(kind.provider, state) == state


def test_the_signing_key_arrives(process: Process, emulator: Emulator) -> None:
    kind = webhook()
    state = process.up(kind.provider, kind.props)
    assert emulator.signing_key(state.id) == "the first key"
    state = process.up(kind.provider, {**kind.props, "signingKey": "the second key"}, state)
    assert emulator.signing_key(state.id) == "the second key"
    process.up(kind.provider, {**kind.props, "signingKey": "the second key", "method": "PUT"}, state)
    assert emulator.signing_key(state.id) == "the second key", "it is sent with every change"


def test_whole_numbers_stay_whole(emulator: Emulator, process: Process) -> None:
    assert json.dumps(with_whole_numbers({"a": [1.0, {"b": 2.5}], "c": True})) == '{"a": [1, {"b": 2.5}], "c": true}'
    kind = webhook()
    process.up(kind.provider, kind.props)
    assert '"retryCount": 3,' in json.dumps(entities(kind, emulator))


def test_four_threads_share_one_token(process: Process, emulator: Emulator) -> None:
    hooks = [
        emulator.by_hand("POST", "/api/v2/events/webhooks", {"name": f"of {n}", "destinationUrl": "https://x.com"})[
            "id"
        ]
        for n in (1, 2)
    ]
    first, second = webhook(), subscription(hooks)
    todo = [
        (kind, {**with_owner(kind, f"project/stack/{n}"), "name": f"project-stack-{n}"})
        for kind in (first, second)
        for n in (1, 2)
    ]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda each: process.up(each[0].provider, each[1]), todo))
    posts = ["POST /api/v2/events/subscriptions"] * 2 + ["POST /api/v2/events/webhooks"] * 2
    looks = ["GET /api/v2/events/subscriptions", "GET /api/v2/events/webhooks"]
    assert sorted(emulator.calls()) == [*looks, ME, *posts, "POST /oauth/token"]


# Preview, update, drift


def test_right_after_up_nothing_changes_and_nothing_is_called(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    assert not process.changes(kind.provider, kind.props, state)
    assert emulator.calls() == []


def test_a_refresh_right_after_up_finds_what_is_in_the_state(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    assert process.refresh(kind.provider, state) == state
    assert emulator.calls() == [f"GET {kind.at(state.id)}"]


@of_one_request
def test_every_field_is_changed_in_place(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    before, props = body_of(entities(kind, emulator)[0]), kind.props
    for field in each_field(kind):
        emulator.calls()
        props = {**props, field: kind.other[field]}
        assert process.changes(kind.provider, props, state), field
        assert emulator.calls() == []
        state = process.up(kind.provider, props, state)
        assert [call for call in emulator.calls() if call != ME] == [
            f"GET {kind.at(state.id)}",
            f"PUT {kind.at(state.id)}",
        ]
        [entity] = entities(kind, emulator)
        assert entity["id"] == state.id
        wanted = {**before, **kind.other_entity(field, before)}
        assert body_of(entity) == wanted, field
        assert not process.changes(kind.provider, props, state)
        assert process.refresh(kind.provider, state) == state
        before = wanted


@of_one_request
def test_the_organisation_is_asked_for_once_before_changes(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    state = another().up(kind.provider, kind.props)
    emulator.calls()
    process = another()
    state = process.up(kind.provider, {**kind.props, "enabled": False}, state)
    state = process.up(kind.provider, kind.props, state)
    process.destroy(kind.provider, state)
    at = kind.at(state.id)
    token = "POST /oauth/token"
    assert emulator.calls() == [
        token,
        ME,
        *(f"{method} {at}" for method in ("GET", "PUT", "GET", "PUT", "GET", "DELETE")),
    ]


@of_one_request
def test_a_change_by_hand_is_found_by_its_name_and_mended(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    for field in each_field(kind):
        entity = entities(kind, emulator)[0]
        emulator.change(kind.name, state.id, **kind.other_entity(field, entity))
        drifted = process.refresh(kind.provider, state)
        assert drifted
        for now, then in ((drifted.inputs, state.inputs), (drifted.outputs, state.outputs)):
            assert [name for name in then if now.get(name) != then[name]] == [field]
        assert drifted.inputs[field] == kind.other[field]
        assert process.changes(kind.provider, kind.props, drifted)
        mended = process.up(kind.provider, kind.props, drifted)
        assert body_of(entities(kind, emulator)[0]) == body_of(entity)
        assert mended == state
        emulator.calls()


def test_drift_of_a_secret_is_told_by_its_name(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pulumi shows `[secret]` before and after, and no difference."""
    kind = webhook()
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    process.refresh(kind.provider, state)
    assert capsys.readouterr().err == ""
    emulator.calls()
    emulator.change(kind.name, state.id, headerOverrides={"X-Added": "hunter2"})
    process.refresh(kind.provider, state)
    assert capsys.readouterr().err == (
        "info: webhook project-stack-it: headerOverrides was changed by hand (secret: Pulumi does not show how)\n"
    )


def test_what_was_written_by_hand_forges_no_line_and_shows_no_secret(
    process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = webhook()
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    forged = f"it\nerror: {kind.props['signingKey']}\x1b[2K"
    emulator.change(kind.name, state.id, name=forged, headerOverrides={"X-Added": "hunter2"})
    process.refresh(kind.provider, state)
    assert capsys.readouterr().err.startswith("info: webhook it error: [secret] [2K: headerOverrides was changed")


@of_one_request
def test_a_lost_mark_is_drift(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    emulator.change(kind.name, state.id, description="text")
    drifted = process.refresh(kind.provider, state)
    assert drifted
    assert drifted.inputs["description"] == "text"
    process.up(kind.provider, kind.props, drifted)
    assert entities(kind, emulator)[0]["description"] == f"text {MARK}"


def test_what_was_deleted_by_hand_is_made_again(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    emulator.by_hand("DELETE", kind.at(state.id))
    assert process.refresh(kind.provider, state) is None
    again = process.up(kind.provider, kind.props)
    assert [entity["id"] for entity in entities(kind, emulator)] == [again.id] != [state.id]


def test_what_is_gone_is_told_in_the_only_way_that_pulumi_takes(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    """Its server puts the provider into the outputs, whatever the id: without a dict, `refresh` ends in a traceback."""
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    emulator.by_hand("DELETE", kind.at(state.id))
    gone = process.configured(kind.provider).read(state.id, travel(state.outputs))
    assert (gone.id, gone.outs) == (None, {})


def test_a_state_that_lacks_what_a_later_release_writes_is_refreshed(kind: Kind, process: Process) -> None:
    state = process.up(kind.provider, kind.props)
    later = ("org", *kind.provider.computed)
    before = State(state.id, state.inputs, {key: value for key, value in state.outputs.items() if key not in later})
    assert process.refresh(kind.provider, before) == state


def test_without_a_refresh_the_update_says_what_to_do(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    emulator.by_hand("DELETE", kind.at(state.id))
    text = printed(lambda: process.up(kind.provider, {**kind.props, "enabled": False}, state))
    assert re.match(f"GenesysError: (PUT|GET) {kind.at(state.id)}: 404 not.found: ", text)
    assert text.endswith(f"; somebody deleted this {kind.name}: `make refresh`, then `up` again\n")


def test_a_renamed_stack_is_an_update_of_the_mark(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    state = another().up(kind.provider, kind.props)
    assert another().up(kind.provider, with_owner(kind, "project/new/it"), state).id == state.id
    assert text_of(kind, entities(kind, emulator)[0]) == "text [pulumi:project/new/it]"


def test_a_class_that_moved_is_an_update_that_sends_nothing(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    state = State(state.id, state.inputs, {**state.outputs, "__provider": "the class's old place"})
    assert process.changes(kind.provider, kind.props, state)
    moved = process.up(kind.provider, kind.props, state)
    assert moved.outputs == {**state.outputs, "__provider": CLASS}
    assert emulator.calls() == []


# Values that aren't known yet


def test_an_unknown_value_passes_check_and_is_a_change_but_no_reason_to_replace(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    for field in kind.props:
        if field == "owner":
            continue
        props = {**kind.props, field: UNKNOWN}
        process.check(kind.provider, props)
        assert process.changes(kind.provider, props, state), field
    assert emulator.calls() == []


def test_so_is_one_inside_another(process: Process, emulator: Emulator) -> None:
    kind = webhook()
    state = process.up(kind.provider, kind.props)
    for props in (
        {"headerOverrides": {"X-One": UNKNOWN}},
        {"retryPolicy": {"retryCount": 1, "retryIntervalSeconds": UNKNOWN}},
    ):
        assert process.changes(kind.provider, {**kind.props, **props}, state)


# Delete


def test_destroy_deletes_it(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    process.destroy(kind.provider, state)
    assert entities(kind, emulator) == []


def test_what_a_newer_state_made_is_told_where_an_older_one_is_destroyed(
    kind: Kind, another: Callable[..., Process], emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    old = another().up(kind.provider, kind.props)
    process = another()
    process.destroy(kind.provider, old)
    new = process.up(kind.provider, kind.props)
    capsys.readouterr()
    another().destroy(kind.provider, old)
    assert capsys.readouterr().err == (
        f"warning: {kind.name} {old.id} is gone, but {new.id} bears its mark {MARK} and is in no state: with this"
        f" {kind.name} in the program, `up` takes it over; else delete it by hand\n"
    )
    assert [entity["id"] for entity in entities(kind, emulator)] == [new.id]


def test_what_is_gone_already_counts_as_deleted(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    process.destroy(kind.provider, state)
    process.destroy(kind.provider, state)


# Names that are taken, and adoption


@of_one_request
def test_a_lost_state_finds_its_object_again_and_brings_it_up_to_date(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    first = another().up(kind.provider, kind.props)
    emulator.calls()
    again = another().up(kind.provider, {**kind.props, "enabled": False})
    assert again.id == first.id
    assert [entity["enabled"] for entity in entities(kind, emulator)] == [False]
    at = kind.at(first.id)
    assert emulator.calls() == ["POST /oauth/token", ME, f"GET {kind.path}", f"GET {at}", f"PUT {at}"]


@of_one_request
def test_one_that_only_the_post_meets_is_found_then(kind: Kind, process: Process, emulator: Emulator) -> None:
    """As it was made meanwhile, say by this stack on another machine."""
    process.up(kind.provider, {**with_owner(kind, "project/stack/another"), "name": "another"})  # lists
    emulator.calls()
    meanwhile = made_by_hand(kind, emulator, MARK)["id"]
    assert process.up(kind.provider, kind.props).id == meanwhile
    at = kind.at(meanwhile)
    assert emulator.calls() == [f"POST {kind.path}", f"GET {kind.path}", f"GET {at}", f"PUT {at}"]


@of_one_request
def test_a_listing_that_shows_what_was_deleted_is_looked_through(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    gone = process.up(kind.provider, kind.props)
    [shown] = entities(kind, emulator)
    process.destroy(kind.provider, gone)
    emulator.fault("GET", kind.path, status=200, body={"entities": [shown]}, times=9)
    emulator.fault("POST", kind.path, when="after", drop=True)
    with pytest.raises(Exception, match="another one has that name"):
        process.up(kind.provider, kind.props)
    emulator.door("DELETE", "faults")
    state = process.up(kind.provider, kind.props)
    assert [entity["id"] for entity in entities(kind, emulator)] == [state.id]


@of_one_request
def test_an_answer_of_nothing_to_a_change_is_none_the_worse(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.fault("PUT", kind.writes, when="after", status=204)
    changed = process.up(kind.provider, {**kind.props, "enabled": False}, state)
    assert process.refresh(kind.provider, changed) == changed
    assert [entity["enabled"] for entity in entities(kind, emulator)] == [False]


@of_one_request
def test_another_of_the_same_name_is_not_touched_and_the_way_out_is_told(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    theirs = made_by_hand(kind, emulator, "made by hand")
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert text == (
        f"GenesysError: there is a {kind.name} {kind.props['name']!r} already ({theirs['id']}), which no stack made:"
        f" choose another `name`, or set `adopt` to {theirs['id']}\n"
    )
    assert entities(kind, emulator) == [theirs]


@of_one_request
def test_one_of_another_stack_is_not_touched_either(kind: Kind, process: Process, emulator: Emulator) -> None:
    theirs = made_by_hand(kind, emulator, "[pulumi:project/other/it]")
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert text.endswith(
        ", which belongs to project/other/it: choose another `name`, or when nothing manages it there any more, take"
        f" [pulumi:project/other/it] out of its description and set `adopt` to {theirs['id']}\n"
    )
    assert entities(kind, emulator) == [theirs]


@of_one_request
def test_a_namesake_of_ours_in_another_place_of_the_program_is_not_touched(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    theirs = made_by_hand(kind, emulator, "[pulumi:project/stack/my:module:Component::it]")
    text = printed(lambda: process.up(kind.provider, kind.props))
    owner = "project/stack/my:module:Component::it"
    assert text.endswith(
        f", which belongs to {owner}: choose another `name`, or if that was this resource, give it an alias of {owner},"
        f" or, when nothing manages it there any more, take [pulumi:{owner}] out of its description and set `adopt` to"
        f" {theirs['id']}\n"
    )
    assert entities(kind, emulator) == [theirs]


@pytest.mark.parametrize("text", ["[text]", "see [pulumi:docs"])
def test_a_mark_may_have_brackets_in_it_and_before_it(
    text: str, kind: Kind, process: Process, emulator: Emulator
) -> None:
    owner = "project/stack/it[0]"
    props = {
        **kind.props,
        "owner": owner,
        "name": "project-stack-it[0]",
        kind.provider.mark_in: f"{text} [pulumi:{owner}]",
    }
    first = process.up(kind.provider, props)
    assert process.up(kind.provider, props).id == first.id
    process.destroy(kind.provider, process.up(kind.provider, {**props, "enabled": False}, first))
    assert entities(kind, emulator) == []


@of_one_request
def test_what_a_former_run_made_under_another_name_is_found_by_its_mark(
    kind: Kind, another: Callable[..., Process], emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = another().up(kind.provider, kind.props)
    emulator.calls()
    state = another().up(kind.provider, {**kind.props, "name": "a new name"})
    assert state.id == lost.id
    assert [entity["name"] for entity in entities(kind, emulator)] == ["a new name"]
    told = f"info: took over {kind.name} {lost.id}, which bears the mark {MARK}\n"
    assert capsys.readouterr().err == told


@of_one_request
def test_without_one_that_costs_a_process_one_listing(kind: Kind, process: Process, emulator: Emulator) -> None:
    for name in ("first", "second"):
        process.up(kind.provider, {**with_owner(kind, f"project/stack/of {name}"), "name": name})
    assert emulator.calls() == ["POST /oauth/token", ME, f"GET {kind.path}", *[f"POST {kind.path}"] * 2]


@of_one_request
def test_what_this_process_has_deleted_meanwhile_is_not_taken_over(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    props = {**kind.props, "name": "of its own"}
    old = process.up(kind.provider, kind.props)
    process.up(kind.provider, {**with_owner(kind, "project/stack/another"), "name": "another"})  # lists
    process.destroy(kind.provider, old)
    new = process.up(kind.provider, props)
    assert new.id != old.id
    assert "of its own" in [entity["name"] for entity in entities(kind, emulator)]


@of_one_request
def test_two_that_bear_one_mark_are_told_by_their_ids(kind: Kind, process: Process, emulator: Emulator) -> None:
    ids = [
        emulator.by_hand("POST", kind.path, kind.provider.to_body({**kind.props, "name": name}))["id"]
        for name in (kind.props["name"], "a copy")
    ]
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert text == (f"GenesysError: 2 {kind.name}s bear the mark {MARK}: delete all but one of {ids[0]}, {ids[1]}\n")


def test_a_mark_that_is_part_of_ours_is_not_ours(kind: Kind, process: Process, emulator: Emulator) -> None:
    theirs = made_by_hand(kind, emulator, f"[pulumi:{OWNER}-2]")
    with pytest.raises(Exception, match=f"belongs to {OWNER}-2"):
        process.up(kind.provider, kind.props)
    assert entities(kind, emulator) == [theirs]


def test_what_the_user_writes_before_the_mark_is_no_mark(kind: Kind, process: Process) -> None:
    props = {**kind.props, kind.provider.mark_in: f"was [pulumi:project/old/it] {MARK}"}
    assert process.up(kind.provider, props).id == process.up(kind.provider, props).id


@of_one_request
def test_adopt_takes_an_object_over(kind: Kind, process: Process, emulator: Emulator) -> None:
    theirs = made_by_hand(kind, emulator, "made by hand")
    props = {**kind.props, "enabled": False, "adopt": theirs["id"]}
    state = process.up(kind.provider, props)
    assert state.id == theirs["id"]
    at = kind.at(state.id)
    assert emulator.calls() == ["POST /oauth/token", ME, f"GET {at}", f"GET {kind.path}", f"PUT {at}"]
    [entity] = entities(kind, emulator)
    assert entity["description"] == f"text {MARK}"
    assert entity["enabled"] is False
    assert process.refresh(kind.provider, state) == state
    assert not process.changes(kind.provider, props, state)
    assert not process.changes(kind.provider, {**props, "adopt": None}, state), "the key may go, and plans nothing"


@of_one_request
def test_adopt_may_be_written_in_another_case(kind: Kind, process: Process, emulator: Emulator) -> None:
    theirs = made_by_hand(kind, emulator, "made by hand")
    props = {**kind.props, "adopt": theirs["id"].upper()}
    emulator.fault("GET", kind.at(props["adopt"]), status=200, body=theirs)
    state = process.up(kind.provider, props)
    assert state.id == theirs["id"]
    assert not process.changes(kind.provider, props, state)


def test_adopt_finds_ours_again(kind: Kind, process: Process) -> None:
    state = process.up(kind.provider, kind.props)
    assert process.up(kind.provider, {**kind.props, "adopt": state.id}).id == state.id


def test_adopt_that_was_left_is_warned_of(
    kind: Kind, process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A replacement deletes first, and then there is nothing to adopt."""
    theirs = made_by_hand(kind, emulator, "made by hand")
    props = {**kind.props, "adopt": theirs["id"]}
    state = process.up(kind.provider, props)
    assert "adopt" not in capsys.readouterr().err
    assert not process.changes(kind.provider, props, state)
    assert capsys.readouterr().err == (
        f"warning: {kind.name} {state.id} is adopted: remove `adopt`; as long as it is there, a replacement deletes"
        f" this {kind.name} and makes no other\n"
    )
    for gone in (kind.props, {**kind.props, "adopt": ""}):
        assert not process.changes(kind.provider, gone, state)
    assert capsys.readouterr().err == ""


def test_adopt_of_nothing_says_so(kind: Kind, process: Process, emulator: Emulator) -> None:
    text = printed(lambda: process.up(kind.provider, {**kind.props, "adopt": "nowhere"}))
    assert text == (
        f"GenesysError: adopt: there is no {kind.name} nowhere in this organisation; remove `adopt` to make one\n"
    )
    assert not any("PUT" in call for call in emulator.calls())


@pytest.mark.parametrize("id_", [".", "..", "a/b", "a?b=c", "a#b", " ", "a b", 5, ["a"]])
def test_adopt_takes_an_id_for_nothing_but_an_id(id_: object, kind: Kind, process: Process, emulator: Emulator) -> None:
    with pytest.raises(Refused) as refused:
        process.up(kind.provider, {**kind.props, "adopt": id_})
    assert refused.value.problems == ["adopt must be the id of an existing object"]
    assert emulator.calls() == []


def test_an_id_stays_one_segment_of_the_path(kind: Kind, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path.decode())
        return httpx.Response(404 if len(paths) > 1 else 200, json={"access_token": "a-token"})

    process.configured(kind.provider)
    monkeypatch.setattr(session, "_client", Client(session.connection(), httpx.MockTransport(answer)))
    with pytest.raises(GenesysError):
        process.configured(kind.provider).read("a/b", kind.props)
    assert [path.partition("?")[0] for path in paths[:2]] == ["/oauth/token", f"{kind.path}/a%2Fb"]


def test_adopt_does_not_take_from_another_stack(kind: Kind, process: Process, emulator: Emulator) -> None:
    theirs = made_by_hand(kind, emulator, "text [pulumi:project/other/it]")
    text = printed(lambda: process.up(kind.provider, {**kind.props, "adopt": theirs["id"]}))
    assert text == (
        f"GenesysError: adopt: {kind.name} {theirs['id']} belongs to project/other/it; when nothing manages it there"
        f" any more, take [pulumi:project/other/it] out of its {kind.provider.mark_in}\n"
    )
    assert entities(kind, emulator) == [theirs]


def test_adopt_of_another_kind_finds_nothing(process: Process, emulator: Emulator) -> None:
    hook = webhook()
    id_ = process.up(hook.provider, hook.props).id
    it = subscription([id_, id_])
    with pytest.raises(Exception, match=f"there is no subscription {id_}"):
        process.up(it.provider, {**it.props, "adopt": id_})


def test_adopt_cannot_change_what_a_resource_is(kind: Kind, process: Process) -> None:
    state = process.up(kind.provider, kind.props)
    for nothing_new in (state.id, ""):
        assert not process.changes(kind.provider, {**kind.props, "adopt": nothing_new}, state)
    text = printed(lambda: process.changes(kind.provider, {**kind.props, "adopt": "an-id"}, state))
    assert text == f"GenesysError: adopt is an-id, but this {kind.name} is {state.id} already: remove `adopt`\n"


@pytest.mark.parametrize("way_out", ["adopt it", "delete it"])
def test_adopt_makes_no_second_beside_what_a_lost_state_left(
    way_out: str, kind: Kind, emulator: Emulator, another: Callable[..., Process]
) -> None:
    lost = another().up(kind.provider, kind.props)
    emulator.calls()
    theirs = made_by_hand(kind, emulator, "made by hand", **{kind.unique: "another"})
    before = entities(kind, emulator)
    props = {**kind.props, kind.unique: "another", "adopt": theirs["id"]}
    text = printed(lambda: another().up(kind.provider, props))
    assert text == (
        f"GenesysError: adopt: {kind.name} {lost.id} bears the mark {MARK} already, so that {theirs['id']} would be"
        f" the second: set `adopt` to {lost.id}, or delete that one\n"
    )
    assert entities(kind, emulator) == before
    if way_out == "adopt it":
        assert another().up(kind.provider, {**kind.props, "adopt": lost.id}).id == lost.id
    else:
        emulator.calls()
        emulator.by_hand("DELETE", kind.at(lost.id))
        assert another().up(kind.provider, props).id == theirs["id"]


def test_what_this_process_has_deleted_is_no_hindrance(kind: Kind, process: Process, emulator: Emulator) -> None:
    """`--replace`, with an `adopt` that was written just now."""
    old = process.up(kind.provider, kind.props)
    emulator.calls()
    first, second = (
        made_by_hand(kind, emulator, "made by hand", **{kind.unique: name})["id"] for name in ("first", "second")
    )
    of_another = {"owner": "project/stack/another", kind.provider.mark_in: "[pulumi:project/stack/another]"}
    process.up(kind.provider, {**kind.props, **of_another, kind.unique: "first", "adopt": first})  # lists
    process.destroy(kind.provider, old)
    assert process.up(kind.provider, {**kind.props, kind.unique: "second", "adopt": second}).id == second


@of_one_request
def test_what_this_process_has_deleted_hides_nothing(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    old = another().up(kind.provider, kind.props)
    emulator.calls()
    process = another()
    left = made_by_hand(kind, emulator, MARK, name="left behind by a killed run")["id"]
    theirs = made_by_hand(kind, emulator, "made by hand", name="theirs")["id"]
    of_another = {"owner": "project/stack/another", kind.provider.mark_in: "[pulumi:project/stack/another]"}
    process.up(kind.provider, {**kind.props, **of_another, "name": "theirs", "adopt": theirs})  # lists
    process.destroy(kind.provider, old)
    assert process.up(kind.provider, {**kind.props, "name": "of the program's own"}).id == left


# Another's mark on what is in the state

THEIRS = "[pulumi:project/other/it]"


def given_away(kind: Kind, emulator: Emulator, state: State, text: str = f"text {THEIRS}") -> dict[str, Any]:
    """Somebody takes our mark out, and another stack adopts the object."""
    emulator.calls()
    if kind.name == "integration":
        at = f"{kind.at(state.id)}/config/current"
        emulator.by_hand("PUT", at, {**emulator.by_hand("GET", at), "notes": text})
    else:
        emulator.change(kind.name, state.id, description=text)
    return entities(kind, emulator)[0]


def test_another_stacks_object_is_not_taken_back_by_an_update(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    theirs = given_away(kind, emulator, state)
    props = {**kind.props, "enabled": False}
    for known in (state, process.refresh(kind.provider, state)):
        text = printed(functools.partial(process.up, kind.provider, props, known))
        assert text == (
            f"GenesysError: {kind.name} {state.id} belongs to project/other/it now: take the resource out of this"
            " program, which leaves it alone, or, when nothing manages it there any more, take"
            f" {THEIRS} out of its {kind.provider.mark_in}\n"
        )
    assert entities(kind, emulator) == [theirs]
    assert not [call for call in emulator.calls() if not call.startswith(("GET", "POST /oauth"))]


def test_nor_deleted_and_the_destroy_ends_with_a_warning(
    kind: Kind, process: Process, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    state = process.up(kind.provider, kind.props)
    theirs = given_away(kind, emulator, state)
    capsys.readouterr()
    process.destroy(kind.provider, state)
    assert entities(kind, emulator) == [theirs]
    assert capsys.readouterr().err == (
        f"warning: {kind.name} {state.id} belongs to project/other/it now: it was left alone, and is in this state no"
        " more; where nothing manages it there any more, delete it by hand\n"
    )
    assert emulator.calls()[-1] == f"GET {kind.at(state.id)}"


@pytest.mark.parametrize("text", ["text", f"text {MARK}"])
def test_a_mark_that_is_held_fast_while_the_owner_changes_is_told_before_anything_is(
    text: str, kind: Kind, process: Process, emulator: Emulator
) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    field = kind.provider.mark_in
    renamed = {**with_owner(kind, "project/stack/new"), field: text}
    with pytest.raises(Refused) as refused:
        process.up(kind.provider, renamed, state)
    told = f"{field} ends without the mark [pulumi:project/stack/new]: take `{field}` out of `ignore_changes`"
    assert refused.value.problems == [told]
    process.check(kind.provider, {**renamed, field: UNKNOWN}, state)
    process.check(kind.provider, {**renamed, "owner": UNKNOWN}, state)
    process.check(kind.provider, {**kind.props, field: "what somebody wrote, and the program ignores"}, state)
    assert emulator.calls() == []


@pytest.mark.parametrize("text", ["text", "this [and that] is no mark"])
def test_one_that_lost_its_mark_is_still_ours(text: str, kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    given_away(kind, emulator, state, text)
    emulator.calls()
    state = process.up(kind.provider, {**kind.props, "enabled": False}, state)
    assert text_of(kind, entities(kind, emulator)[0]) == f"text {MARK}"
    given_away(kind, emulator, state, "text")
    process.destroy(kind.provider, state)
    assert entities(kind, emulator) == []


def test_one_that_was_renamed_without_an_answer_is_ours_by_either_name(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    state = another().up(kind.provider, kind.props)
    renamed, process = with_owner(kind, "project/new/it"), another()
    emulator.fault("PUT", kind.writes, when="after", status=400)
    assert f"PUT {kind.at(state.id)}" in printed(lambda: process.up(kind.provider, renamed, state))
    changed = process.up(kind.provider, renamed, state)
    assert text_of(kind, entities(kind, emulator)[0]) == "text [pulumi:project/new/it]"
    process.destroy(kind.provider, changed)
    assert entities(kind, emulator) == []


WITHIN = "project/stack/app:index:Group::it"


@pytest.mark.parametrize(
    ("before", "owner"),
    [(OWNER, "project/stack/new"), (OWNER, WITHIN), ("project/stack/my:module/index:Group::it", OWNER)],
)
def test_and_is_deleted_by_either_where_the_stack_is_the_same(
    before: str,
    owner: str,
    kind: Kind,
    another: Callable[..., Process],
    emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = another().up(kind.provider, with_owner(kind, before))
    emulator.fault("PUT", kind.writes, when="after", status=400)
    process = another()
    assert f"PUT {kind.at(state.id)}" in printed(lambda: process.up(kind.provider, with_owner(kind, owner), state))
    assert text_of(kind, entities(kind, emulator)[0]) == f"text [pulumi:{owner}]"
    known = another().refresh(kind.provider, state)
    assert known
    capsys.readouterr()
    another().destroy(kind.provider, known)
    assert entities(kind, emulator) == []
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize("adopts", ["in this run", "before"])
def test_but_not_where_another_resource_of_the_stack_has_adopted_it(
    adopts: str, kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    first = another().up(kind.provider, kind.props)
    given_away(kind, emulator, first, "text")
    emulator.calls()
    process, props = another(), {**with_owner(kind, "project/stack/second"), "adopt": first.id}
    second = process.up(kind.provider, props)
    if adopts == "before":
        process = another()
        assert not process.changes(kind.provider, props, second)
    before = entities(kind, emulator)
    process.destroy(kind.provider, first)
    assert [each["id"] for each in before] == [second.id]
    assert entities(kind, emulator) == before


def test_a_renaming_whose_answer_was_lost_may_be_taken_back(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    state, process = another().up(kind.provider, kind.props), another()
    emulator.fault("PUT", kind.writes, when="after", status=400)
    printed(lambda: process.up(kind.provider, with_owner(kind, "project/stack/new"), state))
    assert text_of(kind, entities(kind, emulator)[0]) == "text [pulumi:project/stack/new]"
    another().up(kind.provider, {**kind.props, "enabled": False}, state)
    assert text_of(kind, entities(kind, emulator)[0]) == f"text {MARK}"


def second_of(kind: Kind) -> dict[str, Any]:
    """Another resource's properties, which makes no other source."""
    return {**with_owner(kind, "project/stack/second"), "name": "second"}


def refused_as_two(kind: Kind, id_: str) -> str:
    return (
        f"GenesysError: {kind.name} {id_} is {OWNER} in this program already, and can't be project/stack/second too:"
        " take one of them out of the program, which leaves the object alone\n"
    )


def test_one_object_does_not_become_two_resources_of_a_program(
    kind: Kind, process: Process, emulator: Emulator
) -> None:
    first = process.up(kind.provider, kind.props)
    given_away(kind, emulator, first, "text")
    before = entities(kind, emulator)
    text = printed(lambda: process.up(kind.provider, {**second_of(kind), "adopt": first.id}))
    assert text == refused_as_two(kind, first.id)
    assert entities(kind, emulator) == before


def test_nor_is_it_deleted_with_the_one_that_leaves_the_program(
    kind: Kind, another: Callable[..., Process], emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a state may have it from elsewhere."""
    first = another().up(kind.provider, kind.props)
    second = dataclasses.replace(first, outputs={**first.outputs, "owner": "project/stack/second"})
    process = another()
    process.changes(kind.provider, kind.props, first)
    text = printed(lambda: process.changes(kind.provider, second_of(kind), second))
    assert text == refused_as_two(kind, first.id)
    process = another()
    process.changes(kind.provider, second_of(kind), second)
    before = entities(kind, emulator)
    capsys.readouterr()
    process.destroy(kind.provider, first)
    assert entities(kind, emulator) == before
    told = f"warning: {kind.name} {first.id} is left alone: it is project/stack/second too, which is in the program\n"
    assert capsys.readouterr().err == told


def test_what_the_engine_asks_of_a_state_while_it_refreshes_claims_nothing(
    kind: Kind, another: Callable[..., Process]
) -> None:
    """For the old name of what is renamed in the same run."""
    state, process = another().up(kind.provider, kind.props), another()
    found = process.configured(kind.provider).diff(state.id, travel(state.outputs), travel(state.inputs, True))
    assert not found.changes
    renamed = process.up(kind.provider, with_owner(kind, "project/stack/new"), state)
    assert renamed.inputs["owner"] == "project/stack/new"


# Lost answers

LOST: list[dict[str, Any]] = [
    {"when": "after", "drop": True},
    {"when": "after", "status": 503},
    {"when": "after", "status": 500},
    {"when": "after", "status": 408},
    {"when": "before", "drop": True},
    {"when": "before", "status": 504},
]


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_a_lost_answer_to_a_create_leaves_one_object(
    fault: dict[str, Any], kind: Kind, process: Process, emulator: Emulator
) -> None:
    emulator.fault("POST", kind.path, **fault)
    state = process.up(kind.provider, kind.props)
    assert [entity["id"] for entity in entities(kind, emulator)] == [state.id]
    assert process.refresh(kind.provider, state) == state


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_several_in_a_row_too(fault: dict[str, Any], kind: Kind, process: Process, emulator: Emulator) -> None:
    emulator.fault("POST", kind.path, **fault, times=2)
    emulator.fault("GET", kind.path, drop=True, times=2)
    emulator.fault("PUT", kind.writes, when="after", drop=True)
    state = process.up(kind.provider, kind.props)
    assert [entity["id"] for entity in entities(kind, emulator)] == [state.id]


def test_a_lost_answer_does_not_take_another_of_the_name(kind: Kind, process: Process, emulator: Emulator) -> None:
    theirs = made_by_hand(kind, emulator, "made by hand")
    emulator.fault("POST", kind.path, drop=True)
    with pytest.raises(Exception, match="which no stack made"):
        process.up(kind.provider, kind.props)
    assert entities(kind, emulator) == [theirs]


@pytest.mark.parametrize("fault", [fault for fault in LOST if fault.get("status") != 500], ids=str)
def test_a_lost_answer_to_a_change_or_a_delete_is_no_harm(
    fault: dict[str, Any], kind: Kind, process: Process, emulator: Emulator
) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.fault("PUT", kind.writes, **fault)
    text = kind.provider.mark_in
    state = process.up(kind.provider, {**kind.props, text: kind.other[text]}, state)
    assert text_of(kind, entities(kind, emulator)[0]) == kind.other[text]
    emulator.fault("DELETE", kind.at(state.id), **fault)
    process.destroy(kind.provider, state)
    assert entities(kind, emulator) == []


def test_what_the_list_shows_only_after_a_while_is_looked_for_again(
    kind: Kind, process: Process, emulator: Emulator, together: Together
) -> None:
    emulator.door("POST", "lag", {"seconds": 4})
    emulator.fault("POST", kind.path, when="after", drop=True)
    state = process.up(kind.provider, kind.props)
    assert [entity["id"] for entity in entities(kind, emulator)] == [state.id]
    assert sum(together) >= 4


def test_a_duplicate_that_the_list_does_not_show_is_told(kind: Kind, process: Process, emulator: Emulator) -> None:
    emulator.fault("POST", kind.path, status=409, times=8)
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert text.startswith(f"GenesysError: POST {kind.path}: 409 conflict: ")
    assert text.endswith("; another one has that name: choose another `name`\n")


# Refusals


@of_one_request
@pytest.mark.parametrize("missing", ["read", "write"])
def test_a_403_names_the_scope_that_is_missing(missing: str, kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    scope = f"event:{kind.name}:{missing}"
    emulator.door("POST", "scopes", {"remove": [scope]})
    call: Callable[[], object] = (
        (lambda: process.refresh(kind.provider, state))
        if missing == "read"
        else (lambda: process.up(kind.provider, {**kind.props, "enabled": False}, state))
    )
    text = printed(call)
    assert "403 missing.any.permissions" in text
    assert f"the client lacks {scope};" in text


def test_a_host_without_the_tutorials_api_points_at_the_real_way(
    strict: Emulator, another: Callable[..., Process]
) -> None:
    kind, url = webhook(), strict.served.url
    process = another(config={"loginUrl": url, "apiUrl": url})
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert text.startswith("GenesysError: GET /api/v2/events/webhooks: 404 ")
    assert "that API is the tutorial's, not one of Genesys Cloud" in text
    assert "`delivery: partner`" in text
    text = printed(lambda: process.up(kind.provider, {**kind.props, "adopt": "an-id"}))
    assert "`delivery: partner`" in text


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"environ": {"GENESYS_ORG_ID": "another-org"}},
        {"config": {"loginUrl": None, "apiUrl": None, "region": "euc1"}},
    ],
    ids=["another organisation", "not this machine"],
)
def test_another_organisation_is_refused_before_any_call(
    elsewhere: dict[str, Any],
    kind: Kind,
    process: Process,
    emulator: Emulator,
    another: Callable[..., Process],
) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.calls()
    elsewhere_process = another(**elsewhere)
    changed = {**kind.props, "enabled": False}
    for call in (
        lambda: elsewhere_process.changes(kind.provider, changed, state),
        lambda: elsewhere_process.refresh(kind.provider, state),
        lambda: elsewhere_process.configured(kind.provider).update(state.id, state.outputs, travel(changed)),
        lambda: elsewhere_process.destroy(kind.provider, state),
    ):
        text = printed(call)
        assert text.startswith(f"GenesysError: {kind.name} {state.id} lives in organisation {ORG} (loopback), but ")
        assert ("another-org (loopback)" in text) or (f"{ORG} (api.mypurecloud.de)" in text)
        assert text.endswith(": nothing was read or changed; use a stack of its own for each organisation\n")
    assert emulator.calls() == []


def test_its_id_in_another_case_is_the_same_organisation(
    kind: Kind, process: Process, emulator: Emulator, another: Callable[..., Process]
) -> None:
    state = process.up(kind.provider, kind.props)
    outputs = {**state.outputs, "org": {**state.outputs["org"], "id": ORG.upper()}}  # as a former release kept it
    upper = dataclasses.replace(state, outputs=outputs)
    emulator.fault("GET", "/api/v2/organizations/me", status=200, body={"id": ORG.upper()})
    process = another(environ={"GENESYS_ORG_ID": ORG.upper()})
    changed = process.up(kind.provider, {**kind.props, "enabled": False}, upper)
    process.destroy(kind.provider, changed)
    assert entities(kind, emulator) == []


def test_another_port_of_this_machine_is_the_same_place(
    kind: Kind, process: Process, emulator: Emulator, another: Callable[..., Process]
) -> None:
    state = process.up(kind.provider, kind.props)
    url = emulator.served.url.replace("127.0.0.1", "localhost")
    assert another(config={"loginUrl": url, "apiUrl": url}).refresh(kind.provider, state) == state


WRONG_ORG = {"GENESYS_ORG_ID": "another-org"}


def in_another(state: State) -> State:
    """As the state would be of a former release, which made objects without asking for the organisation."""
    return dataclasses.replace(state, outputs={**state.outputs, "org": {**state.outputs["org"], "id": "another-org"}})


def test_credentials_of_another_organisation_make_and_change_nothing(
    kind: Kind, emulator: Emulator, another: Callable[..., Process]
) -> None:
    mine = another().up(kind.provider, kind.props)
    before = entities(kind, emulator)
    process, state = another(environ=WRONG_ORG), in_another(mine)
    for call in (
        lambda: process.up(kind.provider, {**with_owner(kind, "project/stack/another"), "name": "another"}),
        lambda: process.up(kind.provider, {**kind.props, "adopt": mine.id}),
        lambda: process.up(kind.provider, {**kind.props, "enabled": False}, state),
        lambda: process.destroy(kind.provider, state),
    ):
        assert f"these credentials belong to organisation {ORG}, but GENESYS_ORG_ID" in printed(call)
    assert entities(kind, emulator) == before


def test_with_them_an_object_is_not_taken_for_gone(
    kind: Kind, emulator: Emulator, another: Callable[..., Process]
) -> None:
    state = in_another(another().up(kind.provider, kind.props))
    process = another(environ=WRONG_ORG)
    emulator.fault("GET", kind.at(state.id), status=404)
    assert "these credentials belong to organisation" in printed(lambda: process.refresh(kind.provider, state))


def test_nor_when_the_host_lacks_the_whole_api(kind: Kind, process: Process, emulator: Emulator) -> None:
    state = process.up(kind.provider, kind.props)
    emulator.fault("GET", kind.at(state.id), status=404)
    emulator.fault("GET", kind.path, status=404)
    assert f"GET {kind.path}: 404 " in printed(lambda: process.refresh(kind.provider, state))


def test_nor_is_it_forgotten_by_a_destroy_that_cannot_reach_it(
    kind: Kind, another: Callable[..., Process], emulator: Emulator
) -> None:
    state, process = another().up(kind.provider, kind.props), another()
    emulator.fault("DELETE", kind.at(state.id), status=404)
    emulator.fault("GET", kind.path, status=404)
    assert f"GET {kind.path}: 404 " in printed(lambda: process.destroy(kind.provider, state))
    assert [entity["id"] for entity in entities(kind, emulator)] == [state.id]


@of_one_request
@pytest.mark.parametrize("status", [404, 403], ids=["unknown", "may-not-ask"])
def test_who_cannot_ask_for_the_organisation_is_taken_at_his_word(
    status: int, kind: Kind, emulator: Emulator, another: Callable[..., Process]
) -> None:
    emulator.fault("GET", "/api/v2/organizations/me", status=status, times=2)
    process = another(environ=WRONG_ORG)
    state = process.up(kind.provider, kind.props)
    process.destroy(kind.provider, state)
    assert entities(kind, emulator) == []


def test_a_check_that_fails_is_told_without_a_call(kind: Kind, process: Process, emulator: Emulator) -> None:
    with pytest.raises(Refused) as refused:
        process.up(kind.provider, {**kind.props, "name": "x" * 129, "enabled": "yes"})
    assert refused.value.problems == [
        "name must be a text of 1 to 128 characters, not 129",
        "enabled must be true or false",
    ]
    assert emulator.calls() == []


def test_what_is_no_text_has_no_length(kind: Kind, process: Process) -> None:
    with pytest.raises(Refused) as refused:
        process.check(kind.provider, {**kind.props, "name": 7})
    assert refused.value.problems == ["name must be a text of 1 to 128 characters"]


def test_a_name_may_have_all_the_characters_that_the_check_speaks_of(kind: Kind, process: Process) -> None:
    for name in ("x", "x" * 128):
        assert process.up(kind.provider, {**kind.props, "name": name}).inputs["name"] == name


def test_what_the_platform_refuses_is_one_line_with_the_field(kind: Kind, process: Process, emulator: Emulator) -> None:
    details = [{"fieldName": "name", "errorCode": "invalid.value"}]
    body = {"code": "invalid.value", "message": "First\nsecond.", "status": 400, "details": details}
    emulator.fault("POST", kind.path, status=400, body=body)
    text = printed(lambda: process.up(kind.provider, kind.props))
    pattern = rf"GenesysError: POST {kind.path}: 400 invalid.value: First second \(name: invalid.value\)"
    assert re.fullmatch(rf"{pattern} \[correlation id [0-9a-f-]+\]; correct the resource's arguments\n", text)


def test_a_wrong_setting_is_one_line(kind: Kind, another: Callable[..., Process], emulator: Emulator) -> None:
    process = another(environ={"GENESYS_CLIENT_SECRET": ""})
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert text.startswith("GenesysError: no Genesys client secret: set GENESYS_CLIENT_SECRET in the environment, or")
    assert text.count("\n") == 1


# Secrets


def test_no_secret_is_in_an_error_even_when_the_server_repeats_it(
    emulator: Emulator, another: Callable[..., Process]
) -> None:
    key, header = 'of/the "key"=', 'of/the "header"='
    process = another()
    kind = webhook()
    props = {**kind.props, "signingKey": key, "headerOverrides": {"Authorization": header}}
    state = process.up(kind.provider, props)
    token = session.client()._http.auth._token  # type: ignore[union-attr]
    basic = f"{ENVIRON['GENESYS_CLIENT_ID']}:{ENVIRON['GENESYS_CLIENT_SECRET']}"
    for secret in (key, header, token, ENVIRON["GENESYS_CLIENT_SECRET"], basic):
        for form in forms(secret):
            body = {"code": "invalid.value", "message": f"Value [{form}] is wrong", "status": 400}
            emulator.fault("PUT", kind.at(state.id), status=400, body=body)
            emulator.fault("POST", kind.path, status=400, body=body)
            for call in (
                lambda: process.up(kind.provider, {**props, "enabled": False}, state),
                lambda: process.up(kind.provider, props),
            ):
                text = printed(call)
                assert "Value [[secret]] is wrong" in text
                assert form not in text


def test_nor_is_one_that_only_the_server_had(
    emulator: Emulator, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, header = webhook(), "added by hand"
    state = process.up(kind.provider, {**kind.props, "headerOverrides": {"Authorization": header}})
    for method, call in (
        ("PUT", lambda: process.up(kind.provider, {**kind.props, "headerOverrides": {}}, state)),
        ("DELETE", lambda: process.destroy(kind.provider, state)),
        ("GET", lambda: process.refresh(kind.provider, state)),
    ):
        monkeypatch.setattr(redaction, "_hidden", set())  # as in a process that has not sent it
        body = {"code": "invalid.value", "message": f"Value {header} stays", "status": 400}
        emulator.fault(method, kind.at(state.id), status=400, body=body)
        assert "Value [secret] stays" in printed(call)


def test_nor_is_one_of_an_object_that_is_taken_over(emulator: Emulator, process: Process) -> None:
    kind = webhook()
    theirs = made_by_hand(kind, emulator, "made by hand")
    body = {"code": "invalid.value", "message": f"Value {kind.props['headerOverrides']['X-One']} stays", "status": 400}
    emulator.fault("PUT", kind.at(theirs["id"]), status=400, body=body)
    props = {**kind.props, "headerOverrides": {}, "adopt": theirs["id"]}
    assert "Value [secret] stays" in printed(lambda: process.up(kind.provider, props))


@pytest.mark.parametrize("shown", [1, 5, 12])
def test_nor_is_the_beginning_of_one_where_a_long_message_ends(
    shown: int, emulator: Emulator, process: Process
) -> None:
    kind = webhook()
    key = kind.props["signingKey"]
    assert len(key) == 13
    body = {"code": "invalid.value", "message": "x" * (300 - shown) + key, "status": 400}
    emulator.fault("POST", kind.path, status=400, body=body)
    left = "[secret]"[:shown]
    assert f"{'x' * (300 - shown)}{left} [" in printed(lambda: process.up(kind.provider, kind.props))


def test_no_secret_is_in_what_check_says(process: Process) -> None:
    kind = webhook()
    bad = {
        "signingKey": "hunter2" * 200,
        "headerOverrides": {"Authorization": "hunter2\nX: y"},
        "destinationUrl": "https://me:hunter2@example.com",
    }
    with pytest.raises(Refused) as refused:
        process.check(kind.provider, {**kind.props, **bad})
    assert len(refused.value.problems) == 3
    assert "hunter2" not in str(refused.value.problems)
    failures = kind.provider.check({}, travel({**kind.props, **bad})).failures
    assert [failure.property for failure in failures] == [""] * 3, "Pulumi prints the value of the property named"


@of_one_request
def test_waiting_is_told_and_keeps_the_limit(
    kind: Kind, emulator: Emulator, another: Callable[..., Process], waits: Waits, capsys: pytest.CaptureFixture[str]
) -> None:
    process = another(config={"timeoutSeconds": 20.0})
    emulator.fault("POST", kind.path, status=429, headers={"Retry-After": "15"}, times=2)
    text = printed(lambda: process.up(kind.provider, kind.props))
    assert "429 too.many.requests" in text
    assert waits == [15]
    assert f"info: POST {kind.path}: 429 too.many.requests: trying again in 15 s\n" in capsys.readouterr().err
