"""`python -m sandbox`: both clouds start together, end together, and leave nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox import launcher, processes
from sandbox.door import ask, health
from sandbox.genesys.testing import serve
from sandbox.launcher import ROOT, SERVICES, Sandbox, SandboxError, Server, free_port
from sandbox.processes import Process
from tests.support.sockets import LOOPBACK, listening

SECONDS = 30
CANARY = "canary-secret"
FOREIGN = {
    "GENESYS_CLIENT_SECRET": CANARY,
    "PULUMI_ACCESS_TOKEN": CANARY,
    "AWS_PROFILE": CANARY,
    "AWS_SECRET_ACCESS_KEY": CANARY,
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
}


def new(directory: Path, environ: dict[str, str] | None = None) -> Sandbox:
    return Sandbox(
        directory, free_port(), free_port(), owner=os.getpid(), environ={**os.environ, **FOREIGN, **(environ or {})}
    )


def members(sandbox: Sandbox) -> set[Process]:
    """Every process of a running sandbox."""
    leaders = [processes.find(status.pid) for status in sandbox.status() if status.pid]
    return {process for leader in leaders if leader for process in processes.family(leader)}


def gone(of: set[Process]) -> bool:
    return processes.wait_until(lambda: not any(processes.alive(process) for process in of), SECONDS)


def until(condition: Callable[[], bool]) -> None:
    assert processes.wait_until(condition, SECONDS)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One that tests only look at."""
    with new(tmp_path_factory.mktemp("sandbox"), {"SANDBOX_CLIENT_SECRET": CANARY}) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """One that isn't started yet."""
    made = new(tmp_path / "sandbox")
    yield made
    made.stop()


def test_both_answer_as_one_instance(running: Sandbox) -> None:
    answers = {service: health(running.ports[service]) for service in SERVICES}
    assert {service: answer["service"] for service, answer in answers.items()} == {"genesys": "genesys", "aws": "aws"}
    assert len({answer["instance"] for answer in answers.values()}) == 1
    assert all(answer["ready"] is True for answer in answers.values())


def test_starting_again_changes_nothing(running: Sandbox) -> None:
    before = running.status()
    assert running.start() is False
    assert [(status.pid, status.instance) for status in running.status()] == [
        (status.pid, status.instance) for status in before
    ]


def test_status_tells_where_and_how_large(running: Sandbox) -> None:
    found = running.status()
    assert [status.service for status in found] == ["genesys", "aws"]
    assert all(status.running and processes.find(status.pid) for status in found)
    assert [status.url for status in found] == [running.genesys_url, running.aws_url]
    assert all(2**20 < status.memory < 2**30 for status in found)


def test_nothing_listens_but_on_loopback(running: Sandbox) -> None:
    ports = set(running.ports.values())
    found = [(listener.address, listener.port) for listener in listening() if listener.port in ports]
    assert sorted(found) == sorted((LOOPBACK, port) for port in ports)


def test_servers_see_nothing_of_the_users_credentials_and_proxies(running: Sandbox) -> None:
    for process in members(running):
        names = {entry.partition("=")[0] for entry in processes.environment(process)}
        assert not names & set(FOREIGN)
        assert not any(CANARY in argument for argument in processes.command_line(process))
    for status in running.status():
        leader = processes.find(status.pid)
        assert leader
        assert f"TMPDIR={running.directory / 'tmp'}" in processes.environment(leader)


def test_genesys_cloud_is_told_where_aws_is(running: Sandbox) -> None:
    of = {status.service: processes.find(status.pid) for status in running.status()}
    genesys, aws = of["genesys"], of["aws"]
    assert genesys
    assert aws
    assert f"SANDBOX_AWS_URL={running.aws_url}" in processes.environment(genesys)
    assert not any(entry.startswith("SANDBOX_AWS_URL=") for entry in processes.environment(aws))


