"""A stage's throttle: one token bucket for each route."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from .inside import Json


@dataclass
class _Bucket:
    tokens: float
    at: float


class Throttle:
    """AWS's account-wide limit (10,000 a second) is not modelled, only what a stage sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def admits(self, api: str, stage: Json, route_key: str) -> bool:
        settings = {
            **(stage.get("defaultRouteSettings") or {}),
            **(stage.get("routeSettings") or {}).get(route_key, {}),
        }
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        if rate is None or burst is None:
            return True
        now = self._clock()
        bucket = self._buckets.setdefault((api, str(stage["stageName"]), route_key), _Bucket(float(burst), now))
        bucket.tokens = min(float(burst), bucket.tokens + (now - bucket.at) * float(rate))
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def clear(self) -> None:
        self._buckets.clear()
