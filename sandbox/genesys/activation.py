"""What the platform does behind an integration: its partner event source, its states, and the events it sends there.

Known: the source is made on activation, with the organisation's id in its name; ENABLED goes over ACTIVATING to ACTIVE
or ERROR, DISABLED over DEACTIVATING to INACTIVE; events wait up to four days for an AWS that doesn't answer; without
the customer's bus the set-up fails, and has to be done anew.

Unknown, so ours or the door's: how long a change takes; whether ACTIVE waits for the customer's bus; whether disabling
takes the source away (the door says; by default it stays, and is idle); that a new configuration or another PATCH is
enough to leave ERROR; the texts and codes of the messages; how events are tried again (waits that double from a second
to a quarter of an hour), and that those still waiting end with the integration; that ACTIVE stays when the customer's
bus goes.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .delivery import Attempt, Delivery
from .integrations import EVENTBRIDGE, Integration, Status
from .partner import NoAnswer, Partner, Refused
from .topics import template_of
from .wire import timestamp

if TYPE_CHECKING:
    from .cloud import Cloud

POLL_SECONDS = 0.1
SETTLE_SECONDS = 1.0
FOUR_DAYS = 4 * 24 * 3600.0
LONGEST_WAIT = 900.0


@dataclass
class Behaviour:
    """What the door decides. `failure` is why the activations from now on fail; empty: they don't.

    `fails_when`: before there is a source, or only when the customer's bus is there.
    """

    change_seconds: float = 0.2
    active_when: str = "source"
    bus_seconds: float = 600.0
    failure: str = ""
    fails_when: str = "source"
    disable_deletes_source: bool = False


class Activation:
    """At most one change of an integration is under way; a new one takes the place of the one before."""

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self._partner = Partner(cloud.settings.aws_url, lambda: cloud.engine.timeout_seconds)
        self._newest: dict[str, asyncio.Task[None]] = {}  # by the integration's id
        self._under_way: set[asyncio.Task[None]] = set()  # those that are to end, too
        self.behaviour = Behaviour()

    def reset(self) -> None:
        """Forget; what is at AWS stays there."""
        for task in self._under_way:
            task.cancel()
        self.behaviour = Behaviour()

    async def settled(self) -> None:
        """Return when nothing is under way to AWS from before a reset, or soon after."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=SETTLE_SECONDS)

    async def close(self) -> None:
        self.reset()
        await self.settled()
        await self._partner.close()

    def enable(self, integration: Integration) -> None:
        """Bring it to ACTIVE, from whatever it is; one that is there already stays as it is."""
        if integration.status.code == "ACTIVE" and integration.source == integration.wanted_source(self._cloud):
            return
        self._tell(integration, "ACTIVATING")
        self._begin(integration, self._activate)

    def disable(self, integration: Integration) -> None:
        if integration.status.code == "INACTIVE":
            return
        self._tell(integration, "DEACTIVATING")
        self._begin(integration, self._deactivate)

    def remove(self, integration: Integration) -> None:
        """It is deleted: its source goes, however long AWS takes to answer."""
        self._begin(integration, self._remove_source)

    def send(self, body: bytes, topic: str, event: Mapping[str, object]) -> list[Delivery]:
        """Send the event to each active integration whose filter has the topic's template."""
        begun = []
        for integration in self._cloud.integrations.items.values():
            template = template_of(topic, integration.event_filter)
            if template is None or integration.deleted or integration.status.code != "ACTIVE":
                continue
            delivery = Delivery(hashlib.sha256(body).hexdigest(), topic, integration_id=integration.id)
            happened = seconds_of(event.get("timestamp"))
            self._cloud.engine.begin(delivery, self._deliver(delivery, integration, happened, template, body.decode()))
            begun.append(delivery)
        return begun

    def _begin(self, integration: Integration, change: Callable[[Integration], Awaitable[None]]) -> None:
        before = self._newest.get(integration.id)

        async def in_its_turn() -> None:
            if before is not None:
                before.cancel()
                await asyncio.wait([before])
            await change(integration)

        task = asyncio.create_task(in_its_turn(), name=integration.id)
        self._newest[integration.id] = task
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._newest.get(task.get_name()) is task:
            del self._newest[task.get_name()]

    async def _activate(self, integration: Integration) -> None:
        await asyncio.sleep(self.behaviour.change_seconds)
        if self.behaviour.failure and self.behaviour.fails_when == "source":
            self._fail(integration, "integration.activation.failed", self.behaviour.failure)
        elif integration.type.id != EVENTBRIDGE:
            self._tell(integration, "ACTIVE")
        else:
            try:
                await self._make_source(integration)
            except (NoAnswer, Refused) as error:
                self._fail(integration, "integration.aws.unavailable", f"The event source could not be made: {error}")

    async def _make_source(self, integration: Integration) -> None:
        source = integration.wanted_source(self._cloud)
        if source is None:
            self._fail(integration, "integration.configuration.incomplete", "The integration is not configured.")
            return
        if integration.source not in (None, source):
            await self._remove_source(integration)
        ours = integration.source == source
        integration.source = source  # from now on: the answer may be lost
        try:
            await self._partner.create(source)
        except Refused as error:
            if not ours:
                integration.source = None
            if not ours or error.code != "ResourceAlreadyExistsException":
                raise
        waited = 0.0
        while self._waits_for_bus() and await self._partner.state(source) != "ACTIVE":
            if waited >= self.behaviour.bus_seconds:
                self._fail(integration, "integration.event.bus.missing", f"No event bus is associated: {source.name}")
                return
            await asyncio.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        if self.behaviour.failure and self.behaviour.fails_when == "bus":
            self._fail(integration, "integration.activation.failed", self.behaviour.failure)
        else:
            self._tell(integration, "ACTIVE")

    def _waits_for_bus(self) -> bool:
        behaviour = self.behaviour
        return behaviour.active_when == "bus" or (bool(behaviour.failure) and behaviour.fails_when == "bus")

    async def _deactivate(self, integration: Integration) -> None:
        await asyncio.sleep(self.behaviour.change_seconds)
        if self.behaviour.disable_deletes_source:
            await self._remove_source(integration)
        self._tell(integration, "INACTIVE")

    async def _remove_source(self, integration: Integration) -> None:
        source = integration.source
        if source is None:
            return
        for wait in waits():
            try:
                await self._partner.delete(source)
                break
            except Refused as error:
                if not error.may_pass:  # it is gone already
                    break
            except NoAnswer:
                pass
            await asyncio.sleep(wait * self._cloud.engine.retry_scale)
        integration.source = None

    async def _deliver(
        self, delivery: Delivery, integration: Integration, happened: float, template: str, detail: str
    ) -> None:
        for wait in waits():
            source = integration.source
            if source is None or integration.deleted or integration.status.code != "ACTIVE":
                delivery.end("FAILED", "the integration was deleted or disabled")
                return
            attempt = Attempt(timestamp(time.time()), 0)
            begun = time.monotonic()
            may_pass = True
            try:
                attempt.status = await self._partner.put(source, happened, template, detail)
            except NoAnswer as error:
                attempt.error = str(error)
            except Refused as error:
                attempt.status, attempt.error, may_pass = error.status, error.code, error.may_pass
            attempt.duration_ms = round((time.monotonic() - begun) * 1000)
            delivery.attempts.append(attempt)
            if attempt.delivered:
                delivery.end("DELIVERED")
                return
            if not may_pass:
                delivery.end("FAILED", "AWS refused it")
                return
            await asyncio.sleep(wait * self._cloud.engine.retry_scale)
        delivery.end("FAILED", "AWS did not take it for four days")

    def _tell(self, integration: Integration, code: str) -> None:
        integration.status = Status(code, self._now())

    def _fail(self, integration: Integration, message_code: str, text: str) -> None:
        integration.status = Status("ERROR", self._now(), message_code, text)

    def _now(self) -> str:
        return timestamp(self._cloud.now())


def waits() -> Iterator[float]:
    """Seconds between one try and the next, for four days in all."""
    wait, total = 1.0, 0.0
    while total < FOUR_DAYS:
        yield wait
        total += wait
        wait = min(2 * wait, LONGEST_WAIT)


def seconds_of(value: object) -> float:
    """The event's own time in seconds since 1970; now, where it has none."""
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return time.time()
