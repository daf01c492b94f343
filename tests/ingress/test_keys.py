"""Reading keys, rotating them, and what strangers can't do to it."""

import pytest
from botocore.exceptions import EndpointConnectionError

from ingress.receiver import Request
from tests.support.ingress import (
    HEARTBEAT,
    HEARTBEAT_KEY,
    KEY,
    SIGNING,
    World,
    aws_error,
    event,
    heartbeat,
    message,
    signed,
    text,
)

BODY = text(event())


def status(world: World, request: Request) -> int:
    return world.post(request)["statusCode"]


def test_keys_are_read_once_and_kept() -> None:
    world = World()
    for _ in range(3):
        world.clock.advance(60)
        assert status(world, signed(BODY)) == 200
    assert world.secrets.reads == [(SIGNING, "AWSCURRENT"), (SIGNING, "AWSPREVIOUS")]


def test_a_key_that_was_never_rotated_has_no_previous_one() -> None:
    assert status(World(), signed(BODY)) == 200


def test_when_the_overlap_is_over_the_previous_key_is_not_even_read() -> None:
    world = World(overlap=60)
    world.clock.advance(60)
    assert status(world, signed(BODY)) == 200
    assert world.secrets.reads == [(SIGNING, "AWSCURRENT")]


def test_a_new_key_is_read_when_its_first_signature_comes() -> None:
    world = World()
    assert status(world, signed(BODY)) == 200
    world.secrets.rotate(SIGNING, "new")
    world.clock.advance(5)
    assert status(world, signed(BODY, "new")) == 200
    assert status(world, signed(BODY)) == 200  # repeats of deliveries that were signed before


def test_the_previous_key_counts_until_the_overlap_ends_though_it_stays_in_memory() -> None:
    world = World(overlap=3600)
    world.secrets.rotate(SIGNING, "new")
    world.clock.advance(10)
    assert status(world, signed(BODY)) == 200
    world.clock.advance(3589)
    assert status(world, signed(BODY)) == 200
    world.clock.advance(1)
    assert status(world, signed(BODY)) == 401
    assert status(world, signed(text(event() | {"timestamp": None}), "new")) == 200


def test_a_leaked_key_counts_no_more_at_once() -> None:
    world = World(overlap=0)
    world.secrets.rotate(SIGNING, "new")
    assert status(world, signed(BODY)) == 401
    assert status(world, signed(BODY, "new")) == 200


def test_a_leaked_key_counts_no_more_though_the_clock_of_aws_is_ahead() -> None:
    world = World(overlap=0)
    world.secrets.rotate(SIGNING, "new", created=world.clock() + 30)
    assert status(world, signed(BODY)) == 401


def test_only_one_key_before_the_current_one_counts() -> None:
    world = World()
    world.secrets.rotate(SIGNING, "second")
    world.secrets.rotate(SIGNING, "third")
    assert [status(world, signed(BODY, key)) for key in (KEY, "second", "third")] == [401, 200, 200]


def test_401_only_against_keys_read_less_than_five_seconds_ago() -> None:
    world = World(overlap=0)
    assert status(world, signed(BODY, "wrong")) == 401
    world.clock.advance(4.9)
    assert status(world, signed(BODY, "wrong")) == 401
    assert len(world.secrets.reads) == 1
    world.clock.advance(0.2)
    assert status(world, signed(BODY, "wrong")) == 401
    assert len(world.secrets.reads) == 2


def test_a_clock_set_back_does_not_make_old_keys_fresh() -> None:
    world = World(overlap=0)
    assert status(world, signed(BODY)) == 200
    world.secrets.rotate(SIGNING, "new")
    world.clock.advance(-600)
    assert status(world, signed(text(event() | {"timestamp": None}), "new")) == 200


def test_a_flood_of_wrong_signatures_reads_no_more_than_once_in_five_seconds() -> None:
    world = World(overlap=0)
    for _ in range(1000):  # 100 a second
        assert status(world, signed(BODY, "wrong")) == 401
        world.clock.advance(0.01)
    assert len(world.secrets.reads) in (2, 3)
    assert not world.events.calls


@pytest.mark.parametrize(
    "error",
    [
        aws_error("AccessDeniedException"),
        aws_error("ThrottlingException"),
        aws_error("ResourceNotFoundException"),
        EndpointConnectionError(endpoint_url="https://secrets"),
    ],
    ids=lambda error: str(error)[:40],
)
@pytest.mark.parametrize("request_", [signed(BODY), heartbeat()], ids=["signed", "heartbeat"])
def test_keys_that_cannot_be_read_are_503_and_then_are_left_alone_for_five_seconds(
    error: Exception, request_: Request
) -> None:
    world = World()
    world.secrets.errors["AWSCURRENT"] = error
    answer = world.post(request_)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    world.secrets.errors.clear()
    world.clock.advance(4.9)
    assert status(world, request_) == 503
    assert len(world.secrets.reads) == 1
    world.clock.advance(0.2)
    assert status(world, request_) == 200


def test_a_genuine_delivery_gets_503_not_401_while_the_new_key_cannot_be_read() -> None:
    world = World()
    assert status(world, signed(BODY)) == 200
    world.secrets.rotate(SIGNING, "new")
    world.secrets.errors["AWSCURRENT"] = aws_error("InternalServiceError")
    world.clock.advance(60)
    answers = [world.post(signed(BODY, "new")) for _ in range(3)]
    assert [answer["statusCode"] for answer in answers] == [503, 503, 503]
    assert [message(answer) for answer in answers] == [
        "keys can't be read",
        "keys can't be read again yet",
        "keys can't be read again yet",
    ]
    assert status(world, signed(BODY)) == 200  # the key in memory goes on
    world.secrets.errors.clear()
    world.clock.advance(5)
    assert status(world, signed(BODY, "new")) == 200


def test_a_previous_key_that_cannot_be_read_is_no_401_for_what_it_signed() -> None:
    world = World()
    world.secrets.rotate(SIGNING, "new")
    world.secrets.errors = {"AWSPREVIOUS": aws_error("ThrottlingException")}
    assert status(world, signed(BODY)) == 503


def test_reading_keys_ends_after_a_second() -> None:
    world = World()
    world.secrets.slow = 1.1  # the first answer comes too late for the second question
    assert status(world, signed(BODY)) == 503
    assert len(world.secrets.reads) == 1


def test_the_heartbeat_key_is_replaced_at_once() -> None:
    world = World()
    assert status(world, heartbeat()) == 200
    world.secrets.rotate(HEARTBEAT, "new")
    world.clock.advance(5)
    assert status(world, heartbeat("new")) == 200
    assert status(world, heartbeat(HEARTBEAT_KEY)) == 403


def test_wrong_heartbeat_keys_do_not_use_up_the_reads_of_the_signing_key() -> None:
    world = World()
    assert status(world, signed(BODY)) == 200
    world.secrets.rotate(SIGNING, "new")
    world.clock.advance(60)
    assert status(world, heartbeat("wrong")) == 403
    assert status(world, signed(BODY, "new")) == 200
