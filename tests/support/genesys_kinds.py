"""The kinds of object that the provider looks after, for tests that play one life cycle with each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genesys_provider.eventbridge_source import EventBridgeSourceProvider
from genesys_provider.lifecycle import EntityProvider, Props
from genesys_provider.subscription import SubscriptionProvider
from genesys_provider.webhook import WebhookProvider
from tests.support.fault_run import routes
from tests.support.provider import Emulator, Waits
from tests.support.waiting import until

KINDS = ("webhook", "subscription")  # of which each is one request's body
EVERY_KIND = (*KINDS, "integration")
OWNER = "project/stack/it"
NAME = "project-stack-it"
MARK = f"[pulumi:{OWNER}]"
NOT_UNDER_TEST = "of subscriptions"  # how the names of those begin that subscriptions need


@dataclass
class Kind:
    """A kind of object: what a program says of one, and another value for each field, here and on the server."""

    name: str
    provider: EntityProvider
    props: Props
    other: dict[str, Any]

    @property
    def path(self) -> str:
        return self.provider.path

    @property
    def unique(self) -> str:
        """The field that no two objects have alike."""
        return "suffix" if self.name == "integration" else "name"

    @property
    def routes(self) -> list[str]:
        """Those of its calls."""
        if self.name != "integration":
            return routes(self.path)
        more = [f"PUT {self.writes}", f"PATCH {self.path}/{{id}}", "GET /api/v2/notifications/availabletopics"]
        return [*(route for route in routes(self.path) if not route.startswith("PUT")), *more]

    @property
    def writes(self) -> str:
        """Where the fields are written: a path, with `{id}`."""
        return f"{self.path}/{{id}}{'/config/current' if self.name == 'integration' else ''}"

    def at(self, id_: str) -> str:
        return f"{self.path}/{id_}"

    def other_entity(self, field: str, entity: dict[str, Any]) -> dict[str, Any]:
        """The members of the API's object that somebody changes by hand to give the field its other value."""
        inner = {"eventTypes": "eventType", "attributes": "attributes"}.get(field)
        return {"filter": {**entity["filter"], inner: self.other[field]}} if inner else {field: self.other[field]}


def webhook() -> Kind:
    return Kind(
        "webhook",
        WebhookProvider(),
        {
            "name": NAME,
            "description": f"text {MARK}",
            "owner": OWNER,
            "destinationUrl": "https://example.com/in",
            "method": "POST",
            "enabled": True,
            "signingKey": "the first key",
            "headerOverrides": {"X-One": "value one"},
            "retryPolicy": {"retryCount": 3, "retryIntervalSeconds": 10},
        },
        {
            "name": "another hook",
            "description": f"other text {MARK}",
            "destinationUrl": "https://example.org/in",
            "method": "PUT",
            "enabled": False,
            "headerOverrides": {"X-One": "value two", "X-Two": "2"},
            "retryPolicy": {"retryCount": 0, "retryIntervalSeconds": 300},
        },
    )


def subscription(webhooks: list[str]) -> Kind:
    return Kind(
        "subscription",
        SubscriptionProvider(),
        {
            "name": NAME,
            "description": f"text {MARK}",
            "owner": OWNER,
            "eventTypes": ["routing.queueEvent"],
            "attributes": {"queueId": "q-1"},
            "enabled": True,
            "deliveryMode": "PUSH",
            "webhookId": webhooks[0],
            "transform": {"pick": ["a", 1, 1.5]},
        },
        {
            "name": "another subscription",
            "description": f"other text {MARK}",
            "eventTypes": ["conversation.event", "routing.queueEvent"],
            "attributes": {},
            "enabled": False,
            "webhookId": webhooks[1],
            "transform": "all",
        },
    )


TOPIC = "v2.detail.events.conversation.{id}"


def eventbridge_source() -> Kind:
    return Kind(
        "integration",
        EventBridgeSourceProvider(),
        {
            "name": NAME,
            "notes": f"text {MARK}",
            "owner": OWNER,
            "awsAccountId": "123456789012",
            "awsRegion": "eu-central-1",
            "suffix": NAME,
            "topics": [f"{TOPIC}.acd.start", f"{TOPIC}.acd.end"],
            "enabled": True,
        },
        {
            "name": "another source",
            "notes": f"other text {MARK}",
            "topics": [f"{TOPIC}.acw"],
            "enabled": False,
        },
    )


class Settling(Waits):
    """Waits in which the platform gets done what it has begun: with integrations, and by `answer` with requests."""

    def __init__(self, emulator: Emulator, answer: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._integrations = emulator.served.cloud.integrations.items
        self._answer = answer

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._answer()
        until(self._is_settled, "the platform has done what it began")

    def _is_settled(self) -> bool:
        return not any(each.status.code.endswith("ING") for each in list(self._integrations.values()))


def kind_named(name: str, emulator: Emulator) -> Kind:
    """The kind of that name, with what its objects need there."""
    if name == "webhook":
        return webhook()
    if name == "integration":
        return eventbridge_source()
    body = {"destinationUrl": "https://example.com"}
    ids = [
        emulator.by_hand("POST", "/api/v2/events/webhooks", {**body, "name": f"{NOT_UNDER_TEST} {n}"})["id"]
        for n in (1, 2)
    ]
    return subscription(ids)


def entities(kind: Kind, emulator: Emulator) -> list[dict[str, Any]]:
    """Those that the resource under test may have made."""
    return [each for each in emulator.entities(kind.name) if not each["name"].startswith(NOT_UNDER_TEST)]


def text_of(kind: Kind, entity: dict[str, Any]) -> str:
    """Where the mark is."""
    text: str = kind.provider.from_entity(entity)[kind.provider.mark_in]
    return text


def made_by_hand(kind: Kind, emulator: Emulator, text: str, **other: object) -> dict[str, Any]:
    """An object that the resource did not make, with what must be unique in ours, unless `other` says otherwise."""
    props = {**kind.props, kind.provider.mark_in: text, **other}
    if kind.name == "integration":
        return integration_by_hand(emulator, props)
    theirs: dict[str, Any] = emulator.by_hand("POST", kind.path, kind.provider.to_body(props))
    return theirs


def integration_by_hand(emulator: Emulator, props: Props) -> dict[str, Any]:
    path, type_ = EventBridgeSourceProvider.path, {"id": "amazon-eventbridge-source"}
    id_ = emulator.by_hand("POST", path, {"name": props["name"], "integrationType": type_})["id"]
    config = {
        "version": 1,
        "notes": props["notes"],
        "properties": {
            "awsAccountId": props["awsAccountId"],
            "awsAccountRegion": props["awsRegion"],
            "eventSourceSuffix": props["suffix"],
            "eventFilter": props["topics"],
        },
    }
    emulator.by_hand("PUT", f"{path}/{id_}/config/current", config)
    emulator.by_hand("PATCH", f"{path}/{id_}", {"intendedState": "ENABLED" if props["enabled"] else "DISABLED"})
    Settling(emulator).sleep(0)
    theirs: dict[str, Any] = emulator.by_hand("GET", f"{path}/{id_}?expand=config.current")
    return theirs
