"""The process that the engine starts: what it prints, what it heeds, and how it ends."""

import contextlib
import importlib.metadata
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.aws.plugin.wire import encode
from tests.support.aws_plugin import ROOT, Emulator
from tests.support.sockets import LOOPBACK, LOOPBACK_OF_IPV6, listening
from tests.support.waiting import until

COMMAND = [sys.executable, "-m", "sandbox.aws.plugin", "127.0.0.1:1"]


@contextlib.contextmanager
def started(**environ: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        COMMAND, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_it_prints_its_port_and_says_its_version() -> None:
    with started() as (_, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=10)
        assert info.version == importlib.metadata.version("pulumi-aws"), "that of the SDK, which asks for it"


def test_it_listens_on_loopback_only() -> None:
    with started() as (_, port):
        addresses = {listener.address for listener in listening() if listener.port == port}
    assert addresses
    assert addresses <= {LOOPBACK, LOOPBACK_OF_IPV6}


def test_the_users_own_aws_and_proxies_are_left_out(cloud: Emulator) -> None:
    nowhere = "http://127.0.0.1:9"
    environ = {"AWS_PROFILE": "none-such", "AWS_ENDPOINT_URL": nowhere, "HTTP_PROXY": nowhere, "http_proxy": nowhere}
    with started(**environ) as (_, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(pb.ConfigureRequest(args=encode(cloud.config())), timeout=30)


def test_the_engines_interrupt_ends_it_at_once() -> None:
    """Else the engine waits for five seconds at the end of each command."""
    with started() as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(3) == 0


ENGINE = f"""
import subprocess, time
plugin = subprocess.Popen({COMMAND!r}, stdout=subprocess.PIPE)
print(plugin.stdout.readline().decode(), end="", flush=True)
time.sleep(60)
"""


def test_it_ends_with_the_engine() -> None:
    """However the engine ended: an orphan would go on beside the next `up`."""
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout
    port = int(engine.stdout.readline())
    assert listens(port)
    engine.kill()
    engine.wait(10)
    until(lambda: not listens(port), "the plugin is gone", 5)
    engine.stdout.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
