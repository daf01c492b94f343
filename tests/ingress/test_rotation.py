"""The signing key is rotated under load: no delivery of Genesys Cloud's is lost, and nothing of a stranger's passes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from ingress.receiver import Receiver, Request
from tests.support.ingress import KEY, SIGNING, World, aws_error, event, signed, text

NEW = "the new signing key, 32 bytes or longer"
TICK = 0.01  # seconds: a stranger sends one wrong signature in each, a hundred a second
TRIES, WAIT = 4, 10.0  # the tutorial's policy: once, and three times more
ROTATED, WEBHOOK_CHANGED = 30.0, 33.0  # seconds after the beginning: the secret comes first
SECONDS = 120.0


@dataclass
class Platform:
    """Genesys Cloud. It signs a delivery once: what is sent again bears the signature that it had."""

    world: World
    instances: Sequence[Receiver]
    rng: random.Random
    waiting: list[tuple[float, int, str, Request]] = field(default_factory=list)
    """When, how often it was tried, which event, and what is sent again."""
    lost: list[int] = field(default_factory=list)
    """The answers that ended deliveries for good."""
    sent: set[str] = field(default_factory=set)
    again: int = 0

    def send(self, id_: str, key: str) -> None:
        self.sent.add(id_)
        self._try(id_, 0, signed(text(event(correlation=id_) | {"timestamp": None}), key))

    def retry(self) -> None:
        due = [each for each in self.waiting if each[0] <= self.world.clock()]
        self.waiting = [each for each in self.waiting if each not in due]
        for _, tried, id_, request in due:
            self.again += 1
            self._try(id_, tried, request)

    def _try(self, id_: str, tried: int, request: Request) -> None:
        status = self.world.post(request, self.rng.choice(self.instances))["statusCode"]
        if status in (429, 503) and tried + 1 < TRIES:
            self.waiting.append((self.world.clock() + WAIT, tried + 1, id_, request))
        elif status != 200:
            self.lost.append(status)


def run(world: World, rng: random.Random, unreadable: tuple[float, float] = (0, 0), flaky: float = 0) -> Platform:
    """Two minutes with a rotation in it. `unreadable`: from when until when no key can be read; `flaky`: the share of
    deliveries whose first answer is lost on its way, so that they come again ten seconds later."""
    instances = [world.instance() for _ in range(3)]
    platform, began, rotated = Platform(world, instances, rng), world.clock(), False
    while (now := world.clock() - began) < SECONDS or platform.waiting:
        if now >= ROTATED and not rotated:
            world.secrets.rotate(SIGNING, NEW)
            rotated = True
        down = unreadable[0] <= now < unreadable[1]
        world.secrets.errors = {"AWSCURRENT": aws_error("InternalServiceError")} if down else {}
        forged = world.post(signed("{}", "wrong"), rng.choice(instances))["statusCode"]
        assert forged in (401, 503)
        if now < SECONDS and rng.random() < 0.1:
            key = NEW if now >= WEBHOOK_CHANGED else KEY
            id_ = str(len(platform.sent))
            platform.send(id_, key)
            if rng.random() < flaky:
                request = signed(text(event(correlation=id_) | {"timestamp": None}), key)
                platform.waiting.append((world.clock() + WAIT, 1, id_, request))
        platform.retry()
        world.clock.advance(TICK)
    return platform


def on_bus(world: World) -> set[str]:
    return {entry["Detail"].split('"correlation":"')[1].split('"')[0] for entry in world.events.on_bus}


@pytest.mark.parametrize("seed", range(3))
def test_no_genuine_delivery_is_refused(seed: int) -> None:
    """Retries that were signed before the webhook was changed are among them."""
    world = World()
    platform = run(world, random.Random(seed), flaky=0.3)
    assert platform.lost == []
    assert on_bus(world) == platform.sent
    assert platform.again > 100


@pytest.mark.parametrize("seed", range(3))
def test_none_is_lost_though_keys_cannot_be_read_for_a_while(seed: int) -> None:
    """Instances that hold the old key can't know the new one: they say 503, never 401, and the delivery comes again."""
    world = World()
    platform = run(world, random.Random(seed), unreadable=(ROTATED - 10, ROTATED + 15))
    assert platform.lost == []
    assert on_bus(world) == platform.sent
    assert platform.again > 0


def test_strangers_get_nothing_through_and_cause_a_read_in_five_seconds_of_each_instance() -> None:
    world = World()
    run(world, random.Random(0))
    reads = [read for read in world.secrets.reads if read == (SIGNING, "AWSCURRENT")]
    assert len(reads) <= 3 * (SECONDS + 4 * WAIT) / 5 + 3
    assert len(world.events.calls) == len(world.events.on_bus)


def test_after_the_overlap_the_old_key_gets_401_from_every_instance() -> None:
    world = World(overlap=3600)
    instances = [world.instance() for _ in range(3)]
    body = text(event() | {"timestamp": None})

    def answers(key: str) -> list[int]:
        return [world.post(signed(body, key), instance)["statusCode"] for instance in instances]

    assert answers(KEY) == [200] * 3
    world.secrets.rotate(SIGNING, NEW)
    world.clock.advance(3599)
    assert answers(NEW) == [200] * 3
    assert answers(KEY) == [200] * 3
    world.clock.advance(1)
    assert answers(KEY) == [401] * 3
    assert answers(NEW) == [200] * 3
