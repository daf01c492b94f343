"""The engine's Check: are these inputs right, and what do they become?"""

import hashlib
import secrets as randomness
from collections.abc import Iterator, Mapping

from .archive import Archive
from .errors import OFFICIAL
from .table import Kind, Prop, Props, Type
from .values import UNKNOWN, Path, empty, secrets_of, unknown, written

Failure = tuple[str, str]
"""Path of a property and what is wrong with it. Without a path where the CLI must not print the value."""

DEFAULTED = "__defaults"
"""In the inputs, as the real plugin keeps it: names of the properties that were not given by the program."""

_SHAPES: Mapping[Kind, tuple[type | tuple[type, ...], str]] = {
    Kind.TEXT: (str, "a text"),
    Kind.INT: (int, "a whole number"),
    Kind.NUMBER: ((int, float), "a number"),
    Kind.BOOL: (bool, "true or false"),
    Kind.JSON: (str, "a text"),
    Kind.POLICY: (str, "a text"),
    Kind.LIST: (list, "a list"),
    Kind.MAP: (dict, "an object"),
    Kind.BLOCK: (dict, "an object"),
    Kind.BLOCKS: (list, "a list"),
    Kind.ARCHIVE: (Archive, "an archive"),
}


def check(
    type_: Type, news: Props, olds: Props, secrets: set[Path], *, name: str, seed: bytes, region: str, tags: Props
) -> tuple[Props, set[Path], list[Failure]]:
    """The inputs with names made and tags merged, which of them are secret, and what is wrong."""
    inputs = {key: value for key, value in news.items() if key != DEFAULTED}
    hidden = secrets | {path for key, prop in type_.props.items() for path in secrets_of(prop, news.get(key), (key,))}
    failures = [
        ("" if _touches(path, hidden) else written(path), f"{written(path)} {wrong}")
        for path, wrong in _wrong(Prop(kind=Kind.BLOCK, fields=type_.props), inputs, ())
    ]
    failures += [("", wrong) for rule in type_.rules if (wrong := rule(inputs))]
    if not empty(inputs.get("region")) and inputs["region"] != region and not unknown(inputs["region"]):
        failures.append(("region", f"must be that of the provider, {region}: the stand-in has one; {OFFICIAL}"))
    made = {
        key: _old_name(key, olds) or f"{name}-{_hex(seed, key)}"
        for key, prop in type_.props.items()
        if prop.autonamed and empty(inputs.get(key)) and empty(inputs.get(prop.prefix or ""))
    }
    if made:
        inputs |= {**made, DEFAULTED: sorted(made)}
    if type_.tagging:
        given = inputs.get("tags") or {}
        inputs["tagsAll"] = UNKNOWN if unknown(given) else {**tags, **given}
        hidden |= {("tagsAll", *path[1:]) for path in hidden if path[0] == "tags"}
    return inputs, hidden, failures


def _wrong(prop: Prop, value: object, at: Path) -> Iterator[tuple[Path, str]]:
    if value is UNKNOWN:
        return
    shape, what = _SHAPES[prop.kind]
    if not isinstance(value, shape) or (isinstance(value, bool) and prop.kind is not Kind.BOOL):
        yield at, f"must be {what}"
        return
    wrong = list(_wrong_members(prop, value, at))
    yield from wrong
    if not wrong and not unknown(value):
        yield from ((at, text) for rule in prop.rules if (text := rule(value)))


def _wrong_members(prop: Prop, value: object, at: Path) -> Iterator[tuple[Path, str]]:
    if prop.kind is Kind.BLOCK and isinstance(value, dict):
        for name in sorted(value.keys() - prop.fields.keys()):
            yield (*at, name), f"is not known to the stand-in for pulumi-aws; {OFFICIAL}"
        for name, each in prop.fields.items():
            if each.required and empty(value.get(name)):
                yield (*at, name), "is required"
            elif value.get(name) is not None:
                yield from _wrong(each, value[name], (*at, name))
    elif isinstance(value, dict | list):
        member = Prop(kind=Kind.BLOCK, fields=prop.fields) if prop.kind is Kind.BLOCKS else Prop()
        for step, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _wrong(member, one, (*at, step))


def _touches(path: Path, hidden: set[Path]) -> bool:
    """Whether the value there is secret, or part of one, or has one in it."""
    return any(path[: len(each)] == each or each[: len(path)] == path for each in hidden)


def _old_name(key: str, olds: Props) -> str | None:
    """The name that was made before; one that the program gave is not taken over."""
    return olds.get(key) if key in olds.get(DEFAULTED, ()) else None


def _hex(seed: bytes, key: str) -> str:
    """Seven digits: by the engine's seed, which is the same in a preview and in the update that follows it."""
    return hashlib.sha256(seed + key.encode()).hexdigest()[:7] if seed else randomness.token_hex(4)[:7]
