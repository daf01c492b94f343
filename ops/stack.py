"""What a deployed stack is: what it exports, its checked settings, and the ways to both clouds.

Both come from `pulumi stack output` and `pulumi config`, run in the project with the caller's environment. A secret is
asked for only where one that is needed lies in config, by its own name, and travels through a pipe: never in an
argument or an output.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import settings as program
from genesys_provider.client import Client
from genesys_provider.connection import Connection, resolve
from genesys_provider.errors import ConfigError
from genesys_provider.redaction import hide, redact

from .aws import Aws, AwsError
from .errors import StackError

ROOT = Path(__file__).parents[1]
PULUMI_SECONDS = 60.0
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for an output that it does not know: all of them, after a `destroy` of nothing."""
BUS_ARN = re.compile(r"arn:[\w-]+:events:[\w-]+:\d{12}:event-bus/.+")
NEEDED = {
    "partner": ("integrationId", "eventSourceName"),
    "webhook": ("destinationArn", "destinationUrl", "webhookId"),
}
"""Outputs that each deployed stack has, by `delivery`."""


class RuleOutput(TypedDict):
    """A rule whose target gets the events of Genesys Cloud."""

    rule: str
    target: str
    deadLetters: str


class Outputs(TypedDict, total=False):
    """What the program exports, as far as it is used here: the last ones are those of a receiver of its own."""

    delivery: str
    busArn: str
    eventSource: str
    archiveName: str
    rules: dict[str, RuleOutput]
    alarms: list[str]
    integrationId: str
    eventSourceName: str
    webhookId: str
    subscriptionIds: dict[str, str]
    destinationArn: str
    destinationUrl: str
    connectionName: str
    functionName: str
    parkingQueueUrl: str
    signingSecretArn: str
    heartbeatSecretArn: str
    heartbeatRule: str
    heartbeatReceivedRule: str


@dataclass(frozen=True)
class Stack:
    name: str
    outputs: Outputs
    settings: program.Settings
    aws: Aws
    genesys: Client

    @property
    def bus_arn(self) -> str:
        return self.outputs["busArn"]

    @property
    def bus_name(self) -> str:
        """As rules name it: in `partner`, it is the event source's."""
        return self.bus_arn.partition(":event-bus/")[2]

    @property
    def account(self) -> str:
        return self.bus_arn.split(":")[4]

    @property
    def partner(self) -> bool:
        return self.outputs.get("delivery") == "partner"

    @property
    def source(self) -> str:
        """Of Genesys Cloud's events on the bus."""
        return self.outputs.get("eventSource") or self.outputs.get("eventSourceName") or self.settings.source


def read(name: str, config_file: str | None = None, environ: Mapping[str, str] | None = None) -> Stack:
    """The stack of that name. Raises StackError, one line; asks AWS whose credentials these are, and nothing else."""
    environ = os.environ if environ is None else environ
    pulumi = Pulumi(name, config_file, environ)
    outputs, config = pulumi.outputs_and_config()
    refuse_undeployed(name, outputs)
    try:
        settings = program.load(config, environ, pulumi.project, name)
        connection = connection_of(config, environ)
    except ConfigError as error:
        raise StackError(redact(str(error))) from None
    aws = Aws(config)
    refuse_other_region(aws, outputs)
    refuse_other_account(aws, config, outputs)
    return Stack(name, outputs, settings, aws, Client(connection))


def refuse_undeployed(name: str, outputs: Mapping[str, object]) -> None:
    told = {key: value for key, value in outputs.items() if value != UNKNOWN}
    if not BUS_ARN.fullmatch(str(told.get("busArn"))):
        raise StackError(f"stack {name} is not deployed: make up STACK={name}")
    needed = NEEDED.get(str(told.get("delivery")), ("delivery",))
    if missing := [each for each in needed if not told.get(each)]:
        raise StackError(f"stack {name} is deployed in part only, without {', '.join(missing)}: make up STACK={name}")


def connection_of(config: Mapping[str, str], environ: Mapping[str, str]) -> Connection:
    return resolve(lambda key: config.get(f"genesys:{key}"), environ)


def refuse_other_region(aws: Aws, outputs: Outputs) -> None:
    """Before anything is looked for where it can't be, and told to be gone."""
    there = outputs["busArn"].split(":")[3]
    if not aws.region:
        raise StackError(
            f"aws:region is missing in the stack's file; the stack is deployed in {there}: aws:region: {there}"
        )
    if aws.region != there:
        raise StackError(
            f"aws:region is {aws.region}, but the stack is deployed in {there}: correct it in the stack's file, or"
            " AWS_REGION"
        )


