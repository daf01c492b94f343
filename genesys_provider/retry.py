"""The one retry rule: what is sent again, after which wait, for how long."""

import math
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

ATTEMPTS = 8
TOLD_FROM_SECONDS = 3.0

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Nothing inside is tried again after these seconds. Within another limit, what is left of that one counts."""
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def retry(call: Callable[[], T]) -> T:
    """Call until it succeeds, fails for good, or the tries or the seconds are used up; then its last error is raised.

    A RequestError that is `repeatable` is tried again: after its `wait` where the server named one, else after a
    back-off with jitter.
    """
    return stamina.RetryingCaller(attempts=ATTEMPTS, timeout=None, wait_initial=0.5, wait_max=10.0)(_again, call)


def _again(error: Exception) -> bool | float:
    if not isinstance(error, RequestError) or not error.repeatable:
        return False
    left = _ends.get() - time.monotonic()
    if error.wait is None:
        return left > 0
    return error.wait if error.wait < left else False  # no use in waiting past the end


def _tell(details: RetryDetails) -> None:
    if details.wait_for > TOLD_FROM_SECONDS:
        what = ": ".join(str(details.caused_by).split(": ")[:2])  # `METHOD path: what came back`, without what to do
        pulumi.log.info(redact(f"{what}: trying again in {details.wait_for:.0f} s"))


set_on_retry_hooks([_tell])  # instead of stamina's own hooks, which log every retry as a warning
