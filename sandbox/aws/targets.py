"""The kinds of targets that events are delivered to here as AWS does it; ministack has the others."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from . import api_destination, bus_target, logs, permission, queues
from .authorization import Authorization
from .inside import Json, iam, lambda_svc, responses
from .invocation import Invocation, is_here
from .operations import role_name
from .outcome import Outcome, no_permissions, no_resource

SERVICE = "events.amazonaws.com"
INVOKE_FUNCTION = "lambda:InvokeFunction"
SEND = "sqs:SendMessage"


@dataclass(frozen=True)
class Kind:
    operations: tuple[str, ...]
    """The calls that a delivery consists of, as IAM names them."""
    attempt: Callable[[Invocation], Outcome]
    slow: bool = False
    """Whether it waits for somebody's answer."""


def kind_of(arn: str) -> Kind | None:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return None
    service, kind = parts[2], parts[5].partition("/")[0]
    return _KINDS.get(f"{service}:{kind}" if service == "events" else service)


def resource_of(invocation: Invocation) -> str:
    """What the calls are about, as a policy names it."""
    if invocation.arn.split(":")[2] == "logs":
        return logs.arn(logs.group_of(invocation.arn), "*")
    return invocation.arn


def missing_role(invocation: Invocation) -> Outcome | None:
    """That EventBridge can't assume the target's role, as there is none."""
    if not invocation.role or role_name(invocation.role) in iam._roles:
        return None
    return _not_assumed(invocation)


def _not_assumed(invocation: Invocation) -> Outcome:
    message = f"EventBridge is not authorized to assume role {invocation.role}."  # ours
    return Outcome(403, "FAILED_TO_ASSUME_ROLE", message)


def refused(invocation: Invocation, kind: Kind, authorization: Authorization) -> Outcome | None:
    """What policies say against it, where they are looked at: the role's and its trust, or the queue's."""
    if invocation.role:
        if not authorization.may_assume(SERVICE, invocation.role, invocation.rule_arn):
            return _not_assumed(invocation)
        if not authorization.role_may(invocation.role, kind.operations, resource_of(invocation)):
            return no_permissions(f"{invocation.role} is not authorized to perform {kind.operations[0]}.")
        return None
    return refused_queue(invocation.arn, invocation, authorization)


def refused_queue(arn: str, invocation: Invocation, authorization: Authorization) -> Outcome | None:
    """A queue that lets nobody in is to AWS as one that isn't there."""
    if not arn.startswith("arn:aws:sqs:") or authorization.service_may(SERVICE, SEND, arn, invocation.rule_arn):
        return None
    return Outcome(403, "NO_RESOURCE", f"{SERVICE} is not authorized to perform {SEND} on {arn}.")  # the text is ours


def _to_queue(invocation: Invocation) -> Outcome:
    parameters = invocation.target.get("SqsParameters") or {}
    return queues.send(invocation.arn, invocation.payload, group=parameters.get("MessageGroupId"))


def _to_function(invocation: Invocation) -> Outcome:
    """Handed over: what the function makes of it, and how often Lambda tries, is not EventBridge's business."""
    account, region = responses.get_account_id(), responses.get_region()
    record, config, name = lambda_svc._get_func_record_for_ref_in_scope(
        invocation.arn, account_id=account, region=region
    )
    if not record or not config:
        return no_resource(f"Function not found: {invocation.arn}")
    function: Json = lambda_svc._execution_record_for_config(record, config)
    if not invocation.role and not permission.allows(function, SERVICE, INVOKE_FUNCTION, invocation.rule_arn):
        return no_permissions(f"{SERVICE} is not authorized to perform {INVOKE_FUNCTION} on {name}.")
    try:
        event = json.loads(invocation.payload)
    except ValueError:
        event = {"body": invocation.payload}  # as ministack has it
    lambda_svc.invoke_async_with_retry(function, event)
    return Outcome(202)


def _to_log_group(invocation: Invocation) -> Outcome:
    """AWS's names of streams are its own."""
    group = logs.group_of(invocation.arn)
    if not is_here(invocation.arn) or not logs.exists(group):
        return no_resource("The specified log group does not exist.")
    logs.write(group, str(invocation.rule["Name"]), [invocation.payload])
    return Outcome(200)


_KINDS = {
    "sqs": Kind((SEND,), _to_queue),
    "lambda": Kind((INVOKE_FUNCTION,), _to_function),
    "logs": Kind(("logs:CreateLogStream", "logs:PutLogEvents"), _to_log_group),
    "events:event-bus": Kind(("events:PutEvents",), bus_target.forward),
    "events:api-destination": Kind(("events:InvokeApiDestination",), api_destination.invoke, slow=True),
}
