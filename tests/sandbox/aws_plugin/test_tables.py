"""The tables against the SDK of pulumi-aws and the service descriptions of botocore: no name is made up."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, get_args

import botocore
import botocore.session
import pytest
from pulumi import _types

from sandbox.aws.plugin.table import Kind, Prop, Type
from sandbox.aws.plugin.types import TYPES

NAMED: dict[Kind, object] = {
    Kind.TEXT: str,
    Kind.JSON: str,
    Kind.POLICY: str,
    Kind.INT: int,
    Kind.NUMBER: float,
    Kind.BOOL: bool,
}
pytestmark = pytest.mark.filterwarnings("ignore:aws.lambda/microvmsimage:DeprecationWarning")
every_type = pytest.mark.parametrize("type_", TYPES.values(), ids=lambda type_: type_.token.rpartition(":")[2])


def sdk(type_: Type) -> tuple[Any, Any]:
    """The class of the resource and that of its arguments."""
    module, name = type_.token.split(":")[1].partition("/")[0], type_.token.rpartition(":")[2]
    package = importlib.import_module(f"pulumi_aws.{'lambda_' if module == 'lambda' else module}")
    return getattr(package, name), getattr(package, f"{name}Args")


@every_type
def test_the_sdk_has_each_property_with_that_type(type_: Type) -> None:
    compare(type_.token, type_.props, sdk(type_)[1])


def compare(where: str, props: Mapping[str, Prop], args: Any) -> None:
    names = _types.input_type_py_to_pulumi_names(args)
    types = _types.input_type_types(args)
    needed = {names[each.name] for each in inspect.signature(args).parameters.values() if each.default is each.empty}
    assert props.keys() - {"tagsAll"} <= set(names.values()), where
    for name, prop in props.items():
        if name == "tagsAll":
            continue
        at, hint = f"{where}.{name}", types[name]
        assert not (name in needed and not prop.required), f"{at} is required"
        if prop.kind is Kind.BLOCK:
            compare(at, prop.fields, hint)
        elif prop.kind is Kind.BLOCKS:
            compare(at, prop.fields, get_args(get_args(hint)[0])[0])
        elif prop.kind is Kind.LIST:
            assert "Sequence" in str(hint), at
        elif prop.kind is Kind.MAP:
            assert "Mapping" in str(hint), at
        elif prop.kind in NAMED:
            assert hint is NAMED[prop.kind] or NAMED[prop.kind] in get_args(hint), at


# Nothing here signs code.
NOT_GIVEN = {"signingJobArn", "signingProfileVersionArn"}


@every_type
def test_each_output_of_the_sdk_is_given(type_: Type) -> None:
    resource, args = sdk(type_)
    outputs = {pulumi for _, pulumi, _ in _types._py_properties(resource)}
    inputs = set(_types.input_type_py_to_pulumi_names(args).values())
    assert type_.outputs.keys() <= outputs
    assert outputs - inputs - NOT_GIVEN == type_.outputs.keys() - inputs | ({"tagsAll"} & type_.props.keys())


@every_type
def test_botocore_has_each_call_and_parameter(type_: Type) -> None:
    model = botocore.session.get_session().get_service_model(type_.service)
    params = {
        botocore.xform_name(name): set(shape.members) if (shape := model.operation_model(name).input_shape) else set()
        for name in model.operation_names
    }
    for call in (*type_.create, type_.read, *type_.update, *type_.delete):
        assert call.operation in params
    if tagging := type_.tagging:
        for operation in (tagging.read, tagging.add, tagging.remove):
            assert params[operation] >= tagging.key.keys()
        assert tagging.tags in params[tagging.add]
        assert tagging.keys in params[tagging.remove]
        assert tagging.on_create in params[type_.create[0].operation]


@every_type
def test_names_in_a_table_are_its_own(type_: Type) -> None:
    for call in (*type_.create, type_.read, *type_.update, *type_.delete):
        assert {*(call.send or ()), *call.on, *call.names} <= type_.props.keys()
    assert {*type_.key.values()} <= {"id", *type_.props, *type_.outputs}
    assert {name for by in type_.changing.values() for name in by} <= type_.props.keys()
    assert type_.changing.keys() <= type_.outputs.keys()
