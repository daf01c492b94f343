"""The dashboard that is deployed: CloudWatch reads it, somebody writes each metric, each advice is in the run book."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ingress.answers import Answer
from ingress.authentication import Auth
from ingress.metrics import Drained, Metrics, Record
from tests.support.aws_metrics import documented
from tests.support.graph import CONFIG as WEBHOOK
from tests.support.graph import ENVIRON, PROJECT, REGION, ROOT, Graph, run

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
WHOLE = {
    f"{PROJECT}:tap": "true",
    f"{PROJECT}:forwardTo": json.dumps(["arn:aws:events:us-east-1:222222222222:event-bus/consumers"]),
}
PARTNER = {
    "genesys:region": "eu-central-1",
    f"{PROJECT}:delivery": "partner",
    f"{PROJECT}:topics": json.dumps(["v2.users.{id}.presence"]),
}
Series = tuple[str, str, frozenset[str]]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EVENTBRIDGE_URL", raising=False)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["webhook", "partner"])
def graph(_environment: None, request: pytest.FixtureRequest) -> Graph:
    return run(WHOLE, least=WEBHOOK if request.param == "webhook" else PARTNER)


def widgets(graph: Graph) -> list[dict[str, Any]]:
    body = json.loads(graph.one(DASHBOARD).inputs["dashboardBody"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


def shown(graph: Graph) -> Iterator[tuple[Series, dict[str, str]]]:
    """Each metric of the dashboard: namespace, name and its dimensions' names; and their values."""
    for widget in widgets(graph):
        for entry in widget["properties"].get("metrics", []):
            if isinstance(entry[0], str):
                namespace, name, *rest, _ = entry
                values = dict(zip(rest[::2], rest[1::2], strict=True))
                yield (namespace, name, frozenset(values)), values
            else:
                schema, terms = re.fullmatch(r"SEARCH\('\{(.*?)\} (.*)', 'Sum', 300\)", entry[0]["expression"]).groups()  # type: ignore[union-attr]
                namespace, *names = schema.split(",")
                values = dict(re.findall(r'(\w+)="([^"]*)"', terms))
                yield (namespace, values.pop("MetricName"), frozenset(names)), values


def emitted(capsys: pytest.CaptureFixture[str]) -> set[Series]:
    """What the ingress writes, by its own lines."""
    metrics = Metrics("GenesysEventBridge", "dev")
    record = Record("a-request", auth=Auth.PREVIOUS_SIGNATURE, parked=1)
    record.on_bus["v2.users.{id}.presence"] += 1
    metrics.tell(record, Answer.ACCEPTED, 0.1)
    drained = Drained(entries=[{"Detail": "{}"}], oldest=1.0)  # type: ignore[typeddict-item]
    drained.topics["v2.users.{id}.presence"] += 1
    metrics.tell_drained(drained, 0.1, now=2.0)
    found: set[Series] = set()
    for line in capsys.readouterr().out.splitlines():
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                found |= {
                    (directive["Namespace"], each["Name"], frozenset(dimensions)) for each in directive["Metrics"]
                }
    return found


def anchors() -> set[str]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_cloudwatch_can_read_it(graph: Graph) -> None:
    assert graph.one(DASHBOARD).inputs["dashboardName"] == graph.exports["dashboard"] == "genesys-dev"
    for widget in widgets(graph):
        assert widget["x"] + widget["width"] <= 24
        if widget["type"] == "metric":
            assert widget["properties"]["region"] == REGION
            assert widget["properties"]["metrics"]
        else:
            assert widget["type"] == "text"
            assert widget["properties"]["markdown"]


def test_no_two_widgets_lie_on_each_other(graph: Graph) -> None:
    cells = [
        (x, y)
        for widget in widgets(graph)
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))


def test_somebody_writes_every_metric(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    ours = emitted(capsys)
    filters = [each.inputs["metricTransformation"] for each in graph.of(FILTER)]
    ours |= {(each["namespace"], each["name"], frozenset[str]()) for each in filters}
    for series, _ in shown(graph):
        namespace, name, dimensions = series
        assert series in ours or documented(namespace, name, set(dimensions)), series


def test_somebody_writes_every_metric_of_the_alarms(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support.alarms import Alarm

    ours = emitted(capsys)
    for each in graph.of(ALARM):
        for key in Alarm(each.inputs).reads:
            dimensions = {name for name, _ in key.dimensions}
            series = (key.namespace, key.name, frozenset(dimensions))
            assert series in ours or documented(key.namespace, key.name, dimensions), key


def test_each_line_has_its_advice_and_each_advice_its_chapter(graph: Graph) -> None:
    rows: dict[int, list[str]] = {}
    for widget in widgets(graph):
        rows.setdefault(widget["y"], []).append(widget["type"])
    assert all(types == ["text", "metric"] for y, types in rows.items() if y), rows
    advised = [
        widget["properties"]["markdown"] for widget in widgets(graph) if widget["y"] and widget["type"] == "text"
    ]
    for markdown in advised:
        [anchor] = re.findall(r"`docs/operations\.md#([a-z-]+)`", markdown)
        assert anchor in anchors()


def test_each_alarm_has_its_chapter(graph: Graph) -> None:
    for each in graph.of(ALARM):
        [anchor] = re.findall(r"docs/operations\.md#([a-z-]+)$", each.inputs["alarmDescription"])
        assert anchor in anchors()


def test_the_series_are_this_stacks() -> None:
    found = dict(shown(run(WHOLE)))
    for (namespace, name, names), values in found.items():
        if "Stack" in names:
            assert values["Stack"] == "dev"
        if namespace == "GenesysEventBridge" and not names:
            assert name == "genesys-dev-throttled"
    assert (
        found["AWS/SQS", "ApproximateAgeOfOldestMessage", frozenset({"QueueName"})]["QueueName"]
        == "genesys-dev-parking"
    )
    assert found["AWS/ApiGateway", "5xx", frozenset({"ApiId"})]["ApiId"] == "id-of-ingress"


def test_what_no_metric_tells_is_said() -> None:
    [first] = [widget for widget in widgets(run()) if not widget["y"]]
    assert "`make verify STACK=dev`" in first["properties"]["markdown"]


def test_throttled_requests_are_counted_in_the_access_log() -> None:
    graph = run()
    found = graph.one(FILTER).inputs
    assert found["logGroupName"] == "/aws/vendedlogs/apigateway/genesys-dev"
    stage = graph.one("aws:apigatewayv2/stage:Stage").inputs
    status = json.loads(stage["accessLogSettings"]["format"])["status"]
    assert isinstance(status, str), "a number would have to be compared without the quotes"
    assert found["pattern"] == '{ $.status = "429" }'
    assert (found["metricTransformation"]["value"], found["metricTransformation"]["defaultValue"]) == ("1", "0")


def test_without_anything_to_watch_there_is_still_a_dashboard() -> None:
    graph = run({f"{PROJECT}:ingress": json.dumps({"url": "https://receiver.example.com"})})
    assert [widget["type"] for widget in widgets(graph)] == ["text"]
    assert graph.exports["alarms"] == []
