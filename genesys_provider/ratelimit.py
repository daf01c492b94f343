"""Slows down before the platform's rate limit is reached, by what each answer tells of it."""

import threading
import time

from ._http import http
from .responses import retry_after
from .retry import pause

# So many threads has Pulumi's server of dynamic resources: so many requests may be counted before their answers tell.
PARALLEL = 4


class RateLimit:
    """The limit that all requests of one client share. Safe to use from several threads.

    Sources: `inin-ratelimit-count`, `-allowed`, `-reset` (whole seconds until the window ends) of every answer, and the
    wait that a 429 names.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._why = ""

    def before(self, method: str, path: str) -> None:
        """Wait until a request may be sent; RequestError when the time limit ends first."""
        while (held := self._held())[0] > 0:
            pause(held[0], f"{method} {path}", held[1])

    def after(self, response: http.Response) -> None:
        """Learn from an answer."""
        if response.status_code == 429:
            self._close(retry_after(response) or 0.0, "as another request met the rate limit")
            return
        told = [response.headers.get(f"inin-ratelimit-{name}", "") for name in ("count", "allowed", "reset")]
        if all(text.isdecimal() for text in told):
            count, allowed, reset = map(int, told)
            if allowed - count < PARALLEL:
                self._close(reset, f"as {count} of the {allowed} requests that the rate limit allows are used")

    def _held(self) -> tuple[float, str]:
        """For how many seconds still, and why."""
        with self._lock:
            return self._closed_until - time.monotonic(), self._why

    def _close(self, seconds: float, why: str) -> None:
        until = time.monotonic() + seconds
        with self._lock:
            if until > self._closed_until:
                self._closed_until, self._why = until, why
