"""Faults on order: what goes wrong with the next calls of an operation."""

import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from .inside import Json

Kind = Literal["error", "partial", "hang"]
When = Literal["before", "after"]


@dataclass
class Fault:
    """For `times` calls of `operation`, of anybody or of `principal` only.

    `error` answers with `code` and `status` (400, or 503 of an HTTP API). `hang` keeps the caller waiting for `seconds`
    and then fails with 500; a caller who gives up ends it. Both come instead of the work, or with `when="after"` once
    it is done.

    `partial` is for operations with entries (PutEvents): those in `entries` fail with `code`, each `times` times, the
    others succeed. Entries are numbered from 0 in the order in which different ones are first seen, over all calls
    since the fault was ordered: 2 and 16 are the third and the seventeenth event of a body, in whatever batches they
    come, and stay so when they are sent again.
    """

    operation: str
    kind: Kind = "error"
    times: int = 1
    code: str = "InternalFailure"
    message: str = "A fault that a test has ordered."
    status: int | None = None
    seconds: float = 30.0
    when: When = "before"
    principal: str | None = None
    entries: list[int] = field(default_factory=list)
    _seen: dict[bytes, int] = field(default_factory=dict, init=False, repr=False)
    _failed: dict[int, int] = field(default_factory=dict, init=False, repr=False)

    def fails(self, entry: Json, already: bool) -> bool:
        """Whether this entry is one that fails, this time: not if it does `already`. It has its number by this."""
        digest = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).digest()
        number = self._seen.setdefault(digest, len(self._seen))
        if already or number not in self.entries or self._failed.get(number, 0) >= self.times:
            return False
        self._failed[number] = self._failed.get(number, 0) + 1
        return True

    @property
    def spent(self) -> bool:
        if self.kind == "partial":
            return all(self._failed.get(number, 0) >= self.times for number in self.entries)
        return self.times <= 0

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_") and value is not None}


class Faults:
    """Those still to come; of several that match, the one ordered first is used up first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, operation: str, principal: str) -> Fault | None:
        """An error or a hang for this call, once less from now on."""
        with self._lock:
            found = self._find(operation, principal, partial=False)
            if not found:
                return None
            found[0].times -= 1
            self._drop_spent()
            return found[0]

    def failing(self, operation: str, principal: str, entries: list[Json]) -> dict[int, Fault]:
        """Which of these entries fail, by their place in this call."""
        with self._lock:
            found = self._find(operation, principal, partial=True)
            failing: dict[int, Fault] = {}
            for place, entry in enumerate(entries):
                for fault in found:  # each of them: it is numbered by all
                    if fault.fails(entry, already=place in failing):
                        failing[place] = fault
            self._drop_spent()
            return failing

    def to_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.to_json() for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def _find(self, operation: str, principal: str, *, partial: bool) -> list[Fault]:
        return [
            fault
            for fault in self._faults
            if fault.operation == operation
            and fault.principal in (None, principal)
            and (fault.kind == "partial") is partial
        ]

    def _drop_spent(self) -> None:
        self._faults = [fault for fault in self._faults if not fault.spent]
