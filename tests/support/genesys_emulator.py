"""Helpers for tests against the Genesys emulator: an authorised client, and a receiver of its deliveries."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.genesys.testing import Served
from tests.support.serving import serving

WEBHOOKS = "/api/v2/events/webhooks"
SUBSCRIPTIONS = "/api/v2/events/subscriptions"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}

# The tutorial's bodies, word for word but for the URL.
WEBHOOK: dict[str, Any] = {
    "name": "AWS-EventBridge-Prod",
    "description": "Webhook for AWS EventBridge Integration",
    "destinationUrl": "https://example.com/hook",
    "method": "POST",
    "enabled": True,
    "signingKey": None,
    "headerOverrides": {"User-Agent": "Genesys-EventBridge-Integration/1.0"},
    "retryPolicy": {"retryCount": 3, "retryIntervalSeconds": 10},
}
SUBSCRIPTION: dict[str, Any] = {
    "name": "AWS EventBridge Routing Events",
    "description": "Subscribes to routing queue events for AWS EventBridge processing",
    "filter": {"eventType": ["routing.queueEvent"]},
    "enabled": True,
    "deliveryMode": "PUSH",
    "transform": None,
}


def token(client: httpx.Client) -> str:
    response = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(CLIENT["client_id"], CLIENT["client_secret"])
    )
    text: str = response.raise_for_status().json()["access_token"]
    return text


class Emulator:
    """`api` calls with a token, `plain` without; the rest is shorthand for both sides of it."""

    def __init__(self, served: Served) -> None:
        self.url, self.cloud = served.url, served.cloud
        self.plain = httpx.Client(base_url=served.url, trust_env=False)
        self.api = httpx.Client(base_url=served.url, trust_env=False)

    def log_in(self) -> None:
        self.api.headers["Authorization"] = f"Bearer {token(self.plain)}"

    def door(self, method: str, path: str, /, **body: Any) -> Any:
        response = self.plain.request(method, f"/_sandbox/{path}", json=body if method == "POST" else None)
        return response.raise_for_status().json()

    def webhook(self, **changed: Any) -> dict[str, Any]:
        """A new webhook: the tutorial's, changed."""
        return self._created(WEBHOOKS, {**WEBHOOK, **changed})

    def subscription(self, webhook: dict[str, Any], **changed: Any) -> dict[str, Any]:
        return self._created(SUBSCRIPTIONS, {**SUBSCRIPTION, "webhookId": webhook["id"], **changed})

    def emit(self, **what: Any) -> list[dict[str, Any]]:
        """Let an event happen and wait until its deliveries are final."""
        ids = self.door("POST", "emit?wait=1", **what)["deliveries"]
        return [self.door("GET", f"deliveries/{id}") for id in ids]

    def read(self, entity: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.api.get(entity["selfUri"]).raise_for_status().json()
        return answer

    def _created(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.api.post(path, json=body)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answers` are used one after the other, then 200. An answer is a status, or a number of seconds to say nothing,
    or headers to redirect with."""

    url: str
    answers: list[int | float | dict[str, str]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """An HTTP server on a free port that keeps what it gets."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            kept.received.append(Received(self.command, self.path, dict(self.headers.items()), body))
            answer = kept.answers.pop(0) if kept.answers else 200
            if isinstance(answer, float):
                kept.done.wait(answer)
                self.close_connection = True
                return
            headers = answer if isinstance(answer, dict) else {}
            self.send_response(302 if headers else answer if isinstance(answer, int) else 200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = do_GET = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as port:
        kept = Receiver(f"http://127.0.0.1:{port}")
        try:
            yield kept
        finally:
            kept.done.set()
