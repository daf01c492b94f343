"""What the bus does not take in time: parked, and on the bus later as if it had come then."""

import base64
import gzip
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.aws import Entry
from ingress.parking import LARGEST, LARGEST_TEXT, Parked, TooLarge, Unreadable, read, written
from tests.support.ingress import (
    NOW,
    QUEUE_ARN,
    SIGNING,
    SOURCE,
    World,
    aws_error,
    event,
    failing,
    heartbeat,
    message,
    parked,
    raising,
    signed,
    taken,
    text,
)

ONE = text(event())
THROTTLED = failing("ThrottlingException")


def numbered(*numbers: int) -> str:
    return text([event(number=number) for number in numbers])


def numbers(entries: Sequence[Entry]) -> list[int]:
    return [json.loads(entry["Detail"])["eventBody"]["number"] for entry in entries]


def waiting(world: World) -> list[list[int]]:
    """The numbers of the events in each message."""
    return [numbers(read(body, "bus").entries) for body in world.queue.bodies]


def outage(world: World, body: str = ONE) -> None:
    """The events come while the bus takes none."""
    world.events.answers = [THROTTLED]
    assert world.post(signed(body))["statusCode"] == 202
    world.events.answers = []


def only(*taken_: int) -> Any:
    """The bus takes the events with these numbers."""
    return lambda entries: [None if number in taken_ else "InternalFailure" for number in numbers(entries)]


# Parking.


def test_what_the_bus_does_not_take_in_time_is_parked() -> None:
    world = World()
    world.events.answers = [THROTTLED]
    answer = world.post(signed(ONE))
    assert (answer["statusCode"], message(answer)) == (202, "parked")
    assert "Retry-After" not in answer["headers"]
    assert len(world.queue.bodies) == 1
    assert not world.events.on_bus


def test_only_what_is_not_on_the_bus_yet_is_parked() -> None:
    world = World()
    world.events.answers = [only(0, 1, 3, 4, 20)]
    assert world.post(signed(numbered(*range(21))))["statusCode"] == 202
    (left,) = waiting(world)
    assert sorted(left) == [number for number in range(21) if number not in (0, 1, 3, 4, 20)]


def test_nothing_is_parked_that_is_on_the_bus_wrong_or_a_strangers() -> None:
    world = World()
    for one in (signed(ONE), signed("nonsense"), signed(ONE, "wrong"), heartbeat()):
        world.post(one)
    assert not world.queue.bodies
    assert not world.queue.connections, "the client is made when the first event is parked"


def test_the_client_is_made_once() -> None:
    world = World()
    for _ in range(3):
        outage(world)
    assert (world.queue.connections, len(world.queue.bodies)) == (1, 3)


def test_a_heartbeat_is_not_parked() -> None:
    """It tells that the path works now."""
    world = World()
    world.events.answers = [THROTTLED]
    assert world.post(heartbeat())["statusCode"] == 503
    assert not world.queue.bodies


def test_a_message_holds_no_signature_no_header_and_no_plain_text() -> None:
    world = World()
    outage(world)
    (body,) = world.queue.bodies
    raw = gzip.decompress(base64.b64decode(body))
    content = json.loads(raw)
    assert content.keys() == {"since", "entries"}
    assert content["entries"][0].keys() == {"source", "detailType", "detail", "time", "resources"}
    assert b"sha256=" not in raw
    assert body.isascii()
    assert "conversation" not in body


@pytest.mark.parametrize(
    "error",
    [aws_error("ServiceUnavailable"), EndpointConnectionError(endpoint_url="https://sqs"), TimeoutError()],
    ids=lambda error: type(error).__name__,
)
def test_a_queue_that_fails_is_tried_again_until_the_time_is_up(error: Exception) -> None:
    world = World()
    world.events.answers = [THROTTLED]
    world.queue.errors = [error] * 3
    assert world.post(signed(ONE))["statusCode"] == 202
    world.queue.errors = [error] * 100
    answer = world.post(signed(ONE))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert len(world.queue.bodies) == 1


def test_what_does_not_fit_into_a_message_is_503(capsys: pytest.CaptureFixture[str]) -> None:
    """Text that can't be packed tighter, close to what a body may hold."""
    noise = base64.b85encode(random.Random(7).randbytes(797_000)).decode()
    world = World()
    world.events.answers = [THROTTLED]
    answer = world.post(signed(text(event(noise=noise))))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert not world.queue.bodies
    assert json.loads(capsys.readouterr().out)["errors"] == ["ThrottlingException", "TooLargeToPark"]


