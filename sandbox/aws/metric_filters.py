"""Metric filters of log groups: what PutMetricFilter refuses, and the metrics that come of the lines.

Texts are AWS's as far as they could be found. Ours: that a line in which a field of a dimension is missing puts
nothing, and that the default value is put once for all lines that come together and don't match.
"""

import math
import re
from collections.abc import Sequence

from . import filter_patterns, metrics
from .errors import AwsError
from .exchange import Answer, Handler, Request
from .inside import Json, cloudwatch_logs

_NAME = re.compile(r"[^:*]{1,512}")
_METRIC = re.compile(r"[^:*$]{1,255}")
_LONGEST_PATTERN = 1024
_MOST_DIMENSIONS = 3
_MOST_FILTERS = 100


async def put_metric_filter(request: Request) -> Answer:
    data = request.data
    group = str(data.get("logGroupName") or "")
    if group not in cloudwatch_logs._log_groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    name, pattern = str(data.get("filterName") or ""), str(data.get("filterPattern") or "")
    if not _NAME.fullmatch(name):
        raise _wrong(
            f"1 validation error detected: Value '{name}' at 'filterName' failed to satisfy constraint: Member must"
            " satisfy regular expression pattern: [^:*]*"
        )
    if len(pattern) > _LONGEST_PATTERN:
        raise _wrong(
            "1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have"
            f" length less than or equal to {_LONGEST_PATTERN}"
        )
    try:
        filter_patterns.compiled(pattern)
    except ValueError as error:
        raise _wrong(str(error)) from None
    transformations = data.get("metricTransformations") or []
    if len(transformations) != 1:
        raise _wrong(
            "1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must"
            " have length 1"
        )
    _check(transformations[0], pattern)
    others = [key for key in cloudwatch_logs._metric_filters if key[0] == group and key[1] != name]
    if len(others) >= _MOST_FILTERS:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    return await request.forward()


async def put_log_events(request: Request) -> Answer:
    answer = await request.forward()
    if answer.ok:
        for event in request.data.get("logEvents") or []:
            read(str(request.data["logGroupName"]), [str(event["message"])], event["timestamp"] / 1000)
    return answer


HANDLERS: dict[str, Handler] = {
    "logs:PutMetricFilter": put_metric_filter,
    "logs:PutLogEvents": put_log_events,
}


def read(group: str, lines: Sequence[str], at: float | None = None) -> None:
    """Put what the group's filters make of lines that have just come."""
    for each in list(cloudwatch_logs._metric_filters.values()):
        if each["logGroupName"] == group:
            _apply(each["filterPattern"], each["metricTransformations"][0], lines, at)


def _apply(pattern: str, transformation: Json, lines: Sequence[str], at: float | None) -> None:
    matches = filter_patterns.compiled(pattern)
    namespace, name = transformation["metricNamespace"], transformation["metricName"]
    unit = transformation.get("unit") or "None"
    matched = [line for line in lines if matches(line)]
    for line in matched:
        fields = filter_patterns.fields_of(line) or {}
        wanted = transformation.get("dimensions") or {}
        dimensions = {key: filter_patterns.selected(fields, selector) for key, selector in wanted.items()}
        value = _value(str(transformation["metricValue"]), fields)
        if value is not None and all(isinstance(each, str | int) for each in dimensions.values()):
            metrics.put(namespace, name, {key: str(each) for key, each in dimensions.items()}, value, unit, at)
    if not matched and lines and transformation.get("defaultValue") is not None:
        metrics.put(namespace, name, {}, float(transformation["defaultValue"]), unit, at)


def _value(text: str, fields: Json) -> float | None:
    value = filter_patterns.selected(fields, text) if filter_patterns.is_selector(text) else text
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _check(transformation: Json, pattern: str) -> None:
    for member in ("metricName", "metricNamespace"):
        if not _METRIC.fullmatch(str(transformation.get(member) or "")):
            raise _wrong(
                f"1 validation error detected: Value '{transformation.get(member)}' at 'metricTransformations.1.member"
                f".{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*$]*"
            )
    value = str(transformation.get("metricValue") or "")
    if not filter_patterns.is_selector(value) and _value(value, {}) is None:
        raise _wrong(f"Invalid metric transformation: metric value {value} must be a valid number")
    dimensions = transformation.get("dimensions") or {}
    if dimensions and transformation.get("defaultValue") is not None:
        raise _wrong("Invalid metric transformation: dimensions and default value are mutually exclusive properties")
    if dimensions and not pattern.strip().startswith("{"):
        raise _wrong("The specified filter pattern does not support dimensions")
    if len(dimensions) > _MOST_DIMENSIONS:
        raise _wrong(f"Invalid metric transformation: at most {_MOST_DIMENSIONS} dimensions are allowed")  # ours
    if not all(filter_patterns.is_selector(str(each)) for each in dimensions.values()):
        raise _wrong("Invalid metric transformation: dimension value must be valid selector")


def _wrong(text: str) -> AwsError:
    return AwsError("InvalidParameterException", text)
