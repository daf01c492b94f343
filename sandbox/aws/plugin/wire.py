"""Properties on the engine's wire ↔ plain Python: secrets, unknowns and assets travel as marked objects."""

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from .archive import Archive
from .table import Props
from .values import UNKNOWN, Path, Unknown

# sdk/go/common/resource/properties.go and plugin/rpc.go of pulumi/pulumi.
MARK = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - it marks one
ASSETS = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def decode(struct: Struct) -> tuple[Props, set[Path]]:
    """The properties, plain, and the paths of those that are secret. One in a list makes the list secret."""
    secrets: set[Path] = set()
    props = {name: _decode(value, (name,), secrets) for name, value in struct.fields.items()}
    return {name: value for name, value in props.items() if value is not None}, secrets


def encode(props: Mapping[str, Any], secrets: Iterable[Path] = ()) -> Struct:
    """The other way round. What isn't there can't be secret: such paths are skipped."""
    struct = Struct()
    hidden = set(secrets)
    struct.update({name: _encode(value, (name,), hidden) for name, value in props.items() if value is not None})
    return struct


def _decode(value: Value, at: Path, secrets: set[Path]) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return _decode_list(value.list_value, at, secrets)
        case "struct_value":
            return _decode_object(value.struct_value, at, secrets)
        case _:
            return None


def _decode_list(values: ListValue, at: Path, secrets: set[Path]) -> list[Any]:
    inside: set[Path] = set()
    plain = [_decode(each, at, inside) for each in values.values]
    if inside:
        secrets.add(at)
    return plain


def _decode_object(struct: Struct, at: Path, secrets: set[Path]) -> Any:
    mark = struct.fields[MARK].string_value if MARK in struct.fields else None
    if mark == SECRET:
        secrets.add(at)
        return _decode(struct.fields["value"], at, secrets)
    plain = {name: _decode(each, (*at, name), secrets) for name, each in struct.fields.items()}
    return Archive(plain) if mark in ASSETS else plain


def _encode(value: Any, at: Path, hidden: set[Path]) -> Any:
    plain: Any = value
    if isinstance(value, Unknown):
        plain = UNKNOWN_TEXT
    elif isinstance(value, Archive):
        plain = _encode(value.wire, at, set())
    elif isinstance(value, dict):
        plain = {name: _encode(each, (*at, name), hidden) for name, each in value.items()}
    elif isinstance(value, list):
        plain = [_encode(each, at, hidden - {at}) for each in value]
    return {MARK: SECRET, "value": plain} if at in hidden else plain


__all__ = ["UNKNOWN", "decode", "encode"]
