"""The dashboard: a row for each thing to look at, with what to do beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .component import Base, Component
from .metrics import Metric

PERIOD = 300
TEXT_WIDTH, GRAPH_WIDTH, HEIGHT = 8, 16, 5
DOCS = "docs/operations.md"


@dataclass(frozen=True, kw_only=True)
class Search:
    """A metric by every value that its last dimension has."""

    metric: Metric
    by: str


@dataclass(frozen=True, kw_only=True)
class Line:
    title: str
    anchor: str
    """Its heading in docs/operations.md."""
    do: str
    """What to do, in one or two sentences."""
    metrics: Sequence[Metric | Search]


@dataclass(kw_only=True)
class DashboardArgs:
    base: Base
    region: pulumi.Input[str]
    lines: Sequence[Line]
    elsewhere: str
    """What no metric tells, and where to see it."""


class Dashboard(Component):
    dashboard_name: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args.base.prefix,
            dashboard_body=pulumi.Output.json_dumps(body(args.lines, args.elsewhere, args.region)),
            opts=self.child(),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"dashboardName": self.dashboard_name})


def body(lines: Sequence[Line], elsewhere: str, region: pulumi.Input[str]) -> dict[str, object]:
    """As CloudWatch's "Dashboard body structure and syntax" has it."""
    widgets = [text(0, 0, TEXT_WIDTH + GRAPH_WIDTH, 2, elsewhere)]
    for number, line in enumerate(lines):
        y = 2 + number * HEIGHT
        widgets.append(text(0, y, TEXT_WIDTH, HEIGHT, f"### {line.title}\n{line.do}\n\n`{DOCS}#{line.anchor}`"))
        widgets.append(graph(TEXT_WIDTH, y, line, region))
    return {"start": "-PT24H", "widgets": widgets}


def text(x: int, y: int, width: int, height: int, markdown: str) -> dict[str, object]:
    return {"type": "text", "x": x, "y": y, "width": width, "height": height, "properties": {"markdown": markdown}}


def graph(x: int, y: int, line: Line, region: pulumi.Input[str]) -> dict[str, object]:
    properties = {
        "title": line.title,
        "region": region,
        "period": PERIOD,
        "metrics": [searched(each) if isinstance(each, Search) else one(each) for each in line.metrics],
    }
    return {"type": "metric", "x": x, "y": y, "width": GRAPH_WIDTH, "height": HEIGHT, "properties": properties}


def one(metric: Metric) -> list[object]:
    dimensions = [each for pair in metric.dimensions.items() for each in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic}]


def searched(search: Search) -> list[object]:
    metric = search.metric
    schema = ",".join([metric.namespace, *metric.dimensions, search.by])
    terms = " ".join(f'{name}="{value}"' for name, value in {"MetricName": metric.name, **metric.dimensions}.items())
    return [{"expression": f"SEARCH('{{{schema}}} {terms}', '{metric.statistic}', {PERIOD})", "id": "e1", "label": ""}]
