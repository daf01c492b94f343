"""Faults on order: deliveries to a target, or into a dead-letter queue, that fail."""

import threading
from dataclasses import dataclass

from .inside import Json
from .outcome import PASSING, PERMANENT, Outcome


@dataclass
class TargetFault:
    """The next `times` deliveries to `target` fail with `code`, or all of them when `times` is None.

    Codes are those of a dead-letter queue; whether EventBridge tries again goes by the code."""

    target: str = ""
    code: str = "INTERNAL_ERROR"
    message: str = "A fault that a test has ordered."
    times: int | None = 1

    def __post_init__(self) -> None:
        if not self.target.startswith("arn:"):
            raise ValueError("a fault of a target needs its ARN as target")
        if self.code not in PASSING | PERMANENT:
            raise ValueError(f"{self.code!r} is no code of a failed delivery: {', '.join(sorted(PASSING | PERMANENT))}")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault happens at least once; without an end with times null")

    @property
    def outcome(self) -> Outcome:
        passing = self.code in PASSING
        return Outcome(503 if passing else 400, self.code, self.message, passing=passing)

    def to_json(self) -> Json:
        return dict(vars(self))


class TargetFaults:
    """Those still to come; of several for a target, the one ordered first is used up first."""

    def __init__(self) -> None:
        self._faults: list[TargetFault] = []
        self._lock = threading.Lock()

    def add(self, fault: TargetFault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, target: str) -> Outcome | None:
        with self._lock:
            fault = next((fault for fault in self._faults if fault.target == target), None)
            if fault is None:
                return None
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
            return fault.outcome

    def to_json(self) -> list[Json]:
        with self._lock:
            return [fault.to_json() for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
