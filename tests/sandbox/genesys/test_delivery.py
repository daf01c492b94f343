"""What a receiver gets, how often it is tried, and what is told of it."""

import base64
import hashlib
import hmac
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.genesys import delivery
from sandbox.genesys.delivery import Delivery
from sandbox.genesys.testing import serve
from tests.support.genesys_emulator import WEBHOOK, WEBHOOKS, Emulator, Receiver

KEY = "a kéy"


def subscribed(emulator: Emulator, target: Receiver, **changed: Any) -> dict[str, Any]:
    """A webhook to the receiver, with a subscription to queue events; two retries, a second apart (scaled)."""
    policy = {"retryCount": 2, "retryIntervalSeconds": 1}
    webhook = emulator.webhook(**{"destinationUrl": f"{target.url}/in", "retryPolicy": policy, **changed})
    emulator.subscription(webhook)
    return webhook


def outcomes(delivery: dict[str, Any]) -> list[Any]:
    return [attempt.get("statusCode", attempt.get("error")) for attempt in delivery["attempts"]]


def test_an_event_arrives_signed_and_is_accounted_for(emulator: Emulator, target: Receiver) -> None:
    webhook = subscribed(emulator, target, signingKey=KEY)
    [delivery] = emulator.emit(kind="acd.end")

    [got] = target.received
    assert (got.method, got.path) == ("POST", "/in")
    digest = hmac.new(KEY.encode("utf-8"), got.body, hashlib.sha256).digest()
    assert got.headers["X-Hub-Signature-256"] == "sha256=" + base64.b64encode(digest).decode("ascii")
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["User-Agent"] == "Genesys-EventBridge-Integration/1.0"

    event = json.loads(got.body)
    assert set(event) == {"topicName", "version", "eventBody", "metadata", "timestamp"}
    assert delivery["status"] == "DELIVERED"
    assert delivery["topicName"] == event["topicName"]
    assert delivery["eventId"] == hashlib.sha256(got.body).hexdigest()
    assert outcomes(delivery) == [200]
    assert emulator.read(webhook)["lastDeliveryStatus"] == "DELIVERED"
    listed = emulator.api.get(f"{webhook['selfUri']}/deliveries").json()
    assert (listed["entities"], listed["total"], listed["pageSize"]) == ([delivery], 1, 25)
    changed = emulator.api.put(webhook["selfUri"], json={**webhook, "description": "x"}).json()
    assert changed["lastDeliveryStatus"] == "DELIVERED"


def test_deliveries_are_listed_newest_first_and_for_one_webhook(emulator: Emulator, target: Receiver) -> None:
    webhook = subscribed(emulator, target)
    emulator.subscription(
        emulator.webhook(name="other", destinationUrl=target.url),
        name="other",
        filter={"eventType": ["conversation.event"]},
    )
    ids = [emulator.emit(kind=kind)[0]["id"] for kind in ("acd.start", "customer.end", "acd.end")]
    listed = emulator.api.get(f"{webhook['selfUri']}/deliveries", params={"pageSize": 1}).json()
    assert ([item["id"] for item in listed["entities"]], listed["total"]) == ([ids[2]], 2)
    assert [item["id"] for item in emulator.api.get(listed["nextUri"]).json()["entities"]] == [ids[0]]
    assert emulator.api.get(f"{WEBHOOKS}/unknown/deliveries").status_code == 404


def test_without_a_key_nothing_is_signed(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target, signingKey=None)
    emulator.emit(kind="acd.end")
    assert "X-Hub-Signature-256" not in target.received[0].headers


@pytest.mark.parametrize(
    ("change", "signed"), [({}, True), ({"signingKey": None}, False), ({"signingKey": "k2"}, True)]
)
def test_a_put_keeps_takes_away_or_changes_the_key(
    emulator: Emulator, target: Receiver, change: dict[str, Any], signed: bool
) -> None:
    webhook = subscribed(emulator, target, signingKey=KEY)
    emulator.api.put(webhook["selfUri"], json={**webhook, **change}).raise_for_status()
    emulator.emit(kind="acd.end")
    [got] = target.received
    key = change.get("signingKey", KEY)
    expected = "sha256=" + base64.b64encode(hmac.digest((key or "").encode(), got.body, "sha256")).decode()
    assert got.headers.get("X-Hub-Signature-256") == (expected if signed else None)


