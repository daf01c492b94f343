"""Metric filters: what AWS refuses, and what becomes of log lines."""

import json
import time
from typing import Any

import pytest

from sandbox.aws.filter_patterns import compiled
from tests.support.aws_sandbox import Aws, metric, refusal

METRIC = {"metricName": "m", "metricNamespace": "Ours", "metricValue": "1"}


@pytest.fixture
def logs(aws: Aws) -> Any:
    client = aws.client("logs")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    return client


def put(logs: Any, pattern: str = '{ $.status = "429" }', name: str = "f", group: str = "g", **more: Any) -> None:
    logs.put_metric_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[{**METRIC, **more}]
    )


def write(logs: Any, *messages: object) -> None:
    lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"group": "gone"}, "ResourceNotFoundException: The specified log group does not exist."),
        ({"name": "a:b"}, "InvalidParameterException: 1 validation error detected: Value 'a:b' at 'filterName'"),
        ({"pattern": "{ $.status = }"}, "InvalidParameterException: Invalid filter pattern"),
        ({"pattern": "{ $.status = 1"}, "InvalidParameterException: Invalid filter pattern"),
        ({"pattern": "{ $.status == 1 }"}, "InvalidParameterException: Invalid filter pattern"),
        ({"pattern": "{ status = 1 }"}, "InvalidParameterException: Invalid filter pattern"),
        ({"pattern": '{ ($.a = "b" }'}, "InvalidParameterException: Invalid filter pattern"),
        ({"pattern": "{ $.a < b }"}, "InvalidParameterException: Invalid filter pattern"),
        ({"pattern": "[ip, user]"}, "InvalidParameterException: Invalid filter pattern: the sandbox knows"),
        ({"pattern": "x" * 1025}, "InvalidParameterException: 1 validation error detected: Value at 'filterPattern'"),
        ({"metricName": "a$b"}, "InvalidParameterException: 1 validation error detected: Value 'a$b' at 'metricTransf"),
        ({"metricValue": "nan"}, "InvalidParameterException: Invalid metric transformation: metric value nan must be"),
        ({"metricValue": "one"}, "InvalidParameterException: Invalid metric transformation: metric value one must be"),
        (
            {"dimensions": {"Route": "$.route"}, "defaultValue": 0.0},
            "InvalidParameterException: Invalid metric transformation: dimensions and default value are mutually",
        ),
        (
            {"dimensions": {"Route": "POST /genesys"}},
            "InvalidParameterException: Invalid metric transformation: dimension value must be valid selector",
        ),
        (
            {"dimensions": {"Route": "$.route"}, "pattern": "ERROR"},
            "InvalidParameterException: The specified filter pattern does not support dimensions",
        ),
        ({"dimensions": {f"d{n}": "$.d" for n in range(4)}}, "InvalidParameterException: Invalid metric transform"),
    ],
)
def test_what_aws_refuses(logs: Any, more: dict[str, Any], text: str) -> None:
    assert refusal(put, logs=logs, **more).startswith(text)
    assert logs.describe_metric_filters(logGroupName="g")["metricFilters"] == []


def test_a_line_that_matches_counts(aws: Aws, logs: Any) -> None:
    put(logs)
    write(logs, {"status": "429"}, {"status": "200"}, {"status": "429"}, "no JSON 429")
    assert metric(aws, "m", namespace="Ours") == 2


def test_a_field_is_the_value_and_others_the_dimensions(aws: Aws, logs: Any) -> None:
    put(logs, "{ $.ms > 0 }", metricValue="$.ms", dimensions={"Route": "$.route"})
    write(
        logs,
        {"ms": 3, "route": "a"},
        {"ms": 4.5, "route": "a"},
        {"ms": 5, "route": "b"},
        {"ms": 6},
        {"ms": 10**400, "route": "b"},
    )
    assert metric(aws, "m", namespace="Ours", Route="a") == 7.5
    assert metric(aws, "m", namespace="Ours", Route="b") == 5
    assert metric(aws, "m", namespace="Ours") == 0


def test_where_nothing_matches_the_default_is_put(aws: Aws, logs: Any) -> None:
    put(logs, defaultValue=0.25)
    write(logs, {"status": "200"})
    assert metric(aws, "m", namespace="Ours") == 0.25
    write(logs, {"status": "429"})
    assert metric(aws, "m", namespace="Ours") == 1.25


def test_a_filter_that_is_gone_counts_no_more(aws: Aws, logs: Any) -> None:
    put(logs)
    logs.delete_metric_filter(logGroupName="g", filterName="f")
    write(logs, {"status": "429"})
    assert metric(aws, "m", namespace="Ours") == 0


LINE = json.dumps({"status": 429, "text": "429", "ok": False, "none": None, "a": {"b-c": [1, {"d": "x.y"}]}})


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ("{ $.status = 429 }", True),
        ("{ $.status = 4.29e2 }", True),
        ("{$.status=429}", True),
        ('{ $.status = "429" }', False),
        ('{ $.text = "429" }', True),
        ("{ $.text = 429 }", False),
        ("{ $.text = 4* }", True),
        ('{ $.text != "5*" }', True),
        ("{ $.status != 429 }", False),
        ("{ $.status >= 429 && $.status < 430 }", True),
        ("{ $.status > 429 || $.ok IS FALSE }", True),
        ("{ ($.status > 429 || $.ok IS TRUE) && $.text = * }", False),
        ("{ $.none IS NULL }", True),
        ("{ $.ok IS NULL }", False),
        ("{ $.gone NOT EXISTS }", True),
        ("{ $.none NOT EXISTS }", False),
        ("{ $.gone != 1 }", False),
        ("{ $.a.b-c[0] = 1 }", True),
        ('{ $.a.b-c[1].d = "x.y" }', True),
        ('{ $.["a"].b-c[1].d = "x.*" }', True),
        ("{ $.a.b-c[7] = 1 }", False),
        ("status none", True),
        ("status absent", False),
        ("status -none", False),
        ("?absent ?none", True),
        ('"\\"ok\\": false"', True),
    ],
)
def test_patterns(pattern: str, matches: bool) -> None:
    assert compiled(pattern)(LINE) is matches
