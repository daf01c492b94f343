"""What is secret stays secret: in the state, in a refresh, in every error."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.aws.plugin import lifecycle
from sandbox.aws.plugin.errors import PluginError
from sandbox.aws.plugin.table import Props
from sandbox.aws.plugin.values import redacted
from sandbox.aws.plugin.wire import decode, encode
from tests.support.aws_plugin import Emulator, FailureError, Plugin, urn

BUS = "aws:cloudwatch/eventBus:EventBus"
CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
KEY = "the-key-of-this-test"


def connection(name: str) -> Props:
    return {
        "name": name,
        "authorizationType": "API_KEY",
        "authParameters": {"apiKey": {"key": "X-Key", "value": KEY}},
    }


def test_a_key_is_secret_though_the_program_did_not_say_so(aws: Plugin, name: str) -> None:
    value = ("authParameters", "apiKey", "value")
    checked = aws.ask("Check", pb.CheckRequest(urn=urn(CONNECTION), news=encode(connection(name))))
    assert decode(checked.inputs)[1] == {value}
    id_, state, secrets = aws.create(CONNECTION, aws.checked(CONNECTION, connection(name)))
    assert secrets == {value}
    request = pb.ReadRequest(urn=urn(CONNECTION), id=id_, properties=encode(state), inputs=encode(connection(name)))
    answer = aws.ask("Read", request)
    assert decode(answer.properties)[1] == decode(answer.inputs)[1] == {value}
    aws.delete(CONNECTION, id_, state)


def test_a_key_that_aws_does_not_tell_is_kept(aws: Plugin, name: str) -> None:
    id_, state, _ = aws.create(CONNECTION, aws.checked(CONNECTION, connection(name)))
    _, read, inputs = aws.read(CONNECTION, id_, state, connection(name))
    assert read["authParameters"]["apiKey"] == inputs["authParameters"]["apiKey"] == {"key": "X-Key", "value": KEY}
    aws.delete(CONNECTION, id_, state)


def test_what_the_program_calls_secret_is_so_in_the_state(aws: Plugin, name: str) -> None:
    secrets = [("description",), ("tags", "app")]
    inputs = {"name": name, "description": "d", "tags": {"app": "x", "team": "y"}}
    request = pb.CheckRequest(urn=urn(BUS), news=encode(inputs, secrets))
    checked, marked = decode(aws.ask("Check", request).inputs)
    assert marked == {("description",), ("tags", "app"), ("tagsAll", "app")}
    id_, state, found = aws.create(BUS, checked, secrets=sorted(marked))
    assert found == marked
    aws.delete(BUS, id_, state)


def test_the_labels_of_a_rotated_secret_are_left_alone(aws: Plugin, cloud: Emulator, name: str) -> None:
    """The new version is made first; deleting the old one must not take AWSPREVIOUS away."""
    secret, _, _ = aws.create(SECRET, aws.checked(SECRET, {"name": name, "recoveryWindowInDays": 0}))
    versions = [
        aws.create(VERSION, aws.checked(VERSION, {"secretId": secret, "secretString": value}))
        for value in ("one", "two")
    ]
    aws.delete(VERSION, versions[0][0], versions[0][1])
    stages = cloud.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    assert stages[versions[0][1]["versionId"]] == ["AWSPREVIOUS"]
    assert stages[versions[1][1]["versionId"]] == ["AWSCURRENT"]
    aws.delete(SECRET, secret, {"recoveryWindowInDays": 0})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("secretsmanager").describe_secret(SecretId=secret)
    assert aws.read(VERSION, versions[1][0], versions[1][1], {})[0] == "", "it is gone with its secret"


def test_a_deleted_secret_can_wait(aws: Plugin, cloud: Emulator, name: str) -> None:
    id_, state, _ = aws.create(SECRET, aws.checked(SECRET, {"name": name, "recoveryWindowInDays": 7}))
    version, version_state, _ = aws.create(VERSION, aws.checked(VERSION, {"secretId": id_, "secretString": KEY}))
    aws.delete(SECRET, id_, state)
    assert cloud.client("secretsmanager").describe_secret(SecretId=id_)["DeletedDate"]
    assert aws.read(SECRET, id_, state, {})[0] == ""
    assert aws.read(VERSION, version, version_state, {})[0] == ""
    aws.delete(SECRET, id_, state)


def test_a_prefix_is_the_beginning_of_a_new_name(aws: Plugin, name: str) -> None:
    made = [
        aws.create(SECRET, aws.checked(SECRET, {"namePrefix": f"{name}-", "recoveryWindowInDays": 0})) for _ in "ab"
    ]
    assert made[0][1]["name"].startswith(f"{name}-")
    assert len(made[0][1]["name"]) == len(name) + 1 + 26, "as Terraform does it"
    assert made[0][1]["name"] != made[1][1]["name"]
    assert made[0][1]["namePrefix"] == f"{name}-"
    for id_, state, _ in made:
        aws.delete(SECRET, id_, state)


def test_no_error_tells_a_secret(aws: Plugin, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(*_: Any) -> Any:
        raise PluginError(f"CreateConnection: SomeError: {KEY} is no good")

    monkeypatch.setattr(lifecycle, "create", create)
    inputs = aws.checked(CONNECTION, connection(name))
    with pytest.raises(FailureError, match=r"^CreateConnection: SomeError: \[secret\] is no good$"):
        aws.create(CONNECTION, inputs, secrets=[("authParameters", "apiKey", "value")])


def test_a_mistake_of_ours_is_one_line_without_values(aws: Plugin, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(*_: Any) -> Any:
        raise ValueError(KEY)

    monkeypatch.setattr(lifecycle, "create", create)
    with pytest.raises(FailureError, match=r"^ValueError in the stand-in for pulumi-aws, test_secrets.py:\d+$"):
        aws.create(CONNECTION, aws.checked(CONNECTION, connection(name)))


def test_redaction_reaches_into_maps_and_lists() -> None:
    props = {"environment": {"variables": {"A": "alpha"}}, "list": ["bravo", "c"]}
    text = redacted("alpha bravo c", props, {("environment",), ("list",), ("not", "there")})
    assert text == "[secret] [secret] c"
