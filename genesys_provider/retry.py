"""The one retry rule: what is sent again, after which wait, for how long."""

from collections.abc import Callable
from typing import TypeVar

import pulumi
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from .errors import RequestError

T = TypeVar("T")

ATTEMPTS = 8
TOLD_FROM_SECONDS = 3.0


def retry(call: Callable[[], T], timeout_seconds: float) -> T:
    """Call until it succeeds, fails for good, or the tries or the seconds are used up; then its last error is raised.

    A RequestError that is `repeatable` is tried again: after its `wait` where the server named one, else after a
    back-off with jitter.
    """
    return stamina.RetryingCaller(attempts=ATTEMPTS, timeout=timeout_seconds, wait_initial=0.5, wait_max=10.0)(
        lambda error: _again(error, timeout_seconds), call
    )


def _again(error: Exception, timeout_seconds: float) -> bool | float:
    if not isinstance(error, RequestError) or not error.repeatable:
        return False
    if error.wait is None:
        return True
    return error.wait if error.wait < timeout_seconds else False  # no use in waiting past the end


def _tell(details: RetryDetails) -> None:
    if details.wait_for > TOLD_FROM_SECONDS:
        pulumi.log.info(f"Genesys Cloud: waiting {details.wait_for:.0f} s, then trying again ({details.caused_by})")


set_on_retry_hooks([_tell])  # instead of stamina's own hooks, which log every retry as a warning
