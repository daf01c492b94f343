"""Metrics that AWS's services put into CloudWatch on behalf of the stack.

They come from threads of all kinds, and ministack's CloudWatch can't be read while it is written to: they are kept
here, added up by the minute, until somebody asks CloudWatch something. As AWS does, a point bears the start of its
minute.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from .inside import cloudwatch, responses

MINUTE = 60


class _Point(NamedTuple):
    account: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    minute: int
    value: float
    unit: str


class _Exact(dict[str, str]):
    """Dimensions to look for: none is a wish, too, which ministack takes for any."""

    def __bool__(self) -> bool:
        return True


_points: dict[_Point, int] = {}
_lock = threading.Lock()


def install() -> None:
    """Take the place of a function of ministack's, which finds all metrics of a name when asked for the one without
    dimensions."""
    dimensions = cloudwatch._dims_from_list

    def exact(listed: Any) -> _Exact:
        return _Exact(dimensions(listed))

    cloudwatch._dims_from_list = exact


def put(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str] | None = None,
    value: float = 1.0,
    unit: str = "Count",
    at: float | None = None,
) -> None:
    """One value, of the account and region in whose scope it is called; `at` in seconds since 1970, now by default."""
    moment = time.time() if at is None else at
    point = _Point(
        responses.get_account_id(),
        responses.get_region(),
        namespace,
        name,
        tuple(sorted((dimensions or {}).items())),
        int(moment // MINUTE) * MINUTE,
        float(value),
        unit,
    )
    with _lock:
        _points[point] = _points.get(point, 0) + 1


def deliver() -> None:
    """Hand over to CloudWatch what has come, in the thread in which CloudWatch is read."""
    with _lock:
        points = dict(_points)
        _points.clear()
    for point, count in points.items():
        dimensions = dict(point.dimensions)
        with responses.request_scope(point.account, point.region):
            cloudwatch._store_datum(
                point.namespace, point.name, dimensions, point.minute, point.unit, None, [point.value], [count], None
            )


def clear() -> None:
    with _lock:
        _points.clear()
