"""The policies of docs/grants as AWS takes them. That they are enough, and no more, shows e2e/test_enforced.py."""

import json
import re
import shlex
import subprocess
from typing import Any

import botocore.session
import pytest

from settings import LONGEST_BUS_NAME
from tests.support.grants import DOCUMENTS, GRANTS, OPERATE, filled, text
from tests.support.graph import ROOT
from tests.support.policies import listed

NAMES = [*(name for names in DOCUMENTS.values() for name in names), OPERATE]
QUOTA = 6144
"""Of a managed policy, in characters, white space not counted (IAM's quotas)."""
LONGEST_REGION = "ap-southeast-1"
NO_OPERATIONS = {
    "iam:PassRole",
    "apigateway:GET",
    "apigateway:POST",
    "apigateway:PATCH",
    "apigateway:DELETE",
    "apigateway:TagResource",
    "apigateway:UntagResource",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
}
"""Actions that IAM has, and no operation of the API."""
WITHOUT_THE_BUS = {
    "alarm:*",
    "event-source-mapping:*",
    "/apis",
    "/apis/*",
    "*/tags/*",
    "role/aws-service-role/apidestinations.events.amazonaws.com/AWSServiceRoleForAmazonEventBridgeApiDestinations",
    "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway",
}


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text(name))["Statement"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_into_a_managed_policy(name: str) -> None:
    longest = filled(text(name), bus="b" * LONGEST_BUS_NAME, region=LONGEST_REGION)
    assert len(json.dumps(longest, separators=(",", ":"))) <= QUOTA


@pytest.mark.parametrize("name", NAMES)
def test_each_action_is_said_and_is_one(name: str) -> None:
    session = botocore.session.get_session()
    for action in (action for each in statements(name) for action in listed(each["Action"])):
        service, _, operation = action.partition(":")
        if action not in NO_OPERATIONS:
            assert operation in session.get_service_model(service).operation_names, action


@pytest.mark.parametrize("name", NAMES)
def test_each_resource_is_the_stacks_own(name: str) -> None:
    for each in statements(name):
        for resource in listed(each["Resource"]):
            if resource == "*":
                assert each["Sid"] in {"Mapping", "AccessLog", "List"}
                continue
            _, _, _, region, account, what = resource.split(":", 5)
            assert "BUS" in what or what in WITHOUT_THE_BUS, resource
            assert (region, account) in {
                ("REGION", "ACCOUNT"),
                ("", "ACCOUNT"),  # of IAM, and dashboards
                ("REGION", ""),  # of HTTP APIs, and event sources
            }


@pytest.mark.parametrize("name", NAMES)
def test_roles_are_handed_to_one_service(name: str) -> None:
    for each in statements(name):
        if "iam:PassRole" in listed(each["Action"]):
            assert list(each["Condition"]) == ["StringEquals"]
            assert list(each["Condition"]["StringEquals"]) == ["iam:PassedToService"]
        if "Sid" in each:
            assert re.fullmatch(r"[A-Za-z0-9]+", each["Sid"])


def test_the_command_fills_in_all_there_is() -> None:
    """As its README and docs/partner.md have it, with their sed."""
    docs = (GRANTS / "README.md", ROOT / "docs" / "partner.md")
    [expression] = {each for path in docs for each in re.findall(r"\(sed '([^']+)'", path.read_text())}
    for name in NAMES:
        line = ["sed", *shlex.split(f"'{expression}'"), str(GRANTS / f"{name}.json")]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        meant = filled(text(name), bus="genesys-dev", region="eu-central-1", account="123456789012")
        assert json.loads(done.stdout) == meant
        assert not re.search(r"REGION|ACCOUNT|BUS", done.stdout)


def test_the_readme_names_each() -> None:
    assert {path.stem for path in GRANTS.glob("*.json")} == set(NAMES)
    assert "docs/grants/README.md" in (ROOT / "README.md").read_text()
