"""Batches within AWS's limits, only what failed once more, and no waiting for a bus that has just failed."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from threading import Event
from typing import TypeVar

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.aws import Entry
from ingress.bus import LIMIT, Bus, size, take_batch
from ingress.deadline import Deadline
from tests.support.ingress import NOW, Answer, World, aws_error, event, failing, raising, signed, taken, text

T = TypeVar("T")

PROPERTY = settings(deadline=None, database=None, max_examples=100)


def entry(number: int, detail: str = "{}") -> Entry:
    return {
        "EventBusName": "bus",
        "Source": "s",
        "DetailType": "d",
        "Detail": detail,
        "Time": NOW,
        "Resources": [f"{number}"],
    }


def sized(bytes_: int) -> Entry:
    return entry(0, "x" * (bytes_ - size(entry(0, ""))))


def numbers(entries: Sequence[Entry]) -> list[int]:
    return [int(one["Resources"][0]) for one in entries]


def test_entries_3_and_17_of_25_fail_twice_and_only_they_are_sent_again() -> None:
    world = World()
    tries: dict[str, int] = {}

    def answer(entries: Sequence[Entry]) -> Sequence[str | None]:
        codes: list[str | None] = []
        for one in entries:
            tries[one["Detail"]] = tries.get(one["Detail"], 0) + 1
            bad = '"number":3}' in one["Detail"] or '"number":17}' in one["Detail"]
            codes.append("InternalFailure" if bad and tries[one["Detail"]] <= 2 else None)
        return codes

    world.events.answers = [answer]
    body = text([event() | {"eventBody": {"number": number}} for number in range(25)])
    assert world.post(signed(body))["statusCode"] == 200
    assert [len(call) for call in world.events.calls] == [10, 10, 7, 2]
    assert sorted(one["Detail"] for one in world.events.on_bus) == sorted(tries)
    assert sorted(tries.values()) == [1] * 23 + [3] * 2


@pytest.mark.parametrize(
    ("entries", "calls"),
    [
        ([entry(0)] * 10, [10]),
        ([entry(0)] * 11, [10, 1]),
        ([sized(LIMIT)], [1]),
        ([sized(LIMIT)] * 2, [1, 1]),
        ([sized(LIMIT // 2)] * 4, [2, 2]),
        ([sized(LIMIT // 2 + 1)] * 2, [1, 1]),
        ([sized(LIMIT - 100), sized(100), sized(100)], [2, 1]),
    ],
)
def test_batches(entries: list[Entry], calls: list[int]) -> None:
    world = World()
    outcome = Bus(world.events, "bus").put(entries, world.deadline())
    assert [len(call) for call in world.events.calls] == calls
    assert outcome.left == []


def test_a_size_is_what_aws_counts() -> None:
    one = entry(0, '{"é":"😀"}')
    one["Source"], one["DetailType"], one["Resources"] = "sé", "dé", ["ré", "more"]
    assert size(one) == 14 + 3 + 3 + len('{"":""}') + 2 + 4 + 3 + 4
    del one["Resources"]
    assert size(one) == 14 + 3 + 3 + len('{"":""}') + 2 + 4


@PROPERTY
@given(st.lists(st.integers(20, LIMIT), max_size=40))
def test_batches_keep_limits_and_order_and_lose_nothing(sizes: list[int]) -> None:
    entries = [entry(number, "x" * (bytes_ - size(entry(number, "")))) for number, bytes_ in enumerate(sizes)]
    queue, batches = deque(entries), []
    while queue:
        batches.append(take_batch(queue))
    assert [one for batch in batches for one in batch] == entries
    assert all(1 <= len(batch) <= 10 and sum(map(size, batch)) <= LIMIT for batch in batches)
    # As few calls as that order allows: nothing that follows a batch would have gone into it.
    for batch, following in pairwise(batches):
        assert len(batch) == 10 or sum(map(size, batch)) + size(following[0]) > LIMIT


@PROPERTY
@given(st.integers(1, 40), st.floats(0, 1), st.randoms(use_true_random=False))
def test_whatever_fails_each_event_is_on_the_bus_once_or_left(count: int, share: float, chance: random.Random) -> None:
    world = World()

    def answer(entries: Sequence[Entry]) -> Sequence[str | None]:
        world.clock.advance(chance.choice([0.01, 0.3]))
        if chance.random() < share / 2:
            raise aws_error("ThrottlingException")
        return [
            chance.choice(["InternalFailure", "MalformedDetail"]) if chance.random() < share else None for _ in entries
        ]

    world.events.answers = [answer]
    outcome = Bus(world.events, "bus", world.clock.advance).put(
        [entry(number) for number in range(count)], world.deadline()
    )
    whole = numbers(world.events.on_bus) + numbers(outcome.left) + numbers(outcome.malformed)
    assert sorted(whole) == list(range(count))
    assert outcome.calls == len(world.events.calls)
    if not outcome.errors:
        assert numbers(world.events.on_bus)[: len(whole)] == sorted(numbers(world.events.on_bus))


def test_a_failure_is_repeated_after_pauses_that_grow_until_the_time_is_up() -> None:
    world, pauses = World(), list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        world.clock.advance(seconds)

    world.events.answers = [failing("ThrottlingException")]
    deadline = world.deadline()
    outcome = Bus(world.events, "bus", sleep).put([entry(1)], deadline)
    assert numbers(outcome.left) == [1]
    assert 2.4 <= deadline.elapsed() <= 2.6
    assert 7 <= outcome.calls <= 14
    for pause, full in zip(pauses, [0.05, 0.1, 0.2, 0.4, 0.4], strict=False):
        assert full / 2 <= pause <= full


def test_a_call_that_succeeds_starts_the_pauses_again() -> None:
    world, pauses = World(), list[float]()
    world.events.answers = [failing("InternalFailure")] * 3 + [taken, failing("InternalFailure"), taken]
    Bus(world.events, "bus", pauses.append).put([entry(number) for number in range(20)], world.deadline())
    assert pauses[2] >= 0.1
    assert pauses[3] <= 0.05


def test_when_the_time_is_up_nothing_more_is_sent() -> None:
    world = World()
    deadline = world.deadline()
    world.clock.advance(2.55)
    outcome = Bus(world.events, "bus").put([entry(1)], deadline)
    assert (numbers(outcome.left), outcome.calls) == ([1], 0)


def test_a_call_that_fails_as_a_whole_is_repeated_as_a_whole() -> None:
    world = World()
    world.events.answers = [raising(aws_error("ServiceUnavailable")), taken]
    entries = [entry(number) for number in range(10)]
    outcome = Bus(world.events, "bus", world.clock.advance).put(entries, world.deadline())
    assert (outcome.left, outcome.errors, world.events.calls) == ([], {"ServiceUnavailable"}, [entries, entries])


# A bus that has just failed.


def world_after(failure: Answer) -> tuple[World, Bus]:
    """One whose bus has just failed for a whole request."""
    world = World()
    world.events.answers = [failure]
    assert world.receiver.bus.put([entry(0)], world.deadline()).left
    world.events.calls.clear()
    return world, world.receiver.bus


FAILURES = [
    failing("ThrottlingException"),
    raising(aws_error("ServiceUnavailable")),
    raising(ReadTimeoutError(endpoint_url="https://events")),
    raising(TimeoutError()),
]


@pytest.mark.parametrize("failure", FAILURES, ids=["entries", "call", "hangs", "hangs on"])
def test_after_a_failure_as_a_whole_one_call_is_made_and_the_rest_is_left_at_once(failure: Answer) -> None:
    world, bus = world_after(failure)
    deadline = world.deadline()
    outcome = bus.put([entry(number) for number in range(25)], deadline)
    assert sorted(numbers(outcome.left)) == list(range(25))
    assert (outcome.calls, len(world.events.calls), deadline.elapsed()) == (1, 1, 0)


@pytest.mark.parametrize("failure", FAILURES, ids=["entries", "call", "hangs", "hangs on"])
def test_one_good_answer_ends_it(failure: Answer) -> None:
    world, bus = world_after(failure)
    world.events.answers = [taken, failure, taken]
    outcome = bus.put([entry(number) for number in range(20)], world.deadline())
    assert (outcome.left, outcome.calls) == ([], 3)
    world.events.answers = [failure]
    assert bus.put([entry(1)], world.deadline()).calls > 2


def test_an_entry_that_is_taken_is_a_good_answer_whatever_becomes_of_the_others() -> None:
    world, bus = world_after(failing("InternalFailure"))
    world.events.answers = [lambda entries: [None, "InternalFailure", "InternalFailure"], taken]
    outcome = bus.put([entry(number) for number in range(3)], world.deadline())
    assert (outcome.left, outcome.calls) == ([], 2)


def test_an_entry_that_is_malformed_says_that_the_bus_works() -> None:
    world, bus = world_after(failing("InternalFailure"))
    world.events.answers = [failing("MalformedDetail")]
    bus.put([entry(1)], world.deadline())
    world.events.answers = [failing("InternalFailure")]
    assert bus.put([entry(1)], world.deadline()).calls > 2


def test_a_failure_that_was_got_over_leaves_no_trace() -> None:
    world = World()
    world.events.answers = [failing("InternalFailure"), taken]
    assert not world.receiver.bus.put([entry(1)], world.deadline()).left
    world.events.answers = [failing("InternalFailure")]
    assert world.receiver.bus.put([entry(1)], world.deadline()).calls > 2


@pytest.mark.parametrize(("seconds", "wary"), [(4.5, True), (5.0, False), (-1.0, False)])
def test_it_ends_by_itself_and_when_the_clock_was_set_back(seconds: float, wary: bool) -> None:
    world, bus = world_after(failing("InternalFailure"))
    world.clock.advance(seconds)
    assert (bus.put([entry(1)], world.deadline()).calls == 1) == wary


def test_a_failure_meanwhile_prolongs_it() -> None:
    world, bus = world_after(failing("InternalFailure"))
    for _ in range(3):
        world.clock.advance(4)
        assert bus.put([entry(1)], world.deadline()).calls == 1


def test_a_bus_that_is_slow_gets_its_full_time_again() -> None:
    """Half a second that is not enough says nothing: else a bus that takes longer would never be trusted again."""
    world, bus = world_after(raising(aws_error("ServiceUnavailable")))
    world.clock.advance(3)
    world.events.answers = [raising(TimeoutError())]
    assert bus.put([entry(1)], world.deadline()).calls == 1
    world.clock.advance(2)
    assert bus.put([entry(1)], world.deadline()).calls > 2


untils = list[float]()


class Watched(Deadline):
    """Notes how long each call may take."""

    def call(self, until: float, function: Callable[[], T]) -> T:
        untils.append(self.left(until))
        return super().call(until, function)


def test_a_call_gets_half_a_second_then() -> None:
    world, bus = world_after(failing("InternalFailure"))
    untils.clear()
    world.events.answers = [taken]
    bus.put([entry(1)], Watched(world.clock(), world.clock))
    bus.put([entry(1)], Watched(world.clock(), world.clock))
    assert untils == [pytest.approx(0.5), pytest.approx(2.6)]
    world, bus = world_after(failing("InternalFailure"))
    bus.put([entry(1)], Watched(world.clock() - 2.4, world.clock))
    assert untils[2] == pytest.approx(0.2), "no longer than the request has"


def test_an_outage_costs_little_time() -> None:
    """Ten requests to one instance: the first is given its time, the others are parked at once."""
    world = World()
    world.events.answers = [failing("ThrottlingException")]
    started, statuses = world.clock(), list[int]()
    for _ in range(10):
        statuses.append(world.post(signed(text(event())))["statusCode"])
    assert statuses == [202] * 10
    assert world.clock() - started <= 2.6
    assert len(world.queue.bodies) == 10
    world.events.answers = []
    assert world.post(signed(text(event())))["statusCode"] == 200


def test_what_is_drained_keeps_no_instance_busy_either() -> None:
    world = World()
    world.events.answers = [failing("ThrottlingException")]
    world.post(signed(text(event())))
    started = world.clock()
    assert world.drain() == ["0"]
    assert world.clock() == started
    world.events.answers = []
    assert world.drain() == []


def test_while_a_call_hangs_a_request_makes_none_and_what_is_drained_one_with_its_full_time() -> None:
    world, over = World(), Event()
    bus = world.receiver.bus

    def hanging(entries: Sequence[Entry]) -> Sequence[str | None]:
        over.wait()
        return taken(entries)

    world.events.answers = [hanging]
    try:
        assert bus.put([entry(1)], Deadline(world.clock() - 2.4, world.clock)).errors == {"TimeoutError"}
        world.events.answers = [taken]
        left = bus.put([entry(2)], world.deadline())
        assert (numbers(left.left), left.calls, left.errors) == ([2], 0, {"StillHanging"})
        untils.clear()
        drained = bus.put([entry(3)], Watched.of_drain(world.clock))
        assert (drained.left, drained.calls) == ([], 1)
        assert untils == [pytest.approx(4.5)]
        assert bus.put([entry(4)], world.deadline()).left == [], "it is trusted again"
    finally:
        over.set()


def test_a_drain_that_fails_is_a_warning_to_requests() -> None:
    world = World()
    world.events.answers = [failing("ThrottlingException")]
    world.post(signed(text(event())))
    world.clock.advance(10)
    assert world.drain() == ["0"]
    started = world.clock()
    assert world.post(signed(text(event())))["statusCode"] == 202
    assert world.clock() == started
