"""How one attempt to deliver an event to a target went, in the words that a dead-letter queue gets.

The codes are those of EventBridge's guide ("Using dead-letter queues to process undelivered events"), which calls them
a sample. Which of them it tries again is said there of missing permissions and resources alone; of the other PERMANENT
ones it is ours.
"""

from dataclasses import dataclass

PERMANENT = {
    "FAILED_TO_ASSUME_ROLE",
    "INVALID_JSON",
    "INVALID_PARAMETER",
    "NO_PERMISSIONS",
    "NO_RESOURCE",
    "THIRD_ACCOUNT_HOP_DETECTED",
    "THIRD_REGION_HOP_DETECTED",
}
PASSING = {
    "CONNECTION_FAILURE",
    "CROSS_ACCOUNT_INGESTION_FAILED",
    "CROSS_REGION_INGESTION_FAILED",
    "ERROR_FROM_TARGET",
    "EVENTS_IN_BATCH_REQUEST_REJECTED",
    "INTERNAL_ERROR",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_LIMIT_EXCEEDED",
    "RESOURCE_MODIFICATION_COLLISION",
    "SDK_CLIENT_ERROR",
    "THROTTLING",
    "TIMEOUT",
    "TRANSIENT_ASSUME_ROLE",
    "UNKNOWN",
}


@dataclass(frozen=True)
class Outcome:
    """Delivered, unless it has a `code`."""

    status: int | None
    """The target's HTTP status; None when it didn't answer, or was not called."""
    code: str = ""
    message: str = ""
    passing: bool = False
    """Whether it is tried again."""
    called: bool = True

    @property
    def delivered(self) -> bool:
        return not self.code


def no_resource(message: str) -> Outcome:
    return Outcome(404, "NO_RESOURCE", message)


def no_permissions(message: str) -> Outcome:
    return Outcome(403, "NO_PERMISSIONS", message)
