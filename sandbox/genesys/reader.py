"""Reads a JSON object member by member and notes everything that is wrong with it."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TypeVar, cast
from urllib.parse import urlsplit

from .errors import Problem

T = TypeVar("T")
Rule = Callable[[object], T]  # gives the value back, or raises Wrong


class Wrong(Exception):
    """Says what a value must be, and not what it is."""


class Reader:
    """`take` the members; `problems` says what is wrong, unknown members included, once all are taken.

    A null is a member that isn't there, as with the platform's own optional fields.
    """

    def __init__(self, members: Mapping[str, object], prefix: str = "") -> None:
        self._members = members
        self._prefix = prefix
        self._taken: set[str] = set()
        self._problems: list[Problem] = []
        self._nested: list[Reader] = []

    def take(self, name: str, rule: Rule[T], *default: T) -> T:
        """The member's value; without a default it is required. Meaningless when there are problems."""
        value = self._value(name)
        if value is None:
            if default:
                return default[0]
            self.note(name, "required.field.missing", "is required")
        else:
            try:
                return rule(value)
            except Wrong as error:
                self.note(name, "invalid.value", f"must be {error}")
        return cast(T, None)

    def nested(self, name: str) -> "Reader":
        """A reader of a member that is itself an object."""
        value = self._value(name)
        if value is not None and not isinstance(value, dict):
            self.note(name, "invalid.value", "must be an object")
            return Reader({})  # what it lacks need not be told too
        inner = Reader(value or {}, f"{self._prefix}{name}.")
        self._nested.append(inner)
        return inner

    def ignore(self, *names: str) -> None:
        self._taken |= set(names)

    def has(self, name: str) -> bool:
        return name in self._members

    def note(self, name: str, code: str, text: str) -> None:
        self._problems.append(Problem(self._prefix + name, code, f"{self._prefix}{name} {text}"))

    @property
    def problems(self) -> list[Problem]:
        unknown = [name for name in self._members if name not in self._taken]
        return [
            *self._problems,
            *(problem for inner in self._nested for problem in inner.problems),
            *(Problem(self._prefix + name, "unknown.field", f"{self._prefix}{name} is not known") for name in unknown),
        ]

    def _value(self, name: str) -> object:
        self._taken.add(name)
        return self._members.get(name)


def anything(value: object) -> object:
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("true or false")
    return value


def text(least: int, most: int) -> Rule[str]:
    def rule(value: object) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most or (least and not value.strip()):
            raise Wrong(f"text of {least} to {most} characters")
        return value

    return rule


def whole(least: int, most: int) -> Rule[int]:
    def rule(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong(f"a whole number from {least} to {most}")
        return value

    return rule


def number(least: float, most: float) -> Rule[float]:
    def rule(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise Wrong(f"a number from {least} to {most}")
        return float(value)

    return rule


def one_of(*allowed: str) -> Rule[str]:
    def rule(value: object) -> str:
        if value not in allowed:
            raise Wrong(f"one of {', '.join(allowed)}")
        return value

    return rule


def some_of(*allowed: str) -> Rule[list[str]]:
    def rule(value: object) -> list[str]:
        if not isinstance(value, list) or not value or any(item not in allowed for item in value):
            raise Wrong(f"a list of at least one of {', '.join(allowed)}")
        return value

    return rule


def json_object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Wrong("an object")
    return value


def texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Wrong("a list of texts")
    return value


def text_map(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Wrong("an object whose members are texts")
    return value


# Those of the message's own framing can't be chosen by its author. Which ones the invented API would refuse is unknown.
FRAMING = {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def header_map(value: object) -> dict[str, str]:
    headers = text_map(value)
    for name, content in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in FRAMING or not HEADER_TEXT.fullmatch(content):
            raise Wrong("an object of header names and one-line texts, without those that frame the message")
    return headers


def https_url(value: object) -> str:
    """https, and to this machine also http: a receiver under test has no certificate."""
    problem = "an https URL (http only to a loopback address)"
    if not isinstance(value, str) or len(value) > 2048 or re.search(r"[\s\\\x00-\x1f\x7f]", value):
        raise Wrong(problem)
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise Wrong(problem) from None
    host = parts.hostname or ""
    allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not allowed or not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise Wrong(problem)
    return value


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
