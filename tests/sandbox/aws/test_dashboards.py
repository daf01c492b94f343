"""CloudWatch's dashboards: what AWS takes for a body."""

import json
from typing import Any

import pytest

from tests.support.aws_sandbox import Aws, refusal

TEXT = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": "# Hello"}}
METRIC: dict[str, Any] = {
    "type": "metric",
    "properties": {
        "region": "us-east-1",
        "title": "errors",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
            ["AWS/ApiGateway", "5xx", "ApiId", "a", {"id": "m1"}],
            [".", "4xx", ".", "."],
            ["GenesysEventBridge", "Events"],
            [{"expression": "m1 / 60", "label": "a second"}],
        ],
    },
}
LOG = {"type": "log", "properties": {"query": "SOURCE 'g' | fields @message", "region": "us-east-1"}}
STATE = {"type": "alarm", "properties": {"title": "alarms", "alarms": ["arn:aws:cloudwatch:us-east-1:0:alarm:a"]}}


@pytest.fixture
def cloudwatch(aws: Aws) -> Any:
    return aws.client("cloudwatch")


def properties(widget: dict[str, Any], **changes: Any) -> dict[str, Any]:
    changed = {**widget["properties"], **changes}
    return {**widget, "properties": {name: value for name, value in changed.items() if value is not None}}


def test_a_body_comes_back_as_it_was_put(cloudwatch: Any) -> None:
    body = json.dumps({"start": "-PT6H", "widgets": [TEXT, METRIC, LOG, STATE]}, indent=1)
    assert cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)["DashboardValidationMessages"] == []
    assert cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == body


@pytest.mark.parametrize("body", ["{", "[]", "text", ""])
def test_a_body_is_a_json_object(cloudwatch: Any, body: str) -> None:
    said = refusal(cloudwatch.put_dashboard, DashboardName="d", DashboardBody=body)
    assert said == "InvalidParameterInput: The field DashboardBody must be a valid JSON object"


@pytest.mark.parametrize(
    ("widgets", "path", "message"),
    [
        (None, "", "Should have required property 'widgets'"),
        ({}, "/widgets", "Should be array"),
        ([TEXT] * 501, "/widgets", "Should NOT have more than 500 items"),
        (["text"], "/widgets/0", "Should be object"),
        ([{"properties": {}}], "/widgets/0", "Should have required property 'type'"),
        ([{"type": "text"}], "/widgets/0", "Should have required property 'properties'"),
        ([{**TEXT, "type": "graph"}], "/widgets/0/type", "Should be equal to one of the allowed values"),
        ([{**TEXT, "properties": []}], "/widgets/0/properties", "Should be object"),
        ([{**TEXT, "width": 25}], "/widgets/0/width", "Should be <= 24"),
        ([{**TEXT, "height": 0}], "/widgets/0/height", "Should be >= 1"),
        ([{**TEXT, "x": 24}], "/widgets/0/x", "Should be <= 23"),
        ([{**TEXT, "y": 0.5}], "/widgets/0/y", "Should be integer"),
        ([TEXT, properties(TEXT, markdown=None)], "/widgets/1/properties", "Should have required property 'markdown'"),
        ([properties(TEXT, markdown=1)], "/widgets/0/properties/markdown", "Should be string"),
        ([properties(LOG, query=None)], "/widgets/0/properties", "Should have required property 'query'"),
        ([properties(STATE, alarms="a")], "/widgets/0/properties/alarms", "Should be array"),
        ([properties(METRIC, region=None)], "/widgets/0/properties", "Should have required property 'region'"),
        ([properties(METRIC, metrics=None)], "/widgets/0/properties", "Should have required property 'metrics'"),
        ([properties(METRIC, period="60")], "/widgets/0/properties/period", "Should be integer"),
        ([properties(METRIC, period=True)], "/widgets/0/properties/period", "Should be integer"),
        ([properties(METRIC, view="x")], "/widgets/0/properties/view", "Should be equal to one of the allowed values"),
        ([properties(METRIC, metrics=[])], "/widgets/0/properties/metrics", "Should NOT have less than 1 items"),
        ([properties(METRIC, metrics=["a"])], "/widgets/0/properties/metrics/0", "Should be array"),
        ([properties(METRIC, metrics=[["a"]])], "/widgets/0/properties/metrics/0", "Should NOT have less than 2 items"),
        (
            [properties(METRIC, metrics=[["a", "b", {"stat": "Sum"}, {"ApiId": "a"}]])],
            "/widgets/0/properties/metrics/0/2",
            'Invalid metric field type, only "String" type is allowed',
        ),
        (
            [properties(METRIC, metrics=[["a", "b", "ApiId"]])],
            "/widgets/0/properties/metrics/0",
            "Should have a value for each dimension",
        ),
    ],
)
def test_what_aws_refuses(cloudwatch: Any, widgets: Any, path: str, message: str) -> None:
    body = json.dumps({} if widgets is None else {"widgets": widgets})
    with pytest.raises(cloudwatch.exceptions.DashboardInvalidInputError) as caught:
        cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)
    head, _, found = caught.value.response["Error"]["Message"].partition(":\n")
    assert head.startswith("The dashboard body is invalid, there are ")
    assert {"dataPath": path, "message": message} in json.loads(found)
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_names(cloudwatch: Any) -> None:
    said = refusal(cloudwatch.put_dashboard, DashboardName="with.dot", DashboardBody='{"widgets": []}')
    assert said.startswith("InvalidParameterInput: The value with.dot for field DashboardName")


def test_a_dashboard_that_is_not_there(cloudwatch: Any) -> None:
    for call, names in (
        (cloudwatch.get_dashboard, {"DashboardName": "d"}),
        (cloudwatch.delete_dashboards, {"DashboardNames": ["d"]}),
    ):
        assert refusal(call, **names).startswith("ResourceNotFound: Dashboard d does not exist")