def test_no_secret_reaches_a_file(running: Sandbox) -> None:
    """Whatever is sent to the emulator, and whatever goes wrong there."""
    key = f"{CANARY}-key"
    with httpx.Client(base_url=running.genesys_url, trust_env=False) as client:
        wrong = client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("x", key))
        assert wrong.status_code == 400
        answer = client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("sandbox-client", CANARY))
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        body = {"name": "w", "destinationUrl": "http://127.0.0.1:1/", "signingKey": key, "headerOverrides": {"X": key}}
        body |= {"retryPolicy": {"retryCount": 0}}
        webhook = client.post("/api/v2/events/webhooks", json=body).json()
        subscription = {"name": "s", "filter": {"eventType": ["routing.queueEvent"]}, "webhookId": webhook["id"]}
        assert client.post("/api/v2/events/subscriptions", json=subscription).status_code == 201
        client.post("/api/v2/events/webhooks", content=f'{{"signingKey": "{key}"')
        client.post("/_sandbox/emit?wait=1", json={"kind": "acd.end", "set": {"ani": key}}).raise_for_status()
        client.post("/_sandbox/faults", json={"path": "/api/v2/events/webhooks", "drop": True})
        with pytest.raises(httpx.TransportError):
            client.post("/api/v2/events/webhooks", json=body)
        token = answer.json()["access_token"]
    files = [path for path in running.directory.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"genesys.log", "aws.log", "genesys.pid", "aws.pid"}
    for path in files:
        content = path.read_bytes()
        assert CANARY.encode() not in content
        assert token.encode() not in content
    assert running.log("genesys").read_text().count("\n") == 1, "where it listens, and no complaint"
    assert running.directory.stat().st_mode & 0o077 == 0


def test_stopping_leaves_no_process_and_no_file(sandbox: Sandbox) -> None:
    assert sandbox.start() is True
    started = members(sandbox)
    assert len(started) >= 2
    (sandbox.directory / "tmp" / "left").mkdir()
    assert sandbox.stop() is True
    assert not any(processes.alive(process) for process in started)
    assert not sandbox.directory.exists()
    assert [status.running for status in sandbox.status()] == [False, False]
    assert sandbox.stop() is False
    assert not any(health(port) for port in sandbox.ports.values())


def test_a_reset_forgets_both_clouds_and_the_stack(sandbox: Sandbox) -> None:
    sandbox.start()
    before = sandbox.status()[0].instance
    ask(sandbox.ports["genesys"], "POST", "/_sandbox/clock", {"advanceSeconds": 5})
    (sandbox.directory / "state" / ".pulumi").mkdir(parents=True)
    instance = sandbox.reset()
    assert instance not in (None, before)
    assert {health(port)["instance"] for port in sandbox.ports.values()} == {instance}
    assert {status.instance for status in sandbox.status()} == {instance}
    assert ask(sandbox.ports["genesys"], "GET", "/_sandbox/clock")["aheadSeconds"] == 0
    assert not (sandbox.directory / "state").exists()
    assert sandbox.start() is False


def test_a_reset_of_what_does_not_run_removes_the_state(sandbox: Sandbox) -> None:
    assert sandbox.reset() is None
    (sandbox.directory / "state").mkdir(parents=True)
    assert sandbox.reset() is None
    assert not (sandbox.directory / "state").exists()


def test_one_that_has_died_is_started_anew_with_the_other(sandbox: Sandbox) -> None:
    sandbox.start()
    genesys, aws = sandbox.status()
    os.kill(genesys.pid, signal.SIGKILL)
    until(lambda: processes.find(genesys.pid) is None)
    assert [status.running for status in sandbox.status()] == [False, True]
    assert sandbox.start() is True
    assert {status.pid for status in sandbox.status()}.isdisjoint({genesys.pid, aws.pid})
    assert all(status.running for status in sandbox.status())


@pytest.mark.parametrize("service", SERVICES)
def test_a_port_of_somebody_else_is_named_with_its_variable(sandbox: Sandbox, service: launcher.Service) -> None:
    taken = socket.create_server(("127.0.0.1", sandbox.ports[service]))
    with closing(taken), pytest.raises(SandboxError) as caught:
        sandbox.start()
    text = str(caught.value)
    assert f"port {sandbox.ports[service]} " in text
    assert "is taken by another program" in text
    assert launcher.PORT_VARIABLES[service] in text
    assert "\n" not in text
    assert not any(status.pid for status in sandbox.status())


def test_a_port_of_another_sandbox_is_told_as_such(tmp_path: Path) -> None:
    with serve() as other:
        sandbox = Sandbox(tmp_path, free_port(), int(other.url.rpartition(":")[2]), owner=os.getpid())
        with pytest.raises(SandboxError, match="taken by another sandbox: set SANDBOX_GENESYS_PORT"):
            sandbox.start()
        assert health(sandbox.ports["genesys"]), "the other one goes on"


