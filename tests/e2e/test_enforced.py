"""Whole stacks on an AWS that holds every call against policies: a second opinion on them, by other code.

`test_permissions.py` evaluates what was recorded; here a call that is not allowed fails, and it shows where.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.deployment import SECONDS, Deployment, deployment
from tests.support.waiting import PATIENCE, until
from tools import ops

pytestmark = pytest.mark.full

ACCOUNT = "000000000000"
ELSEWHERE = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/elsewhere"
STACKS = {"webhook": ("local", "seed"), "partner": ("local-partner", "strict")}
SERVICES = ("apigateway", "cloudwatch", "events", "iam", "lambda", "logs", "secretsmanager", "sqs")
"""What somebody who deploys may do anything with."""


@pytest.fixture(scope="module", autouse=True)
def enforced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_AWS_AUTH", "true")
        yield


@pytest.fixture(scope="module", params=["webhook", "partner"])
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """By somebody who may use the stack's services and nothing else. Each test leaves it well."""
    stack, profile = STACKS[request.param]
    with deployment(tmp_path_factory.mktemp("enforced"), profile=profile, stack=stack) as it:
        it.client("events").create_event_bus(Name="elsewhere")
        it.configure("forwardTo", [ELSEWHERE])
        with it.changed(key_of(it)):
            may(it, *(each for each in SERVICES if each != "sqs"))
            text = it.pulumi("up", "--yes", "--skip-preview", fails=True)
            assert "AccessDenied" in text
            assert (
                f"User: arn:aws:iam::{ACCOUNT}:user/deployer is not authorized to perform: sqs:CreateQueue on resource"
                in text
            )
            may(it, *SERVICES)
            allowed = len(refused(it))
            it.pulumi("up", "--yes", "--skip-preview")
            assert refused(it)[allowed:] == []
        yield it


@pytest.fixture
def by_webhook(deployed: Deployment) -> Deployment:
    if deployed.stack.name != "local":
        pytest.skip("there is no ingress")
    return deployed


def key_of(it: Deployment) -> dict[str, Any]:
    """Config with the key of somebody who deploys."""
    it.client("iam").create_user(UserName="deployer")
    key = it.client("iam").create_access_key(UserName="deployer")["AccessKey"]
    return {"aws:accessKey": key["AccessKeyId"], "aws:secretKey": key["SecretAccessKey"]}


def may(it: Deployment, *services: str) -> None:
    """All of these, and the account's number."""
    statement = {"Effect": "Allow", "Action": [f"{service}:*" for service in services], "Resource": "*"}
    it.client("iam").put_user_policy(UserName="deployer", PolicyName="own", PolicyDocument=policy(statement))


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def refused(it: Deployment) -> list[str]:
    """`<who> <operation> <resource>` of what policies did not allow so far."""
    return [" ".join(each.values()) for each in it.aws("GET", "refusals")]


def verify(it: Deployment) -> dict[str, dict[str, str]]:
    """Steps that failed, by name."""
    line = ops.line(it.stack, "verify", "--json")
    done = subprocess.run(
        line, cwd=it.stack.project, env=ops.environ(it.stack), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode in (0, 1), done.stderr
    return {step["name"]: step for step in json.loads(done.stdout)["steps"] if step["outcome"] == "failed"}


def tapped(it: Deployment) -> None:
    """An event of Genesys Cloud's is in the tap."""
    sent = it.emit({"kind": "acd.start"})["event"]
    url = it.stack.outputs()["tapQueueUrl"]
    it.receive(url, lambda seen: bool(seen["detail"].get("topicName") == sent["topicName"]))


def drained(it: Deployment, parking: str) -> None:
    def empty() -> bool:
        it.aws("POST", "queue-visible", {"queue": parking})
        return it.lying(parking) == 0

    until(empty, "nothing is parked", SECONDS)


def letters(it: Deployment, rule: str) -> list[str]:
    """The error codes of the rule's dead letters, which are taken out."""
    sqs = it.client("sqs")
    url = it.stack.outputs()["rules"][rule]["deadLetters"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])
    for each in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return [each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in found]


