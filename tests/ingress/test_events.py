"""Taking a body apart without changing a byte of its events."""

import contextlib
import json
import random
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.answers import Refused
from ingress.events import parse, refuse_constant, split
from tests.support.ingress import NOW, World, event, signed, text

PROPERTY = settings(deadline=None, database=None, max_examples=100)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda topic, body, more: {**more, "topicName": topic, "eventBody": body},
    st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True),
    st.dictionaries(st.text(), JSON_VALUES, max_size=4),
    st.dictionaries(st.text().filter(lambda key: key != "timestamp"), JSON_VALUES, max_size=3),
)
SPACE = st.text(" \t\r\n", max_size=3)


@pytest.mark.parametrize(
    "piece",
    [
        "9007199254740993",
        "-9223372036854775808",
        "18446744073709551616",
        "9" * 10_000,
        "1.10",
        "1E5",
        "1e400",
        "-0.0",
        "0.1000000000000000055511151231257827",
        r'"\u00e9\u2028\/"',
        '"é\u2028\u2029😀\\"quoted\\""',
        r'"\ud83d\ude00"',
        r'"\ud800"',
        "[ 1 ,2,\n3 ]",
        '{"b":1,"a":2,"b":3}',
    ],
    ids=lambda piece: piece[:30],
)
def test_an_event_comes_to_the_bus_as_it_was_written(piece: str) -> None:
    one = f'{{ "topicName":"a",\t"eventBody": {{"x":{piece}}} }}'
    world = World()
    assert world.post(signed(f"\n[{one}, {one}]\n"))["statusCode"] == 200
    assert [entry["Detail"] for entry in world.events.on_bus] == [one, one]


@PROPERTY
@given(st.lists(EVENTS, min_size=1, max_size=6), st.randoms(use_true_random=False), st.booleans())
def test_pieces_are_the_events_and_stand_in_the_body_as_they_are(
    events: list[dict[str, Any]], chance: random.Random, ascii_only: bool
) -> None:
    def space() -> str:
        return "".join(chance.choices(" \t\r\n", k=chance.randrange(3)))

    written = [json.dumps(one, ensure_ascii=ascii_only, indent=chance.choice([None, 1])) for one in events]
    body = space() + "[" + ",".join(space() + one + space() for one in written) + "]" + space()
    try:
        encoded = body.encode()
    except UnicodeEncodeError:  # half a surrogate pair, unescaped: no UTF-8, and so no body
        return
    parsed = parse(encoded, NOW)
    assert [one.text for one in parsed] == written
    assert [json.loads(one.text) for one in parsed] == json.loads(body)
    assert [one.topic for one in parsed] == [one["topicName"] for one in events]


@PROPERTY
@given(EVENTS, SPACE, SPACE)
def test_an_event_alone_is_the_same_as_in_a_list(one: dict[str, Any], before: str, after: str) -> None:
    body = text(one)
    assert parse((before + body + after).encode(), NOW) == parse(f"[{body}]".encode(), NOW)


@settings(PROPERTY, max_examples=1000)
@given(
    st.lists(
        st.sampled_from(
            ["[", "]", "{", "}", ",", ":", " ", "\n", '"a"', "1", "-1.5e3", "null", "NaN", "[]", "{}", '{"a":1}']
        ),
        max_size=12,
    ).map("".join)
)
def test_what_is_json_and_what_is_not_is_as_python_has_it(body: str) -> None:
    def outcome(function: Any) -> Any:
        try:
            return function()
        except (ValueError, RecursionError):
            return "no JSON"

    whole = outcome(lambda: json.loads(body, parse_constant=refuse_constant))
    pieces = outcome(lambda: [value for value, _ in split(body)])
    assert pieces == (whole if isinstance(whole, list) or whole == "no JSON" else [whole])


@PROPERTY
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda body: body.encode(errors="replace")))
def test_no_body_does_more_than_be_refused(body: bytes) -> None:
    with contextlib.suppress(Refused):
        parse(body, NOW)


@PROPERTY
@given(
    st.datetimes(timezones=st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439)))
)
def test_a_timestamp_is_the_same_moment_on_the_bus(moment: datetime) -> None:
    body = text(event() | {"timestamp": moment.isoformat()})
    if not 1 < moment.year < 9999:  # perhaps out of Python's years, once in UTC
        with contextlib.suppress(Refused):
            parse(body.encode(), NOW)
        return
    (one,) = parse(body.encode(), NOW)
    assert one.time == moment
    assert one.time.tzinfo is UTC


def test_a_timestamp_without_a_zone_is_utc_wherever_the_process_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        (one,) = parse(text(event() | {"timestamp": "2026-02-18T14:01:11"}).encode(), NOW)
    time.tzset()
    assert one.time.isoformat() == "2026-02-18T14:01:11+00:00"


def test_a_timestamp_finer_than_a_microsecond_is_taken() -> None:
    (one,) = parse(text(event() | {"timestamp": "2026-02-18T14:01:11.2041234Z"}).encode(), NOW)
    assert one.time.microsecond == 204123
