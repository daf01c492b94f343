"""CloudWatch's alarms and metrics, where AWS refuses or answers what ministack doesn't.

An alarm by metric math is kept as it was given; ministack evaluates alarms by one metric only. Texts are AWS's as far
as they could be found; those marked `ours` could not.
"""

import re

from .errors import AwsError
from .exchange import Answer, Handler, Request
from .inside import Json, cloudwatch

_DAY = 86_400
_WEEK = 7 * _DAY
_HOUR = 3600
_PERIODS = (10, 20, 30)
_MATH_PERIODS = (1, 5, *_PERIODS)
_QUERIES = 20
_OF_A_KIND = 10
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_LONGEST_NAME = 255
_MOST_ACTIONS = 5
_MOST_DIMENSIONS = 30
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_EXTENDED = re.compile(
    r"(p|tm|wm|tc|ts)(\d{1,2}(\.\d+)?|100)|IQM|(TM|WM|PR|TC|TS)\((\d+(\.\d+)?%?)?:(\d+(\.\d+)?%?)?\)"
)
_ENUMS = {
    "comparisonOperator": (
        "GreaterThanOrEqualToThreshold",
        "GreaterThanThreshold",
        "LessThanThreshold",
        "LessThanOrEqualToThreshold",
        "LessThanLowerOrGreaterThanUpperThreshold",
        "LessThanLowerThreshold",
        "GreaterThanUpperThreshold",
    ),
    "statistic": _STATISTICS,
}


async def put_metric_alarm(request: Request) -> Answer:
    """Described afterwards as AWS does: with what was given, not with what ministack takes for granted."""
    data = request.data
    _check(data)
    answer = await request.forward()
    if answer.ok:
        alarm = cloudwatch._alarms[data["AlarmName"]]
        for member in ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile"):
            if member in data:
                alarm[member] = data[member]
        for member in (*_OF_ONE_METRIC, "Threshold", "AlarmDescription"):
            if data.get(member) is None:
                alarm.pop(member, None)
        if "MetricName" in data:
            alarm.setdefault("Dimensions", [])
    return answer


async def delete_alarms(request: Request) -> Answer:
    """A name that there isn't is passed over among others, and refused alone."""
    names = request.data.get("AlarmNames") or []
    if names and not any(name in cloudwatch._alarms or name in cloudwatch._composite_alarms for name in names):
        raise AwsError("ResourceNotFound", f"Alarm {names[0]} does not exist", 404)  # ours
    return await request.forward()


async def get_metric_data(request: Request) -> Answer:
    """Of some time: not of none, and not backwards."""
    start, end = request.data.get("StartTime", 0), request.data.get("EndTime", 0)  # ministack refuses one that lacks
    if start == end:
        raise _wrong("The parameter StartTime must not equal parameter EndTime.")
    if start > end:
        raise _wrong("The parameter StartTime must be less than the parameter EndTime.")
    return await request.forward()


HANDLERS: dict[str, Handler] = {
    "cloudwatch:GetMetricData": get_metric_data,
    "cloudwatch:PutMetricAlarm": put_metric_alarm,
    "cloudwatch:DeleteAlarms": delete_alarms,
}


