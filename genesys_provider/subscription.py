"""`Subscription`: which events a webhook gets. `POST /api/v2/events/subscriptions`, which is the tutorial's API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from .attribute import Attribute
from .lifecycle import (
    EntityProvider,
    EntityResource,
    Field,
    as_set,
    flag_problem,
    json_problem,
    text_map_problem,
    text_problem,
)


@dataclass(kw_only=True)
class SubscriptionArgs:
    """What a subscription is made of."""

    webhook_id: pulumi.Input[str]
    """The id of the webhook that gets the events."""
    event_types: pulumi.Input[Sequence[pulumi.Input[str]]]
    """At least one, such as `routing.queueEvent` or `conversation.event`. Their order means nothing."""
    attributes: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None
    """Only events whose body has these members with these values, such as `{"queueId": "…"}`."""
    name: pulumi.Input[str] | None = None
    """1 to 128 characters, unique in the organisation. Default: `<project>-<stack>-<logical name>`."""
    description: pulumi.Input[str] | None = None
    """Free text; the mark by which this stack knows its own is put behind it. 1000 characters with the mark."""
    enabled: pulumi.Input[bool] = True
    """Whether events are delivered."""
    delivery_mode: pulumi.Input[str] = "PUSH"
    """`PUSH`, the only one there is."""
    transform: pulumi.Input[Any] | None = None
    """Passed through as it is. One that changes the event's envelope makes the ingress answer 400."""
    adopt: pulumi.Input[str] | None = None
    """The id of an existing subscription to take over instead of making one. Only looked at on creation."""


def event_types_problem(value: Any) -> str | None:
    good = isinstance(value, list) and value and all(isinstance(item, str) and item for item in value)
    return None if good else "must be a list of at least one event type, such as routing.queueEvent"


def webhook_id_problem(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "must be the id of a webhook"


def delivery_mode_problem(value: Any) -> str | None:
    return None if value == "PUSH" else "must be PUSH"


class SubscriptionProvider(EntityProvider):
    kind = "subscription"
    path = "/api/v2/events/subscriptions"
    fields = (
        Field("name", problem=text_problem(1, 128)),
        Field("description", default="", problem=text_problem(0, 1000)),
        Field("eventTypes", compare=as_set, problem=event_types_problem),
        Field("attributes", default={}, problem=text_map_problem),
        Field("enabled", default=True, problem=flag_problem),
        Field("deliveryMode", default="PUSH", problem=delivery_mode_problem),
        Field("webhookId", problem=webhook_id_problem),
        Field("transform", problem=json_problem),
    )

    def to_body(self, props: Mapping[str, Any]) -> dict[str, Any]:
        body = super().to_body(props)
        body["filter"] = {"eventType": body.pop("eventTypes"), "attributes": body.pop("attributes")}
        return body

    def from_entity(self, entity: Mapping[str, Any]) -> dict[str, Any]:
        chosen = entity.get("filter") or {}
        return super().from_entity(
            {**entity, "eventTypes": chosen.get("eventType"), "attributes": chosen.get("attributes")}
        )


class Subscription(EntityResource, module="genesys", name="Subscription"):
    """A subscription of Genesys Cloud. Every field is changed in place, `webhook_id` too."""

    name = Attribute[str]("name")
    """The name, which is unique in the organisation."""
    description = Attribute[str]("description")
    """The description, with the mark behind it by which this stack knows its own."""
    event_types = Attribute[Sequence[str]]("eventTypes")
    """Which events are delivered."""
    attributes = Attribute[Mapping[str, str]]("attributes")
    """Which members, with which values, their bodies have."""
    enabled = Attribute[bool]("enabled")
    """Whether events are delivered."""
    delivery_mode = Attribute[str]("deliveryMode")
    """`PUSH`."""
    webhook_id = Attribute[str]("webhookId")
    """The webhook that gets the events."""
    transform = Attribute[Any]("transform")
    """As it was given; None without one."""

    def __init__(self, name: str, args: SubscriptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {
            "name": args.name,
            "description": args.description,
            "eventTypes": args.event_types,
            "attributes": {} if args.attributes is None else args.attributes,
            "enabled": args.enabled,
            "deliveryMode": args.delivery_mode,
            "webhookId": args.webhook_id,
            "transform": args.transform,
            "adopt": args.adopt,
        }
        super().__init__(SubscriptionProvider(), name, props, opts)
