"""The test door: health, reset, what exists, and the call record."""

import json
from typing import Any

import httpx
import pytest

from tests.support.aws_sandbox import ACCOUNT, ROLE, Aws, make_api, make_function, make_role, make_tap

EVENTS = f"arn:aws:events:us-east-1:{ACCOUNT}"


def test_health_and_reset(aws: Aws) -> None:
    before = aws.door("GET", "health")
    assert before == {"service": "aws", "instance": before["instance"], "ready": True}
    make_function(aws)
    aws.client("events").create_event_bus(Name="b")
    aws.fault("events:PutEvents")
    assert aws.door("POST", "reset", {"instance": "the-next"})["instance"] == "the-next"
    assert aws.door("GET", "health")["instance"] == "the-next"
    assert not any(aws.door("GET", "aws/resources").values())
    assert aws.calls() == []
    assert aws.door("GET", "aws/faults") == []
    assert aws.door("POST", "reset", {})["instance"] not in ("", "the-next", before["instance"])


def test_what_exists(aws: Aws) -> None:
    events = aws.client("events")
    make_api(aws, make_function(aws))
    events.create_event_bus(Name="bus")
    make_tap(aws, "bus")
    connection = events.create_connection(
        Name="c",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}},
    )
    events.create_api_destination(
        Name="d",
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint="https://example.com",
        HttpMethod="POST",
    )
    aws.client("secretsmanager").create_secret(Name="s")
    aws.client("logs").create_log_group(logGroupName="g")
    metric = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    aws.client("logs").put_metric_filter(
        logGroupName="g", filterName="f", filterPattern="x", metricTransformations=[metric]
    )
    aws.client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        ComparisonOperator="LessThanThreshold",
        EvaluationPeriods=1,
        Threshold=1,
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
    )
    assert aws.door("GET", "aws/resources") == {
        "buses": ["bus"],
        "rules": ["tap"],
        "connections": ["c"],
        "destinations": ["d"],
        "archives": [],
        "roles": ["worker"],
        "functions": ["worker"],
        "mappings": [],
        "apis": ["api"],
        "queues": ["tap"],
        "secrets": ["s"],
        "logGroups": ["g"],
        "alarms": ["a"],
        "dashboards": ["d"],
        "metricFilters": ["f"],
        "partnerSources": [],
    }


@pytest.mark.parametrize(
    ("service", "call", "arguments", "operation", "resource"),
    [
        ("events", "create_event_bus", {"Name": "b"}, "events:CreateEventBus", f"{EVENTS}:event-bus/b"),
        ("events", "describe_event_bus", {}, "events:DescribeEventBus", f"{EVENTS}:event-bus/default"),
        (
            "events",
            "put_rule",
            {"Name": "r", "EventPattern": '{"source": ["a"]}'},
            "events:PutRule",
            f"{EVENTS}:rule/r",
        ),
        (
            "events",
            "list_targets_by_rule",
            {"Rule": "r", "EventBusName": "b"},
            "events:ListTargetsByRule",
            f"{EVENTS}:rule/b/r",
        ),
        ("events", "describe_connection", {"Name": "c"}, "events:DescribeConnection", f"{EVENTS}:connection/c"),
        (
            "events",
            "describe_api_destination",
            {"Name": "d"},
            "events:DescribeApiDestination",
            f"{EVENTS}:api-destination/d",
        ),
        (
            "sqs",
            "create_queue",
            {"QueueName": "q"},
            "sqs:CreateQueue",
            f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
        ),
        (
            "logs",
            "create_log_stream",
            {"logGroupName": "g", "logStreamName": "s"},
            "logs:CreateLogStream",
            f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g:log-stream:s",
        ),
        ("iam", "get_role", {"RoleName": "r"}, "iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/r"),
        ("lambda", "get_policy", {"FunctionName": "f"}, "lambda:GetPolicy", None),
        ("apigatewayv2", "get_api", {"ApiId": "a"}, "apigateway:GET", "arn:aws:apigateway:us-east-1::/apis/a"),
        ("sts", "get_caller_identity", {}, "sts:GetCallerIdentity", "*"),
    ],
)
def test_a_call_is_recorded_as_iam_names_it(
    aws: Aws, service: str, call: str, arguments: dict[str, str], operation: str, resource: str | None
) -> None:
    client = aws.client(service)
    try:
        status = getattr(client, call)(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except client.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    (recorded,) = aws.calls()
    resource = resource or f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    assert (recorded["n"], recorded["service"], recorded["operation"]) == (1, operation.partition(":")[0], operation)
    assert (recorded["principal"], recorded["resource"], recorded["status"]) == ("root", resource, status)


def test_a_secret_is_recorded_by_its_arn(aws: Aws) -> None:
    secrets = aws.client("secretsmanager")
    arn = secrets.create_secret(Name="s", SecretString="the-value")["ARN"]
    secrets.get_secret_value(SecretId="s")
    (call,) = aws.calls("secretsmanager:GetSecretValue")
    assert call["resource"] == arn


def test_put_events_is_recorded_for_each_bus(aws: Aws) -> None:
    aws.client("events").create_event_bus(Name="b")
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    aws.client("events").put_events(Entries=[entry, {**entry, "EventBusName": "b"}, entry])
    assert [call["resource"] for call in aws.calls("events:PutEvents")] == [
        f"{EVENTS}:event-bus/default",
        f"{EVENTS}:event-bus/b",
    ]


def test_a_user_is_recorded_by_name(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    headers = {
        "X-Amz-Target": "AWSEvents.ListEventBuses",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261124/us-east-1/events/aws4_request, SignedHeaders=x",
    }
    httpx.post(aws.url, content="{}", headers=headers)
    (call,) = aws.calls("events:ListEventBuses")
    assert call["principal"] == "ann"


def test_a_delivery_to_a_queue_is_recorded_on_behalf_of_its_rule(aws: Aws) -> None:
    aws.client("events").create_event_bus(Name="b")
    make_tap(aws, "b")
    aws.client("events").put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "b"}])
    (call,) = aws.calls("sqs:SendMessage")
    assert (call["principal"], call["source"]) == ("events.amazonaws.com", f"{EVENTS}:rule/b/tap")
    assert call["resource"] == f"arn:aws:sqs:us-east-1:{ACCOUNT}:tap"


def test_the_record_holds_nothing_secret(aws: Aws) -> None:
    aws.client("secretsmanager").create_secret(Name="s", SecretString="the-value")
    aws.client("events").put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": '{"phone": "the-value"}'}])
    make_role(aws)
    recorded = json.dumps(aws.calls())
    assert "the-value" not in recorded
    assert ROLE in recorded


def test_the_record_can_be_emptied(aws: Aws) -> None:
    aws.client("events").list_event_buses()
    aws.door("DELETE", "aws/calls")
    aws.client("events").list_rules()
    assert [(call["n"], call["operation"]) for call in aws.calls()] == [(1, "events:ListRules")]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("aws/secret-age", {"arn": "none", "seconds": 1}, "no secret none with a value"),
        ("aws/schedule", {"rule": "none"}, "no scheduled rule none on the default bus"),
    ],
)
def test_what_the_door_cannot_do_it_says(aws: Aws, path: str, body: dict[str, Any], message: str) -> None:
    answer = httpx.post(f"{aws.url}/_sandbox/{path}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"message": message})
