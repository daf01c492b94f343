"""`/_sandbox/*`: the door for tests and demos. JSON in, JSON out, no authentication: it is on loopback only.

health               GET     {service, instance, ready, directory}
emit                 POST    {event} | {kind, set} | {raw}, and {eventType}; ?wait=1 -> {deliveries: [id], event}
deliveries[/{id}]    GET     what became of them
faults               GET, POST {path, method, times, when, delayMs, hold, drop, cutAfter, status, headers, body, text},
                     DELETE
held                 GET     {calls: [number]} that a fault holds; DELETE lets them go on
calls                GET, DELETE
scopes               GET, POST {add: [], remove: []}
ratelimit            GET, POST {allowed, windowSeconds, headers}
clock                GET, POST {advanceSeconds}
lag                  GET, POST {seconds} until what is created from now on is found
retry-scale          GET, POST {factor, timeoutSeconds}
integrations         GET, POST {changeSeconds, activeWhen: source | bus, busSeconds, failure, failsWhen: source | bus,
                     conflictStatus: 409 | 400, deletionSeconds, disableDeletesSource}
topics               GET, POST {add: [{id, description, transports, visibility}], remove: [id]}
tokens/revoke        POST
reset                POST    {instance}
"""

import json
from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from . import events
from .activation import Behaviour
from .entities import checked
from .errors import ApiError
from .faults import Fault, When
from .reader import Reader, Wrong, anything, flag, header_map, json_object, number, one_of, text, texts, whole
from .requests import as_object, body_within
from .topics import Topic
from .wire import parse, render, timestamp

if TYPE_CHECKING:
    from .cloud import Cloud

BODY_LIMIT = 16 * 1024 * 1024  # an event that is too large for its receiver must get through here
MANY = 10**9


