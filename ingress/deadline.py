"""One deadline per request, handed to every call that is made for it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

T = TypeVar("T")

KEYS = 1.0  # seconds for reading keys
BUS = 2.6  # seconds after the sender began to wait, by which events are on the bus; the answer is due at 4
PARKING = 3.6  # by when what is not there is parked
DRAINED = 4.5  # seconds after Lambda brought a batch of parked events, by which they are on the bus
PARKED_ANEW = 5.4  # by when the rest of them is parked again; Lambda ends the function at 6


class Deadline:
    """Until when a request's calls may take, in seconds of the clock.

    `started` is when the sender began to wait. Loading the code of a cold start counts against the whole, but not
    against the keys' share of it, which a slow start would use up before the first key is asked for. `awaited` says
    whether anybody waits.
    """

    def __init__(
        self,
        started: float,
        clock: Callable[[], float] = time.monotonic,
        bus: float = BUS,
        parking: float = PARKING,
        awaited: bool = True,
    ) -> None:
        self._clock = clock
        self._started = started
        self.bus = started + bus
        self.parking = started + parking
        self.awaited = awaited
        self.keys = min(clock() + KEYS, self.bus)

    @classmethod
    def of_drain(cls, clock: Callable[[], float] = time.monotonic) -> Self:
        """That of a batch from the parking queue, for which nobody waits but Lambda."""
        return cls(clock(), clock, DRAINED, PARKED_ANEW, awaited=False)

    def elapsed(self) -> float:
        return self._clock() - self._started

    def left(self, until: float) -> float:
        return until - self._clock()

    def soon(self, until: float, seconds: float) -> float:
        """That moment, or the one so many seconds from now if it comes first."""
        return min(until, self._clock() + seconds)

    def call(self, until: float, function: Callable[[], T]) -> T:
        """The function's result, if it comes in time; else raises TimeoutError.

        In a thread, as no time-out of a socket bounds the whole: each address of a name has its own, looking up the
        name has none, and each byte of a slow answer begins a new one. The thread ends by the client's time-outs.
        """
        left = self.left(until)
        if left <= 0:
            raise TimeoutError
        future = threads.submit(function)
        try:
            return future.result(timeout=left)
        except TimeoutError:
            future.cancel()  # one that has not begun must not begin after the answer
            raise


threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="call")
