"""An answer in time, whatever AWS does: with the real clients, against a server that hangs, drips or breaks off."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from ingress import aws
from ingress.authentication import Authentication
from ingress.bus import Bus
from ingress.deadline import Deadline, threads
from ingress.keys import Keys
from ingress.metrics import Metrics
from ingress.parking import Parking, read
from ingress.receiver import Receiver
from ingress.topics import Topics
from tests.support.ingress import HEARTBEAT, SIGNING, Clock, event, message, signed, text
from tests.support.ingress_aws import Aws, environment

ROOT = Path(__file__).parent.parent.parent
LONGEST = 4.0  # seconds until the answer


@pytest.fixture
def server() -> Iterator[Aws]:
    with Aws() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    """By which the bus is trusted again; deadlines go by the real one."""
    return Clock()


@pytest.fixture
def receiver(server: Aws, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Receiver:
    return connected(server, monkeypatch, clock)


def connected(server: Aws, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Receiver:
    """A receiver whose clients are the real ones, made as in Lambda."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    events, secrets = aws.connect()
    return Receiver(
        authentication=Authentication(Keys(secrets, SIGNING, 3600), Keys(secrets, HEARTBEAT, 0)),
        bus=Bus(events, "bus", clock=clock),
        parking=Parking(aws.connect_queue, f"{server.url}/parking"),
        topics=Topics(),
        metrics=Metrics("GenesysEventBridge", "test"),
        source="s",
        stack="test",
        max_age=0,
    )


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
def test_a_bus_that_does_not_answer(server: Aws, receiver: Receiver, clock: Clock, fault: str) -> None:
    server.faults["PutEvents"] = fault
    status, told, seconds = timed(receiver, text([event() | {"timestamp": None}] * 25))
    assert (status, told) == (202, "parked")
    assert 2.3 < seconds < LONGEST
    assert len(read(server.parked[0], "bus").entries) == 25
    server.faults.clear()
    clock.advance(5)
    assert timed(receiver)[0] == 200
    assert len(server.parked) == 1


def test_a_bus_that_hung_is_not_waited_for_and_no_second_call_is_made_while_one_hangs(
    server: Aws, receiver: Receiver, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its threads would be used up else, and the parking queue's call wait behind them."""
    server.faults["PutEvents"] = "drip"
    assert timed(receiver)[0] == 202
    for _ in range(10):
        assert timed(receiver)[0] == 202
    assert server.calls.count("PutEvents") == 1
    *_, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["errors"] == ["StillHanging"]
    assert len(server.parked) == 11
    clock.advance(5)
    server.faults.clear()
    assert timed(receiver)[0] == 200


@pytest.mark.parametrize("fault", ["hang", "drip", "break"])
def test_a_bus_and_a_queue_that_do_not_answer(server: Aws, receiver: Receiver, fault: str) -> None:
    server.faults |= {"PutEvents": fault, "SendMessage": fault}
    status, told, seconds = timed(receiver)
    assert (status, told) == (503, "neither the bus nor the parking queue took every event in time")
    assert 3 < seconds < LONGEST
    assert not server.parked
    server.faults.pop("SendMessage")
    assert timed(receiver)[0] == 202


def test_the_queue_is_tried_again(server: Aws, receiver: Receiver) -> None:
    server.faults |= {"PutEvents": "fail", "SendMessage": "fail"}
    assert timed(receiver)[0] == 503
    assert server.calls.count("SendMessage") >= 3


def test_the_deadline_alone_decides_about_repeats(
    server: Aws, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults["PutEvents"] = "fail"
    assert timed(receiver)[0] == 202
    assert json.loads(capsys.readouterr().out)["calls"] == server.calls.count("PutEvents") >= 3


@pytest.mark.parametrize("fault", ["hang", "drip", "break"])
def test_keys_that_do_not_come(server: Aws, receiver: Receiver, fault: str) -> None:
    server.faults["GetSecretValue"] = fault
    status, told, seconds = timed(receiver)
    assert (status, told) == (503, "keys can't be read")
    assert seconds < 2
    assert "PutEvents" not in server.calls


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aws() as server:
        pass
    status, told, seconds = timed(connected(server, monkeypatch, Clock()))
    assert (status, told) == (503, "keys can't be read")
    assert seconds < 2


def test_the_first_request_of_a_new_process_counts_from_its_start(server: Aws) -> None:
    """The whole cold start, as the sender sees it, with a bus that is gone; then, in the same process, a warm one."""
    server.faults["PutEvents"] = "break"
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
        assert process.stderr.readline() == "202\n"
        assert time.monotonic() - started < LONGEST
        cold = json.loads(process.stdout.readline())["Latency"]
        assert 2400 < cold < 1000 * LONGEST

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
    assert late.left(late.parking) == pytest.approx(1.6)


def test_a_call_that_has_no_time_left_is_not_made() -> None:
    clock = Clock()
    deadline = Deadline(clock() - 3, clock)
    called = threading.Event()
    with pytest.raises(TimeoutError):
        deadline.call(deadline.bus, called.set)
    assert not called.wait(0.1)


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
