"""The one retry rule: what is sent again, after which wait, how often and for how long."""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import pulumi
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from .errors import RequestError
from .redaction import redact

T = TypeVar("T")

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 10.0  # of a back-off, at most: full jitter takes anything from nothing to that
TOLD_FROM_SECONDS, TOLD_EVERY_SECONDS = 3.0, 10.0
FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.25, 2.0

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Nothing inside is tried again after these seconds. Within another limit, what is left of that one counts."""
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def retry(call: Callable[[], T], attempts: int) -> T:
    """Call until it succeeds or fails for good, or attempts or seconds are used up; then its last error is raised.

    A RequestError that is `repeatable` is tried again: after its `wait` where the server named one, else after a
    back-off with full jitter, so that callers who were refused together don't come back together.
    """
    longest = FIRST_SECONDS

    def again(error: Exception) -> bool | float:
        nonlocal longest
        if not isinstance(error, RequestError) or not error.repeatable:
            return False
        if (wait := error.wait) is None:
            wait = random.uniform(0, longest)  # noqa: S311 (spreads load, guards nothing)
            longest = min(LONGEST_SECONDS, longest * 2)
        return wait if wait < _ends.get() - time.monotonic() else False  # no use in waiting past the end

    return stamina.RetryingCaller(attempts=attempts, timeout=None)(again, call)


def poll(look: Callable[[], T], done: Callable[[T], bool], seconds: float, what: Callable[[T], str]) -> T:
    """Look until it is done, or for so many seconds; what was seen last. `what` says what is waited for."""
    begun = time.monotonic()
    ends = min(begun + seconds, _ends.get())
    wait, tell_at = FIRST_LOOK_SECONDS, begun + TOLD_FROM_SECONDS
    while not done(seen := look()) and (now := time.monotonic()) < ends:
        if now >= tell_at:
            pulumi.log.info(redact(f"{what(seen)} ({now - begun:.0f} s)"))
            tell_at = now + TOLD_EVERY_SECONDS
        time.sleep(min(wait, ends - now))
        wait = min(LONGEST_LOOK_SECONDS, wait * 2)
    return seen


def _tell(details: RetryDetails) -> None:
    if details.wait_for > TOLD_FROM_SECONDS:
        what = ": ".join(str(details.caused_by).split(": ")[:2])  # `METHOD path: what came back`, without what to do
        pulumi.log.info(redact(f"{what}: trying again in {details.wait_for:.0f} s"))


set_on_retry_hooks([_tell])  # instead of stamina's own hooks, which log every retry as a warning
