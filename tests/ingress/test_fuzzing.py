"""Whatever is sent, and whatever AWS does meanwhile: an answer of the table, never a traceback, and on the bus nothing
that wasn't signed, and all that was accepted.

An example is a number of requests to one instance, so that they meet each other's keys and parked events.
"""

import base64
import contextlib
import io
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingress.answers import Answer
from ingress.aws import Entry
from ingress.events import parse
from tests.support.ingress import (
    HEARTBEAT,
    HEARTBEAT_KEY,
    KEY,
    NOW,
    QUEUE_ARN,
    SIGNING,
    SOURCE,
    World,
    aws_error,
    event,
    failing,
    raising,
    signature,
    taken,
    text,
)
from tests.support.ingress import Answer as BusAnswer
from tests.support.report import Report
from tests.support.strategies import json_values, names

TABLE = {200, 202, 400, 401, 403, 413, 503}
REQUESTS = 40  # of an example
GOOD, OTHER = text(event()), text(event("v2.users.7.presence", note="é \u2028 😀", number=2**70))
PROBE = '{"topicName":"genesys-pulumi.ops.probe","eventBody":{"probeId":"1"}}'


# What is sent.

nearly_events = st.fixed_dictionaries(
    {},
    optional={
        "topicName": names | st.sampled_from(["v2.users.7.presence", "a\n", "\ud800", "x" * 200]) | json_values,
        "eventBody": st.dictionaries(names, json_values, max_size=2) | json_values,
        "timestamp": st.sampled_from(
            [NOW.isoformat(), "2026-02-18T14:00:00Z", "1999-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "soon", 5]
        ),
        "more": json_values,
    },
)
wholes = st.sampled_from(
    [GOOD, OTHER, PROBE, f"[{GOOD},{OTHER}]", text([event(n=n) for n in range(23)]), "\ufeff" + GOOD]
)
made_up = st.one_of(
    nearly_events.map(json.dumps),
    st.lists(nearly_events, max_size=3).map(json.dumps),
    json_values.map(json.dumps),
    st.text(max_size=30),
    st.sampled_from(
        ["", "[]", "[" * 3000, '{"topicName":"a","eventBody":' * 900, "NaN", '{"a":1e999}', "x" * 1_000_001]
    ),
)
bodies = st.one_of(
    wholes.map(str.encode),
    made_up.map(lambda body: body.encode("utf-8", "surrogatepass")),
    st.binary(max_size=30),
    st.tuples(wholes, st.integers(0, 400), st.binary(max_size=3)).map(
        lambda broken: broken[0].encode()[: broken[1]] + broken[2] + broken[0].encode()[broken[1] :]
    ),
)

Headers = Callable[[bytes], dict[str, Any]]
headers: st.SearchStrategy[Headers] = st.sampled_from(
    [
        *[lambda body: {"x-hub-signature-256": signature(body)}] * 4,
        lambda body: {"X-Hub-Signature-256": signature(body)},
        lambda body: {"x-hub-signature-256": signature(body, "another key")},
        lambda body: {"x-hub-signature-256": signature(body, "the next key")},
        lambda body: {"x-hub-signature-256": signature(body + b" ")},
        lambda body: {"x-hub-signature-256": signature(body).removeprefix("sha256=")},
        lambda body: {"x-hub-signature-256": signature(body, "")},
        lambda body: {"x-hub-signature-256": "sha256=" + "é" * 43 + "="},
        lambda body: {"x-hub-signature-256": signature(body), "X-HUB-SIGNATURE-256": signature(body)},
        lambda body: {"x-heartbeat-key": HEARTBEAT_KEY},
        lambda body: {"x-heartbeat-key": "a guess\ud800"},
        lambda body: {"x-heartbeat-key": HEARTBEAT_KEY, "x-hub-signature-256": signature(body, "another key")},
        lambda body: {"x-heartbeat-key": KEY, "x-hub-signature-256": signature(body)},
        lambda body: {},
    ]
)

# What happens meanwhile.

denied = raising(aws_error("AccessDeniedException"))
Happening = Callable[[World], object]


def on_bus(*answers: BusAnswer) -> Happening:
    return lambda world: setattr(world.events, "answers", list(answers))


def every_other(code: str) -> BusAnswer:
    return lambda entries: [code if number % 2 else None for number in range(len(entries))]


happenings: st.SearchStrategy[Happening] = st.sampled_from(
    [
        *[lambda world: None] * 12,
        *[on_bus(taken)] * 4,
        on_bus(failing("ThrottlingException")),
        on_bus(failing("MalformedDetail"), taken),
        on_bus(every_other("InternalFailure"), taken),
        on_bus(every_other("InternalFailure"), failing("InternalFailure")),
        on_bus(every_other("MalformedDetail"), taken),
        on_bus(denied, denied, taken),
        on_bus(raising(TimeoutError())),
        lambda world: world.queue.errors.extend([aws_error("ServiceUnavailable")] * 2),
        lambda world: world.queue.errors.extend([aws_error("AccessDenied")] * 40),
        lambda world: world.queue.errors.clear(),
        lambda world: world.clock.advance(6),
        lambda world: world.clock.advance(0.3),
        lambda world: world.secrets.errors.update(AWSCURRENT=aws_error("InternalServiceError")),
        lambda world: world.secrets.errors.clear(),
        lambda world: world.secrets.rotate(SIGNING, "the next key"),
        lambda world: world.secrets.rotate(SIGNING, KEY),
        lambda world: world.secrets.rotate(SIGNING, ""),
        lambda world: world.secrets.rotate(HEARTBEAT, HEARTBEAT_KEY),
        lambda world: world.drain(),
        lambda world: (on_bus(every_other("InternalFailure"), failing("InternalFailure"))(world), world.drain()),
        lambda world: world.drain({"messageId": "1", "eventSourceARN": QUEUE_ARN, "body": GOOD}),
        lambda world: world.drain({"messageId": "1", "eventSourceARN": "x", "body": "H4sIAAAAAAAA"}),
    ]
)
envelopes = st.sampled_from([*["base64"] * 5, *["text"] * 4, "not base64", "no body", "no headers", "nothing"])
Sent = tuple[bytes, Headers, str, Happening]
requests = st.lists(st.tuples(bodies, headers, envelopes, happenings), min_size=REQUESTS, max_size=REQUESTS)


def enveloped(body: bytes, headed: dict[str, Any], envelope: str) -> dict[str, Any]:
    """As HTTP API would hand it over, or nobody would."""
    one = {"headers": headed, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    match envelope:
        case "text":
            one |= {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}
        case "not base64":
            one |= {"body": body.decode("latin-1")}
        case "no body":
            one |= {"body": None}
        case "no headers":
            one |= {"headers": None}
        case "nothing":
            one = {}
    return one


@dataclass
class Ledger:
    """What may be on the bus, and what has to be."""

    signed: list[str] = field(default_factory=list)
    """Bodies that came with their signature, by a key that was ever good."""
    beats: int = 0
    accepted: list[str] = field(default_factory=list)
    """Details that a 200 or 202 stands for."""
    statuses: Counter[str] = field(default_factory=Counter)

    def take(self, body: bytes, headed: dict[str, Any], envelope: str, answer: Any) -> None:
        status = answer["statusCode"]
        self.statuses[str(status)] += 1
        assert status in TABLE
        assert ("Retry-After" in answer["headers"]) == (status == 503)
        assert list(json.loads(answer["body"])) == ["message"]
        values = {name.lower(): value for name, value in headed.items()}
        good = {signature(body, key) for key in (KEY, "the next key")}
        sent = body if envelope == "base64" else body.decode("utf-8", "replace").encode()
        ours = values.get("x-hub-signature-256") in good and (envelope == "base64" or sent == body)
        if ours:
            self.signed.append(sent.decode("utf-8", "replace"))
        self.beats += values.get("x-heartbeat-key") == HEARTBEAT_KEY
        if status in (200, 202) and "x-heartbeat-key" not in values:
            assert ours, "accepted, and not signed"
            self.accepted += [each.text for each in parse(sent, NOW)]

    def check(self, entries: Sequence[Entry]) -> None:
        beats = [entry for entry in entries if entry["DetailType"] == "heartbeat"]
        assert len(beats) <= self.beats
        details = {entry["Detail"] for entry in entries if entry not in beats}
        for detail in details:
            assert any(detail in body for body in self.signed), "on the bus, and not signed"
        assert {entry["Source"] for entry in entries} <= {SOURCE, "genesys-pulumi.ops"}


def play(sent: list[Sent], total: Counter[str]) -> None:
    world, ledger, told = World(overlap=60), Ledger(), io.StringIO()
    with contextlib.redirect_stdout(told):
        for body, head, envelope, happening in sent:
            happening(world)
            headed = head(body)
            one: Any = enveloped(body, headed, envelope)
            if envelope in ("no body", "no headers", "nothing"):
                assert world.post(one)["statusCode"] in TABLE - {202} | ({200} if envelope == "no body" else set())
                ledger.beats += envelope == "no body" and headed.get("x-heartbeat-key") == HEARTBEAT_KEY
                ledger.statuses["no request"] += 1
            else:
                ledger.take(body, headed, envelope, world.post(one))
        # The outage is over: what was parked gets there, but for what the bus had not refused by then.
        world.events.answers, world.queue.errors = [], []
        while world.queue.bodies:
            assert world.drain() == []
    ledger.check(world.events.on_bus)
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    assert not [line for line in lines if line.get("Reason") == "failed" or "failed" in line.get("fates", ())]
    assert {line["Reason"] for line in lines if "Reason" in line} <= {answer.reason for answer in Answer}
    there = {entry["Detail"] for entry in world.events.on_bus}
    assert set(ledger.accepted) <= there, "accepted, and lost"
    total.update(ledger.statuses)


def fuzz(examples: int, report: Report) -> None:
    total: Counter[str] = Counter()
    started = time.monotonic()

    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(requests)
    def property_(sent: list[Sent]) -> None:
        play(sent, total)

    property_()
    assert total.total() >= examples * REQUESTS
    for status, count in sorted(total.items()):
        report("Ingress, fuzzed", f"{examples * REQUESTS} requests", status, count)
    report("Ingress, fuzzed", f"{examples * REQUESTS} requests", "s", f"{time.monotonic() - started:.0f}")


def test_10_000_requests(report: Report) -> None:
    fuzz(250, report)


@pytest.mark.full
def test_100_000_requests(report: Report) -> None:
    fuzz(2500, report)
