"""The evaluator of policies, against the rules of IAM's reference that this program leans on."""

from typing import Any

import pytest

from tests.support.policies import Grant, Policy, Request, UnknownPolicy, arn_like, decide, like

QUEUE = "arn:aws:sqs:us-east-1:000000000000:tap"
ROLE = "arn:aws:iam::000000000000:role/reader"
RULE = "arn:aws:events:us-east-1:000000000000:rule/bus/tap"
ALLOW = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
ONLY_RULE = {"ArnEquals": {"aws:SourceArn": RULE}}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": QUEUE,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def queue(*statements: dict[str, Any]) -> Policy:
    return Policy.of("queue tap", {"Statement": [{"Resource": QUEUE, **each} for each in statements]})


def send(principal: str = "events.amazonaws.com", **context: str) -> Request:
    given = {key.replace("_", ":"): value for key, value in context.items()}
    return Request(principal, "sqs:SendMessage", QUEUE, {"aws:SecureTransport": "true", **given})


def allowed(request: Request, *statements: dict[str, Any]) -> bool:
    return decide(request, [], [queue(*statements)]).allowed


def test_nothing_is_allowed_that_no_statement_allows() -> None:
    assert not allowed(send())
    assert not allowed(send(), TLS_ONLY)


def test_a_service_is_allowed_by_its_name_alone() -> None:
    assert allowed(send(), ALLOW)
    assert not allowed(send("lambda.amazonaws.com"), ALLOW)
    assert not allowed(send(ROLE), ALLOW)


def test_a_condition_holds_for_its_value_and_not_without_one() -> None:
    statement = {**ALLOW, "Condition": ONLY_RULE}
    assert allowed(send(aws_SourceArn=RULE), statement)
    assert allowed(send(AWS_SOURCEARN=RULE), statement)
    assert not allowed(send(aws_SourceArn=RULE + "-2"), statement)
    assert not allowed(send(), statement)


def test_each_condition_must_hold_and_any_of_its_values_may() -> None:
    statement = {**ALLOW, "Condition": {**ONLY_RULE, "StringEquals": {"aws:SourceAccount": ["1", "2"]}}}
    assert allowed(send(aws_SourceArn=RULE, aws_SourceAccount="2"), statement)
    assert not allowed(send(aws_SourceArn=RULE, aws_SourceAccount="3"), statement)
    assert not allowed(send(aws_SourceAccount="2"), statement)


def test_a_deny_wins_over_every_allow() -> None:
    reader = Policy.of("role reader", {"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": QUEUE}})
    for secure, expected in (("true", True), ("false", False)):
        decision = decide(send(ROLE, aws_SecureTransport=secure), [reader], [queue(TLS_ONLY)])
        assert decision.allowed is expected
        assert decision.allowed_by == [Grant("role reader", "sqs:*", QUEUE)]


def test_what_a_role_has_is_not_what_a_resource_has() -> None:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}
    assert not decide(send(ROLE), [], [Policy.of("queue tap", {"Statement": statement})]).allowed
    assert not decide(send(), [queue(ALLOW)], []).allowed


def test_a_trust_is_about_the_role_that_has_it() -> None:
    document = {"Statement": {**ALLOW, "Action": "sts:AssumeRole"}}
    trust = Policy.of("trust of reader", document, ROLE)
    assert decide(Request("events.amazonaws.com", "sts:AssumeRole", ROLE), [], [trust]).allowed
    assert not decide(Request("events.amazonaws.com", "sts:AssumeRole", ROLE + "-2"), [], [trust]).allowed


def test_every_action_on_every_resource_is_a_grant() -> None:
    document = {"Statement": {"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": ["arn:1", "arn:2"]}}
    grants = Policy.of("role reader", document).allowed()
    assert {(each.action, each.resource) for each in grants} == {
        ("a:B", "arn:1"),
        ("a:B", "arn:2"),
        ("a:C", "arn:1"),
        ("a:C", "arn:2"),
    }


@pytest.mark.parametrize(
    "part",
    [
        {"Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}},
        {"Condition": {"StringEqualsIgnoreCase": {"aws:SourceAccount": "1"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "1", "events:source": "x"}}},
        {"NotAction": "sqs:SendMessage"},
        {"NotResource": QUEUE},
        {"NotPrincipal": {"AWS": ROLE}},
        {"Effect": "allow"},
    ],
)
def test_what_is_not_known_is_an_error_and_no_pass(part: dict[str, Any]) -> None:
    with pytest.raises(UnknownPolicy):
        queue({**ALLOW, **part})


def test_a_principal_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(UnknownPolicy):
        allowed(send(), {**ALLOW, "Principal": {"Federated": "x"}})


@pytest.mark.parametrize(
    ("value", "pattern", "matches"),
    [
        ("sqs:SendMessage", "sqs:*", True),
        ("sqs:SendMessage", "sqs:Send?essage", True),
        ("sqs:SendMessage", "sqs:[S]endMessage", False),
        ("sqs:SendMessage", "sqs:Send", False),
    ],
)
def test_wildcards_of_actions(value: str, pattern: str, *, matches: bool) -> None:
    assert like(value, pattern) is matches


@pytest.mark.parametrize(
    ("arn", "pattern", "matches"),
    [
        ("arn:aws:logs:r:1:log-group:g:log-stream:s", "arn:aws:logs:r:1:log-group:g:*", True),
        ("arn:aws:logs:r:1:log-group:g2:log-stream:s", "arn:aws:logs:r:1:log-group:g:*", False),
        ("arn:aws:execute-api:r:1:api/$default/POST/genesys", "arn:aws:execute-api:r:1:api/*/POST/genesys", True),
        ("arn:aws:sqs:r:1:tap", "arn:aws:sqs:*:tap", False),
        ("arn:aws:sqs:r:1:tap", "arn:aws:sqs:*:*:tap", True),
        ("arn:aws:sqs:r:1:tap", "arn:aws:sqs:r:1:ta?", True),
        ("arn:aws:sqs:r:1:tap", "arn:aws:sqs:r:1:t.p", False),
        ("arn:aws:sqs:r:1:tap", "*", True),
    ],
)
def test_wildcards_of_arns(arn: str, pattern: str, *, matches: bool) -> None:
    assert arn_like(arn, pattern) is matches
