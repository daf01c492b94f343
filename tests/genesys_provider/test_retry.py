from concurrent.futures import Future, ThreadPoolExecutor

import pulumi
import pytest

from genesys_provider.errors import GenesysError, RequestError
from genesys_provider.redaction import hide
from genesys_provider.retry import Turn, jitter, pause, poll, retry, time_limit
from tests.genesys_provider.conftest import set_clock
from tests.support.provider import Exact, Waits
from tests.support.turns import Watched

ATTEMPTS = 8


class Flaky:
    """Fails as told, then answers "done"."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


def passing(wait: float | None = None) -> RequestError:
    return RequestError("busy", repeatable=True, wait=wait)


def test_what_succeeds_is_called_once(waits: Waits) -> None:
    call = Flaky()
    assert retry(call, ATTEMPTS) == "done"
    assert (call.calls, waits) == (1, [])


def test_it_waits_as_long_as_the_server_says(waits: Waits) -> None:
    assert retry(Flaky(passing(7), passing(2)), ATTEMPTS) == "done"
    assert waits == [7, 2]


def test_without_a_word_from_the_server_it_waits_up_to_twice_as_long_each_time(waits: Waits) -> None:
    for _ in range(300):
        retry(Flaky(*[passing()] * 7), ATTEMPTS)
    for number, longest in enumerate((0.5, 1, 2, 4, 8, 10, 10)):
        of_this_try = waits[number::7]
        assert 0 <= min(of_this_try) < longest / 10
        assert longest * 0.9 < max(of_this_try) <= longest, "full jitter: from nothing to all"


def test_to_wait_for_nothing_is_no_word(waits: Waits) -> None:
    """All tries would be used up at once."""
    with pytest.raises(RequestError):
        retry(Flaky(*[passing(0)] * ATTEMPTS), ATTEMPTS)
    assert len(waits) == ATTEMPTS - 1
    assert 0 not in waits


def test_chance_repeats_with_its_seed(waits: Waits) -> None:
    for _ in range(2):
        jitter.seed(1)
        retry(Flaky(*[passing()] * 7), ATTEMPTS)
    assert waits[:7] == waits[7:]


def test_it_gives_up_after_so_many_tries(waits: Waits) -> None:
    call = Flaky(*[passing()] * 100)
    with pytest.raises(RequestError, match="busy"):
        retry(call, ATTEMPTS)
    assert call.calls == ATTEMPTS


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_the_number_of_tries_is_the_callers(attempts: int, waits: Waits) -> None:
    call = Flaky(*[passing(1)] * 100)
    with pytest.raises(RequestError, match="busy"):
        retry(call, attempts)
    assert call.calls == attempts
    assert waits == [1] * (attempts - 1)


@pytest.mark.parametrize("error", [RequestError("no"), GenesysError("no"), ValueError("no")])
def test_what_cannot_pass_is_not_tried_again(error: Exception, waits: Waits) -> None:
    call = Flaky(error)
    with pytest.raises(type(error)):
        retry(call, ATTEMPTS)
    assert (call.calls, waits) == (1, [])


def test_a_wait_past_the_time_limit_is_not_begun(waits: Waits) -> None:
    with pytest.raises(RequestError), time_limit(30):
        retry(Flaky(passing(31)), ATTEMPTS)
    assert waits == []


def test_all_tries_together_keep_the_time_limit(waits: Waits) -> None:
    with pytest.raises(RequestError), time_limit(30):
        retry(Flaky(*[passing(12)] * 10), ATTEMPTS)
    assert waits == [12, 12]


def test_no_other_limit_ends_it(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    """stamina's own is 45 seconds."""
    monkeypatch.setattr("tenacity.time", waits)
    with time_limit(120):
        assert retry(Flaky(*[passing(50)] * 2), ATTEMPTS) == "done"


def test_so_do_back_offs(waits: Waits) -> None:
    call = Flaky(*[passing()] * 1000)
    with pytest.raises(RequestError), time_limit(5):
        retry(call, 1000)
    assert call.calls > 1
    assert sum(waits) < 5


def test_a_limit_within_another_ends_no_later(waits: Waits) -> None:
    with pytest.raises(RequestError), time_limit(10), time_limit(1000):
        retry(Flaky(passing(11)), ATTEMPTS)
    with time_limit(10):
        with time_limit(1):
            pass
        assert retry(Flaky(passing(9)), ATTEMPTS) == "done", "the inner limit is over"


