"""What EventBridge's error codes on a dead letter mean, and what to do. The codes are those of AWS's guide, "Using
dead-letter queues to process undelivered events"; it does not say more of them than their names, so that the meanings
are as the names and the messages have it."""

from typing import NamedTuple


class Failure(NamedTuple):
    meaning: str
    advice: str


LATER = "once the target is well again, send them again"
THEIRS = 'its owner runs what `make pulumi STACK=… ARGS="stack output commands"` has for it'
MEND = "make refresh, then make up put right what this program made"

FAILURES = {
    "NO_PERMISSIONS": Failure(
        "the target does not let EventBridge in",
        f"another account's bus: {THEIRS}; a queue or a function: see its policy, {MEND}",
    ),
    "NO_RESOURCE": Failure(
        "the target is not there, or, of a queue, its policy keeps EventBridge out",
        f"was it deleted or renamed? {MEND}, and forwardTo in the stack's file names other buses",
    ),
    "FAILED_TO_ASSUME_ROLE": Failure(
        "EventBridge can't take on the target's role", f"is the role gone, or its trust changed? {MEND}"
    ),
    "TRANSIENT_ASSUME_ROLE": Failure("EventBridge could not take on the target's role for a while", LATER),
    "THROTTLING": Failure("the target had more calls than it takes", f"raise its limit; {LATER}"),
    "TIMEOUT": Failure("the target did not answer in time", LATER),
    "CONNECTION_FAILURE": Failure("the target could not be reached", f"is its address right? {LATER}"),
    "ERROR_FROM_TARGET": Failure(
        "the target refused, or failed", f"see the message, and the target's own log; {LATER}"
    ),
    "CROSS_ACCOUNT_INGESTION_FAILED": Failure(
        "the other account's bus did not take it",
        f"{THEIRS}: a policy on the bus that lets this account in",
    ),
    "CROSS_REGION_INGESTION_FAILED": Failure(
        "the bus in the other region did not take it", "does it exist, and does its policy let this account in?"
    ),
    "EVENTS_IN_BATCH_REQUEST_REJECTED": Failure("the target refused a whole batch", f"see the message; {LATER}"),
    "INVALID_JSON": Failure(
        "what the rule makes of the event is no JSON", "correct the rule's input transformer, then replay"
    ),
    "INVALID_PARAMETER": Failure(
        "the target refused the call as wrong: an event near 1 MB does not fit into a queue with what goes around it",
        "see the message; sending it again gives the same, unless the target was changed",
    ),
    "RESOURCE_ALREADY_EXISTS": Failure("the target has it already", "delete the letter"),
    "RESOURCE_LIMIT_EXCEEDED": Failure("a limit of the target is reached", f"raise it; {LATER}"),
    "RESOURCE_MODIFICATION_COLLISION": Failure("the target was being changed at that moment", LATER),
    "THIRD_ACCOUNT_HOP_DETECTED": Failure(
        "the event had come from bus to bus already, which AWS allows once",
        "forward from the first bus to the last, without one between; delete the letter",
    ),
    "THIRD_REGION_HOP_DETECTED": Failure(
        "the event had come from another region already, which AWS allows once",
        "forward from the first bus to the last, without one between; delete the letter",
    ),
    "INTERNAL_ERROR": Failure("something failed within AWS", LATER),
    "SDK_CLIENT_ERROR": Failure("something failed within AWS", LATER),
    "UNKNOWN": Failure("AWS does not say what failed", f"see the message; {LATER}"),
}


def failure(code: str) -> Failure:
    """AWS calls its list one of examples: another code may come."""
    return FAILURES.get(code, Failure("a code that AWS's guide doesn't list", f"see the message; {LATER}"))
