"""A property's value: unknown or not, equal to another or not, and its form on AWS's side."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from .archive import Archive, zipped
from .table import Kind, Prop, Props

Path = tuple[str | int, ...]
"""Where a value is: `("tags", "team")`."""


class Unknown:
    """A value that isn't known before something else is made."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()


def unknown(value: object) -> bool:
    """Whether any part of it is unknown."""
    if isinstance(value, dict):
        return any(unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(unknown(each) for each in value)
    return isinstance(value, Unknown)


def empty(value: object) -> bool:
    """Whether that is the same as saying nothing; 0 and False say something."""
    return value is None or (isinstance(value, str | dict | list) and not value)


def same(prop: Prop, one: Any, other: Any) -> bool:
    """Whether AWS would make no difference between them. What isn't known is equal to nothing."""
    one = prop.default if empty(one) else one
    other = prop.default if empty(other) else other
    if unknown(one) or unknown(other):
        return False
    if empty(one) or empty(other):
        return empty(one) and empty(other)
    match prop.kind:
        case Kind.BLOCK:
            return all(same(each, one.get(name), other.get(name)) for name, each in prop.fields.items())
        case Kind.BLOCKS:
            block = Prop(kind=Kind.BLOCK, fields=prop.fields)
            if prop.unordered:
                return len(one) == len(other) and all(any(same(block, a, b) for b in other) for a in one)
            return len(one) == len(other) and all(same(block, a, b) for a, b in zip(one, other, strict=True))
        case Kind.LIST if prop.unordered:
            return sorted(one) == sorted(other)
        case Kind.JSON:
            return bool(_json(one) == _json(other))
        case Kind.POLICY:
            return bool(_as_iam_reads(_json(one)) == _as_iam_reads(_json(other)))
        case Kind.ARCHIVE:
            return bool(one.wire.get("hash") == other.wire.get("hash"))
        case _:
            return bool(one == other)


def to_aws(prop: Prop, value: Any) -> Any:
    match prop.kind:
        case Kind.BLOCK:
            return {
                each.aws: to_aws(each, value[name])
                for name, each in prop.fields.items()
                if each.aws and not empty(value.get(name))
            }
        case Kind.BLOCKS:
            return [to_aws(Prop(kind=Kind.BLOCK, fields=prop.fields), each) for each in value]
        case Kind.ARCHIVE:
            return zipped(value) if isinstance(value, Archive) else value
        case Kind.NUMBER:
            return float(value)
        case _:
            return value


def from_aws(prop: Prop, value: Any, before: Any) -> Any:
    """The value under Pulumi's names; `before` says what AWS takes but doesn't tell, and how equal text was written."""
    if prop.write_only:
        return before
    if empty(value):
        return prop.default
    found: Any = value
    match prop.kind:
        case Kind.BLOCK:
            found = _block_from_aws(prop, value, before if isinstance(before, dict) else {})
        case Kind.BLOCKS:
            had = before if isinstance(before, list) else []
            found = [_block_from_aws(prop, each, had[at] if at < len(had) else {}) for at, each in enumerate(value)]
        case Kind.JSON | Kind.POLICY:
            found = value if isinstance(value, str) else json.dumps(value)
        case Kind.INT:
            found = int(value)
        case Kind.BOOL:
            found = value in (True, "true")
        case Kind.TEXT if isinstance(value, datetime):
            found = value.isoformat()
        case _:
            pass
    return before if not empty(before) and same(prop, before, found) else found


def _block_from_aws(prop: Prop, value: Props, before: Props) -> Props:
    block = {name: from_aws(each, value.get(each.aws or ""), before.get(name)) for name, each in prop.fields.items()}
    return {name: each for name, each in block.items() if each is not None}


def secrets_of(prop: Prop, value: Any, at: Path) -> Iterator[Path]:
    """What in it is secret by its description."""
    if prop.secret:
        yield at
    elif prop.kind is Kind.BLOCK and isinstance(value, dict):
        for name, each in prop.fields.items():
            if name in value:
                yield from secrets_of(each, value[name], (*at, name))
    elif prop.kind is Kind.BLOCKS and any(each.secret for each in prop.fields.values()):
        yield at  # as a whole: the order of a list may change


def redacted(text: str, props: Props, secrets: set[Path]) -> str:
    """The text without the secret values in it."""
    for path in secrets:
        value: Any = props
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        for each in _texts(value):
            text = text.replace(each, "[secret]")
    return text


def written(path: Path) -> str:
    """As the engine writes a path: `tags.team`, `tags["a.b"]`, `headers[0].value`."""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif re.fullmatch(r"[A-Za-z_$][\w$]*", step):
            parts.append(f".{step}")
        else:
            parts.append(f"[{json.dumps(step)}]")
    return "".join(parts).removeprefix(".")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, str) and len(value) > 3:  # a shorter one is part of too many words
        yield value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _as_iam_reads(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_iam_reads(each) for name, each in value.items()}
    if isinstance(value, list):
        read = [_as_iam_reads(each) for each in value]
        return read[0] if len(read) == 1 else sorted(read, key=lambda each: json.dumps(each, sort_keys=True))
    return value
