"""One call of an AWS API on its way, and its answer: what the handlers of operations work with."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from .archives import Archives
from .errors import AwsError
from .faults import Faults
from .inside import Json
from .operations import Operation
from .replays import Replays
from .sources import Sources

_PAGE = 100


@dataclass
class Answer:
    """What ministack said, or what is said instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Answer":
        return cls(body=json.dumps(data).encode(), headers=[(b"content-type", b"application/x-amz-json-1.1")])

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def data(self) -> Json:
        return dict(json.loads(self.body))

    def change(self, **members: Any) -> None:
        """Set members of the JSON body; None removes one."""
        data = {**self.data, **members}
        self.body = json.dumps({name: value for name, value in data.items() if value is not None}).encode()

    def response(self) -> Response:
        response = Response(self.body, self.status)
        kept = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        response.raw_headers = [*kept, (b"content-length", str(len(self.body)).encode())]
        return response


@dataclass(frozen=True)
class Request:
    operation: Operation
    path: str
    data: Json
    faults: Faults
    sources: Sources
    archives: Archives
    replays: Replays
    forward: Callable[[], Awaitable[Answer]]
    """Asks ministack."""


Handler = Callable[[Request], Awaitable[Answer]]


def page(request: Request, member: str, items: Sequence[Json]) -> Answer:
    """The token is the place of the next page's first."""
    token = str(request.data.get("NextToken") or "")
    try:
        start = int(base64.b64decode(token)) if token else 0
    except ValueError:
        raise AwsError("InvalidToken", "NextToken is not valid.") from None
    end = start + int(request.data.get("Limit") or _PAGE)
    more = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return Answer.of({member: list(items[start:end]), **more})
