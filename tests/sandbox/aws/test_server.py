"""The server process: where it listens, what it keeps from the functions, and what it leaves behind: nothing."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from sandbox.launcher import free_port
from sandbox.processes import find
from tests.support.aws_sandbox import ROOT, Api, Aws, make_api, make_function, serve
from tests.support.sockets import LOOPBACK, listening_of
from tests.support.waiting import until

SHOWS_ENVIRONMENT = """
import json, os

def handle(event, context):
    return {"statusCode": 200, "body": json.dumps({"pid": os.getpid(), "environment": dict(os.environ)})}
"""
STRANGE = {
    "GENESYS_CLIENT_SECRET": "a-secret",
    "PULUMI_CONFIG_PASSPHRASE": "a-secret",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "PERSIST_STATE": "1",
    "BIND_HOST": "0.0.0.0",  # noqa: S104
    "LOG_LEVEL": "DEBUG",
}


def post(api: Api) -> dict[str, object]:
    import httpx

    return dict(httpx.post(api.url, timeout=30).json())


def test_it_keeps_to_loopback_and_its_folder_and_leaves_nothing(tmp_path: Path) -> None:
    with serve(tmp_path, STRANGE) as aws:
        aws.client("secretsmanager").create_secret(Name="s", SecretString="the-signing-key")
        answer = post(make_api(aws, make_function(aws, SHOWS_ENVIRONMENT)))
        environment = answer["environment"]
        assert isinstance(environment, dict)
        function_keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        assert set(STRANGE) & set(environment) == function_keys
        assert not {environment[name] for name in function_keys} & set(STRANGE.values())
        [listener] = listening_of(aws.process.pid)
        assert (listener.address, listener.port) == (LOOPBACK, int(aws.url.rpartition(":")[2]))
        pid = int(str(answer["pid"]))
        assert find(pid)
        assert any((tmp_path / "tmp").rglob("module.py"))
    assert not find(pid)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert aws.log() == ""


def test_a_hanging_call_and_a_busy_function_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with serve(tmp_path) as aws:
        make_function(aws, "import time\n\ndef handle(event, context):\n    time.sleep(60)\n", Timeout=60)
        aws.fault("events:ListEventBuses", kind="hang", seconds=60)
        payloads = [
            ("POST", "/2015-03-31/functions/worker/invocations", {"Authorization": "AWS4-HMAC-SHA256 Credential=a/"}),
            ("POST", "/", {"X-Amz-Target": "AWSEvents.ListEventBuses"}),
        ]
        sockets = [send(aws, *each) for each in payloads]
        until(lambda: aws.door("GET", "aws/faults") == [], "the hanging call has begun")
        aws.process.send_signal(signal.SIGTERM)
        aws.process.wait(8)
        for each in sockets:
            each.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as owner, serve(tmp_path, {"SANDBOX_OWNER_PID": str(owner.pid)}) as aws:
        owner.kill()
        owner.wait()
        aws.process.wait(10)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_what_a_killed_one_left_goes_at_the_next_start(tmp_path: Path) -> None:
    port = free_port()
    with serve(tmp_path, port=port) as aws:
        answer = post(make_api(aws, make_function(aws, SHOWS_ENVIRONMENT)))
        aws.process.kill()
        aws.process.wait()
        until(lambda: not find(int(str(answer["pid"]))), "its worker ends")
    assert any((tmp_path / "tmp").rglob("module.py"))
    with serve(tmp_path, port=port):
        assert not any((tmp_path / "tmp").rglob("module.py"))


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, aws_server: Aws) -> None:
    port = aws_server.url.rpartition(":")[2]
    environ = {"PATH": os.environ["PATH"], "SANDBOX_AWS_PORT": port, "SANDBOX_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox.aws"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    said = f"error: 127.0.0.1:{port} can't be used (Address already in use): set SANDBOX_AWS_PORT to a free port\n"
    assert ended.stderr == said


def test_another_ministack_is_one_line(tmp_path: Path) -> None:
    code = "import importlib.metadata as m; m.version = lambda _: '1.5.34'; from sandbox.aws.server import main; main()"
    environ = {"PATH": os.environ["PATH"], "SANDBOX_AWS_PORT": str(free_port()), "SANDBOX_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert (
        ended.stderr == "error: ministack 1.5.34 is installed, 1.5.33 is needed: install requirements-dev.txt again\n"
    )


def send(aws: Aws, method: str, path: str, headers: dict[str, str]) -> socket.socket:
    """A request on its way, whose answer nobody waits for."""
    host, port = aws.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Length: 2"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([*lines, "", "{}"]).encode())
    return connection
