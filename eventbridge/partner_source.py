"""`PartnerSource`: waits until the partner's event source is there, which the partner makes when it likes to.

A dynamic resource, as pulumi_aws looks once and fails. It makes and deletes nothing: the source is the partner's.
"""

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

import pulumi
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

LIMIT_SECONDS = 300.0
POLL_SECONDS = 1.0
TOLD_EVERY_SECONDS = 10.0

Props = dict[str, Any]


@dataclass(kw_only=True)
class PartnerSourceArgs:
    name: pulumi.Input[str]
    """The event source's name, `aws.partner/…`."""
    region: pulumi.Input[str]
    """The AWS region in which it appears."""


class PartnerSourceError(Exception):
    """One line: what is wrong with the source, and what to do."""

    __module__ = "builtins"  # Pulumi prints the class before the text


class PartnerSourceProvider(ResourceProvider):
    """Carries no attributes: it is pickled, by reference to its class, into every state."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        sys.tracebacklimit = 0  # errors are one line
        Aws.config = {key: req.config.get(f"aws:{key}") for key in ("profile", "endpoints")}

    def check(self, _olds: Props, news: Props) -> CheckResult:
        return CheckResult(news, [])

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        changed = [key for key in ("name", "region") if olds.get(key) != news.get(key)]
        known = [key for key in changed if not pulumi.output.contains_unknowns(news.get(key))]
        moved = olds.get("__provider") != news.get("__provider")  # rewrites the state; without it, destroy would fail
        return DiffResult(changes=bool(changed) or moved, replaces=known)

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["name"], {**props, **wait(props["name"], props["region"])})

    def read(self, id_: str, props: Props) -> ReadResult:
        found = describe(props["name"], props["region"])
        if found is None:
            return ReadResult(None, {})
        return ReadResult(id_, {**props, **found}, {key: props[key] for key in ("name", "region", "__provider")})

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        return UpdateResult({**olds, **news})

    def delete(self, _id: str, _props: Props) -> None:
        """The partner deletes it."""


class Events(Protocol):
    """What is used of boto3's client."""

    def describe_event_source(self, *, Name: str) -> dict[str, Any]: ...


class Aws:
    """What the program's AWS provider is configured with, as far as it matters here."""

    config: ClassVar[dict[str, Any]] = {}

    @classmethod
    def client(cls, region: str) -> Events:
        import boto3  # here: only a process that waits needs it

        endpoints = json.loads(cls.config.get("endpoints") or "[]")
        url = next((each["events"] for each in endpoints if "events" in each), None)
        session = boto3.Session(profile_name=cls.config.get("profile") or None, region_name=region)
        client: Events = session.client("events", endpoint_url=url)
        return client


def describe(name: str, region: str) -> Props | None:
    """Arn, state and expiry of the source, or None. Raises PartnerSourceError when AWS can't be asked."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = Aws.client(region).describe_event_source(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        text = f"DescribeEventSource {name}: {error.response['Error']['Code']}: {error.response['Error']['Message']}"
    except BotoCoreError as error:
        text = f"DescribeEventSource {name}: {error}"
    else:
        expires = found.get("ExpirationTime")
        return {
            "arn": found["Arn"],
            "state": found["State"],
            "expires": expires.astimezone(UTC).isoformat() if isinstance(expires, datetime) else "",
        }
    raise PartnerSourceError(" ".join(text.split()))


def wait(name: str, region: str) -> Props:
    """The source, as soon as it is PENDING or ACTIVE."""
    began = told = time.monotonic()
    while True:
        found = describe(name, region)
        if found and found["state"] in ("PENDING", "ACTIVE"):
            return found
        if found and found["state"] == "DELETED":
            raise PartnerSourceError(
                f"{name} is DELETED: Genesys Cloud took it back while a bus of that name was left; delete that bus in"
                f" {region} by hand, then `up` again"
            )
        now = time.monotonic()
        if now - began > LIMIT_SECONDS:
            raise PartnerSourceError(
                f"{name} did not appear in {region} within {LIMIT_SECONDS:.0f} s: is the integration ACTIVE in Genesys"
                " Cloud (Admin, Integrations), with this account and region? Then `up` again"
            )
        if now - told > TOLD_EVERY_SECONDS:
            told = now
            pulumi.log.info(f"{name}: not there yet in {region}, waiting ({now - began:.0f} s)")
        time.sleep(POLL_SECONDS)


class PartnerSource(pulumi.dynamic.Resource, module="eventbridge", name="PartnerSource"):
    """A partner's event source in this account, waited for."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: PartnerSourceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {"name": args.name, "region": args.region, "arn": None, "state": None, "expires": None}
        super().__init__(PartnerSourceProvider(), name, props, opts)
        self.source_name: pulumi.Output[str] = pulumi.get(self, "name")
