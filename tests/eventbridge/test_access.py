"""Whose credentials are used, by which `aws:` keys, against the AWS emulator's STS; and what is refused instead."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.credentials import InstanceMetadataProvider
from pulumi_aws import config as pulumi_aws_config

from eventbridge.access import Access, AccessError
from eventbridge.access_config import HONOURED, KEYS, REFUSED, ROLE, WEB_IDENTITY, WITHOUT_EFFECT, parse
from tests.support.aws_sandbox import Aws as Sandbox
from tests.support.aws_sandbox import emptied_fixture, server_fixture

aws_server = server_fixture()
aws = emptied_fixture()

REGION = "eu-central-1"
ENVIRONMENTS, CONFIGS, FIRST, SECOND = "111111111111", "222222222222", "333333333333", "444444444444"
SECRET = "canary-of-the-secret-key"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's own settings, and credentials in the environment."""
    for name in ("AWS_PROFILE", "AWS_SKIP_METADATA_API_CHECK", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ENVIRONMENTS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def configured(aws: Sandbox, **keys: object) -> Access:
    """As config has them: lists and maps are JSON text."""
    given = {"endpoints": [{"events": aws.url, "sts": aws.url}], **keys}
    return parse({key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()})


def account(aws: Sandbox, **keys: object) -> str:
    """Whose credentials are used."""
    found, _ = configured(aws, **keys).connect(REGION)
    return found


def role(account: str, name: str = "deploy") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def refusal(**keys: object) -> str:
    with pytest.raises(AccessError) as caught:
        parse({key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()})
    text = str(caught.value)
    assert "\n" not in text
    assert SECRET not in text
    return text


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with shared files: a profile with keys, and one that assumes a role by those."""
    (tmp_path / "credentials").write_text(f"[other]\naws_access_key_id = {CONFIGS}\naws_secret_access_key = test\n")
    (tmp_path / "config").write_text(f"[profile deploy]\nsource_profile = other\nrole_arn = {role(FIRST)}\n")
    return tmp_path


# Whose credentials.


def test_without_a_key_they_are_the_environments(aws: Sandbox) -> None:
    assert account(aws) == ENVIRONMENTS


def test_a_profiles_are_used_though_the_environment_has_some(
    aws: Sandbox, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(files / "credentials"))
    assert account(aws, profile="other") == CONFIGS


def test_the_shared_files_are_those_that_config_names(aws: Sandbox, files: Path) -> None:
    shared = {"sharedCredentialsFiles": [str(files / "credentials")], "sharedConfigFiles": [str(files / "config")]}
    assert account(aws, profile="other", **shared) == CONFIGS


def test_keys_in_config_are_used_before_all_others(aws: Sandbox, files: Path) -> None:
    keys = {"accessKey": CONFIGS, "secretKey": SECRET, "token": "t"}
    assert account(aws, **keys) == CONFIGS
    shared = {"sharedConfigFiles": [str(files / "config")], "profile": "deploy"}
    assert account(aws, **keys, **shared) == CONFIGS


def test_roles_are_assumed_one_after_another(aws: Sandbox) -> None:
    assert account(aws, assumeRoles=[{"roleArn": role(FIRST)}]) == FIRST
    assert account(aws, assumeRoles=[{"roleArn": role(FIRST)}, {"roleArn": role(SECOND)}]) == SECOND


def test_a_token_stands_for_a_role(aws: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the token")
    by_file = {"roleArn": role(FIRST), "webIdentityTokenFile": str(tmp_path / "token")}
    assert account(aws, assumeRoleWithWebIdentity=by_file) == FIRST
    by_text = {"roleArn": role(FIRST), "webIdentityToken": "the token"}
    assert account(aws, assumeRoleWithWebIdentity=by_text, assumeRoles=[{"roleArn": role(SECOND)}]) == SECOND


# What is asked, and where.


@dataclass(frozen=True)
class Call:
    url: str
    operation: str
    parameters: dict[str, Any]
    key: str | None


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What would be asked of AWS itself, which assumes any role."""
    made: list[Call] = []

    def answer(client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        credentials = client._request_signer._credentials
        made.append(Call(client.meta.endpoint_url, operation, parameters, credentials and credentials.access_key))
        keys = {"AccessKeyId": f"of call {len(made)}", "SecretAccessKey": SECRET, "SessionToken": SECRET}
        return {"Account": FIRST, "Credentials": keys}

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    return made


def ask(**keys: object) -> None:
    """What PartnerSource does first."""
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}
    _, events = parse(given).connect(REGION)
    events.describe_event_source(Name="a source")


def test_without_endpoints_it_is_awss_own(calls: list[Call]) -> None:
    ask()
    assert [call.url for call in calls] == [f"https://{name}.{REGION}.amazonaws.com" for name in ("sts", "events")]


def test_sts_may_be_asked_in_another_region(calls: list[Call]) -> None:
    ask(stsRegion="us-west-2")
    assert [call.url.split(".")[1] for call in calls] == ["us-west-2", REGION]


@pytest.mark.parametrize("key", ["useFipsEndpoint", "useDualstackEndpoint"])
def test_kinds_of_endpoints(calls: list[Call], key: str) -> None:
    ask(**{key: "true"})
    assert not any(call.url == f"https://events.{REGION}.amazonaws.com" for call in calls)
    ask(**{key: "false"})
    assert calls[-1].url == f"https://events.{REGION}.amazonaws.com"


@pytest.mark.parametrize("name", ["events", "eventbridge", "cloudwatchevents"])
def test_endpoints_may_be_called_as_the_provider_lets_them(calls: list[Call], name: str) -> None:
    ask(endpoints=[{"sqs": "http://127.0.0.1:1"}, {name: "http://127.0.0.1:2"}])
    assert calls[-1].url == "http://127.0.0.1:2"


def test_each_role_is_asked_for_with_what_config_says_of_it_and_by_the_one_before(calls: list[Call]) -> None:
    whole = {
        "roleArn": role(FIRST),
        "sessionName": "deploy",
        "externalId": "external",
        "duration": "1h30m",
        "policy": "{}",
        "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "sourceIdentity": "somebody",
        "tags": {"team": "voice"},
        "transitiveTagKeys": ["team"],
    }
    ask(assumeRoles=[whole, {"roleArn": role(SECOND), "externalId": ""}])
    assert [call.operation for call in calls] == [
        "AssumeRole",
        "AssumeRole",
        "GetCallerIdentity",
        "DescribeEventSource",
    ]
    assert [call.key for call in calls] == [ENVIRONMENTS, "of call 1", "of call 2", "of call 2"]
    assert calls[0].parameters == {
        "RoleArn": role(FIRST),
        "RoleSessionName": "deploy",
        "ExternalId": "external",
        "DurationSeconds": 5400,
        "Policy": "{}",
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        "SourceIdentity": "somebody",
        "Tags": [{"Key": "team", "Value": "voice"}],
        "TransitiveTagKeys": ["team"],
    }
    assert calls[1].parameters == {
        "RoleArn": role(SECOND),
        "RoleSessionName": "pulumi-partner-source",
        "DurationSeconds": 900,
    }


def test_a_token_is_read_when_it_is_needed_and_sent_unsigned(calls: list[Call], tmp_path: Path) -> None:
    file = tmp_path / "token"
    access = parse(
        {"assumeRoleWithWebIdentity": json.dumps({"roleArn": role(FIRST), "webIdentityTokenFile": str(file)})}
    )
    with pytest.raises(AccessError, match=r"^aws:assumeRoleWithWebIdentity.webIdentityTokenFile: .*No such file"):
        access.connect(REGION)
    for token in ("a token", "the next one"):
        file.write_text(token)
        access.connect(REGION)
        assert calls[-2].parameters["WebIdentityToken"] == token
        assert (calls[-2].operation, calls[-2].key) == ("AssumeRoleWithWebIdentity", None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, True), ({"skipMetadataApiCheck": "true"}, False), ({"skipMetadataApiCheck": "false"}, True)],
)
def test_the_metadata_service_is_asked_unless_config_says_not_to(
    calls: list[Call], monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: bool
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    asked: list[bool] = []
    monkeypatch.setattr(InstanceMetadataProvider, "load", lambda _: asked.append(True))
    ask(**given)
    assert bool(asked) == expected


# What is refused.


def test_each_key_of_the_provider_is_honoured_or_refused_or_has_no_effect() -> None:
    """Another release of pulumi_aws may have more."""
    theirs = {name for name, kind in vars(type(pulumi_aws_config)).items() if isinstance(kind, property)}
    camel = {re.sub("_([a-z0-9])", lambda found: found[1].upper(), name) for name in theirs}
    assert camel == KEYS
    assert len(KEYS) == len(HONOURED) + len(REFUSED) + len(WITHOUT_EFFECT)
    for name, shape in (("AssumeRoles", ROLE), ("AssumeRoleWithWebIdentity", WEB_IDENTITY)):
        fields = set(getattr(pulumi_aws_config.outputs, name).__init__.__annotations__)
        camel = {re.sub("_([a-z])", lambda found: found[1].upper(), each) for each in fields - {"return"}}
        assert camel - {"webIdentityToken", "webIdentityTokenFile"} == set(shape), name


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (
            {"httpProxy": "http://x"},
            "aws:httpProxy is not honoured by PartnerSource: set HTTP_PROXY in the environment",
        ),
        (
            {"httpsProxy": "http://x"},
            "aws:httpsProxy is not honoured by PartnerSource: set HTTPS_PROXY in the environment",
        ),
        ({"noProxy": "x"}, "aws:noProxy is not honoured by PartnerSource: set NO_PROXY in the environment"),
        ({"accessKey": "k"}, "aws:secretKey is missing: write aws:accessKey and aws:secretKey, or neither"),
        ({"secretKey": SECRET}, "aws:accessKey is missing: write aws:accessKey and aws:secretKey, or neither"),
        ({"token": SECRET}, "aws:accessKey is missing: write aws:accessKey and aws:secretKey, or neither"),
        ({"accessKey": "k", "secretKey": [SECRET]}, "aws:secretKey must be a text"),
        ({"sharedConfigFiles": ["a", "b"]}, "aws:sharedConfigFiles must have exactly one file for PartnerSource"),
        ({"sharedCredentialsFiles": "a"}, "aws:sharedCredentialsFiles must have exactly one file for PartnerSource"),
        ({"endpoints": {"events": "x"}}, "aws:endpoints must be such as"),
        ({"endpoints": [{"sqs": ""}, {"events": 5}]}, "aws:endpoints[1].events is no URL: write such as http://127"),
        ({"endpoints": [{"sts": "127.0.0.1:4566"}]}, "aws:endpoints[0].sts is no URL: write such as http://127.0.0.1"),
        ({"endpoints": [{"sts": "http://a b"}]}, "aws:endpoints[0].sts is no URL"),
        ({"endpoints": [{"sts": "http://[::1"}]}, "aws:endpoints[0].sts is no URL"),
        ({"accessKey": f"k\n{SECRET}", "secretKey": "s"}, "aws:accessKey has a line break or another control"),
        ({"accessKey": "k", "secretKey": f"{SECRET}\r{SECRET}"}, "aws:secretKey has a line break or another control"),
        (
            {"accessKey": "k", "secretKey": "s", "token": f"{SECRET}\x00{SECRET}"},
            "aws:token has a line break or another control character inside: write it anew",
        ),
        ({"useFipsEndpoint": "perhaps"}, "aws:useFipsEndpoint must be true or false"),
        ({"insecure": "perhaps"}, "aws:insecure must be true or false"),
        ({"assumeRoles": {"roleArn": "r"}}, "aws:assumeRoles must be such as"),
        ({"assumeRoles": ["r"]}, "aws:assumeRoles[0] must be such as"),
        ({"assumeRoles": [{"roleArn": "r"}, {"roleArn": ""}]}, "aws:assumeRoles[1].roleArn is missing"),
        ({"assumeRoles": [{"roleArn": "r", "extra": SECRET}]}, "aws:assumeRoles[0].extra is not honoured"),
        ({"assumeRoles": [{"roleArn": "r", "duration": "15"}]}, "aws:assumeRoles[0].duration must be such as 15m or"),
        ({"assumeRoles": [{"roleArn": "r", "duration": "1.2.3h"}]}, "aws:assumeRoles[0].duration must be such as 15m"),
        ({"assumeRoles": [{"roleArn": "r", "externalId": [SECRET]}]}, "aws:assumeRoles[0].externalId must be a text"),
        (
            {"assumeRoles": [{"roleArn": "r", "policyArns": "p"}]},
            "aws:assumeRoles[0].policyArns must be a list of texts",
        ),
        ({"assumeRoles": [{"roleArn": "r", "tags": ["t"]}]}, "aws:assumeRoles[0].tags must be texts by name"),
        ({"assumeRoleWithWebIdentity": {"roleArn": "r"}}, "aws:assumeRoleWithWebIdentity has no token: write"),
        (
            {"assumeRoleWithWebIdentity": {"webIdentityToken": SECRET}},
            "aws:assumeRoleWithWebIdentity.roleArn is missing",
        ),
        ({"assumeRoleWithWebIdentity": [SECRET]}, "aws:assumeRoleWithWebIdentity"),
    ],
)
def test_what_can_not_be_honoured_is_refused_in_one_line(keys: dict[str, object], says: str) -> None:
    assert refusal(**keys).startswith(says)


