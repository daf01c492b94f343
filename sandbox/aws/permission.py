"""Whether a function's resource policy lets a service invoke it on behalf of a resource."""

from fnmatch import fnmatchcase
from typing import Any

from .environment import ACCOUNT
from .inside import Json


def allows(function: Json, service: str, action: str, source_arn: str) -> bool:
    statements = (function.get("policy") or {}).get("Statement") or []
    return any(_matches(statement, service, action, source_arn) for statement in statements)


def arn_like(arn: str, pattern: str) -> bool:
    """IAM compares each of the six parts of an ARN by itself: a `*` never spans a colon of the first five."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, [_plain(part) for part in patterns]))


def _matches(statement: Json, service: str, action: str, source_arn: str) -> bool:
    principal = statement.get("Principal")
    services = [principal] if isinstance(principal, str) else _list((principal or {}).get("Service"))
    if statement.get("Effect") != "Allow" or not {service, "*"} & set(services):
        return False
    if not any(fnmatchcase(action, _plain(pattern)) for pattern in _list(statement.get("Action"))):
        return False
    given = {"aws:sourcearn": source_arn, "aws:sourceaccount": ACCOUNT}
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            value = given.get(key.lower(), "")
            equal = arn_like if operator in ("ArnLike", "ArnEquals") else str.__eq__
            if not any(equal(value, str(pattern)) for pattern in _list(wanted)):
                return False
    return True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _plain(pattern: str) -> str:
    """Brackets mean nothing in IAM's patterns."""
    return pattern.replace("[", "[[]")
