"""Create, read, update, delete: the calls of a type's table, in order."""

import itertools
import re
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from .check import DEFAULTED
from .cloud import Cloud
from .errors import AwsError, HalfMade, PluginError
from .table import GONE, Call, Kind, Props, Seen, Tagging, Type
from .values import UNKNOWN, empty, from_aws, same, to_aws

READY_WITHIN = 60.0
"""Seconds that AWS may take to finish what it began."""

EMPTY: dict[Kind, Any] = {
    Kind.TEXT: "",
    Kind.JSON: "",
    Kind.POLICY: "",
    Kind.LIST: [],
    Kind.MAP: {},
    Kind.BLOCK: {},
    Kind.BLOCKS: [],
}
"""What is sent for a property that has been removed. A number that has been removed has a default, or stays."""


def create(type_: Type, cloud: Cloud, inputs: Props) -> tuple[str, Props]:
    """The id and the state."""
    props = _wanted(type_, inputs)
    for name, prop in type_.props.items():
        if prop.prefix and empty(props.get(name)):
            props[name] = props[prop.prefix] + _unique()
    first, *others = type_.create
    params = _params(type_, first, props, _sent(type_, first))
    if type_.tagging and props["tagsAll"]:
        params[type_.tagging.on_create] = _tags(type_.tagging, props["tagsAll"])
    answer = cloud.call(type_.service, first.operation, params)
    id_ = type_.id(props, answer)
    props |= {name: answer[of] for name, of in type_.outputs.items() if isinstance(of, str) and of in answer}
    try:
        for call in others:
            if call.when(props):
                cloud.call(type_.service, call.operation, _params(type_, call, props, _sent(type_, call)))
        return id_, _settled(type_, cloud, id_, props)
    except PluginError as error:
        raise HalfMade(id_, _so_far(type_, cloud, id_, props), error) from None


def read(type_: Type, cloud: Cloud, id_: str, before: Props) -> Props | None:
    """The state as AWS has it; None: it is gone."""
    seen = _look(type_, cloud, id_, before)
    return None if seen is None else _state(type_, cloud, id_, before, seen)


def update(type_: Type, cloud: Cloud, id_: str, state: Props, inputs: Props, changed: Collection[str]) -> Props:
    """The new state."""
    wanted = _wanted(type_, inputs)
    props = {**_unsaid(type_, state), **wanted, "id": id_}
    for call in type_.update:
        sent = [name for name in _sent(type_, call, updating=True) if name in wanted or name in changed]
        if {*sent, *call.on} & set(changed) and call.when(props):
            cloud.call(type_.service, call.operation, _params(type_, call, props, sent, changed))
    if type_.tagging and "tagsAll" in changed:
        _retag(type_, type_.tagging, cloud, props, state.get("tagsAll") or {})
    return _settled(type_, cloud, id_, props)


def delete(type_: Type, cloud: Cloud, id_: str, state: Props) -> None:
    """Done, too, when there is nothing to delete."""
    props = {**state, "id": id_}
    for call in type_.delete:
        if call.when(props):
            try:
                cloud.call(type_.service, call.operation, _params(type_, call, props, call.send or ()))
            except AwsError as error:
                if error.code not in GONE | type_.gone:
                    raise


def foreseen(type_: Type, inputs: Props, state: Props | None = None, changed: Collection[str] = ()) -> Props:
    """The outputs of a preview: what is known of the state that a create, or an update of `state`, will lead to."""
    wanted = _wanted(type_, inputs)
    if state is None:
        chosen = [name for name, prop in type_.props.items() if prop.computed]
        return {**dict.fromkeys([*chosen, *type_.outputs], UNKNOWN), **wanted}
    moving = [name for name, by in type_.changing.items() if set(by) & set(changed)]
    return {**_unsaid(type_, state), **dict.fromkeys(moving, UNKNOWN), **wanted}


def inputs_of(type_: Type, state: Props, before: Props) -> Props:
    """The inputs that would have led to the state: those of before, but for what has drifted."""
    inputs = dict(before)
    for name, prop in type_.props.items():
        if name in before:
            if not same(prop, before[name], state.get(name)):
                inputs[name] = state.get(name)
        elif not prop.computed and not same(prop, None, state.get(name)):
            inputs[name] = state[name]
    return {name: value for name, value in inputs.items() if value is not None}


def _wanted(type_: Type, inputs: Props) -> Props:
    """The inputs, with what is meant where they say nothing."""
    props = {name: prop.default for name, prop in type_.props.items() if prop.default is not None}
    return props | {name: value for name, value in inputs.items() if name != DEFAULTED and value is not None}


