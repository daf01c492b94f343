"""AWS as the platform sees it: the partner half of EventBridge's API on a free port."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.serving import serving

ACCOUNT, REGION = "123456789012", "eu-central-1"


@dataclass
class PartnerApi:
    """`answers` come first, one for each call: a status, an error's code, "drop", or "wait", which is the real answer
    when `free` is set. `entry_error` refuses entries."""

    url: str
    sources: dict[str, str] = field(default_factory=dict)  # name -> account
    with_bus: set[str] = field(default_factory=set)
    calls: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)
    entry_error: str = ""
    free: threading.Event = field(default_factory=threading.Event)

    def forget(self) -> None:
        self.sources.clear()
        self.with_bus.clear()
        self.calls.clear()
        self.answers.clear()
        self.entry_error = ""
        self.free.clear()

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [body for name, body, _ in self.calls if name == operation]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [body["Entries"][0] for body in self.of("PutPartnerEvents")]

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = str(body.get("Name") or body.get("EventSourceName"))
        if operation == "CreatePartnerEventSource":
            if name in self.sources:
                return 400, {"__type": "x#ResourceAlreadyExistsException", "message": f"{name} exists."}
            self.sources[name] = body["Account"]
            return 200, {"EventSourceArn": f"arn:aws:events:{REGION}::event-source/{name}"}
        if operation == "DeletePartnerEventSource":
            self.sources.pop(name, None)
            return 200, {}
        if operation == "ListPartnerEventSourceAccounts":
            state = "ACTIVE" if name in self.with_bus else "PENDING"
            return 200, {"PartnerEventSourceAccounts": [{"Account": self.sources[name], "State": state}]}
        if self.entry_error:
            return 200, {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.entry_error, "ErrorMessage": "no"}]}
        return 200, {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


@contextlib.contextmanager
def partner_api() -> Iterator[PartnerApi]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].removeprefix("AWSEvents.")
            api.calls.append((operation, body, self.headers["Authorization"]))
            ordered = api.answers.pop(0) if api.answers else 200
            if ordered == "drop":
                self.close_connection = True
                return
            if ordered == "wait":
                api.free.wait(10)
            if ordered in (200, "wait"):
                status, answer = api.answer(operation, body)
            elif isinstance(ordered, int):
                status, answer = ordered, {}
            else:
                status, answer = 400, {"__type": f"com.amazonaws.events#{ordered}"}
            content = json.dumps(answer).encode()
            with contextlib.suppress(ConnectionError):  # who asked may have given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as port:
        api = PartnerApi(f"http://127.0.0.1:{port}")
        yield api
