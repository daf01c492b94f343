from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesys_provider.subscription import SubscriptionProvider
from tests.support.provider import UNKNOWN, Emulator, Process, Refused, assert_read_back, travel
from tests.support.strategies import json_values, names, owned, with_one_of_any_kind

PROVIDER = SubscriptionProvider()
PROPS: dict[str, Any] = {
    "name": "a subscription",
    "description": "[pulumi:p/s/it]",
    "owner": "p/s/it",
    "eventTypes": ["routing.queueEvent", "conversation.event"],
}


@pytest.fixture
def props(emulator: Emulator) -> dict[str, Any]:
    body = {"name": "a hook", "destinationUrl": "https://example.com"}
    return {**PROPS, "webhookId": emulator.by_hand("POST", "/api/v2/events/webhooks", body)["id"]}


def test_defaults(process: Process) -> None:
    inputs = process.check(PROVIDER, {**PROPS, "webhookId": "w"})
    del inputs["__provider"], inputs["owner"]
    assert inputs == {
        "name": "a subscription",
        "description": "[pulumi:p/s/it]",
        "eventTypes": ["routing.queueEvent", "conversation.event"],
        "attributes": {},
        "enabled": True,
        "deliveryMode": "PUSH",
        "webhookId": "w",
    }


def test_the_filter_is_one_object_to_the_platform(process: Process, emulator: Emulator, props: dict[str, Any]) -> None:
    process.up(PROVIDER, {**props, "attributes": {"queueId": "q"}})
    [entity] = emulator.entities("subscription")
    assert entity["filter"] == {"eventType": PROPS["eventTypes"], "attributes": {"queueId": "q"}}
    assert entity["deliveryMode"] == "PUSH"
    assert entity["transform"] is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "x" * 129}, "name must be a text of 1 to 128 characters, not 129"),
        ({"eventTypes": []}, "eventTypes must be a list of at least one event type, such as routing.queueEvent"),
        ({"eventTypes": None}, "eventTypes must be a list"),
        ({"eventTypes": "routing.queueEvent"}, "eventTypes must be a list"),
        ({"eventTypes": ["a", 1]}, "eventTypes must be a list"),
        ({"eventTypes": [""]}, "eventTypes must be a list"),
        ({"attributes": {"a": 1}}, "attributes must be a map of texts by name"),
        ({"attributes": ["a"]}, "attributes must be a map of texts by name"),
        ({"deliveryMode": "PULL"}, "deliveryMode must be PUSH"),
        ({"webhookId": ""}, "webhookId must be the id of a webhook"),
        ({"webhookId": None}, "webhookId must be the id of a webhook"),
        ({"enabled": 1}, "enabled must be true or false"),
        ({"transform": {"most": [float("inf")]}}, "transform has something in it that JSON can't say: a number"),
    ],
)
def test_what_is_wrong_is_told_by_the_name_of_the_field(
    change: dict[str, Any], says: str, process: Process, emulator: Emulator
) -> None:
    with pytest.raises(Refused) as refused:
        process.up(PROVIDER, {**PROPS, "webhookId": "w", **change})
    [problem] = refused.value.problems
    assert problem.startswith(says)
    assert emulator.calls() == []


def test_the_order_of_event_types_means_nothing(process: Process, emulator: Emulator, props: dict[str, Any]) -> None:
    state = process.up(PROVIDER, props)
    turned = PROPS["eventTypes"][::-1]
    assert not process.changes(PROVIDER, {**props, "eventTypes": turned}, state)
    emulator.calls()
    filter_ = emulator.entities("subscription")[0]["filter"]
    emulator.change("subscription", state.id, filter={**filter_, "eventType": turned})
    assert process.refresh(PROVIDER, state) == state


def test_one_that_is_not_known_yet_is_a_change(process: Process, props: dict[str, Any]) -> None:
    state = process.up(PROVIDER, props)
    assert process.changes(PROVIDER, {**props, "eventTypes": ["conversation.event", UNKNOWN]}, state)


def test_a_webhook_that_does_not_exist_is_told_by_the_platform(process: Process) -> None:
    with pytest.raises(Exception, match=r"400 invalid.value: webhookId must be .* \(webhookId: invalid.value\)"):
        process.up(PROVIDER, {**PROPS, "webhookId": "nowhere"})


subscriptions = st.fixed_dictionaries(
    {
        "name": st.text(st.characters(exclude_categories=["Cs"]), max_size=130),
        "eventTypes": st.lists(st.sampled_from(["routing.queueEvent", "conversation.event"]), max_size=3),
    },
    optional={
        "description": st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
        "attributes": st.dictionaries(names, names, max_size=3),
        "enabled": st.booleans(),
        "transform": json_values,
    },
)


# What event types there are, and whether a webhook exists, is the platform's to judge.
JUDGED = ["name", "description", "attributes", "enabled", "deliveryMode", "transform"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(with_one_of_any_kind(subscriptions, JUDGED))
def test_what_passes_check_is_taken_and_read_back_without_a_difference(
    process: Process, emulator: Emulator, props: dict[str, Any], given_props: dict[str, Any]
) -> None:
    emulator.door("POST", "ratelimit", {"allowed": 10**6})
    given_props = {**owned(given_props, "p/s/it"), "webhookId": props["webhookId"]}
    assert_read_back(process, PROVIDER, given_props)


@given(subscriptions)
@settings(deadline=None)
def test_a_body_read_as_an_entity_is_what_it_was_made_of(props: dict[str, Any]) -> None:
    full = travel({**{field.name: field.default for field in PROVIDER.fields}, **props})
    found = {name: value for name, value in PROVIDER.from_entity(PROVIDER.to_body(full)).items() if value is not None}
    assert found == full
