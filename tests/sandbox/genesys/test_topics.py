"""`availabletopics`: what the organisation can be told of, and over which transport."""

from typing import Any

import pytest

from sandbox.genesys.topics import known, template_of
from tests.support.genesys_emulator import Emulator

TOPICS = "/api/v2/notifications/availabletopics"


def topics(emulator: Emulator, **query: Any) -> dict[str, dict[str, Any]]:
    answer = emulator.api.get(TOPICS, params=query).raise_for_status().json()
    assert set(answer) == {"entities"}  # no pages, unlike other lists
    return {topic["id"]: topic for topic in answer["entities"]}


def test_the_routing_conversation_and_user_topics_of_eventbridge_are_there(emulator: Emulator) -> None:
    found = topics(emulator, expand="transports")
    kinds = ["acd.start", "acd.end", "acw", "attributes", "contact", "outbound", "wrapup"]
    kinds += [f"{what}.{end}" for what in ("customer", "flow", "user", "voicemail") for end in ("start", "end")]
    expected = [
        *(f"v2.detail.events.conversation.{{id}}.{kind}" for kind in [*kinds, "flow.outcome"]),
        *(f"v2.users.{{id}}.{kind}" for kind in ("activity", "presence", "routingStatus", "geolocation")),
        "v2.routing.queues.{id}.users",
        "v2.conversations.{id}.transcription",
        "v2.audits.entitytype.{id}.entityid.{id}",
    ]
    for id in expected:
        assert {"EventBridge", "All"} & set(found[id]["transports"]), id
    assert found["v2.routing.queues.{id}.conversations"]["transports"] == ["Websocket"]
    assert any("All" in topic["transports"] for topic in found.values())


def test_a_topic_has_its_id_alone_until_more_is_asked_for(emulator: Emulator) -> None:
    id = "v2.audits.entitytype.{id}.entityid.{id}"
    assert topics(emulator)[id] == {"id": id}
    assert set(topics(emulator, expand="description,visibility")[id]) == {"id", "description", "visibility"}
    assert set(topics(emulator, expand=["transports", "topicParameters"])[id]) == {
        "id",
        "transports",
        "topicParameters",
    }
    whole = topics(emulator, expand="description,transports,topicParameters,visibility,requiresPermissions,schema")[id]
    assert whole["topicParameters"] == ["entitytype id", "entityid id"]
    assert whole["visibility"] == "Public"
    assert whole["description"]
    answer = emulator.api.get(TOPICS, params={"expand": "transport"})
    assert (answer.status_code, answer.json()["details"][0]["fieldName"]) == (400, "expand")


def test_topics_need_a_token_and_no_permission(emulator: Emulator) -> None:
    assert emulator.plain.get(TOPICS).status_code == 401
    emulator.door("POST", "scopes", remove=emulator.door("GET", "scopes")["scopes"])
    assert emulator.api.get(TOPICS).status_code == 200


def test_the_door_changes_what_the_organisation_has_until_a_reset(emulator: Emulator) -> None:
    before = topics(emulator)
    removed, added = "v2.detail.events.conversation.{id}.acd.end", "v2.things.{id}"
    emulator.door(
        "POST", "topics", remove=[removed], add=[{"id": added, "visibility": "Preview", "transports": ["EventBridge"]}]
    )
    assert set(topics(emulator)) == set(before) - {removed} | {added}
    assert added not in topics(emulator, includePreview="false")
    emulator.door("POST", "reset")
    emulator.log_in()
    assert topics(emulator) == before


def test_an_integration_takes_the_topics_that_the_organisation_has(emulator: Emulator) -> None:
    def put(topic: str) -> int:
        made = emulator.api.post(
            "/api/v2/integrations", json={"name": "x", "integrationType": {"id": "amazon-eventbridge-source"}}
        ).json()
        properties = {
            "awsAccountId": "123456789012",
            "awsAccountRegion": "us-east-1",
            "eventSourceSuffix": made["id"],
            "eventFilter": [topic],
        }
        body = {"version": 1, "properties": properties}
        return emulator.api.put(f"{made['selfUri']}/config/current", json=body).status_code

    presence = "v2.users.{id}.presence"
    assert (put(presence), put("v2.things.{id}")) == (200, 400)
    emulator.door("POST", "topics", remove=[presence], add=[{"id": "v2.things.{id}"}])
    assert (put(presence), put("v2.things.{id}")) == (400, 200)


@pytest.mark.parametrize(
    "body", [{"add": [{"description": "no id"}]}, {"add": ["v2.x"]}, {"add": "v2.x"}, {"drop": []}]
)
def test_the_door_says_what_it_does_not_understand(emulator: Emulator, body: dict[str, Any]) -> None:
    assert emulator.plain.post("/_sandbox/topics", json=body).status_code == 400


def test_the_list_is_in_order(emulator: Emulator) -> None:
    ids = [topic.id for topic in known()]
    assert len(set(ids)) == len(ids) > 50
    for topic in known():
        assert topic.id.startswith("v2.")
        assert topic.description
        assert set(topic.transports) <= {"EventBridge", "Websocket", "All"}


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("v2.users.278522be-1683-4877-8257-4164a177be89.presence", "v2.users.{id}.presence"),
        ("v2.users.a.b.presence", None),
        ("v2.users..presence", None),
        ("v2.users.x.presences", None),
        ("v2xusers.x.presence", None),
        ("v2.audits.entitytype.OAuthClient.entityid.7", "v2.audits.entitytype.{id}.entityid.{id}"),
        ("", None),
    ],
)
def test_a_concrete_topic_is_of_a_template(topic: str, expected: str | None) -> None:
    assert template_of(topic, ["v2.users.{id}.presence", "v2.audits.entitytype.{id}.entityid.{id}"]) == expected
