"""What is told about requests: the metrics' format, and that nothing of the events is in it."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ingress.answers import Answer
from tests.support.ingress import (
    CONVERSATION,
    HEARTBEAT_KEY,
    KEY,
    SIGNING,
    World,
    aws_error,
    event,
    failing,
    heartbeat,
    raising,
    request,
    signature,
    signed,
    taken,
    text,
)

ONE = text(event())
CANARIES = ["+13175550100", "Zoë Canary", "zoe@example.com", "192.0.2.77"]


@pytest.fixture
def world() -> World:
    return World(topics=["v2.things.{id}"])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def metrics(line: dict[str, Any]) -> dict[tuple[str, str], tuple[float, str]]:
    """(metric, its dimensions) → (value, unit), as CloudWatch takes them out of the line."""
    found = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "GenesysEventBridge"
        for names in directive["Dimensions"]:
            dimensions = " ".join(f"{name}={line[name]}" for name in names)
            for metric in directive["Metrics"]:
                found[metric["Name"], dimensions] = (line[metric["Name"]], metric["Unit"])
    return found


def test_one_line_for_the_request_and_one_per_topic(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    topics = ["v2.things.7", "v2.things.8", f"v2.users.{CONVERSATION}.presence", "v2.unheard.of"]
    world.post(signed(text([event(topic) for topic in topics])))
    first, *others = lines(capsys)
    assert metrics(first) == {
        ("Requests", "Stack=test Reason=accepted"): (1, "Count"),
        ("Requests", "Stack=test Auth=signature"): (1, "Count"),
        ("Latency", "Stack=test"): (0, "Milliseconds"),
        ("Events", "Stack=test"): (4, "Count"),
    }
    assert [metrics(line) for line in others] == [
        {("Events", "Stack=test Topic=v2.things.{id}"): (2, "Count")},
        {("Events", "Stack=test Topic=v2.users.{id}.presence"): (1, "Count")},
        {("Events", "Stack=test Topic=other"): (1, "Count")},
    ]
    assert first["_aws"]["Timestamp"] > 1.6e12  # milliseconds


def test_the_line_says_what_happened(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.events.answers = [failing("ThrottlingException"), failing("InternalFailure"), taken]
    world.post(signed(ONE))
    line = lines(capsys)[0]
    assert 50 < line["Latency"] < 200
    assert {key: line[key] for key in ("status", "requestId", "bytes", "events", "topics", "calls", "errors")} == {
        "status": 200,
        "requestId": "request-1",
        "bytes": len(ONE),
        "events": 1,
        "topics": ["v2.detail.events.conversation.{id}.acd.end"],
        "calls": 3,
        "errors": ["InternalFailure", "ThrottlingException"],
    }
    assert [f"genesys-event:{id_}" for id_ in line["eventIds"]] == world.events.on_bus[0]["Resources"]


def test_events_are_counted_only_when_they_are_on_the_bus(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.events.answers = [failing("InternalFailure")]
    world.post(signed(ONE))
    assert len(lines(capsys)) == 1


def test_use_of_the_previous_key_shows(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.secrets.rotate(SIGNING, "new")
    world.post(signed(ONE))
    assert metrics(lines(capsys)[0])["AcceptedByPreviousKey", "Stack=test"] == (1, "Count")
    world.post(signed(ONE, "new"))
    assert "AcceptedByPreviousKey" not in lines(capsys)[0]


@pytest.mark.parametrize(
    ("one", "reason", "auth"),
    [
        (signed(ONE), "accepted", "signature"),
        (heartbeat(), "accepted", "heartbeat"),
        (heartbeat("wrong"), "key_wrong", "none"),
        (request(b"", {}), "not_signed", "none"),
        (signed(ONE, "wrong"), "signature_wrong", "none"),
        (signed("[]"), "no_event", "signature"),
        ({}, "not_signed", "none"),
    ],
)
def test_reasons(world: World, capsys: pytest.CaptureFixture[str], one: Any, reason: str, auth: str) -> None:
    world.post(one)
    line = lines(capsys)[0]
    assert (line["Reason"], line["Auth"]) == (reason, auth)


def test_dimensions_come_from_fixed_lists(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        world.post(signed(text(event(f"v2.somebody.{number}.{number}x"))))
    assert {line["Topic"] for line in lines(capsys) if "Topic" in line} == {"other"}
    assert len(Answer) <= 20


def test_a_long_list_makes_no_long_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.post(signed(text([event()] * 1000)))
    line = capsys.readouterr().out.splitlines()[0]
    assert len(line) < 10_000
    assert json.loads(line)["events"] == 1000


def test_nothing_of_events_keys_or_senders_is_told(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """After accepted, refused, failed and crashed requests alike."""
    topic = f"v2.people.{CANARIES[1].replace(' ', '-')}.called"
    person = {"ani": f"tel:{CANARIES[0]}", "name": CANARIES[1], "mail": CANARIES[2]}
    body = text(event(topic, **person))
    secret = "a secret canary, long enough"
    quoting = f"rejected: {body} {secret}"
    answers = set()
    for key, one_body, fault in [
        (secret, body, taken),
        (secret, f"[{body},{body}]", failing("MalformedDetail")),
        (secret, body, failing("ThrottlingException")),
        (secret, body, raising(aws_error("AccessDeniedException", quoting))),
        (secret, body, raising(RuntimeError(quoting))),
        ("wrong", body, None),
        (secret, body[:-1], None),
        (secret, f"[{body},{{}}]", None),
        (secret, text(event(topic, **person) | {"timestamp": f"{CANARIES[1]}"}), None),
        (secret, text(event(topic, **person) | {"timestamp": "2020-01-01T00:00:00Z"}), None),
        (secret, text(event(topic, **person, long="x" * 1_000_000)), None),
    ]:
        world = World()
        world.secrets.rotate(SIGNING, secret)
        world.events.answers = [fault] if fault else []
        one: Any = signed(one_body, key)
        one["headers"] |= {"x-forwarded-for": CANARIES[3], "user-agent": CANARIES[1]}
        one["requestContext"] |= {"http": {"sourceIp": CANARIES[3]}}
        answer = world.post(one)
        answers.add((answer["statusCode"], answer["body"]))
    world = World()
    world.secrets.errors["AWSCURRENT"] = aws_error("DecryptionFailure", quoting)
    answers.add((world.post(signed(body))["statusCode"], ""))
    answers.add((world.post(heartbeat("wrong " + secret))["statusCode"], ""))

    assert {status for status, _ in answers} == {200, 202, 400, 401, 403, 413, 503}
    out, err = capfd.readouterr()
    told = out + err + caplog.text + str(answers)
    told += json.dumps([json.loads(line) for line in out.splitlines()], ensure_ascii=False)
    for canary in (*CANARIES, "Canary", CONVERSATION, secret, KEY, HEARTBEAT_KEY, signature(body.encode(), secret)[7:]):
        assert canary not in told
        assert base64.b64encode(canary.encode()).decode() not in told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (aws_error("AccessDeniedException", "arn:aws:iam::000000000000:role/ingress"), "AccessDeniedException"),
        (EndpointConnectionError(endpoint_url="https://secrets"), "EndpointConnectionError"),
        (TimeoutError("after a second"), "TimeoutError"),
    ],
)
def test_why_keys_could_not_be_read_is_told(
    world: World, capsys: pytest.CaptureFixture[str], error: Exception, told: str
) -> None:
    world.secrets.errors["AWSCURRENT"] = error
    world.post(signed(ONE))
    line = lines(capsys)[0]
    assert (line["Reason"], line["errors"]) == ("keys_unreadable", [told])


def test_a_mistake_of_ours_can_be_found_without_its_message(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.events.answers = [raising(RuntimeError(CANARIES[0]))]
    assert world.post(signed(ONE))["statusCode"] == 503
    line = lines(capsys)[0]
    assert (line["Reason"], line["bytes"]) == ("failed", len(ONE))
    assert line["errors"][0].startswith("RuntimeError at ingress.py:")
