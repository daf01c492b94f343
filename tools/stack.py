"""`python -m tools.stack up|preview|refresh|destroy|recover|pulumi STACK [arguments]`, and `down`: what make runs.

The engine's own commands, after what has to come first. Stacks local and local-* live in the sandbox and nowhere else:
their backend, passphrase and plugin are its own, and of the environment they see no AWS_*, GENESYS_* or PULUMI_*. Other
stacks are the user's: backend, secrets provider and environment stay as they are.
"""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import yaml

from sandbox.door import HOST, health
from sandbox.launcher import AWS_PORT, GENESYS_PORT
from tools import engine
from tools.engine import Engine, EngineError, file_error, say
from tools.lock import Lock

ROOT = Path(__file__).parents[1]
CHANGING = ("up", "refresh", "destroy")
TAKE_CONFIG = (*CHANGING, "preview")
SEALED_FROM = ("AWS_", "GENESYS_", "PULUMI_")


class StackError(Exception):
    """What stands in the way, and what to do, in one line."""


class InUseError(StackError):
    """Somebody is at it."""


class SandboxDownError(StackError):
    """The sandbox of this folder does not run, and with it everything in it is gone."""


class Stack:
    """One stack. `run` is what make does, for tests; methods raise StackError and EngineError.

    With `directory`, a stack of the sandbox lives there, beside any other: with its own state, and its own copy of the
    stack's file, `config_file`, which may be edited. `environ` is put on top of the environment, sealed or not.
    """

    def __init__(
        self,
        name: str = "local",
        *,
        project: Path = ROOT,
        directory: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.project = name, project
        self._own = directory is not None  # else `config set` is about the tracked file, though a copy be deployed
        if not name or name.startswith("-"):
            raise StackError(
                f"STACK is empty; write one, for example STACK=local; there are {self._those_with_a_file()}"
            )
        self.local = name == "local" or name.startswith("local-")
        self._set = dict(environ or {})
        self._told_pending = False
        given = {**os.environ, **self._set}
        self.directory = (directory or Path(given.get("SANDBOX_DIR") or project / ".sandbox")).absolute()
        self.ports = {
            "aws": given.get("SANDBOX_AWS_PORT") or str(AWS_PORT),
            "genesys": given.get("SANDBOX_GENESYS_PORT") or str(GENESYS_PORT),
        }
        for service, port in self.ports.items():
            if not port.isdecimal() or not 1 <= int(port) <= 65535:
                raise StackError(f"SANDBOX_{service.upper()}_PORT is {port!r}; write a port, for example {AWS_PORT}")
        self.config_file = self._tracked_config_file
        moved = (self.ports["aws"], self.ports["genesys"]) != (str(AWS_PORT), str(GENESYS_PORT))
        if self.local and (directory or (moved and self._tracked_config_file.exists())):
            self.config_file = self._copy_config()

    def run(self, command: str, *arguments: str) -> tuple[int, str]:
        """Run one of the engine's commands after what has to come first; its exit code, and all that was said."""
        try:
            line = self.prepare(command, *arguments)
        except (StackError, EngineError) as error:
            return 1, f"error: {error}\n"
        done = subprocess.run(
            line,
            cwd=self.project,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def outputs(self, *, secrets: bool = False) -> dict[str, Any]:
        """What the program exports."""
        found: dict[str, Any] = self._json("stack", "output", "--json", *(["--show-secrets"] if secrets else []))
        return found

    def export(self) -> dict[str, Any]:
        """The state."""
        found: dict[str, Any] = self._json("stack", "export")
        return found

    def prepare(self, command: str, *arguments: str) -> list[str]:
        """See to it that the command can run; the line to run it by, in `project` and with `environ`."""
        before: list[str] = []
        if command in (*CHANGING, "preview"):
            before = self._prepare(command)
        elif self.local and command == "config":  # not for others: a misspelt name would be a new stack, and empty
            self._create()
        return self._line(command, *before, *arguments)

    def configured(self) -> None:
        """Raises StackError where the stack has no file, which names those that have one, or the file is no YAML."""
        file = self._tracked_config_file.relative_to(self.project)
        try:
            for _ in yaml.parse(self._tracked_config_file.read_text(encoding="utf-8")):
                pass  # the engine does not say in which file
        except FileNotFoundError:
            raise StackError(
                f"there is no {file}, so no stack {self.name}; there are {self._those_with_a_file()}"
            ) from None
        except UnicodeDecodeError:
            raise StackError(f"{file} is not UTF-8: save it as that") from None
        except yaml.reader.ReaderError as error:
            raise StackError(f"{file} is no YAML: it has the character U+{error.character:04X}") from None
        except yaml.MarkedYAMLError as error:
            if "\\t" in str(error.problem):
                return  # of tabs the engine takes some
            at = error.problem_mark or error.context_mark
            where = f", line {at.line + 1}, column {at.column + 1}" if at else ""
            raise StackError(f"{file}{where} is no YAML: {error.problem}") from None

    def deployed(self) -> None:
        """Raises StackError where a stack of the sandbox can't be there. Of the user's, the engine knows."""
        if not self.local:
            return
        instance = self._instance()
        if not (self.checkpoints / f"{self.name}.json").exists():
            raise StackError(f"stack {self.name} is not deployed: make up STACK={self.name}")
        if (on := self._instances()) and instance not in on:
            raise StackError(f"stack {self.name} was deployed in a sandbox that is gone: make up STACK={self.name}")

    # --- what has to come first

    def _prepare(self, command: str) -> list[str]:
        """Checks, and the arguments that they call for."""
        arguments, refresh = [], False
        if self.local:
            instance = self._instance()
            self._create()
            refresh = bool(self._instances() - {instance})
            if command in CHANGING:
                arguments += ["--yes", "--message", f"{MARK}{instance}"]
        else:
            self._exists()
        if command in CHANGING:
            refresh |= self.unlock()
            if command == "up":
                self._tell_left()
        if refresh and command != "refresh":
            arguments += ["--refresh"]
        # Else the providers would see the config of the last `up`. Where there is nothing, the engine would write
        # components into the state that nobody made.
        if self._knows_something() if command in ("refresh", "destroy") else refresh:
            arguments += ["--run-program"]
        return arguments

    def _instance(self) -> str:
        """The sandbox that runs: a new one knows nothing of what was made in another."""
        found = {service: health(int(port), timeout_seconds=5.0) for service, port in self.ports.items()}
        down = [f"http://{HOST}:{self.ports[service]}" for service, each in found.items() if not each.get("ready")]
        if down:
            raise SandboxDownError(
                f"the sandbox is not running at {' and '.join(down)}; start it with: make sandbox, or with"
                " all that belongs in it: make demo"
            )
        theirs = found["genesys"].get("directory")
        if theirs and Path(theirs).resolve() != self.directory.resolve():
            raise SandboxDownError(
                f"the sandbox at http://{HOST}:{self.ports['genesys']} is that of {theirs}: stop it there (make down),"
                " or give this one ports of its own (SANDBOX_AWS_PORT, SANDBOX_GENESYS_PORT) and start it: make sandbox"
            )
        return str(found["aws"].get("instance"))

    def _instances(self) -> set[str]:
        """The sandboxes that the state may speak of: that of the last success, and those of failures after it."""
        found: set[str] = set()
        history = self.directory / "state/.pulumi/history" / self._project_name / self.name
        for file in sorted(history.glob("*.history.json"), reverse=True):  # the names end with the time
            entry = json.loads(file.read_text(encoding="utf-8"))
            succeeded = entry.get("result") == "succeeded"
            if succeeded and entry.get("kind") == "destroy":
                break
            found.add(entry.get("message", "").removeprefix(MARK))
            if succeeded:
                break
        return found

    def _create(self) -> None:
        """Make the stack, in a copy of the project: `stack init` would write into a tracked file."""
        if (self.checkpoints / f"{self.name}.json").exists():
            return
        (self.directory / "state").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="init-", dir=self.directory) as folder:
            Path(folder, "Pulumi.yaml").write_text(f"name: {self._project_name}\nruntime: python\n", encoding="utf-8")
            if self.config_file.exists():
                shutil.copy(self.config_file, Path(folder, f"Pulumi.{self.name}.yaml"))
            line = [str(self.engine.path), "stack", "init", self.name, "--no-select", "--cwd", folder]
            done = subprocess.run(line, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise StackError(f"stack {self.name} could not be made: {_reason(done)}")

    def _exists(self) -> None:
        """Stacks that are the user's are made by the user, who chooses their secrets provider."""
        done = self.captured("stack")
        if done.returncode == 0:
            return
        if "no stack named" in done.stderr:
            pulumi = self._called
            raise StackError(f"there is no stack {self.name} yet; create it once with: {pulumi} stack init {self.name}")
        if "PULUMI_ACCESS_TOKEN" in done.stderr:
            raise StackError(
                f"not logged in to where states are kept: {self._called} login (for example {self._called} login"
                " s3://a-bucket), or set PULUMI_ACCESS_TOKEN for Pulumi Cloud"
            )
        raise StackError(_reason(done))

    def _knows_something(self) -> bool:
        return knows_something(self.export().get("deployment"))

    def unlock(self) -> bool:
        """Cancel a run that was killed and left its lock, and tell so; whether there was one.

        Raises StackError when the stack is in use.
        """
        locks = list(self.locks())
        for lock in locks:
            if not lock.left_behind():
                raise InUseError(
                    f"stack {self.name} is in use by process {lock.pid} of {lock.user} on {lock.host} since"
                    f' {lock.since}: wait for it, or if it is gone: make pulumi STACK={self.name} ARGS="cancel --yes"'
                )
        if locks:
            self._drop_broken_attributes()
            pids = ", ".join(f"process {lock.pid}" for lock in locks)
            say(
                f"the last run on stack {self.name} ({pids}) was killed: cancelling it, then looking at what exists; if"
                f" the engine goes on to warn of pending operations: make recover STACK={self.name}"
            )
            done = self.captured("cancel", "--yes")
            if done.returncode:
                raise StackError(_reason(done))
            self.tell_pending()
        return bool(locks)

    def _drop_broken_attributes(self) -> None:
        """A kill may leave one of the files empty that the backend keeps beside a state, which then can't be read.

        There is nothing of the state in them.
        """
        if not self.files:
            return
        for file in self._states_in(self.files).glob(f"{self.name}.json*.attrs"):
            try:
                json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                file.unlink()

    def _tell_left(self) -> None:
        """A run that was stopped at once (Ctrl-C twice) leaves no lock, and is told of where its state is a file."""
        if self._told_pending or not self.files:
            return
        file = self._states_in(self.files) / f"{self.name}.json"
        if file.is_file() and '"pending_operations"' in file.read_text(encoding="utf-8"):
            say(f"an earlier run on stack {self.name} was stopped: make recover STACK={self.name} puts its state right")
            self.tell_pending()

    def tell_pending(self) -> None:
        """Name what was being created when a run was killed, once: a refresh that clears it forgets it."""
        if self._told_pending:
            return
        self._told_pending = True
        state = self.export()["deployment"]
        known = {resource["urn"] for resource in state.get("resources") or []}
        for operation in state.get("pending_operations") or []:
            resource = operation["resource"]
            way = next((way for start, way in WAYS.items() if resource["type"].startswith(start)), None)
            if way and operation["type"] == "creating" and resource["urn"] not in known:
                what = resource["urn"].split("::", 2)[-1] + name_in(resource.get("inputs") or {})
                say(f"{what} was being created and may exist, though the state will not know it: {way}")

    def locks(self) -> Iterator[Lock]:
        """The stack's locks, as far as a backend of files has any; other backends know by themselves."""
        root = self.files
        if root:
            for file in sorted((root / ".pulumi/locks/organization" / self._project_name / self.name).glob("*.json")):
                yield Lock.read(file)

    # --- the engine

    @cached_property
    def engine(self) -> Engine:
        return engine.find({**os.environ, **self._set})

    @cached_property
    def environ(self) -> dict[str, str]:
        """The environment to run the engine in."""
        given = dict(os.environ)
        if self.local:
            given = {name: value for name, value in given.items() if not name.startswith(SEALED_FROM)}
            given |= self._sandbox_environ(given)
        if self.local or not self.engine.official:
            given["PULUMI_SKIP_UPDATE_CHECK"] = "true"
        return given | self._set

    def _sandbox_environ(self, given: Mapping[str, str]) -> dict[str, str]:
        home = self.directory / "pulumi"
        found = {
            "PULUMI_BACKEND_URL": f"file://{self.directory / 'state'}",
            "PULUMI_HOME": str(home),
            "PULUMI_CONFIG_PASSPHRASE": "sandbox",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        for name in ("no_proxy", "NO_PROXY"):
            found[name] = ",".join(filter(None, [given.get(name), HOST, "localhost"]))
        # Where the engine keeps its plugins, not on PATH: from there it warns of each use, and would for other stacks.
        plugin = home / "plugins" / f"resource-aws-v{metadata.version('pulumi-aws')}" / "pulumi-resource-aws"
        if {**given, **self._set}.get("SANDBOX_AWS_PLUGIN") == "official":
            if plugin.is_symlink():
                shutil.rmtree(plugin.parent)
            return found
        _link(plugin, engine.LAUNCHERS / "pulumi-resource-aws")
        found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        if shutil.which("pulumi-resource-aws", path=given.get("PATH")):
            found["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
        return found

    def _line(self, command: str, *arguments: str) -> list[str]:
        line = [str(self.engine.path), command, *arguments, "--stack", self.name]
        takes = command in TAKE_CONFIG or (command == "config" and self._own)
        if takes and self.config_file != self._tracked_config_file:
            line += ["--config-file", str(self.config_file)]
        return line

    def captured(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._line(command, *arguments),
            cwd=self.project,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _json(self, command: str, *arguments: str) -> Any:
        done = self.captured(command, *arguments)
        if done.returncode:
            raise StackError(_reason(done))
        return json.loads(done.stdout)

    @property
    def _called(self) -> str:
        """How the user calls the engine."""
        return "pulumi" if self.engine.official else os.path.relpath(self.engine.path)

    # --- files

    @cached_property
    def _project_name(self) -> str:
        return _key((self.project / "Pulumi.yaml").read_text(encoding="utf-8"), "name") or ""

    @cached_property
    def _tracked_config_file(self) -> Path:
        return self._config_folder / f"Pulumi.{self.name.rpartition('/')[2]}.yaml"  # of `organisation/project/name`

    @property
    def _config_folder(self) -> Path:
        return self.project / (
            _key((self.project / "Pulumi.yaml").read_text(encoding="utf-8"), "stackConfigDir") or "."
        )

    def _those_with_a_file(self) -> str:
        return ", ".join(
            sorted(each.stem.removeprefix("Pulumi.") for each in self._config_folder.glob("Pulumi.*.yaml"))
        )

    def _copy_config(self) -> Path:
        """A copy of the stack's file that names the ports of this sandbox."""
        copy = self.directory / f"Pulumi.{self.name}.yaml"
        text = self._tracked_config_file.read_text(encoding="utf-8") if self._tracked_config_file.exists() else ""
        # At once: one port may be the other's default.
        ports = {str(AWS_PORT): self.ports["aws"], str(GENESYS_PORT): self.ports["genesys"]}
        text = re.sub(rf"(?<={re.escape(HOST)}:)(?:{'|'.join(ports)})(?!\d)", lambda found: ports[found[0]], text)
        self.directory.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        return copy

    @property
    def checkpoints(self) -> Path:
        """Where the states of the sandbox's stacks lie."""
        return self._states_in(self.directory / "state")

    def _states_in(self, backend: Path) -> Path:
        """Where a backend of files keeps the project's states."""
        return backend / ".pulumi/stacks" / self._project_name

    @property
    def files(self) -> Path | None:
        """The folder of a backend of files."""
        url = self.environ.get("PULUMI_BACKEND_URL") or _logged_in(self.environ)
        if not url.startswith("file://"):
            return None
        return Path(url.removeprefix("file://").split("?")[0]).expanduser()


RANDOM = "`up` makes another one; if there is one in AWS that the state does not have afterwards, delete it by hand"
TAKEN_OVER = "keep it in the program, and `up` takes it over"
WAYS = {
    "aws:secretsmanager/secret:": RANDOM,
    "aws:apigatewayv2/": RANDOM,
    "aws:": "if `up` says that it exists already, delete it in AWS by hand, then `up` again",
    **{
        f"pulumi-python:dynamic/genesys:{each}": TAKEN_OVER for each in ("Webhook", "Subscription", "EventBridgeSource")
    },
}
"""What becomes of something that was being created, by how its type begins. Of others there is nothing to be found."""

MARK = "sandbox "
"""Before the sandbox's instance in an update's message: so the history says what the state speaks of."""


def name_in(inputs: Mapping[str, Any]) -> str:
    """Behind what an object is: how it is called, where that is known."""
    name, start = inputs.get("name"), inputs.get("namePrefix")
    if isinstance(name, str):
        return f" ({name})"
    return f" ({start}*)" if isinstance(start, str) else ""


def _logged_in(env: Mapping[str, str]) -> str:
    """The backend of `pulumi login`."""
    home = Path(env.get("PULUMI_HOME") or Path(pwd.getpwuid(os.getuid()).pw_dir, ".pulumi"))  # not $HOME, as the engine
    try:
        return str(json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current") or "")
    except (OSError, ValueError):
        return ""


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.symlink_to(target)
    new.replace(link)


def _key(document: str, key: str) -> str | None:
    """A plain top-level value of a YAML document."""
    found = re.search(rf"^{key}:\s*([^\s#]+)", document, re.MULTILINE)
    return found[1].strip("\"'") if found else None


def _reason(done: "subprocess.CompletedProcess[str]") -> str:
    """What the engine said went wrong, as one line."""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return "; ".join(lines).removeprefix("error: ") or "no reason given"


# --- the command line


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        match arguments:
            case ["up" | "preview" | "refresh" | "destroy" as command, name, *rest]:
                stack = named(name, *rest)
                become(stack, stack.prepare(command, *rest))
            case ["recover", name, *rest]:
                stack = named(name, *rest)
                become(stack, recover(stack, *rest))
            case ["pulumi", name, command, *rest]:
                stack = Stack(name)
                become(stack, stack.prepare(command, *rest))
            case ["down"]:
                return down(Stack())
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (StackError, EngineError) as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {file_error(error)}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def named(name: str, *arguments: str) -> Stack:
    """The stack of that name, unless it is misspelt. Raises StackError."""
    stack = Stack(name)
    if not any(each.startswith("--config-file") for each in arguments):
        stack.configured()
    return stack


def become(stack: Stack, line: list[str]) -> NoReturn:
    """Run the engine in place of this process: so Ctrl-C reaches it once, whoever sends it, and its exit code is ours.

    It answers the first by finishing what it is at and saving the state, and the second by stopping at once.
    """
    os.chdir(stack.project)
    sys.stdout.flush()
    os.execve(line[0], line, stack.environ)  # noqa: S606 (no shell is wanted)


def recover(stack: Stack, *arguments: str) -> list[str]:
    """Cancel a run that was killed; the line that then puts the state right, asking nothing."""
    line = stack.prepare("refresh", "--yes", "--clear-pending-creates", *arguments)
    if not stack.files:  # these have been looked at for locks
        done = stack.captured("cancel", "--yes")
        say(done.stdout.strip() if done.returncode == 0 else f"nothing was cancelled: {_reason(done)}")
    stack.tell_pending()
    return line


def down(local: Stack) -> int:
    """Destroy what stacks of the sandbox have, then forget them. Stops nothing, and needs no engine for nothing.

    What can't be destroyed, because program or state is broken say, is forgotten too: it ends with the sandbox.
    """
    stacks = [Stack(file.stem) for file in sorted(local.checkpoints.glob("*.json")) if _has_resources(file)]
    try:
        for stack in stacks:
            if why := _destroyed(stack):
                say(f"destroying stack {stack.name} ended with {why}: it is forgotten, and ends with the sandbox")
    except SandboxDownError:
        say("no sandbox answers at these ports: its stacks are forgotten, and what was in it is gone with it")
    for left in (local.directory / "state", local.directory / "pulumi"):
        shutil.rmtree(left, ignore_errors=True)
    for copy in local.directory.glob("Pulumi.*.yaml"):
        copy.unlink()
    return 0


def _destroyed(stack: Stack) -> str:
    """What went wrong, if it did. Raises what is no fault of the stack's."""
    try:
        code = _destroy(stack)
    except (InUseError, SandboxDownError):
        raise
    except StackError as error:
        return str(error)
    return str(code) if code else ""


def _destroy(stack: Stack) -> int:
    """Run `destroy` and wait for it. Ctrl-C is the engine's: it gets it from the terminal, as this process does."""
    with subprocess.Popen(stack.prepare("destroy"), cwd=stack.project, env=stack.environ) as running:
        signal.signal(signal.SIGTERM, lambda *_: running.send_signal(signal.SIGINT))
        interrupted = False
        while True:
            try:
                code = running.wait()
            except KeyboardInterrupt:
                interrupted = True
                continue
            if interrupted:
                raise KeyboardInterrupt
            return code


def _has_resources(checkpoint: Path) -> bool:
    return knows_something(json.loads(checkpoint.read_text(encoding="utf-8"))["checkpoint"].get("latest"))


def knows_something(deployment: Mapping[str, Any] | None) -> bool:
    """Whether the state speaks of anything that may exist."""
    return any((deployment or {}).get(member) for member in ("resources", "pending_operations"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
