"""Whole stacks on an AWS that holds every call against policies: a second opinion on them, by other code.

`test_permissions.py` evaluates what was recorded; here a call that is not allowed fails, and it shows where.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from ops.listener import TAG
from tests.support.deployment import SECONDS, Deployment, deployment
from tests.support.grants import DOCUMENTS, OPERATE, filled, text, unshown
from tests.support.policies import Policy, Request
from tests.support.waiting import PATIENCE, until
from tools import ops

pytestmark = pytest.mark.full

ACCOUNT = "000000000000"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:user/deployer"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:user/operator"
ELSEWHERE = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/elsewhere"
STACKS = {"webhook": ("local", "seed"), "partner": ("local-partner", "strict")}
ELSEWHERE_TOO = f"{ELSEWHERE}-2"
CHANGES: dict[str, Any] = {
    "tags": {"application": "another", "more": "tags"},
    "forwardTo": [ELSEWHERE, ELSEWHERE_TOO],
    "archiveDays": 3,
    "silenceHours": 48,
}
CHANGES_OF: dict[str, dict[str, Any]] = {
    "webhook": {
        "logDays": 7,
        "topics": ["v2.another.{id}.topic"],
        "ingress": {"throttle": {"rate": 10, "burst": 20}},
        "heartbeatMinutes": 7,
        "apiKeyRotation": 2,
        "signingKeyRotation": 2,
    },
    "partner": {"topics": ["v2.detail.events.conversation.{id}.acd.start"]},
}
TAKEN_AWAY = {"tags": {}, "forwardTo": [ELSEWHERE_TOO], "tap": False, "silenceHours": 0}


@pytest.fixture(scope="module", autouse=True)
def enforced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_AWS_AUTH", "true")
        yield


@pytest.fixture(scope="module", params=["webhook", "partner"])
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """By somebody who may do what docs/grants says and nothing else. Each test leaves it well."""
    stack, profile = STACKS[request.param]
    with deployment(tmp_path_factory.mktemp("enforced"), profile=profile, stack=stack) as it:
        it.client("events").create_event_bus(Name="elsewhere")
        it.configure("forwardTo", [ELSEWHERE])
        with as_user(it):
            grant(it, request.param, without="iam:PassRole")
            text = it.pulumi("up", "--yes", "--skip-preview", fails=True)
            assert "AccessDenied" in text
            role = f"arn:aws:iam::{ACCOUNT}:role/genesys-{stack}-forward-1"
            assert f"{DEPLOYER} is not authorized to perform: iam:PassRole on resource: {role}" in text
            grant(it, request.param)
            allowed = len(refused(it))
            it.pulumi("up", "--yes", "--skip-preview")
            assert refused(it)[allowed:] == []
        yield it


@dataclass(frozen=True)
class Life:
    """All that somebody with these policies did to a stack, from the first `up` to `destroy`."""

    delivery: str
    statements: list[tuple[str, Policy]]
    """With the document of each."""
    requests: list[Request]
    refused: list[str]


@pytest.fixture(scope="module", params=["webhook", "partner"])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    delivery = request.param
    stack, profile = STACKS[delivery]
    with deployment(tmp_path_factory.mktemp("life"), profile=profile, stack=stack) as it:
        for name in ("elsewhere", "elsewhere-2"):
            it.client("events").create_event_bus(Name=name)
        it.configure("forwardTo", [ELSEWHERE])
        with as_user(it):
            statements = grant(it, delivery)
            it.pulumi("up", "--yes", "--skip-preview")
            it.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
            it.pulumi("refresh", "--yes", "--expect-no-changes")
            for key, value in {**CHANGES, **CHANGES_OF[delivery]}.items():
                it.configure(key, value)
            it.pulumi("up", "--yes", "--skip-preview")
            passed = handed_over(it)
            by_hand(it)
            it.pulumi("up", "--yes", "--skip-preview", "--refresh")
            for key, value in TAKEN_AWAY.items():
                it.configure(key, value)
            it.pulumi("up", "--yes", "--skip-preview")
            it.pulumi("destroy", "--yes", "--skip-preview")
        calls = [each for each in it.aws("GET", "calls") if each["principal"] == "deployer" and each["status"] < 400]
        mapped = {"lambda:FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:genesys-local-ingress"}
        made = [Request(DEPLOYER, each["operation"], each["resource"], mapped) for each in calls]
        yield Life(delivery, statements, passed + made, refused(it))


@pytest.fixture
def by_webhook(deployed: Deployment) -> Deployment:
    if deployed.stack.name != "local":
        pytest.skip("there is no ingress")
    return deployed


@contextmanager
def as_user(it: Deployment, user: str = "deployer") -> Iterator[None]:
    """Somebody new, whose key is in the config while it lasts."""
    it.client("iam").create_user(UserName=user)
    key = it.client("iam").create_access_key(UserName=user)["AccessKey"]
    with it.changed({"aws:accessKey": key["AccessKeyId"]}):
        it.pulumi("config", "set", "--secret", "aws:secretKey", key["SecretAccessKey"])
        yield


def grant(it: Deployment, delivery: str, without: str = "") -> list[tuple[str, Policy]]:
    """The delivery's documents to who deploys, without statements of that one action; the statements."""
    return [each for name in DOCUMENTS[delivery] for each in granted(it, name, "deployer", without)]


