"""EventBridge's own metrics, `AWS/Events`, with the dimensions that AWS's guide lists for each ("Monitoring Amazon
EventBridge", autumn 2026): of a rule, RuleName alone means the default bus, another bus is named as well.

Not put: latencies, ThrottledRules, and DeadLetterInvocations, which counts what would run in circles (here, as AWS
does today, a second forwarding fails: `bus_target`). Ours: that a scheduled rule, which matches no event, has no
MatchedEvents; that FailedEntriesCount is put when it is zero, too.
"""

from collections.abc import Mapping, Sequence

from . import metrics
from .inside import Json

NAMESPACE = "AWS/Events"
_NONE: Mapping[str, str] = {}


def ingested(source: str) -> None:
    """An event of a SaaS partner came."""
    _put("Events", {"EventSourceName": source})


def matched(bus: str, rules: Sequence[Json], source: str) -> None:
    """An event matched some rules of a bus; `source` is the partner's, if it is a partner's event."""
    if not rules:
        return
    _put("MatchedEvents", {"EventBusName": bus})
    if source:
        _put("MatchedEvents", {"EventSourceName": source})
    for rule in rules:
        _put("MatchedEvents", _of(rule))
        triggered(rule)


def triggered(rule: Json) -> None:
    _by_bus_and_rule("TriggeredRules", rule)


def created() -> None:
    """A target is to be invoked."""
    _put("InvocationsCreated", _NONE)


def attempted(rule: Json, *, again: bool, delivered: bool) -> None:
    _by_bus_and_rule("InvocationAttempts", rule)
    if again:
        _by_bus_and_rule("RetryInvocationAttempts", rule)
    if delivered:
        _by_bus_and_rule("SuccessfulInvocationAttempts", rule)


def invoked(rule: Json, *, delivered: bool) -> None:
    """It is over: the target has the event, or will not have it."""
    _put("Invocations", _NONE)
    _put("Invocations", _of(rule))
    if not delivered:
        _put("FailedInvocations", _of(rule))


def dead_lettered(rule: Json, *, sent: bool) -> None:
    _put("InvocationsSentToDlq" if sent else "InvocationsFailedToBeSentToDlq", _of(rule))


def put_events(*, entries: int, size: int, seconds: float, failed: bool, throttled: bool) -> None:
    """A call of PutEvents, whatever came of it."""
    outcome = "Throttled" if throttled else "Failed" if failed else "Success"
    _put("PutEventsApproximateCallCount", _NONE)
    _put(f"PutEventsApproximate{outcome}Count", _NONE)
    _put("PutEventsEntriesCount", _NONE, entries)
    metrics.put(NAMESPACE, "PutEventsRequestSize", _NONE, size, "Bytes")
    metrics.put(NAMESPACE, "PutEventsLatency", _NONE, seconds * 1000, "Milliseconds")


def failed_entries(count: int) -> None:
    _put("PutEventsFailedEntriesCount", _NONE, count)


def _of(rule: Json) -> dict[str, str]:
    bus = str(rule.get("EventBusName") or "default")
    return {"RuleName": str(rule["Name"])} | ({} if bus == "default" else {"EventBusName": bus})


def _by_bus_and_rule(name: str, rule: Json) -> None:
    _put(name, _NONE)
    _put(name, {"EventBusName": str(rule.get("EventBusName") or "default")})
    _put(name, _of(rule))


def _put(name: str, dimensions: Mapping[str, str], value: float = 1) -> None:
    metrics.put(NAMESPACE, name, dimensions, value)
