"""A stage's token bucket."""

from typing import Any

from sandbox.aws.throttle import Throttle

STAGE: dict[str, Any] = {
    "stageName": "$default",
    "defaultRouteSettings": {"throttlingRateLimit": 2.0, "throttlingBurstLimit": 3},
    "routeSettings": {"GET /other": {"throttlingBurstLimit": 1}},
}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(throttle: Throttle, times: int, route: str = "POST /genesys", stage: dict[str, Any] = STAGE) -> int:
    return sum(throttle.admits("api", stage, route) for _ in range(times))


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert admitted(throttle, 10) == 3
    clock.now += 1
    assert admitted(throttle, 10) == 2
    clock.now += 3600
    assert admitted(throttle, 10) == 3  # it fills up to the burst, not further


def test_each_route_has_its_own_with_its_own_settings() -> None:
    throttle = Throttle(Clock())
    assert admitted(throttle, 10) == 3
    assert admitted(throttle, 10, "GET /other") == 1


def test_without_settings_all_pass() -> None:
    assert admitted(Throttle(Clock()), 10, stage={"stageName": "$default"}) == 10