def _check(data: Json) -> None:
    name = str(data.get("AlarmName") or "")
    if not 1 <= len(name) <= _LONGEST_NAME:
        bound = f"less than or equal to {_LONGEST_NAME}" if name else "greater than or equal to 1"
        raise _unsatisfied(name, "alarmName", f"Member must have length {bound}")
    for member, allowed in _ENUMS.items():
        value = data.get(member[0].upper() + member[1:])
        if value is not None and value not in allowed:
            raise _unsatisfied(value, member, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    if len(data.get("Dimensions") or []) > _MOST_DIMENSIONS:
        raise _wrong(f"No more than {_MOST_DIMENSIONS} dimensions are allowed.")  # ours
    for member in _ACTIONS:
        if len(data.get(member) or []) > _MOST_ACTIONS:
            at = member[0].lower() + member[1:]
            raise _unsatisfied("[…]", at, f"Member must have length less than or equal to {_MOST_ACTIONS}")
    _check_evaluation(data, _of_queries(data) if "Metrics" in data else _of_one_metric(data))


def _of_one_metric(data: Json) -> int:
    """The period."""
    for member in ("MetricName", "Namespace", "Period"):
        if data.get(member) is None:
            raise _wrong(f"{member} must not be null")
    if (data.get("Statistic") is None) == (data.get("ExtendedStatistic") is None):
        raise _wrong("Exactly one of Statistic and ExtendedStatistic must be set")  # ours
    if (statistic := data.get("ExtendedStatistic")) is not None and not _EXTENDED.fullmatch(str(statistic)):
        raise _wrong(f"The value {statistic} for parameter ExtendedStatistic is not supported.")
    if not _is_period(data["Period"], _PERIODS):
        raise _wrong("Period must be 10, 20, 30 or a multiple of 60")
    return int(data["Period"])


def _of_queries(data: Json) -> int:
    """The longest period."""
    for member in _OF_ONE_METRIC:
        if data.get(member) is not None:
            raise _wrong(f"{member} should not be set if list of Metrics is set.")
    queries = data["Metrics"] or []
    ids = [str(query.get("Id")) for query in queries]
    stats = [query["MetricStat"] for query in queries if query.get("MetricStat")]
    expressions = [query["Expression"] for query in queries if query.get("Expression")]
    if len(stats) > _OF_A_KIND or len(expressions) > _OF_A_KIND or not 1 <= len(queries) <= _QUERIES:
        raise _wrong("Invalid metrics list")
    for query in queries:
        if query.get("MetricStat") and query.get("Expression"):
            raise _wrong(
                "The parameters MetricDataQuery Expression and MetricStat are mutually exclusive and you have"
                " specified both."
            )
        if not query.get("MetricStat") and not query.get("Expression"):
            raise _wrong("Invalid metrics list")
    if len(set(ids)) < len(ids) or not all(_ID.fullmatch(each) for each in ids):
        raise _wrong("Invalid metrics list")
    for stat in stats:
        known = stat.get("Stat") in _STATISTICS or _EXTENDED.fullmatch(str(stat.get("Stat")))
        if not known or not (stat.get("Metric") or {}).get("MetricName"):
            raise _wrong("Invalid metrics list")
    for expression in expressions:
        _check_expression(str(expression), ids)
    # The threshold of an anomaly alarm is a series of its own.
    returned = sum(query.get("ReturnData", True) is not False for query in queries)
    if data.get("ThresholdMetricId"):
        if returned != 2:
            raise _wrong("Exactly two elements of the metrics list should return data.")
    elif returned != 1:
        raise _wrong("Exactly one element of the metrics list should return data.")
    periods = [stat.get("Period") for stat in stats] + [query["Period"] for query in queries if query.get("Period")]
    if not periods:
        raise _wrong("Period must not be null")
    if not all(_is_period(period, _MATH_PERIODS) for period in periods):
        raise _wrong("Period must be 1, 5, 10, 20, 30 or a multiple of 60")  # ours
    return max(map(int, periods))


_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\b[a-z][A-Za-z0-9_]*\b")


def _check_expression(expression: str, ids: list[str]) -> None:
    """Each name in it is an id of the list. Functions are in capitals, a query in SQL is let through."""
    if expression.lstrip().upper().startswith("SELECT"):
        return
    for word in _WORD.findall(expression):
        if word[0] not in "\"'" and word not in ids:
            raise _wrong(f"Error in expression '{expression}': Undefined variable {word}")  # ours


def _check_evaluation(data: Json, period: int) -> None:
    for member in ("ComparisonOperator", "EvaluationPeriods"):
        if data.get(member) is None:
            raise _wrong(f"{member} must not be null")
    if data.get("Threshold") is not None and data.get("ThresholdMetricId"):
        raise _wrong("Threshold and ThresholdMetricId cannot both be set")
    if data.get("Threshold") is None and not data.get("ThresholdMetricId"):
        raise _wrong("Threshold must not be null")  # ours
    periods = int(data["EvaluationPeriods"])
    if periods < 1:
        raise _unsatisfied(periods, "evaluationPeriods", "Member must have value greater than or equal to 1")
    if int(data.get("DatapointsToAlarm") or 1) > periods:
        raise _wrong("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if period < _HOUR and period * periods > _DAY:
        raise _wrong(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for alarms"
            " using period < 3600"
        )
    if period * periods > _WEEK:
        raise _wrong(
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) for"
            " alarms using period >= 3600"
        )
    missing = data.get("TreatMissingData", "missing")
    if missing not in ("breaching", "notBreaching", "ignore", "missing"):
        raise _wrong(f"The value {missing} for parameter TreatMissingData is not supported.")  # ours


def _is_period(period: object, short: tuple[int, ...]) -> bool:
    return isinstance(period, int) and (period in short or (period > 0 and period % 60 == 0))


def _wrong(text: str) -> AwsError:
    return AwsError("ValidationError", text)


def _unsatisfied(value: object, at: str, constraint: str) -> AwsError:
    return _wrong(f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}")
