"""Runs the program under Pulumi's mocks and keeps what the engine would have been told."""

import asyncio
import json
import runpy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, set_all_config, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import Stack, run_pulumi_func

PROJECT = "genesys-eventbridge"
ROOT = Path(__file__).parent.parent.parent
ACCOUNT, REGION = "123456789012", "eu-central-1"
ORG = "bb14bed0-f8f9-445d-b9d1-10cecb8569d6"

# The least that has to be set.
ENVIRON = {"GENESYS_CLIENT_ID": "an-id", "GENESYS_CLIENT_SECRET": "a-secret", "GENESYS_ORG_ID": ORG}
CONFIG = {
    "genesys:region": "eu-central-1",
    f"{PROJECT}:subscriptions": json.dumps(
        [
            {"name": "queues", "eventTypes": ["routing.queueEvent"]},
            {"name": "conversations", "eventTypes": ["conversation.event"]},
        ]
    ),
}


@dataclass
class Registered:
    """One resource as it was registered. `inputs` without secrets' wrapping; `secret` names those that were wrapped."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    secret: set[str]
    request: resource_pb2.RegisterResourceRequest
    monitor: "Monitor"

    @property
    def depends_on(self) -> set[str]:
        """URNs of everything that has to be there first, whatever the way it is named in the request.

        The parent too: a child is registered after it.
        """
        found = {*self.request.dependencies, self.request.parent} & set(self.monitor.by_urn)
        for property_ in self.request.propertyDependencies.values():
            found.update(property_.urns)
        return found

    @property
    def after(self) -> set[str]:
        """`type name` of everything, near and far, that this one waits for."""
        seen: set[str] = set()
        todo = [self.urn]
        while todo:
            for urn in self.monitor.by_urn[todo.pop()].depends_on - seen:
                seen.add(urn)
                todo.append(urn)
        return {f"{self.monitor.by_urn[urn].type} {self.monitor.by_urn[urn].name}" for urn in seen}


@dataclass
class Graph:
    resources: list[Registered]
    exports: dict[str, Any]
    secret_exports: set[str] = field(default_factory=set)

    def of(self, type_: str) -> list[Registered]:
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str | None = None) -> Registered:
        found = [resource for resource in self.of(type_) if name in (None, resource.name)]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} resources {type_} {name or ''} in {self}")
        return found[0]

    def __iter__(self) -> Iterator[Registered]:
        return iter(self.resources)


class Monitor(mocks.MockMonitor):
    """Remembers each request whole: Pulumi's own keeps neither dependencies nor options."""

    def __init__(self) -> None:
        super().__init__(Cloud())
        self.by_urn: dict[str, Registered] = {}

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:
        answer: resource_pb2.RegisterResourceResponse = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            raw = rpc.deserialize_properties(request.object, True)
            inputs = {key: rpc.unwrap_rpc_secret(value) for key, value in raw.items() if key != "__provider"}
            secret = {key for key, value in raw.items() if rpc.is_rpc_secret(value)}
            self.by_urn[answer.urn] = Registered(answer.urn, request.type, request.name, inputs, secret, request, self)
        return answer


class Cloud(mocks.Mocks):
    """Answers as AWS and the engine would: each property again, and what only they know."""

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # failures, None, would crash
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": REGION},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
        }
        return answers[args.token]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = args.typ.split(":")[-1]
        name = args.inputs.get("name", args.name)
        computed = {
            "arn": f"arn:aws:{kind}:{REGION}:{ACCOUNT}:{name}",
            "apiEndpoint": "https://api.example.com",
            "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:api",
            "url": f"https://queue.example.com/{name}",
            "versionId": f"version-of-{args.name}",
            "key": f"key-of-{args.name}",
            "eventSourceName": f"aws.partner/genesys.com/cloud/{ORG}/{args.inputs.get('suffix')}",
        }
        return f"id-of-{args.name}", {**computed, **args.inputs}


def run(
    config: Mapping[str, str] | None = None,
    stack: str = "dev",
    preview: bool = False,
    least: Mapping[str, str] = CONFIG,
    secrets: Sequence[str] = (),
) -> Graph:
    """The graph of the program with this config beside the least one. The environment is the caller's.

    `secrets`: keys that are kept encrypted.
    """
    loop = asyncio.new_event_loop()  # before the mocks: they make the stack's root resource
    asyncio.set_event_loop(loop)
    monitor = Monitor()
    settings.ROOT.set(None)
    mocks.set_mocks(monitor.mocks, PROJECT, stack, preview, monitor=monitor)
    set_all_config({**least, **(config or {})}, list(secrets))
    settings.SETTINGS.rpc_manager.clear()
    settings.SETTINGS.outputs.clear()

    async def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    try:
        loop.run_until_complete(run_pulumi_func(program))
        root = settings.get_root_resource()
        if not isinstance(root, Stack):
            raise TypeError("the mocks made no stack")
        outputs = {name: pulumi.Output.from_input(value) for name, value in root.outputs.items()}
        exports = {name: loop.run_until_complete(output.future()) for name, output in outputs.items()}
        secret = {name for name, output in outputs.items() if loop.run_until_complete(output.is_secret())}
    finally:
        loop.close()
        settings.SETTINGS.engine = None  # else what later tests log goes to the mocks
    return Graph(list(monitor.by_urn.values()), exports, secret)
