"""The engine's Diff: what would an update change, and what would have to be made anew?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .check import DEFAULTED
from .table import Kind, Prop, Props, Type
from .values import Path, empty, same, written


class Change(Enum):
    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass
class Difference:
    changes: dict[str, tuple[Change, bool]] = field(default_factory=dict)
    """By path, as the engine writes it; true for what can't be changed in place."""
    names: set[str] = field(default_factory=set)
    """The properties with a change in them."""
    replaces: set[str] = field(default_factory=set)
    delete_first: bool = False


def diff(type_: Type, state: Props, news: Props, ignored: Collection[str] = ()) -> Difference:
    """From what is there (the state, true after a refresh) to what is wanted (the new inputs)."""
    found = Difference()
    for name, prop in type_.props.items():
        if name in ignored or (prop.computed and empty(news.get(name))):
            continue
        for path, change in _changes(prop, state.get(name), news.get(name), (name,)):
            found.changes[written(path)] = (change, prop.replaces)
            found.names.add(name)
            if prop.replaces:
                found.replaces.add(name)
    # Two can't have one name at a time. A made one is made anew.
    made = news.get(DEFAULTED, ())
    found.delete_first = bool(found.replaces) and any(
        prop.autonamed and name not in made and not empty(news.get(name)) and same(prop, state.get(name), news[name])
        for name, prop in type_.props.items()
    )
    return found


def _changes(prop: Prop, old: Any, new: Any, at: Path) -> Iterator[tuple[Path, Change]]:
    if prop.unordered and same(prop, old, new):
        return
    if prop.kind is Kind.BLOCK and isinstance(old, dict) and isinstance(new, dict):
        for name, each in prop.fields.items():
            if not (each.computed and empty(new.get(name))):
                yield from _changes(each, old.get(name), new.get(name), (*at, name))
    elif prop.kind is Kind.BLOCKS and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(Prop(kind=Kind.BLOCK, fields=prop.fields), one, other, (*at, index))
    elif prop.kind is Kind.MAP and isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes(Prop(), old.get(key), new.get(key), (*at, key))
    elif not same(prop, old, new):
        yield at, Change.ADD if empty(old) else Change.DELETE if empty(new) else Change.UPDATE
