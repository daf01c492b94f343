"""What goes wrong between the operator and AWS: one line, which quotes no credential, whoever echoes it."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointProviderError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)

from ops.aws import Aws, AwsError, asking
from ops.errors import StackError
from tests.support.aws_sandbox import Aws as Sandbox
from tests.support.aws_sandbox import receiving

SECRET = "canary-of-the-token"
KEYS = {"aws:region": "us-east-1", "aws:accessKey": "test", "aws:secretKey": "a-secret-of-config"}


def test_a_line_break_in_a_credential_of_the_environment_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{SECRET}\n{SECRET}")
    with pytest.raises(StackError) as caught:
        Aws({"aws:region": "us-east-1"})
    assert str(caught.value).startswith("AWS_SESSION_TOKEN has a line break or another control character inside")


def test_an_error_that_may_quote_a_header_is_not_quoted() -> None:
    with pytest.raises(AwsError) as caught, asking():
        raise HTTPClientError(error=ValueError(f"Invalid header value b'{SECRET}'"))
    assert str(caught.value).startswith("the request to AWS could not be sent: ")
    assert SECRET not in str(caught.value)


def refused(text: str, code: str = "ValidationException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "SendMessage")


@pytest.mark.parametrize(
    "where", ["aws:secretKey", "aws:token", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "profile"]
)
def test_credentials_that_aws_echoes_are_not_told(
    aws: Sandbox, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = f"canary/{where.removeprefix('aws:')}+echoed=="
    config = {"aws:region": "us-east-1", "aws:endpoints": json.dumps([{"sts": aws.url}])}
    environ = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-environment"}
    if where.startswith("aws:"):
        config |= {"aws:accessKey": "test", "aws:secretKey": "a-secret-of-config", where: canary}
    elif where == "profile":
        (tmp_path / "credentials").write_text(
            f"[it]\naws_access_key_id = test\naws_secret_access_key = {canary}\naws_session_token = of a profile\n"
        )
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        config |= {"aws:profile": "it"}
    else:
        environ[where] = canary
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    Aws(config).account()
    for echoed in (canary, quote(canary, safe=""), json.dumps(canary)):
        with pytest.raises(AwsError) as caught, asking():
            raise refused(f"The canonical string was\nx-amz-security-token:{echoed}\nhost:sqs")
        assert "echoed" not in str(caught.value)
        assert str(caught.value).startswith("SendMessage: ValidationException: The canonical string was x-amz")


def test_what_is_too_short_for_a_secret_of_aws_is_no_part_of_other_words(aws: Sandbox) -> None:
    """`test`, as the sandbox has it."""
    short = {**KEYS, "aws:secretKey": "sesame", "aws:endpoints": json.dumps([{"sts": aws.url}])}
    Aws(short).account()
    with pytest.raises(AwsError, match="rule local-sesame-tap is gone"), asking():
        raise refused("rule local-sesame-tap is gone")


def test_an_answer_that_is_not_awss_is_one_line_and_not_quoted() -> None:
    """A proxy's page, say, with whatever it knows."""
    with receiving() as proxy:
        proxy.answers = [200] * 9
        aws = Aws({**KEYS, "aws:endpoints": json.dumps([{"sts": proxy.url}])})
        with pytest.raises(AwsError) as caught:
            aws.account()
    assert str(caught.value).startswith("what answered is not AWS, or was cut off: look at aws:endpoints")


def test_an_endpoint_that_is_no_url_is_told_by_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://")
    with pytest.raises(AwsError) as caught:
        Aws(KEYS).sqs  # noqa: B018
    assert str(caught.value) == "Invalid endpoint: http://: correct sqs in aws:endpoints, or AWS_ENDPOINT_URL"


def test_what_would_have_been_sent_is_not_quoted() -> None:
    report = f"Invalid type for parameter MessageBody, value: {{'ani': '{SECRET}'}}, type: <class 'dict'>, valid types"
    with pytest.raises(AwsError) as caught, asking():
        raise ParamValidationError(report=report)
    assert SECRET not in str(caught.value)
    assert "Invalid type for parameter MessageBody, type: <class 'dict'>" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://sqs.example.com/"),
        ReadTimeoutError(endpoint_url="https://sqs.example.com/"),
        EndpointProviderError(msg="no\nsuch region"),
        SSLError(endpoint_url="https://sqs.example.com/", error=ValueError("self-signed")),
        ConnectionClosedError(endpoint_url="https://sqs.example.com/"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_between_here_and_aws_is_one_line(error: Exception) -> None:
    with pytest.raises(AwsError) as caught, asking():
        raise error
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.code == type(error).__name__
