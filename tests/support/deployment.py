"""A stack on a sandbox of its own: free ports, its own state, and everything ended and removed afterwards."""

import base64
import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import yaml

from sandbox.launcher import Sandbox, free_port
from tests.support.canaries import Place, files
from tests.support.graph import PROJECT, ROOT
from tests.support.waiting import until
from tools.stack import Stack

T = TypeVar("T")
SECONDS = 30.0


@dataclass
class Deployment:
    """A sandbox and a stack on it. Everything a test does to either goes through here."""

    sandbox: Sandbox
    stack: Stack
    directory: Path
    client_secret: str
    output: list[str] = field(default_factory=list)
    """Everything that pulumi printed so far."""
    first_calls: list[tuple[str, str]] = field(default_factory=list)
    """The calls of the first `up`."""

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run `pulumi <arguments>` on the stack; what it printed, stdout and stderr together."""
        code, text = self.stack.run(*arguments)
        self.output.append(text)
        assert (code != 0) == fails, f"pulumi {' '.join(arguments)} ended with {code}:\n{text}"
        return text

    def configured(self, key: str, default: Any = None) -> Any:
        return yaml.safe_load(self.stack.config_file.read_text())["config"].get(f"{PROJECT}:{key}", default)

    def configure(self, key: str, value: object) -> None:
        """Set a project key in this deployment's own copy of the stack's file."""
        document = yaml.safe_load(self.stack.config_file.read_text())
        document["config"][f"{PROJECT}:{key}"] = value
        self.stack.config_file.write_text(yaml.safe_dump(document, sort_keys=False))

    @contextmanager
    def changed(self, changes: dict[str, Any]) -> Iterator[None]:
        """Other values for whole keys (None takes one away) while it lasts."""
        before = self.stack.config_file.read_text()
        document = yaml.safe_load(before)
        merged = {**document["config"], **changes}
        document["config"] = {key: value for key, value in merged.items() if value is not None}
        self.stack.config_file.write_text(yaml.safe_dump(document, sort_keys=False))
        try:
            yield
        finally:
            self.stack.config_file.write_text(before)

    # Genesys Cloud

    def genesys(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """A call to the emulator: its test door without a token, its API with one of its own making."""
        return call(method, self.sandbox.genesys_url + path, body, token)

    def token(self) -> str:
        basic = base64.b64encode(f"sandbox-client:{self.client_secret}".encode()).decode()
        request = urllib.request.Request(
            f"{self.sandbox.genesys_url}/oauth/token",
            data=b"grant_type=client_credentials",
            headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            token: str = json.load(response)["access_token"]
        return token

    def entities(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.genesys("GET", f"/api/v2/events/{kind}?pageSize=100", token=self.token())[
            "entities"
        ]
        return found

    def change(self, kind: str, id_: str, **fields: Any) -> None:
        """What somebody does by hand: GET, then PUT with other values."""
        token, path = self.token(), f"/api/v2/events/{kind}/{id_}"
        entity = self.genesys("GET", path, token=token)
        server = ("id", "selfUri", "dateCreated", "dateModified", "lastDeliveryStatus")
        self.genesys("PUT", path, {key: v for key, v in {**entity, **fields}.items() if key not in server}, token)

    def calls(self) -> list[tuple[str, str]]:
        """Method and path of every call to Genesys Cloud's API since the last `forget_calls`."""
        return [(each["method"], each["path"]) for each in self.genesys("GET", "/_sandbox/calls")]

    def forget_calls(self) -> None:
        self.genesys("DELETE", "/_sandbox/calls")

    def emit(self, body: object) -> dict[str, Any]:
        """Let an event happen; the event and its deliveries, once these are final."""
        answer: dict[str, Any] = self.genesys("POST", "/_sandbox/emit?wait=1", body)
        return answer

    def attempts(self, delivery: str, count: int) -> list[dict[str, Any]]:
        """The delivery's first attempts, once there are so many."""

        def found() -> list[dict[str, Any]] | None:
            attempts: list[dict[str, Any]] = self.genesys("GET", f"/_sandbox/deliveries/{delivery}")["attempts"]
            return attempts if len(attempts) >= count else None

        attempts: list[dict[str, Any]] = until(found, f"{count} attempts of a delivery", SECONDS)
        return attempts

    # AWS

    def aws(self, method: str, path: str, body: object = None) -> Any:
        """The AWS emulator's test door."""
        return call(method, f"{self.sandbox.aws_url}/_sandbox/aws/{path}", body)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.sandbox.aws_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def receive(self, queue_url: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event in the queue that is wanted, as the text of its message says; others are dropped."""
        sqs = self.client("sqs")
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                event: dict[str, Any] = json.loads(message["Body"])
                if wanted(event):
                    return event
        raise AssertionError(f"no such event in {queue_url} within {SECONDS:.0f} s")

    def lying(self, queue: str) -> int:
        """How many messages are in the queue of that name, visible or not."""
        sqs = self.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in found.values())

    # Secrets

    def places(self) -> Iterator[Place]:
        """Everything that was printed, and every file that was left."""
        yield from ((f"output {number}", text.encode()) for number, text in enumerate(self.output))
        yield from files(self.directory)


@contextmanager
def deployment(
    directory: Path, client_secret: str | None = None, profile: str = "seed", stack: str = "local"
) -> Iterator[Deployment]:
    """A running sandbox and one of its stacks, not deployed yet, both in `directory`.

    With `client_secret` the emulator wants that one, and the stack gets it from its environment.
    """
    environ = {**os.environ, "SANDBOX_GENESYS_PROFILE": profile}
    environ |= {"SANDBOX_CLIENT_SECRET": client_secret} if client_secret else {}
    clouds = Sandbox(directory, free_port(), free_port(), owner=os.getpid(), environ=environ)
    with clouds:
        ports = {"SANDBOX_AWS_PORT": str(clouds.ports["aws"]), "SANDBOX_GENESYS_PORT": str(clouds.ports["genesys"])}
        secret = {"GENESYS_CLIENT_SECRET": client_secret} if client_secret else {}
        on_it = Stack(stack, project=ROOT, directory=directory, environ={**ports, **secret})
        yield Deployment(clouds, on_it, directory, client_secret or "sandbox-secret")


def call(method: str, url: str, body: object = None, token: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=60) as response:
        text = response.read()
    return json.loads(text) if text else None
