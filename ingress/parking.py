"""The parking queue: where entries wait that the bus did not take in time, and the form in which they lie there.

A message holds all entries that one request, or one drained message, had left. It is gzip in base64, because raw text
may hold characters that SQS refuses, and a million bytes in base64 alone are too many.
"""

import base64
import json
import random
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from .aws import FAILURES, Entry, QueueClient, code
from .bus import SHORTEST_CALL
from .deadline import Deadline

LARGEST = 1024 * 1024  # bytes of a message, which is all that SQS takes
LARGEST_TEXT = 32 * LARGEST  # of what is in it; more is never parked, so that more is none of ours
LEVEL = 5  # of compression: nearly as small as it gets, in half of the time
GZIP = 16 + zlib.MAX_WBITS  # zlib's way of saying: with gzip's header
PAUSE = 0.05  # seconds before the queue is tried once more


class Unreadable(Exception):
    """This is no message of ours."""


class TooLarge(Exception):
    """More than a message can hold."""


class Waiting(TypedDict):
    """An entry as it is kept: without the bus, which may be another one by then, and with the time as text."""

    source: str
    detailType: str
    detail: str
    time: str
    resources: list[str]


@dataclass(frozen=True)
class Parked:
    """What a message holds."""

    entries: list[Entry]
    since: float
    """When the first of them came, in seconds since 1970; parking the rest of a message anew leaves it as it is."""


class Parking:
    def __init__(
        self, connect: Callable[[], QueueClient], url: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connect = connect
        self._client: QueueClient | None = None
        self._url = url
        self._sleep = sleep

    def park(self, parked: Parked, deadline: Deadline, errors: set[str]) -> bool:
        """Whether they are in the queue now, all in one message. Why not is added to the errors."""
        try:
            text = written(parked)
        except TooLarge:
            errors.add("TooLargeToPark")
            return False
        while deadline.left(deadline.parking) > SHORTEST_CALL:
            try:
                deadline.call(deadline.parking, lambda: self._send(text))
            except FAILURES as error:
                errors.add(code(error))
                pause = PAUSE * random.uniform(0.5, 1)  # noqa: S311
                self._sleep(min(pause, max(deadline.left(deadline.parking), 0)))
            else:
                return True
        return False

    def _send(self, text: str) -> None:
        if self._client is None:
            self._client = self._connect()
        self._client.send_message(QueueUrl=self._url, MessageBody=text)


def written(parked: Parked) -> str:
    """The message's text. Raises TooLarge."""
    content = {"since": parked.since, "entries": [waiting(entry) for entry in parked.entries]}
    raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if len(raw) > LARGEST_TEXT:
        raise TooLarge
    text = base64.b64encode(zlib.compress(raw, LEVEL, GZIP))
    if len(text) > LARGEST:
        raise TooLarge
    return text.decode()


def read(text: str, bus: str) -> Parked:
    """What the message holds, as entries for that bus. Raises Unreadable."""
    try:
        unpacker = zlib.decompressobj(GZIP)
        raw = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST_TEXT)
        if not unpacker.eof or unpacker.unused_data:
            raise Unreadable
        match json.loads(raw):
            case {"since": int() | float() as since, "entries": [_, *_] as entries}:
                return Parked([entry(each, bus) for each in entries], since)
    except (ValueError, zlib.error, RecursionError, OverflowError):
        raise Unreadable from None
    raise Unreadable


def waiting(entry: Entry) -> Waiting:
    return {
        "source": entry["Source"],
        "detailType": entry["DetailType"],
        "detail": entry["Detail"],
        "time": entry["Time"].isoformat(),
        "resources": entry.get("Resources", []),
    }


def entry(waiting: object, bus: str) -> Entry:
    match waiting:
        case {
            "source": str(source),
            "detailType": str(detail_type),
            "detail": str(detail),
            "time": str(moment),
            "resources": [*resources],
        } if all(isinstance(each, str) for each in resources):
            return {
                "EventBusName": bus,
                "Source": source,
                "DetailType": detail_type,
                "Detail": detail,
                "Time": datetime.fromisoformat(moment).astimezone(UTC),
                "Resources": resources,
            }
    raise Unreadable
