"""The data plane of HTTP APIs: a request meets stage, route and function, and is answered and logged as by AWS.

ministack's own serves what this doesn't do: other integrations than a Lambda proxy with payload format 2.0, authorizers
and CORS.

Not documented, and ours: the texts of 413 and 431; that an event of over 6 MB, which Lambda refuses, gives 413; that a
function which Lambda throttles gives 503. Seen by others at AWS: 503 after the integration's time-out.
"""

import asyncio
import json
import time
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from . import access_log, api_metrics, function_reply, permission
from .api_request import ApiRequest, find, make_event
from .apis import PATH
from .calls import Calls
from .environment import ACCOUNT, CONCURRENCY, REGION
from .faults import Faults
from .gateway import gave_up
from .inside import Json, concurrency, lambda_svc, responses
from .throttle import Throttle

INVOKE = "lambda:InvokeFunction"
GATEWAY = "apigateway.amazonaws.com"
FAULTS = "execute-api:Invoke"
"""The operation by which a fault is ordered for the next requests to any API."""

MAX_HEADER_BYTES = 10_240
MAX_BODY = 10 * 1024 * 1024
MAX_EVENT = 6 * 1024 * 1024
DRAINED = 64 * 1024 * 1024
_NO_PERMISSION = (
    "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration."
    " Check the permissions and try again."
)


class HttpApi:
    """The ASGI app below `/_aws/execute-api`."""

    def __init__(self, ministack: ASGIApp, calls: Calls, faults: Faults, throttle: Throttle) -> None:
        self._ministack = ministack
        self._calls = calls
        self._faults = faults
        self._throttle = throttle
        # Workers cost memory, so there are few. AWS has more: a request waits for one here, and isn't throttled.
        self._workers = asyncio.Semaphore(CONCURRENCY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        responses.set_request_account_id("")  # whatever the caller signs with: an API belongs to the one account
        responses.set_request_region(REGION)
        http = Request(scope, receive)
        request = find(http, scope["path"].removeprefix(PATH).lstrip("/"))
        if request and not _is_ours(request):
            await self._ministack(scope, receive, send)
            return
        try:
            response = await self._answer(request, http, receive)
        except ClientDisconnect:
            return
        if response is None:
            return
        if request:
            response.headers["apigw-requestid"] = request.id
        await response(scope, receive, send)
        if request and response.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # AWS logs none of those
            access_log.write(request, response, self._calls)
        if request:
            api_metrics.put(request, response)

    async def _answer(self, request: ApiRequest | None, http: Request, receive: Receive) -> Response | None:
        """None when the caller has gone."""
        fault = self._faults.take(FAULTS, "anonymous")
        if fault is None or fault.when == "after":
            response = await self._route(request, http)
            if fault is None:
                return response
        if fault.kind == "hang" and await gave_up(receive, fault.seconds):
            return None
        return failed(fault.status or HTTPStatus.SERVICE_UNAVAILABLE)

    async def _route(self, request: ApiRequest | None, http: Request) -> Response:
        if request and request.size > MAX_HEADER_BYTES:
            return failed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        body = await _read(http)
        if body is None:
            return failed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if request is None or request.route is None:
            return failed(HTTPStatus.NOT_FOUND)
        if not self._throttle.admits(request.api_id, request.stage, request.route["routeKey"]):
            return failed(HTTPStatus.TOO_MANY_REQUESTS)
        return await self._integrate(request, body)

    async def _integrate(self, request: ApiRequest, body: bytes) -> Response:
        integration = request.integration
        function = _function(integration)
        if function is None or not permission.allows(function, GATEWAY, INVOKE, request.route_arn):
            request.integration_error = _NO_PERMISSION
            self._record(request, 403)
            return failed(HTTPStatus.INTERNAL_SERVER_ERROR)
        event = make_event(request, body)
        if len(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_EVENT:
            self._record(request, 413)
            return failed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        started = time.monotonic()
        result = await self._invoke(function, event, integration.get("timeoutInMillis", 30_000) / 1000)
        request.integration_ms = round((time.monotonic() - started) * 1000)
        if result is None:
            self._record(request, None)
            return failed(HTTPStatus.SERVICE_UNAVAILABLE)
        self._record(request, 429 if result.get("throttle") else 200)
        if result.get("throttle"):
            return failed(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            reply = function_reply.read(result)
        except function_reply.Failed as failure:
            request.integration_error = str(failure)
            return failed(HTTPStatus.INTERNAL_SERVER_ERROR)
        request.function_status = reply.status
        return reply.response()

    async def _invoke(self, function: Json, event: Json, seconds: float) -> Json | None:
        """The result; None when it takes longer. Then the function works on, for nobody."""

        async def invoke() -> Json:
            async with self._workers:
                execute = lambda_svc._execute_function_with_config_scope
                return dict(await concurrency.run_reentrant(execute, function, event))

        invocation = asyncio.ensure_future(invoke())
        done, _ = await asyncio.wait({invocation}, timeout=seconds)
        if not done:
            invocation.cancel()  # does nothing to a function that runs; ends the wait for a worker
            return None
        return invocation.result()

    def _record(self, request: ApiRequest, status: int | None) -> None:
        request.integration_status = status
        function = _function_arn(request.integration)
        self._calls.add(INVOKE, GATEWAY, status, function, request.route_arn)


def failed(status: int) -> Response:
    return JSONResponse({"message": HTTPStatus(status).phrase}, status)


def _is_ours(request: ApiRequest) -> bool:
    if request.api.get("corsConfiguration") or request.api["protocolType"] != "HTTP":
        return False
    if request.route is None:
        return True
    integration = request.integration
    return (
        (request.route.get("authorizationType") or "NONE") == "NONE"
        and integration.get("integrationType") == "AWS_PROXY"
        and integration.get("payloadFormatVersion") == "2.0"
    )


def _function_arn(integration: Json) -> str:
    uri = str(integration.get("integrationUri", ""))
    return uri.partition("/functions/")[2].removesuffix("/invocations") or uri


def _function(integration: Json) -> Json | None:
    """ministack's record of it, ready to be executed."""
    arn = _function_arn(integration)
    record, config, _ = lambda_svc._get_func_record_for_ref_in_scope(arn, account_id=ACCOUNT, region=REGION)
    return dict(lambda_svc._execution_record_for_config(record, config)) if record and config else None


async def _read(http: Request) -> bytes | None:
    """The body; None when it is too long. That is read to its end all the same: else the sender sees no answer."""
    parts, length = [], 0
    async for part in http.stream():
        length += len(part)
        if length <= MAX_BODY:
            parts.append(part)
        elif length > DRAINED:
            break
    return b"".join(parts) if length <= MAX_BODY else None
