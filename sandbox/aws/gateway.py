"""The AWS APIs: each call is recorded, may meet a fault, and goes to ministack, past what we do unlike it."""

import asyncio
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs

import starlette.requests
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import (
    alarms,
    apis,
    archive_api,
    bus_metrics,
    dashboards,
    events,
    function_limits,
    mappings,
    metric_filters,
    metrics,
    partner,
    put_events,
    queue_metrics,
    secrets,
)
from .archives import Archives
from .authorization import Authorization
from .calls import Calls
from .errors import AwsError
from .exchange import Answer, Handler, Request
from .faults import Fault, Faults
from .inside import Json, responses, router
from .operations import identify
from .replays import Replays
from .sources import Sources

HANDLERS: Mapping[str, Handler] = {
    **events.HANDLERS,
    **put_events.HANDLERS,
    **partner.HANDLERS,
    **archive_api.HANDLERS,
    **secrets.HANDLERS,
    **function_limits.HANDLERS,
    **mappings.HANDLERS,
    **apis.HANDLERS,
    **alarms.HANDLERS,
    **metric_filters.HANDLERS,
    **dashboards.HANDLERS,
}
"""The operations that ministack answers unlike AWS: each handler refuses, answers itself or mends the answer."""


class Gateway:
    """The ASGI app in front of ministack's."""

    def __init__(
        self,
        ministack: ASGIApp,
        calls: Calls,
        authorization: Authorization,
        faults: Faults,
        sources: Sources,
        archives: Archives,
        replays: Replays,
    ) -> None:
        self._ministack = ministack
        self._calls = calls
        self._authorization = authorization
        self._faults = faults
        self._sources = sources
        self._archives = archives
        self._replays = replays

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await starlette.requests.Request(scope, receive).body()
        except ClientDisconnect:
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        data = _object(body)
        # As ministack does it: the handlers look into its stores, which are kept by account and region.
        responses.set_request_account_id(router.extract_access_key_id(headers, query))
        responses.set_request_region(router.extract_region(headers, query))
        operation = identify(scope["method"], scope["path"], query, headers, body, data)
        if operation is None:
            await self._ministack(scope, _replay(body, receive), send)
            return
        status: int | None = None

        async def recording(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def forward() -> Answer:
            return await _buffered(self._ministack, scope, _replay(body, receive))

        if operation.service == "monitoring":
            queue_metrics.look()
            metrics.deliver()
        started = time.monotonic()
        fault: Fault | None = None
        handler = HANDLERS.get(operation.key)
        try:
            self._authorization.check(operation)
            fault = self._faults.take(operation.name, operation.principal)
            if fault is None and handler is None:
                await self._ministack(scope, _replay(body, receive), recording)
            else:
                request = Request(
                    operation,
                    scope["path"],
                    data,
                    self._faults,
                    self._sources,
                    self._archives,
                    self._replays,
                    forward,
                )
                response = await _answer(request, handler, fault, receive)
                if response is not None:
                    await response(scope, receive, recording)
        except AwsError as refusal:
            await refusal.response(operation.service)(scope, receive, recording)
        finally:
            if operation.key == "events:PutEvents":
                _count(data, status, fault, time.monotonic() - started)
            for resource in operation.resources:
                self._calls.add(operation.name, operation.principal, status, resource)


async def gave_up(receive: Receive, seconds: float) -> bool:
    """Keep the caller waiting, and say whether it has gone meanwhile."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return False
    return True


async def _answer(request: Request, handler: Handler | None, fault: Fault | None, receive: Receive) -> Response | None:
    """None when the caller has given up waiting."""
    if fault and fault.when == "before":
        return await _fail(request, fault, receive)
    try:
        answer = await (handler(request) if handler else request.forward())
    except AwsError as refusal:
        return refusal.response(request.operation.service)
    return await _fail(request, fault, receive) if fault else answer.response()


async def _fail(request: Request, fault: Fault, receive: Receive) -> Response | None:
    if fault.kind == "hang" and await gave_up(receive, fault.seconds):
        return None
    status = 500 if fault.kind == "hang" else fault.status or 400
    return AwsError(fault.code, fault.message, status).response(request.operation.service)


def _count(data: Json, status: int | None, fault: Fault | None, seconds: float) -> None:
    entries = data.get("Entries") or []
    bus_metrics.put_events(
        entries=len(entries),
        size=sum(map(put_events.size, entries)),
        seconds=seconds,
        failed=status != HTTPStatus.OK,
        throttled=fault is not None and fault.kind == "error" and "throttl" in fault.code.lower(),
    )


def _object(body: bytes) -> Json:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes of the connection."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


async def _buffered(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    answer = Answer(body=b"")

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [(bytes(name), bytes(value)) for name, value in message["headers"]]
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, collect)
    return answer