def test_credentials_in_config_are_without_white_space_at_their_ends(aws: Sandbox) -> None:
    assert account(aws, accessKey=f" {CONFIGS}\n", secretKey=f"{SECRET}\r\n", token="the token\n") == CONFIGS


def test_credentials_in_the_environment_are_without_white_space_at_their_ends(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"{ENVIRONMENTS}\r\n")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test\n")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the token\n")
    assert account(aws) == ENVIRONMENTS


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_line_break_in_a_credential_of_the_environment_is_refused(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, f"{SECRET}\n{SECRET}")
    with pytest.raises(AccessError) as caught:
        account(aws)
    assert str(caught.value) == f"{name} has a line break or another control character inside: write it anew"


def test_a_token_in_a_file_is_a_text(aws: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe\x00")
    identity = {"roleArn": role(FIRST), "webIdentityTokenFile": str(tmp_path / "token")}
    with pytest.raises(AccessError, match=r"webIdentityTokenFile names no file with a text in it: write the path"):
        account(aws, assumeRoleWithWebIdentity=identity)


def test_nothing_secret_is_shown() -> None:
    keys = {"accessKey": "k", "secretKey": SECRET, "token": SECRET}
    identity = {"roleArn": role(FIRST), "webIdentityToken": SECRET}
    access = parse({**keys, "assumeRoleWithWebIdentity": json.dumps(identity)})
    assert SECRET not in repr(access)
