"""Starts both clouds, waits for them, looks at them, ends them: `Sandbox`."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from . import processes
from .door import HOST, NoAnswer, ask, health
from .lifetime import OWNER
from .processes import Process

ROOT = Path(__file__).resolve().parent.parent
AWS_PORT, GENESYS_PORT = 4566, 4580
START_SECONDS = 30.0
STOP_SECONDS = 10.0
BUSY_SECONDS = 5.0  # a server at work may answer late; it is not started anew for that

Service = Literal["genesys", "aws"]
SERVICES: tuple[Service, ...] = ("genesys", "aws")
TITLES: dict[Service, str] = {"genesys": "Genesys Cloud", "aws": "AWS"}
PORT_VARIABLES: dict[Service, str] = {"genesys": "SANDBOX_GENESYS_PORT", "aws": "SANDBOX_AWS_PORT"}

# What the servers and the functions in them get to see of the environment. Nothing of Genesys, Pulumi, the user's AWS
# profile or proxies: the sandbox must behave alike everywhere, and must not be able to reach a real account.
PASSED = ("PATH", "HOME", "LANG")
PASSED_PREFIXES = ("SANDBOX_", "PYTHON")


class SandboxError(Exception):
    """What stands in the way, and what to do, in one line."""


@dataclass(frozen=True)
class Server:
    """What the pid file of a server says."""

    pid: int
    started: int
    port: int
    instance: str
    mark: str
    """The instance it was started as, which its environment, and its children's, still show after a reset."""

    @property
    def process(self) -> Process:
        return Process(self.pid, self.started)


@dataclass(frozen=True)
class Status:
    """How one cloud is doing. `memory` is in bytes, with its workers."""

    service: Service
    url: str
    running: bool
    pid: int = 0
    workers: int = 0
    instance: str = ""
    memory: int = 0


