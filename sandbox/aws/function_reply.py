"""What a function returned, read as HTTP APIs read payload format 2.0."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from .inside import Json

MAX_REPLY = 6 * 1024 * 1024 + 100
_NOT_OURS = {"content-length", "connection", "transfer-encoding"}


class Failed(Exception):
    """It failed, or its answer makes no sense; as the access log says it."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def response(self) -> Response:
        response = Response(self.body, self.status)
        response.raw_headers = [(b"content-length", str(len(self.body)).encode())]
        for name, value in self.headers:
            response.raw_headers.append((name.lower().encode("latin-1", "replace"), value.encode("utf-8")))
        return response


def read(result: Json) -> Reply:
    """`result` is ministack's of an execution. Raises Failed."""
    answer = result.get("body")
    if result.get("error"):
        text = answer.get("errorMessage") if isinstance(answer, dict) else answer
        raise Failed(
            f"The Lambda function returned the following error: {text}. Check your Lambda function code and try again."
        )
    if len(json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_REPLY:
        raise Failed(
            "The Lambda function returned the following error: Response payload size exceeded maximum allowed payload"
            " size (6291556 bytes).. Check your Lambda function code and try again."
        )
    if not isinstance(answer, dict) or "statusCode" not in answer:  # then all of it is the body of a 200
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return Reply(200, [("content-type", "application/json")], body.encode("utf-8", "replace"))
    return Reply(_status(answer["statusCode"]), _headers(answer), _body(answer))


def _malformed(what: str) -> Failed:
    return Failed(f"The response from the Lambda function doesn't match the format that API Gateway expects ({what}).")


def _status(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 100 <= value <= 599:
        raise _malformed("statusCode")
    return value


def _headers(answer: Json) -> list[tuple[str, str]]:
    headers, cookies = answer.get("headers") or {}, answer.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise _malformed("headers")
    pairs = []
    for name, value in headers.items():
        if isinstance(value, dict | list) or value is None:
            raise _malformed("headers")
        if name.lower() not in _NOT_OURS:
            pairs.append((name, value if isinstance(value, str) else json.dumps(value)))
    if not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "text/plain; charset=utf-8"))
    return pairs + [("set-cookie", str(cookie)) for cookie in cookies]


def _body(answer: Json) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise _malformed("body")
    if not answer.get("isBase64Encoded"):
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise _malformed("body") from None