def _unsaid(type_: Type, state: Props) -> Props:
    """What of the state stands where the inputs say nothing: what AWS chose, and the outputs."""
    return {name: value for name, value in state.items() if name not in type_.props or type_.props[name].computed}


def _sent(type_: Type, call: Call, *, updating: bool = False) -> tuple[str, ...]:
    if call.send is not None:
        return call.send
    fixed = updating and not call.whole
    return tuple(name for name, prop in type_.props.items() if prop.aws and not (fixed and prop.replaces))


def _params(type_: Type, call: Call, props: Props, sent: Collection[str], changed: Collection[str] = ()) -> Props:
    params = {param: props[name] for param, name in type_.key.items() if not empty(props.get(name))}
    for name in sent:
        prop = type_.props[name]
        param = call.names.get(name) or prop.aws or name
        if not empty(props.get(name)):
            params[param] = to_aws(prop, props[name])
        elif name in changed and not call.whole and prop.kind in EMPTY:
            params[param] = EMPTY[prop.kind]
    return call.shape(params)


def _look(type_: Type, cloud: Cloud, id_: str, props: Props) -> Props | None:
    props = {**props, "id": id_}
    try:
        params = _params(type_, type_.read, props, type_.read.send or ())
        return type_.find(cloud.call(type_.service, type_.read.operation, params), props)
    except AwsError as error:
        if error.code in GONE | type_.gone:
            return None
        raise


def _so_far(type_: Type, cloud: Cloud, id_: str, props: Props) -> Props:
    """The state of what is half made: what is missing in it, the next `up` finds."""
    try:
        return read(type_, cloud, id_, props) or props
    except PluginError:
        return props


def _settled(type_: Type, cloud: Cloud, id_: str, props: Props) -> Props:
    """The state, as soon as AWS has finished."""
    deadline = time.monotonic() + READY_WITHIN
    for pause in itertools.chain((0.02, 0.05, 0.1), itertools.repeat(0.25)):
        seen = _look(type_, cloud, id_, props)
        if seen is not None and type_.ready(seen):
            return _state(type_, cloud, id_, props, seen)
        if time.monotonic() > deadline:
            raise PluginError(f"{id_} is not there, or not ready, after {READY_WITHIN:.0f} s")
        time.sleep(pause)
    raise AssertionError


def _state(type_: Type, cloud: Cloud, id_: str, before: Props, seen: Props) -> Props:
    state = {
        name: from_aws(prop, seen.get(prop.aws), before.get(name)) if prop.aws else before.get(name, prop.default)
        for name, prop in type_.props.items()
    }
    for name, prop in type_.props.items():
        if prop.prefix:
            made = re.fullmatch(r"(.+)\d{18}[0-9a-f]{8}", state[name])
            state[prop.prefix] = made[1] if made else None
    if type_.regional:
        state["region"] = cloud.region
    whole = Seen(seen, {**state, "id": id_}, cloud)
    for name, of in type_.outputs.items():
        state[name] = _plain(seen.get(of) if isinstance(of, str) else of(whole))
    if type_.tagging:
        all_ = _read_tags(type_, type_.tagging, cloud, {**state, "id": id_})
        said = before.get("tags") or {}
        state["tagsAll"] = all_
        state["tags"] = {key: value for key, value in all_.items() if key in said or cloud.tags.get(key) != value}
    return {name: value for name, value in state.items() if value is not None}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def _tags(tagging: Tagging, tags: Props) -> Any:
    return [{"Key": key, "Value": value} for key, value in tags.items()] if tagging.pairs else tags


def _read_tags(type_: Type, tagging: Tagging, cloud: Cloud, props: Props) -> Props:
    key = {param: props[name] for param, name in tagging.key.items()}
    tags = cloud.call(type_.service, tagging.read, key).get(tagging.tags) or {}
    tags = {each["Key"]: each["Value"] for each in tags} if tagging.pairs else tags
    return {key: value for key, value in sorted(tags.items()) if not key.startswith("aws:")}


def _retag(type_: Type, tagging: Tagging, cloud: Cloud, props: Props, old: Props) -> None:
    key = {param: props[name] for param, name in tagging.key.items()}
    new = props["tagsAll"]
    if removed := sorted(old.keys() - new.keys()):
        cloud.call(type_.service, tagging.remove, {**key, tagging.keys: removed})
    if new:
        cloud.call(type_.service, tagging.add, {**key, tagging.tags: _tags(tagging, new)})


_count = itertools.count(1)


def _unique() -> str:
    """Terraform's 26 characters after a prefix: the time, to 0.1 ms, and a counter in hex."""
    return f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"[:18] + f"{next(_count):08x}"