def test_the_webhooks_headers_replace_the_platforms_but_not_the_signature(emulator: Emulator, target: Receiver) -> None:
    subscribed(
        emulator,
        target,
        method="PUT",
        signingKey=KEY,
        headerOverrides={"content-type": "application/x-é", "X-Mine": "1", "x-hub-signature-256": "forged"},
    )
    emulator.emit(kind="acd.start")
    [got] = target.received
    headers = [(name.lower(), value) for name, value in got.headers.items()]
    assert got.method == "PUT"
    assert ("content-type", "application/x-é") in headers
    assert ("x-mine", "1") in headers
    assert [value.startswith("sha256=") for name, value in headers if name == "x-hub-signature-256"] == [True]


@pytest.mark.parametrize(
    ("answers", "status", "expected"),
    [
        ([500], "DELIVERED", [500, 200]),
        ([429, 503], "DELIVERED", [429, 503, 200]),
        ([502, 504, 500], "FAILED", [502, 504, 500]),
        ([204], "DELIVERED", [204]),
        ([202], "DELIVERED", [202]),
        ([400], "FAILED", [400]),
        ([401], "FAILED", [401]),
        ([403], "FAILED", [403]),
        ([404], "FAILED", [404]),
        ([408], "FAILED", [408]),
        ([413], "FAILED", [413]),
        ([500, 400], "FAILED", [500, 400]),
        ([{"Location": "/elsewhere"}], "FAILED", [302]),
    ],
)
def test_only_429_and_5xx_are_tried_again(
    emulator: Emulator, target: Receiver, answers: list[Any], status: str, expected: list[int]
) -> None:
    webhook = subscribed(emulator, target)
    target.answers = list(answers)
    [delivery] = emulator.emit(kind="acd.start")
    assert (delivery["status"], outcomes(delivery)) == (status, expected)
    assert emulator.read(webhook)["lastDeliveryStatus"] == status
    assert [got.path for got in target.received] == ["/in"] * len(expected)
    assert len({got.body for got in target.received}) == 1


def test_a_receiver_that_says_nothing_is_given_up_and_tried_again(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target)
    emulator.door("POST", "retry-scale", timeoutSeconds=0.2)
    target.answers = [60.0]
    [delivery] = emulator.emit(kind="acd.start")
    assert (delivery["status"], outcomes(delivery)) == ("DELIVERED", ["timeout", 200])
    assert 200 <= delivery["attempts"][0]["durationMs"] < 5000


def test_ten_seconds_are_given_for_an_answer_unless_told(emulator: Emulator) -> None:
    assert emulator.door("GET", "retry-scale")["timeoutSeconds"] == 10


def test_a_receiver_that_is_not_there_is_tried_again(emulator: Emulator, target: Receiver) -> None:
    webhook = subscribed(emulator, target, destinationUrl="http://127.0.0.1:1/")
    [delivery] = emulator.emit(kind="acd.start")
    assert (delivery["status"], outcomes(delivery)) == ("FAILED", ["ConnectError"] * 3)
    assert emulator.read(webhook)["lastDeliveryStatus"] == "FAILED"


def test_a_connection_cut_off_is_tried_again(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target)
    target.answers = [0.0]
    [delivery] = emulator.emit(kind="acd.start")
    assert delivery["status"] == "DELIVERED"
    assert [outcome == 200 for outcome in outcomes(delivery)] == [False, True]


def test_retries_are_as_far_apart_as_the_policy_says(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target, retryPolicy={"retryCount": 1, "retryIntervalSeconds": 30})
    emulator.door("POST", "retry-scale", factor=0.01)
    target.answers = [500]
    begun = time.monotonic()
    [delivery] = emulator.emit(kind="acd.start")
    assert 0.3 <= time.monotonic() - begun < 5
    assert outcomes(delivery) == [500, 200]


def test_no_retry_when_the_policy_has_none(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target, retryPolicy={"retryCount": 0, "retryIntervalSeconds": 1})
    target.answers = [500]
    assert outcomes(emulator.emit(kind="acd.start")[0]) == [500]


