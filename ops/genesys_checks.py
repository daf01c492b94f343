"""The Genesys side of `verify`: the token, and then the webhook and its subscriptions, or the integration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from genesys_provider.client import PAGE_SIZE, Entity
from genesys_provider.errors import NotFound
from genesys_provider.eventbridge_source import EventBridgeSourceProvider, reported, words
from genesys_provider.retry import time_left, time_limit
from genesys_provider.subscription import SubscriptionProvider
from genesys_provider.webhook import WebhookProvider, without_trailing_slash

from .stack import Stack
from .steps import STEP_SECONDS, Check, NothingToSay, Wrong, look_and_up

SIDE = "Genesys Cloud"
WEBHOOKS, SUBSCRIPTIONS = WebhookProvider.path, SubscriptionProvider.path
INTEGRATIONS = EventBridgeSourceProvider.path
OF_DELIVERIES = ("last delivery", "signature", "failed deliveries")
MOST_PAGES = 200  # of deliveries: a token may make 300 requests a minute
LISTING_SECONDS = 120.0  # for all of them; each by itself has a step's
NEW_KEY = "raise signingKeyRotation in the stack's file, then make up STACK={}: both sides get a new key"


def checks(stack: Stack, hours: int = 24) -> list[Check]:
    found: ByWebhook | ByPartner = ByPartner(stack) if stack.partner else ByWebhook(stack, hours)
    return [
        Check(SIDE, name, look, LISTING_SECONDS if name in OF_DELIVERIES else STEP_SECONDS)
        for name, look in found.checks()
    ]


class Side:
    """What both deliveries have in common. Once there is no token, there is nothing else to say."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.client = stack, stack.genesys
        self._reached = False

    @property
    def mend(self) -> str:
        return look_and_up(self.stack.name)

    def token(self) -> str:
        found, wanted = self.client.organisation(), self.client.connection.org_id
        if found and found != wanted:
            raise Wrong(
                f"these credentials belong to organisation {found}, but GENESYS_ORG_ID (genesys:orgId) is {wanted}",
                "set the id or the credentials of the same organisation",
            )
        self._reached = True
        return f"organisation {found or wanted}"

    def after_token(self, look: Callable[[], str]) -> Callable[[], str]:
        def looked() -> str:
            if not self._reached:
                raise NothingToSay("not looked at: there is no token")
            return look()

        return looked


class ByWebhook(Side):
    def __init__(self, stack: Stack, hours: int) -> None:
        super().__init__(stack)
        self._hours = hours
        self._id = stack.outputs["webhookId"]

    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        later: list[tuple[str, Callable[[], str]]] = [
            ("permissions", self.permissions),
            ("webhook", self.webhook),
            ("destination", self.destination),
            ("subscriptions", self.subscriptions),
            ("last delivery", self.last_delivery),
            ("signature", self.signature),
            ("failed deliveries", self.failed_deliveries),
        ]
        return [("token", self.token), *((name, self.after_token(look)) for name, look in later)]

    def permissions(self) -> str:
        """To read: what only writing needs can't be tried without writing."""
        for path in (WEBHOOKS, SUBSCRIPTIONS):
            self.client.get(path, pageSize=1, pageNumber=1)
        return "webhooks and subscriptions can be read"

    @cached_property
    def _webhook(self) -> Entity | None:
        try:
            return self.client.get(f"{WEBHOOKS}/{self._id}")
        except NotFound:
            return None

    def there(self) -> Entity:
        if self._webhook is None:
            raise NothingToSay("not looked at: there is no webhook")
        return self._webhook

    def webhook(self) -> str:
        if self._webhook is None:
            raise Wrong(f"webhook {self._id} is gone: somebody deleted it", self.mend)
        if not self._webhook.get("enabled"):
            raise Wrong(f"webhook {self._webhook.get('name')} is disabled: nothing is delivered", self.mend)
        return f"{self._webhook.get('name')} is enabled"

    def destination(self) -> str:
        """Ours. A query, which may hold somebody's secret, is not shown."""
        wanted = self.stack.outputs["destinationUrl"]
        found = str(self.there().get("destinationUrl") or "")
        if without_trailing_slash(found) != without_trailing_slash(wanted):
            raise Wrong(f"events go to {bare(found)}, not to {bare(wanted)}", self.mend)
        return bare(found)

    def subscriptions(self) -> str:
        wanted = {each.name: each.enabled for each in self.stack.settings.subscriptions}
        disabled, told = [], []
        for name, id_ in self.stack.outputs.get("subscriptionIds", {}).items():
            try:
                entity = self.client.get(f"{SUBSCRIPTIONS}/{id_}")
            except NotFound:
                raise Wrong(f"subscription {name} ({id_}) is gone: somebody deleted it", self.mend) from None
            if entity.get("webhookId") != self._id:
                raise Wrong(f"subscription {name} goes to another webhook, {entity.get('webhookId')}", self.mend)
            if entity.get("enabled"):
                told.append(name)
            elif wanted.get(name, True):
                disabled.append(name)
            else:
                told.append(f"{name} (disabled, as config has it)")
        if disabled:
            raise Wrong(f"{', '.join(disabled)}: disabled, so that these events are not delivered", self.mend)
        return ", ".join(told)

    # Deliveries

    @cached_property
    def _deliveries(self) -> "Deliveries":
        """All that the platform lists, up to a number of pages: in which order, nobody says."""
        found, seen = Deliveries(), set[str]()
        since = datetime.now(UTC) - timedelta(hours=self._hours)
        path = f"{WEBHOOKS}/{self.there()['id']}/deliveries"
        for number in count(1):
            with time_limit(STEP_SECONDS):
                page = self.client.get(path, pageSize=PAGE_SIZE, pageNumber=number)
            new = [each for each in page.get("entities") or [] if each["id"] not in seen]
            for each in new:
                found.add(each, since)
            seen.update(each["id"] for each in new)
            if not new or not page.get("nextUri"):
                break
            if number == MOST_PAGES or time_left() < STEP_SECONDS:
                found.unseen = f"; {len(seen):,} of {page.get('total', 0):,} that are listed were looked at"
                break
        return found

    def last_delivery(self) -> str:
        status = self.there().get("lastDeliveryStatus")
        if not status:
            return "none yet"
        if status == "FAILED":
            found = self._deliveries
            raise Wrong(f"the newest delivery failed: {found.why()}{found.unseen}", found.fix(self.stack.name))
        return str(status)

    def signature(self) -> str:
        """The key is write-only: what shows that both sides have the same one is how deliveries were answered."""
        newest = self._deliveries.newest_answer
        if unseen := self._deliveries.unseen:
            raise NothingToSay(f"which delivery is the newest can't be told{unseen}")
        if newest == 401:
            raise Wrong(
                "the newest delivery was answered 401: the webhook signs with another key than the receiver checks",
                NEW_KEY.format(self.stack.name),
            )
        if newest is None:
            raise NothingToSay("no delivery yet that would show it")
        return f"the newest delivery was answered {newest}"

    def failed_deliveries(self) -> str:
        found = self._deliveries
        if found.failed:
            raise Wrong(
                f"{found.failed:,} of {found.recent:,} deliveries of the last {self._hours} h failed for good, and"
                f" their events are lost{found.unseen}; the newest: {found.why()}",
                found.fix(self.stack.name),
            )
        older = f"; {found.failed_before:,} before that" if found.failed_before else ""
        return f"0 of {found.recent:,} in the last {self._hours} h{older}{found.unseen}"


