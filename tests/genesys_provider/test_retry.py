import pulumi
import pytest

from genesys_provider.errors import GenesysError, RequestError
from genesys_provider.redaction import hide
from genesys_provider.retry import ATTEMPTS, retry, time_limit
from tests.support.provider import Waits


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
    assert retry(call) == "done"
    assert (call.calls, waits) == (1, [])


def test_it_waits_as_long_as_the_server_says(waits: Waits) -> None:
    assert retry(Flaky(passing(7), passing(2))) == "done"
    assert waits == [7, 2]


def test_without_a_word_from_the_server_it_waits_longer_each_time(waits: Waits) -> None:
    retry(Flaky(*[passing()] * 5))
    for number, wait in enumerate(waits):
        assert 0.5 * 2**number <= wait <= 0.5 * 2**number + 1


def test_it_gives_up_after_so_many_tries(waits: Waits) -> None:
    call = Flaky(*[passing()] * 100)
    with pytest.raises(RequestError, match="busy"):
        retry(call)
    assert call.calls == ATTEMPTS


@pytest.mark.parametrize("error", [RequestError("no"), GenesysError("no"), ValueError("no")])
def test_what_cannot_pass_is_not_tried_again(error: Exception, waits: Waits) -> None:
    call = Flaky(error)
    with pytest.raises(type(error)):
        retry(call)
    assert (call.calls, waits) == (1, [])


def test_a_wait_past_the_time_limit_is_not_begun(waits: Waits) -> None:
    with pytest.raises(RequestError), time_limit(30):
        retry(Flaky(passing(31)))
    assert waits == []


def test_all_tries_together_keep_the_time_limit(waits: Waits) -> None:
    with pytest.raises(RequestError), time_limit(30):
        retry(Flaky(*[passing(12)] * 10))
    assert waits == [12, 12]


def test_so_do_back_offs(waits: Waits) -> None:
    call = Flaky(*[passing()] * 100)
    with pytest.raises(RequestError), time_limit(5):
        retry(call)
    assert 2 < call.calls < ATTEMPTS
    assert sum(waits[:-1]) < 5


def test_a_limit_within_another_ends_no_later(waits: Waits) -> None:
    with pytest.raises(RequestError), time_limit(10), time_limit(1000):
        retry(Flaky(passing(11)))
    with time_limit(10):
        with time_limit(1):
            pass
        assert retry(Flaky(passing(9))) == "done", "the inner limit is over"


def test_a_wait_of_more_than_three_seconds_is_told(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", told.append)
    hide("hunter2")
    retry(Flaky(passing(3), RequestError("POST /a: 429 hunter2: Busy; do this", repeatable=True, wait=12)))
    assert told == ["POST /a: 429 [secret]: trying again in 12 s"]