@pytest.mark.parametrize(("count", "status"), [(15_000, 202), (20_000, 503)])
def test_of_a_body_with_more_events_than_there_is_time_for_the_rest_is_parked_if_it_fits(
    count: int, status: int
) -> None:
    """docs/load.md has these numbers."""
    world = World()

    def slow(entries: Sequence[Entry]) -> Sequence[str | None]:
        world.clock.advance(0.04)
        return taken(entries)

    world.events.answers = [slow]
    body = text([{"topicName": "a", "eventBody": {"n": number}} for number in range(count)])
    assert world.post(signed(body))["statusCode"] == status
    assert len(world.events.on_bus) == 630
    assert len(world.queue.bodies) == (status == 202)


def test_a_body_as_large_as_they_come_fits() -> None:
    world = World()
    outage(world, text([event(name=f"Zoë {number}" * 8) for number in range(1500)]))
    assert len(world.queue.bodies[0]) < LARGEST
    assert world.drain() == []
    assert len(world.events.on_bus) == 1500


# The way there and back.


@settings(deadline=None, database=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(), st.text() | st.integers() | st.floats(allow_nan=False)),
            st.sampled_from(
                ["", "2026-02-18T14:01:11.204Z", "2026-02-18T15:01:11+01:00", "2026-02-18T14:01:11.1234567"]
            ),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_parked_event_gets_to_the_bus_unchanged(bodies: list[tuple[dict[str, Any], str]]) -> None:
    """As it would have been on the bus at once: detail to the character, id, time, topic, source."""
    events = [event() | {"eventBody": body, "timestamp": time or None} for body, time in bodies]
    raw = json.dumps(events, ensure_ascii=len(bodies) % 2 == 0).encode("utf-8", "surrogatepass")
    direct, later = World(max_age=0), World(max_age=0)
    if direct.post(signed(raw, base64_encoded=True))["statusCode"] != 200:
        return  # half a surrogate pair
    later.events.answers = [THROTTLED]
    assert later.post(signed(raw, base64_encoded=True))["statusCode"] == 202
    later.events.answers = []
    later.clock.advance(86_400)
    assert later.drain() == []

    def in_order(entries: list[Entry]) -> list[Entry]:
        """What was tried again has gone to the end."""
        return sorted(entries, key=lambda entry: (entry["Detail"], entry["Time"]))

    assert in_order(later.events.on_bus) == in_order(direct.events.on_bus)
    assert not later.queue.bodies


def test_a_parked_probe_gets_there_as_one() -> None:
    world = World()
    outage(world, '{"topicName":"genesys-pulumi.ops.probe","eventBody":{"probeId":"1"}}')
    assert world.drain() == []
    assert [(entry["Source"], entry["DetailType"]) for entry in world.events.on_bus] == [
        ("genesys-pulumi.ops", "probe")
    ]


def test_neither_key_nor_age_matters_any_more() -> None:
    """Parked, then the key rotated with overlap 0 and two hours gone by: it still reaches the bus."""
    world = World(overlap=0, max_age=3600)
    outage(world)
    world.secrets.rotate(SIGNING, "new")
    world.clock.advance(7200)
    now = world.instance()
    assert world.post(signed(ONE), now)["statusCode"] == 401
    assert world.post(signed(ONE, "new"), now)["statusCode"] == 403
    reads = len(world.secrets.reads)
    assert world.drain() == []
    (entry,) = world.events.on_bus
    assert (entry["Detail"], entry["Source"]) == (ONE, SOURCE)
    assert len(world.secrets.reads) == reads


# Draining.


def test_while_the_outage_lasts_the_message_stays_as_it_is() -> None:
    world = World()
    outage(world)
    before = list(world.queue.bodies)
    world.clock.advance(5)
    started = world.clock()
    world.events.answers = [THROTTLED]
    assert world.drain() == ["0"]
    assert world.queue.bodies == before
    assert 4 < world.clock() - started <= 4.5, "Lambda ends the function after 6 seconds"
    world.events.answers = []
    assert world.drain() == []


def test_messages_share_calls() -> None:
    world = World()
    for number in range(4):
        outage(world, numbered(*range(5 * number, 5 * number + 5)))
    calls = len(world.events.calls)
    assert world.drain() == []
    assert [len(call) for call in world.events.calls[calls:]] == [10, 10]
    assert numbers(world.events.on_bus) == list(range(20))


def test_of_a_message_of_which_some_got_through_only_the_rest_is_parked_anew() -> None:
    world = World()
    outage(world, numbered(1, 2, 3))
    outage(world, numbered(4))
    outage(world, numbered(5, 6))
    world.events.answers = [only(1, 3, 4)]
    assert world.drain() == ["2"], "of the first some got through, of the second all, of the third none"
    assert sorted(waiting(world)) == [[2], [5, 6]]
    world.events.answers = []
    assert world.drain() == []
    assert sorted(numbers(world.events.on_bus)) == [1, 2, 3, 4, 5, 6], "none came twice"


