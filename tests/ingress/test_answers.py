"""What the sender is told: the table of answers, and that whatever may pass is never a final one."""

import base64
import json
from typing import Any

import pytest

from ingress.answers import Answer
from ingress.bus import LIMIT
from ingress.receiver import Request
from tests.support.ingress import (
    CONVERSATION,
    SOURCE,
    World,
    aws_error,
    event,
    failing,
    heartbeat,
    message,
    raising,
    request,
    signed,
    text,
)

ONE = text(event())
NOT_JSON = "the body is not JSON"
NOT_AN_EVENT = "an event is an object with a string topicName and an object eventBody"
BAD_TIMESTAMP = "an event's timestamp is an ISO 8601 text"
STALE = "an event is too old, or from the future"
TOO_LARGE = "the body is too large for EventBridge"


def at(timestamp: Any, **more: Any) -> str:
    return text(event() | {"timestamp": timestamp} | more)


def padded(size: int) -> str:
    """A body of that many bytes."""
    return text(event(padding="x" * (size - len(text(event(padding="")).encode()))))


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (ONE, 200, "accepted"),
        (f"[{ONE}]", 200, "accepted"),
        (f"[{ONE},{ONE}]", 200, "accepted"),
        (f" \t\r\n{ONE} \t\r\n", 200, "accepted"),
        (f"\ufeff{ONE}", 200, "accepted"),
        ('{"topicName":"a","eventBody":{}}', 200, "accepted"),
        ('{"topicName":"a","eventBody":{},"timestamp":null}', 200, "accepted"),
        ('{"topicName":5,"topicName":"a","eventBody":{}}', 200, "accepted"),  # the last one counts, as for AWS
        ("", 400, NOT_JSON),
        (" ", 400, NOT_JSON),
        ("nonsense", 400, NOT_JSON),
        ("{'topicName':'a'}", 400, NOT_JSON),
        (ONE[:-1], 400, NOT_JSON),
        (ONE + ONE, 400, NOT_JSON),
        (ONE + "," + ONE, 400, NOT_JSON),
        (ONE + "]", 400, NOT_JSON),
        (f"[{ONE}", 400, NOT_JSON),
        (f"[{ONE},", 400, NOT_JSON),
        (f"[{ONE},]", 400, NOT_JSON),
        (f"[,{ONE}]", 400, NOT_JSON),
        (f"[{ONE} {ONE}]", 400, NOT_JSON),
        (f"[{ONE};{ONE}]", 400, NOT_JSON),
        (f"[{ONE}]]", 400, NOT_JSON),
        ("[", 400, NOT_JSON),
        ("[]]", 400, NOT_JSON),
        ("\u00a0" + ONE, 400, NOT_JSON),  # a space, but none of JSON's
        ('{"topicName":"a","eventBody":{"x":NaN}}', 400, NOT_JSON),
        ('{"topicName":"a","eventBody":{"x":-Infinity}}', 400, NOT_JSON),
        ('{"topicName":"a","eventBody":{"x":01}}', 400, NOT_JSON),
        ('{"topicName":"a","eventBody":{"x":"\n"}}', 400, NOT_JSON),
        ('{"topicName":"a","eventBody":' + '{"x":' * 100_000 + "1" + "}" * 100_001, 400, NOT_JSON),
        ("[" * 100_000, 400, NOT_JSON),
        ("[]", 400, "the list has no event in it"),
        ("[ ]", 400, "the list has no event in it"),
        ("null", 400, NOT_AN_EVENT),
        ('"text"', 400, NOT_AN_EVENT),
        ("5", 400, NOT_AN_EVENT),
        ("{}", 400, NOT_AN_EVENT),
        (f"[[{ONE}]]", 400, NOT_AN_EVENT),
        (f"[{ONE},null]", 400, NOT_AN_EVENT),
        (f"[{ONE},{{}}]", 400, NOT_AN_EVENT),
        ('{"topicName":"a"}', 400, NOT_AN_EVENT),
        ('{"eventBody":{}}', 400, NOT_AN_EVENT),
        ('{"topicName":"","eventBody":{}}', 400, NOT_AN_EVENT),
        ('{"topicName":5,"eventBody":{}}', 400, NOT_AN_EVENT),
        ('{"topicName":"a","eventBody":[]}', 400, NOT_AN_EVENT),
        ('{"topicName":"a","eventBody":null}', 400, NOT_AN_EVENT),
        ('{"TopicName":"a","eventBody":{}}', 400, NOT_AN_EVENT),
        (r'{"topicName":"a\ud800","eventBody":{}}', 400, NOT_AN_EVENT),
        (r'{"topicName":"a\n","eventBody":{}}', 400, NOT_AN_EVENT),
        (at("soon"), 400, BAD_TIMESTAMP),
        (at(20260218), 400, BAD_TIMESTAMP),
        (at(""), 400, BAD_TIMESTAMP),
        (at(1771423271004), 400, BAD_TIMESTAMP),
        (at({}), 400, BAD_TIMESTAMP),
        (at("2026-02-30T14:01:11Z"), 400, BAD_TIMESTAMP),
        (at("0001-01-01T00:00:00+01:00"), 400, BAD_TIMESTAMP),
        (f"[{ONE},{at('soon')}]", 400, BAD_TIMESTAMP),
        (at("2026-02-18T13:01:12Z"), 200, "accepted"),
        (at("2026-02-18T13:01:11.999Z"), 403, STALE),
        (at("2026-02-18T14:06:12Z"), 200, "accepted"),
        (at("2026-02-18T14:06:12.001Z"), 403, STALE),
        (at("2026-02-18T15:01:11.204+01:00"), 200, "accepted"),
        (at("2026-02-18T14:01:11"), 200, "accepted"),  # without a zone: UTC
        (at("9999-12-31T23:59:59Z"), 403, STALE),
        (f"[{ONE},{at('2026-02-17T14:01:11Z')}]", 403, STALE),
        (padded(LIMIT - 1000), 200, "accepted"),
        (padded(LIMIT), 413, TOO_LARGE),  # the body fits, its entry does not
        (padded(LIMIT + 1), 413, TOO_LARGE),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else value,
)
def test_signed_bodies(body: str, status: int, told: str) -> None:
    world = World()
    answer = world.post(signed(body))
    assert (answer["statusCode"], message(answer)) == (status, told)
    assert bool(world.events.calls) == (status == 200)  # one bad event: nothing goes on the bus
    assert "Retry-After" not in answer["headers"]