class Door:
    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud

    def mount(self) -> Mount:
        return Mount(
            "/_sandbox",
            routes=[
                Route("/health", self._health),
                Route("/emit", self._emit, methods=["POST"]),
                Route("/deliveries", self._deliveries),
                Route("/deliveries/{id}", self._delivery),
                Route("/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/held", self._held, methods=["GET", "DELETE"]),
                Route("/calls", self._calls, methods=["GET", "DELETE"]),
                Route("/scopes", self._scopes, methods=["GET", "POST"]),
                Route("/ratelimit", self._rate_limit, methods=["GET", "POST"]),
                Route("/clock", self._clock, methods=["GET", "POST"]),
                Route("/lag", self._lag, methods=["GET", "POST"]),
                Route("/retry-scale", self._retry_scale, methods=["GET", "POST"]),
                Route("/integrations", self._integrations, methods=["GET", "POST"]),
                Route("/topics", self._topics, methods=["GET", "POST"]),
                Route("/tokens/revoke", self._revoke, methods=["POST"]),
                Route("/reset", self._reset, methods=["POST"]),
            ],
        )

    async def _health(self, _: Request) -> JSONResponse:
        directory = self._cloud.settings.directory
        return JSONResponse(
            {"service": "genesys", "instance": self._cloud.instance, "ready": True, "directory": directory}
        )

    async def _emit(self, request: Request) -> Response:
        reader = await read(request)
        given = [name for name in ("event", "kind", "raw") if reader.has(name)]
        if len(given) != 1:
            raise ApiError(400, message="give one of event, kind and raw")
        event_type = reader.take("eventType", one_of(*events.EVENT_TYPES), "")
        if reader.has("raw"):
            raw = reader.take("raw", text(0, BODY_LIMIT))
            checked(reader)
            body, event = raw.encode(), parsed(raw)
        else:
            if reader.has("kind"):
                kind = reader.take("kind", one_of(*events.KINDS))
                overrides = reader.take("set", json_object, None) or {}
                checked(reader)
                event = events.generate(kind, overrides)
            else:
                event = reader.take("event", json_object)
                checked(reader)
            body = render(event)
        members = event if isinstance(event, dict) else {}
        topic, event_body = members.get("topicName"), members.get("eventBody")
        if not isinstance(topic, str):
            if not event_type:
                raise ApiError(400, message="no topicName in it: give eventType, so that it can be told who gets it")
            topic = ""
        begun = self._cloud.engine.deliver(
            body, topic, event_type or events.event_type(topic), event_body if isinstance(event_body, dict) else {}
        ) + self._cloud.activation.send(body, topic, members)
        if request.query_params.get("wait") == "1":
            await self._cloud.engine.finished(begun)
        answer = json.dumps({"deliveries": [delivery.id for delivery in begun], "event": event})
        return Response(answer, media_type="application/json")  # in ASCII: raw may hold half a surrogate pair

    async def _deliveries(self, _: Request) -> JSONResponse:
        return JSONResponse([delivery.to_json() for delivery in self._cloud.engine.deliveries.values()])

    async def _delivery(self, request: Request) -> JSONResponse:
        delivery = self._cloud.engine.deliveries.get(request.path_params["id"])
        if delivery is None:
            raise ApiError(404)
        return JSONResponse(delivery.to_json())

    async def _faults(self, request: Request) -> Response:
        faults = self._cloud.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            reader = await read(request)
            fault = Fault(
                path=reader.take("path", text(1, 2000)),
                method=reader.take("method", text(1, 20), "") or None,
                times=reader.take("times", whole(1, MANY), 1),
                status=reader.take("status", whole(200, 599), 0) or None,
                headers=reader.take("headers", header_map, None),
                body=reader.take("body", anything, None),
                text=reader.take("text", text(0, BODY_LIMIT), None),
                when=cast(When, reader.take("when", one_of("before", "after"), "before")),
                delay_ms=reader.take("delayMs", whole(0, MANY), 0),
                hold=reader.take("hold", flag, False),
                drop=reader.take("drop", flag, False),
                cut_after=reader.take("cutAfter", whole(0, MANY), None),
            )
            checked(reader)
            if not (fault.status or fault.drop or fault.delay_ms or fault.hold or fault.cut_after is not None):
                raise ApiError(400, message="a fault needs status, drop, delayMs, hold or cutAfter")
            faults.add(fault)
        return JSONResponse(faults.to_json())

    async def _held(self, request: Request) -> Response:
        held = self._cloud.faults.held
        if request.method == "DELETE":
            for fault in held.values():
                fault.released.set()
        return JSONResponse({"calls": list(held)})

    async def _calls(self, request: Request) -> JSONResponse:
        if request.method == "DELETE":
            self._cloud.calls.clear()
        return JSONResponse(self._cloud.calls.to_json())

    async def _scopes(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            reader = await read(request)
            added, removed = reader.take("add", texts, None) or [], reader.take("remove", texts, None) or []
            checked(reader)
            self._cloud.scopes = (self._cloud.scopes | set(added)) - set(removed)
        return JSONResponse({"scopes": sorted(self._cloud.scopes)})

    async def _rate_limit(self, request: Request) -> JSONResponse:
        limit = self._cloud.rate_limit
        if request.method == "POST":
            reader = await read(request)
            allowed = reader.take("allowed", whole(0, MANY), limit.allowed)
            window_seconds = reader.take("windowSeconds", whole(1, MANY), limit.window_seconds)
            told = reader.take("headers", flag, limit.told)
            checked(reader)
            limit.set(allowed, window_seconds, told)
        return JSONResponse({"allowed": limit.allowed, "windowSeconds": limit.window_seconds, "headers": limit.told})

    async def _clock(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            reader = await read(request)
            seconds = reader.take("advanceSeconds", number(0, MANY))
            checked(reader)
            self._cloud.ahead_seconds += seconds
        return JSONResponse({"now": timestamp(self._cloud.now()), "aheadSeconds": self._cloud.ahead_seconds})

    async def _lag(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            reader = await read(request)
            seconds = reader.take("seconds", number(0, MANY))
            checked(reader)
            self._cloud.lag_seconds = seconds
        return JSONResponse({"seconds": self._cloud.lag_seconds})

    async def _retry_scale(self, request: Request) -> JSONResponse:
        engine = self._cloud.engine
        if request.method == "POST":
            reader = await read(request)
            scale = reader.take("factor", number(0, MANY), engine.retry_scale)
            timeout_seconds = reader.take("timeoutSeconds", number(0.001, MANY), engine.timeout_seconds)
            checked(reader)
            engine.retry_scale, engine.timeout_seconds = scale, timeout_seconds
        return JSONResponse({"factor": engine.retry_scale, "timeoutSeconds": engine.timeout_seconds})

    async def _integrations(self, request: Request) -> JSONResponse:
        integrations, behaviour = self._cloud.integrations, self._cloud.activation.behaviour
        if request.method == "POST":
            reader = await read(request)
            change_seconds = reader.take("changeSeconds", number(0, MANY), behaviour.change_seconds)
            active_when = reader.take("activeWhen", one_of("source", "bus"), behaviour.active_when)
            bus_seconds = reader.take("busSeconds", number(0, MANY), behaviour.bus_seconds)
            failure = reader.take("failure", text(0, 1000), behaviour.failure)
            fails_when = reader.take("failsWhen", one_of("source", "bus"), behaviour.fails_when)
            conflict_status = reader.take("conflictStatus", whole(400, 409), integrations.conflict_status)
            deletion_seconds = reader.take("deletionSeconds", number(0, MANY), integrations.deletion_seconds)
            deletes = reader.take("disableDeletesSource", flag, behaviour.disable_deletes_source)
            checked(reader)
            self._cloud.activation.behaviour = Behaviour(
                change_seconds, active_when, bus_seconds, failure, fails_when, deletes
            )
            behaviour = self._cloud.activation.behaviour
            integrations.conflict_status, integrations.deletion_seconds = conflict_status, deletion_seconds
        return JSONResponse(
            {
                "changeSeconds": behaviour.change_seconds,
                "activeWhen": behaviour.active_when,
                "busSeconds": behaviour.bus_seconds,
                "failure": behaviour.failure,
                "failsWhen": behaviour.fails_when,
                "conflictStatus": integrations.conflict_status,
                "deletionSeconds": integrations.deletion_seconds,
                "disableDeletesSource": behaviour.disable_deletes_source,
            }
        )

    async def _topics(self, request: Request) -> JSONResponse:
        topics = self._cloud.topics
        if request.method == "POST":
            reader = await read(request)
            added, removed = reader.take("add", topic_list, None) or [], reader.take("remove", texts, None) or []
            checked(reader)
            topics.items |= {topic.id: topic for topic in added}
            for id in removed:
                topics.items.pop(id, None)
        return JSONResponse(topics.to_json())

    async def _revoke(self, _: Request) -> JSONResponse:
        return JSONResponse({"revoked": self._cloud.tokens.revoke()})

    async def _reset(self, request: Request) -> JSONResponse:
        reader = await read(request)
        instance = reader.take("instance", text(1, 100), "")
        checked(reader)
        self._cloud.reset(instance)
        await self._cloud.activation.settled()
        return JSONResponse({"instance": self._cloud.instance})


async def read(request: Request) -> Reader:
    """The body, in whatever content type it says it is: `curl -d` says that it is a form."""
    return Reader(as_object(await body_within(request, BODY_LIMIT) or b"{}"))


def topic_list(value: object) -> list[Topic]:
    if not isinstance(value, list):
        raise Wrong("a list of topics")
    return [topic_of(Reader(json_object(item))) for item in value]


def topic_of(reader: Reader) -> Topic:
    topic = Topic(
        id=reader.take("id", text(1, 1000)),
        description=reader.take("description", text(0, 1000), ""),
        transports=tuple(reader.take("transports", texts, ["EventBridge"])),
        visibility=reader.take("visibility", one_of("Public", "Preview"), "Public"),
    )
    checked(reader)
    return topic


def parsed(raw: str) -> object:
    try:
        return parse(raw)
    except ValueError:
        return None
