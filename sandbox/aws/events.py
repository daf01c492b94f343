"""EventBridge's control plane, where AWS refuses or answers what ministack doesn't.

Names, lengths, and the texts of the refusals are AWS's as far as they could be found; those marked `ours` could not.
"""

import re
import urllib.parse
import uuid
from typing import Any

from . import rule_targets
from .environment import ACCOUNT, REGION
from .errors import AwsError, not_found, not_valid, unsatisfied
from .exchange import Answer, Handler, Request
from .inside import Json, eventbridge, responses
from .partner import check_source

_BUS_NAME = re.compile(r"[/.\-_A-Za-z0-9]+"), 256
_OWN_BUS_NAME = re.compile(r"[\.\-_A-Za-z0-9]+")
_NAME = re.compile(r"[.\-_A-Za-z0-9]+"), 64
_ONE = re.compile(r"rate\(1 (minute|hour|day)\)")
_MANY = re.compile(r"rate\(([1-9]\d*) (minutes|hours|days)\)")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# What AWS keeps in the connection's secret and never shows again.
_SECRET_MEMBERS = {"ApiKeyValue", "Password", "ClientSecret"}


async def create_event_bus(request: Request) -> Answer:
    """With a source, a partner's bus. AWS may answer with InvalidStateException too; there is no state that calls for
    it here: a source whose bus is missing is PENDING."""
    name = _check_name(request.data, "name", *_BUS_NAME)
    if name == "default":
        raise not_valid("Name", "Event bus name must not be 'default'.")  # ours
    if not request.data.get("EventSourceName"):
        if name.startswith("aws."):
            raise AwsError("ValidationException", "EventBus name starting with 'aws.' is not valid.")
        if "/" in name:
            raise AwsError("ValidationException", "Event bus name must not contain '/'.")
        return await request.forward()
    if check_source(request.data, "EventSourceName") != name:
        raise not_valid("Name", "It must be the EventSourceName.")  # ours; that AWS refuses it is in its reference
    source = request.sources.find(name, responses.get_account_id(), responses.get_region())
    if source is None:
        raise not_found(f"Event source {name}")
    answer = await request.forward()
    if answer.ok:
        source.activate()
    return answer


async def delete_event_bus(request: Request) -> Answer:
    bus = str(request.data.get("Name", ""))
    if any(rule["EventBusName"] == bus for rule in eventbridge._rules.values()):
        raise AwsError("ValidationException", "EventBus can't be deleted since it has rules.")
    answer = await request.forward()
    if answer.ok:
        request.sources.lose_bus(bus, responses.get_account_id(), responses.get_region())
    return answer


async def change_permission(request: Request) -> Answer:
    """Nobody but the partner writes to a partner's bus."""
    bus = str(request.data.get("EventBusName") or "default")
    if not _OWN_BUS_NAME.fullmatch(bus):
        raise unsatisfied(
            bus, "eventBusName", f"Member must satisfy regular expression pattern: {_OWN_BUS_NAME.pattern}"
        )
    return await request.forward()


async def put_rule(request: Request) -> Answer:
    _check_name(request.data, "name", *_NAME)
    schedule = str(request.data.get("ScheduleExpression") or "")
    if not schedule and not request.data.get("EventPattern"):
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if schedule:
        bus = str(request.data.get("EventBusName") or "default")
        if bus.rpartition("event-bus/")[2] != "default":
            raise AwsError("ValidationException", "ScheduleExpression is supported only on the default event bus.")
        many = _MANY.fullmatch(schedule)
        if not schedule.startswith("cron(") and not _ONE.fullmatch(schedule) and not (many and many[1] != "1"):
            raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.")
    return await request.forward()


async def delete_rule(request: Request) -> Answer:
    key = eventbridge._rule_key(request.data.get("Name"), request.data.get("EventBusName") or "default")
    if eventbridge._targets.get(key):
        raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
    return await request.forward()


async def create_connection(request: Request) -> Answer:
    name = _check_name(request.data, "name", *_NAME)
    answer = await request.forward()
    if answer.ok:
        connection = eventbridge._connections[name]
        suffix = str(uuid.uuid4())
        connection["ConnectionArn"] += f"/{suffix}"
        connection["SecretArn"] = (
            f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:events!connection/{name}/{suffix}-{suffix[:6]}"
        )
        answer.change(ConnectionArn=connection["ConnectionArn"])
    return answer


