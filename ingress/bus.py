"""Putting entries on the event bus, in batches, until all are there or the time is up."""

import math
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .aws import FAILURES, Entry, EventsClient, PutEventsResult, code
from .deadline import Deadline

LIMIT = 1_000_000  # bytes of a call's entries together; AWS says "less than 1MB", some of its older pages still 256 KB
BATCH = 10  # entries of a call

PAUSE = 0.05  # seconds after a call that failed in part or whole; twice as long after each further one
LONGEST_PAUSE = 0.4
SHORTEST_CALL = 0.1  # a call that is given up may still put its events on the bus: don't begin one that can't end

WARY = 5.0  # seconds after a call that failed as a whole, in which the bus is not waited for
WARY_CALL = 0.5  # seconds that a call gets meanwhile, some ten times what one takes


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
    """The bus as this instance of the function knows it: well, or not, in which case it is wary of it.

    Wary, it makes one call of a request, and what that doesn't put on the bus is left at once. An answer that took an
    entry ends it, and so do 5 seconds, so that a bus which is only slow is given its full time again. The one call of
    what is drained has that anyway: nobody waits for it, and left, it would lie there for another half minute. The
    clock is the wall's, as that of the keys.
    """

    def __init__(
        self,
        client: EventsClient,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._client = client
        self._sleep = sleep
        self._clock = clock
        self._failed_at = -math.inf
        self._under_way: set[object] = set()
        """Calls that have not ended, although some may have been given up."""

    def put(self, entries: Sequence[Entry], deadline: Deadline) -> Outcome:
        """Put them on the bus, each at most LIMIT large; what failed goes to the end of the queue, and again."""
        queue, outcome, pause = deque(entries), Outcome(), PAUSE
        wary = self._wary()
        while queue and deadline.left(deadline.bus) > SHORTEST_CALL:
            if wary and self._under_way and deadline.awaited:
                outcome.errors.add("StillHanging")
                break
            batch = take_batch(queue)
            failed = self._call(batch, deadline, outcome, wary)
            queue.extend(failed)
            if len(failed) < len(batch):
                wary = False
            elif wary:
                break
            if failed:
                self._sleep(min(pause * random.uniform(0.5, 1), max(deadline.left(deadline.bus), 0)))  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE) if failed else PAUSE
        outcome.left = list(queue)
        return outcome

    def _wary(self) -> bool:
        return 0 <= self._clock() - self._failed_at < WARY

    def _call(self, batch: list[Entry], deadline: Deadline, outcome: Outcome, wary: bool) -> list[Entry]:
        """Those of the batch that failed but may pass: whatever AWS says, but that the JSON is wrong."""
        outcome.calls += 1
        until = deadline.soon(deadline.bus, WARY_CALL) if wary and deadline.awaited else deadline.bus
        try:
            results = deadline.call(until, lambda: self._send(batch))["Entries"]
        except FAILURES as error:
            outcome.errors.add(code(error))
            if not (wary and isinstance(error, TimeoutError)):  # which says no more than that half a second is short
                self._failed_at = self._clock()
            return batch
        failed: list[Entry] = []
        for entry, result in zip(batch, results, strict=True):
            if error_code := result.get("ErrorCode"):
                outcome.errors.add(error_code)
                (outcome.malformed if error_code == "MalformedDetail" else failed).append(entry)
            else:
                outcome.taken.append(entry)
        self._failed_at = self._clock() if len(failed) == len(batch) else -math.inf
        return failed

    def _send(self, batch: list[Entry]) -> PutEventsResult:
        call = object()
        self._under_way.add(call)
        try:
            return self._client.put_events(Entries=batch)
        finally:
            self._under_way.discard(call)


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