class Sandbox:
    """Both clouds, listening on two ports of 127.0.0.1, with their logs and pid files in `directory`.

    As a context manager it starts them and ends them. With `owner`, a pid, they end with that process, whatever
    happens to it. Methods raise SandboxError.
    """

    def __init__(
        self,
        directory: Path,
        aws_port: int = AWS_PORT,
        genesys_port: int = GENESYS_PORT,
        *,
        owner: int | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.directory = directory.absolute()
        self.ports: dict[Service, int] = {"genesys": genesys_port, "aws": aws_port}
        self._owner = owner
        self._environ = environ
        self._children: list[subprocess.Popen[bytes]] = []

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The sandbox that SANDBOX_DIR, SANDBOX_AWS_PORT, SANDBOX_GENESYS_PORT and SANDBOX_OWNER_PID speak of."""
        owner = environ.get(OWNER)
        return cls(
            Path(environ.get("SANDBOX_DIR") or ROOT / ".sandbox"),
            port_from(environ, "aws", AWS_PORT),
            port_from(environ, "genesys", GENESYS_PORT),
            owner=int(owner) if owner else None,
            environ=environ,
        )

    @property
    def genesys_url(self) -> str:
        return self.url("genesys")

    @property
    def aws_url(self) -> str:
        return self.url("aws")

    def url(self, service: Service) -> str:
        return f"http://{HOST}:{self.ports[service]}"

    def log(self, service: Service) -> Path:
        return self.directory / f"{service}.log"

    def start(self, cancelled: Callable[[], bool] = lambda: False) -> bool:
        """Start both and wait until they are ready; False when they already were.

        `cancelled` is asked while waiting; when it says so, or anything goes wrong, nothing is left running.
        """
        with self._locked(cancelled):
            servers = self._servers()
            moved = [server for service, server in servers.items() if server.port != self.ports[service]]
            if moved:
                raise SandboxError(
                    f"the sandbox of {self.directory} already runs, on port {moved[0].port}: stop it first, with the"
                    " environment it was started in (python -m sandbox down)"
                )
            if len(servers) == len(SERVICES) and processes.wait_until(self._all_ready, BUSY_SECONDS):
                return False
            self._stop()  # one without the other is of no use
            for service in SERVICES:
                self._check_port(service)
            try:
                self._start_anew(cancelled)
            except BaseException:
                self._stop()
                raise
            return True

    def stop(self) -> bool:
        """End both with all their workers and remove what they left; False when nothing ran."""
        if not self.directory.is_dir():
            return False
        with self._locked():
            stopped = self._stop()
            for service in SERVICES:
                self.log(service).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.directory.rmdir()  # unless there is something in it that is not ours, a state say
            return stopped

    def reset(self) -> str | None:
        """Make both clouds forget everything, as if started anew; the new instance, or None when they do not run.

        What Pulumi knows of them is removed too: the state of stack local.
        """
        shutil.rmtree(self.directory / "state", ignore_errors=True)
        if not self.directory.is_dir():
            return None
        with self._locked():
            servers = self._servers()
            if len(servers) != len(SERVICES):
                return None
            instance = str(uuid.uuid4())
            for service, server in servers.items():
                with contextlib.suppress(NoAnswer):
                    ask(server.port, "POST", "/_sandbox/reset", {"instance": instance})
                changed = replace(server, instance=instance)
                if not is_ready(changed):
                    raise SandboxError(
                        f"{TITLES[service]} did not take the reset: start it anew (python -m sandbox down, then up)"
                    )
                self._write(service, changed)
            return instance

    def status(self) -> list[Status]:
        """How each of the two is doing."""
        servers = self._servers()
        found = []
        for service in SERVICES:
            server = servers.get(service)
            if server is None:
                found.append(Status(service, self.url(service), running=False))
                continue
            members = processes.family(server.process)  # itself too
            found.append(
                Status(
                    service,
                    f"http://{HOST}:{server.port}",
                    running=is_ready(server),
                    pid=server.pid,
                    workers=max(0, len(members) - 1),
                    instance=server.instance,
                    memory=processes.memory(members),
                )
            )
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start_anew(self, cancelled: Callable[[], bool]) -> None:
        instance = str(uuid.uuid4())
        temporary = self.directory / "tmp"
        temporary.mkdir(mode=0o700, exist_ok=True)
        environment = {
            name: value
            for name, value in self._environ.items()
            if (name in PASSED or name.startswith(PASSED_PREFIXES)) and name != OWNER
        }
        environment |= {
            "SANDBOX_DIR": str(self.directory),
            "SANDBOX_AWS_PORT": str(self.ports["aws"]),
            "SANDBOX_GENESYS_PORT": str(self.ports["genesys"]),
            "SANDBOX_INSTANCE": instance,
            "TMPDIR": str(temporary),
        }
        if self._owner is not None:
            environment[OWNER] = str(self._owner)
        environments = {"genesys": {**environment, "SANDBOX_AWS_URL": self.aws_url}, "aws": environment}
        children = {service: self._spawn(service, environments[service], instance) for service in SERVICES}

        def ready() -> bool:
            if cancelled():
                raise KeyboardInterrupt
            for service, child in children.items():
                if child.poll() is not None:
                    raise SandboxError(f"{TITLES[service]} ended while starting ({self._last_words(service)})")
            return self._all_ready()

        if not processes.wait_until(ready, START_SECONDS):
            late = [service for service, server in self._servers().items() if not is_ready(server)]
            raise SandboxError(
                f"{' and '.join(TITLES[service] for service in late)} not ready after {START_SECONDS:.0f} s: look into"
                f" the logs in {self.directory}"
            )

    def _spawn(self, service: Service, environment: Mapping[str, str], instance: str) -> subprocess.Popen[bytes]:
        descriptor = os.open(self.log(service), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", f"sandbox.{service}"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is not meant for it, and its workers can be told by the session
            )
        finally:
            os.close(descriptor)
        self._children.append(child)
        process = processes.find(child.pid)
        started = process.started if process else 0
        self._write(service, Server(child.pid, started, self.ports[service], instance, mark=instance))
        return child

    def _stop(self) -> bool:
        recorded = {service: server for service in SERVICES if (server := self._read(service)) is not None}
        leaders = {server.process for service, server in recorded.items() if self._is_ours(service, server)}
        members: set[Process] = set()
        for leader in leaders:
            members |= processes.family(leader)
        for server in recorded.values():  # workers of a server that has died
            members |= {
                process
                for process in processes.left_of_session(server.pid)
                if f"SANDBOX_INSTANCE={server.mark}" in processes.environment(process)
            }
        processes.send(leaders, signal.SIGTERM)
        self._wait_for_end(leaders, STOP_SECONDS)
        for leader in leaders:  # nobody else can have got the number of a session that still has processes
            members |= processes.left_of_session(leader.pid)
        processes.send(members, signal.SIGKILL)
        if not self._wait_for_end(members, STOP_SECONDS):
            pids = ", ".join(str(process.pid) for process in members if processes.alive(process))
            raise SandboxError(f"the sandbox does not end: processes {pids}")
        for service in SERVICES:
            self._pid_file(service).unlink(missing_ok=True)
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)
        return bool(members)

    def _wait_for_end(self, of: set[Process], seconds: float) -> bool:
        def ended() -> bool:
            self._children = [child for child in self._children if child.poll() is None]  # reaps our own
            return not any(processes.alive(process) for process in of)

        return processes.wait_until(ended, seconds)

    def _servers(self) -> dict[Service, Server]:
        """The servers that run, by the pid files."""
        found = ((service, self._read(service)) for service in SERVICES)
        return {service: server for service, server in found if server and self._is_ours(service, server)}

    def _is_ours(self, service: Service, server: Server) -> bool:
        """Whether the pid still is that server's, and not of a process that got the number later."""
        return processes.alive(server.process) and f"sandbox.{service}" in processes.command_line(server.process)

    def _all_ready(self) -> bool:
        servers = self._servers()
        return len(servers) == len(SERVICES) and all(is_ready(server) for server in servers.values())

    def _check_port(self, service: Service) -> None:
        port = self.ports[service]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    what = f"cannot be used ({error.strerror})"
                elif health(port):
                    what = "is taken by another sandbox"
                else:
                    what = "is taken by another program"
                variable = PORT_VARIABLES[service]
                raise SandboxError(f"port {port} of {TITLES[service]} {what}: set {variable} to a free one") from None

    def _last_words(self, service: Service) -> str:
        lines = self.log(service).read_text(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{last.strip()}; more in {self.log(service)}"

    def _pid_file(self, service: Service) -> Path:
        return self.directory / f"{service}.pid"

    def _write(self, service: Service, server: Server) -> None:
        new = self._pid_file(service).with_suffix(".new")
        new.write_text(json.dumps(asdict(server)) + "\n")
        new.replace(self._pid_file(service))

    def _read(self, service: Service) -> Server | None:
        try:
            return Server(**json.loads(self._pid_file(service).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    @contextlib.contextmanager
    def _locked(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Alone with the directory, which is made: two at once would start four servers."""
        while (descriptor := self._try_lock()) is None:
            if cancelled():
                raise KeyboardInterrupt
            time.sleep(processes.TICK_SECONDS)
        try:
            yield
        finally:
            os.close(descriptor)

    def _try_lock(self) -> int | None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(self.directory, os.O_RDONLY)
        except FileNotFoundError:  # a `down` has just removed it
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), self.directory.stat()):  # and not a removed one of its name
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return None


def is_ready(server: Server) -> bool:
    """Whether the one that answers on its port says that it is that server, and ready."""
    answer = health(server.port)
    return answer.get("ready") is True and answer.get("instance") == server.instance


_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that is not given out twice.

    Below those that the system hands out by itself: one of these may be taken before it is used.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            if port not in _given:
                _given.add(port)
                return port


def port_from(environ: Mapping[str, str], service: Service, default: int) -> int:
    text = environ.get(PORT_VARIABLES[service]) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise SandboxError(f"{PORT_VARIABLES[service]} is {text!r}; write a port, for example {default}")
    return int(text)
