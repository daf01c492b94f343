"""Events without personal data, for a terminal that others may see.

What is shown is listed here, and everything else is masked: a member that the platform adds tomorrow is masked until
somebody looked at it. Shown are:

- EventBridge's envelope, and of the event's own `topicName`, `version`, `timestamp` and `metadata`'s ids;
- ids (`id`, `…Id`, `…Ids`) that have the form of one: a UUID, or a long hexadecimal text;
- times (`…Time`, `…Date`, `timestamp`): ISO 8601, or a number;
- durations and counts (`…Ms`, `…Seconds`, `…Count`, `…Priority`): numbers;
- enumerations that are in ENUMERATIONS: one word;
- flags that are in FLAGS: true or false.

A shown member whose value has another form than that is masked as well, as a phone number in `queueId` would be.
Masked by this are phone numbers and addresses (`ani`, `dnis`, `address…`), names, e-mail addresses, `attributes`, what
people said or typed, and every other text.
"""

import re
from collections.abc import Callable
from typing import Any

MASK = "•••"
ENVELOPE = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "replay-name")
# Objects and lists that are looked into. In any other, not even the names of members are known to be harmless.
CONTAINERS = {
    *("eventBody", "metadata", "participants", "sessions", "segments", "metrics", "conversation"),
    *("calls", "callbacks", "chats", "emails", "messages", "cobrowsesessions", "screenshares", "socialExpressions"),
    *("videos", "wrapup", "queue", "user", "division", "routingStatus", "presence", "presenceDefinition", "flow"),
    *("requestedRoutings", "requestedRoutingSkillIds", "conversationExternalContactIds", "divisionIds"),
}
ENUMERATIONS = {
    *("mediaType", "messageType", "direction", "originatingDirection", "purpose", "state", "initialState", "status"),
    *("provider", "disconnectType", "acdOutcome", "usedRouting", "requestedRoutings", "flowType", "flowOutcome"),
    *("flowOutcomeValue", "exitReason", "entryType", "transferType", "conferenceParticipantState", "systemPresence"),
    *("dispositionAnalyzer", "callbackUserName_", "edgeState", "segmentType", "level", "action", "entityType"),
    *("serviceName", "eventType"),
}
FLAGS = {
    *(
        "recording",
        "muted",
        "held",
        "confined",
        "securePause",
        "wrapupRequired",
        "wrapupExpected",
        "afterCallWorkRequired",
    ),
    *("sample", "screenRecordingState", "synthetic", "monitored", "coached", "barged"),
}
PLAIN = {"topicName", "version", "CorrelationId", "correlationId"}

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,64}", re.IGNORECASE)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
WORD = re.compile(r"[A-Za-z][A-Za-z_ .-]{0,39}")
TOPIC = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.([A-Za-z][A-Za-z0-9_-]*|\{id\}|[0-9a-f-]{16,36}))+", re.IGNORECASE)
VERSION = re.compile(r"\d{1,4}")

# In a text that is not ours: what may be a person's number or address, and of what looks like one what is not.
_HARMLESS = r"arn:[^\s\"',]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?"
_PERSONAL = r"[\w.+-]+@[\w-]+\.[\w.-]+|\+?\d[\d ()./-]{4,}\d"


def without_persons(text: str) -> str:
    """What somebody else wrote of an event, an error's message say, on one line."""
    return re.sub(f"({_HARMLESS})|{_PERSONAL}", lambda found: found[1] or MASK, " ".join(text.split()))


def masked(event: dict[str, Any]) -> dict[str, Any]:
    """The event as EventBridge delivers it, with the mask in place of what is not known to be harmless."""
    return {
        name: value if name in ENVELOPE else members(value) if name == "detail" else MASK
        for name, value in event.items()
    }


def members(value: object) -> object:
    if not isinstance(value, dict):
        return MASK
    return {name: member(name, each) for name, each in value.items()}


def member(name: str, value: object) -> object:
    if value is None or value in ("", [], {}):
        return value
    if isinstance(value, list):
        return [element(name, each) for each in value] if name in CONTAINERS or is_id(name) else MASK
    if isinstance(value, dict):
        return members(value) if name in CONTAINERS else MASK
    return value if is_harmless(name, value) else MASK


def element(name: str, value: object) -> object:
    if isinstance(value, dict):
        return members(value)
    return value if not isinstance(value, list) and is_harmless(name, value) else MASK


def is_harmless(name: str, value: object) -> bool:
    """Whether a member of that name may be shown, and the value has the form that goes with it."""
    if isinstance(value, bool):
        return name in FLAGS
    if isinstance(value, int | float):
        return name.endswith(("Time", "Date", "Ms", "Seconds", "Count", "Priority")) or name == "timestamp"
    text = str(value)
    return any(fits(name) and form.fullmatch(text) for fits, form in FORMS)


def is_id(name: str) -> bool:
    return name in ("id", "Id") or name.endswith(("Id", "Ids"))


FORMS: tuple[tuple[Callable[[str], bool], "re.Pattern[str]"], ...] = (
    (lambda name: is_id(name) or name in PLAIN, ID),
    (lambda name: name.endswith(("Time", "Date")) or name == "timestamp", TIME),
    (lambda name: name in ENUMERATIONS, WORD),
    (lambda name: name == "topicName", TOPIC),
    (lambda name: name == "version", VERSION),
)
