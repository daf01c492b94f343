"""The call log: who asked for what, and what was answered. Never a body, a token or a key."""

import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from .wire import Object, timestamp

KEPT = 20_000
# Somebody may have put a secret into a query by mistake: of other parameters only the name is kept.
SHOWN_PARAMETERS = {"pageSize", "pageNumber", "sortBy", "expand", "integrationType", "reportedState"}


@dataclass
class Call:
    """One request. `status` is None until it is answered, and stays None when the connection was dropped instead."""

    n: int
    time: str
    method: str
    path: str
    query: str
    application: tuple[str | None, str | None]
    correlation_id: str
    remote_port: int
    client: str | None = None
    status: int | None = None

    def to_json(self) -> Object:
        name, version = self.application
        return {
            "n": self.n,
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "client": self.client,
            "applicationName": name,
            "applicationVersion": version,
            "correlationId": self.correlation_id,
            "remotePort": self.remote_port,
        }


class Calls:
    """The newest calls in the order of their arrival, numbered from 1."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._count = 0

    def begin(
        self,
        method: str,
        path: str,
        query: bytes,
        application: tuple[str | None, str | None],
        correlation_id: str,
        remote_port: int,
    ) -> Call:
        self._count += 1
        now = timestamp(time.time())
        call = Call(self._count, now, method, path, _shown(query), application, correlation_id, remote_port)
        self._calls.append(call)
        return call

    def to_json(self) -> list[Object]:
        return [call.to_json() for call in self._calls]

    def clear(self) -> None:
        self._calls.clear()
        self._count = 0


def _shown(query: bytes) -> str:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, value if name in SHOWN_PARAMETERS else "***") for name, value in pairs])
