"""What EventBridge puts into queues: events for targets, and those that could not be delivered."""

from collections.abc import Mapping

from .inside import Json, sqs
from .invocation import is_here
from .outcome import Outcome

# Seen by others on AWS, where it is said of a queue whose policy keeps EventBridge out, too.
_MISSING = "The specified queue does not exist or you do not have access to it."


def send(arn: str, body: str, attributes: Mapping[str, str] | None = None, group: str | None = None) -> Outcome:
    if not is_here(arn) or sqs._queue_by_arn(arn) is None:
        return Outcome(400, "NO_RESOURCE", _MISSING)
    message: Json = {"QueueUrl": arn.rpartition(":")[2], "MessageBody": body}
    if attributes:
        message["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
    if group:
        message["MessageGroupId"] = group
    try:
        sqs._act_send_message(message, "")
    except sqs._Err as refused:
        return Outcome(int(refused.status), "INVALID_PARAMETER", str(refused.message))
    return Outcome(200)
