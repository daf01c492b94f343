"""From a body's bytes to its events, each with its own piece of the body's text."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from .answers import Answer, Refused

LONGEST_AHEAD = 300  # seconds that the sender's clock may be ahead


@dataclass(frozen=True)
class Event:
    """`text` is the event as it came, never written anew: numbers, escapes and white space stay what they are."""

    text: str
    topic: str
    time: datetime

    @property
    def id(self) -> str:
        """The same for each delivery of the same event."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def parse(body: bytes, arrival: datetime) -> list[Event]:
    """The events of a body: a JSON object, or a list of them. Raises Refused (400) if one of them is none.

    An empty list is refused too: with a 200, a sender whose events get lost on the way would look healthy.
    """
    try:
        pieces = split(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Refused(Answer.NOT_JSON) from None
    if not pieces:
        raise Refused(Answer.NO_EVENT)
    return [event(value, text, arrival) for value, text in pieces]


def refuse_stale(events: Iterable[Event], arrival: datetime, max_age: float) -> None:
    """Raises Refused (403) if an event is older than `max_age` seconds (0: as old as it likes), or from the future."""
    for age in ((arrival - event.time).total_seconds() for event in events):
        if age < -LONGEST_AHEAD or (max_age and age > max_age):
            raise Refused(Answer.STALE)


def event(value: object, text: str, arrival: datetime) -> Event:
    match value:
        # What can't be printed (control characters, half a surrogate pair) is no topic, and PutEvents would balk at it.
        case {"topicName": str(topic), "eventBody": dict(), **others} if topic and topic.isprintable():
            return Event(text, topic, time_of(others.get("timestamp"), arrival))
    raise Refused(Answer.NOT_AN_EVENT)


def time_of(timestamp: object, arrival: datetime) -> datetime:
    if timestamp is None:
        return arrival
    if not isinstance(timestamp, str):
        raise Refused(Answer.BAD_TIMESTAMP)
    try:
        time = datetime.fromisoformat(timestamp)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter for the year 1, east of Greenwich
        raise Refused(Answer.BAD_TIMESTAMP) from None


def split(text: str) -> list[tuple[object, str]]:
    """The elements of a list, or the one thing that the text is: each with its own text. Raises ValueError."""
    at = after_space(text, 0)
    if not text.startswith("[", at):
        value, end = decoder.raw_decode(text, at)
        refuse_more(text, end)
        return [(value, text[at:end])]
    pieces: list[tuple[object, str]] = []
    at = after_space(text, at + 1)
    while pieces or not text.startswith("]", at):
        value, end = decoder.raw_decode(text, at)
        pieces.append((value, text[at:end]))
        at = after_space(text, end)
        if text.startswith("]", at):
            break
        if not text.startswith(",", at):
            raise ValueError
        at = after_space(text, at + 1)
    refuse_more(text, at + 1)
    return pieces


def refuse_more(text: str, at: int) -> None:
    if after_space(text, at) != len(text):
        raise ValueError


def after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's idea of JSON


SPACE = re.compile(r"[ \t\n\r]*")
# Numbers are only looked at in passing; Python refuses to read very long ones as whole numbers.
decoder = json.JSONDecoder(parse_int=float, parse_constant=refuse_constant)
