"""An answer in time, whatever AWS does: with the real clients, against a server that hangs, drips or breaks off."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingress import aws
from ingress.authentication import Authentication
from ingress.bus import Bus
from ingress.deadline import Deadline, threads
from ingress.keys import Keys
from ingress.metrics import Metrics
from ingress.receiver import Receiver
from ingress.topics import Topics
from tests.support.ingress import HEARTBEAT, KEY, SIGNING, Clock, event, message, signed, text

ROOT = Path(__file__).parent.parent.parent
LONGEST = 4.0  # seconds until the answer


class Aws(ThreadingHTTPServer):
    """Secrets Manager and EventBridge on one port; `faults` says what an operation does instead of answering."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Operation)
        self.faults: dict[str, str] = {}
        self.calls: list[str] = []
        self.connections: set[object] = set()
        self.over = threading.Event()

    def __enter__(self) -> "Aws":
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what is tested here."""


class Operation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Aws

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.calls.append(operation)
        self.server.connections.add(self.client_address)
        fault = self.server.faults.get(operation)
        if fault == "hang":
            self.server.over.wait()
        elif fault == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not self.server.over.wait(0.2):
                self.wfile.write(b" ")
                self.wfile.flush()
        elif fault == "break":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif operation == "PutEvents":
            self.answer(200, {"Entries": [{"EventId": "1"} for _ in request["Entries"]], "FailedEntryCount": 0})
        elif request["VersionStage"] == "AWSCURRENT":
            self.answer(200, {"SecretString": KEY, "CreatedDate": time.time() - 10})
        else:
            self.answer(400, {"__type": "ResourceNotFoundException"})

    def answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Aws]:
    with Aws() as server:
        yield server


@pytest.fixture
def receiver(server: Aws, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    return connected(server, monkeypatch)


def connected(server: Aws, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """A receiver whose clients are the real ones, made as in Lambda."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    events, secrets = aws.connect()
    return Receiver(
        authentication=Authentication(Keys(secrets, SIGNING, 60), Keys(secrets, HEARTBEAT, 0)),
        bus=Bus(events, "bus"),
        topics=Topics(),
        metrics=Metrics("GenesysEventBridge", "test"),
        source="s",
        stack="test",
        max_age=0,
    )


def environment(server: Aws) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "EVENT_BUS_NAME": "bus",
        "EVENT_SOURCE": "s",
        "SIGNING_SECRET_ARN": SIGNING,
        "HEARTBEAT_SECRET_ARN": HEARTBEAT,
        "KEY_OVERLAP_MINUTES": "1440",
        "MAX_AGE_MINUTES": "0",
        "TOPICS": "[]",
        "METRICS_NAMESPACE": "GenesysEventBridge",
        "STACK": "test",
    }


BODY = text(event() | {"timestamp": None})


def timed(receiver: Receiver, body: str = BODY) -> tuple[int, str, float]:
    started = time.monotonic()
    answer = receiver.receive(signed(body), Deadline(started))
    return answer["statusCode"], message(answer), time.monotonic() - started


def test_a_whole_request_through_the_real_clients_keeps_its_connections(server: Aws, receiver: Receiver) -> None:
    for _ in range(3):
        assert timed(receiver)[0] == 200
    assert server.calls == ["GetSecretValue", "GetSecretValue", "PutEvents", "PutEvents", "PutEvents"]
    assert len(server.connections) == 2


@pytest.mark.parametrize("fault", ["hang", "drip", "break"])
def test_a_bus_that_does_not_answer(server: Aws, receiver: Receiver, fault: str) -> None:
    server.faults["PutEvents"] = fault
    status, told, seconds = timed(receiver, text([event() | {"timestamp": None}] * 25))
    assert (status, told) == (503, "the bus did not take every event in time")
    assert 2.3 < seconds < 3.0
    server.faults.clear()
    assert timed(receiver)[0] == 200


@pytest.mark.parametrize("fault", ["hang", "drip", "break"])
def test_keys_that_do_not_come(server: Aws, receiver: Receiver, fault: str) -> None:
    server.faults["GetSecretValue"] = fault
    status, told, seconds = timed(receiver)
    assert (status, told) == (503, "keys can't be read")
    assert seconds < 1.4
    assert "PutEvents" not in server.calls


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aws() as server:
        pass
    status, told, seconds = timed(connected(server, monkeypatch))
    assert (status, told) == (503, "keys can't be read")
    assert seconds < 1.4


def test_the_first_request_of_a_new_process_counts_from_its_start(server: Aws) -> None:
    """The whole cold start, as the sender sees it, with a bus that hangs; then, in the same process, a warm request."""
    server.faults["PutEvents"] = "hang"
    program = (
        "import json, sys; from ingress.handler import handle\n"
        "for line in sys.stdin: print(handle(json.loads(line), None)['statusCode'], file=sys.stderr, flush=True)"
    )
    environ = environment(server) | {"PYTHONDONTWRITEBYTECODE": "1"}
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        line = json.dumps(signed(BODY)) + "\n"
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stderr.readline() == "503\n"
        assert time.monotonic() - started < LONGEST
        cold = json.loads(process.stdout.readline())["Latency"]
        assert 2400 < cold < 3000

        server.faults.clear()
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stderr.readline() == "200\n"
        assert json.loads(process.stdout.readline())["Latency"] < cold - 1500
        process.stdin.close()


def test_time_that_loading_took_is_taken_from_the_bus_not_from_the_keys() -> None:
    clock = Clock()
    deadline = Deadline(clock() - 0.8, clock)
    assert deadline.left(deadline.keys) == pytest.approx(1.0)
    assert deadline.left(deadline.bus) == pytest.approx(1.8)
    late = Deadline(clock() - 2, clock)
    assert late.left(late.keys) == late.left(late.bus) == pytest.approx(0.6)


def test_a_call_that_has_no_time_left_is_not_made() -> None:
    clock = Clock()
    deadline = Deadline(clock() - 3, clock)
    with pytest.raises(TimeoutError):
        deadline.call(deadline.bus, lambda: pytest.fail("called"))


def test_a_call_that_waits_behind_hanging_ones_is_not_made_after_the_answer() -> None:
    over, done = threading.Event(), threading.Event()
    hanging = [threads.submit(over.wait) for _ in range(8)]
    deadline = Deadline(time.monotonic() - 2.5)
    with pytest.raises(TimeoutError):
        deadline.call(deadline.bus, done.set)
    over.set()
    for future in hanging:
        future.result()
    assert not threads.submit(done.is_set).result()


def test_what_a_call_raises_comes_through() -> None:
    clock = Clock()
    deadline = Deadline(clock(), clock)
    with pytest.raises(ZeroDivisionError):
        deadline.call(deadline.bus, lambda: 1 / 0)
    assert deadline.call(deadline.bus, datetime.now)
