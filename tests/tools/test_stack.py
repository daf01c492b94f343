"""What comes before the engine's commands, and what the command line says when it cannot go on."""

import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox.processes import find
from tests.support.tools import Health, Tiny
from tests.support.waiting import until
from tools.lock import Lock
from tools.stack import MARK, ROOT, Stack, StackError

NOTHING = "import pulumi\n"


def command_line(tiny: Tiny, *arguments: str, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tools.stack", *arguments],
        cwd=tiny.folder,
        env={**os.environ, **tiny.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


# --- the sandbox


def test_a_sandbox_that_does_not_run_is_told_in_one_line(tiny: Tiny) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = str(taken.getsockname()[1])
        for command in ("up", "preview", "refresh", "destroy", "recover"):
            code, out, error = command_line(tiny, command, "local", SANDBOX_AWS_PORT=port)
            assert code == 1
            assert out == ""
            assert error == (
                f"error: the sandbox is not running at http://127.0.0.1:{port}; start it with: make sandbox, or with"
                " all that belongs in it: make demo\n"
            )
    assert not (tiny.folder / ".sandbox").exists()


def test_a_stack_of_the_sandbox_sees_nothing_of_the_users_accounts(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_EVENTBRIDGE_URL", "GENESYS_CLIENT_SECRET", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("NO_PROXY", "example.com")
    environ = tiny.stack.environ
    assert "mine" not in environ.values()
    assert environ["AWS_ACCESS_KEY_ID"] == environ["AWS_SECRET_ACCESS_KEY"] == "test"
    assert environ["NO_PROXY"] == "example.com,127.0.0.1,localhost"
    users = Stack("dev", project=tiny.folder).environ
    assert users["AWS_PROFILE"] == users["GENESYS_CLIENT_SECRET"] == users["PULUMI_ACCESS_TOKEN"] == "mine"
    assert "PULUMI_HOME" not in users.keys() - os.environ.keys()


def test_a_test_may_add_to_the_sealed_environment(tiny: Tiny) -> None:
    stack = Stack(project=tiny.folder, environ={**tiny.environ, "GENESYS_CLIENT_SECRET": "wrong"})
    assert stack.environ["GENESYS_CLIENT_SECRET"] == "wrong"


def test_the_stand_in_is_a_plugin_of_the_sandboxs_stacks_alone(tiny: Tiny, tmp_path: Path) -> None:
    home = Path(tiny.stack.environ["PULUMI_HOME"])
    [plugin] = home.glob("plugins/resource-aws-v*/pulumi-resource-aws")
    assert plugin.resolve() == ROOT / "tools/launchers/pulumi-resource-aws"
    official = Stack(project=tiny.folder, environ={**tiny.environ, "SANDBOX_AWS_PLUGIN": "official"})
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in official.environ
    assert list(home.glob("plugins/*")) == []


def test_other_ports_go_into_a_copy_of_the_stacks_file(tiny: Tiny, tmp_path: Path) -> None:
    tracked = tiny.folder / "Pulumi.local.yaml"
    text = "a: http://127.0.0.1:4566\nb: http://127.0.0.1:4580/x\nc: 4566, http://127.0.0.1:45661\n"
    tracked.write_text(text)
    given = {"SANDBOX_DIR": str(tmp_path / "it"), "SANDBOX_AWS_PORT": "4580", "SANDBOX_GENESYS_PORT": "7"}
    copy = Stack(project=tiny.folder, environ=given).config_file
    assert copy == tmp_path / "it/Pulumi.local.yaml"
    assert copy.read_text() == "a: http://127.0.0.1:4580\nb: http://127.0.0.1:7/x\nc: 4566, http://127.0.0.1:45661\n"
    assert tracked.read_text() == text
    given |= {"SANDBOX_AWS_PORT": "4566", "SANDBOX_GENESYS_PORT": "4580"}
    assert Stack(project=tiny.folder, environ=given).config_file == tracked


def test_up_changes_no_file_of_the_project_and_uses_the_copy(tiny: Tiny) -> None:
    before = {file: file.read_text() for file in tiny.folder.glob("Pulumi*")}
    code, text = tiny.up("import pulumi\npulumi.export('url', pulumi.Config().require('url'))\n")
    assert code == 0, text
    assert tiny.stack.outputs() == {"url": f"http://127.0.0.1:{tiny.environ['SANDBOX_AWS_PORT']}/"}
    assert {file: file.read_text() for file in tiny.folder.glob("Pulumi*")} == before


def test_to_ask_of_a_stack_that_is_not_there_makes_none(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    code, out, error = command_line(tiny, "pulumi", "local-typo", "stack", "output")
    assert code
    assert out == ""
    assert "no stack named 'local-typo' found" in error


def test_config_is_set_in_the_file_that_is_kept(tiny: Tiny) -> None:
    """Not in the copy that names this sandbox's ports, which the next command overwrites; before the first `up` too."""
    code, out, error = command_line(tiny, "pulumi", "local", "config", "set", "tiny:colour", "green")
    assert code == 0, out + error
    assert yaml.safe_load((tiny.folder / "Pulumi.local.yaml").read_text())["config"]["tiny:colour"] == "green"
    assert tiny.up("import pulumi\npulumi.export('colour', pulumi.Config().require('colour'))\n")[0] == 0
    assert tiny.stack.outputs() == {"colour": "green"}


def test_a_new_sandbox_is_refreshed_until_an_up_has_succeeded_on_it(tiny: Tiny, health: Health) -> None:
    def refreshes() -> bool:
        return "--refresh" in tiny.stack.prepare("up")

    broken = "import pulumi\nraise pulumi.RunError('no')\n"
    assert not refreshes()
    assert tiny.up(broken)[0] != 0
    assert not refreshes(), "the first up failed on this very sandbox"
    assert tiny.up(NOTHING)[0] == 0
    assert not refreshes()
    health.instance = "instance-2"
    assert refreshes()
    assert "--refresh" in tiny.stack.prepare("destroy")
    assert "--refresh" in tiny.stack.prepare("preview")
    assert tiny.up(broken)[0] != 0
    assert refreshes(), "an up failed half-way: what the state says may be of either"
    assert tiny.up(NOTHING)[0] == 0
    assert not refreshes()
    health.instance = "instance-3"
    assert tiny.stack.run("destroy")[0] == 0
    health.instance = "instance-4"
    assert not refreshes(), "there is nothing left to refresh"


def test_refresh_and_destroy_see_the_config_of_today(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    for command in ("refresh", "destroy"):
        assert "--run-program" in tiny.stack.prepare(command)
    assert "--run-program" not in tiny.stack.prepare("up")


# --- locks


def lock(tiny: Tiny, pid: int, host: str | None = None) -> Path:
    folder = Path(tiny.environ["SANDBOX_DIR"], "state/.pulumi/locks/organization/tiny/local")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "one.json"
    content = {
        "pid": pid,
        "hostname": host or socket.gethostname(),
        "username": "me",
        "timestamp": "2026-01-01T00:00:00.1Z",
    }
    file.write_text(json.dumps(content))
    return file


def dead_pid() -> int:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    return ended.pid


def test_a_lock_of_a_dead_process_is_cancelled_and_the_stack_refreshed(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tiny.up(NOTHING)[0] == 0
    pid = dead_pid()
    file = lock(tiny, pid)
    line = tiny.stack.prepare("up")
    assert "--refresh" in line
    assert "--run-program" in line
    assert not file.exists()
    said = capsys.readouterr().err
    assert f"process {pid}" in said
    assert "was killed" in said
    assert "--refresh" not in tiny.stack.prepare("up")


def test_a_kill_may_leave_the_files_beside_the_state_empty(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    lock(tiny, dead_pid())
    beside = tiny.stack.checkpoints / "local.json.attrs"
    assert json.loads(beside.read_text()), "the backend keeps something there"
    beside.write_text("")
    code, out, error = command_line(tiny, "recover", "local")
    assert code == 0, out + error
    assert json.loads((tiny.stack.checkpoints / "local.json").read_text())["checkpoint"]["latest"]


def test_the_lock_of_another_host_is_left_alone(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    file = lock(tiny, dead_pid(), host="elsewhere")
    for command in ("up", "destroy", "recover"):
        code, out, error = command_line(tiny, command, "local")
        assert (code, out) == (1, "")
        assert re.fullmatch(
            r"error: stack local is in use by process \d+ of me on elsewhere since .*: wait for it, or if it is"
            r" gone: make pulumi STACK=local ARGS=\"cancel --yes\"\n",
            error,
        ), error
    assert file.exists()


def test_the_lock_of_a_running_engine_is_left_alone(tiny: Tiny, tmp_path: Path) -> None:
    assert tiny.up(NOTHING)[0] == 0
    name = tmp_path / "pulumi"
    name.symlink_to("/bin/sleep")
    with subprocess.Popen([name, "60"]) as running:
        file = lock(tiny, running.pid)
        until(lambda: not Lock.read(file).left_behind(), "the child has become that program")
        with pytest.raises(StackError, match=f"in use by process {running.pid}"):
            tiny.stack.prepare("up")
        running.kill()
        until(lambda: Lock.read(file).left_behind(), "it is dead, and not reaped by its parent yet")
    assert Lock.read(file).left_behind()


def test_a_pid_that_is_another_programs_by_now_holds_no_lock(tiny: Tiny) -> None:
    assert Lock.read(lock(tiny, os.getpid())).left_behind()


def test_locks_of_the_users_own_file_backend_are_seen(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps({"current": f"file://{tmp_path}"}))
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    assert Stack("dev", project=tiny.folder).files == tmp_path
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    assert Stack("dev", project=tiny.folder).files is None


def test_the_login_is_in_the_users_home_as_the_engine_has_it_whatever_the_environment_says(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("home", "else"):
        (tmp_path / name / ".pulumi").mkdir(parents=True)
        current = {"current": f"file://{tmp_path}/states of {name}"}
        (tmp_path / name / ".pulumi/credentials.json").write_text(json.dumps(current))
    for name in ("PULUMI_HOME", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "else"))
    user = pwd.struct_passwd(("me", "x", os.getuid(), 0, "", str(tmp_path / "home"), ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user)
    assert Stack("dev", project=tiny.folder).files == tmp_path / "states of home"


# --- the user's stacks


def test_a_stack_that_does_not_exist_is_not_made_silently(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    users = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/state", "PULUMI_HOME": str(tmp_path / "home")}
    (tiny.folder / "Pulumi.dev.yaml").touch()
    code, out, error = command_line(tiny, "up", "dev", **users)
    assert (code, out) == (1, "")
    assert error.startswith("error: there is no stack dev yet; create it once with: ")
    assert error.endswith("pulumi stack init dev\n")


def test_without_a_passphrase_the_engine_says_so(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    users = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/state", "PULUMI_HOME": str(tmp_path / "home")}
    tiny.program(NOTHING)
    init = ["pulumi", "dev", "stack", "init"]
    assert command_line(tiny, *init, **users, PULUMI_CONFIG_PASSPHRASE="mine")[0] == 0
    code, _, error = command_line(tiny, "up", "dev", "--yes", **users)
    assert code != 0
    assert len(re.findall("error: ", error)) == 1
    assert "PULUMI_CONFIG_PASSPHRASE" in error


# --- the command line


@pytest.mark.parametrize("command", ["up", "preview", "refresh", "destroy", "recover"])
@pytest.mark.parametrize("name", ["local-nope", "prod", "acme/tiny/prod"])
def test_a_stack_without_a_file_is_one_line_that_names_those_with_one(tiny: Tiny, command: str, name: str) -> None:
    (tiny.folder / "Pulumi.dev.yaml").touch()
    file = f"Pulumi.{name.rpartition('/')[2]}.yaml"
    assert command_line(tiny, command, name) == (
        1,
        "",
        f"error: there is no {file}, so no stack {name}; there are dev, local\n",
    )
    assert not (tiny.folder / ".sandbox").exists()
    assert not Path(tiny.environ["SANDBOX_DIR"]).exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'config:\n  a:b: "c\n', ", line 3, column 1 is no YAML: found unexpected end of stream"),
        (
            b"config:\n  a:b: c\n d: e\n",
            ", line 3, column 2 is no YAML: expected <block end>, but found '<block mapping",
        ),
        (b"config:\n  a:b: \xe4\n", " is not UTF-8: save it as that"),
        (b"config:\n  a:b: \x00\n", " is no YAML: it has the character U+0000"),
    ],
)
def test_a_file_that_is_no_yaml_is_one_line_that_says_where(tiny: Tiny, content: bytes, told: str) -> None:
    (tiny.folder / "Pulumi.dev.yaml").write_bytes(content)
    code, out, error = command_line(tiny, "preview", "dev")
    assert (code, out) == (1, "")
    assert error.startswith(f"error: Pulumi.dev.yaml{told}")
    assert len(error.splitlines()) == 1


def test_tabs_that_the_engine_takes_are_its_own_to_judge(tiny: Tiny) -> None:
    (tiny.folder / "Pulumi.dev.yaml").write_text("config:\n  a:b:\tc\t# d\n")
    assert "is no YAML" not in command_line(tiny, "preview", "dev")[2]


def test_a_file_that_is_named_is_enough(tiny: Tiny, tmp_path: Path) -> None:
    code, _, error = command_line(tiny, "preview", "dev", "--config-file", str(tmp_path / "its.yaml"))
    assert code == 1
    assert "so no stack dev" not in error


@pytest.mark.parametrize("arguments", [("up", ""), ("up", "", "--yes"), ("up", "--yes"), ("pulumi", "", "stack")])
def test_an_empty_name_is_one_line(tiny: Tiny, arguments: tuple[str, ...]) -> None:
    code, out, error = command_line(tiny, *arguments)
    assert (code, out) == (1, "")
    assert error == "error: STACK is empty; write one, for example STACK=local; there are local\n"


def test_up_refresh_recover_and_down(tiny: Tiny) -> None:
    tiny.program("import pulumi\npulumi.export('x', 1)\n")
    code, out, error = command_line(tiny, "up", "local")
    assert code == 0, error
    assert "1 created" in out
    assert "\x1b[" not in out + error
    lock(tiny, dead_pid())
    code, out, error = command_line(tiny, "recover", "local")
    assert code == 0, error
    assert "1 unchanged" in out
    code, out, error = command_line(tiny, "pulumi", "local", "stack", "output", "x")
    assert (code, out) == (0, "1\n")
    code, out, error = command_line(tiny, "down")
    assert code == 0, error
    assert "1 deleted" in out
    assert list(Path(tiny.environ["SANDBOX_DIR"]).iterdir()) == []
    assert command_line(tiny, "down") == (0, "", "")


def test_down_without_a_sandbox_forgets_what_was_in_it(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    code, out, error = command_line(tiny, "down", SANDBOX_AWS_PORT="1")
    assert (code, out) == (0, "")
    assert error == "no sandbox answers at these ports: its stacks are forgotten, and what was in it is gone with it\n"
    assert list(Path(tiny.environ["SANDBOX_DIR"]).iterdir()) == []


@pytest.mark.parametrize("port", ["abc", "70000"])
def test_a_wrong_port_is_one_line(tiny: Tiny, port: str) -> None:
    code, out, error = command_line(tiny, "up", "local", SANDBOX_AWS_PORT=port)
    assert (code, out) == (1, "")
    assert error == f"error: SANDBOX_AWS_PORT is {port!r}; write a port, for example 4566\n"


@pytest.mark.parametrize(
    ("type_", "way"),
    [
        ("aws:iam/role:Role", "if `up` says that it exists already, delete it in AWS by hand"),
        ("pulumi-python:dynamic/genesys:Webhook", "keep it in the program, and `up` takes it over"),
        ("aws:secretsmanager/secret:Secret", "`up` makes another one; if there is one in AWS that the state does not"),
    ],
)
def test_recover_names_what_may_exist_without_being_known(tiny: Tiny, type_: str, way: str) -> None:
    assert tiny.up(NOTHING)[0] == 0
    being_created(tiny, type_, name="local-it")
    code, _, error = command_line(tiny, "recover", "local")
    assert code == 0, error
    assert f"{type_}::it (local-it) was being created and may exist, though the state will not know it: {way}" in error
    assert not tiny.stack.export()["deployment"].get("pending_operations")


def being_created(tiny: Tiny, type_: str, **inputs: str) -> None:
    """As a run leaves it that was stopped in the middle."""
    checkpoint = tiny.stack.checkpoints / "local.json"
    state = json.loads(checkpoint.read_text())
    resource = {"urn": f"urn:pulumi:local::tiny::{type_}::it", "custom": True, "type": type_, "inputs": inputs}
    pending = state["checkpoint"]["latest"].setdefault("pending_operations", [])
    pending.append({"resource": resource, "type": "creating"})
    checkpoint.write_text(json.dumps(state))


def test_what_was_stopped_without_a_lock_is_told_before_the_next_up_and_nothing_of_components(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    being_created(tiny, "aws:secretsmanager/secret:Secret", namePrefix="local-key-")
    being_created(tiny, "tiny:index:Group")
    being_created(tiny, "pulumi:providers:pulumi-python")
    code, _, error = command_line(tiny, "up", "local")
    assert code == 0, error
    assert error.startswith(
        "an earlier run on stack local was stopped: make recover STACK=local puts its state right\n"
    )
    assert error.count("was being created") == 1
    assert "aws:secretsmanager/secret:Secret::it (local-key-*) was being created" in error
    assert "was stopped" not in command_line(tiny, "recover", "local")[2]


GROUP = """
import pulumi

class Group(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("tiny:index:Group", "it")
        self.register_outputs({})

Group()
"""


@pytest.mark.parametrize(("command", "locked"), [("refresh", False), ("destroy", True)])
def test_where_there_is_nothing_nothing_is_written_into_the_state(tiny: Tiny, command: str, locked: bool) -> None:
    assert tiny.up(GROUP)[0] == 0
    assert command_line(tiny, "destroy", "local")[0] == 0
    if locked:
        lock(tiny, dead_pid())
    code, out, error = command_line(tiny, command, "local")
    assert code == 0, error
    assert "created" not in out
    assert not tiny.stack.export()["deployment"].get("resources")


def test_the_sandbox_of_another_folder_is_left_alone(tiny: Tiny, health: Health) -> None:
    health.directory = "/elsewhere/.sandbox"
    code, out, error = command_line(tiny, "up", "local")
    assert (code, out) == (1, "")
    assert "is that of /elsewhere/.sandbox: stop it there (make down), or give this one ports of its own" in error
    health.directory = tiny.environ["SANDBOX_DIR"]
    assert tiny.up(NOTHING)[0] == 0


def test_a_folder_that_can_not_be_written_is_one_line(tiny: Tiny, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    code, out, error = command_line(tiny, "up", "local", SANDBOX_DIR=str(file / "sandbox"))
    assert (code, out) == (1, "")
    assert re.fullmatch(r"error: .*/file/.* can't be used: Not a directory\n", error)


def test_down_forgets_what_has_a_broken_state(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    lock(tiny, dead_pid())
    checkpoint = tiny.stack.checkpoints / "local.json"
    checkpoint.write_text(json.dumps({**json.loads(checkpoint.read_text()), "version": 99}))
    code, _, error = command_line(tiny, "down")
    assert code == 0, error
    assert "it is forgotten, and ends with the sandbox" in error
    assert list(Path(tiny.environ["SANDBOX_DIR"]).iterdir()) == []


def test_down_forgets_what_a_broken_program_does_not_destroy(tiny: Tiny) -> None:
    assert tiny.up(NOTHING)[0] == 0
    tiny.program("raise ValueError('broken')\n")
    code, _, error = command_line(tiny, "down")
    assert code == 0
    assert "it is forgotten, and ends with the sandbox" in error
    assert list(Path(tiny.environ["SANDBOX_DIR"]).iterdir()) == []


@pytest.mark.parametrize("to_group", [True, False], ids=["ctrl-c", "kill"])
def test_an_interrupt_reaches_the_engine_once_and_the_state_is_saved(tiny: Tiny, to_group: bool) -> None:
    tiny.program(WAITING)
    begun, go_on = tiny.folder / "begun", tiny.folder / "go-on"
    with subprocess.Popen(
        [sys.executable, "-m", "tools.stack", "up", "local", "--skip-preview"],
        cwd=tiny.folder,
        env={**os.environ, **tiny.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        until(begun.exists, "the creation has begun")
        if to_group:
            os.killpg(running.pid, signal.SIGINT)
        else:
            running.send_signal(signal.SIGINT)
        assert running.stdout
        for line in running.stdout:
            if "cancel" in line.lower() or "interrupt" in line.lower() or "^C" in line:
                break
        go_on.touch()
        text = line + running.communicate(timeout=30)[0]
    assert running.returncode not in (0, -signal.SIGINT)
    assert "Traceback" not in text
    resources = [each["type"] for each in tiny.stack.export()["deployment"]["resources"]]
    assert "pulumi-python:dynamic:Resource" in resources, text
    assert list(tiny.stack.locks()) == []
    assert not find(int(begun.read_text()))


WAITING = """
import os, time
from pathlib import Path
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Waiting(ResourceProvider):
    def create(self, props):
        Path(props["folder"], "begun").write_text(str(os.getpid()))
        while not Path(props["folder"], "go-on").exists():
            time.sleep(0.02)
        return CreateResult("id", props)

class Thing(Resource):
    def __init__(self, name, folder):
        super().__init__(Waiting(), name, {"folder": folder})

Thing("thing", os.getcwd())
"""


def test_an_unknown_command_shows_how_to_call_it(tiny: Tiny) -> None:
    code, out, error = command_line(tiny, "deploy")
    assert (code, out) == (2, "")
    assert "python -m tools.stack up|preview" in error


@pytest.mark.parametrize("command", ["up", "refresh", "destroy"])
def test_the_message_of_a_command_names_the_sandbox(tiny: Tiny, command: str) -> None:
    line = tiny.stack.prepare(command)
    assert line[line.index("--message") + 1] == f"{MARK}instance-1"
