"""What is done in a stack that has all there is, against every policy of it: allowed, and no more than is used.

The sandbox evaluates next to no policy, so what it has recorded is evaluated here. Policies are read from what was
deployed, by the interfaces of IAM, SQS, Secrets Manager, Lambda, EventBridge and CloudWatch Logs.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.deployment import SECONDS, Deployment, deployment
from tests.support.policies import Decision, Grant, Policy, Request, decide
from tests.support.waiting import until

ACCOUNT, STRANGER = "000000000000", "111111111111"
ELSEWHERE = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/elsewhere"
NOT_OURS = {"root", "genesys.com"}
"""Who deploys, and the partner: their rights are not this program's to give."""
WRITES_ACCESS_LOG = "delivery.logs.amazonaws.com"
"""By a resource policy of CloudWatch Logs that AWS makes itself when the stage is made (the sandbox makes none)."""


@dataclass(frozen=True)
class Everything:
    calls: list[dict[str, Any]]
    """Of roles and services, from the first event on, and deploying."""
    roles: dict[str, str]
    """ARNs by name."""
    identity: dict[str, list[Policy]]
    """What roles may do, by ARN."""
    resource: list[Policy]
    """Who may do what with a resource, or assume a role."""

    def request(self, call: dict[str, Any]) -> Request:
        """As AWS sees the call. Lambda names no resource when it assumes a function's role (policies.trust)."""
        service = call["principal"].endswith(".amazonaws.com")
        context = {"aws:SecureTransport": "true"}
        if service:
            context["aws:SourceAccount"] = ACCOUNT
            if call["principal"] != "lambda.amazonaws.com":
                context["aws:SourceArn"] = call["source"]
        principal = call["principal"] if service else self.roles[call["principal"]]
        return Request(principal, call["operation"], call["resource"], context)

    def requests(self) -> list[Request]:
        found = [self.request(call) for call in self.calls if call["principal"] != WRITES_ACCESS_LOG]
        return [each for number, each in enumerate(found) if each not in found[:number]]

    def decide(self, request: Request) -> Decision:
        return decide(request, self.identity.get(request.principal, []), self.resource)

    def grants(self) -> list[Grant]:
        policies = [*self.resource, *(policy for own in self.identity.values() for policy in own)]
        return [grant for policy in policies for grant in policy.allowed()]


