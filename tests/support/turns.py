"""A lock that tells how many came to it."""

import threading

from tests.support.waiting import until


class Watched:
    """A `threading.Lock`; whoever came either holds it, waits for it, or is done with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.timeouts: list[float] = []  # of each that came

    def acquire(self, timeout: float = -1) -> bool:
        self.timeouts.append(timeout)
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()

    def until_there_are(self, count: int) -> None:
        until(lambda: len(self.timeouts) >= count, f"{count} came to the lock")
