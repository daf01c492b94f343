"""The one way in which tests wait: for a condition, with a limit."""

import time
from collections.abc import Callable
from typing import Any

# Long enough for a machine that is twice as busy as ours: who waits for so long has failed.
PATIENCE = 90.0


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What the condition says as soon as it says something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)
    return found
