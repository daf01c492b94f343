"""The provider's config: what it must say, and what it keeps the plugin from."""

import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.aws.plugin.wire import encode
from sandbox.launcher import free_port
from tests.support.aws_plugin import ACCOUNT, Emulator, FailureError, Plugin, plugin, urn

BUS = "aws:cloudwatch/eventBus:EventBus"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"region": "us-est-1"}, "aws:region is 'us-est-1', which AWS does not have; such as us-east-1"),
        ({"region": None}, 'aws:region is missing: "pulumi config set aws:region us-east-1"'),
        (
            {"endpoints": None},
            "aws:endpoints is missing: the stand-in for pulumi-aws never calls AWS; SANDBOX_AWS_PLUGIN",
        ),
        ({"endpoints": "http://127.0.0.1"}, 'aws:endpoints must be such as [{"events": '),
        ({"allowedAccountIds": ACCOUNT}, 'aws:allowedAccountIds must be such as ["123456789012"]'),
        ({"allowedAccountIds": "[oops"}, "aws:allowedAccountIds must be such as"),
        ({"defaultTags": '["a"]'}, 'aws:defaultTags must be such as {"tags": '),
        ({"profile": "mine"}, "aws:profile is not known to the stand-in for pulumi-aws; SANDBOX_AWS_PLUGIN=official"),
        ({"allowedAccountIds": '["111122223333"]'}, f"this is account {ACCOUNT}, but aws:allowedAccountIds has 1111"),
        ({"forbiddenAccountIds": f'["{ACCOUNT}"]'}, f"this is account {ACCOUNT}, but aws:forbiddenAccountIds has it"),
    ],
)
def test_a_wrong_config_is_one_line(cloud: Emulator, more: Any, text: str) -> None:
    """Refused when the program starts; and by `destroy` and `refresh`, which only configure, too."""
    config = {key: value for key, value in cloud.config(**more).items() if value is not None}
    with plugin() as aws:
        (failure,) = aws.check_config(config)
        assert failure.startswith(text)
        with pytest.raises(FailureError) as error:
            aws.configure(config)
        assert str(error.value) == failure
        with pytest.raises(FailureError, match="is not configured"):
            aws.check(BUS, {})


def test_a_sandbox_that_does_not_run_is_one_line(cloud: Emulator) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    config = {**cloud.config(), "endpoints": json.dumps([{"sts": nowhere, "events": nowhere}])}
    with plugin() as aws:
        text = f'no AWS answers at {nowhere}: start the sandbox with "make sandbox"'
        assert aws.check_config(config) == [text]
        with pytest.raises(FailureError) as error:
            aws.configure(config)
        assert str(error.value) == text


def test_a_service_without_an_endpoint_is_never_called(cloud: Emulator, name: str) -> None:
    config = {**cloud.config(), "endpoints": json.dumps([{"sts": cloud.url}])}
    with (
        plugin(config) as aws,
        pytest.raises(FailureError, match=r"aws:endpoints has no events: the stand-in .* never calls AWS"),
    ):
        aws.create(BUS, aws.checked(BUS, {"name": name}))


def test_what_an_explicit_provider_sends_is_taken(cloud: Emulator) -> None:
    config = cloud.config(
        accessKey="test",
        secretKey="test",
        allowedAccountIds=f'["{ACCOUNT}"]',
        skipCredentialsValidation="false",
        skipRegionValidation="true",
        skipMetadataApiCheck="true",
        skipRequestingAccountId="true",
    )
    with plugin() as aws:
        assert aws.check_config(config) == []
        answer = aws.configure(config)
        assert (answer.acceptSecrets, answer.supportsPreview, answer.acceptOutputs) == (True, True, False)
        handshake = aws.ask("Handshake", pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        assert (handshake.accept_secrets, handshake.accept_outputs) == (True, False)


@pytest.mark.parametrize(
    ("change", "replaces"),
    [({"endpoints": "[]"}, []), ({"defaultTags": '{"tags": {"a": "b"}}'}, []), ({"region": "eu-west-1"}, ["region"])],
)
def test_only_another_region_makes_all_anew(aws: Plugin, cloud: Emulator, change: Any, replaces: list[str]) -> None:
    old, new = cloud.config(), cloud.config(**change)
    request = pb.DiffRequest(
        urn=urn("pulumi:providers:aws"), old_inputs=encode(old), olds=encode(old), news=encode(new)
    )
    answer = aws.ask("DiffConfig", request)
    assert (answer.changes, list(answer.replaces)) == (pb.DiffResponse.DIFF_SOME, replaces)
    same = pb.DiffRequest(urn=urn("pulumi:providers:aws"), old_inputs=encode(old), news=encode(old))
    assert aws.ask("DiffConfig", same).changes == pb.DiffResponse.DIFF_NONE


def test_invokes(aws: Plugin) -> None:
    who = aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert (who["accountId"], who["id"]) == (ACCOUNT, ACCOUNT)
    assert who["arn"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    region = aws.invoke("aws:index/getRegion:getRegion")
    assert (region["region"], region["name"], region["endpoint"]) == (
        "us-east-1",
        "us-east-1",
        "ec2.us-east-1.amazonaws.com",
    )
    assert aws.invoke("aws:index/getPartition:getPartition") == {
        "dnsSuffix": "amazonaws.com",
        "id": "aws",
        "partition": "aws",
        "reverseDnsPrefix": "com.amazonaws",
    }


@pytest.mark.parametrize(
    ("method", "request_", "text"),
    [
        ("Invoke", pb.InvokeRequest(tok="aws:ec2/getVpc:getVpc"), "aws:ec2/getVpc:getVpc"),
        (
            "Invoke",
            pb.InvokeRequest(tok="aws:index/getRegion:getRegion", args=encode({"region": "eu-west-1"})),
            "getRegion: the stand-in for pulumi-aws takes no region",
        ),
        ("Read", pb.ReadRequest(urn=urn(BUS), id="bus"), "EventBus: the stand-in for pulumi-aws imports nothing"),
        ("Call", pb.CallRequest(tok="aws:x/y:z/method"), "has no methods"),
        ("Construct", pb.ConstructRequest(type="aws:x:Component"), "has no components"),
    ],
)
def test_what_there_is_not_is_refused(aws: Plugin, method: str, request_: Any, text: str) -> None:
    with pytest.raises(FailureError, match=rf"{text}.*SANDBOX_AWS_PLUGIN=official"):
        aws.ask(method, request_)


def test_another_partition_has_other_arns(cloud: Emulator) -> None:
    with plugin({**cloud.config(), "region": "cn-north-1"}) as aws:
        assert aws.invoke("aws:index/getPartition:getPartition")["partition"] == "aws-cn"
        assert aws.invoke("aws:index/getRegion:getRegion")["endpoint"] == "ec2.cn-north-1.amazonaws.com.cn"
