"""Topics of Genesys Cloud's events, as templates: `v2.detail.events.conversation.{id}.acd.start`.

Which ones an organisation has, only it can say. What is known here is enough to tell a template from a concrete topic,
and to give the right names to somebody who writes the tutorial's.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .uuids import UUID

PLACEHOLDER = "{id}"
DETAIL = "v2.detail.events.conversation.{id}"
KNOWN = (
    *(
        f"{DETAIL}.{event}"
        for event in (
            *("acd.start", "acd.end", "acw", "attributes", "contact", "customer.start", "customer.end"),
            *("flow.start", "flow.end", "flow.outcome", "outbound", "user.start", "user.end"),
            *("voicemail.start", "voicemail.end", "wrapup"),
        )
    ),
    "v2.conversations.{id}.transcription",
    "v2.routing.queues.{id}.users",
    *(
        f"v2.users.{{id}}.{what}"
        for what in ("activity", "geolocation", "persistentconnection", "presence", "routingStatus")
    ),
    "v2.analytics.conversation.{id}.metrics",
    "v2.analytics.flow.{id}.aggregates",
    "v2.audits.entitytype.{id}.entityid.{id}",
    "v2.operations.events.{id}",
)
"""Those that public sources of the platform show on EventBridge. tests/test_known_topics.py compares all such lists."""

TUTORIAL = {
    "routing.queueEvent": (f"{DETAIL}.acd.start", f"{DETAIL}.acd.end"),
    "conversation.event": (f"{DETAIL}.customer.start", f"{DETAIL}.customer.end", f"{DETAIL}.user.end"),
}
"""What the tutorial's event types are really called."""

FORM = re.compile(r"v2(\.([A-Za-z][A-Za-z0-9_-]*|\{id\}))+")


def problem(topic: str) -> str | None:
    """What is wrong with a topic wherever it is used, worded to stand behind it, or None."""
    if topic in TUTORIAL:
        return f"is the tutorial's name; write {' and '.join(TUTORIAL[topic])}"
    if (template := template_of(topic)) != topic and any(is_misspelt(part) for part in topic.split(".")):
        return f"has a placeholder of another form; write {PLACEHOLDER} for every placeholder: {template}"
    if template != topic:
        return f"is about one object alone, and only templates travel over EventBridge; write {template}"
    if not FORM.fullmatch(topic):
        return f"is no topic; write one like {DETAIL}.acd.start"
    return None


def template_of(topic: str) -> str:
    """The topic with `{id}` for each id that can be told to be one."""
    segments = [PLACEHOLDER if UUID.fullmatch(part) or is_placeholder(part) else part for part in topic.split(".")]
    for known in KNOWN:
        pattern = known.split(".")
        if len(pattern) == len(segments) and all(
            ours in (PLACEHOLDER, theirs) for ours, theirs in zip(pattern, segments, strict=True)
        ):
            return known
    return ".".join(segments)


def is_placeholder(part: str) -> bool:
    return part.startswith("{") and part.endswith("}")


def is_misspelt(part: str) -> bool:
    """Whether it is meant to stand for every id, as `{userId}` and `*` are, and does not."""
    return part != PLACEHOLDER and not {"{", "}", "*"}.isdisjoint(part)


def unknown(topics: Iterable[str]) -> list[str]:
    """What there is to say of each topic that is not among the known ones, with the nearest of those."""
    return [f"{topic} is not known here{nearest(topic, KNOWN)}" for topic in topics if topic not in KNOWN]


def unavailable(topics: Sequence[str], available: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with each topic that the organisation does not offer on EventBridge, with the nearest right ones.

    `available`: the AvailableTopics of the API, with their transports.
    """
    transports: dict[str, list[str]] = {str(each.get("id")): each.get("transports") or [] for each in available}
    offered = [topic for topic in transports if travels(transports[topic])]
    return [
        f"{topic} travels by {' and '.join(transports[topic])} only"
        if topic in transports
        else f"there is no topic {topic}{nearest(topic, offered)}"
        for topic in topics
        if topic not in offered
    ]


def travels(transports: Sequence[str]) -> bool:
    """Whether what has these goes over EventBridge. Where none is told, the platform decides."""
    known = {transport.replace(" ", "").lower() for transport in transports}
    return not known or not known.isdisjoint({"eventbridge", "all"})


def nearest(topic: str, offered: Sequence[str]) -> str:
    found = difflib.get_close_matches(topic, offered)
    return f": did you mean {' or '.join(found)}?" if found else ""
