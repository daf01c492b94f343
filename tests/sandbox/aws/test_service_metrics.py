"""Metrics of queues, HTTP APIs and functions, and those that a function prints, read as anybody reads them."""

import json
import time
from typing import Any

import httpx
import pytest

from sandbox.aws import embedded_metrics
from tests.support.aws_sandbox import ACCOUNT, Aws, make_api, make_function, metric
from tests.support.waiting import until

OURS = "Ours"


def statistic(aws: Aws, namespace: str, name: str, kind: str, **dimensions: str) -> float:
    now = time.time()
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - 3600,
        EndTime=now + 60,
        Period=3600 * 24,
        Statistics=[kind],
    )["Datapoints"]
    return float(max(point[kind] for point in found))


# --- queues


def test_a_queue_tells_how_much_is_in_it_and_how_old_it_is(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert statistic(aws, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName="q") == 0
    assert statistic(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName="q") == 0
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)
    assert statistic(aws, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName="q") == 2
    assert statistic(aws, "AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "Maximum", QueueName="q") == 1

    def age() -> float:
        return statistic(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName="q")

    until(lambda: age() >= 1, "the message is a second old")


def test_in_a_dead_letter_queue_the_age_counts_anew(aws: Aws) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead", "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sent = time.time()
    until(lambda: time.time() - sent > 1.1, "the message is a second old")
    sqs.receive_message(QueueUrl=url)
    sqs.receive_message(QueueUrl=url)
    assert (
        sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"]
        == "1"
    )
    assert statistic(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName="dead") == 0


def test_a_message_that_nobody_can_handle_has_no_age(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sent = time.time()
    until(lambda: time.time() - sent > 1.1, "the message is a second old")
    for _ in range(2):
        sqs.receive_message(QueueUrl=url)
    assert statistic(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName="q") >= 1
    sqs.receive_message(QueueUrl=url)
    assert statistic(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Minimum", QueueName="q") == 0
    assert statistic(aws, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Minimum", QueueName="q") == 1


# --- HTTP APIs and functions

SOMETIMES = """
def handle(event, context):
    if event["body"] == "raise":
        raise RuntimeError("oops")
    return {"statusCode": int(event["body"])}
"""


def post(url: str, body: str = "200") -> int:
    return httpx.post(url, content=body, headers={"Content-Type": "text/plain"}, timeout=30).status_code


def test_an_api_counts_its_requests_and_errors(aws: Aws) -> None:
    settings = {"DefaultRouteSettings": {"ThrottlingRateLimit": 100.0, "ThrottlingBurstLimit": 100}}
    api = make_api(aws, make_function(aws, SOMETIMES), stage=settings)
    answers = [post(api.url, body) for body in ("200", "403", "503", "raise")]
    answers.append(post(f"{api.url}/other"))
    assert answers == [200, 403, 503, 500, 404]
    for dimensions in ({"ApiId": api.id}, {"ApiId": api.id, "Stage": "$default"}):
        assert metric(aws, "Count", namespace="AWS/ApiGateway", **dimensions) == 5
        assert metric(aws, "4xx", namespace="AWS/ApiGateway", **dimensions) == 2
        assert metric(aws, "5xx", namespace="AWS/ApiGateway", **dimensions) == 2
        assert metric(aws, "Latency", namespace="AWS/ApiGateway", **dimensions) > 0
        assert metric(aws, "IntegrationLatency", namespace="AWS/ApiGateway", **dimensions) > 0
        assert metric(aws, "5XXError", namespace="AWS/ApiGateway", **dimensions) == 0
    assert statistic(aws, "AWS/ApiGateway", "4xx", "Average", ApiId=api.id) == 0.4
    route = {"ApiId": api.id, "Stage": "$default", "Route": "POST /genesys"}
    assert metric(aws, "Count", namespace="AWS/ApiGateway", **route) == 0
    assert metric(aws, "Invocations", namespace="AWS/Lambda", FunctionName="worker") == 4
    assert metric(aws, "Errors", namespace="AWS/Lambda", FunctionName="worker") == 1
    assert metric(aws, "Duration", namespace="AWS/Lambda", FunctionName="worker") > 0


def test_a_route_counts_where_the_stage_wants_details(aws: Aws) -> None:
    api = make_api(aws, make_function(aws, SOMETIMES), stage={"DefaultRouteSettings": {"DetailedMetricsEnabled": True}})
    assert post(api.url) == 200
    route = {"ApiId": api.id, "Stage": "$default", "Route": "POST /genesys"}
    assert metric(aws, "Count", namespace="AWS/ApiGateway", **route) == 1


def test_a_throttled_function_was_not_invoked(aws: Aws) -> None:
    functions = aws.client("lambda")
    make_function(aws)
    functions.invoke(FunctionName="worker")
    functions.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName="worker")
    assert metric(aws, "Invocations", namespace="AWS/Lambda", FunctionName="worker") == 1
    assert metric(aws, "Throttles", namespace="AWS/Lambda", FunctionName="worker") == 1
    assert metric(aws, "Errors", namespace="AWS/Lambda", FunctionName="worker") == 0


def test_a_filter_on_the_access_log_counts_throttles(aws: Aws) -> None:
    """HTTP APIs have no metric of them."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="access")
    logs.put_metric_filter(
        logGroupName="access",
        filterName="throttled",
        filterPattern='{ $.status = "429" }',
        metricTransformations=[{"metricName": "Throttled", "metricNamespace": OURS, "metricValue": "1"}],
    )
    stage = {
        "DefaultRouteSettings": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1},
        "AccessLogSettings": {
            "DestinationArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:access",
            "Format": '{"status": "$context.status"}',
        },
    }
    api = make_api(aws, make_function(aws), stage=stage)
    assert [post(api.url) for _ in range(3)] == [200, 429, 429]
    assert metric(aws, "Throttled", namespace=OURS) == 2


# --- embedded metric format


def document(**changes: Any) -> dict[str, Any]:
    directive = {
        "Namespace": OURS,
        "Dimensions": [["Stack"], ["Stack", "Reason"]],
        "Metrics": [{"Name": "Accepted", "Unit": "Count"}, {"Name": "Milliseconds", "Unit": "Milliseconds"}],
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{**directive, **changes.pop("directive", {})}]}
    values = {"Stack": "prod", "Reason": "stale", "Accepted": 2, "Milliseconds": [1, 2.5]}
    return {"_aws": {**about, **changes.pop("aws", {})}, **values, **changes}


def test_what_a_function_prints_becomes_metrics(aws: Aws) -> None:
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/worker")
    lines = [json.dumps(document()), "plain text", '{"other": "json"}', json.dumps(document(Accepted=3, Reason="size"))]
    code = "\n".join(["def handle(event, context):", *(f"    print({line!r})" for line in lines)])
    make_function(aws, code)
    aws.client("lambda").invoke(FunctionName="worker", Payload=b"{}")
    assert metric(aws, "Accepted", namespace=OURS, Stack="prod") == 5
    assert metric(aws, "Accepted", namespace=OURS, Stack="prod", Reason="stale") == 2
    assert metric(aws, "Accepted", namespace=OURS, Stack="prod", Reason="size") == 3
    assert metric(aws, "Milliseconds", namespace=OURS, Stack="prod") == 7
    assert metric(aws, "Accepted", namespace=OURS) == 0
    assert metric(aws, "Accepted", namespace=OURS, Reason="stale") == 0


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str], float]]:
    points: list[tuple[str, dict[str, str], float]] = []

    def put(_: str, name: str, dimensions: dict[str, str], value: float, *__: object) -> None:
        points.append((name, dimensions, value))

    monkeypatch.setattr("sandbox.aws.metrics.put", put)
    return points


def test_without_dimensions(seen: list[Any]) -> None:
    embedded_metrics.read([json.dumps(document(directive={"Dimensions": [[]]}))])
    assert seen == [("Accepted", {}, 2), ("Milliseconds", {}, 1), ("Milliseconds", {}, 2.5)]


@pytest.mark.parametrize(
    "changes",
    [
        {"aws": {"Timestamp": None}},
        {"aws": {"Timestamp": "now"}},
        {"aws": {"Timestamp": 1}},
        {"aws": {"CloudWatchMetrics": 5}},
        {"aws": {"Timestamp": 10**400}},
        {"Accepted": 10**400, "Milliseconds": [float("nan"), float("inf")]},
        {"directive": {"Namespace": ""}},
        {"directive": {"Namespace": None}},
        {"directive": {"Dimensions": ["Stack"]}},
        {"directive": {"Dimensions": None}},
        {"directive": {"Dimensions": [["Absent"]]}},
        {"directive": {"Metrics": None}},
        {"directive": {"Metrics": ["Accepted"]}},
        {"directive": {"Metrics": [{"Name": "Absent"}]}},
        {"Stack": 5},
        {"Stack": ""},
        {"Accepted": "2", "Milliseconds": [1] * 101},
        {"Accepted": True, "Milliseconds": [1, "2"]},
    ],
)
def test_what_is_no_document_makes_no_metric(seen: list[Any], changes: dict[str, Any]) -> None:
    embedded_metrics.read([json.dumps(document(**changes))])
    assert seen == []


@pytest.mark.parametrize(
    "line", ["", "{", '{"_aws": 1}', '["_aws"]', json.dumps(json.dumps(document())), '{"_aws": ' * 99999]
)
def test_nor_does_another_line(seen: list[Any], line: str) -> None:
    embedded_metrics.read([line])
    assert seen == []
