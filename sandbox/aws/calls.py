"""The call record: who did what to which resource, and with which success. Never a body, a value or a key.

It holds what AWS's services do on behalf of the stack too, because policies are tested against it.
"""

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

KEPT = 20_000


@dataclass(frozen=True, kw_only=True)
class Call:
    n: int
    time: str
    service: str
    operation: str
    """As IAM names it, for example `events:PutEvents`; a call of API Gateway's own interface is `apigateway:POST`."""
    principal: str
    """`root`, a user's or a role's name, or a service such as `events.amazonaws.com`."""
    status: int | None
    """The HTTP status, as far as there was one: None when the caller was left waiting."""
    resource: str | None = None
    source: str | None = None
    """For a call by a service: the resource on whose behalf it acts (`aws:SourceArn`)."""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None or name == "status"}


class Calls:
    """The newest calls in the order in which they were answered, numbered from 1."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._count = 0
        self._lock = threading.Lock()  # deliveries run in threads of their own

    def add(
        self,
        operation: str,
        principal: str,
        status: int | None,
        resource: str | None = None,
        source: str | None = None,
    ) -> None:
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._lock:
            self._count += 1
            self._calls.append(
                Call(
                    n=self._count,
                    time=now,
                    service=operation.partition(":")[0],
                    operation=operation,
                    principal=principal,
                    status=status,
                    resource=resource,
                    source=source,
                )
            )

    def to_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [call.to_json() for call in self._calls]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._count = 0