def refuse_other_account(aws: Aws, config: Mapping[str, str], outputs: Outputs) -> None:
    """Before anything is asked or made there: these credentials are of the account that has the bus, and is allowed."""
    try:
        account = aws.account()
    except AwsError as error:
        raise StackError(str(error)) from None
    allowed = json.loads(config.get("aws:allowedAccountIds") or "[]")
    forbidden = json.loads(config.get("aws:forbiddenAccountIds") or "[]")
    owner = outputs["busArn"].split(":")[4]
    if (allowed and account not in allowed) or account in forbidden:
        raise StackError(
            f"these AWS credentials are of account {account}, which aws:allowedAccountIds"
            f" ({', '.join(allowed) or 'without it'}) does not let in: set AWS_PROFILE for the stack's account"
        )
    if account != owner:
        raise StackError(
            f"these AWS credentials are of account {account}, but the stack is deployed in {owner}: set AWS_PROFILE for"
            " that one"
        )


class Pulumi:
    """The engine's commands that only read."""

    def __init__(self, stack: str, config_file: str | None, environ: Mapping[str, str]) -> None:
        found = shutil.which("pulumi", path=environ.get("PATH"))
        if not found:
            raise StackError(
                "there is no `pulumi` on PATH: install it, or where `make` built one, call this by `make`, or put"
                " tools/bin first on PATH"
            )
        self._path, self._stack, self._environ = found, stack, dict(environ)
        self._file = ["--config-file", config_file] if config_file else []

    @property
    def project(self) -> str:
        found = re.search(r"^name:\s*([^\s#]+)", (ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), re.MULTILINE)
        return found[1] if found else ""

    def outputs_and_config(self) -> tuple[Outputs, dict[str, str]]:
        """Both at once: each takes a quarter of a second, or more where the state is far away."""
        output = self._start("stack", "output", "--json")
        config = self._start("config", "--json", *self._file)
        outputs: Outputs = json.loads(self._answer(output) or "{}")
        return outputs, self._plain(json.loads(self._answer(config) or "{}"))

    def _plain(self, entries: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Full key to text, with those secrets that are read here, and that the environment does not have."""
        config = {key: str(entry["value"]) for key, entry in entries.items() if "value" in entry}
        for key, entry in entries.items():
            if "value" not in entry and self._is_needed(key):
                config[key] = self._answer(self._start("config", "get", key, *self._file)).removesuffix("\n")
                hide(config[key])
        return config

    def _is_needed(self, key: str) -> bool:
        namespace, _, name = key.rpartition(":")
        if key == "genesys:clientSecret":
            return not self._environ.get("GENESYS_CLIENT_SECRET", "").strip()
        return namespace in ("genesys", self.project, "aws") and bool(name)

    def _start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self._path, *arguments, "--stack", self._stack],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _answer(self, command: "subprocess.Popen[str]") -> str:
        try:
            answer, said = command.communicate(timeout=PULUMI_SECONDS)
        except subprocess.TimeoutExpired:
            command.kill()
            command.communicate()
            raise StackError(
                f"`pulumi` did not answer within {PULUMI_SECONDS:.0f} s: is the backend of the states there?"
            ) from None
        if command.returncode:
            raise StackError(reason(said, self._stack, called(self._path)))
        return answer


def called(path: str) -> str:
    """How the user calls that engine: where `make` built it, it is on nobody's PATH but ours."""
    built = ROOT / "tools/bin/pulumi"
    return os.path.relpath(built) if Path(path) == built else "pulumi"


def reason(said: str, stack: str, pulumi: str = "pulumi") -> str:
    """What the engine said went wrong, as one line with what to do. `pulumi`: how it is called."""
    text = redact("; ".join(line.strip() for line in said.splitlines() if line.strip())).removeprefix("error: ")
    if "no stack named" in text:
        right = f"is it spelt right (`{pulumi} stack ls`), and deployed (`make up STACK={stack}`)?"
        return f"there is no stack {stack}: {right}"
    if "PULUMI_ACCESS_TOKEN" in text:
        return (
            f"not logged in to where states are kept: {pulumi} login (for example {pulumi} login s3://a-bucket), or set"
            " PULUMI_ACCESS_TOKEN for Pulumi Cloud"
        )
    if "passphrase" in text:
        return f"the stack's secrets can't be read ({text}): set PULUMI_CONFIG_PASSPHRASE, or …_FILE"
    return text or "`pulumi` failed, and did not say why"
