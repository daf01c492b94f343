from concurrent.futures import ThreadPoolExecutor

import httpx
import pulumi
import pytest

from genesys_provider.client import Client
from genesys_provider.connection import Connection
from genesys_provider.errors import RequestError
from genesys_provider.ratelimit import PARALLEL, RateLimit
from genesys_provider.retry import time_limit
from tests.support.provider import ORG, Emulator, Together, Waits

HOOKS = "/api/v2/events/webhooks"


def told(status: int = 200, **headers: object) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): str(value) for name, value in headers.items()})


def usage(count: object, allowed: object, reset: object) -> httpx.Response:
    return told(inin_ratelimit_count=count, inin_ratelimit_allowed=allowed, inin_ratelimit_reset=reset)


def seconds(limit: RateLimit, waits: Waits) -> float:
    """How long the next request is held back: so long it is waited for."""
    waits.clear()
    limit.before("GET", "/a")
    return sum(waits)


def test_while_enough_is_left_nothing_waits(waits: Waits) -> None:
    limit = RateLimit()
    limit.after(usage(300 - PARALLEL, 300, 60))
    assert seconds(limit, waits) == 0


def test_when_what_is_left_may_be_under_way_already_all_wait_for_the_next_window(waits: Waits) -> None:
    limit = RateLimit()
    limit.after(usage(300 - PARALLEL + 1, 300, 41))
    assert seconds(limit, waits) == pytest.approx(41, abs=0.1)
    limit.before("GET", "/a")
    assert len(waits) == 1, "the next window has begun"


def test_the_last_second_of_a_window_is_waited_for_too(waits: Waits) -> None:
    limit = RateLimit()
    limit.after(usage(299, 300, 1))
    assert seconds(limit, waits) == pytest.approx(1, abs=0.1)


def test_a_limit_that_is_met_again_meanwhile_is_waited_for_too(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = RateLimit()
    limit.after(usage(299, 300, 41))

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            limit.after(told(429, Retry_After=7))

    monkeypatch.setattr(waits, "sleep", sleep)
    assert seconds(limit, waits) == pytest.approx(48, abs=0.1)


def test_a_late_answer_does_not_shorten_the_wait(waits: Waits) -> None:
    limit = RateLimit()
    limit.after(usage(299, 300, 41))
    limit.after(usage(298, 300, 3))
    limit.after(usage(1, 300, 60))
    assert seconds(limit, waits) == pytest.approx(41, abs=0.1)


@pytest.mark.parametrize(
    ("response", "wait"),
    [
        (told(429, Retry_After=7), 7),
        (told(429, Retry_After=7, inin_ratelimit_reset=30, inin_ratelimit_count=9, inin_ratelimit_allowed=9), 7),
        (told(429, inin_ratelimit_reset=30), 30),
        (told(429), 0),
        (told(503, Retry_After=7), 0),
    ],
)
def test_a_429_of_one_request_holds_back_all(response: httpx.Response, wait: float, waits: Waits) -> None:
    limit = RateLimit()
    limit.after(response)
    assert seconds(limit, waits) == pytest.approx(wait, abs=0.1)


@pytest.mark.parametrize(
    "response", [told(), usage("", 300, 60), usage(299, "x", 60), usage(299, 300, "-1"), usage("2.5", 300, 60)]
)
def test_what_is_not_told_or_makes_no_sense_holds_nothing_back(response: httpx.Response, waits: Waits) -> None:
    limit = RateLimit()
    limit.after(response)
    assert seconds(limit, waits) == 0


def test_why_it_waits_is_one_line() -> None:
    limit = RateLimit()
    limit.after(usage(28, 30, 41))
    with pytest.raises(RequestError) as refused, time_limit(20):
        limit.before("PUT", "/a")
    assert str(refused.value) == (
        "PUT /a: held back, as 28 of the 30 requests that the rate limit allows are used: raise genesys:timeoutSeconds"
    )
    assert (refused.value.repeatable, refused.value.committed) == (False, False)
    limit.after(told(429, Retry_After=60))
    with (
        pytest.raises(RequestError, match=r"^PUT /b: held back, as another request met the rate limit: raise"),
        time_limit(20),
    ):
        limit.before("PUT", "/b")


# With a client, against the emulator.


def client(emulator: Emulator, **limits: int) -> Client:
    url = emulator.served.url
    return Client(Connection(url, url, "sandbox-client", "sandbox-secret", ORG, **limits))


def statuses(emulator: Emulator) -> list[int]:
    return [call["status"] for call in emulator.door("GET", "calls") if call["path"] == HOOKS]


def test_the_limit_is_never_reached_while_the_platform_tells_of_it(
    emulator: Emulator, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lines.append)
    emulator.door("POST", "ratelimit", {"allowed": 30, "windowSeconds": 60})
    genesys = client(emulator)
    for _ in range(70):
        genesys.get(HOOKS)
    assert statuses(emulator) == [200] * 70
    assert len(together) == 2
    assert all(59 < wait <= 60 for wait in together)
    assert lines[0] == (
        f"GET {HOOKS}: held back, as 27 of the 30 requests that the rate limit allows are used: trying again in 60 s"
    )


def test_holding_back_is_no_try(emulator: Emulator, together: Together) -> None:
    emulator.door("POST", "ratelimit", {"allowed": 30, "windowSeconds": 60})
    genesys = client(emulator, max_attempts=1)
    for _ in range(30):
        genesys.get(HOOKS)
    assert statuses(emulator) == [200] * 30


def test_nor_by_four_threads(emulator: Emulator, together: Together) -> None:
    emulator.door("POST", "ratelimit", {"allowed": 12, "windowSeconds": 60})
    genesys = client(emulator, timeout_seconds=3600)  # one thread's wait may be added to another's here
    with ThreadPoolExecutor(PARALLEL) as threads:
        list(threads.map(lambda _: genesys.get(HOOKS), range(60)))
    assert statuses(emulator) == [200] * 60


def test_a_limit_that_outlasts_the_time_limit_is_an_error_that_says_so(emulator: Emulator, together: Together) -> None:
    emulator.door("POST", "ratelimit", {"allowed": 4, "windowSeconds": 60})
    genesys = client(emulator, timeout_seconds=20)
    genesys.get(HOOKS)
    with pytest.raises(
        RequestError, match=rf"^GET {HOOKS}: held back, as 1 of the 4 .*: raise genesys:timeoutSeconds$"
    ):
        genesys.get(HOOKS)
    assert (statuses(emulator), together) == ([200], [])


def test_tries_are_limited_as_configured(emulator: Emulator, waits: Waits) -> None:
    emulator.fault("GET", HOOKS, status=503, times=10)
    with pytest.raises(RequestError, match="503"):
        client(emulator, max_attempts=3).get(HOOKS)
    assert statuses(emulator) == [503] * 3
