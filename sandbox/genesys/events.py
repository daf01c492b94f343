"""Events as the platform sends them: which event type one belongs to, and new ones that look real.

Shapes are those of the analytics detail events in the platform's SDK (`AcdStartDetailEventTopicAcdStartEvent` and so
on): times in epoch milliseconds, enumerations in capitals, unset members absent. Phone numbers are from the range kept
for fiction.
"""

import re
import secrets
import time
import uuid
from collections.abc import Mapping

from .wire import Object, timestamp

# The tutorial's two event types are no topics of the platform, and it shows no payload. We let them stand for the
# detail events that come nearest to what it says of them: what a queue does, and how people leave a conversation.
EVENT_TYPES = {
    "routing.queueEvent": ("acd.start", "acd.end"),
    "conversation.event": ("customer.end", "user.end"),
}
KINDS = tuple(kind for kinds in EVENT_TYPES.values() for kind in kinds)
TOPIC = re.compile(r"v2\.detail\.events\.conversation\.[^.]+\.(.+)")

QUEUE = "6e2f3a58-4c1b-4f57-9a0e-0d3f5f1f6c11"
USER = "278522be-1683-4877-8257-4164a177be89"
DIVISION = "0f0e2d3c-7b1a-4a55-8a6e-3b9f6f5d2c10"
SKILL = "a4c7d0c1-6d8c-4b5c-9f52-2b1f2f6f7a01"


def event_type(topic: str) -> str | None:
    """The tutorial's event type that a topic belongs to."""
    found = TOPIC.fullmatch(topic)
    kind = found[1] if found else ""
    return next((name for name, kinds in EVENT_TYPES.items() if kind in kinds), None)


def generate(kind: str, overrides: Mapping[str, object]) -> Object:
    """A whole event of one of KINDS that happened just now. A null in `overrides` leaves a member of its body out."""
    now = time.time()
    contact = str(uuid.uuid4())
    body: Object = {
        "eventTime": int(now * 1000) - 100 - secrets.randbelow(400),
        "conversationId": str(uuid.uuid4()),
        "participantId": str(uuid.uuid4()),
        "sessionId": str(uuid.uuid4()),
        "mediaType": "VOICE",
        "provider": "Edge",
        "direction": "INBOUND",
        "ani": f"tel:+1317555{100 + secrets.randbelow(100):04}",
        "dnis": "tel:+18005550199",
        "divisionId": DIVISION,
        "conversationExternalContactIds": [contact],
        **_own(kind, contact),
        **overrides,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return {
        "topicName": f"v2.detail.events.conversation.{body.get('conversationId', uuid.uuid4())}.{kind}",
        "version": "2",
        "eventBody": body,
        "metadata": {"CorrelationId": str(uuid.uuid4())},
        "timestamp": timestamp(now),
    }


def _own(kind: str, contact: str) -> Object:
    """The members that only this kind has."""
    routing: Object = {"queueId": QUEUE, "requestedRoutingSkillIds": [SKILL], "routingPriority": 0}
    if kind == "acd.start":
        return routing
    if kind == "acd.end":
        return {
            **routing,
            "disconnectType": "TRANSFER",
            "acdOutcome": "ANSWERED",
            "answeredUserId": USER,
            "requestedRoutings": ["STANDARD"],
            "usedRouting": "STANDARD",
            "connectedDurationMs": 5_000 + secrets.randbelow(60_000),
        }
    talked = 30_000 + secrets.randbelow(600_000)
    if kind == "customer.end":
        return {"disconnectType": "CLIENT", "externalContactId": contact, "interactingDurationMs": talked}
    return {
        "disconnectType": "PEER",
        "userId": USER,
        "queueId": QUEUE,
        "interactingDurationMs": talked,
        "heldDurationMs": secrets.randbelow(10_000),
        "alertingDurationMs": 1_000 + secrets.randbelow(8_000),
    }
