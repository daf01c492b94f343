"""Every answer there is. The sender repeats after a time-out, 429 and 5xx only, so that a wrong 4xx is a lost event."""

from enum import Enum

RETRY_AFTER = 5  # seconds; by then keys may be read again


class Answer(Enum):
    """Status, and what the sender is told. The name, in lower case, is the metrics' and the log's `Reason`."""

    ACCEPTED = 200, "accepted"
    PARKED = 202, "parked"
    NOT_JSON = 400, "the body is not JSON"
    NOT_AN_EVENT = 400, "an event is an object with a string topicName and an object eventBody"
    NO_EVENT = 400, "the list has no event in it"
    BAD_TIMESTAMP = 400, "an event's timestamp is an ISO 8601 text"
    MALFORMED = 400, "EventBridge takes this for no JSON"
    NOT_SIGNED = 401, "X-Hub-Signature-256 is missing"
    SIGNATURE_GARBLED = 401, "X-Hub-Signature-256 is not sha256= and 32 bytes in base64"
    SIGNATURE_WRONG = 401, "X-Hub-Signature-256 is not this body's"
    KEY_WRONG = 403, "not authorised"
    STALE = 403, "an event is too old, or from the future"
    TOO_LARGE = 413, "the body is too large for EventBridge"
    KEYS_UNREADABLE = 503, "keys can't be read"
    KEYS_READ_TOO_OFTEN = 503, "keys can't be read again yet"
    BUS_LATE = 503, "the bus did not take every event in time"
    NOT_PARKED = 503, "neither the bus nor the parking queue took every event in time"
    FAILED = 503, "failed"

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message

    @property
    def reason(self) -> str:
        return self.name.lower()


class Refused(Exception):
    """Ends a request with that answer. `cause` is for the log: a code of AWS or a class name, never a message."""

    def __init__(self, answer: Answer, cause: str | None = None) -> None:
        super().__init__(answer.reason)
        self.answer = answer
        self.cause = cause
