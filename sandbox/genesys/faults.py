"""Faults on order: what goes wrong with the next requests of a route."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.responses import JSONResponse, Response

from .errors import ApiError
from .wire import Object

When = Literal["before", "after"]


@dataclass
class Fault:
    """For `times` requests of `method` (None: any) to `path`, in which `{…}` stands for one segment.

    `before`: instead of the work. `after`: the work is done, and its answer lost. With neither a status nor a drop the
    real answer comes, only later.
    """

    path: str
    method: str | None = None
    times: int = 1
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: object = None
    when: When = "before"
    delay_ms: int = 0
    drop: bool = False

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(self.path))
        return self.method in (None, method) and re.fullmatch(pattern, path) is not None

    def response(self, correlation_id: str) -> Response | None:
        if self.status is None:
            return None
        if self.status in (204, 304):  # those have no body
            return Response(status_code=self.status, headers=self.headers)
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
            "when": self.when,
            "delayMs": self.delay_ms,
            "drop": self.drop,
        }


class Faults:
    """Those still to come; of several that match, the one ordered first is used up first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

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

    def clear(self) -> None:
        self._faults.clear()