def test_everything_that_a_stack_does_is_allowed(deployed: Deployment) -> None:
    """Events, dead letters, and what verify listens by; nothing that was refused meanwhile."""
    before = len(refused(deployed))
    tapped(deployed)
    assert verify(deployed) == {}
    rules = deployed.stack.outputs()["rules"]
    for rule in rules.values():
        deployed.aws("POST", "target-faults", {"target": rule["target"], "code": "NO_RESOURCE"})
    deployed.emit({"kind": "acd.end"})
    for name in rules:
        until(lambda name=name: letters(deployed, name) == ["NO_RESOURCE"], f"the dead letter of {name}", SECONDS)  # type: ignore[misc]
    assert refused(deployed)[before:] == []


def test_the_ingress_parks_drains_and_beats(by_webhook: Deployment) -> None:
    it, outputs = by_webhook, by_webhook.stack.outputs()
    before, role = len(refused(it)), outputs["functionName"]
    parking = role.replace("-ingress", "-parking")
    it.aws(
        "POST", "faults", {"operation": "events:PutEvents", "principal": role, "times": 10_000, "code": "Throttling"}
    )
    try:
        it.emit({"kind": "acd.start"})
        assert it.lying(parking) == 1
    finally:
        it.aws("DELETE", "faults")
    drained(it, parking)
    [beat] = it.aws("POST", "schedule", {"rule": outputs["heartbeatRule"]})["deliveries"]
    assert (beat["status"], beat["error"]) == (200, None)
    assert refused(it)[before:] == []


def test_put_events_taken_out_of_the_functions_policy_shows_in_the_log_and_in_verify(by_webhook: Deployment) -> None:
    it, role = by_webhook, by_webhook.stack.outputs()["functionName"]
    with without(it, role, "events:PutEvents"):
        [delivery] = it.emit({"kind": "acd.start"})["deliveries"]
        assert it.attempts(delivery, 1)[0]["statusCode"] == 202
        found = verify(it)
        assert list(found) == ["parked events", "probe"] or list(found) == ["probe"]
        assert "202" in found["probe"]["told"]
        assert "is it denied" in found["probe"]["fix"]
    pages = it.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{role}")
    assert any("AccessDeniedException" in line["message"] for page in pages for line in page["events"])
    assert f"{role} events:PutEvents arn:aws:events:us-east-1:{ACCOUNT}:event-bus/genesys-local" in refused(it)
    drained(it, role.replace("-ingress", "-parking"))
    assert verify(it) == {}


def test_a_queue_that_lets_nobody_in_shows_as_dead_letters(deployed: Deployment) -> None:
    sqs, tap = deployed.client("sqs"), deployed.stack.outputs()["tapQueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=tap, AttributeNames=["Policy"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=tap, Attributes={"Policy": ""})
    try:
        deployed.emit({"kind": "acd.start"})
        assert verify(deployed)["dead letters"]["told"] == "events that a target did not take: tap: 1"
    finally:
        sqs.set_queue_attributes(QueueUrl=tap, Attributes=before)
    assert letters(deployed, "tap") == ["NO_RESOURCE"]
    tapped(deployed)


def test_a_forwarding_role_without_its_right_shows_as_dead_letters(deployed: Deployment) -> None:
    [name] = [name for name in deployed.stack.outputs()["rules"] if name.startswith("forward")]
    roles = [each["RoleName"] for each in deployed.client("iam").list_roles()["Roles"]]
    [role] = [each for each in roles if "forward" in each]
    with without(deployed, role, "events:PutEvents"):
        tapped(deployed)
        until(lambda: letters(deployed, name) == ["NO_PERMISSIONS"], "the dead letter", SECONDS)
    assert f"{role} events:PutEvents {ELSEWHERE}" in refused(deployed)
    tapped(deployed)
    assert letters(deployed, name) == []


@contextmanager
def without(it: Deployment, role: str, action: str) -> Iterator[None]:
    """While it lasts, the role's policy says nothing of the action."""
    iam = it.client("iam")
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    found = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    left = [each for each in found["Statement"] if action not in each["Action"]]
    assert len(left) < len(found["Statement"])
    nothing = {"Effect": "Deny", "Action": action, "Resource": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/no"}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy(*left or [nothing]))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(found))
