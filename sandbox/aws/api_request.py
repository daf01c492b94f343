"""A request to an HTTP API: where it goes, and what the function gets to see of it."""

import base64
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from .environment import ACCOUNT, REGION
from .inside import Json, apigateway

_TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}


@dataclass
class ApiRequest:
    """One request, and what there is to say of it in the access log."""

    http: Request
    api: Json
    stage: Json
    path: str
    """As the route sees it: without the name of the stage."""
    route: Json | None = None
    id: str = field(default_factory=lambda: base64.b64encode(os.urandom(11)).decode())
    started: float = field(default_factory=time.time)
    integration_status: int | None = None
    integration_ms: int | None = None
    integration_error: str | None = None
    function_status: int | None = None

    @property
    def api_id(self) -> str:
        return str(self.api["apiId"])

    @property
    def stage_name(self) -> str:
        return str(self.stage["stageName"])

    @property
    def route_key(self) -> str | None:
        return self.route["routeKey"] if self.route else None

    @property
    def address(self) -> str:
        return self.http.client.host if self.http.client else "127.0.0.1"

    @property
    def protocol(self) -> str:
        return f"HTTP/{self.http.scope['http_version']}"

    @property
    def time(self) -> str:
        """As AWS writes it: `24/Nov/2026:10:00:00 +0000`."""
        return datetime.fromtimestamp(self.started, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")

    @property
    def stage_arn(self) -> str:
        return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.api_id}/{self.stage_name}"

    @property
    def route_arn(self) -> str:
        """The `aws:SourceArn` with which the function is invoked."""
        method, _, path = str(self.route_key).partition(" ")
        return f"{self.stage_arn}/{'*' if method == 'ANY' else method}{path}"

    @property
    def integration(self) -> Json:
        target = str((self.route or {}).get("target", "")).rpartition("/")[2]
        return dict(apigateway._integrations.get(self.api_id, {}).get(target) or {})

    @property
    def size(self) -> int:
        """Bytes of the request line and of the headers' values: what AWS limits together."""
        scope = self.http.scope
        line = [self.http.method.encode(), scope.get("raw_path") or b"", scope["query_string"], b" ? HTTP/1.1"]
        return sum(map(len, line)) + sum(len(value) for _, value in scope["headers"])


def find(http: Request, path: str) -> ApiRequest | None:
    """`path` is `<api>/<path>` or `<api>/<stage>/<path>`; None when there is no such API, or no stage with
    anything deployed."""
    api_id, _, path = path.partition("/")
    api, stages = apigateway._apis.get(api_id), apigateway._stages.get(api_id, {})
    name, _, rest = path.partition("/")
    stage = stages.get(name)
    if stage is None:
        stage, rest = stages.get("$default"), path
    if api is None or stage is None or not (stage.get("autoDeploy") or stage.get("deploymentId")):
        return None
    path = "/" + rest.lstrip("/")
    return ApiRequest(http, api, stage, path, apigateway._match_route(api_id, http.method, path))


def make_event(request: ApiRequest, body: bytes) -> Json:
    """The function's event, in payload format 2.0. What the request lacks is left out, as by AWS."""
    http = request.http
    headers = _joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in http.scope["headers"])
    cookies = headers.pop("cookie", None)
    headers |= {
        "x-forwarded-for": request.address,
        "x-forwarded-port": str(http.url.port or 80),
        "x-forwarded-proto": http.url.scheme,
    }
    query = http.scope["query_string"].decode("latin-1")
    path = request.path if request.stage_name == "$default" else f"/{request.stage_name}{request.path}"
    text = _text(headers.get("content-type"), body)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": request.route_key,
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies.split("; ") if cookies else None,
        "headers": headers,
        "queryStringParameters": _joined(parse_qsl(query, keep_blank_values=True)),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": request.api_id,
            "domainName": headers.get("host", ""),
            "domainPrefix": request.api_id,
            "http": {
                "method": http.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.address,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request.id,
            "routeKey": request.route_key,
            "stage": request.stage_name,
            "time": request.time,
            "timeEpoch": int(request.started * 1000),
        },
        "pathParameters": _path_parameters(request),
        "stageVariables": request.stage.get("stageVariables"),
        "body": (base64.b64encode(body).decode() if text is None else text) if body else None,
    }
    present = {name: value for name, value in event.items() if value not in (None, {})}
    return present | {"isBase64Encoded": bool(body) and text is None}


def _joined(pairs: Any) -> dict[str, str]:
    """What comes several times, joined by commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _path_parameters(request: ApiRequest) -> Json | None:
    _, _, path = str(request.route_key).partition(" ")
    return dict(apigateway._extract_path_params(path, request.path) or {}) if path else None


def _text(content_type: str | None, body: bytes) -> str | None:
    """The body as a text; None where AWS hands over base64.

    That a body which isn't UTF-8 under a text's content type comes as base64 is ours, so that nothing is lost: what
    AWS does with it is not documented.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not kind.startswith("text/") and kind not in _TEXT_TYPES:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