def granted(it: Deployment, name: str, user: str, without: str = "") -> list[tuple[str, Policy]]:
    document = filled(text(name), bus=f"genesys-{it.stack.name}")
    kept = [each for each in document["Statement"] if each["Action"] != without]
    it.client("iam").put_user_policy(UserName=user, PolicyName=name, PolicyDocument=policy(*kept))
    return [(name, Policy.of(each["Sid"], {"Statement": each})) for each in kept]


def handed_over(it: Deployment) -> list[Request]:
    """Of every role that a service has, as whoever gave it that is asked for it: it is in no record."""
    events, functions = it.client("events"), it.client("lambda").list_functions()["Functions"]
    found = [("lambda", each["Role"]) for each in functions]
    for bus in events.list_event_buses()["EventBuses"]:
        for rule in events.list_rules(EventBusName=bus["Name"])["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus["Name"])["Targets"]
            found += [("events", each["RoleArn"]) for each in targets if "RoleArn" in each]
    return [
        Request(DEPLOYER, "iam:PassRole", role, {"iam:PassedToService": f"{service}.amazonaws.com"})
        for service, role in found
    ]


def by_hand(it: Deployment) -> None:
    """What nothing in the stack's file changes, and `up` mends."""
    iam, events, secrets, functions = (it.client(name) for name in ("iam", "events", "secretsmanager", "lambda"))
    for role in iam.list_roles()["Roles"]:
        iam.update_role(RoleName=role["RoleName"], Description="by hand", MaxSessionDuration=7200)
        iam.update_assume_role_policy(
            RoleName=role["RoleName"],
            PolicyDocument=policy({**role["AssumeRolePolicyDocument"]["Statement"][0], "Sid": "hand"}),
        )
    for bus in events.list_event_buses()["EventBuses"]:
        if "elsewhere" not in bus["Name"] and bus["Name"] != "default":
            events.update_event_bus(Name=bus["Name"], Description="by hand")
    for source in events.list_event_sources()["EventSources"]:
        events.deactivate_event_source(Name=source["Name"])
    for destination in events.list_api_destinations()["ApiDestinations"]:
        events.update_api_destination(Name=destination["Name"], InvocationRateLimitPerSecond=7)
    for secret in secrets.list_secrets()["SecretList"]:
        if "events!" not in secret["Name"]:
            secrets.update_secret(SecretId=secret["ARN"], Description="by hand")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=3)


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


@dataclass(frozen=True)
class Operated:
    """What somebody with operate.json did by ops to both deliveries."""

    lives: list[Life]
    said: dict[str, tuple[int, str]]
    """Exit code and output by delivery and command."""


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Operated:
    lives, said = [], {}
    for delivery, (stack, profile) in STACKS.items():
        with deployment(tmp_path_factory.mktemp("operated"), profile=profile, stack=stack) as it:
            it.pulumi("up", "--yes", "--skip-preview")
            left_behind(it)

            def run(command: str, *arguments: str, it: Deployment = it, delivery: str = delivery) -> None:
                line = ops.line(it.stack, command, *arguments)
                environ, project = ops.environ(it.stack), it.stack.project
                done = subprocess.run(line, cwd=project, env=environ, capture_output=True, text=True, timeout=PATIENCE)
                said[" ".join([delivery, command, *arguments])] = (done.returncode, done.stdout + done.stderr)

            with as_user(it, "operator"):
                statements = granted(it, OPERATE, "operator")
                run("verify")
                run("tail", "--for", "1")
                if delivery == "webhook":
                    run("trigger")
                letter(it)
                run("dead-letters", "explain")
                run("dead-letters", "send", "--queue", "tap", "--all")
                letter(it)
                run("dead-letters", "delete", "--all", "--yes")
                run("replay", "--since", "1h", "--rule", "tap")
            calls = [each for each in it.aws("GET", "calls") if each["principal"] == "operator"]
            made = [Request(OPERATOR, each["operation"], each["resource"]) for each in calls if each["status"] < 400]
            lives.append(Life(delivery, statements, made, refused(it)))
    return Operated(lives, said)


