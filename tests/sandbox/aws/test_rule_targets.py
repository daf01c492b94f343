"""PutTargets: the refusals that AWS gives."""

from typing import Any

import pytest

from tests.support.aws_rules import BUS, EVENTS, make_bus, make_queue, queue_arn
from tests.support.aws_sandbox import ROLE, Aws, refusal

TARGET = {"Id": "t", "Arn": queue_arn("q")}
FOREIGN_BUS = "arn:aws:events:us-east-1:111122223333:event-bus/theirs"
OTHER_REGION = "arn:aws:events:eu-west-1:000000000000:event-bus/ours"


@pytest.fixture
def put(aws: Aws) -> Any:
    """PutTargets for a rule that exists."""
    events = aws.client("events", unchecked=True)
    make_bus(aws, BUS)
    events.put_rule(Name="r", EventBusName=BUS, EventPattern='{"source": ["s"]}')

    def put_targets(*targets: dict[str, Any]) -> Any:
        return events.put_targets(Rule="r", EventBusName=BUS, Targets=list(targets))

    return put_targets


def refused(put: Any, *targets: dict[str, Any]) -> str:
    return refusal(lambda: put(*targets))


@pytest.mark.parametrize(
    ("member", "value", "bound"),
    [
        ("MaximumRetryAttempts", -1, "greater than or equal to 0"),
        ("MaximumRetryAttempts", 186, "less than or equal to 185"),
        ("MaximumEventAgeInSeconds", 59, "greater than or equal to 60"),
        ("MaximumEventAgeInSeconds", 86_401, "less than or equal to 86400"),
    ],
)
def test_limits_of_a_retry_policy(put: Any, member: str, value: int, bound: str) -> None:
    at = f"targets.2.member.retryPolicy.{member[0].lower()}{member[1:]}"
    said = refused(put, TARGET, {**TARGET, "Id": "u", "RetryPolicy": {member: value}})
    assert said == (
        f"ValidationException: 1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint:"
        f" Member must have value {bound}"
    )


def test_a_right_retry_policy(aws: Aws, put: Any) -> None:
    policies = [
        {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400},
    ]
    put(*({**TARGET, "Id": str(number), "RetryPolicy": policy} for number, policy in enumerate(policies)))
    listed = aws.client("events").list_targets_by_rule(Rule="r", EventBusName=BUS)["Targets"]
    assert [target["RetryPolicy"] for target in listed] == policies


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("arn:aws:sns:us-east-1:000000000000:topic", "is not the ARN of an SQS queue"),
        ("dead", "is not the ARN of an SQS queue"),
        (queue_arn("dead.fifo"), "only standard queues"),
        ("arn:aws:sqs:eu-west-1:000000000000:dead", "another region"),
    ],
)
def test_what_is_no_dead_letter_queue(put: Any, arn: str, reason: str) -> None:
    said = refused(put, {**TARGET, "DeadLetterConfig": {"Arn": arn}})
    assert said.startswith("ValidationException: Parameter DeadLetterConfig.Arn is not valid.")
    assert reason in said


def test_a_rule_has_at_most_five_targets(aws: Aws, put: Any) -> None:
    put(*({**TARGET, "Id": str(number)} for number in range(4)))
    two_more = [{**TARGET, "Id": name} for name in ("a", "b")]
    said = refused(put, *two_more)
    assert said == "LimitExceededException: The requested resource exceeds the maximum number allowed."
    put(two_more[0])
    put({**two_more[0], "Input": '"changed"'})
    listed = aws.client("events").list_targets_by_rule(Rule="r", EventBusName=BUS)["Targets"]
    assert len(listed) == 5
    assert refused(put, two_more[1]) == said


@pytest.mark.parametrize(
    ("count", "message"), [(0, "Member must have length greater"), (11, "At most 10"), (101, "length less")]
)
def test_how_many_come_in_a_call(put: Any, count: int, message: str) -> None:
    said = refused(put, *[TARGET] * count)
    assert said.startswith("ValidationException: ")
    assert message in said


@pytest.mark.parametrize("bus", [FOREIGN_BUS, OTHER_REGION])
def test_a_bus_elsewhere_needs_a_role_and_gets_the_event_as_it_is(put: Any, bus: str) -> None:
    target = {"Id": "t", "Arn": bus}
    assert refused(put, target) == f"ValidationException: RoleArn is required for target {bus}."
    put({**target, "RoleArn": ROLE})
    said = refused(put, {**target, "RoleArn": ROLE, "Input": "{}"})
    assert said == "ValidationException: Modifying the input for target t is not supported."


def test_a_bus_here_needs_none(put: Any) -> None:
    put({"Id": "t", "Arn": f"{EVENTS}:event-bus/default", "Input": "{}"})


def test_a_dead_letter_queue_need_not_exist(aws: Aws, put: Any) -> None:
    put({**TARGET, "DeadLetterConfig": {"Arn": queue_arn("dead")}})
    put({**TARGET, "DeadLetterConfig": {"Arn": make_queue(aws, "real").arn}})