def test_one_that_runs_on_other_ports_is_not_doubled(running: Sandbox) -> None:
    with pytest.raises(SandboxError, match=f"already runs, on port {running.ports['genesys']}: stop it first"):
        new(running.directory).start()
    assert all(status.running for status in running.status())


def test_one_that_ends_while_starting_is_quoted_and_the_other_is_stopped(tmp_path: Path) -> None:
    sandbox = new(tmp_path, {"SANDBOX_GENESYS_PROFILE": "real"})
    with pytest.raises(SandboxError) as caught:
        sandbox.start()
    assert "SANDBOX_GENESYS_PROFILE is 'real'; write seed or strict" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aws.log", "genesys.log"]
    assert not health(sandbox.ports["aws"])


def test_a_failure_to_get_ready_in_time_is_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "START_SECONDS", 0.0)
    with pytest.raises(SandboxError, match="not ready after 0 s"):
        sandbox.start()
    assert not list(sandbox.directory.glob("*.pid"))


def test_what_does_not_end_when_asked_is_killed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.start()
    started = members(sandbox)
    os.kill(sandbox.status()[0].pid, signal.SIGSTOP)  # one that hangs
    monkeypatch.setattr(launcher, "STOP_SECONDS", 0.5)
    assert sandbox.stop() is True
    assert gone(started)


@contextmanager
def stranger(*command: str, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is nobody's business, leading a session, which is ended with the test."""
    with subprocess.Popen(command, start_new_session=True, env={"PATH": os.environ["PATH"], **environ}) as process:
        try:
            yield process
        finally:
            leader = processes.find(process.pid)
            family = processes.family(leader) if leader else set()
            processes.send(family | processes.left_of_session(process.pid), signal.SIGKILL)


@pytest.mark.parametrize(("name", "offset"), [("other", 0), ("sandbox.genesys", -100)])
def test_a_pid_that_is_somebody_elses_now_is_left_alone(sandbox: Sandbox, name: str, offset: int) -> None:
    with stranger("sh", "-c", "sleep 60; true", name) as other:
        process = processes.find(other.pid)
        assert process
        sandbox.directory.mkdir()
        record = {"pid": other.pid, "started": process.started + offset, "port": 1, "instance": "i", "mark": "i"}
        (sandbox.directory / "genesys.pid").write_text(json.dumps(record))
        assert not any(status.pid for status in sandbox.status())
        assert sandbox.stop() is False
        assert other.poll() is None
        assert not (sandbox.directory / "genesys.pid").exists()


@pytest.mark.parametrize("content", ["", "12", "{}", "[]", "x"])
def test_a_pid_file_that_makes_no_sense_is_no_server(sandbox: Sandbox, content: str) -> None:
    sandbox.directory.mkdir()
    (sandbox.directory / "aws.pid").write_text(content)
    assert sandbox.start() is True
    assert all(status.running for status in sandbox.status())


@pytest.mark.parametrize("mark", ["ours", "another"])
def test_workers_of_a_server_that_died_are_ended_and_nobody_else(sandbox: Sandbox, mark: str) -> None:
    script = "sleep 60 & echo $! > $OUT"
    out = sandbox.directory / "worker"
    sandbox.directory.mkdir()
    with stranger("sh", "-c", script, SANDBOX_INSTANCE="ours", OUT=str(out)) as leader:
        leader.wait()
        worker = processes.find(int(out.read_text()))
        assert worker
        server = Server(leader.pid, 1, 1, "i", mark)
        (sandbox.directory / "aws.pid").write_text(json.dumps(server.__dict__))
        assert sandbox.stop() is (mark == "ours")
        assert processes.alive(worker) is (mark != "ours")


def test_a_family_is_a_session_and_all_descendants(tmp_path: Path) -> None:
    script = "(sleep 60 &); setsid sh -c 'sleep 60 & wait' & echo > $OUT; wait"
    with stranger("sh", "-c", script, OUT=str(tmp_path / "out")) as leader:
        until((tmp_path / "out").exists)
        process = processes.find(leader.pid)
        assert process
        until(lambda: len(processes.family(process)) == 4)
        family = processes.family(process)
        assert processes.memory(family) > 0
        processes.send(family, signal.SIGKILL)
        leader.wait()
        assert gone(family)


def test_they_end_with_their_owner(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from pathlib import Path; from sandbox.launcher import Sandbox, free_port\n"
        "Sandbox(Path(sys.argv[1]), free_port(), free_port(), owner=os.getpid()).start(); print('up', flush=True)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"up\n"
        servers = members(Sandbox(tmp_path))
        assert len(servers) >= 2
        owner.kill()
    assert gone(servers)


class Cli:
    """`python -m sandbox` for a directory and ports of its own."""

    def __init__(self, directory: Path) -> None:
        self.sandbox = new(directory)
        self.environ = {
            **os.environ,
            "SANDBOX_DIR": str(directory),
            "SANDBOX_AWS_PORT": str(self.sandbox.ports["aws"]),
            "SANDBOX_GENESYS_PORT": str(self.sandbox.ports["genesys"]),
            "SANDBOX_OWNER_PID": str(os.getpid()),
        }

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "sandbox", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env={**self.environ, **environ}, stdout=pipe, stderr=pipe, text=True)

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        with self.start(*arguments, **environ) as process:
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    made = Cli(tmp_path / "sandbox")
    yield made
    made.sandbox.stop()


def test_the_four_commands_say_what_they_did(cli: Cli) -> None:
    code, out, _ = cli.run("status")
    assert (code, out.count("not running")) == (1, 2)
    code, out, err = cli.run("up")
    assert (code, err) == (0, "")
    assert "sandbox is up" in out
    assert cli.sandbox.genesys_url in out
    assert cli.sandbox.aws_url in out
    code, out, _ = cli.run("up")
    assert (code, "sandbox already runs" in out) == (0, True)
    code, out, _ = cli.run("status")
    assert (code, out.count("ready"), out.count(" MB")) == (0, 2, 3)
    code, out, _ = cli.run("reset")
    assert (code, "sandbox reset" in out) == (0, True)
    assert cli.run("down")[:2] == (0, "sandbox stopped\n")
    assert cli.run("down")[:2] == (0, "sandbox was not running\n")


def test_what_stands_in_the_way_is_one_line(cli: Cli) -> None:
    assert cli.run("up", SANDBOX_AWS_PORT="http") == (
        1,
        "",
        "error: SANDBOX_AWS_PORT is 'http'; write a port, for example 4566\n",
    )
    with closing(socket.create_server(("127.0.0.1", cli.sandbox.ports["aws"]))):
        code, out, err = cli.run("up")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"error: port {cli.sandbox.ports['aws']} of AWS is taken")
    assert cli.run("fly")[0] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pid_file", ["genesys.pid", "aws.pid"])
