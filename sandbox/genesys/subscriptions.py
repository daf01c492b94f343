"""`/api/v2/events/subscriptions`: which events a webhook gets. Made up by the tutorial, not part of Genesys Cloud.

Which events its two types stand for is decided in `events.py`. `transform` is kept and given back, but not applied: the
tutorial names no language for it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .entities import READ_ONLY, Entity, checked
from .events import EVENT_TYPES
from .reader import Reader, Wrong, anything, flag, one_of, some_of, text, text_map
from .wire import Object

if TYPE_CHECKING:
    from .cloud import Cloud

PATH = "/api/v2/events/subscriptions"
PERMISSION = "event:subscription"


@dataclass(kw_only=True)
class Subscription(Entity):
    """A filter, and the webhook that gets what passes it."""

    description: str
    event_types: list[str]
    attributes: dict[str, str]
    enabled: bool
    delivery_mode: str
    webhook_id: str
    transform: object

    def fields(self) -> Object:
        return {
            "description": self.description,
            "filter": {"eventType": self.event_types, "attributes": self.attributes},
            "enabled": self.enabled,
            "deliveryMode": self.delivery_mode,
            "webhookId": self.webhook_id,
            "transform": self.transform,
        }


def read(body: Object, cloud: "Cloud", _: Subscription | None) -> Subscription:
    reader = Reader(body)
    reader.ignore(*READ_ONLY)
    chosen = reader.nested("filter")

    def existing_webhook(value: object) -> str:
        if not isinstance(value, str) or value not in cloud.webhooks.items:
            raise Wrong("the id of a webhook that exists")
        return value

    name = reader.take("name", text(1, 128))
    description = reader.take("description", text(0, 1000), "")
    event_types = chosen.take("eventType", some_of(*EVENT_TYPES))
    attributes = chosen.take("attributes", text_map, None) or {}
    enabled = reader.take("enabled", flag, True)
    delivery_mode = reader.take("deliveryMode", one_of("PUSH"), "PUSH")
    webhook_id = reader.take("webhookId", existing_webhook)
    transform = reader.take("transform", anything, None)
    checked(reader)
    return Subscription(
        name=name,
        description=description,
        event_types=event_types,
        attributes=attributes,
        enabled=enabled,
        delivery_mode=delivery_mode,
        webhook_id=webhook_id,
        transform=transform,
    )
