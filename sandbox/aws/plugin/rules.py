"""What pulumi-aws checks before it asks AWS. The texts leave the value out: the CLI prints it, unless it is secret."""

import json
import re
from collections.abc import Callable
from typing import Any

from .table import Props, Rule
from .values import empty


def length(least: int, most: int) -> Rule:
    def rule(value: Any) -> str | None:
        return None if least <= len(value) <= most else f"must be {least} to {most} characters long, not {len(value)}"

    return rule


def at_most(most: int) -> Rule:
    def rule(value: Any) -> str | None:
        return None if len(value) <= most else f"can't have more than {most} in it, and has {len(value)}"

    return rule


def matches(pattern: str) -> Rule:
    def rule(value: Any) -> str | None:
        return None if re.search(pattern, value) else f"must match {pattern}"

    return rule


def differs(word: str) -> Rule:
    def rule(value: Any) -> str | None:
        return f"cannot be {word!r}" if value == word else None

    return rule


def between(least: int, most: int, *also: int) -> Rule:
    allowed = f"{least} to {most}" + "".join(f", or {each}" for each in also)

    def rule(value: Any) -> str | None:
        return None if least <= value <= most or value in also else f"must be {allowed}, not {value}"

    return rule


def at_least(least: int) -> Rule:
    def rule(value: Any) -> str | None:
        return None if value >= least else f"must be {least} or more, not {value}"

    return rule


def multiple_of(step: int, *also: int) -> Rule:
    allowed = f"{', '.join(map(str, also))}, or a multiple of {step}"

    def rule(value: Any) -> str | None:
        return None if value in also or (value > 0 and value % step == 0) else f"must be {allowed}, not {value}"

    return rule


def one_of(*words: str | int) -> Rule:
    def rule(value: Any) -> str | None:
        return None if value in words else f"must be one of {', '.join(map(str, words))}"

    return rule


def each(inner: Rule) -> Rule:
    """The rule holds for every member of a list."""

    def rule(value: Any) -> str | None:
        return next((wrong for one in value if (wrong := inner(one))), None)

    return rule


def is_json(value: Any) -> str | None:
    try:
        json.loads(value)
    except ValueError as error:
        return f"is no JSON: {error}"
    return None


def is_arn(value: Any) -> str | None:
    return None if re.match(r"^arn:[\w-]+:[\w-]+:[^:]*:[^:]*:.+", value) else "is no ARN, such as arn:aws:sqs:…"


def at_most_one(*names: str) -> Callable[[Props], str | None]:
    def rule(props: Props) -> str | None:
        given = [name for name in names if not empty(props.get(name))]
        return f"{given[0]} conflicts with {given[1]}: give one of them" if len(given) > 1 else None

    return rule


def at_least_one(*names: str) -> Callable[[Props], str | None]:
    def rule(props: Props) -> str | None:
        return None if any(not empty(props.get(name)) for name in names) else f"one of {', '.join(names)} is required"

    return rule
