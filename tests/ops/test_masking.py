"""What `tail` shows of an event: what is listed, and nothing else."""

import json
from typing import Any

import pytest

from ops.masking import MASK, masked
from ops.samples import KINDS, sample

CONVERSATION = "2f7bf00a-0fc2-4d6a-9b56-92238191433e"
CANARIES = ("+1317555", "Jane", "jane@example.com", "Elm Street", "gold", "tel:")


def event(**body: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "6efd5506-3fd6-09a1-5599-09ae48bd6dd8",
        "detail-type": "v2.detail.events.conversation.{id}.acd.end",
        "source": "genesys.com/cloud/x",
        "detail": {
            "topicName": f"v2.detail.events.conversation.{CONVERSATION}.acd.end",
            "version": "2",
            "eventBody": body,
            "metadata": {"CorrelationId": "7272d362-23b2-4c14-9d40-dc7b7683153a"},
            "timestamp": "2026-02-18T14:01:11.204Z",
        },
    }


def body(**given: Any) -> dict[str, Any]:
    found: Any = masked(event(**given))["detail"]
    shown: dict[str, Any] = found["eventBody"]
    return shown


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_documented_event_only_numbers_of_people_are_masked(kind: str) -> None:
    given = sample(kind)["eventBody"]
    assert {name for name, value in body(**given).items() if value == MASK} == {"ani", "dnis"}
    assert {name: value for name, value in body(**given).items() if value != MASK} == {
        name: value for name, value in given.items() if name not in ("ani", "dnis")
    }


def test_envelope_topic_and_correlation_are_shown() -> None:
    given = event(mediaType="VOICE")
    assert masked(given) == given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ani", "tel:+13175550100"),
        ("address", "jane@example.com"),
        ("addressNormalized", "sip:+13175550100@10.0.0.1"),
        ("name", "Jane Doe"),
        ("attributes", {"tier": "gold", "Jane Doe": "1"}),
        ("self", {"name": "Jane", "addressRaw": "tel:+13175550100"}),
        ("note", "12 Elm Street"),
        ("anythingNew", "Jane"),
        ("anythingNew", {"Jane": [1]}),
        ("anythingNew", ["Jane"]),
        ("anythingNew", True),
        ("anythingNew", 13175550100),
        ("queueId", "+13175550100"),
        ("userId", "jane@example.com"),
        ("externalIds", ["+13175550100"]),
        ("mediaType", "+13175550100"),
        ("mediaType", "jane@example.com"),
        ("eventTime", "call +13175550100"),
        ("conversationExternalContactIds", ["Jane"]),
        ("id", "13175550100"),
    ],
)
def test_whatever_is_not_known_to_be_harmless_is_masked(name: str, value: object) -> None:
    text = json.dumps(masked(event(**{name: value})))
    assert not [canary for canary in CANARIES if canary in text]
    assert body(**{name: value})[name] in (MASK, [MASK])


def test_people_within_participants_are_masked_and_ids_are_not() -> None:
    given = {"id": CONVERSATION, "purpose": "customer", "name": "Jane", "calls": [{"id": CONVERSATION, "held": True}]}
    [shown] = body(participants=[given])["participants"]
    assert shown == {**given, "name": MASK}


def test_an_event_of_another_shape_shows_its_envelope_alone() -> None:
    assert masked({"id": "1", "detail": "Jane", "other": "Jane"}) == {"id": "1", "detail": MASK, "other": MASK}


def test_a_topic_with_something_else_in_it_is_masked() -> None:
    given = event()
    given["detail"]["topicName"] = "v2.users.jane@example.com.presence"
    shown: Any = masked(given)["detail"]
    assert shown["topicName"] == MASK
