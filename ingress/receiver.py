"""From a request to its answer: size, authentication, JSON, bus. Nothing is parsed before it is authenticated."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict, final

from .answers import RETRY_AFTER, Answer, Refused
from .authentication import Auth, Authentication
from .aws import Entry
from .bus import LIMIT, Bus, size
from .deadline import Deadline
from .events import Event, parse, refuse_stale
from .metrics import Metrics, Record, where
from .parking import Parked, Parking
from .topics import Topics

OPS_SOURCE = "genesys-pulumi.ops"
"""Of what is on the bus for our own sake: archive, tap and consumers' rules leave it out."""
PROBE_TOPIC = "genesys-pulumi.ops.probe"
"""Of an event that somebody signs to see whether it arrives."""


class RequestContext(TypedDict, total=False):
    requestId: str


@final
class Request(TypedDict, total=False):
    """What is read of an HTTP API request, payload format 2.0."""

    headers: dict[str, str]
    body: str | None
    isBase64Encoded: bool
    requestContext: RequestContext


class Response(TypedDict):
    statusCode: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class Receiver:
    authentication: Authentication
    bus: Bus
    parking: Parking
    topics: Topics
    metrics: Metrics
    source: str
    """The events' source on the bus."""
    stack: str
    max_age: float
    """Seconds; 0 for no limit."""
    clock: Callable[[], float] = time.time

    def receive(self, request: Request, deadline: Deadline) -> Response:
        """Answer the request, whatever happens, and tell of it in one log line."""
        record = Record(request.get("requestContext", {}).get("requestId", ""))
        try:
            answer = self._answer(request, deadline, record)
        except Refused as refused:
            answer = refused.answer
            record.errors.update({refused.cause} if refused.cause else ())
        except Exception as error:  # an uncaught one would be logged with its message, which may quote the body
            answer = Answer.FAILED
            record.errors.add(where(error))
        self.metrics.tell(record, answer, deadline.elapsed())
        return response(answer)

    def _answer(self, request: Request, deadline: Deadline, record: Record) -> Answer:
        body = body_of(request)
        record.size = len(body)
        if len(body) > LIMIT:
            return Answer.TOO_LARGE
        record.auth = self.authentication.check(request.get("headers") or {}, body, deadline)
        now = datetime.fromtimestamp(self.clock(), UTC)
        entries = [self._heartbeat(now)] if record.auth is Auth.HEARTBEAT else self._entries(body, now, record)
        outcome = self.bus.put(entries, deadline)
        record.calls, record.errors = outcome.calls, outcome.errors
        record.on_bus = self.topics.count(outcome.taken, self.source)
        if outcome.left:
            if record.auth is Auth.HEARTBEAT:  # it tells that the path works now; later it would be a lie
                return Answer.BUS_LATE
            if not self.parking.park(Parked(outcome.left, now.timestamp()), deadline, record.errors):
                return Answer.NOT_PARKED
            record.parked = len(outcome.left)
        if outcome.malformed:
            return Answer.MALFORMED
        return Answer.PARKED if outcome.left else Answer.ACCEPTED

    def _entries(self, body: bytes, now: datetime, record: Record) -> list[Entry]:
        """What goes on the bus: all events of the body, or none of them."""
        events = parse(body, now)
        record.event_ids = [event.id for event in events]
        record.templates.update(self.topics.template(event.topic) or "other" for event in events)
        refuse_stale(events, now, self.max_age)
        entries = [self._entry(event, id_) for event, id_ in zip(events, record.event_ids, strict=True)]
        if any(size(entry) > LIMIT for entry in entries):
            raise Refused(Answer.TOO_LARGE)
        return entries

    def _entry(self, event: Event, id_: str) -> Entry:
        probe = event.topic == PROBE_TOPIC
        return {
            "EventBusName": self.bus.name,
            "Source": OPS_SOURCE if probe else self.source,
            "DetailType": "probe" if probe else self.topics.detail_type(event.topic),
            "Detail": event.text,
            "Time": event.time,
            "Resources": [f"genesys-event:{id_}"],
        }

    def _heartbeat(self, now: datetime) -> Entry:
        """All that the heartbeat's key is good for: of its request nothing is used."""
        detail = {"stack": self.stack, "time": now.isoformat(timespec="milliseconds")}
        return {
            "EventBusName": self.bus.name,
            "Source": OPS_SOURCE,
            "DetailType": "heartbeat",
            "Detail": json.dumps(detail),
            "Time": now,
        }


def body_of(request: Request) -> bytes:
    """The bytes that were sent. What claims to be base64 and isn't, is taken as it is: no signature will fit it."""
    text = request.get("body") or ""
    if request.get("isBase64Encoded"):
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            pass
    return text.encode(errors="surrogatepass")


def response(answer: Answer) -> Response:
    headers = {"Content-Type": "application/json"}
    if answer.status == 503:
        headers["Retry-After"] = str(RETRY_AFTER)
    return {"statusCode": answer.status, "headers": headers, "body": json.dumps({"message": answer.message})}