@pytest.fixture(scope="module", params=["webhook", "partner"])
def everything(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    stack, profile = {"webhook": ("local", "seed"), "partner": ("local-partner", "strict")}[request.param]
    with deployment(tmp_path_factory.mktemp("permissions"), profile=profile, stack=stack) as it:
        it.client("events").create_event_bus(Name="elsewhere")
        it.configure("forwardTo", [ELSEWHERE])
        it.pulumi("up", "--yes", "--skip-preview")
        outputs = it.stack.outputs()
        delivered(it, outputs)
        if request.param == "webhook":
            it.aws("POST", "schedule", {"rule": outputs["heartbeatRule"]})
            parked_and_drained(it, outputs["functionName"])
        dead_letters(it, outputs)
        yield collected(it)


def delivered(it: Deployment, outputs: dict[str, Any]) -> None:
    sent = it.emit({"kind": "acd.start"})["event"]
    it.receive(outputs["tapQueueUrl"], lambda seen: bool(seen["detail"].get("topicName") == sent["topicName"]))


def parked_and_drained(it: Deployment, role: str) -> None:
    """The bus takes nothing for a while: the function parks, Lambda reads the queue in its name and gives it back."""
    fault = {"operation": "events:PutEvents", "principal": role, "times": 10_000, "code": "ThrottlingException"}
    it.aws("POST", "faults", fault)
    try:
        it.emit({"kind": "acd.start"})
    finally:
        it.aws("DELETE", "faults")
    it.aws("POST", "queue-visible", {"queue": role.replace("-ingress", "-parking")})
    made(it, 1, "sqs:DeleteMessage", "-parking")


def dead_letters(it: Deployment, outputs: dict[str, Any]) -> None:
    """One of every target: it refuses, once."""
    for rule in outputs["rules"].values():
        it.aws("POST", "target-faults", {"target": rule["target"], "code": "NO_PERMISSIONS"})
    it.emit({"kind": "acd.end"})
    made(it, len(outputs["rules"]), "sqs:SendMessage", "-dead-letters")


def made(it: Deployment, count: int, operation: str, of: str) -> None:
    def enough() -> bool:
        calls = [each for each in it.aws("GET", "calls") if each["operation"] == operation]
        return len([each for each in calls if each.get("resource", "").endswith(of)]) >= count

    until(enough, f"{count} of {operation} on …{of}", SECONDS)


def collected(it: Deployment) -> Everything:
    """What was done by others than us and the partner, and every policy that there is."""
    iam = it.client("iam")
    roles = {each["RoleName"]: each for each in iam.list_roles()["Roles"]}
    identity: dict[str, list[Policy]] = {}
    resource = [*queues(it), *functions(it), *secrets(it), *logs(it), *buses(it)]
    for name, role in roles.items():
        assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == [], "a policy that isn't ours"
        resource.append(Policy.of(f"trust of {name}", role["AssumeRolePolicyDocument"], role["Arn"]))
        documents = [
            iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
            for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        identity[role["Arn"]] = [Policy.of(f"role {name}", each) for each in documents]
    calls = it.aws("GET", "calls")
    others = [each for each in calls if each["principal"] not in NOT_OURS]
    return Everything(others, {name: role["Arn"] for name, role in roles.items()}, identity, resource)


def queues(it: Deployment) -> Iterator[Policy]:
    sqs = it.client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        yield Policy.of(f"queue {url.rpartition('/')[2]}", json.loads(found))


def functions(it: Deployment) -> Iterator[Policy]:
    client = it.client("lambda")
    for function in client.list_functions()["Functions"]:
        found = client.get_policy(FunctionName=function["FunctionName"])["Policy"]
        yield Policy.of(f"function {function['FunctionName']}", json.loads(found))


def secrets(it: Deployment) -> Iterator[Policy]:
    client = it.client("secretsmanager")
    for secret in client.list_secrets()["SecretList"]:
        if found := client.get_resource_policy(SecretId=secret["ARN"]).get("ResourcePolicy"):
            yield Policy.of(f"secret {secret['Name']}", json.loads(found))


def logs(it: Deployment) -> Iterator[Policy]:
    for found in it.client("logs").describe_resource_policies()["resourcePolicies"]:
        yield Policy.of(f"logs {found['policyName']}", json.loads(found["policyDocument"]))


def buses(it: Deployment) -> Iterator[Policy]:
    client = it.client("events")
    for bus in client.list_event_buses()["EventBuses"]:
        if found := client.describe_event_bus(Name=bus["Name"]).get("Policy"):
            yield Policy.of(f"bus {bus['Name']}", json.loads(found))


def test_everything_was_done(everything: Everything) -> None:
    """Else an unused permission would be the test's fault."""
    assert everything.calls
    assert {each["principal"] for each in everything.calls} >= {"events.amazonaws.com", *everything.roles}


def test_each_call_is_allowed(everything: Everything) -> None:
    decisions = [(request, everything.decide(request)) for request in everything.requests()]
    assert [(request, each.denied_by) for request, each in decisions if not each.allowed] == []


def test_each_permission_is_used(everything: Everything) -> None:
    used = {grant for request in everything.requests() for grant in everything.decide(request).allowed_by}
    assert [grant for grant in everything.grants() if grant not in used] == []


def test_each_call_is_allowed_once(everything: Everything) -> None:
    """One grant for each: what two allow, one could do without."""
    decisions = [(request, everything.decide(request).allowed_by) for request in everything.requests()]
    assert [(request, grants) for request, grants in decisions if len(grants) > 1] == []


def test_no_wildcard_says_every_action_or_everything(everything: Everything) -> None:
    assert everything.grants()
    for grant in everything.grants():
        assert not set("*?") & set(grant.action), grant
        assert grant.resource.startswith("arn:aws:"), grant
        assert not set("*?") & set(":".join(grant.resource.split(":", 5)[:5])), grant


def test_every_queue_is_read_and_written_with_tls_alone(everything: Everything) -> None:
    of_queues = [each for each in everything.requests() if each.action.startswith("sqs:")]
    assert {each.resource for each in of_queues} == {
        statement["Resource"]
        for policy in everything.resource
        if policy.where.startswith("queue ")
        for statement in policy.statements
    }
    for request in of_queues:
        plain = replace(request, context={**request.context, "aws:SecureTransport": "false"})
        assert everything.decide(plain).denied_by, plain


def test_no_service_does_it_for_a_stranger(everything: Everything) -> None:
    """In their account, by their own rule or API, though of the same name."""
    of_services = [each for each in everything.requests() if not each.principal.startswith("arn:")]
    assert of_services
    for request in of_services:
        context = dict(request.context, **{"aws:SourceAccount": STRANGER})
        if arn := context.get("aws:SourceArn"):
            context["aws:SourceArn"] = arn.replace(ACCOUNT, STRANGER)
        assert not everything.decide(replace(request, context=context)).allowed, request


def test_no_other_rule_of_ours_may_either(everything: Everything) -> None:
    of_rules = [each for each in everything.requests() if each.principal == "events.amazonaws.com"]
    assert of_rules
    for request in of_rules:
        other = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/genesys-local/another"
        assert not everything.decide(replace(request, context={**request.context, "aws:SourceArn": other})).allowed
