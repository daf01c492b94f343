"""EventBridge's deliveries to an API destination: what is sent, tried again, and given up for good."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.aws_sandbox import Aws, Receiver, make_role, receiving

Fire = Callable[[], dict[str, Any]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def fire(aws: Aws, receiver: Receiver) -> Fire:
    """Invokes a scheduled rule's one target, an API destination, now; how that went."""
    events = aws.client("events")
    aws.door("POST", "aws/retry-scale", {"factor": 0.001})
    connection = events.create_connection(
        Name="c",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Heartbeat-Key", "ApiKeyValue": "the-key"}},
    )
    destination = events.create_api_destination(
        Name="d", ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=receiver.url, HttpMethod="POST"
    )
    events.put_rule(Name="beat", ScheduleExpression="rate(5 minutes)")
    events.put_targets(
        Rule="beat",
        Targets=[
            {
                "Id": "d",
                "Arn": destination["ApiDestinationArn"],
                "RoleArn": make_role(aws, "heartbeat"),
                "Input": '{"heartbeat":true}',
                "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
            }
        ],
    )

    def fire_now() -> dict[str, Any]:
        (delivery,) = aws.door("POST", "aws/schedule", {"rule": "beat"})["deliveries"]
        assert delivery["target"] == destination["ApiDestinationArn"]
        return dict(delivery)

    return fire_now


def state(aws: Aws) -> str:
    return str(aws.client("events").describe_connection(Name="c")["ConnectionState"])


def test_what_is_sent(fire: Fire, receiver: Receiver) -> None:
    assert fire()["status"] == 200
    ((path, headers, body),) = receiver.requests
    assert path == "/hook"
    assert body == b'{"heartbeat":true}'
    assert headers["x-heartbeat-key"] == "the-key"
    assert headers["user-agent"] == "Amazon/EventBridge/ApiDestinations"
    assert headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("status", [401, 407])
def test_a_401_or_407_deauthorizes_for_good(aws: Aws, fire: Fire, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    assert (fire()["status"], fire()["attempts"]) == (status, 0)
    assert len(receiver.requests) == 1
    described = aws.client("events").describe_connection(Name="c")
    assert (described["ConnectionState"], described["AuthParameters"]) == ("DEAUTHORIZED", {})


def test_an_update_of_the_connection_authorizes_again(aws: Aws, fire: Fire, receiver: Receiver) -> None:
    receiver.answers = [401]
    fire()
    aws.client("events").update_connection(
        Name="c",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Heartbeat-Key", "ApiKeyValue": "another"}},
    )
    assert fire()["status"] == 200
    assert receiver.requests[-1][1]["x-heartbeat-key"] == "another"
    assert state(aws) == "AUTHORIZED"


def test_a_403_does_not_deauthorize_and_is_final(aws: Aws, fire: Fire, receiver: Receiver) -> None:
    receiver.answers = [403]
    delivery = fire()
    assert (delivery["status"], delivery["attempts"], state(aws)) == (403, 1, "AUTHORIZED")


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_what_may_pass_is_tried_again(fire: Fire, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    delivery = fire()
    assert (delivery["status"], delivery["attempts"]) == (200, 2)


def test_no_more_often_than_the_target_says(fire: Fire, receiver: Receiver) -> None:
    receiver.answers = [500] * 9
    delivery = fire()
    assert (delivery["status"], delivery["attempts"], len(receiver.requests)) == (500, 3, 3)


def test_no_answer_is_tried_again_too(aws: Aws, fire: Fire) -> None:
    aws.client("events").update_api_destination(Name="d", InvocationEndpoint="http://127.0.0.1:9/")
    delivery = fire()
    assert (delivery["status"], delivery["attempts"]) == (None, 3)


def test_the_call_record_shows_the_role_and_the_destination(aws: Aws, fire: Fire) -> None:
    arn = fire()["target"]
    rule = aws.client("events").describe_rule(Name="beat")["Arn"]
    (assumed,) = aws.calls("sts:AssumeRole")
    assert (assumed["principal"], assumed["source"]) == ("events.amazonaws.com", rule)
    assert assumed["resource"].endswith(":role/heartbeat")
    (invoked,) = aws.calls("events:InvokeApiDestination")
    assert (invoked["principal"], invoked["resource"], invoked["status"]) == ("heartbeat", arn, 200)


def test_only_a_scheduled_rule_can_be_fired(aws: Aws) -> None:
    aws.client("events").put_rule(Name="r", EventPattern='{"source": ["a"]}')
    for rule in ("r", "none"):
        with pytest.raises(AssertionError, match=f"no scheduled rule {rule} on the default bus"):
            aws.door("POST", "aws/schedule", {"rule": rule})
