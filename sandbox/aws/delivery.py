"""EventBridge's deliveries to targets: recorded, and to API destinations with AWS's retries and its hard line on 401.

An API-key or basic connection whose endpoint answers 401 or 407 is DEAUTHORIZED at once and loses its parameters; its
destinations are called no more until UpdateConnection. AWS retries 409, 429, 5xx and what fails without an answer, by
the target's RetryPolicy; its waits are not documented. Ours double from one second to a minute, all of them scaled.
"""

import contextlib
import contextvars
import copy
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from .calls import Calls
from .environment import ACCOUNT, REGION
from .inside import Json, eventbridge, responses, sqs
from .operations import role_name

SERVICE = "events.amazonaws.com"
INVOKE = "events:InvokeApiDestination"
DEFAULT_RETRIES = 185
DEFAULT_AGE = 86_400
LONGEST_WAIT = 60.0


@dataclass
class Delivery:
    """How one went: the status of the last attempt (None: no answer), and how many there were (0: not invoked)."""

    target: str
    status: int | None = None
    attempts: int = 0

    def to_json(self) -> Json:
        return vars(self)


@dataclass(frozen=True)
class _Invocation:
    target: Json
    rule: Json


_invocation: contextvars.ContextVar[_Invocation | None] = contextvars.ContextVar("invocation", default=None)
_collected: contextvars.ContextVar[list["Future[Delivery]"] | None] = contextvars.ContextVar("collected", default=None)


class Deliveries:
    SCALE = 0.1

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._stopped = threading.Event()
        self.scale = self.SCALE
        """Of the waits between attempts."""

    def install(self) -> None:
        """Take the place of ministack's functions."""
        invoke_target, dispatch_to_sqs = eventbridge._invoke_target, eventbridge._dispatch_to_sqs

        def invoking(target: Json, event: Json, rule: Json, view: Any = None) -> None:
            token = _invocation.set(_Invocation(target, rule))
            try:
                invoke_target(target, event, rule, view)
            finally:
                _invocation.reset(token)

        def to_sqs(spec: Any, payload: str, parameters: Json | None = None) -> None:
            dispatch_to_sqs(spec, payload, parameters)
            status = 200 if sqs._queue_by_arn(str(spec)) else 400
            self._calls.add("sqs:SendMessage", SERVICE, status, str(spec), _rule_arn())
            self._collect(Delivery(str(spec), status, 1))

        eventbridge._invoke_target = invoking
        eventbridge._dispatch_to_sqs = to_sqs
        eventbridge._dispatch_to_api_destination = self._to_api_destination

    def fire(self, rule_name: str) -> list[Delivery]:
        """Invoke a scheduled rule's targets now, and wait until that is done. Raises LookupError."""
        with responses.request_scope(ACCOUNT, REGION):
            key = eventbridge._rule_key(rule_name, "default")
            rule = eventbridge._rules.get(key)
            if rule is None or not rule.get("ScheduleExpression"):
                raise LookupError(f"no scheduled rule {rule_name} on the default bus")
            event = {
                "EventId": str(uuid.uuid4()),
                "Source": "aws.events",
                "DetailType": "Scheduled Event",
                "Detail": "{}",
                "EventBusName": "default",
                "Time": int(time.time()),
                "Resources": [rule["Arn"]],
                "Account": ACCOUNT,
                "Region": REGION,
            }
            view = eventbridge._pattern_event_view(event)
            with self._collecting() as collected:
                for target in list(eventbridge._targets.get(key) or []):
                    eventbridge._invoke_target(target, event, rule, view)
        return [future.result() for future in collected]

    def stop(self) -> None:
        """Give up what is being tried again; new ones may begin."""
        self._stopped.set()
        self._stopped = threading.Event()

    @contextlib.contextmanager
    def _collecting(self) -> Iterator[list["Future[Delivery]"]]:
        futures: list[Future[Delivery]] = []
        token = _collected.set(futures)
        try:
            yield futures
        finally:
            _collected.reset(token)

    def _collect(self, delivery: "Delivery | Future[Delivery]") -> None:
        collected = _collected.get()
        if collected is None:
            return
        if isinstance(delivery, Delivery):
            done: Future[Delivery] = Future()
            done.set_result(delivery)
            delivery = done
        collected.append(delivery)

    def _to_api_destination(self, spec: Any, payload: str, target: Json) -> None:
        name = spec.resource.split("/")[1]
        destination = copy.deepcopy(eventbridge._api_destinations.get(name))
        connection = _connection(destination)
        role = str(target.get("RoleArn", ""))
        delivery = Delivery(str(spec))
        if (
            destination is None
            or connection is None
            or destination["ApiDestinationState"] != "ACTIVE"
            or connection["ConnectionState"] != "AUTHORIZED"
        ):
            self._collect(delivery)
            return
        self._calls.add("sts:AssumeRole", SERVICE, 200, role, _rule_arn())
        parameters = target.get("HttpParameters") or {}
        request = eventbridge._build_api_destination_request(destination, connection, parameters, payload)
        future: Future[Delivery] = Future()
        self._collect(future)
        stopped = self._stopped

        def run() -> None:
            try:
                with responses.request_scope(ACCOUNT, REGION):
                    self._deliver(delivery, request, connection, target, stopped)
            finally:
                self._calls.add(INVOKE, role_name(role), delivery.status, str(spec))
                future.set_result(delivery)

        threading.Thread(target=run, name=f"deliver-{name}", daemon=True).start()

    def _deliver(
        self, delivery: Delivery, request: Json, connection: Json, target: Json, stopped: threading.Event
    ) -> None:
        policy = target.get("RetryPolicy") or {}
        retries = int(policy.get("MaximumRetryAttempts", DEFAULT_RETRIES))
        oldest = time.monotonic() + int(policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE))
        for attempt in range(retries + 1):
            if attempt and stopped.wait(min(2.0 ** (attempt - 1), LONGEST_WAIT) * self.scale):
                return
            if time.monotonic() > oldest:
                return
            delivery.attempts += 1
            delivery.status = _send(request, connection)
            if delivery.status in (401, 407) and connection["AuthorizationType"] != "OAUTH_CLIENT_CREDENTIALS":
                eventbridge._deauthorize_connection({"Name": connection["Name"]})
                return
            if not _is_passing(delivery.status):
                return


def _send(request: Json, connection: Json) -> int | None:
    """The answer's status; None when there is no answer within five seconds, as AWS waits."""
    key = (ACCOUNT, REGION, connection["Name"])
    try:
        authorization = eventbridge._connection_auth_headers(connection, key)
        return int(eventbridge._api_destination_send_sync(request, authorization))
    except OSError:
        return None


def _is_passing(status: int | None) -> bool:
    """Whether AWS tries again."""
    return status is None or status in (401, 407, 409, 429) or status >= 500


def _connection(destination: Json | None) -> Json | None:
    arn = (destination or {}).get("ConnectionArn")
    found = (one for one in eventbridge._connections.values() if one["ConnectionArn"] == arn)
    return copy.deepcopy(next(found, None))


def _rule_arn() -> str | None:
    invocation = _invocation.get()
    return str(invocation.rule.get("Arn")) if invocation else None
