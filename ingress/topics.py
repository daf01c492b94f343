"""Topics' templates: what they have in common that differ only in ids."""

import re
from collections import Counter
from collections.abc import Iterable

from .aws import Entry

LONGEST = 128  # what PutEvents takes as a detail type

# What Genesys Cloud sends through EventBridge, as far as its documents and blueprints name it, and a queue's
# conversations, which they name for WebSockets. tests/test_known_topics.py compares them with the provider's.
KNOWN = (
    "v2.detail.events.conversation.{id}.acd.end",
    "v2.detail.events.conversation.{id}.acd.start",
    "v2.detail.events.conversation.{id}.acw",
    "v2.detail.events.conversation.{id}.attributes",
    "v2.detail.events.conversation.{id}.contact",
    "v2.detail.events.conversation.{id}.customer.end",
    "v2.detail.events.conversation.{id}.customer.start",
    "v2.detail.events.conversation.{id}.flow.end",
    "v2.detail.events.conversation.{id}.flow.outcome",
    "v2.detail.events.conversation.{id}.flow.start",
    "v2.detail.events.conversation.{id}.outbound",
    "v2.detail.events.conversation.{id}.user.end",
    "v2.detail.events.conversation.{id}.user.start",
    "v2.detail.events.conversation.{id}.voicemail.end",
    "v2.detail.events.conversation.{id}.voicemail.start",
    "v2.detail.events.conversation.{id}.wrapup",
    "v2.analytics.conversation.{id}.metrics",
    "v2.analytics.flow.{id}.aggregates",
    "v2.audits.entitytype.{id}.entityid.{id}",
    "v2.conversations.{id}.transcription",
    "v2.operations.events.{id}",
    "v2.routing.queues.{id}.conversations",
    "v2.routing.queues.{id}.users",
    "v2.users.{id}.activity",
    "v2.users.{id}.geolocation",
    "v2.users.{id}.persistentconnection",
    "v2.users.{id}.presence",
    "v2.users.{id}.routingStatus",
)
ID = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # a UUID, anywhere
    r"|(?<![^.])(?:[0-9]+|[0-9a-f]{24,})(?![^.])",  # a number or a long hexadecimal one, between dots
    re.IGNORECASE,
)


class Topics:
    """The known templates and the configured ones. Known ones come first: their detail type is Genesys Cloud's own."""

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self._templates = (*KNOWN, *configured)
        self._pattern = re.compile("|".join(f"({matching(template)})" for template in self._templates))

    def template(self, topic: str) -> str | None:
        """The template that the topic matches, if there is one."""
        found = self._pattern.fullmatch(topic)
        return self._templates[found.lastindex - 1] if found and found.lastindex else None

    def count(self, entries: Iterable[Entry], source: str) -> Counter[str]:
        """How many of the entries are from that source, by template, or as `other`."""
        return Counter(self.template(entry["DetailType"]) or "other" for entry in entries if entry["Source"] == source)

    def detail_type(self, topic: str) -> str:
        """The topic's template, or at least the topic without its ids."""
        return self.template(topic) or ID.sub("{id}", topic)[:LONGEST]


def matching(template: str) -> str:
    return r"[^.]+".join(re.escape(part) for part in template.split("{id}"))
