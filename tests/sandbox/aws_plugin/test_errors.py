"""What AWS refuses is one line; what is half made is not lost; what passes is tried again."""

import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from sandbox.aws.plugin import config
from sandbox.aws.plugin.cloud import Cloud
from sandbox.aws.plugin.errors import PluginError
from sandbox.aws.plugin.wire import decode
from tests.support.aws_plugin import Emulator, FailureError, Plugin

BUS = "aws:cloudwatch/eventBus:EventBus"
GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_an_error_of_aws_is_one_line(aws: Plugin, name: str) -> None:
    inputs = aws.checked(BUS, {"name": name})
    id_, state, _ = aws.create(BUS, inputs)
    with pytest.raises(FailureError, match=rf"^CreateEventBus: ResourceAlreadyExistsException: .*{name}[^\n]*$"):
        aws.create(BUS, inputs)
    aws.delete(BUS, id_, state)


def test_a_failed_entry_is_an_error(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """PutTargets answers 200 though AWS has refused the target."""
    entry = {"TargetId": "t", "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "later"}
    aws = Cloud(config.parse(cloud.config()))
    client = aws._client("events")
    monkeypatch.setattr(client, "put_targets", lambda **_: {"FailedEntryCount": 1, "FailedEntries": [entry]})
    with pytest.raises(PluginError, match=r"^PutTargets: ConcurrentModificationException: later$"):
        aws.call("events", "put_targets", {})


def test_what_is_half_made_is_kept_and_finished(aws: Plugin, cloud: Emulator, name: str) -> None:
    """Else it would be in AWS and not in the state, and the next `up` would find its name taken."""
    inputs = aws.checked(GROUP, {"name": name, "retentionInDays": 7})
    cloud.fail("logs:PutRetentionPolicy", "AccessDeniedException", "not you")
    with pytest.raises(FailureError, match=r"^PutRetentionPolicy: AccessDeniedException: not you$") as error:
        aws.create(GROUP, inputs)
    status = status_pb2.Status.FromString(error.value.details)
    half = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(half)
    assert half.id == name
    assert list(half.reasons) == ["PutRetentionPolicy: AccessDeniedException: not you"]
    # The engine keeps that as the state, and the next `up` finds what is missing in it.
    state = decode(half.properties)[0]
    assert list(aws.diff(GROUP, state, inputs).detailedDiff) == ["retentionInDays"]
    state = aws.update(GROUP, half.id, state, inputs)
    assert state["retentionInDays"] == 7
    aws.delete(GROUP, half.id, state)


def test_a_throttle_is_waited_out(aws: Plugin, cloud: Emulator, name: str) -> None:
    cloud.fail("events:CreateEventBus", "ThrottlingException", times=2)
    id_, state, _ = aws.create(BUS, aws.checked(BUS, {"name": name}))
    aws.delete(BUS, id_, state)


def test_a_delete_that_fails_says_so(aws: Plugin, cloud: Emulator, name: str) -> None:
    id_, state, _ = aws.create(BUS, aws.checked(BUS, {"name": name}))
    cloud.fail("events:DeleteEventBus", "ConcurrentModificationException", "later")
    with pytest.raises(FailureError, match=r"^DeleteEventBus: ConcurrentModificationException: later$"):
        aws.delete(BUS, id_, state)
    aws.delete(BUS, id_, state)


def test_a_read_that_fails_does_not_mean_gone(aws: Plugin, cloud: Emulator, name: str) -> None:
    id_, state, _ = aws.create(BUS, aws.checked(BUS, {"name": name}))
    cloud.fail("events:DescribeEventBus", "AccessDeniedException", "not you")
    with pytest.raises(FailureError, match=r"^DescribeEventBus: AccessDeniedException: not you$"):
        aws.read(BUS, id_, state, {"name": name})
    aws.delete(BUS, id_, state)


def test_an_update_calls_only_what_changed(aws: Plugin, cloud: Emulator, name: str) -> None:
    """Above all no put of what somebody else looks after: a queue's policy, a function's code."""
    token = "aws:sqs/queue:Queue"
    inputs = aws.checked(token, {"name": name, "tags": {"app": "x"}})
    id_, state, _ = aws.create(token, inputs)
    cloud.forget_calls()
    inputs, before = aws.checked(token, {"name": name, "tags": {"app": "y"}}, inputs), inputs
    assert before != inputs
    state = aws.update(token, id_, state, inputs)
    assert "sqs:SetQueueAttributes" not in cloud.calls()
    old, new = (f'{{"Version":"2012-10-17","Statement":[],"Id":"{id_}"}}' for id_ in ("old", "new"))
    client = cloud.client("sqs")
    client.set_queue_attributes(QueueUrl=id_, Attributes={"Policy": old})
    _, state, _ = aws.read(token, id_, state, inputs)
    client.set_queue_attributes(QueueUrl=id_, Attributes={"Policy": new})
    state = aws.update(token, id_, state, {**inputs, "delaySeconds": 5})
    assert (state["delaySeconds"], state["policy"]) == (5, new)
    aws.delete(token, id_, state)
