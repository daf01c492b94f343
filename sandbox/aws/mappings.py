"""Lambda's event source mappings of SQS queues: what AWS refuses, and reading a queue in the function's name.

ministack's poller hands a batch to the function, deletes what the answer doesn't name, and after an error, a crash or a
time-out leaves all of it, which is visible again when the queue's visibility timeout is over: as Lambda does it.

Unlike AWS, a mapping is enabled and gone at once. Not known: whether AWS refuses a function's time-out that is raised
past the visibility of a queue that it reads already (here it doesn't).
"""

import time
from typing import Any

from .authorization import Authorization
from .calls import Calls
from .environment import ACCOUNT, REGION
from .errors import AwsError
from .exchange import Answer, Handler, Request
from .inside import Json, iam_evaluator, lambda_svc, sqs
from .operations import role_name

NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What the function's role must be allowed on the queue; Lambda looks for them in this order (the order is ours)."""


async def create(request: Request) -> Answer:
    _check(request.data.get("EventSourceArn"), request.data.get("FunctionName"))
    return await request.forward()


async def update(request: Request) -> Answer:
    mapping = lambda_svc._esms.get(request.path.rstrip("/").rpartition("/")[2]) or {}
    function = request.data.get("FunctionName") or mapping.get("FunctionArn")
    _check(mapping.get("EventSourceArn"), function, mapping)
    return await request.forward()


HANDLERS: dict[str, Handler] = {
    "lambda:CreateEventSourceMapping": create,
    "lambda:UpdateEventSourceMapping": update,
}


def install(calls: Calls, authorization: Authorization) -> None:
    """Record what Lambda's poller does to a queue, by the role of the function it does it for.

    AWS's pollers also ask when there is nothing to fetch, all the time: that would fill the record.
    """
    receive, delete = sqs._receive_messages_for_esm, sqs._delete_messages_for_esm

    def receiving(queue_url: str, most: int) -> Any:
        if not _all_may(queue_url, authorization):
            return []
        messages = receive(queue_url, most)
        if messages:
            _record(calls, queue_url, "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
        return messages

    def deleting(queue_url: str, handles: set[str]) -> None:
        delete(queue_url, handles)
        if handles:
            _record(calls, queue_url, "sqs:DeleteMessage")

    sqs._receive_messages_for_esm, sqs._delete_messages_for_esm = receiving, deleting


def show(queue: str) -> int:
    """The visibility timeouts of the queue's messages are over; of how many. Raises LookupError."""
    found = sqs._queue_by_arn(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
    if found is None:
        raise LookupError(f"no queue {queue}")
    with sqs._queues_lock:
        hidden = [message for message in found["messages"] if message["visible_at"] > time.time()]
        for message in hidden:
            message["visible_at"] = 0
    lambda_svc._esm_wake.set()
    return len(hidden)


def names() -> list[str]:
    """`<queue> -> <function>` of every mapping."""
    return sorted(
        f"{mapping['EventSourceArn'].rpartition(':')[2]} -> {mapping['FunctionName']}"
        for mapping in lambda_svc._esms.values()
    )


def _check(source: object, function_ref: object, own: Json | None = None) -> None:
    """Raise what AWS refuses. A source that is no queue, or a function that doesn't exist, ministack refuses."""
    function = _function(str(function_ref))
    arn = str(source)
    if function is None or not arn.startswith("arn:aws:sqs:"):
        return
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        raise _invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."
            " SQS Error Message: The specified queue does not exist."
        )
    for action in NEEDED:
        if not _may(str(function["Role"]), f"sqs:{action}", arn):
            raise _invalid(f"The function execution role does not have permissions to call {action} on SQS")
    visible, timeout = int(queue["attributes"].get("VisibilityTimeout", 30)), int(function.get("Timeout", 3))
    if visible < timeout:
        raise _invalid(f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds")
    for mapping in lambda_svc._esms.values():
        if mapping is not own and (mapping["EventSourceArn"], mapping["FunctionName"]) == (
            arn,
            function["FunctionName"],
        ):
            raise AwsError(
                "ResourceConflictException",
                f'The event source arn (" {arn} ") and function (" {function["FunctionName"]} ") provided mapping'
                f" already exists. Please update or delete the existing mapping with UUID {mapping['UUID']}",
                409,
            )


def _function(reference: str) -> Json | None:
    """The configuration of the function with that name or ARN."""
    found = lambda_svc._functions.get(reference.partition(":function:")[2].partition(":")[0] or reference)
    return found["config"] if found else None


def _may(role: str, action: str, resource: str) -> bool:
    """By the role's own policies, as ministack evaluates them. Nothing but this mapping's permissions is evaluated."""
    policies = iam_evaluator._gather_role_policies(role_name(role), ACCOUNT)
    context = iam_evaluator.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
    )
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _all_may(queue_url: str, authorization: Authorization) -> bool:
    """Whether the functions that read the queue still may, where policies are looked at."""
    queue = sqs._queues.get(queue_url)
    arn = str(queue["attributes"]["QueueArn"]) if queue else ""
    roles = [
        str(function["Role"])
        for mapping in lambda_svc._esms.values()
        if mapping["EventSourceArn"] == arn and (function := _function(mapping["FunctionName"]))
    ]
    return all(authorization.role_may(role, [f"sqs:{action}" for action in NEEDED], arn) for role in roles)


def _record(calls: Calls, queue_url: str, *operations: str) -> None:
    queue = sqs._queues.get(queue_url)
    arn = queue["attributes"]["QueueArn"] if queue else None
    for mapping in lambda_svc._esms.values():
        if mapping["EventSourceArn"] == arn and (function := _function(mapping["FunctionName"])):
            for operation in operations:
                calls.add(operation, role_name(str(function["Role"])), 200, arn, mapping["FunctionArn"])
            return


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
