"""Properties on the wire: as the engine and the SDK write and read them."""

import asyncio
from typing import Any

import pulumi
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

from sandbox.aws.plugin.archive import Archive
from sandbox.aws.plugin.values import UNKNOWN, written
from sandbox.aws.plugin.wire import decode, encode


def serialized(inputs: dict[str, Any]) -> Struct:
    async def serialize() -> Struct:
        return await rpc.serialize_properties(inputs, {})

    return asyncio.run(serialize())


def test_plain_values_come_and_go_unchanged() -> None:
    props = {"text": "ü\u2028", "int": 5, "float": 0.5, "no": False, "list": [1, {"a": "b"}], "map": {"k": {}}, "e": ""}
    assert decode(encode(props)) == (props, set())
    assert rpc.deserialize_properties(encode(props)) == props
    assert type(decode(encode({"int": 5}))[0]["int"]) is int
    assert decode(encode({"gone": None, "kept": 0}))[0] == {"kept": 0}


def test_secrets_are_marked_where_they_are() -> None:
    props = {"key": "k", "block": {"value": "v", "open": "o"}, "list": ["a", "b"]}
    secrets: set[Any] = {("key",), ("block", "value"), ("list",)}
    assert decode(encode(props, secrets)) == (props, secrets)
    read = rpc.deserialize_properties(encode(props, secrets))
    assert rpc.is_rpc_secret(read["key"])
    assert rpc.unwrap_rpc_secret(read["key"]) == "k"
    assert rpc.is_rpc_secret(read["list"])
    assert rpc.unwrap_rpc_secret(read["block"]) == {"value": "v", "open": "o"}, "the SDK makes it secret as a whole"


def test_a_secret_in_a_list_makes_the_list_secret() -> None:
    """Whose order may change."""
    marked = encode({"value": "x"}, [("value",)])
    struct = Struct()
    struct.update({"headers": [{"key": "a"}]})
    struct.fields["headers"].list_value.values[0].struct_value.MergeFrom(marked)
    assert decode(struct) == ({"headers": [{"key": "a", "value": "x"}]}, {("headers",)})


def test_what_is_not_known() -> None:
    struct = encode({"arn": UNKNOWN, "list": [UNKNOWN]})
    assert struct.fields["arn"].string_value == rpc.UNKNOWN
    props, _ = decode(struct)
    assert props["arn"] is UNKNOWN
    assert props["list"] == [UNKNOWN]


def test_an_archive_is_handed_back_as_it_came() -> None:
    archive = pulumi.AssetArchive(
        {"app/a.py": pulumi.StringAsset("x = 1"), "lib": pulumi.FileArchive("/lib"), "b": pulumi.FileAsset("/b")}
    )
    struct = serialized({"code": archive})
    props, _ = decode(struct)
    assert isinstance(props["code"], Archive)
    assert props["code"].wire["assets"]["app/a.py"].wire["text"] == "x = 1"
    assert encode(props) == struct


def test_paths_are_written_as_the_engine_reads_them() -> None:
    assert written(("tags", "team")) == "tags.team"
    assert written(("tags", "a.b")) == 'tags["a.b"]'
    assert written(("tags", 'a"b')) == 'tags["a\\"b"]'
    assert written(("headers", 0, "value")) == "headers[0].value"
