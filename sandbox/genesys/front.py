"""Around every answer of the platform: correlation id, call log, rate limit, and the faults that were ordered."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ApiError, too_many_requests
from .exchange import SCOPE_KEY, Exchange
from .faults import Fault

if TYPE_CHECKING:
    from .cloud import Cloud

DOOR = "/_sandbox/"
NO_CACHE = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Expires": "0"}

Work = Callable[[Receive, Send], Awaitable[None]]


class Dropped(ConnectionError):
    """Raised where a connection is to be dropped but there is none: under a transport within this process."""


class Front:
    """The ASGI app around the routes. What is behind `/_sandbox/` passes untouched."""

    def __init__(self, app: ASGIApp, cloud: "Cloud") -> None:
        self._app = app
        self._cloud = cloud

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(DOOR):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation_id = str(uuid.uuid4())
        call = self._cloud.calls.begin(
            scope["method"],
            scope["path"],
            scope["query_string"],
            (headers.get("X-Genesys-Application-Name"), headers.get("X-Genesys-Application-Version")),
            correlation_id,
            (scope.get("client") or ("", 0))[1],
        )
        access = self._cloud.tokens.check(headers.get("Authorization"))
        token = None if isinstance(access, ApiError) else access
        call.client = token.client if token else None
        scope[SCOPE_KEY] = Exchange(correlation_id, call, access)
        usage = self._cloud.rate_limit.count(token)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                added = MutableHeaders(scope=message)
                for name, value in {"ININ-Correlation-Id": correlation_id, **usage.headers(), **NO_CACHE}.items():
                    added.setdefault(name, value)
            await send(message)

        async def work(receive: Receive, send: Send) -> None:
            if usage.refused:
                await whole(receive)
                await too_many_requests(usage.reset).response(correlation_id)(scope, receive, send)
            else:
                await self._app(scope, receive, send)

        fault = self._cloud.faults.take(scope["method"], scope["path"])
        if fault is None:
            await work(receive, answer)
        else:
            await self._fail(fault, work, scope, receive, answer)

    async def _fail(self, fault: Fault, work: Work, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the fault says. It has arrived whole before anything goes wrong with it."""
        exchange: Exchange = scope[SCOPE_KEY]
        instead = fault.response(exchange.correlation_id)
        done: list[Message] = []

        async def keep(message: Message) -> None:
            done.append(message)

        kept = await whole(receive)  # a client that gives up while it is delayed doesn't make it undone
        if fault.when == "after":
            await work(kept, keep)
        await asyncio.sleep(fault.delay_ms / 1000)
        if fault.hold:
            await self._cloud.faults.hold(fault, exchange.call.n)
        if fault.drop:
            await drop(scope, receive)
            return
        if instead:
            done.clear()
            await instead(scope, receive, keep)
        elif fault.when == "before":
            await work(kept, keep)
        for message in done if fault.cut_after is None else cut(done, fault.cut_after):
            await send(message)
        if fault.cut_after is not None:
            await drop(scope, receive)


def cut(messages: list[Message], size: int) -> list[Message]:
    """The answer's head, which promises all of its body, and so many bytes of that."""
    body = b"".join(message.get("body", b"") for message in messages)
    return [messages[0], {"type": "http.response.body", "body": body[:size], "more_body": True}]


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer. `server.Protocol` hands the transport over."""
    transport = scope.get("state", {}).get("transport")
    if transport is None:
        raise Dropped("the connection was dropped, as ordered")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":  # else the server, not told yet, would complain of no answer
        pass


async def whole(receive: Receive) -> Receive:
    """Take the request's body, and give it out again."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again
