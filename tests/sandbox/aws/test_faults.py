"""Faults on order: errors, partial failures and hanging calls."""

import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from tests.support.aws_sandbox import Aws, refusal


def entries(numbers: range) -> list[dict[str, Any]]:
    return [{"Source": "s", "DetailType": "t", "Detail": f'{{"n": {number}}}'} for number in numbers]


def test_an_error_comes_as_often_as_ordered_instead_of_the_work(aws: Aws) -> None:
    aws.fault("events:CreateEventBus", code="ThrottlingException", message="Rate exceeded", times=2)
    events = aws.client("events")
    for _ in range(2):
        assert refusal(events.create_event_bus, Name="b") == "ThrottlingException: Rate exceeded"
    assert aws.door("GET", "aws/resources")["buses"] == []
    events.create_event_bus(Name="b")
    assert [call["status"] for call in aws.calls("events:CreateEventBus")] == [400, 400, 200]


@pytest.mark.parametrize(
    ("service", "operation", "call"),
    [
        ("iam", "iam:CreateRole", lambda iam: (iam.create_role, {"RoleName": "r", "AssumeRolePolicyDocument": "{}"})),
        ("lambda", "lambda:InvokeFunction", lambda client: (client.invoke, {"FunctionName": "f"})),
        ("sqs", "sqs:CreateQueue", lambda sqs: (sqs.create_queue, {"QueueName": "q"})),
        ("logs", "logs:CreateLogGroup", lambda logs: (logs.create_log_group, {"logGroupName": "g"})),
        ("apigatewayv2", "apigateway:POST", lambda api: (api.create_api, {"Name": "a", "ProtocolType": "HTTP"})),
        ("secretsmanager", "secretsmanager:GetSecretValue", lambda s: (s.get_secret_value, {"SecretId": "s"})),
    ],
)
def test_in_the_protocol_of_the_service(aws: Aws, service: str, operation: str, call: Any) -> None:
    aws.fault(operation, code="ServiceUnavailable", message="<later> & more", status=503)
    function, arguments = call(aws.client(service))
    assert refusal(function, **arguments) == "ServiceUnavailable: <later> & more"


def test_after_the_work_the_answer_is_lost(aws: Aws) -> None:
    aws.fault("events:CreateEventBus", code="InternalFailure", status=500, when="after")
    refusal(aws.client("events").create_event_bus, Name="b")
    assert aws.door("GET", "aws/resources")["buses"] == ["b"]


def test_for_one_principal_only(aws: Aws) -> None:
    aws.fault("events:CreateEventBus", principal="somebody")
    aws.client("events").create_event_bus(Name="b")
    assert len(aws.door("GET", "aws/faults")) == 1


def test_entries_fail_by_their_number_over_all_batches_and_again_when_sent_again(aws: Aws) -> None:
    aws.fault("events:PutEvents", kind="partial", entries=[2, 16], times=2, code="InternalFailure")
    put = aws.client("events").put_events
    batches = [range(10), range(10, 20), range(20, 25)]
    failed = [
        [n for n, e in zip(b, put(Entries=entries(b))["Entries"], strict=True) if "ErrorCode" in e] for b in batches
    ]
    assert failed == [[2], [16], []]
    again = put(Entries=entries(range(2, 3)) + entries(range(16, 17)))
    assert [entry["ErrorCode"] for entry in again["Entries"]] == ["InternalFailure"] * 2
    assert put(Entries=entries(range(2, 3)) + entries(range(16, 17)))["FailedEntryCount"] == 0
    assert aws.door("GET", "aws/faults") == []


def test_each_fault_numbers_the_entries_that_came_since_it_was_ordered(aws: Aws) -> None:
    """One that is not used up, as its entry is not sent again, keeps no other from its own."""
    put = aws.client("events").put_events
    aws.fault("events:PutEvents", kind="partial", entries=[0], times=2, code="InternalFailure")
    put(Entries=entries(range(1)))
    aws.fault("events:PutEvents", kind="partial", entries=[1], code="ThrottlingException")
    codes = [[entry.get("ErrorCode") for entry in put(Entries=entries(range(3)))["Entries"]] for _ in range(2)]
    assert codes == [["InternalFailure", "ThrottlingException", None], [None, None, None]]
    aws.fault("events:PutEvents", kind="partial", entries=[0], code="InternalFailure")
    aws.fault("events:PutEvents", kind="partial", entries=[0], code="ThrottlingException")
    codes = [[entry.get("ErrorCode") for entry in put(Entries=entries(range(1)))["Entries"]] for _ in range(3)]
    assert codes == [["InternalFailure"], ["ThrottlingException"], [None]]
    assert aws.door("GET", "aws/faults") == []


def test_a_hanging_call_keeps_the_caller_waiting_and_does_nothing(aws: Aws) -> None:
    impatient = boto3.client(
        "events",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(read_timeout=0.3, retries={"total_max_attempts": 1}),
    )
    aws.fault("events:CreateEventBus", kind="hang", seconds=30)
    with pytest.raises(ReadTimeoutError):
        impatient.create_event_bus(Name="b")
    assert aws.door("GET", "aws/resources")["buses"] == []
    aws.client("events").create_event_bus(Name="b")


def test_who_waits_to_the_end_gets_an_error(aws: Aws) -> None:
    aws.fault("events:ListEventBuses", kind="hang", seconds=0.2)
    began = time.monotonic()
    assert refusal(aws.client("events").list_event_buses).startswith("InternalFailure: ")
    assert time.monotonic() - began >= 0.2


def test_a_wrong_order_is_refused(aws: Aws) -> None:
    for order, wrong in [
        ({"operation": "events:PutEvents", "typo": 1}, "a fault has no typo"),
        ({"operation": "PutEvents"}, "a fault needs an operation"),
        ({"operation": "events:PutEvents", "kind": "explode"}, "error, partial or hang"),
    ]:
        with pytest.raises(AssertionError, match=wrong):
            aws.door("POST", "aws/faults", order)


def test_faults_can_be_called_off(aws: Aws) -> None:
    aws.fault("events:CreateEventBus", times=9)
    aws.door("DELETE", "aws/faults")
    aws.client("events").create_event_bus(Name="b")
