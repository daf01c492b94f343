"""A Pulumi project of Genesys resources alone: the real engine and provider process, on an emulator of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.genesys.settings import Settings
from sandbox.genesys.testing import serve
from sandbox.processes import Process, command_line, find, send
from tests.support.partner_api import PartnerApi, partner_api
from tests.support.provider import ENVIRON, ORG, Emulator
from tests.support.waiting import PATIENCE, until
from tools.stack import Stack

Object = dict[str, Any]

HEAD = """\
import pulumi
from genesys_provider import *

def webhook(name="hook", /, opts=None, **args):
    args = {"destination_url": "https://example.com/in", "signing_key": pulumi.Output.secret("a signing key"), **args}
    return Webhook(name, WebhookArgs(**args), opts)

def subscription(name="queues", /, webhook_id="", opts=None, **args):
    args = {"webhook_id": webhook_id, "event_types": ["routing.queueEvent"], **args}
    return Subscription(name, SubscriptionArgs(**args), opts)

def event_source(name="source", /, topics=("acd.start",), opts=None, **args):
    topics = ["v2.detail.events.conversation.{id}." + topic for topic in topics]
    args = {"aws_account_id": "123456789012", "aws_region": "eu-central-1", "topics": topics, **args}
    return EventBridgeSource(name, EventBridgeSourceArgs(**args), opts)

"""


@dataclass
class Project:
    """Stack local of project `it`. Its program is what a test writes."""

    folder: Path
    emulator: Emulator
    stack: Stack
    aws: PartnerApi
    """What the emulator takes for AWS: it makes partner event sources there."""
    output: list[str] = field(default_factory=list)
    """Everything that pulumi printed so far."""

    def program(self, text: str) -> None:
        """`webhook(…)`, `subscription(…)` and `event_source(…)` make one of all but the given arguments' defaults."""
        (self.folder / "__main__.py").write_text(HEAD + text)

    def pulumi(self, command: str, *arguments: str, fails: bool = False) -> str:
        """What `make <command>` does, without its preview; all that was said."""
        if command in ("up", "refresh", "destroy"):
            arguments = ("--skip-preview", *arguments)
        code, text = self.stack.run(command, *arguments)
        self.output.append(text)
        assert (code != 0) == fails, f"pulumi {command} ended with {code}:\n{text}"
        return text

    def urn(self, name: str) -> str:
        [urn] = [each["urn"] for each in self.resources() if each["urn"].endswith(f"::{name}")]
        return str(urn)

    def resources(self) -> list[Object]:
        """Those in the state, but for the stack and default providers."""
        found: list[Object] = self.stack.export()["deployment"].get("resources", [])
        return [each for each in found if not each["type"].startswith("pulumi:")]

    def killed_up(self, method: str, path: str) -> None:
        """`up`, in which the engine is killed when the platform has done that request and not answered it."""
        self.emulator.fault(method, path, when="after", hold=True, drop=True)
        with self.running("up") as run:
            until(self.emulator.held, f"{method} {path} is sent")
            run.kill("the engine")
            until(run.gone, "its plugins have ended")
        self.emulator.door("DELETE", "faults")

    @contextmanager
    def running(self, command: str, *arguments: str) -> Iterator["Run"]:
        """The same, while it runs; what is left of it at the end is killed."""
        line = self.stack.prepare(command, "--skip-preview", *arguments)
        log = self.folder / "run.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                line,
                cwd=self.folder,
                env=self.stack.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        run = Run(process, log, str(self.folder))
        try:
            yield run
        finally:
            if process.poll() is None:
                process.kill()
            send(run.plugins(), signal.SIGKILL)
            process.wait()
            self.output.append(run.text)


@dataclass
class Run:
    """A command of the engine that is under way."""

    engine: "subprocess.Popen[bytes]"
    log: Path
    folder: str

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    def ended(self) -> int:
        """Its exit code, once there is one. A provider process that is stopped does not keep it."""
        return self.engine.wait(PATIENCE)

    def plugins(self) -> list[Process]:
        """Those of the command that still live: their folder is the project's."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                mine = entry.name.isdecimal() and str((entry / "cwd").readlink()) == self.folder
            except OSError:  # it has ended, or is somebody else's
                continue
            if mine and int(entry.name) != self.engine.pid and (process := find(int(entry.name))):
                found.append(process)
        return found

    def pid(self, what: str) -> int:
        """Of "the provider", which is the process with the dynamic resources, or "the engine"."""
        if what == "the engine":
            return self.engine.pid
        [provider] = [plugin for plugin in self.plugins() if "tools.dynamic_provider" in command_line(plugin)]
        return provider.pid

    def kill(self, what: str) -> None:
        """SIGKILL to one of both, and wait until the engine has ended."""
        os.kill(self.pid(what), signal.SIGKILL)
        self.ended()

    def gone(self) -> bool:
        """Whether nothing of the command is left."""
        return self.engine.poll() is not None and not self.plugins()


@contextmanager
def project(
    folder: Path, environ: Mapping[str, str] | None = None, config: Mapping[str, object] | None = None
) -> Iterator[Project]:
    """In `folder`, with an emulator that has nothing in it."""
    folder = folder.resolve()
    with partner_api() as aws, serve(Settings(aws_url=aws.url)) as served:
        emulator = Emulator.of(served)
        (folder / "Pulumi.yaml").write_text("name: it\nruntime: python\n")
        settings = {"loginUrl": served.url, "apiUrl": served.url, "orgId": ORG, **(config or {})}
        document = {"config": {f"genesys:{key}": value for key, value in settings.items()}}
        (folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(document))
        port = served.url.rsplit(":", 1)[1]
        ports = {"SANDBOX_AWS_PORT": port, "SANDBOX_GENESYS_PORT": port}  # the program has no AWS, and nobody asks
        stack = Stack(
            "local", project=folder, directory=folder / ".sandbox", environ={**ENVIRON, **ports, **(environ or {})}
        )
        try:
            yield Project(folder, emulator, stack, aws)
        finally:
            emulator.http.close()