@dataclass
class Deliveries:
    """What the webhook's deliveries came to."""

    recent: int = 0
    failed: int = 0
    failed_before: int = 0
    """Of those that are older."""
    unseen: str = ""
    """How many were looked at, if that are not all."""
    _newest: Entity = field(default_factory=dict)
    _newest_failed: Entity = field(default_factory=dict)

    def add(self, delivery: Entity, since: datetime) -> None:
        created, failed = str(delivery.get("dateCreated") or ""), delivery.get("status") == "FAILED"
        is_recent = not (moment := time_of(created)) or moment >= since
        self.recent += is_recent
        self.failed += failed and is_recent
        self.failed_before += failed and not is_recent
        if status_of(delivery) is not None and created >= str(self._newest.get("dateCreated") or ""):
            self._newest = delivery
        if failed and created >= str(self._newest_failed.get("dateCreated") or ""):
            self._newest_failed = delivery

    @property
    def newest_answer(self) -> int | None:
        """The last status of the newest one that was answered."""
        return status_of(self._newest)

    def why(self) -> str:
        delivery = self._newest_failed
        attempts = delivery.get("attempts") or []
        last = attempts[-1] if attempts else {}
        what = last.get("statusCode") or last.get("error") or delivery.get("reason") or "it does not say why"
        return f"{what} after {len(attempts)} {'try' if len(attempts) == 1 else 'tries'}"

    def fix(self, stack: str) -> str:
        status = status_of(self._newest_failed)
        if status == 401:
            return NEW_KEY.format(stack)
        if status == 403:
            return "the events were older than ingress.maxAgeMinutes, or from the future: compare clocks, or raise it"
        if status in (400, 413):
            return "the receiver can't take what was sent: does a `transform` change the events' envelope?"
        if status == 404:
            return look_and_up(stack)
        return (
            "see below whether the receiver works now; lost events are not sent again: docs/operations.md says how long"
            " an outage may last"
        )


class ByPartner(Side):
    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self._id = stack.outputs["integrationId"]

    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        return [("token", self.token), ("integration", self.after_token(self.integration))]

    def integration(self) -> str:
        try:
            entity = self.client.get(f"{INTEGRATIONS}/{self._id}", expand="config.current")
        except NotFound:
            raise Wrong(f"integration {self._id} is gone: somebody deleted it", self.mend) from None
        name, intended, state = entity.get("name"), entity.get("intendedState"), reported(entity)
        if state == "ERROR":
            raise Wrong(
                f"{name} is in state ERROR: {words(entity)}",
                f"correct that, then {self.mend}; where it stays so, delete the integration by hand, then both again",
            )
        if intended != "ENABLED":
            raise Wrong(f"{name} is {intended}: nothing is delivered", self.mend)
        if state != "ACTIVE":
            raise Wrong(
                f"{name} is {state or 'in no state'}, not ACTIVE",
                f"wait a minute and look again; if it stays so: {self.mend}",
            )
        return f"{name} is ACTIVE"


def status_of(delivery: Entity) -> int | None:
    """Of its last try, if that was answered."""
    attempts: list[dict[str, Any]] = delivery.get("attempts") or []
    status = attempts[-1].get("statusCode") if attempts else None
    return int(status) if isinstance(status, int | float) else None


def time_of(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def bare(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
