"""The stand-in for pulumi-resource-aws as the engine sees it, and an AWS emulator for it to work on."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.aws.plugin.__main__ import serve
from sandbox.aws.plugin.table import Props
from sandbox.aws.plugin.values import Path as ValuePath
from sandbox.aws.plugin.wire import decode, encode
from sandbox.launcher import free_port
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
SERVICES = ("apigatewayv2", "cloudwatch", "events", "iam", "lambda", "logs", "secretsmanager", "sqs", "sts")
ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Emulator:
    url: str

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def fail(self, operation: str, code: str, message: str = "ordered", **more: Any) -> None:
        """Order the next call of an operation, such as `logs:PutRetentionPolicy`, to fail."""
        fault = {"operation": operation, "kind": "error", "code": code, "message": message, **more}
        request = urllib.request.Request(f"{self.url}/_sandbox/aws/faults", json.dumps(fault).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def calls(self) -> list[str]:
        """Operations since the last `forget_calls`."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/aws/calls", timeout=10) as answer:
            return [each["operation"] for each in json.load(answer)]

    def forget_calls(self) -> None:
        request = urllib.request.Request(f"{self.url}/_sandbox/aws/calls", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def config(self, **more: Any) -> Props:
        """The provider's config for it, as the engine sends it: nested values as JSON."""
        endpoints = json.dumps([dict.fromkeys(SERVICES, self.url)])
        return {"region": "us-east-1", "endpoints": endpoints, "version": "7.51.1", **more}


@contextlib.contextmanager
def emulator(directory: Path) -> Iterator[Emulator]:
    """`python -m sandbox.aws` on a free port, ended afterwards, and in any case together with this process."""
    port = free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SANDBOX_"))},
        "SANDBOX_AWS_PORT": str(port),
        "SANDBOX_DIR": str(directory),
        "SANDBOX_OWNER_PID": str(os.getpid()),
    }
    process = subprocess.Popen([sys.executable, "-m", "sandbox.aws"], cwd=ROOT, env=environ)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _healthy(url), f"{url} answers")
        yield Emulator(url)
    finally:
        process.terminate()
        process.wait(30)


class FailureError(Exception):
    """What the plugin says instead of an answer: the text of its gRPC error."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.details = {each.key: each.value for each in error.trailing_metadata() or ()}.get(
            "grpc-status-details-bin", b""
        )


class Plugin:
    """A plugin, asked over gRPC as the engine asks it, but with plain properties."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def ask(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise FailureError(error) from None

    def configure(self, config: Props) -> Any:
        return self.ask("Configure", pb.ConfigureRequest(args=encode(config), acceptSecrets=True))

    def check_config(self, config: Props) -> list[str]:
        answer = self.ask("CheckConfig", pb.CheckRequest(urn=urn("pulumi:providers:aws"), news=encode(config)))
        return [each.reason for each in answer.failures]

    def check(
        self,
        token: str,
        news: Props,
        olds: Props | None = None,
        *,
        name: str = "it",
        seed: bytes = b"seed",
        secrets: Sequence[ValuePath] = (),
    ) -> tuple[Props, list[tuple[str, str]]]:
        """The checked inputs, and (property, what is wrong)."""
        request = pb.CheckRequest(
            urn=urn(token, name), olds=encode(olds or {}), news=encode(news, secrets), randomSeed=seed
        )
        answer = self.ask("Check", request)
        return decode(answer.inputs)[0], [(each.property, each.reason) for each in answer.failures]

    def checked(self, token: str, news: Props, olds: Props | None = None, **more: Any) -> Props:
        inputs, failures = self.check(token, news, olds, **more)
        assert failures == []
        return inputs

    def diff(self, token: str, state: Props, news: Props, ignored: Sequence[str] = ()) -> pb.DiffResponse:
        request = pb.DiffRequest(urn=urn(token), id="id", olds=encode(state), news=encode(news), ignoreChanges=ignored)
        answer: pb.DiffResponse = self.ask("Diff", request)
        return answer

    def create(
        self, token: str, inputs: Props, *, preview: bool = False, secrets: Sequence[ValuePath] = ()
    ) -> tuple[str, Props, set[ValuePath]]:
        """Id, state, and what of it is secret."""
        request = pb.CreateRequest(urn=urn(token), properties=encode(inputs, secrets), preview=preview)
        answer = self.ask("Create", request)
        return answer.id, *decode(answer.properties)

    def read(self, token: str, id_: str, state: Props, inputs: Props) -> tuple[str, Props, Props]:
        """Id (empty: it is gone), state, inputs."""
        request = pb.ReadRequest(urn=urn(token), id=id_, properties=encode(state), inputs=encode(inputs))
        answer = self.ask("Read", request)
        return answer.id, decode(answer.properties)[0], decode(answer.inputs)[0]

    def update(self, token: str, id_: str, state: Props, news: Props, *, preview: bool = False) -> Props:
        request = pb.UpdateRequest(urn=urn(token), id=id_, olds=encode(state), news=encode(news), preview=preview)
        return decode(self.ask("Update", request).properties)[0]

    def delete(self, token: str, id_: str, state: Props) -> None:
        self.ask("Delete", pb.DeleteRequest(urn=urn(token), id=id_, properties=encode(state)))

    def invoke(self, token: str) -> Props:
        answer = self.ask("Invoke", pb.InvokeRequest(tok=token))
        return decode(getattr(answer, "return"))[0]


@contextlib.contextmanager
def plugin(config: Props | None = None) -> Iterator[Plugin]:
    """A plugin in this process, configured unless there is no config."""
    server, port = serve()
    client = Plugin(port)
    try:
        if config is not None:
            client.configure(config)
        yield client
    finally:
        client.close()
        server.stop(None).wait()


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:test::project::parent:of:It${token}::{name}"


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_sandbox/health", timeout=2) as answer:
            return bool(json.load(answer)["ready"])
    except OSError:
        return False