def left_behind(it: Deployment) -> None:
    """By a listener that was killed an hour ago: the next one sweeps it."""
    outputs, name, past = it.stack.outputs(), f"genesys-{it.stack.name}-listen-0", "2026-01-01T00:00:00+00:00"
    it.client("sqs").create_queue(QueueName=name, tags={TAG: past})
    bus, tags = outputs["busArn"].partition("event-bus/")[2], [{"Key": TAG, "Value": past}]
    it.client("events").put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["x"]}', Tags=tags)


def letter(it: Deployment) -> None:
    """The tap does not take an event."""
    rule = it.stack.outputs()["rules"]["tap"]
    it.aws("POST", "target-faults", {"target": rule["target"], "code": "NO_RESOURCE"})
    it.emit({"kind": "acd.end"})
    until(lambda: it.lying(rule["deadLetters"].rpartition("/")[2]) == 1, "the dead letter", SECONDS)


def test_what_is_granted_is_enough(life: Life) -> None:
    assert life.refused == []
    assert {each.action for each in life.requests} >= {"events:CreateEventBus", "events:DeleteEventBus", "iam:PassRole"}


def test_each_statement_allows_what_no_other_does(life: Life) -> None:
    """But those that only AWS itself asks for, each action of which is listed."""
    allowing = [
        {name for name, each in of(life) if list(each.matching(request, "Allow", identity=True))}
        for request in life.requests
    ]
    needed = {name for names in allowing if len(names) == 1 for name in names}
    listed = unshown()
    for (document, sid), each in of(life):
        grants = each.allowed()
        if not {(document, sid, grant.action) for grant in grants} <= listed:
            assert (document, sid) in needed


def test_what_is_not_needed_here_is_listed(life: Life) -> None:
    """Actions, and resources, of each statement: in docs/grants/README.md, where it says who asks for them then."""
    assert unused([life]) == {each for each in unshown() if each[0] in DOCUMENTS[life.delivery]}


def test_who_operates_may_do_it_all(operated: Operated) -> None:
    assert [life.refused for life in operated.lives] == [[], []]
    assert {line: code for line, (code, _) in operated.said.items() if code} == {
        "webhook tail --for 1": 1,  # nothing was heard
        "partner tail --for 1": 1,
    }


def test_who_operates_may_do_nothing_besides(operated: Operated) -> None:
    assert unused(operated.lives) == {each for each in unshown() if each[0] == OPERATE}


def unused(lives: list[Life]) -> set[tuple[str, str, str]]:
    """Document, statement and action, or resource, that none of them needed. Of a statement without use, actions."""
    granted, used = set(), set()
    for life in lives:
        for name, each in of(life):
            granted |= {(*name, what) for grant in each.allowed() for what in (grant.action, generic(grant.resource))}
            for request in life.requests:
                for grant in each.matching(request, "Allow", identity=True):
                    used |= {(*name, grant.action), (*name, generic(grant.resource))}
    at_all = {each[:2] for each in used}
    return {each for each in granted - used if each[:2] in at_all or re.fullmatch(r"[a-z]+:[A-Za-z]+", each[2])}


def of(life: Life) -> list[tuple[tuple[str, str], Policy]]:
    """Each statement by its document and name."""
    return [((document, each.where), each) for document, each in life.statements]


def generic(resource: str) -> str:
    """With the placeholder for the bus, and without what stands before its kind."""
    return re.sub("genesys-local(-partner)?", "BUS", resource.split(":", 5)[-1])


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
