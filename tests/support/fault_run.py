"""What goes wrong during a fault run: ordered at random, repeatable by its seed, and only what may pass."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.provider import Emulator
from tests.support.waiting import until

Fault = dict[str, Any]

PASSING = re.compile(
    r"(POST /\S+: 409 .*, as looking for it failed too: )?"
    r"(GET|POST|PUT|PATCH|DELETE) /\S+: ((408|429|500|502|503|504) |no answer from |held back, |20\d, but the answer )"
)
"""How the line of an error begins that may be gone when the command is given again."""

CUT_JSON = {"status": 200, "text": '{"id": "', "headers": {"Content-Type": "application/json"}}
ROUTES = ("POST /oauth/token", "GET /api/v2/organizations/me")


def routes(path: str) -> list[str]:
    """Those of one kind of object."""
    return [f"POST {path}", f"GET {path}", *(f"{method} {path}/{{id}}" for method in ("GET", "PUT", "DELETE"))]


@dataclass
class Faults:
    """`slow_ms` is more than a client waits for an answer, `longest_wait` the most that a 429 asks for."""

    emulator: Emulator
    rng: random.Random
    slow_ms: int
    longest_wait: int
    ordered: int = 0
    _drops: int = field(default=0, repr=False)

    def order(self, routes: Sequence[str], count: int) -> None:
        """So many, each for the next one to three calls of a route, instead of the work or of its answer."""
        for route in self.rng.choices(routes, k=count):
            method, path = route.split()
            fault, when, times = self._any(), self.rng.choice(["before", "after"]), self.rng.randint(1, 3)
            if fault is CUT_JSON and method == "DELETE":
                when = "after"  # its body is not looked at: a 200 for what was not done would be a lie, and no fault
            if fault.get("status") == 429 and method == "POST":
                when = "before"  # a 429 is refused unseen: where names are not unique, nothing tells that it was done
            self.emulator.fault(method, path, when=when, times=times, **fault)
            self.ordered += times
            self._drops += times if "drop" in fault else 0

    def _any(self) -> Fault:
        statuses: list[Fault] = [{"status": status} for status in (408, 500, 502, 503, 504)]
        wait = {"Retry-After": str(self.rng.randint(0, self.longest_wait))}
        often: list[Fault] = [{"status": 429, "headers": wait}, {"drop": True}, {"cutAfter": self.rng.randint(0, 100)}]
        return self.rng.choice([*statuses, *often, *often, {"delayMs": self.slow_ms}, CUT_JSON])

    @property
    def met(self) -> int:
        """How many of them a call met."""
        return self.ordered - sum(int(fault["times"]) for fault in self._left())

    def settle(self) -> None:
        """Wait until nothing is under way there: a client that gave up a slow answer does not make it undone."""
        until(lambda: self._unanswered() == 0, "every call is answered, or its connection was dropped")

    def _unanswered(self) -> int:
        dropped = self._drops - sum(int(fault["times"]) for fault in self._left() if fault["drop"])
        return sum(call["status"] is None for call in self.emulator.door("GET", "calls")) - dropped

    def _left(self) -> list[Fault]:
        found: list[Fault] = self.emulator.door("GET", "faults")
        return found
