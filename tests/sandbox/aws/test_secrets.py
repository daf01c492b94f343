"""Secrets Manager's versions as AWS keeps them."""

from typing import Any

import pytest

from tests.support.aws_sandbox import Aws, refusal

TOKEN = "1" * 32
NO_VALUE = "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: "


@pytest.fixture
def secrets(aws: Aws) -> Any:
    return aws.client("secretsmanager")


@pytest.fixture
def arn(secrets: Any) -> str:
    created = secrets.create_secret(Name="s")
    assert "VersionId" not in created
    return str(created["ARN"])


def test_a_secret_without_a_value(secrets: Any, arn: str) -> None:
    assert refusal(secrets.get_secret_value, SecretId=arn) == f"{NO_VALUE}AWSCURRENT."
    assert not secrets.describe_secret(SecretId=arn).get("VersionIdsToStages")


def test_the_first_value_has_no_previous_one(secrets: Any, arn: str) -> None:
    secrets.put_secret_value(SecretId=arn, SecretString="first")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "first"
    assert refusal(secrets.get_secret_value, SecretId=arn, VersionStage="AWSPREVIOUS") == f"{NO_VALUE}AWSPREVIOUS."


def test_the_second_value_has(secrets: Any, arn: str) -> None:
    for value in ("first", "second"):
        secrets.put_secret_value(SecretId=arn, SecretString=value)
    previous = secrets.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "first"


def test_a_token_stands_for_one_value(secrets: Any, arn: str) -> None:
    first = secrets.put_secret_value(SecretId=arn, SecretString="first", ClientRequestToken=TOKEN)
    again = secrets.put_secret_value(SecretId=arn, SecretString="first", ClientRequestToken=TOKEN)
    assert first["VersionId"] == again["VersionId"] == TOKEN
    said = refusal(secrets.put_secret_value, SecretId=arn, SecretString="other", ClientRequestToken=TOKEN)
    assert said.startswith(f"ResourceExistsException: You can't use ClientRequestToken {TOKEN} because")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "first"


def test_a_secret_made_with_a_value_has_the_token_as_version(secrets: Any) -> None:
    created = secrets.create_secret(Name="s", SecretString="first", ClientRequestToken=TOKEN)
    assert created["VersionId"] == secrets.get_secret_value(SecretId="s")["VersionId"] == TOKEN


def test_the_current_version_can_be_aged(aws: Aws, secrets: Any, arn: str) -> None:
    secrets.put_secret_value(SecretId=arn, SecretString="first")
    secrets.put_secret_value(SecretId=arn, SecretString="second")
    stages = ("AWSCURRENT", "AWSPREVIOUS")
    before = [secrets.get_secret_value(SecretId=arn, VersionStage=stage)["CreatedDate"] for stage in stages]
    aws.door("POST", "aws/secret-age", {"arn": arn, "seconds": 3600})
    after = [secrets.get_secret_value(SecretId=arn, VersionStage=stage)["CreatedDate"] for stage in stages]
    assert [(was - now).total_seconds() for was, now in zip(before, after, strict=True)] == [3600, 0]
