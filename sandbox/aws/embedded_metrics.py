"""Metrics in lines of a log, in CloudWatch's embedded metric format: what a function prints becomes metrics.

By AWS's specification of the format. It says what a document must be, and that what isn't one makes no metrics; that
one wrong directive leaves the others alone, and one wrong metric the rest of its directive, is ours.
"""

import time
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from . import metrics
from .filter_patterns import fields_of
from .inside import Json

_MOST_BYTES = 1024 * 1024
_MOST_METRICS = 100
_MOST_VALUES = 100
_MOST_DIMENSIONS = 30
_LARGEST = 2**360
_OLDEST = 14 * 86_400
_NEWEST = 2 * 3600


def read(lines: Sequence[str]) -> None:
    """Put the metrics that are in lines which have just come. Lambda may write something before the document."""
    for line in lines:
        start = line.find("{")
        if start < 0 or '"_aws"' not in line or len(line.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
            continue
        document = fields_of(line[start:])
        if document is not None and isinstance(document.get("_aws"), dict):
            _read(document, document["_aws"])


def _read(document: Json, about: Json) -> None:
    stamp, directives = about.get("Timestamp"), about.get("CloudWatchMetrics")
    if not _is_number(stamp) or not isinstance(directives, list):
        return
    at = stamp / 1000
    if not -_OLDEST <= at - time.time() <= _NEWEST:
        return
    for directive in directives:
        if isinstance(directive, dict) and (sets := _dimensions(document, directive)) is not None:
            for name, unit, value in _values(document, directive):
                for dimensions in sets:
                    metrics.put(directive["Namespace"], name, dimensions, value, unit, at)


def _dimensions(document: Json, directive: Json) -> list[dict[str, str]] | None:
    """Each set of dimensions, with its values; None if the directive is wrong."""
    namespace, sets = directive.get("Namespace"), directive.get("Dimensions")
    if not isinstance(namespace, str) or not 1 <= len(namespace) <= 1024 or not isinstance(sets, list):
        return None
    found = []
    for names in sets:
        if not isinstance(names, list) or len(names) > _MOST_DIMENSIONS or not all(isinstance(n, str) for n in names):
            return None
        values = {name: value for name in names if isinstance(value := document.get(name), str) and value}
        if len(values) < len(set(names)):
            return None
        found.append(values)
    return found


def _values(document: Json, directive: Json) -> Iterator[tuple[str, str, float]]:
    """Name, unit and value of each point."""
    definitions = directive.get("Metrics")
    if not isinstance(definitions, list) or len(definitions) > _MOST_METRICS:
        return
    for definition in definitions:
        if not isinstance(definition, dict) or not isinstance(name := definition.get("Name"), str):
            continue
        given = document.get(name)
        values = given if isinstance(given, list) else [given]
        numbers = [value for value in values if _is_number(value)]
        if len(numbers) == len(values) <= _MOST_VALUES:
            for number in numbers:
                yield name, str(definition.get("Unit") or "None"), number


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST
