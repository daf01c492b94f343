"""What AWS's services put into CloudWatch by themselves, read as anybody reads it."""

import pytest

from tests.support.aws_sandbox import Aws, metric

ENTRY = {"Source": "s", "DetailType": "t", "Detail": "{}"}


def test_calls_of_put_events(aws: Aws) -> None:
    events = aws.client("events")
    events.put_events(Entries=[ENTRY, {**ENTRY, "Detail": "no JSON"}])
    aws.fault("events:PutEvents", code="ThrottlingException")
    aws.fault("events:PutEvents", code="InternalFailure", status=500)
    for _ in range(2):
        with pytest.raises(events.exceptions.ClientError):
            events.put_events(Entries=[ENTRY])
    assert metric(aws, "PutEventsApproximateCallCount") == 3
    assert metric(aws, "PutEventsApproximateSuccessCount") == 1
    assert metric(aws, "PutEventsApproximateThrottledCount") == 1
    assert metric(aws, "PutEventsApproximateFailedCount") == 1
    assert metric(aws, "PutEventsEntriesCount") == 4
    assert metric(aws, "PutEventsFailedEntriesCount") == 1
    assert metric(aws, "PutEventsRequestSize") == len("st{}" + "stno JSON" + "st{}" + "st{}")
    assert metric(aws, "PutEventsLatency") > 0


def test_those_without_dimensions_are_found_alone(aws: Aws) -> None:
    data = [
        {"MetricName": "Parked", "Value": 1.0},
        {"MetricName": "Parked", "Value": 10.0, "Dimensions": [{"Name": "Stack", "Value": "s"}]},
    ]
    aws.client("cloudwatch").put_metric_data(Namespace="Ours", MetricData=data)
    assert metric(aws, "Parked", namespace="Ours") == 1
    assert metric(aws, "Parked", namespace="Ours", Stack="s") == 10


def test_a_reset_forgets_them(aws: Aws) -> None:
    aws.client("events").put_events(Entries=[ENTRY])
    aws.door("POST", "reset", {})
    assert metric(aws, "PutEventsEntriesCount") == 0