def test_what_is_parked_anew_keeps_since_when_it_waits() -> None:
    world = World()
    outage(world, numbered(1, 2))
    world.clock.advance(3600)
    world.events.answers = [only(1)]
    world.drain()
    (body,) = world.queue.bodies
    assert read(body, "bus").since == NOW.timestamp()


def test_a_rest_that_cannot_be_parked_anew_comes_again_as_a_whole() -> None:
    world = World()
    outage(world, numbered(1, 2))
    world.events.answers = [only(1)]
    world.queue.errors = [aws_error("ServiceUnavailable")] * 1000
    started = world.clock()
    assert world.drain() == ["0"]
    assert waiting(world) == [[1, 2]]
    assert world.clock() - started <= 5.4
    world.events.answers, world.queue.errors = [], []
    assert world.drain() == []
    ids = [entry["Resources"] for entry in world.events.on_bus]
    assert ids[0] == ids[1] != ids[2], "a double has the same id"


WAITING: dict[str, Any] = {"source": "s", "detailType": "d", "detail": "{}", "time": NOW.isoformat(), "resources": []}


def packed(content: bytes) -> bytes:
    """Without the time: its base64 is a test's name, which each of xdist's workers must find the same."""
    return gzip.compress(content, mtime=0)


WHOLE = packed(json.dumps({"since": 1, "entries": [WAITING]}).encode())
GARBAGE = [
    "",
    "nonsense",
    ONE,
    "é",
    base64.b64encode(b"nonsense").decode(),
    base64.b64encode(packed(b"nonsense")).decode(),
    base64.b64encode(packed(b"\xff")).decode(),
    base64.b64encode(packed(b"{}")).decode(),
    base64.b64encode(packed(b"[" * 100_000)).decode(),
    base64.b64encode(packed(b'{"since":1,"entries":[]}')).decode(),
    base64.b64encode(packed(b'{"since":1,"entries":[1]}')).decode(),
    base64.b64encode(packed(b'{"since":"x","entries":[{}]}')).decode(),
    base64.b64encode(WHOLE + b"more").decode(),
    base64.b64encode(WHOLE[:-4]).decode(),  # without its length: somebody has cut it
    base64.b64encode(packed(bytes(LARGEST_TEXT + 1))).decode(),
]


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: body[:40])
def test_what_cannot_be_read_stays_and_is_told_of_and_holds_up_nothing(
    body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    outage(world)
    (good,) = world.queue.bodies
    capsys.readouterr()
    world.clock.advance(600)
    assert world.drain(parked(body, "garbage"), parked(good, "good")) == ["garbage"]
    assert len(world.events.on_bus) == 1
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert line["fates"] == {"unreadable": 1, "drained": 1}
    assert line["ParkedAge"] == pytest.approx(602.6, abs=0.2)


@pytest.mark.parametrize("member", ["source", "detailType", "detail", "time", "resources"])
def test_an_entry_that_lacks_something_cannot_be_read(member: str) -> None:
    entry = dict(WAITING)

    def message(entry: object) -> str:
        return base64.b64encode(gzip.compress(json.dumps({"since": 1, "entries": [entry]}).encode())).decode()

    assert read(message(entry), "bus").entries[0]["EventBusName"] == "bus"
    for wrong in (None, 5, "9999-99-99", [1], ["a", 1]):
        if not (member in ("source", "detailType", "detail") and isinstance(wrong, str)):
            with pytest.raises(Unreadable):
                read(message(entry | {member: wrong}), "bus")
    del entry[member]
    with pytest.raises(Unreadable):
        read(message(entry), "bus")


def test_what_the_bus_will_never_take_stays_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """It was parked before the bus had said so. The others of its message get there, and it is not tried by force."""
    world = World()
    outage(world, numbered(1, 2))

    def answer(entries: Sequence[Entry]) -> Sequence[str | None]:
        return ["MalformedDetail" if number == 2 else None for number in numbers(entries)]

    world.events.answers = [answer]
    assert world.drain() == []
    assert waiting(world) == [[2]]
    calls = len(world.events.calls)
    capsys.readouterr()
    assert world.drain() == ["0"]
    assert len(world.events.calls) == calls + 1
    assert json.loads(capsys.readouterr().out)["fates"] == {"malformed": 1}
    assert waiting(world) == [[2]]


@pytest.mark.parametrize("arn", [f"{QUEUE_ARN}-2", QUEUE_ARN[:-1], "arn:aws:sqs:us-east-1:999999999999:parking", "x"])
def test_messages_of_another_queue_are_refused(arn: str, capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    outage(world)
    (good,) = world.queue.bodies
    capsys.readouterr()
    assert world.drain(parked(good, "foreign", arn), parked(good, "ours")) == ["foreign"]
    assert len(world.events.on_bus) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[0])["fates"] == {"foreign": 1, "drained": 1}


def test_a_mistake_of_ours_loses_nothing_and_quotes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    outage(world)
    capsys.readouterr()
    world.events.answers = [raising(RuntimeError(ONE))]
    assert world.drain() == ["0"]
    told = capsys.readouterr().out
    line = json.loads(told)
    assert (line["fates"], line.get("Drained", 0)) == ({"failed": 1}, 0)
    assert line["errors"][0].startswith("RuntimeError at ingress.py:")
    assert "conversation" not in told
    world.events.answers = []
    assert world.drain() == []


@pytest.mark.parametrize(
    "messages",
    [[{}], [None], [{"messageId": 5}], [{"eventSourceARN": QUEUE_ARN}], [{"body": None, "eventSourceARN": QUEUE_ARN}]],
)
def test_a_record_that_is_none_makes_the_whole_batch_come_again(messages: list[Any]) -> None:
    """Lambda takes an empty identifier for that."""
    world = World()
    assert world.drain(*messages) == [""]
    assert not world.events.on_bus


# What is told.


def metrics(line: dict[str, Any]) -> dict[tuple[str, str], tuple[float, str]]:
    found = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                found[metric["Name"], " ".join(f"{name}={line[name]}" for name in names)] = (
                    line[metric["Name"]],
                    metric["Unit"],
                )
    return found


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_counted_when_it_is_on_the_bus_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    """`Events` are those of Genesys Cloud; `Parked` less `Drained` is what waits."""
    world = World(topics=["v2.things.{id}"])
    probe = {"topicName": "genesys-pulumi.ops.probe", "eventBody": {"number": 9}}
    known = [event("v2.things.7", number=number) for number in (1, 2, 3)]
    world.events.answers = [only(1)]
    world.post(signed(text([*known, probe])))
    first, *others = lines(capsys)
    found = metrics(first)
    assert found["Requests", "Stack=test Reason=parked"] == (1, "Count")
    assert (found["Parked", "Stack=test"], found["Events", "Stack=test"]) == ((3, "Count"), (1, "Count"))
    assert [metrics(line) for line in others] == [{("Events", "Stack=test Topic=v2.things.{id}"): (1, "Count")}]

    world.clock.advance(60)
    world.events.answers = [only(2, 9)]
    world.drain()
    first, *others = lines(capsys)
    found = metrics(first)
    assert (found["Drained", "Stack=test"], found["Events", "Stack=test"]) == ((2, "Count"), (1, "Count"))
    assert found["ParkedAge", "Stack=test"][1] == "Seconds"
    assert 60 < found["ParkedAge", "Stack=test"][0] < 70
    assert [metrics(line) for line in others] == [{("Events", "Stack=test Topic=v2.things.{id}"): (1, "Count")}]

    world.events.answers = [taken]
    world.drain()
    first, *others = lines(capsys)
    assert metrics(first) == {("Drained", "Stack=test"): (1, "Count"), ("Events", "Stack=test"): (1, "Count")}
    assert "Parked" not in first
    assert first["eventIds"] == [world.events.on_bus[-1]["Resources"][0].removeprefix("genesys-event:")]


def test_heartbeats_and_probes_are_no_events(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.post(heartbeat())
    world.post(signed('{"topicName":"genesys-pulumi.ops.probe","eventBody":{}}'))
    assert not [key for line in lines(capsys) for key in metrics(line) if key[0] == "Events"]


def test_after_a_503_nothing_is_counted_as_everything_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.events.answers = [only(1)]
    world.queue.errors = [aws_error("ServiceUnavailable")] * 100
    assert world.post(signed(numbered(1, 2)))["statusCode"] == 503
    assert not [key for line in lines(capsys) for key in metrics(line) if key[0] in ("Events", "Parked")]


def test_nothing_of_parked_events_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    canary = "+13175550100"
    outage(world, text([event(f"v2.people.{canary}.called", ani=canary), event(name=canary)]))
    (body,) = world.queue.bodies
    world.drain(parked(body), parked(body[:-8]), parked(ONE), parked(body, arn="x"))
    world.events.answers = [raising(aws_error("AccessDeniedException", canary))]
    world.drain(parked(body))
    world.events.answers = [failing("MalformedDetail")]
    world.drain(parked(body))
    told = capsys.readouterr()
    assert len(told.out.splitlines()) >= 4
    assert canary not in told.out + told.err
    assert body[:40] not in told.out + told.err


# The form.


def test_a_message_is_never_larger_than_sqs_takes() -> None:
    world = World()
    outage(world)
    (entry,) = read(world.queue.bodies[0], "bus").entries
    with pytest.raises(TooLarge):
        written(Parked([entry | {"Detail": "x" * (LARGEST_TEXT + 1)}], 0))  # packed it would fit, and never be read
    fits = Parked([entry | {"Detail": "x" * (LARGEST_TEXT - 1000)}], 0)
    assert read(written(fits), "bus") == fits
