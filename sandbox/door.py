"""Asks a server of the sandbox something at its door, `/_sandbox/*`: without a proxy, and without an HTTP library."""

import contextlib
import http.client
import json
from typing import Any

HOST = "127.0.0.1"


class NoAnswer(Exception):
    """Nobody there, or somebody else, or a refusal."""


def ask(port: int, method: str, path: str, body: object = None, timeout_seconds: float = 10.0) -> Any:
    """What the server's answer says as JSON. Raises NoAnswer."""
    content = None if body is None else json.dumps(body)
    try:
        with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=timeout_seconds)) as connection:
            connection.request(method, path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{method} {path} on port {port}: {type(error).__name__}") from None
    if response.status >= 400:
        raise NoAnswer(f"{method} {path} on port {port}: {response.status}")
    return answer


def health(port: int, timeout_seconds: float = 1.0) -> dict[str, Any]:
    """`{service, instance, ready}`; empty when no server of the sandbox answers in time."""
    try:
        answer = ask(port, "GET", "/_sandbox/health", timeout_seconds=timeout_seconds)
    except NoAnswer:
        return {}
    return answer if isinstance(answer, dict) and "service" in answer else {}
