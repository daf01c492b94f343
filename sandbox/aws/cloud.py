"""What the sandbox keeps of its own beside ministack's state, and how all of it is forgotten."""

from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from . import mappings, metrics
from .archives import Archives
from .authorization import Authorization
from .calls import Calls
from .delivery import Deliveries
from .environment import ACCOUNT, REGION
from .faults import Faults
from .inside import (
    apigateway,
    cloudwatch,
    cloudwatch_logs,
    eventbridge,
    iam,
    lambda_svc,
    responses,
    secretsmanager,
    sqs,
)
from .replays import Replays
from .sources import Sources
from .throttle import Throttle


@dataclass
class Cloud:
    instance: str
    ministack: ASGIApp
    authorization: Authorization = field(default_factory=Authorization)
    calls: Calls = field(default_factory=Calls)
    faults: Faults = field(default_factory=Faults)
    throttle: Throttle = field(default_factory=Throttle)
    sources: Sources = field(default_factory=Sources)
    archives: Archives = field(default_factory=Archives)
    replays: Replays = field(init=False)
    deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self.replays = Replays(self.archives)
        self.deliveries = Deliveries(self.calls, self.authorization)

    async def reset(self, instance: str) -> None:
        """As if started anew, as `instance`."""
        self.replays.clear()
        self.deliveries.stop()
        await self._reset_ministack()
        self.calls.clear()
        self.authorization.refusals.clear()
        metrics.clear()
        self.faults.clear()
        self.deliveries.faults.clear()
        self.throttle.clear()
        self.sources.clear()
        self.archives.clear()
        self.deliveries.scale = Deliveries.SCALE
        self.instance = instance

    async def _reset_ministack(self) -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": "/_ministack/reset", "query_string": b"", "headers": []}
        await self.ministack(scope, receive, send)


def what_exists(sources: Sources) -> dict[str, list[str]]:
    """Names by kind: all empty when nothing is left. The default bus always exists. `partnerSources` are what
    partners offer the customer, all else is its own."""
    with responses.request_scope(ACCOUNT, REGION):
        return {
            "buses": sorted(name for name in eventbridge._event_buses if name != "default"),
            "rules": sorted(rule["Name"] for rule in eventbridge._rules.values()),
            "connections": sorted(eventbridge._connections),
            "destinations": sorted(eventbridge._api_destinations),
            "archives": sorted(eventbridge._archives),
            "roles": sorted(iam._roles),
            "functions": sorted(lambda_svc._functions),
            "mappings": mappings.names(),
            "apis": sorted(api["name"] for api in apigateway._apis.values()),
            "queues": sorted(url.rpartition("/")[2] for url in sqs._queues),
            "secrets": sorted(secretsmanager._secrets),
            "logGroups": sorted(cloudwatch_logs._log_groups),
            "alarms": sorted(cloudwatch._alarms),
            "dashboards": sorted(cloudwatch._dashboards),
            "metricFilters": sorted(name for _, name in cloudwatch_logs._metric_filters),
            "partnerSources": [source.name for source in sources.shown(ACCOUNT, REGION)],
        }
