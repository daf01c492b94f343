"""The delivery engine: from an event to the receivers of those who subscribed to it.

The tutorial says only that there is a retryPolicy. The rest is how the platform's one documented outgoing webhook (Open
Messaging) behaves: the signature header, ten seconds for an answer, another try on a time-out, 429 and 5xx and none
on other answers. Ours, because nothing says it: a try uses the webhook as it is at that time, so that a webhook put
right takes the tries that are left, and one that is disabled or deleted ends them; Retry-After isn't looked at.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import OrderedDict, defaultdict, deque
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from .subscriptions import Subscription
from .webhooks import Webhook
from .wire import Object, timestamp

USER_AGENT = "GenesysCloud-Sandbox/1"
SIGNATURE = "X-Hub-Signature-256"
TIMEOUT_SECONDS = 10.0
AT_ONCE = 20
KEPT = 20_000


@dataclass
class Attempt:
    """One try: its status, and what went wrong beside that, or instead."""

    time: str
    duration_ms: int
    status: int | None = None
    error: str | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and self.error is None

    @property
    def worth_another(self) -> bool:
        return self.status is None or self.status == 429 or self.status >= 500

    def to_json(self) -> Object:
        return {
            "time": self.time,
            **({} if self.status is None else {"statusCode": self.status}),
            **({} if self.error is None else {"error": self.error}),
            "durationMs": self.duration_ms,
        }


@dataclass
class Delivery:
    """One event on its way to one subscription's webhook, or to one integration's event source.

    `status` is PENDING until it is DELIVERED or FAILED.
    `event_id` is the SHA-256 of the body: the platform's events have no id.
    """

    event_id: str
    topic: str
    subscription_id: str = ""
    webhook_id: str = ""
    integration_id: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=lambda: timestamp(time.time()))
    status: str = "PENDING"
    reason: str | None = None
    attempts: list[Attempt] = field(default_factory=list)

    def end(self, status: str, reason: str | None = None) -> None:
        self.status, self.reason = status, reason

    def to_json(self) -> Object:
        receiver: Object = {"subscriptionId": self.subscription_id, "webhookId": self.webhook_id}
        if self.integration_id:
            receiver = {"integrationId": self.integration_id}
        return {
            "id": self.id,
            "eventId": self.event_id,
            **receiver,
            "topicName": self.topic,
            "status": self.status,
            **({"reason": self.reason} if self.reason else {}),
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "dateCreated": self.created,
        }


class Engine:
    """Delivers to whatever the two maps hold. Used within one event loop."""

    def __init__(self, webhooks: Mapping[str, Webhook], subscriptions: Mapping[str, Subscription]) -> None:
        self._webhooks = webhooks
        self._subscriptions = subscriptions
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.deliveries: OrderedDict[str, Delivery] = OrderedDict()
        self._of_webhook: defaultdict[str, deque[Delivery]] = defaultdict(deque)
        self.reset()

    def reset(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self.deliveries.clear()
        self._of_webhook.clear()
        self.retry_scale = 1.0
        self.timeout_seconds = TIMEOUT_SECONDS

    async def close(self) -> None:
        self.reset()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._transport is not None:
            await self._transport.aclose()

    def deliver(
        self, body: bytes, topic: str, event_type: str | None, event_body: Mapping[str, object]
    ) -> list[Delivery]:
        """Send the body to every enabled subscription that takes the type, and whose attributes the event has."""
        event_id = hashlib.sha256(body).hexdigest()
        begun = []
        for subscription in self._subscriptions.values():
            webhook = self._webhooks.get(subscription.webhook_id)
            if (
                subscription.enabled
                and event_type in subscription.event_types
                and has_attributes(event_body, subscription.attributes)
                and webhook is not None
                and webhook.enabled
            ):
                delivery = Delivery(event_id, topic, subscription.id, webhook.id)
                self.begin(delivery, self._deliver(delivery, body))
                begun.append(delivery)
        return begun

    def begin(self, delivery: Delivery, work: Coroutine[Any, Any, None]) -> None:
        """Keep the delivery, and do the work that brings it to its end."""
        self.keep(delivery)
        task = asyncio.create_task(work, name=delivery.id)
        self._tasks[delivery.id] = task
        task.add_done_callback(lambda task: self._tasks.pop(task.get_name(), None))

    def keep(self, delivery: Delivery) -> None:
        self.deliveries[delivery.id] = delivery
        self._of_webhook[delivery.webhook_id].append(delivery)
        if len(self.deliveries) > KEPT:
            _, oldest = self.deliveries.popitem(last=False)
            self._of_webhook[oldest.webhook_id].popleft()

    async def finished(self, deliveries: Iterable[Delivery]) -> None:
        """Return when each of them is final."""
        tasks = [self._tasks[delivery.id] for delivery in deliveries if delivery.id in self._tasks]
        if tasks:
            await asyncio.wait(tasks)

    def of_webhook(self, webhook_id: str) -> list[Delivery]:
        """Newest first."""
        return list(reversed(self._of_webhook.get(webhook_id, ())))

    async def _deliver(self, delivery: Delivery, body: bytes) -> None:
        while True:
            webhook = self._webhooks.get(delivery.webhook_id)
            if webhook is None or not webhook.enabled:
                delivery.end("FAILED", "the webhook was deleted or disabled")
                break
            attempt = await self._try(webhook, body)
            delivery.attempts.append(attempt)
            if attempt.delivered:
                delivery.end("DELIVERED")
                break
            if not attempt.worth_another or len(delivery.attempts) > webhook.retry_count:
                delivery.end("FAILED")
                break
            await asyncio.sleep(webhook.retry_interval_seconds * self.retry_scale)
        webhook = self._webhooks.get(delivery.webhook_id)
        if webhook is not None:
            webhook.last_delivery_status = delivery.status

    async def _try(self, webhook: Webhook, body: bytes) -> Attempt:
        if self._transport is None:
            # The transport below httpx's client: it follows no redirect, keeps no cookie, uses no proxy.
            self._transport = httpx.AsyncHTTPTransport(trust_env=False)
        request = httpx.Request(
            webhook.method, webhook.destination_url, headers=headers_for(webhook, body), content=body
        )
        async with self._slots:
            attempt = Attempt(timestamp(time.time()), 0)
            begun = time.monotonic()
            try:
                async with asyncio.timeout(self.timeout_seconds):
                    response = await self._transport.handle_async_request(request)
                    await response.aread()
                    attempt.status = response.status_code
            except TimeoutError:
                attempt.error = "timeout"
            except httpx.TransportError as error:
                attempt.error = type(error).__name__  # its text may hold what was sent
            attempt.duration_ms = round((time.monotonic() - begun) * 1000)
        return attempt


def headers_for(webhook: Webhook, body: bytes) -> httpx.Headers:
    """The platform's own, then the webhook's instead of them; the signature is nobody's to override."""
    headers = httpx.Headers({"Accept": "*/*", "Content-Type": "application/json", "User-Agent": USER_AGENT})
    headers.update(httpx.Headers(webhook.header_overrides, encoding="latin-1"))
    if webhook.signing_key is not None:
        headers[SIGNATURE] = signature(webhook.signing_key, body)
    return headers


def signature(key: str, body: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()


def has_attributes(event_body: Mapping[str, object], wanted: Mapping[str, str]) -> bool:
    """Whether each attribute is a member of the event's body with that text, or that number or truth written out."""
    return all(name in event_body and _written(event_body[name]) == text for name, text in wanted.items())


def _written(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None
