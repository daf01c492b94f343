"""Deliveries to each kind of target, their retries, and what a dead-letter queue gets of those that fail."""

import json
from typing import Any

import pytest

from tests.support.aws_rules import (
    BUS,
    EVENTS,
    RULE_ARN,
    Queue,
    attributes,
    make_bus,
    make_queue,
    make_rule,
    put_event,
    queue_arn,
)
from tests.support.aws_sandbox import ACCOUNT, ROLE, Aws, make_function, make_role, metric, receiving
from tests.support.waiting import until

FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:worker"
GROUP = "/aws/events/all"
GROUP_ARN = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
PRINTS = "import json\n\ndef handle(event, context):\n    print(json.dumps(event))\n"


@pytest.fixture
def dead(aws: Aws) -> Queue:
    """The dead-letter queue; there is a bus."""
    aws.door("POST", "aws/retry-scale", {"factor": 0.001})
    make_bus(aws, BUS)
    return make_queue(aws, "dead")


def with_retries(arn: str, dead: Queue | None, retries: int | None = None, **more: Any) -> dict[str, Any]:
    target: dict[str, Any] = {"Arn": arn, **more}
    if dead:
        target["DeadLetterConfig"] = {"Arn": dead.arn}
    if retries is not None:
        target["RetryPolicy"] = {"MaximumRetryAttempts": retries}
    return target


def fail(aws: Aws, arn: str, **details: Any) -> None:
    aws.door("POST", "aws/target-faults", {"target": arn, **details})


def made_by_events(aws: Aws, operation: str) -> list[dict[str, Any]]:
    return [call for call in aws.calls(operation) if call["principal"] != "root"]


# Retries and dead letters, shown with a queue as target: they are the same for all kinds.


def test_what_passes_is_tried_again(aws: Aws, dead: Queue) -> None:
    queue = make_queue(aws, "q")
    make_rule(aws, with_retries(queue.arn, dead, 3))
    fail(aws, queue.arn, code="THROTTLING", times=3)
    event = put_event(aws)
    assert json.loads(queue.message()["Body"])["id"] == event
    assert [call["status"] for call in made_by_events(aws, "sqs:SendMessage")] == [503, 503, 503, 200]
    assert dead.messages() == []


def test_no_more_often_than_the_target_says_and_then_into_its_dead_letter_queue(aws: Aws, dead: Queue) -> None:
    queue = make_queue(aws, "q")
    make_rule(aws, with_retries(queue.arn, dead, 2))
    fail(aws, queue.arn, code="THROTTLING", message="Slow down.", times=None)
    event = put_event(aws)
    message = dead.message()
    assert attributes(message) == {
        "RULE_ARN": RULE_ARN,
        "TARGET_ARN": queue.arn,
        "ERROR_CODE": "THROTTLING",
        "ERROR_MESSAGE": "Slow down.",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "2",
    }
    body = json.loads(message["Body"])
    assert (body["id"], body["source"], body["detail"]) == (event, "s", {"n": 1})
    assert (body["account"], body["region"], body["resources"]) == (ACCOUNT, "us-east-1", ["res"])
    sent = [(call["resource"], call["status"]) for call in made_by_events(aws, "sqs:SendMessage")]
    assert sent == [(queue.arn, 503)] * 3 + [(dead.arn, 200)]
    assert {(call["principal"], call["source"]) for call in made_by_events(aws, "sqs:SendMessage")} == {
        ("events.amazonaws.com", RULE_ARN)
    }
    assert queue.messages() == []


