"""60 subscriptions where 30 calls a minute are allowed; the minute here is six seconds.

So there is a wait to be told, of over 3 s, even on a machine that needs 3 s for 27 calls.
"""

from collections import Counter
from pathlib import Path

import pytest

from genesys_provider.ratelimit import PARALLEL
from tests.support.project import Project, project

COUNT, ALLOWED, WINDOW_SECONDS = 60, 30, 6
PROGRAM = f"""
hook = webhook("hook")
for number in range({COUNT}):
    subscription(f"s{{number}}", hook.id)
"""


def up(it: Project, *, headers: bool) -> tuple[Counter[int], str]:
    """How often each status came in an `up` that succeeds, and what that said."""
    it.program(PROGRAM)
    it.emulator.door("POST", "ratelimit", {"allowed": ALLOWED, "windowSeconds": WINDOW_SECONDS, "headers": headers})
    text = it.pulumi("up")
    assert len(it.emulator.entities("subscription")) == COUNT
    return Counter(call["status"] for call in it.emulator.door("GET", "calls")), text


def test_with_rate_headers_it_holds_back_and_none_is_refused(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        statuses, text = up(it, headers=True)
        assert statuses == {200: 4, 201: 1 + COUNT}  # token, organisation, what is there of both kinds
        assert f"of the {ALLOWED} requests that the rate limit allows are used: trying again in " in text


@pytest.mark.full
def test_without_them_at_most_one_of_each_parallel_call_in_each_window(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        statuses, text = up(it, headers=False)
        assert statuses[201] == 1 + COUNT
        full_windows = (1 + COUNT) // ALLOWED
        assert 1 <= statuses[429] <= PARALLEL * full_windows
        assert "429" in text
        assert ": trying again in " in text