def test_a_wait_of_more_than_three_seconds_is_told(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", told.append)
    hide("hunter2")
    retry(Flaky(passing(3), RequestError("POST /a: 429 hunter2: Busy; do this", repeatable=True, wait=12)), ATTEMPTS)
    assert told == ["POST /a: 429 [secret]: trying again in 12 s"]


def test_holding_back_is_told_and_limited_as_any_wait(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", told.append)
    with time_limit(30):
        pause(3, "GET /a", "as it is so")
        pause(26.9, "GET /a", "as it is so")
        with pytest.raises(RequestError, match=r"^GET /a: held back, as it is so: raise genesys:timeoutSeconds$"):
            pause(0.2, "GET /a", "as it is so")
    assert waits == [3, 26.9]
    assert told == ["GET /a: held back, as it is so: trying again in 27 s"]


class Inside:
    """What one thread does for all: it ends when it is told how."""

    def __init__(self) -> None:
        self.turn = Turn("GET /a")
        self.queue = Watched()
        self.turn._lock = self.queue  # type: ignore[assignment]
        self.calls = 0
        self.end: Future[None] = Future()

    def __call__(self) -> None:
        with self.turn.taken():
            self.calls += 1
            self.end.result(10)


@pytest.fixture
def inside() -> Inside:
    return Inside()


def test_who_waited_while_the_one_inside_failed_fails_like_it(inside: Inside) -> None:
    """Behind a host that hangs, each would else take as long again."""
    with ThreadPoolExecutor(4) as threads:
        results = [threads.submit(inside) for _ in range(4)]
        inside.queue.until_there_are(4)
        inside.end.set_exception(passing(7))
        for result in results:
            with pytest.raises(RequestError, match="busy") as failed:
                result.result(10)
            assert (failed.value.repeatable, failed.value.wait) == (True, 7)
    assert inside.calls == 1
    inside.end = Future()
    inside.end.set_result(None)
    inside()
    assert inside.calls == 2, "who comes later tries anew"


def test_who_waited_while_the_one_inside_succeeded_goes_in(inside: Inside) -> None:
    inside.end.set_exception(passing())
    with pytest.raises(RequestError):
        inside()
    inside.end = Future()
    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(inside) for _ in range(2)]
        inside.queue.until_there_are(3)
        inside.end.set_result(None)
        for result in results:
            result.result(10)
    assert inside.calls == 3


def test_waiting_for_the_one_inside_keeps_the_time_limit(inside: Inside) -> None:
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(inside)
        inside.queue.until_there_are(1)
        for seconds in (0.05, 0, -1):
            with (
                pytest.raises(
                    RequestError, match=r"^GET /a: held back, as it was not .*: raise genesys:timeoutSeconds$"
                ),
                time_limit(seconds),
            ):
                inside()
        inside.end.set_result(None)
        first.result(10)
    assert inside.calls == 1
    assert inside.queue.timeouts[1:] == pytest.approx([0.05, 0, 0], abs=0.01)


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> Exact:
    return set_clock(monkeypatch, Exact())


class Looks:
    """What is seen is how often was looked; it is never looked for ever."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        assert self.count < 100
        return self.count


def test_it_looks_until_it_is_done_after_ever_longer_waits(exact: Exact) -> None:
    assert poll(Looks(), lambda seen: seen == 6, 60, str) == 6
    assert exact == [0.25, 0.5, 1, 2, 2]
    exact.clear()
    assert poll(Looks(), lambda _: True, 60, str) == 1
    assert exact == []


def test_what_is_looked_for_is_told_after_a_while_and_then_every_ten_seconds(
    exact: Exact, capsys: pytest.CaptureFixture[str]
) -> None:
    hide("a-secret")
    exact.append(1000)
    assert poll(Looks(), lambda _: False, 20, lambda seen: f"look {seen} for a-secret") == 14
    assert sum(exact) == 1020, "the last wait is no longer than what is left"
    assert capsys.readouterr().err == "info: look 5 for [secret] (4 s)\ninfo: look 10 for [secret] (14 s)\n"


def test_looking_keeps_the_time_limit_around_it(exact: Exact) -> None:
    with time_limit(3.75):
        assert poll(Looks(), lambda _: False, 60, str) == 4
    assert exact == [0.25, 0.5, 1], "no use in waiting to its end: nothing could be sent then"