def test_up_interrupted_leaves_nothing_running(cli: Cli, number: signal.Signals, pid_file: str) -> None:
    path = cli.sandbox.directory / pid_file
    for _ in range(3):
        with cli.start("up") as process:
            until(lambda: path.exists() or process.poll() is not None)
            servers = members(cli.sandbox)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        if process.returncode != 0:
            break
        cli.sandbox.stop()  # it was up before the signal came
    assert (process.returncode, err) == (130, "interrupted\n")
    assert gone(servers)
    assert not list(cli.sandbox.directory.glob("*.pid"))
    assert not (cli.sandbox.directory / "tmp").exists()
    assert cli.run("up")[0] == 0


def test_two_at_once_start_one_sandbox(cli: Cli) -> None:
    with cli.start("up") as first, cli.start("up") as second:
        outs = sorted(process.communicate(timeout=60)[0].split(" (")[0] for process in (first, second))
    assert outs == ["sandbox already runs", "sandbox is up"]


def test_down_and_up_at_once_end_in_a_running_or_a_stopped_sandbox(cli: Cli) -> None:
    cli.run("up")
    with cli.start("down") as down, cli.start("up") as up:
        _, down_err = down.communicate(timeout=60)
        _, up_err = up.communicate(timeout=60)
    assert (down.returncode, up.returncode, down_err, up_err) == (0, 0, "", "")
    assert len({status.running for status in cli.sandbox.status()}) == 1


def test_the_launcher_is_quick() -> None:
    """It must not bring the libraries of the servers along: every `make demo` waits for it."""
    code = "import sys; import sandbox.__main__; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split())
    assert not loaded & {"httpx", "uvicorn", "starlette", "boto3"}


def test_the_emulator_imports_only_what_it_needs() -> None:
    code = "import sys; import sandbox.genesys.server, sandbox.genesys; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split())
    assert not loaded & {"boto3", "botocore", "ministack", "pulumi", "grpc", "sandbox.aws"}
    assert {"httpx", "uvicorn", "starlette"} <= loaded