def test_nor_longer_than_the_target_says(aws: Aws, dead: Queue) -> None:
    """The waits are 1, 2, 4, 8, 16, 32 seconds, scaled: the seventh attempt would come after more than a minute."""
    queue = make_queue(aws, "q")
    policy = {"MaximumEventAgeInSeconds": 60}
    make_rule(aws, {"Arn": queue.arn, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": dead.arn}})
    fail(aws, queue.arn, times=None)
    put_event(aws)
    said = attributes(dead.message())
    assert said["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert int(said["RETRY_ATTEMPTS"]) == 5


def test_by_default_185_times(aws: Aws, dead: Queue) -> None:
    aws.door("POST", "aws/retry-scale", {"factor": 0})
    make_rule(aws, with_retries(queue_arn("q"), dead))
    fail(aws, queue_arn("q"), times=None)
    put_event(aws)
    said = attributes(dead.message())
    assert (said["EXHAUSTED_RETRY_CONDITION"], said["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "185")


def test_what_is_final_goes_there_at_once(aws: Aws, dead: Queue) -> None:
    make_rule(aws, with_retries(queue_arn("gone"), dead, 3))
    put_event(aws)
    said = attributes(dead.message())
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("NO_RESOURCE", "0")
    assert "EXHAUSTED_RETRY_CONDITION" not in said


def test_the_dead_letter_is_the_event_and_not_what_the_target_gets(aws: Aws, dead: Queue) -> None:
    make_rule(aws, with_retries(queue_arn("gone"), dead, Input='{"instead": true}'))
    event = put_event(aws)
    assert json.loads(dead.message()["Body"])["id"] == event


def test_without_a_dead_letter_queue_it_is_dropped(aws: Aws, dead: Queue) -> None:
    make_rule(aws, with_retries(queue_arn("gone"), None))
    put_event(aws)
    assert [call["resource"] for call in made_by_events(aws, "sqs:SendMessage")] == [queue_arn("gone")]
    assert metric(aws, "FailedInvocations", EventBusName=BUS, RuleName="r") == 1


@pytest.mark.parametrize("how", ["missing", "failing"])
def test_a_dead_letter_queue_that_takes_nothing(aws: Aws, dead: Queue, how: str) -> None:
    if how == "missing":
        aws.client("sqs").delete_queue(QueueUrl=dead.url)
    else:
        fail(aws, dead.arn)
    make_rule(aws, with_retries(queue_arn("gone"), dead))
    put_event(aws)
    assert metric(aws, "InvocationsFailedToBeSentToDlq", EventBusName=BUS, RuleName="r") == 1
    assert metric(aws, "InvocationsSentToDlq", EventBusName=BUS, RuleName="r") == 0
    assert [call["status"] >= 400 for call in aws.calls("sqs:SendMessage")] == [True, True]


def test_an_event_that_does_not_fit_into_a_queue(aws: Aws, dead: Queue) -> None:
    """PutEvents takes it, but a message is the event with its envelope: it fits into no dead-letter queue either."""
    queue = make_queue(aws, "q")
    make_rule(aws, with_retries(queue.arn, dead))
    put_event(aws, detail=json.dumps({"long": "x" * (1024 * 1024 - 50)}))
    assert metric(aws, "InvocationsFailedToBeSentToDlq", EventBusName=BUS, RuleName="r") == 1


def test_a_reset_ends_what_is_being_tried_again(aws: Aws, dead: Queue) -> None:
    queue = make_queue(aws, "q")
    aws.door("POST", "aws/retry-scale", {"factor": 10})
    make_rule(aws, with_retries(queue.arn, dead))
    fail(aws, queue.arn, times=None)
    put_event(aws)
    aws.door("POST", "reset", {})
    assert aws.door("GET", "aws/target-faults") == []
    assert aws.calls() == []


# The kinds.


def test_a_queue_with_an_input(aws: Aws, dead: Queue) -> None:
    queue = make_queue(aws, "q")
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'}
    make_rule(
        aws,
        {"Arn": queue.arn, "Input": '"fixed"'},
        {"Arn": queue.arn, "InputPath": "$.detail"},
        {"Arn": queue.arn, "InputPath": "$.detail.none.such"},
        {"Arn": queue.arn, "InputTransformer": transformer},
    )
    event = put_event(aws)
    fixed, path, nowhere, transformed = (json.loads(message["Body"]) for message in queue.messages())
    assert (fixed, path, transformed) == ("fixed", {"n": 1}, {"number": 1})
    assert nowhere["id"] == event


def test_a_function(aws: Aws, dead: Queue) -> None:
    make_function(aws, PRINTS)
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/worker")
    aws.client("lambda").add_permission(
        FunctionName="worker",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=RULE_ARN,
    )
    make_rule(aws, with_retries(FUNCTION, dead))
    event = put_event(aws)

    def lines() -> list[str]:
        found = logs.filter_log_events(logGroupName="/aws/lambda/worker")["events"]
        return [line["message"] for line in found if event in line["message"]]

    assert json.loads(until(lines, "the function has run")[0])["detail"] == {"n": 1}
    (call,) = aws.calls("lambda:InvokeFunction")
    assert (call["principal"], call["source"]) == ("events.amazonaws.com", RULE_ARN)
    assert (call["resource"], call["status"]) == (FUNCTION, 202)


def test_a_function_that_eventbridge_may_not_invoke(aws: Aws, dead: Queue) -> None:
    make_function(aws)
    make_rule(aws, with_retries(FUNCTION, dead))
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "NO_PERMISSIONS"
    (call,) = aws.calls("lambda:InvokeFunction")
    assert call["status"] == 403


def test_a_function_that_is_gone(aws: Aws, dead: Queue) -> None:
    make_rule(aws, with_retries(FUNCTION, dead))
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "NO_RESOURCE"


def test_a_log_group(aws: Aws, dead: Queue) -> None:
    logs = aws.client("logs")
    make_rule(aws, with_retries(GROUP_ARN, dead))
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "NO_RESOURCE"
    logs.create_log_group(logGroupName=GROUP)
    event = put_event(aws)
    (line,) = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert json.loads(line["message"])["id"] == event
    for operation in ("logs:CreateLogStream", "logs:PutLogEvents"):
        call = made_by_events(aws, operation)[-1]
        assert (call["principal"], call["source"]) == ("events.amazonaws.com", RULE_ARN)
        assert call["resource"] == f"{GROUP_ARN}:log-stream:*"


def test_an_api_destination(aws: Aws, dead: Queue) -> None:
    events = aws.client("events")
    with receiving() as receiver:
        connection = events.create_connection(
            Name="c",
            AuthorizationType="API_KEY",
            AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "the-key"}},
        )
        destination = events.create_api_destination(
            Name="d", ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=receiver.url, HttpMethod="POST"
        )
        arn = destination["ApiDestinationArn"]
        make_rule(aws, with_retries(arn, dead, 1, RoleArn=make_role(aws)))
        receiver.answers = [500, 500]
        put_event(aws)
        said = attributes(dead.message())
        assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("ERROR_FROM_TARGET", "1")
        assert said["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
        receiver.answers = [400]
        put_event(aws)
        said = attributes(dead.message())
        assert (said["TARGET_ARN"], said["RETRY_ATTEMPTS"]) == (arn, "0")
        receiver.answers = [401]
        put_event(aws)
        assert "not authorized" in attributes(dead.message())["ERROR_MESSAGE"]
        put_event(aws)
        assert "DEAUTHORIZED" in attributes(dead.message())["ERROR_MESSAGE"]
    assert len(receiver.requests) == 4
    assert [call["source"] for call in aws.calls("events:InvokeApiDestination")] == [RULE_ARN] * 4


# An event bus as target.


@pytest.fixture
def second(aws: Aws, dead: Queue) -> str:
    """A second bus, to which the first one's rule sends all events; its ARN."""
    arn = make_bus(aws, "second")
    make_rule(aws, with_retries(arn, dead, RoleArn=make_role(aws, "forward")))
    return arn


def test_a_bus(aws: Aws, dead: Queue, second: str) -> None:
    queue = make_queue(aws, "q")
    make_rule(aws, {"Arn": queue.arn}, bus="second")
    events = aws.client("events")
    events.create_archive(ArchiveName="a", EventSourceArn=second)
    event = put_event(aws)
    body = json.loads(queue.message()["Body"])
    assert (body["id"], body["source"], body["account"]) == (event, "s", ACCOUNT)
    assert (body["detail-type"], body["detail"], body["resources"]) == ("t", {"n": 1}, ["res"])
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 1
    (assumed,) = aws.calls("sts:AssumeRole")
    assert (assumed["principal"], assumed["source"]) == ("events.amazonaws.com", RULE_ARN)
    (forwarded,) = made_by_events(aws, "events:PutEvents")
    assert (forwarded["principal"], forwarded["resource"]) == ("forward", second)
    (sent,) = aws.calls("sqs:SendMessage")
    assert sent["source"] == f"{EVENTS}:rule/second/r"


def test_a_bus_that_is_gone(aws: Aws, dead: Queue, second: str) -> None:
    aws.client("events").delete_event_bus(Name="second")
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "NO_RESOURCE"


def test_from_bus_to_bus_goes_an_event_once(aws: Aws, dead: Queue, second: str) -> None:
    third = make_bus(aws, "third")
    queue = make_queue(aws, "q")
    make_rule(aws, {"Arn": queue.arn}, bus="third")
    make_rule(aws, with_retries(third, dead, RoleArn=make_role(aws, "forward")), bus="second")
    event = put_event(aws)
    said = attributes(dead.message())
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("THIRD_ACCOUNT_HOP_DETECTED", "0")
    assert said["RULE_ARN"] == f"{EVENTS}:rule/second/r"
    assert event in said["ERROR_MESSAGE"]
    assert queue.messages() == []
    direct = put_event(aws, bus="second")
    assert json.loads(queue.message()["Body"])["id"] == direct


def test_two_buses_that_send_to_each_other(aws: Aws, dead: Queue, second: str) -> None:
    back = f"{EVENTS}:event-bus/{BUS}"
    make_rule(aws, with_retries(back, dead, RoleArn=make_role(aws, "forward")), bus="second")
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "THIRD_ACCOUNT_HOP_DETECTED"
    assert len(made_by_events(aws, "events:PutEvents")) == 2


def test_an_input_that_makes_no_event(aws: Aws, dead: Queue) -> None:
    make_rule(aws, with_retries(make_bus(aws, "second"), dead, Input='"text"'))
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "INVALID_JSON"


def test_a_role_that_is_gone(aws: Aws, dead: Queue) -> None:
    make_rule(aws, with_retries(make_bus(aws, "second"), dead, RoleArn=ROLE))
    put_event(aws)
    assert attributes(dead.message())["ERROR_CODE"] == "FAILED_TO_ASSUME_ROLE"
    assert [call["status"] for call in aws.calls("sts:AssumeRole")] == [403]
    assert made_by_events(aws, "events:PutEvents") == []


# Metrics.


def test_what_is_counted(aws: Aws, dead: Queue) -> None:
    queue = make_queue(aws, "q")
    make_rule(aws, with_retries(queue.arn, dead, 1))
    put_event(aws)
    fail(aws, queue.arn, times=3)
    put_event(aws)  # fails for good
    dead.message()
    put_event(aws)  # with the second attempt
    until(lambda: len(queue.messages()), "it is there")
    assert metric(aws, "MatchedEvents", EventBusName=BUS) == 3
    for name, count in {
        "MatchedEvents": 3,
        "TriggeredRules": 3,
        "Invocations": 3,
        "FailedInvocations": 1,
        "InvocationAttempts": 5,
        "RetryInvocationAttempts": 2,
        "SuccessfulInvocationAttempts": 2,
        "InvocationsSentToDlq": 1,
    }.items():
        assert (name, metric(aws, name, EventBusName=BUS, RuleName="r")) == (name, count)
    assert metric(aws, "MatchedEvents", RuleName="r") == 0, "that would be the default bus"


def test_what_is_counted_of_a_schedule(aws: Aws, dead: Queue) -> None:
    events, queue = aws.client("events"), make_queue(aws, "q")
    events.put_rule(Name="beat", ScheduleExpression="rate(5 minutes)")
    targets = [{"Id": name, "Arn": arn} for name, arn in (("q", queue.arn), ("gone", queue_arn("gone")))]
    events.put_targets(Rule="beat", Targets=targets)
    deliveries = aws.door("POST", "aws/schedule", {"rule": "beat"})["deliveries"]
    assert [(one["status"], one["error"]) for one in deliveries] == [(200, None), (400, "NO_RESOURCE")]
    for name, count in {"TriggeredRules": 1, "Invocations": 2, "FailedInvocations": 1, "MatchedEvents": 0}.items():
        assert (name, metric(aws, name, RuleName="beat")) == (name, count)


# The test door.


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({}, "a fault of a target needs its ARN as target"),
        ({"target": "arn:aws:sqs:::q", "code": "Oops"}, "'Oops' is no code of a failed delivery"),
        ({"target": "arn:aws:sqs:::q", "times": 0}, "at least once"),
        ({"target": "arn:aws:sqs:::q", "often": 2}, "a fault has no often; it has code, message, target, times"),
    ],
)
def test_a_fault_that_makes_no_sense(aws: Aws, fault: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        aws.door("POST", "aws/target-faults", fault)


def test_faults_can_be_seen_and_forgotten(aws: Aws) -> None:
    fail(aws, queue_arn("q"), code="TIMEOUT", times=None)
    (fault,) = aws.door("GET", "aws/target-faults")
    assert (fault["target"], fault["code"], fault["times"]) == (queue_arn("q"), "TIMEOUT", None)
    aws.door("DELETE", "aws/target-faults")
    assert aws.door("GET", "aws/target-faults") == []