def test_a_webhook_put_right_takes_the_tries_that_are_left(emulator: Emulator, target: Receiver) -> None:
    webhook = subscribed(
        emulator,
        target,
        destinationUrl="http://127.0.0.1:1/",
        retryPolicy={"retryCount": 10, "retryIntervalSeconds": 1},
    )
    emulator.door("POST", "retry-scale", factor=0.3)
    [id] = emulator.door("POST", "emit", kind="acd.start")["deliveries"]
    emulator.api.put(webhook["selfUri"], json={**webhook, "destinationUrl": target.url}).raise_for_status()
    delivery = final(emulator, id)
    assert delivery["status"] == "DELIVERED"
    assert outcomes(delivery)[0] == "ConnectError"


def test_a_page_of_deliveries_costs_what_is_on_it(
    emulator: Emulator, target: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a listing of thousands takes minutes: each page would write out all of them."""
    webhook = subscribed(emulator, target)
    engine = emulator.cloud.engine
    for number in range(1000):
        engine.keep(Delivery(str(number), "a.topic", webhook_id=webhook["id"]))
    written, to_json = list[str](), Delivery.to_json

    def counted(delivery: Delivery) -> Any:
        written.append(delivery.id)
        return to_json(delivery)

    monkeypatch.setattr(Delivery, "to_json", counted)
    listed = emulator.api.get(f"{webhook['selfUri']}/deliveries", params={"pageSize": 100, "pageNumber": 4}).json()
    assert [each["eventId"] for each in listed["entities"]] == [str(number) for number in range(699, 599, -1)]
    assert (listed["total"], len(written)) == (1000, 100)


def test_the_oldest_deliveries_are_forgotten(
    emulator: Emulator, target: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "KEPT", 3)
    webhook = subscribed(emulator, target)
    engine = emulator.cloud.engine
    for number, receiver in enumerate([webhook["id"], "another", webhook["id"], webhook["id"], "another"]):
        engine.keep(Delivery(str(number), "a.topic", webhook_id=receiver))
    listed = emulator.api.get(f"{webhook['selfUri']}/deliveries").json()
    assert [each["eventId"] for each in listed["entities"]] == ["3", "2"]
    assert [each["eventId"] for each in emulator.door("GET", "deliveries")] == ["2", "3", "4"]


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_webhook_disabled_or_deleted_ends_its_deliveries(emulator: Emulator, target: Receiver, how: str) -> None:
    webhook = subscribed(emulator, target)
    emulator.door("POST", "retry-scale", factor=0.3)
    target.answers = [500, 500, 500]
    [id] = emulator.door("POST", "emit", kind="acd.start")["deliveries"]
    until(lambda: bool(target.received))
    if how == "deleted":
        emulator.api.delete(webhook["selfUri"]).raise_for_status()
    else:
        emulator.api.put(webhook["selfUri"], json={**webhook, "enabled": False}).raise_for_status()
    delivery = final(emulator, id)
    assert (delivery["status"], outcomes(delivery)) == ("FAILED", [500])
    assert "deleted or disabled" in delivery["reason"]


def test_a_delivery_under_way_is_pending(emulator: Emulator, target: Receiver) -> None:
    webhook = subscribed(emulator, target)
    emulator.door("POST", "retry-scale", factor=60)
    target.answers = [500]
    [id] = emulator.door("POST", "emit", kind="acd.start")["deliveries"]
    until(lambda: bool(emulator.door("GET", f"deliveries/{id}")["attempts"]))
    assert emulator.door("GET", f"deliveries/{id}")["status"] == "PENDING"
    assert "lastDeliveryStatus" not in emulator.read(webhook)


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        ("acd.start", "routing.queueEvent"),
        ("acd.end", "routing.queueEvent"),
        ("customer.end", "conversation.event"),
        ("user.end", "conversation.event"),
    ],
)
def test_a_kind_of_event_goes_to_its_event_type(
    emulator: Emulator, target: Receiver, kind: str, event_type: str
) -> None:
    webhook = emulator.webhook(destinationUrl=target.url)
    made = {
        name: emulator.subscription(webhook, name=name, filter={"eventType": [name]})
        for name in ("routing.queueEvent", "conversation.event")
    }
    both = emulator.subscription(webhook, name="both", filter={"eventType": list(made)})
    delivered = emulator.emit(kind=kind)
    assert {item["subscriptionId"] for item in delivered} == {made[event_type]["id"], both["id"]}
    assert len(target.received) == len(delivered) == 2
    assert target.received[0].body == target.received[1].body


@pytest.mark.parametrize(
    ("attributes", "matches"),
    [
        ({"queueId": "q1"}, True),
        ({"queueId": "q1", "direction": "INBOUND"}, True),
        ({"queueId": "q2"}, False),
        ({"queueId": "q1", "direction": "OUTBOUND"}, False),
        ({"routingPriority": "0"}, True),
        ({"routingPriority": "1"}, False),
        ({"flagged": "true"}, True),
        ({"nothing": "null"}, False),
        ({"absent": ""}, False),
        ({"requestedRoutings": '["STANDARD"]'}, False),
        ({}, True),
    ],
)
def test_attributes_choose_events(
    emulator: Emulator, target: Receiver, attributes: dict[str, str], matches: bool
) -> None:
    webhook = emulator.webhook(destinationUrl=target.url)
    emulator.subscription(webhook, filter={"eventType": ["routing.queueEvent"], "attributes": attributes})
    event = emulator.door("POST", "emit", kind="acd.end", set={"queueId": "q1", "flagged": True})["event"]
    event["eventBody"]["nothing"] = None
    assert len(emulator.emit(event=event)) == matches


@pytest.mark.parametrize("off", ["webhook", "subscription", "deleted"])
def test_what_is_disabled_delivers_nothing(emulator: Emulator, target: Receiver, off: str) -> None:
    webhook = emulator.webhook(destinationUrl=target.url, enabled=off != "webhook")
    emulator.subscription(webhook, enabled=off != "subscription")
    if off == "deleted":
        emulator.api.delete(webhook["selfUri"])
    assert emulator.emit(kind="acd.end") == []
    assert target.received == []


RAW = (
    '{ "topicName":"v2.detail.events.conversation.1.acd.end" ,\n'
    ' "eventBody":{"n":9007199254740993,"e":1E+2,"t":"\\u00e9 é 😀 \u2028"}, "x":"\\ud800"}'
)


def test_a_raw_event_is_sent_byte_for_byte(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target, signingKey=KEY)
    [delivery] = emulator.emit(raw=RAW)
    [got] = target.received
    assert got.body == RAW.encode("utf-8")
    assert delivery["eventId"] == hashlib.sha256(got.body).hexdigest()
    assert delivery["topicName"] == "v2.detail.events.conversation.1.acd.end"


def test_whole_numbers_and_text_of_an_event_are_exact(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target)
    body = {"max": 2**63 - 1, "min": -(2**63), "text": 'é"\\\x00😀\u2028', "list": [{"deep": 10**20}]}
    event = {"topicName": "v2.detail.events.conversation.1.acd.start", "eventBody": body}
    emulator.emit(event=event)
    assert json.loads(target.received[0].body) == event
    assert "é" in target.received[0].body.decode()


@pytest.mark.parametrize(
    "raw",
    ["not JSON", "[1, 2]", "", '{"eventBody": {}}', '{"topicName": "t", "n": NaN}', '{"topicName": "t", "n": 1e999}'],
)
def test_anything_at_all_can_be_delivered_as_a_type_of_event(emulator: Emulator, target: Receiver, raw: str) -> None:
    subscribed(emulator, target)
    refused = emulator.plain.post("/_sandbox/emit", json={"raw": raw})
    assert refused.status_code == 400
    assert "eventType" in refused.json()["message"]
    assert len(emulator.emit(raw=raw, eventType="routing.queueEvent")) == 1
    assert target.received[0].body == raw.encode()


def test_another_topic_belongs_to_no_type(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target)
    event = {"topicName": "v2.users.1.presence", "eventBody": {}}
    assert emulator.emit(event=event) == []
    assert len(emulator.emit(event=event, eventType="routing.queueEvent")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "acd.end", "raw": "x"},
        {"kind": "acd.ended"},
        {"event": []},
        {"raw": 1},
        {"kind": "acd.end", "set": []},
        {"kind": "acd.end", "sets": {}},
        {"raw": "{}", "eventType": "routing"},
    ],
)
def test_an_emit_that_makes_no_sense_is_refused(emulator: Emulator, body: dict[str, Any]) -> None:
    response = emulator.plain.post("/_sandbox/emit", json=body)
    assert response.status_code == 400
    assert response.json()["message"]


@pytest.mark.parametrize("kind", ["acd.start", "acd.end", "customer.end", "user.end"])
def test_made_events_look_real_and_happened_just_now(emulator: Emulator, kind: str) -> None:
    first, second = (emulator.door("POST", "emit", kind=kind)["event"] for _ in range(2))
    body = first["eventBody"]
    assert body["conversationId"] != second["eventBody"]["conversationId"]
    assert first["topicName"] == f"v2.detail.events.conversation.{body['conversationId']}.{kind}"
    assert first["version"] == "2"
    assert first["metadata"]["CorrelationId"] != second["metadata"]["CorrelationId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["timestamp"])
    at = datetime.fromisoformat(first["timestamp"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert 0 <= at.timestamp() * 1000 - body["eventTime"] < 1000
    assert isinstance(body["eventTime"], int)
    assert (body["mediaType"], body["direction"]) == ("VOICE", "INBOUND")
    assert None not in body.values()
    assert re.fullmatch(r"tel:\+131755501\d\d", body["ani"])


def test_members_of_a_made_event_can_be_set_and_left_out(emulator: Emulator) -> None:
    chosen = {"conversationId": "c1", "queueId": None, "big": 2**53 + 1}
    event = emulator.door("POST", "emit", kind="acd.end", set=chosen)["event"]
    assert event["topicName"] == "v2.detail.events.conversation.c1.acd.end"
    assert "queueId" not in event["eventBody"]
    assert event["eventBody"]["big"] == 2**53 + 1


def test_many_at_once_all_arrive_once(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target)
    ids = [emulator.door("POST", "emit", kind="acd.end")["deliveries"][0] for _ in range(100)]
    assert all(final(emulator, id)["status"] == "DELIVERED" for id in ids)
    assert len({got.body for got in target.received}) == len(target.received) == 100


def test_a_reset_forgets_deliveries_under_way(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target)
    emulator.door("POST", "retry-scale", factor=0.2)
    target.answers = [500]
    emulator.door("POST", "emit", kind="acd.end")
    until(lambda: bool(target.received))
    emulator.door("POST", "reset")
    assert emulator.door("GET", "deliveries") == []
    time.sleep(0.5)  # longer than the retry that must not come
    assert len(target.received) == 1
    assert emulator.door("GET", "retry-scale") == {"factor": 1.0, "timeoutSeconds": 10.0}


def test_its_end_does_not_wait_for_retries(target: Receiver) -> None:
    with serve() as served:
        emulator = Emulator(served)
        with emulator.api, emulator.plain:
            emulator.log_in()
            subscribed(emulator, target, retryPolicy={"retryCount": 1, "retryIntervalSeconds": 300})
            target.answers = [500]
            emulator.door("POST", "emit", kind="acd.end")
            until(lambda: bool(target.received))
        begun = time.monotonic()
    assert time.monotonic() - begun < 5


def test_nothing_that_was_sent_is_in_the_record(emulator: Emulator, target: Receiver) -> None:
    webhook = subscribed(emulator, target, signingKey="canary-key", headerOverrides={"X-Api-Key": "canary-header"})
    target.answers = [500]
    emulator.emit(kind="acd.end", set={"ani": "tel:canary-number"})
    text = emulator.plain.get("/_sandbox/deliveries").text + emulator.api.get(webhook["selfUri"] + "/deliveries").text
    assert "canary" not in text


def test_the_tutorials_user_agent_can_be_left_to_the_platform(emulator: Emulator, target: Receiver) -> None:
    subscribed(emulator, target, headerOverrides={})
    emulator.emit(kind="acd.end")
    assert target.received[0].headers["User-Agent"] != WEBHOOK["headerOverrides"]["User-Agent"]


def final(emulator: Emulator, id: str) -> dict[str, Any]:
    until(lambda: emulator.door("GET", f"deliveries/{id}")["status"] != "PENDING")
    delivery: dict[str, Any] = emulator.door("GET", f"deliveries/{id}")
    return delivery


def until(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
