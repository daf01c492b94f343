"""CloudWatch's dashboards: PutDashboard reads the body by a schema, which ministack doesn't.

Here is of it what AWS documents of the structure ("Dashboard Body Structure and Syntax") for the widgets that show
metrics, alarms, logs and text; other types are taken as they are, and so are members that AWS doesn't know. Texts are
AWS's as far as they could be found, in the manner of the rest.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from .errors import AwsError
from .exchange import Answer, Handler, Request
from .inside import Json, cloudwatch

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TYPES = ("alarm", "custom", "explorer", "log", "metric", "text")
_MOST_WIDGETS = 500
_MOST_METRICS = 500
_GRID = {"x": (0, 23), "y": (0, None), "width": (1, 24), "height": (1, 1000)}
_REQUIRED = {"alarm": ("alarms",), "log": ("query", "region"), "metric": ("region",), "text": ("markdown",)}
_FIELDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "alarms": (list, "array"),
    "annotations": (dict, "object"),
    "markdown": (str, "string"),
    "metrics": (list, "array"),
    "period": (int, "integer"),
    "query": (str, "string"),
    "region": (str, "string"),
    "stacked": (bool, "boolean"),
    "stat": (str, "string"),
    "title": (str, "string"),
    "view": (str, "string"),
    "yAxis": (dict, "object"),
}
_VIEWS = ("bar", "gauge", "pie", "singleValue", "table", "timeSeries")

Wrong = tuple[str, str]
"""The path of what is wrong, and what."""


async def put_dashboard(request: Request) -> Answer:
    name, text = str(request.data.get("DashboardName") or ""), str(request.data.get("DashboardBody") or "")
    if not _NAME.fullmatch(name):
        raise _refused(f"The value {name} for field DashboardName contains invalid characters.")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _refused("The field DashboardBody must be a valid JSON object")
    if found := [{"dataPath": path, "message": message} for path, message in _wrong(body)]:
        many = f"{len(found)} validation error{'s' if len(found) > 1 else ''}"
        raise _refused(f"The dashboard body is invalid, there are {many}:\n{json.dumps(found, indent=2)}")
    return await request.forward()


async def delete_dashboards(request: Request) -> Answer:
    """AWS's code is another than ministack's."""
    names = request.data.get("DashboardNames") or []
    if missing := [name for name in names if name not in cloudwatch._dashboards]:
        raise AwsError("ResourceNotFound", f"Dashboard {', '.join(missing)} does not exist", 404)
    return await request.forward()


HANDLERS: dict[str, Handler] = {
    "cloudwatch:PutDashboard": put_dashboard,
    "cloudwatch:DeleteDashboards": delete_dashboards,
}


def _refused(text: str) -> AwsError:
    return AwsError("InvalidParameterInput", text)


def _wrong(body: Json) -> Iterator[Wrong]:
    widgets = body.get("widgets")
    if widgets is None:
        yield "", "Should have required property 'widgets'"
    elif not isinstance(widgets, list):
        yield "/widgets", "Should be array"
    elif len(widgets) > _MOST_WIDGETS:
        yield "/widgets", f"Should NOT have more than {_MOST_WIDGETS} items"
    else:
        for place, widget in enumerate(widgets):
            yield from _wrong_widget(widget, f"/widgets/{place}")


def _wrong_widget(widget: object, at: str) -> Iterator[Wrong]:
    if not isinstance(widget, dict):
        yield at, "Should be object"
        return
    for name in ("type", "properties"):
        if name not in widget:
            yield at, f"Should have required property '{name}'"
    for name, (least, most) in _GRID.items():
        if name in widget:
            yield from _wrong_number(widget[name], least, most, f"{at}/{name}")
    kind, properties = widget.get("type"), widget.get("properties")
    if "type" in widget and kind not in _TYPES:
        yield f"{at}/type", "Should be equal to one of the allowed values"
    elif "properties" in widget and not isinstance(properties, dict):
        yield f"{at}/properties", "Should be object"
    elif isinstance(properties, dict) and kind in _REQUIRED:
        yield from _wrong_properties(str(kind), properties, f"{at}/properties")


def _wrong_number(value: object, least: int, most: int | None, at: str) -> Iterator[Wrong]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield at, "Should be integer"
    elif value < least:
        yield at, f"Should be >= {least}"
    elif most is not None and value > most:
        yield at, f"Should be <= {most}"


def _wrong_properties(kind: str, properties: Json, at: str) -> Iterator[Wrong]:
    for name in _REQUIRED[kind]:
        if name not in properties:
            yield at, f"Should have required property '{name}'"
    if kind == "metric" and "metrics" not in properties and "annotations" not in properties:
        yield at, "Should have required property 'metrics'"
    for name, (shape, what) in _FIELDS.items():
        value = properties.get(name)
        if name in properties and (not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool)):
            yield f"{at}/{name}", f"Should be {what}"
    if kind == "metric" and properties.get("view", "timeSeries") not in _VIEWS:
        yield f"{at}/view", "Should be equal to one of the allowed values"
    if kind == "metric" and isinstance(metrics := properties.get("metrics"), list):
        if not 1 <= len(metrics) <= _MOST_METRICS:
            yield f"{at}/metrics", f"Should NOT have {'more' if metrics else 'less'} than {len(metrics) or 1} items"
        for place, metric in enumerate(metrics):
            yield from _wrong_metric(metric, f"{at}/metrics/{place}")


def _wrong_metric(metric: Any, at: str) -> Iterator[Wrong]:
    """`[namespace, name, dimension, value, …, {options}]`, or `[{"expression": …}]`."""
    if not isinstance(metric, list):
        yield at, "Should be array"
        yield (
            at,
            'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last'
            " element",
        )
        return
    names = metric[:-1] if metric and isinstance(metric[-1], dict) else metric
    for place, name in enumerate(names):
        if not isinstance(name, str):
            yield f"{at}/{place}", 'Invalid metric field type, only "String" type is allowed'
    expression = isinstance(metric[-1], dict) and "expression" in metric[-1] if metric else False
    if len(names) < 2 and not (expression and not names):
        yield at, "Should NOT have less than 2 items"
    elif len(names) % 2:
        yield at, "Should have a value for each dimension"
