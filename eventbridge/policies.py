"""Who may do what, as plain policy documents: made without a cloud, so that they are tested without one."""

from collections.abc import Sequence
from typing import TypedDict


class Statement(TypedDict, total=False):
    Effect: str
    Action: str | list[str]
    Resource: str | list[str]
    Principal: str | dict[str, str]
    Condition: dict[str, dict[str, str]]


class Policy(TypedDict):
    Version: str
    Statement: list[Statement]


def policy(*statements: Statement) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: Sequence[str], *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def for_source(account: str, arn: str | None = None) -> dict[str, dict[str, str]]:
    """Only on behalf of our account, or one resource of it: a service must not be talked into acting for a stranger."""
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    return {**condition, "ArnEquals": {"aws:SourceArn": arn}} if arn else condition


def trust(service: str, account: str, source_arn: str | None = None) -> Policy:
    """A role that the service may assume, for that one resource.

    Lambda names no resource when it assumes a function's role ("aws:SourceArn applies only to policies where your
    function is the target resource", its guide says): there the account has to do, and iam:PassRole says the rest.
    """
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": for_source(account, source_arn),
        }
    )


def ingress(bus_arn: str, secret_arns: Sequence[str], log_group_arn: str, parking_arn: str) -> Policy:
    """What the function may do: put events on the one bus, read the two keys, write its own log, park and drain.

    Lambda reads the queue in the function's name, and asks how much is in it.
    """
    return policy(
        allow(["events:PutEvents"], bus_arn),
        allow(["secretsmanager:GetSecretValue"], *secret_arns),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group_arn}:*"),
        allow(
            ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            parking_arn,
        ),
    )


def heartbeat(destination_arn: str) -> Policy:
    """What the schedule may do: call the one API destination."""
    return policy(allow(["events:InvokeApiDestination"], destination_arn))


def forward(bus_arn: str) -> Policy:
    """What the rule may do: put events on the one other bus."""
    return policy(allow(["events:PutEvents"], bus_arn))


def parking(queue_arn: str) -> Policy:
    """What the function may do says its role, and no one else may anything."""
    return policy(with_tls_only(queue_arn))


def queue(queue_arn: str, rule_arn: str, account: str) -> Policy:
    """What may come into a queue: the events of the one rule."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": for_source(account, rule_arn),
        },
        with_tls_only(queue_arn),
    )


def with_tls_only(queue_arn: str) -> Statement:
    """Nobody reads or writes without."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
