"""Policies evaluated as IAM's reference has it ("Policy evaluation logic"), for what this program's policies say.

What isn't known here is an error and no pass: a condition key or operator, an element such as NotAction.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
KEYS = {"aws:sourcearn", "aws:sourceaccount", "aws:securetransport", "iam:passedtoservice", "lambda:functionarn"}


class UnknownPolicy(Exception):
    """Something in a policy that isn't evaluated here."""


@dataclass(frozen=True)
class Request:
    principal: str
    """A service, or a role's or a user's ARN."""
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    """By the names of condition keys, whose case means nothing."""


@dataclass(frozen=True)
class Grant:
    """One action on one resource by one Allow: the least that can be too much."""

    where: str
    """The policy: `role genesys-local-ingress`, say."""
    action: str
    resource: str


@dataclass(frozen=True)
class Policy:
    """What a resource or a role has. `resource` is what a statement without one is about: a role's trust."""

    where: str
    statements: list[Mapping[str, Any]]
    resource: str = ""

    @classmethod
    def of(cls, where: str, document: Mapping[str, Any], resource: str = "") -> "Policy":
        statements = listed(document["Statement"])
        for statement in statements:
            if unknown := sorted(set(statement) - ELEMENTS):
                raise UnknownPolicy(f"{where}: {', '.join(unknown)} is not evaluated")
            if statement["Effect"] not in ("Allow", "Deny"):
                raise UnknownPolicy(f"{where}: no such Effect: {statement['Effect']}")
            holds(statement.get("Condition", {}), {})  # for what is unknown in it
        return cls(where, statements, resource)

    def matching(self, request: Request, effect: str, *, identity: bool) -> Iterator[Grant]:
        """What of it allows, or denies, the request. A role's own policy (`identity`) names no principal."""
        for statement in self.statements:
            if statement["Effect"] != effect or ("Principal" in statement) is identity:
                continue
            if not identity and not is_meant(statement["Principal"], request.principal):
                continue
            if not holds(statement.get("Condition", {}), request.context):
                continue
            for grant in self._grants(statement):
                if like(request.action.lower(), grant.action.lower()) and arn_like(request.resource, grant.resource):
                    yield grant

    def allowed(self) -> list[Grant]:
        """Every grant of its Allows."""
        return [grant for each in self.statements if each["Effect"] == "Allow" for grant in self._grants(each)]

    def _grants(self, statement: Mapping[str, Any]) -> list[Grant]:
        resources = listed(statement.get("Resource", self.resource))
        return [Grant(self.where, action, each) for action in listed(statement["Action"]) for each in resources]


@dataclass(frozen=True)
class Decision:
    allowed_by: list[Grant]
    denied_by: list[Grant]

    @property
    def allowed(self) -> bool:
        """In one account either side's Allow does; a Deny of either wins."""
        return bool(self.allowed_by) and not self.denied_by


def decide(request: Request, identity: Iterable[Policy], resource: Iterable[Policy]) -> Decision:
    """By the policies of who asks, and those of what is asked for."""
    sides = [(policy, True) for policy in identity] + [(policy, False) for policy in resource]
    found = {
        effect: [grant for policy, own in sides for grant in policy.matching(request, effect, identity=own)]
        for effect in ("Allow", "Deny")
    }
    return Decision(found["Allow"], found["Deny"])


def is_meant(named: Any, principal: str) -> bool:
    """Whether the statement's principal is this one. A service must be named as one, unless everybody is meant."""
    if named == "*":
        return True
    if not isinstance(named, Mapping) or set(named) - {"Service", "AWS"}:
        raise UnknownPolicy(f"the principal {named} is not evaluated")
    kind = "AWS" if principal.startswith("arn:") else "Service"
    return any(each in (principal, "*") for each in listed(named.get(kind, [])))


def holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Every key of every operator, any of its values. A key that the request hasn't is no match."""
    given = {key.lower(): value for key, value in context.items()}
    matches = []
    for operator, keys in condition.items():
        if operator not in OPERATORS:
            raise UnknownPolicy(f"the condition operator {operator} is not evaluated")
        for key, values in keys.items():
            if key.lower() not in KEYS:
                raise UnknownPolicy(f"the condition key {key} is not evaluated")
            value = given.get(key.lower())
            matches.append(value is not None and any(OPERATORS[operator](value, str(each)) for each in listed(values)))
    return all(matches)


def like(value: str, pattern: str) -> bool:
    """`*` is anything, `?` any one character; nothing else means anything."""
    return re.fullmatch(expression(pattern, "."), value, re.DOTALL) is not None


def arn_like(arn: str, pattern: str) -> bool:
    """A `*` stays within its segment of the first five, unless it is the pattern's last character."""
    if pattern == "*":
        return True
    *segments, last = pattern.split(":", 5)
    whole = ":".join([*(expression(each, "[^:]") for each in segments), expression(last, ".")])
    return re.fullmatch(whole, arn, re.DOTALL) is not None


def expression(pattern: str, any_one: str) -> str:
    wild = {"*": f"{any_one}*", "?": any_one}
    return "".join(wild.get(character, re.escape(character)) for character in pattern)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def same_truth(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


OPERATORS = {
    "StringEquals": str.__eq__,
    "ArnEquals": arn_like,  # IAM's reference: "ArnEquals and ArnLike condition operators behave identically"
    "ArnLike": arn_like,
    "Bool": same_truth,
}
