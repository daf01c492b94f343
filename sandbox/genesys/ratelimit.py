"""How many requests a token may make: a fixed window that begins with its first request."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from .oauth import Token

DEFAULT_ALLOWED, DEFAULT_WINDOW_SECONDS = 300, 60


@dataclass(frozen=True)
class Usage:
    """`reset` is in seconds from now, as the platform tells it."""

    count: int
    allowed: int
    reset: int
    refused: bool
    told: bool

    def headers(self) -> dict[str, str]:
        if not self.told:
            return {}
        return {
            "inin-ratelimit-count": str(self.count),
            "inin-ratelimit-allowed": str(self.allowed),
            "inin-ratelimit-reset": str(self.reset),
        }


class RateLimit:
    """`allowed` requests in `window_seconds`, for each token; `told` in each answer's headers, or only by a 429."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}  # of a token: when its window ends, requests in it
        self.reset()

    def reset(self) -> None:
        self.set(DEFAULT_ALLOWED, DEFAULT_WINDOW_SECONDS, told=True)

    def set(self, allowed: int, window_seconds: int, told: bool) -> None:
        self.allowed, self.window_seconds, self.told = allowed, window_seconds, told
        self._windows.clear()

    def count(self, token: Token | None) -> Usage:
        """Count one request. One without a token isn't limited; whether the platform does is unknown."""
        if token is None:
            return Usage(0, self.allowed, self.window_seconds, refused=False, told=self.told)
        now = self._clock()
        ends, count = self._windows.get(token.key, (0.0, 0))
        if now >= ends:
            ends, count = now + self.window_seconds, 0
        refused = count >= self.allowed
        count += not refused  # whether a refused request counts too is unknown
        self._windows[token.key] = (ends, count)
        return Usage(count, self.allowed, math.ceil(ends - now), refused, self.told)
