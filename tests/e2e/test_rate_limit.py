"""60 subscriptions where 30 calls a minute are allowed; the minute here is two seconds."""

from collections import Counter
from pathlib import Path

from genesys_provider.ratelimit import PARALLEL
from tests.support.project import Project, project

COUNT, ALLOWED, WINDOW_SECONDS = 60, 30, 2
PROGRAM = f"""
hook = webhook("hook")
for number in range({COUNT}):
    subscription(f"s{{number}}", hook.id)
"""


def calls_of_an_up(it: Project, *, headers: bool) -> list[int]:
    """The statuses of the calls of an `up` that succeeds."""
    it.program(PROGRAM)
    it.emulator.door("POST", "ratelimit", {"allowed": ALLOWED, "windowSeconds": WINDOW_SECONDS, "headers": headers})
    it.pulumi("up")
    assert len(it.emulator.entities("subscription")) == COUNT
    return [call["status"] for call in it.emulator.door("GET", "calls")]


def test_with_rate_headers_none_is_refused(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        assert Counter(calls_of_an_up(it, headers=True)) == {200: 1, 201: 1 + COUNT}


def test_without_them_at_most_one_of_each_parallel_call_in_each_window(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        statuses = Counter(calls_of_an_up(it, headers=False))
        assert statuses[201] == 1 + COUNT
        full_windows = (1 + COUNT) // ALLOWED
        assert 1 <= statuses[429] <= PARALLEL * full_windows