@pytest.mark.parametrize(
    "body", [b"\xff", b'{"topicName":"\xc3","eventBody":{}}', b'\xff\xfe{"topicName"', ONE.encode("utf-16")]
)
def test_what_is_not_utf_8_is_400(body: bytes) -> None:
    answer = World().post(signed(body, base64_encoded=True))
    assert (answer["statusCode"], message(answer)) == (400, NOT_JSON)


def test_base64_bodies_verify_by_the_bytes_that_were_sent() -> None:
    world = World()
    assert world.post(signed(text(event(name="Zoë")), base64_encoded=True))["statusCode"] == 200
    assert world.events.on_bus[0]["Detail"] == text(event(name="Zoë"))


@pytest.mark.parametrize("body", ["%", "a", "YQ", "é", "\ud800", "!" + base64.b64encode(ONE.encode()).decode()])
def test_base64_that_is_none_is_401(body: str) -> None:
    one = signed(ONE)
    one["body"], one["isBase64Encoded"] = body, True
    assert World().post(one)["statusCode"] == 401


@pytest.mark.parametrize("body", [None, "", "\ud800"])
def test_a_body_that_is_missing_or_broken_is_judged_as_any_other(body: str | None) -> None:
    world = World()
    one: Request = {"headers": signed("")["headers"], "body": body}
    assert world.post(one)["statusCode"] == (401 if body else 400)
    del one["body"]
    assert world.post(one)["statusCode"] == 400


def test_a_body_over_the_limit_is_413_before_anything_else() -> None:
    world = World()
    for encoded in (False, True):
        assert world.post(request(b"x" * (LIMIT + 1), {}, encoded))["statusCode"] == 413
        assert world.post(request(b"x" * LIMIT, {}, encoded))["statusCode"] == 401
    assert not world.secrets.reads


def test_the_limit_counts_bytes_not_characters() -> None:
    assert World().post(request("é".encode() * 500_001, {}))["statusCode"] == 413


def test_nothing_is_parsed_before_it_is_authenticated() -> None:
    for body in ("[" * 100_000, "nonsense", "[]", at("1999-01-01T00:00:00Z")):
        assert World().post(signed(body, "wrong"))["statusCode"] == 401


def test_without_a_limit_old_events_are_taken_but_none_from_the_future() -> None:
    world = World(max_age=0)
    assert world.post(signed(at("1999-01-01T00:00:00Z")))["statusCode"] == 200
    assert world.post(signed(at("2026-02-18T14:07:00Z")))["statusCode"] == 403


def test_what_goes_on_the_bus() -> None:
    world = World()
    world.post(signed(ONE))
    (entry,) = world.events.on_bus
    assert entry["Time"].isoformat() == "2026-02-18T14:01:11.204000+00:00"
    assert {key: value for key, value in entry.items() if key != "Time"} == {
        "EventBusName": "bus",
        "Source": SOURCE,
        "DetailType": "v2.detail.events.conversation.{id}.acd.end",
        "Detail": ONE,
        "Resources": ["genesys-event:1050cd9e75509bbb5745e58683b8a2940d3e40d988474edb83afc885c71be7ca"],
    }
    assert CONVERSATION in entry["Detail"]


