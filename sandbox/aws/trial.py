"""A delivery that goes on until the target has the event, or its RetryPolicy allows no further attempt.

AWS documents exponential waits with jitter and no figures: ours double from one second to a minute. They may be waited
for scaled; an event's age counts them unscaled, so that MaximumEventAgeInSeconds ends as many tries at any scale.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from .inside import Json
from .invocation import Invocation
from .targets import Kind

DEFAULT_RETRIES = 185
DEFAULT_AGE = 86_400
LONGEST_WAIT = 60.0


@dataclass
class Delivery:
    """How one went: the status of the last attempt (None: no answer), and how many there were (0: not invoked)."""

    target: str
    status: int | None = None
    attempts: int = 0
    error: str | None = None
    """The code of the last attempt's failure."""
    exhausted: str | None = None
    """The limit of the retry policy that ended it."""

    def to_json(self) -> Json:
        return vars(self)


@dataclass(eq=False)
class Trial:
    """A delivery that goes on."""

    invocation: Invocation
    kind: Kind
    delivery: Delivery
    account: str
    region: str
    stopped: threading.Event
    started: float = field(default_factory=time.monotonic)
    not_waited: float = 0.0
    """Seconds by which scaled waits were shorter."""
    done: "Future[Delivery]" = field(default_factory=Future)

    def wait(self) -> float:
        """Seconds until the next attempt, unscaled."""
        return float(min(2.0 ** (max(self.delivery.attempts, 1) - 1), LONGEST_WAIT))

    def exhausted(self) -> str | None:
        """The limit of the target's retry policy that allows no further attempt."""
        policy = self.invocation.target.get("RetryPolicy") or {}
        if self.delivery.attempts > int(policy.get("MaximumRetryAttempts", DEFAULT_RETRIES)):
            return "MaximumRetryAttempts"
        age = time.monotonic() - self.started + self.not_waited
        if age + self.wait() > int(policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE)):
            return "MaximumEventAgeInSeconds"
        return None

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(self.delivery)
