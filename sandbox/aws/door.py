"""The test door, `/_sandbox/*`: JSON in, JSON out. It listens on loopback only and asks nobody who they are."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import fields

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import mappings, secrets
from .cloud import Cloud, what_exists
from .environment import ACCOUNT, REGION
from .faults import Fault
from .inside import Json, responses
from .target_faults import TargetFault

Endpoint = Callable[[Request], Awaitable[Response]]


def create(cloud: Cloud) -> Starlette:
    async def health(_: Request) -> Response:
        return JSONResponse({"service": "aws", "instance": cloud.instance, "ready": True})

    async def reset(request: Request) -> Response:
        await cloud.reset(str((await _object(request)).get("instance") or uuid.uuid4()))
        return await health(request)

    async def calls(_: Request) -> Response:
        return JSONResponse(cloud.calls.to_json())

    async def forget_calls(_: Request) -> Response:
        cloud.calls.clear()
        return Response(status_code=204)

    async def faults(_: Request) -> Response:
        return JSONResponse(cloud.faults.to_json())

    async def order_fault(request: Request) -> Response:
        fault = _fault(await _object(request))
        cloud.faults.add(fault)
        return JSONResponse(fault.to_json(), 201)

    async def forget_faults(_: Request) -> Response:
        cloud.faults.clear()
        return Response(status_code=204)

    async def target_faults(_: Request) -> Response:
        return JSONResponse(cloud.deliveries.faults.to_json())

    async def order_target_fault(request: Request) -> Response:
        """`{"target": "<ARN>", "code": "THROTTLING", "times": 2}`; `"times": null` is for good."""
        data = await _object(request)
        _check_members(TargetFault, data)
        fault = TargetFault(**data)
        cloud.deliveries.faults.add(fault)
        return JSONResponse(fault.to_json(), 201)

    async def forget_target_faults(_: Request) -> Response:
        cloud.deliveries.faults.clear()
        return Response(status_code=204)

    async def schedule(request: Request) -> Response:
        """`{"rule": "<name>"}`: fire it now; answers when the targets have been invoked."""
        rule = str((await _object(request)).get("rule", ""))
        deliveries = await asyncio.to_thread(cloud.deliveries.fire, rule)
        return JSONResponse({"rule": rule, "deliveries": [delivery.to_json() for delivery in deliveries]})

    async def secret_age(request: Request) -> Response:
        """`{"arn": …, "seconds": n}`: the current version was created n seconds earlier than it was."""
        data = await _object(request)
        with responses.request_scope(ACCOUNT, REGION):
            version, created = secrets.age(str(data.get("arn", "")), float(data.get("seconds", 0)))
        return JSONResponse({"versionId": version, "createdDate": created})

    async def show(request: Request) -> Response:
        """`{"queue": "<name>"}`: what was received of it and not deleted is visible again, now."""
        queue = str((await _object(request)).get("queue", ""))
        with responses.request_scope(ACCOUNT, REGION):
            return JSONResponse({"queue": queue, "messages": mappings.show(queue)})

    async def retry_scale(request: Request) -> Response:
        """`{"factor": 0.01}`: scales the waits between two attempts to reach a target."""
        cloud.deliveries.scale = float((await _object(request)).get("factor", cloud.deliveries.SCALE))
        return JSONResponse({"factor": cloud.deliveries.scale})

    async def archive_lag(request: Request) -> Response:
        """`{"seconds": 600}`: how long an event is under way from its bus to an archive; those that are, too."""
        cloud.archives.lag = float((await _object(request)).get("seconds", 0))
        return JSONResponse({"seconds": cloud.archives.lag})

    async def replay_steps(request: Request) -> Response:
        """`{"steps": 1}`: how far replays may go: to RUNNING, by each minute that has events, to the end; null: all."""
        steps = (await _object(request)).get("steps")
        cloud.replays.let(None if steps is None else int(steps))
        return JSONResponse({"steps": steps})

    async def refusals(_: Request) -> Response:
        return JSONResponse(list(cloud.authorization.refusals))

    async def resources(_: Request) -> Response:
        return JSONResponse(what_exists(cloud.sources))

    async def partner_sources(_: Request) -> Response:
        return JSONResponse([source.to_json() for source in cloud.sources])

    async def expire(request: Request) -> Response:
        """`{"name": …}`: the two weeks of a partner event source that is PENDING are over."""
        cloud.sources.expire(str((await _object(request)).get("name", "")))
        return await partner_sources(request)

    async def refuse(_: Request, error: Exception) -> Response:
        return JSONResponse({"message": str(error)}, 404 if isinstance(error, LookupError) else 400)

    return Starlette(
        routes=[
            Route("/_sandbox/health", health),
            Route("/_sandbox/reset", reset, methods=["POST"]),
            Route("/_sandbox/aws/calls", calls),
            Route("/_sandbox/aws/calls", forget_calls, methods=["DELETE"]),
            Route("/_sandbox/aws/refusals", refusals),
            Route("/_sandbox/aws/faults", faults),
            Route("/_sandbox/aws/faults", order_fault, methods=["POST"]),
            Route("/_sandbox/aws/faults", forget_faults, methods=["DELETE"]),
            Route("/_sandbox/aws/target-faults", target_faults),
            Route("/_sandbox/aws/target-faults", order_target_fault, methods=["POST"]),
            Route("/_sandbox/aws/target-faults", forget_target_faults, methods=["DELETE"]),
            Route("/_sandbox/aws/schedule", schedule, methods=["POST"]),
            Route("/_sandbox/aws/secret-age", secret_age, methods=["POST"]),
            Route("/_sandbox/aws/queue-visible", show, methods=["POST"]),
            Route("/_sandbox/aws/retry-scale", retry_scale, methods=["POST"]),
            Route("/_sandbox/aws/archive-lag", archive_lag, methods=["POST"]),
            Route("/_sandbox/aws/replay-steps", replay_steps, methods=["POST"]),
            Route("/_sandbox/aws/resources", resources),
            Route("/_sandbox/aws/partner-sources", partner_sources),
            Route("/_sandbox/aws/partner-sources/expire", expire, methods=["POST"]),
        ],
        exception_handlers={LookupError: refuse, ValueError: refuse, TypeError: refuse},
    )


async def _object(request: Request) -> Json:
    return dict(json.loads(await request.body() or b"{}"))


def _fault(data: Json) -> Fault:
    _check_members(Fault, data)
    if ":" not in str(data.get("operation", "")):
        raise ValueError("a fault needs an operation, such as events:PutEvents")
    if data.get("kind", "error") not in ("error", "partial", "hang"):
        raise ValueError("a fault's kind is error, partial or hang")
    return Fault(**data)


def _check_members(kind: type[Fault | TargetFault], data: Json) -> None:
    known = {field.name for field in fields(kind) if field.init}
    if unknown := sorted(set(data) - known):
        raise ValueError(f"a fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