async def describe_connection(request: Request) -> Answer:
    answer = await request.forward()
    if answer.ok:
        answer.change(AuthParameters=_shown(answer.data.get("AuthParameters") or {}))
    return answer


async def delete_connection(request: Request) -> Answer:
    """AWS refuses nothing here. That destinations of it become INACTIVE is ours."""
    connection = eventbridge._connections.get(request.data.get("Name"))
    answer = await request.forward()
    if answer.ok and connection:
        for destination in eventbridge._api_destinations.values():
            if destination["ConnectionArn"] == connection["ConnectionArn"]:
                destination["ApiDestinationState"] = "INACTIVE"
    return answer


async def create_api_destination(request: Request) -> Answer:
    name = _check_name(request.data, "name", *_NAME)
    _check_endpoint(request.data.get("InvocationEndpoint"))
    _check_connection(request.data.get("ConnectionArn"))
    answer = await request.forward()
    if answer.ok:
        destination = eventbridge._api_destinations[name]
        destination["ApiDestinationArn"] += f"/{uuid.uuid4()}"
        answer.change(ApiDestinationArn=destination["ApiDestinationArn"])
    return answer


async def update_api_destination(request: Request) -> Answer:
    if "InvocationEndpoint" in request.data:
        _check_endpoint(request.data["InvocationEndpoint"])
    if "ConnectionArn" in request.data:
        _check_connection(request.data["ConnectionArn"])
    answer = await request.forward()
    if answer.ok and "ConnectionArn" in request.data:
        eventbridge._api_destinations[request.data["Name"]]["ApiDestinationState"] = "ACTIVE"
    return answer


HANDLERS: dict[str, Handler] = {
    "events:CreateEventBus": create_event_bus,
    "events:DeleteEventBus": delete_event_bus,
    "events:PutPermission": change_permission,
    "events:RemovePermission": change_permission,
    "events:PutRule": put_rule,
    "events:DeleteRule": delete_rule,
    "events:PutTargets": rule_targets.put_targets,
    "events:CreateConnection": create_connection,
    "events:DescribeConnection": describe_connection,
    "events:DeleteConnection": delete_connection,
    "events:CreateApiDestination": create_api_destination,
    "events:UpdateApiDestination": update_api_destination,
}


def install() -> None:
    """Take the place of a function of ministack's, which finds no rule whose bus has a `/` in its name."""
    resolve = eventbridge._resolve_taggable_events_arn

    def resolved(arn: str) -> Any:
        return (arn, None) if any(rule["Arn"] == arn for rule in eventbridge._rules.values()) else resolve(arn)

    eventbridge._resolve_taggable_events_arn = resolved


def _check_name(data: Json, member: str, pattern: re.Pattern[str], longest: int) -> str:
    name = str(data.get("Name") or "")
    constraint = None
    if not pattern.fullmatch(name):
        constraint = f"Member must satisfy regular expression pattern: {pattern.pattern}"
    elif len(name) > longest:
        constraint = f"Member must have length less than or equal to {longest}"
    if constraint:
        raise unsatisfied(name, member, constraint)
    return name


def _check_endpoint(endpoint: object) -> None:
    """AWS takes https only. The sandbox itself has no certificate, so http is let through to this machine."""
    url = urllib.parse.urlsplit(str(endpoint))
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
        raise not_valid("InvocationEndpoint", "Must be an https endpoint.")  # ours


def _check_connection(arn: object) -> None:
    if not any(connection["ConnectionArn"] == arn for connection in eventbridge._connections.values()):
        name = str(arn).partition(":connection/")[2].partition("/")[0]
        raise not_found(f"Connection '{name}'")


def _shown(parameters: Any) -> Any:
    """The same without what is secret."""
    if isinstance(parameters, list):
        return [_shown(item) for item in parameters]
    if not isinstance(parameters, dict):
        return parameters
    hidden = _SECRET_MEMBERS | ({"Value"} if parameters.get("IsValueSecret") else set())
    return {name: _shown(value) for name, value in parameters.items() if name not in hidden}
