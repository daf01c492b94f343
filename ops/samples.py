"""Sample events in the shape that Genesys Cloud documents for EventBridge: its detail events' own members.

Times in epoch milliseconds, enumerations in capitals, absent members left out. Phone numbers are from the range that is
kept for fiction, ids are new ones, and nobody's.
"""

import time
import uuid
from typing import Any

from .probe import now

KINDS = ("acd.start", "acd.end", "customer.end", "user.end")
ATTRIBUTES = {"sample": "genesys-pulumi.ops"}

Event = dict[str, Any]


def sample(kind: str) -> Event:
    """One of KINDS, that happens now."""
    conversation = new_id()
    body: Event = {
        "eventTime": int(time.time() * 1000),
        "conversationId": conversation,
        "participantId": new_id(),
        "sessionId": new_id(),
        "mediaType": "VOICE",
        "provider": "Edge",
        "direction": "INBOUND",
        "ani": "tel:+13175550100",
        "dnis": "tel:+18005550199",
        "divisionId": new_id(),
    }
    return {
        "topicName": f"v2.detail.events.conversation.{conversation}.{kind}",
        "version": "2",
        "eventBody": {**body, **own(kind)},
        "metadata": {"CorrelationId": new_id()},
        "timestamp": now(),
    }


def own(kind: str) -> Event:
    """The members that only this kind has."""
    match kind:
        case "acd.start":
            return {"queueId": new_id(), "requestedRoutingSkillIds": [new_id()], "routingPriority": 0}
        case "acd.end":
            return {
                "queueId": new_id(),
                "disconnectType": "TRANSFER",
                "acdOutcome": "ANSWERED",
                "answeredUserId": new_id(),
                "requestedRoutings": ["STANDARD"],
                "usedRouting": "STANDARD",
                "routingPriority": 0,
                "connectedDurationMs": 18_450,
            }
        case "customer.end":
            return {"disconnectType": "CLIENT", "externalContactId": new_id(), "interactingDurationMs": 184_220}
        case _:
            return {
                "disconnectType": "PEER",
                "userId": new_id(),
                "queueId": new_id(),
                "interactingDurationMs": 184_220,
                "heldDurationMs": 6_100,
                "alertingDurationMs": 3_120,
            }


def marked(event: Event) -> Event:
    """The same with the attribute that says it is a sample, and happening now: an older one would be refused."""
    body = event["eventBody"]
    given = body.get("attributes")
    attributes = {**(given if isinstance(given, dict) else {}), **ATTRIBUTES}
    return {**event, "eventBody": {**body, "attributes": attributes}, "timestamp": now()}


def new_id() -> str:
    return str(uuid.uuid4())
