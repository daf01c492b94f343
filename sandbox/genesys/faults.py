"""Faults on order: what goes wrong with the next requests of a route."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from starlette.responses import JSONResponse, Response

from .errors import ApiError
from .wire import Object

When = Literal["before", "after"]


@dataclass
class Fault:
    """For `times` requests of `method` (None: any) to `path`, in which `{…}` stands for one segment.

    `before`: instead of the work. `after`: the work is done, and its answer lost. With neither a status nor a drop the
    real answer comes, only later, or only its first `cut_after` bytes before the connection ends. `text` is a body that
    is no JSON. `hold`: nothing goes on until it is released.
    """

    path: str
    method: str | None = None
    times: int = 1
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: object = None
    text: str | None = None
    when: When = "before"
    delay_ms: int = 0
    hold: bool = False
    drop: bool = False
    cut_after: int | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(self.path))
        return self.method in (None, method) and re.fullmatch(pattern, path) is not None

    def response(self, correlation_id: str) -> Response | None:
        if self.status is None:
            return None
        if self.status in (204, 304):  # those have no body
            return Response(status_code=self.status, headers=self.headers)
        if self.text is not None:
            return Response(self.text, self.status, self.headers)
        if self.body is not None:
            return JSONResponse(self.body, self.status, self.headers)
        seconds = (self.headers or {}).get("Retry-After", "1")
        params = {429: {"seconds": seconds}, 413: {"maximum": "0"}}.get(self.status)
        return ApiError(self.status, params=params, headers=self.headers).response(correlation_id)

    def to_json(self) -> Object:
        return {
            "method": self.method,
            "path": self.path,
            "times": self.times,
            "status": self.status,
            "headers": dict(self.headers or {}),
            "body": self.body,
            "text": self.text,
            "when": self.when,
            "delayMs": self.delay_ms,
            "hold": self.hold,
            "drop": self.drop,
            "cutAfter": self.cut_after,
        }


class Faults:
    """Those still to come; of several that match, the one ordered first is used up first. `held` are requests."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.held: dict[int, Fault] = {}  # by the number of the call

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self._faults:
            if fault.matches(method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def to_json(self) -> list[Object]:
        return [fault.to_json() for fault in self._faults]

    async def hold(self, fault: Fault, call: int) -> None:
        """Return when the fault is released."""
        self.held[call] = fault
        try:
            await fault.released.wait()
        finally:
            del self.held[call]

    def clear(self) -> None:
        """Forget those to come, and let everything go on that is held."""
        self._faults.clear()
        for fault in self.held.values():
            fault.released.set()
