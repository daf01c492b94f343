"""The one place that waits: what is sent again, after which wait, how often and for how long."""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from . import log
from .errors import RequestError

T = TypeVar("T")

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 10.0  # of a back-off, at most: full jitter takes anything from nothing to that
TOLD_FROM_SECONDS, TOLD_EVERY_SECONDS = 3.0, 10.0
FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.25, 2.0

jitter = random.Random()  # noqa: S311 (spreads load, guards nothing); its own, so that a test can seed it

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Nothing inside is begun after these seconds, or waited for. Within another limit, what is left of it counts."""
    return until(end_in(seconds))


def end_in(seconds: float) -> float:
    """When a limit of these seconds ends that begins now: several `until` may share it."""
    return time.monotonic() + seconds


@contextmanager
def until(end: float) -> Iterator[None]:
    token = _ends.set(min(_ends.get(), end))
    try:
        yield
    finally:
        _ends.reset(token)


def time_left() -> float:
    """Seconds until the time limit ends; none or fewer when it is over."""
    return _ends.get() - time.monotonic()


def held_back(what: str, why: str) -> RequestError:
    """The error of a request (`METHOD path`) that is not sent, as the time limit ends first."""
    return RequestError(f"{what}: held back, {why}: raise genesys:timeoutSeconds")


def pause(seconds: float, what: str, why: str) -> None:
    """Hold a request back. That is no try of it."""
    if seconds >= time_left():
        raise held_back(what, why)
    _tell(f"{what}: held back, {why}", seconds)
    time.sleep(seconds)


class Turn:
    """A lock around a request (`METHOD path`) that one thread sends for all; waiting for it counts as any wait.

    Whoever waited while the one inside failed gets that failure: else each of them would try as long again. Whoever
    comes later may try anew. What is waited for inside is told there.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._failure: Exception | None = None  # the last one's inside

    @contextmanager
    def taken(self) -> Iterator[None]:
        known = self._failure
        if not self._lock.acquire(timeout=min(max(0.0, time_left()), threading.TIMEOUT_MAX)):
            raise held_back(self._what, "as it was not answered in time when another resource sent it")
        try:
            if self._failure is not None and self._failure is not known:
                raise self._failure
            try:
                yield
            except Exception as error:
                self._failure = error
                raise
            self._failure = None
        finally:
            self._lock.release()


def retry(call: Callable[[], T], attempts: int, only: type[RequestError] = RequestError) -> T:
    """Call until it succeeds or fails for good, or attempts or seconds are used up; then its last error is raised.

    A RequestError that is `repeatable` is tried again: after its `wait` where the server named one (0 is none: it would
    use up all tries at once), else after a back-off with full jitter, so that callers who were refused together don't
    come back together. `only` that kind is, where requests inside the call have tries of their own for any other.
    """
    longest = FIRST_SECONDS

    def again(error: Exception) -> bool | float:
        nonlocal longest
        if not isinstance(error, only) or not error.repeatable:
            return False
        if not (wait := error.wait):
            wait = jitter.uniform(0, longest)
            longest = min(LONGEST_SECONDS, longest * 2)
        return wait if wait < time_left() else False  # no use in waiting past the end

    return stamina.RetryingCaller(attempts=attempts, timeout=None)(again, call)


def poll(look: Callable[[], T], done: Callable[[T], bool], seconds: float, what: Callable[[T], str]) -> T:
    """Look until it is done, or for so many seconds; what was seen last. `what` says what is waited for."""
    begun = time.monotonic()
    ends = begun + seconds
    wait, tell_at = FIRST_LOOK_SECONDS, begun + TOLD_FROM_SECONDS
    while not done(seen := look()) and (now := time.monotonic()) < ends and wait < time_left():
        if now >= tell_at:
            log.info(f"{what(seen)} ({now - begun:.0f} s)")
            tell_at = now + TOLD_EVERY_SECONDS
        time.sleep(min(wait, ends - now))
        wait = min(LONGEST_LOOK_SECONDS, wait * 2)
    return seen


def _tell(what: str, seconds: float) -> None:
    if seconds > TOLD_FROM_SECONDS:
        log.info(f"{what}: trying again in {seconds:.0f} s")


def _on_retry(details: RetryDetails) -> None:
    what = ": ".join(str(details.caused_by).split(": ")[:2])  # `METHOD path: what came back`, without what to do
    _tell(what, details.wait_for)


set_on_retry_hooks([_on_retry])  # instead of stamina's own hooks, which log every retry as a warning
