"""Evaluates an alarm as CloudWatch does, by its guide: an alarm's real definition against metrics that a test makes up.

"Configuring how CloudWatch alarms treat missing data" in AWS's CloudWatch User Guide has two tables, which
tests/eventbridge/test_alarms.py holds this against. How many points CloudWatch looks back beyond the alarm's periods is
not documented but for those (two of three); `EXTRA` is theirs.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXTRA = 2
Points = Sequence[float | None]
"""One per period, the newest last; None is missing."""


@dataclass(frozen=True)
class Key:
    """A time series: with another set of dimensions it is another one."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, **dimensions: str) -> "Key":
        return cls(namespace, name, frozenset(dimensions.items()))


class Alarm:
    """`inputs` are those of an aws:cloudwatch/metricAlarm:MetricAlarm."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = inputs
        self.periods = int(inputs["evaluationPeriods"])
        self.datapoints = int(inputs.get("datapointsToAlarm") or self.periods)
        queries = inputs.get("metricQueries") or [
            {"id": "m1", "metric": {**inputs, "stat": inputs["statistic"]}, "returnData": True}
        ]
        self._metrics = {query["id"]: query["metric"] for query in queries if query.get("metric")}
        [watched] = [query for query in queries if query.get("returnData")]
        self._expression = str(watched.get("expression") or watched["id"])
        [self.period] = {int(metric["period"]) for metric in self._metrics.values()}
        if len(self._metrics) > 10:
            raise AssertionError("CloudWatch takes ten metrics in an alarm")
        limit = 604_800 if self.period >= 3600 else 86_400
        if self.period * self.periods > limit or self.period % 60:
            raise AssertionError(f"CloudWatch takes no {self.periods} periods of {self.period} s")

    @property
    def reads(self) -> dict[Key, str]:
        """The series it looks at, with their statistics."""
        return {
            Key.of(metric["namespace"], metric["metricName"], **metric["dimensions"]): metric["stat"]
            for metric in self._metrics.values()
        }

    def state(self, series: Mapping[Key, Points], before: str = "OK", fills_nothing: bool = True) -> str:
        """OK, ALARM or INSUFFICIENT_DATA, when these were the last points. What is not given is missing.

        Whether FILL has something to fill where no point ever came is not documented: `fills_nothing` is either.
        """
        length = self.periods + EXTRA
        ids = dict(zip(self._metrics, self.reads, strict=True))
        known = {id_: latest(series.get(key, ()), length) for id_, key in ids.items()}
        tree = ast.parse(self._expression, mode="eval").body
        points = list(evaluated(tree, known, fills_nothing))
        return self.judged([None if point is None else self._breaching(point) for point in points], before)

    def judged(self, points: Sequence[bool | None], before: str = "OK") -> str:
        """By which points of the evaluation range are beyond the threshold; None is missing."""
        real = [point for point in points if point is not None]
        if len(real) >= self.periods:
            return "ALARM" if real[-self.periods :].count(True) >= self.datapoints else "OK"
        filled = self.periods - len(real)
        match self._inputs.get("treatMissingData") or "missing":
            case "breaching":
                return "ALARM" if real.count(True) + filled >= self.datapoints else "OK"
            case "notBreaching":
                return "ALARM" if real.count(True) >= self.datapoints else "OK"
            case treatment:
                if real.count(True) >= self.datapoints:
                    return "ALARM"
                if False in real:
                    return "OK"
                if treatment == "ignore":
                    return before
                # Breaching points alone, and too few: the oldest of them has to be so old that all could have been.
                oldest = list(points).index(True) if real else len(points)
                return "ALARM" if len(points) - oldest >= self.datapoints else "INSUFFICIENT_DATA"

    def _breaching(self, point: float) -> bool:
        threshold = float(self._inputs["threshold"])
        return {
            "LessThanThreshold": point < threshold,
            "LessThanOrEqualToThreshold": point <= threshold,
            "GreaterThanThreshold": point > threshold,
            "GreaterThanOrEqualToThreshold": point >= threshold,
        }[str(self._inputs["comparisonOperator"])]


def latest(points: Points, length: int) -> list[float | None]:
    padded = [*[None] * length, *points]
    return padded[-length:]


def evaluated(tree: ast.expr, known: Mapping[str, Points], fills_nothing: bool) -> Points:
    """Metric math, as much of it as the alarms use."""
    match tree:
        case ast.Name(id=name):
            return known[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[series, ast.Constant(value=int(value))]):
            points = evaluated(series, known, fills_nothing)
            if fills_nothing and not any(point is not None for point in points):
                return points
            return [value if point is None else point for point in points]
        case ast.Call(func=ast.Name(id="SUM" | "MAX" as name), args=[ast.List(elts=each)]):
            columns = zip(*(evaluated(series, known, fills_nothing) for series in each), strict=True)
            there = [[point for point in column if point is not None] for column in columns]
            return [(sum(points) if name == "SUM" else max(points)) if points else None for points in there]
    raise AssertionError(f"this evaluator knows no {ast.unparse(tree)}")
