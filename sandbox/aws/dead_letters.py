"""What a dead-letter queue gets of an event that could not be delivered: the event, and why as message attributes."""

import json

from . import queues
from .invocation import Invocation
from .outcome import Outcome


def send(invocation: Invocation, outcome: Outcome, retries: int, exhausted: str | None) -> Outcome:
    """`exhausted` names the retry policy's limit that was reached; without it the failure was final by itself."""
    attributes = {
        "RULE_ARN": invocation.rule_arn,
        "TARGET_ARN": invocation.arn,
        "ERROR_CODE": outcome.code,
        "ERROR_MESSAGE": outcome.message,
        "RETRY_ATTEMPTS": str(retries),
    }
    if exhausted:
        attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
    return queues.send(queue_of(invocation), json.dumps(invocation.envelope, separators=(",", ":")), attributes)


def queue_of(invocation: Invocation) -> str:
    """The queue's ARN; empty when the target has none."""
    return str((invocation.target.get("DeadLetterConfig") or {}).get("Arn") or "")
