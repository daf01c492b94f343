"""A preview knows what will not change, and asks AWS for nothing."""

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.plugin.archive import Archive
from sandbox.aws.plugin.values import UNKNOWN
from sandbox.aws.plugin.wire import ASSETS, MARK
from tests.support.aws_plugin import Emulator, Plugin

BUS = "aws:cloudwatch/eventBus:EventBus"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
FUNCTION = "aws:lambda/function:Function"


def test_of_a_new_one_the_inputs_are_known(aws: Plugin, cloud: Emulator, name: str) -> None:
    inputs = aws.checked(BUS, {"name": name, "tags": {"app": "x"}})
    id_, state, _ = aws.create(BUS, inputs, preview=True)
    assert id_ == ""
    assert state["name"] == name
    assert state["tagsAll"] == {"app": "x", "owner": "us"}
    assert state["arn"] is UNKNOWN
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("events").describe_event_bus(Name=name)


def test_defaults_are_known_and_what_aws_chooses_is_not(aws: Plugin) -> None:
    token = "aws:cloudwatch/eventRule:EventRule"
    _, state, _ = aws.create(token, aws.checked(token, {"scheduleExpression": "rate(1 minute)"}), preview=True)
    assert state["eventBusName"] == "default"
    assert state["state"] is UNKNOWN
    token = "aws:secretsmanager/secret:Secret"
    _, state, _ = aws.create(token, aws.checked(token, {"namePrefix": "key-"}), preview=True)
    assert state["name"] is UNKNOWN


def test_of_a_changed_one_all_is_known_but_what_changes(aws: Plugin) -> None:
    """Else each change of the destination would look like a change of the webhook behind it."""
    state = {
        "name": "d",
        "arn": "arn:aws:events:us-east-1:000000000000:api-destination/d",
        "connectionArn": "arn:aws:events:us-east-1:000000000000:connection/c",
        "httpMethod": "POST",
        "invocationEndpoint": "https://example.com",
        "invocationRateLimitPerSecond": 300,
        "description": "old",
        "region": "us-east-1",
    }
    news = {key: state[key] for key in ("name", "connectionArn", "httpMethod", "invocationEndpoint")}
    seen = aws.update(DESTINATION, "d", state, {**news, "invocationRateLimitPerSecond": 5}, preview=True)
    assert seen == {
        **{key: value for key, value in state.items() if key != "description"},
        "invocationRateLimitPerSecond": 5,
    }
    assert (
        aws.update(DESTINATION, "d", state, {**news, "connectionArn": UNKNOWN}, preview=True)["connectionArn"]
        is UNKNOWN
    )


def test_new_code_changes_its_sum_and_not_the_arn(aws: Plugin) -> None:
    def code(digest: str) -> Archive:
        return Archive({MARK: ASSETS[1], "assets": {}, "hash": digest})

    news = {"name": "f", "handler": "h", "runtime": "python3.13", "role": "arn:aws:iam::000000000000:role/r"}
    state = {**news, "code": code("a"), "arn": "arn:f", "codeSha256": "s", "lastModified": "now", "version": "$LATEST"}
    seen = aws.update(FUNCTION, "f", state, {**news, "code": code("b")}, preview=True)
    assert (seen["arn"], seen["version"]) == ("arn:f", "$LATEST")
    assert seen["codeSha256"] is UNKNOWN
    assert seen["lastModified"] is UNKNOWN
    seen = aws.update(FUNCTION, "f", state, {**news, "code": code("a"), "tags": {"a": "1"}}, preview=True)
    assert (seen["codeSha256"], seen["lastModified"]) == ("s", "now")
