"""From the parking queue to the bus: what Lambda brings in batches, and which messages it shall bring again.

What was parked was authentic and fresh when it came: neither is checked again, and two weeks later neither could be.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict, final

from .bus import Bus
from .deadline import Deadline
from .metrics import Drained, Fate, Metrics, where
from .parking import Parked, Parking, Unreadable, read
from .topics import Topics


class Attributes(TypedDict, total=False):
    SentTimestamp: str


class Message(TypedDict, total=False):
    """What is read of a record of Lambda's batch."""

    messageId: str
    body: str
    eventSourceARN: str
    attributes: Attributes


@final
class Batch(TypedDict):
    Records: list[Message]


class Failure(TypedDict):
    itemIdentifier: str


class Failures(TypedDict):
    """What Lambda leaves in the queue; it deletes the others."""

    batchItemFailures: list[Failure]


@dataclass(frozen=True, kw_only=True)
class Drain:
    bus: Bus
    parking: Parking
    topics: Topics
    metrics: Metrics
    source: str
    """The events' source on the bus."""
    queue_arn: str
    """Messages of any other queue are refused."""
    clock: Callable[[], float] = time.time

    def drain(self, batch: Batch, deadline: Deadline) -> Failures:
        """Put what the messages hold on the bus, whatever happens, and tell of it in one log line.

        A message of which some events got through is done with as soon as the others are parked anew. One of which
        none did stays as it is, for as long as the queue keeps it; so does one that can't be read, or whose events the
        bus will never take. It fails alone, is told of each time, and its age, which is told too, raises an alarm.
        """
        messages, told = batch["Records"], Drained()
        try:
            fates = self._drain(messages, deadline, told)
        except Exception as error:  # an uncaught one would be logged with its message, which may quote an event
            fates = [Fate.FAILED] * len(messages)
            told.errors.add(where(error))
        told.fates.update(fates)
        self.metrics.tell_drained(told, deadline.elapsed(), self.clock())
        again = [message for message, fate in zip(messages, fates, strict=True) if not fate.done]
        return {"batchItemFailures": [{"itemIdentifier": text(message, "messageId")} for message in again]}

    def _drain(self, messages: list[Message], deadline: Deadline, told: Drained) -> list[Fate]:
        found = [self._read(message) for message in messages]
        outcome = self.bus.put(
            [entry for each in found if isinstance(each, Parked) for entry in each.entries], deadline
        )
        told.calls, told.errors = outcome.calls, outcome.errors
        told.entries = outcome.taken
        told.topics = self.topics.count(outcome.taken, self.source)
        left, malformed = ({id(entry) for entry in each} for each in (outcome.left, outcome.malformed))
        fates: list[Fate] = []
        for message, each in zip(messages, found, strict=True):
            since = each.since if isinstance(each, Parked) else sent(message)
            fate = self._settle(each, left, malformed, deadline, told.errors) if isinstance(each, Parked) else each
            if fate is not Fate.DRAINED and since is not None:
                told.oldest = min(since, told.oldest or since)
            fates.append(fate)
        return fates

    def _read(self, message: Message) -> Parked | Fate:
        if text(message, "eventSourceARN") != self.queue_arn:
            return Fate.FOREIGN
        try:
            return read(text(message, "body"), self.bus.name)
        except Unreadable:
            return Fate.UNREADABLE

    def _settle(
        self, parked: Parked, left: set[int], malformed: set[int], deadline: Deadline, errors: set[str]
    ) -> Fate:
        """What becomes of a message whose entries are on the bus, but for those that are left or malformed."""
        rest = [entry for entry in parked.entries if id(entry) in left or id(entry) in malformed]
        if not rest:
            return Fate.DRAINED
        if len(rest) < len(parked.entries) and self.parking.park(Parked(rest, parked.since), deadline, errors):
            return Fate.PARKED_ANEW
        return Fate.BUS_LATE if any(id(entry) in left for entry in rest) else Fate.MALFORMED


def text(message: Message, name: str) -> str:
    """Empty where there is no such text. No message without an id comes from a queue; here all come again with it."""
    value = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, str) else ""


def sent(message: Message) -> float | None:
    """When it was sent, in seconds since 1970."""
    moment = message.get("attributes", {}).get("SentTimestamp", "")
    return int(moment) / 1000 if moment.isdigit() else None
