"""The filter patterns of CloudWatch Logs: terms in a text, or a condition on the fields of a JSON object.

By AWS's guide ("Filter pattern syntax"). Patterns of space-delimited fields (`[ip, user, …]`) and regular expressions
are refused here. A number is compared with JSON numbers and a quoted text with texts, as people who log a status as
text found; what AWS makes of one against the other is not documented, and here it doesn't match.
"""

import json
import re
from collections.abc import Callable
from typing import Any

Matches = Callable[[str], bool]
"""Whether a line of a log is one of those that are looked for."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>&&|\|\||!=|<=|>=|[()=<>])"""
    r"""|(?P<selector>\$(?:\.?\[(?:\d+|"[^"]*"|'[^']*')\]|\.[A-Za-z0-9_\-]+)+)"""
    r"""|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()=<>&|!"]+))"""
)
_STEP = re.compile(r"""\.?\[(\d+)\]|\.?\[(?:"([^"]*)"|'([^']*)')\]|\.([A-Za-z0-9_\-]+)""")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_MISSING = object()


def compiled(pattern: str) -> Matches:
    """Raises ValueError for what is no pattern."""
    pattern = pattern.strip()
    if pattern.startswith("{"):
        if not pattern.endswith("}"):
            raise ValueError("Invalid filter pattern")
        condition = _Parser(pattern[1:-1]).whole()
        return lambda line: (fields := fields_of(line)) is not None and condition(fields)
    if pattern.startswith("[") or "%" in pattern:
        raise ValueError("Invalid filter pattern: the sandbox knows terms and JSON conditions only")
    return _terms(pattern)


def fields_of(line: str) -> dict[str, Any] | None:
    """The JSON object that the line is."""
    try:
        found = json.loads(line)
    except (RecursionError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_selector(text: str) -> bool:
    token = _TOKEN.fullmatch(text.strip())
    return bool(token and token["selector"])


def selected(fields: dict[str, Any], selector: str) -> Any:
    """What is there; None: nothing, or null."""
    found = _at(fields, selector.strip())
    return None if found is _MISSING else found


def _at(fields: Any, selector: str) -> Any:
    found = fields
    for step in _STEP.finditer(selector):
        index, *names = step.groups()
        if index is not None:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else _MISSING
        else:
            name = next(name for name in names if name is not None)
            found = found.get(name, _MISSING) if isinstance(found, dict) else _MISSING
    return found


def _terms(pattern: str) -> Matches:
    """All of the terms, none of those with `-`, and of those with `?` one at least, if there are no others."""
    words = re.findall(r'[-?]?"(?:[^"\\]|\\.)*"|\S+', pattern)
    needed = [_unquoted(word) for word in words if word[0] not in "-?"]
    forbidden = [_unquoted(word[1:]) for word in words if word[0] == "-"]
    optional = [_unquoted(word[1:]) for word in words if word[0] == "?"]

    def matches(line: str) -> bool:
        if any(word not in line for word in needed) or any(word in line for word in forbidden):
            return False
        return bool(needed) or not optional or any(word in line for word in optional)

    return matches


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


Condition = Callable[[dict[str, Any]], bool]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        place = 0
        while text[place:].strip():
            token = _TOKEN.match(text, place)
            if token is None:
                raise ValueError("Invalid filter pattern")
            self._tokens.append(token)
            place = token.end()

    def whole(self) -> Condition:
        condition = self._any()
        if self._tokens:
            raise ValueError("Invalid filter pattern")
        return condition

    def _any(self) -> Condition:
        options = [self._all()]
        while self._next("mark", "||"):
            options.append(self._all())
        return lambda fields: any(option(fields) for option in options)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._next("mark", "&&"):
            parts.append(self._one())
        return lambda fields: all(part(fields) for part in parts)

    def _one(self) -> Condition:
        if self._next("mark", "("):
            inner = self._any()
            self._take("mark", ")")
            return inner
        selector = self._take("selector")
        if self._next("word", "IS"):
            state = self._take("word", "NULL", "TRUE", "FALSE")
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[state]
            return lambda fields: _at(fields, selector) is wanted
        if self._next("word", "NOT"):
            self._take("word", "EXISTS")
            return lambda fields: _at(fields, selector) is _MISSING
        operator = self._take("mark", "=", "!=", "<", ">", "<=", ">=")
        token = self._tokens.pop(0) if self._tokens else None
        if token and token["text"] is not None:
            return _compares_text(selector, operator, _unquoted(f'"{token["text"]}"'))
        if token and token["word"]:
            if _NUMBER.fullmatch(token["word"]):
                return _compares_number(selector, operator, float(token["word"]))
            return _compares_text(selector, operator, token["word"])
        raise ValueError("Invalid filter pattern")

    def _next(self, group: str, wanted: str) -> bool:
        """Whether that is next; then it is taken."""
        found = bool(self._tokens) and self._tokens[0][group] == wanted
        if found:
            self._tokens.pop(0)
        return found

    def _take(self, group: str, *wanted: str) -> str:
        found = self._tokens.pop(0)[group] if self._tokens else None
        if found is None or (wanted and found not in wanted):
            raise ValueError("Invalid filter pattern")
        return str(found)


def _compares_text(selector: str, operator: str, text: str) -> Condition:
    if operator not in ("=", "!="):
        raise ValueError("Invalid filter pattern")
    pattern = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)

    def compares(fields: dict[str, Any]) -> bool:
        value = _at(fields, selector)
        if value is _MISSING:
            return False
        if text == "*":
            return (value is not None) == (operator == "=")
        return isinstance(value, str) and bool(pattern.fullmatch(value)) == (operator == "=")

    return compares


def _compares_number(selector: str, operator: str, number: float) -> Condition:
    def compares(fields: dict[str, Any]) -> bool:
        value = _at(fields, selector)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return {
            "=": value == number,
            "!=": value != number,
            "<": value < number,
            ">": value > number,
            "<=": value <= number,
            ">=": value >= number,
        }[operator]

    return compares
