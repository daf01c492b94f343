"""Putting entries on the event bus, in batches, until all are there or the time is up."""

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .aws import FAILURES, Entry, EventsClient, code
from .deadline import Deadline

LIMIT = 1_000_000  # bytes of a call's entries together; AWS says "less than 1MB", some of its older pages still 256 KB
BATCH = 10  # entries of a call

PAUSE = 0.05  # seconds after a call that failed in part or whole; twice as long after each further one
LONGEST_PAUSE = 0.4
SHORTEST_CALL = 0.1  # a call that is given up may still put its events on the bus: don't begin one that can't end


@dataclass
class Outcome:
    """What became of the entries."""

    left: list[Entry] = field(default_factory=list)
    """Those that are not on the bus yet, but might be later."""
    taken: list[Entry] = field(default_factory=list)
    """Those that are."""
    malformed: list[Entry] = field(default_factory=list)
    """Those that the bus will never take."""
    calls: int = 0
    errors: set[str] = field(default_factory=set)


class Bus:
    def __init__(self, client: EventsClient, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._client = client
        self._sleep = sleep

    def put(self, entries: Sequence[Entry], deadline: Deadline) -> Outcome:
        """Put them on the bus, each at most LIMIT large; what failed goes to the end of the queue, and again."""
        queue, outcome, pause = deque(entries), Outcome(), PAUSE
        while queue and deadline.left(deadline.bus) > SHORTEST_CALL:
            failed = self._call(take_batch(queue), deadline, outcome)
            queue.extend(failed)
            if failed:
                self._sleep(min(pause * random.uniform(0.5, 1), max(deadline.left(deadline.bus), 0)))  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE) if failed else PAUSE
        outcome.left = list(queue)
        return outcome

    def _call(self, batch: list[Entry], deadline: Deadline, outcome: Outcome) -> list[Entry]:
        """Those of the batch that failed but may pass: whatever AWS says, but that the JSON is wrong."""
        outcome.calls += 1
        try:
            results = deadline.call(deadline.bus, lambda: self._client.put_events(Entries=batch))["Entries"]
        except FAILURES as error:
            outcome.errors.add(code(error))
            return batch
        failed: list[Entry] = []
        for entry, result in zip(batch, results, strict=True):
            if error_code := result.get("ErrorCode"):
                outcome.errors.add(error_code)
                (outcome.malformed if error_code == "MalformedDetail" else failed).append(entry)
            else:
                outcome.taken.append(entry)
        return failed


def take_batch(queue: deque[Entry]) -> list[Entry]:
    """The next entries off the queue, as many as go into one call, at least one."""
    batch = [queue.popleft()]
    room = LIMIT - size(batch[0])
    while queue and len(batch) < BATCH and size(queue[0]) <= room:
        room -= size(queue[0])
        batch.append(queue.popleft())
    return batch


def size(entry: Entry) -> int:
    """An entry's size as AWS counts it: 14 for the time, and the bytes of the texts."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", ()))
    return 14 + sum(len(text.encode()) for text in texts)
