"""`/api/v2/events/webhooks`: where events are posted. Made up by the tutorial, not part of Genesys Cloud.

Its fields are those of the tutorial's body. What the tutorial leaves open is decided here: the limits, that the signing
key is write-only, that unknown fields are refused, and that a deleted webhook leaves its subscriptions, which deliver
nothing then.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .entities import READ_ONLY, Entity, checked
from .reader import Reader, flag, header_map, https_url, one_of, text, whole
from .wire import Object

if TYPE_CHECKING:
    from .cloud import Cloud

PATH = "/api/v2/events/webhooks"
PERMISSION = "event:webhook"
RETRY_COUNT, RETRY_INTERVAL_SECONDS = 3, 10


@dataclass(kw_only=True)
class Webhook(Entity):
    """A receiver. `last_delivery_status` is None until something was delivered to it, or failed to be."""

    description: str
    destination_url: str
    method: str
    enabled: bool
    signing_key: str | None = field(repr=False)
    header_overrides: dict[str, str] = field(repr=False)
    retry_count: int
    retry_interval_seconds: int
    last_delivery_status: str | None = None

    def fields(self) -> Object:
        fields: Object = {
            "description": self.description,
            "destinationUrl": self.destination_url,
            "method": self.method,
            "enabled": self.enabled,
            "headerOverrides": self.header_overrides,
            "retryPolicy": {
                "retryCount": self.retry_count,
                "retryIntervalSeconds": self.retry_interval_seconds,
            },
        }
        if self.last_delivery_status is not None:
            fields["lastDeliveryStatus"] = self.last_delivery_status
        return fields


def read(body: Object, _: "Cloud", old: Webhook | None) -> Webhook:
    reader = Reader(body)
    reader.ignore(*READ_ONLY, "lastDeliveryStatus")
    policy = reader.nested("retryPolicy")
    name = reader.take("name", text(1, 128))
    description = reader.take("description", text(0, 1000), "")
    destination_url = reader.take("destinationUrl", https_url)
    method = reader.take("method", one_of("POST", "PUT"), "POST")
    enabled = reader.take("enabled", flag, True)
    # One that isn't there keeps the key, a null takes it away. An empty one would sign nothing: refused.
    kept = old.signing_key if old and not reader.has("signingKey") else None
    signing_key = reader.take("signingKey", text(1, 1000), kept)
    header_overrides = reader.take("headerOverrides", header_map, None) or {}
    retry_count = policy.take("retryCount", whole(0, 10), RETRY_COUNT)
    retry_interval_seconds = policy.take("retryIntervalSeconds", whole(1, 300), RETRY_INTERVAL_SECONDS)
    checked(reader)
    return Webhook(
        name=name,
        description=description,
        destination_url=destination_url,
        method=method,
        enabled=enabled,
        signing_key=signing_key,
        header_overrides=header_overrides,
        retry_count=retry_count,
        retry_interval_seconds=retry_interval_seconds,
        last_delivery_status=old.last_delivery_status if old else None,
    )