def test_a_repeated_delivery_has_the_same_id_wherever_the_event_stands() -> None:
    world = World()
    for body in (ONE, f"[{ONE}]", f" [ {text(event(mediaType='CHAT'))} , {ONE} ] "):
        world.post(signed(body))
    ids = [entry["Resources"] for entry in world.events.on_bus]
    assert ids[0] == ids[1] == ids[3] != ids[2]


def test_an_event_without_a_timestamp_has_the_time_of_its_arrival() -> None:
    world = World()
    world.post(signed('{"topicName":"a","eventBody":{}}'))
    assert world.events.on_bus[0]["Time"].timestamp() == world.clock()


def test_the_heartbeat_key_is_good_for_one_event_that_is_made_here() -> None:
    world = World()
    assert world.post(heartbeat(body=ONE.encode()))["statusCode"] == 200
    (entry,) = world.events.on_bus
    assert (entry["Source"], entry["DetailType"]) == ("genesys-pulumi.ops", "heartbeat")
    assert json.loads(entry["Detail"]) == {"stack": "test", "time": "2026-02-18T14:01:12.000+00:00"}
    assert "Resources" not in entry


def test_a_signed_probe_has_our_own_source_so_that_nobody_takes_it_for_an_event() -> None:
    world = World()
    probe = text({"topicName": "genesys-pulumi.ops.probe", "eventBody": {"probeId": "1"}})
    assert world.post(signed(probe, "wrong"))["statusCode"] == 401
    assert world.post(heartbeat(body=probe.encode()))["statusCode"] == 200
    assert world.post(signed(probe))["statusCode"] == 200
    beat, entry = world.events.on_bus
    assert beat["DetailType"] == "heartbeat"
    assert (entry["Source"], entry["DetailType"], entry["Detail"]) == ("genesys-pulumi.ops", "probe", probe)


@pytest.mark.parametrize("body", [b"", b"\xff", b"nonsense", b"[" * 100_000])
def test_the_heartbeat_body_is_not_read(body: bytes) -> None:
    one = request(body, heartbeat()["headers"], base64_encoded=True)
    assert World().post(one)["statusCode"] == 200


@pytest.mark.parametrize("one", [signed(ONE), heartbeat()], ids=["signed", "heartbeat"])
@pytest.mark.parametrize(
    "fault",
    [
        failing("ThrottlingException"),
        failing("InternalFailure"),
        failing("NotAuthorizedForSourceException"),
        raising(aws_error("ThrottlingException")),
        raising(aws_error("AccessDeniedException")),
        raising(aws_error("ValidationException")),
        raising(TimeoutError()),
        raising(RuntimeError("a mistake of ours")),
    ],
)
def test_what_neither_bus_nor_queue_takes_in_time_is_503(one: Request, fault: Any) -> None:
    world = World()
    world.events.answers = [fault]
    world.queue.errors = [aws_error("ServiceUnavailable")] * 100
    answer = world.post(one)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert world.clock() - World().clock() <= 3.6
    assert not world.queue.bodies
    world.events.answers = []
    assert world.post(one)["statusCode"] == 200


def test_what_the_bus_will_never_take_is_400_and_is_not_tried_again() -> None:
    world = World()
    world.events.answers = [failing("MalformedDetail")]
    answer = world.post(signed(ONE))
    assert (answer["statusCode"], len(world.events.calls)) == (400, 1)


def test_a_repeat_is_worth_while_as_long_as_one_event_may_still_get_there() -> None:
    world = World()
    world.events.answers = [lambda entries: ["MalformedDetail"] + ["ThrottlingException"] * (len(entries) - 1)]
    assert world.post(signed(f"[{ONE},{ONE}]"))["statusCode"] == 400
    world.events.answers = [
        lambda entries: ["MalformedDetail", "ThrottlingException"][: len(entries)],
        failing("ThrottlingException"),
    ]
    assert world.post(signed(f"[{ONE},{ONE}]"))["statusCode"] == 400  # and the other one is parked
    assert len(world.queue.bodies) == 1
    world.queue.errors = [aws_error("ServiceUnavailable")] * 100
    world.events.answers[:0] = [lambda entries: ["MalformedDetail", "ThrottlingException"][: len(entries)]]
    assert world.post(signed(f"[{ONE},{ONE}]"))["statusCode"] == 503


def test_answers_tell_nothing_of_what_is_inside() -> None:
    world = World()
    world.events.answers = [raising(aws_error("AccessDeniedException", "arn:aws:iam::000000000000:role/ingress"))]
    world.queue.errors = [aws_error("AccessDenied", "arn:aws:sqs:us-east-1:000000000000:parking")] * 100
    answer = world.post(signed(ONE))
    assert answer["body"] == '{"message": "neither the bus nor the parking queue took every event in time"}'
    assert answer["headers"]["Content-Type"] == "application/json"


def test_the_table_of_the_design() -> None:
    """Statuses that the ingress itself gives; 404 and 429 are HTTP API's."""
    assert {answer.status for answer in Answer} == {200, 202, 400, 401, 403, 413, 503}
