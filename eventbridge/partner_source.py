"""`PartnerSource`: waits until the partner's event source is there, which the partner makes when it likes to.

A dynamic resource, as pulumi_aws looks once and fails. It makes and deletes nothing: the source is the partner's. A bus
activates its source when it is made. When the source is deactivated later, or taken back and offered anew under the
same bus, all events are dropped until somebody activates it: so this does.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

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

from .access import AccessError, Events
from .access_config import KEYS, parse
from .account import account_id
from .partner_errors import PartnerSourceError, boundary

LIMIT_SECONDS = 300.0
FAILED_SECONDS = 20.0  # for one whose integration has failed: only for want of a bus would it have made it
POLL_SECONDS = 1.0
TOLD_EVERY_SECONDS = 10.0

INPUTS = ("name", "region", "account", "offered_by", "active", "told", "__provider")

Props = dict[str, Any]


@dataclass(kw_only=True)
class PartnerSourceArgs:
    name: pulumi.Input[str]
    """The event source's name, `aws.partner/…`."""
    region: pulumi.Input[str]
    """The AWS region in which it appears."""
    offered_by: pulumi.Input[str]
    """What the partner knows it by, the integration's id: made anew, it offers another source of the same name, which
    nobody has activated."""
    told: pulumi.Input[str | None] = None
    """What Genesys Cloud says of an integration that is not ACTIVE. After an `ERROR …` a source that is not there is
    not waited for for long. Never a difference."""


class PartnerSourceProvider(ResourceProvider):
    """Carries no attributes: it is pickled, by reference to its class, into every state."""

    serialize_as_secret_always = False

    @boundary
    def configure(self, req: ConfigureRequest) -> None:
        sys.tracebacklimit = 0  # errors are one line
        Aws.config = {key: req.config.get(f"aws:{key}") for key in KEYS}

    @boundary
    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Knows in a preview already that config asks for what can't be done here."""
        try:
            parse(Aws.config)
        except AccessError as error:
            raise PartnerSourceError(str(error)) from None
        return CheckResult(news, [])

    @boundary
    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        told = ("name", "region", *(["account"] if olds.get("account") else []))  # states of before have no account
        changed = [key for key in told if olds.get(key) != news.get(key)]
        known = [key for key in changed if not pulumi.output.contains_unknowns(news.get(key))]
        anew = olds.get("offered_by") != news.get("offered_by")  # one update for states of before, which have none
        idle = olds.get("active") != news.get("active")
        moved = olds.get("__provider") != news.get("__provider")  # rewrites the state; without it, destroy would fail
        return DiffResult(changes=bool(changed) or anew or idle or moved, replaces=known)

    @boundary
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["name"], {**props, "arn": make_active(props)})

    @boundary
    def read(self, id_: str, props: Props) -> ReadResult:
        name = props["name"]
        events = ask(props)
        found = describe(events, name)
        if found is None:
            return ReadResult(None, {})
        deleted = found["State"] == "DELETED"
        now = {**props, "active": not deleted and not is_idle(events, found)}
        if deleted:
            pulumi.log.warn(f"{name} is DELETED: Genesys Cloud took it back, and its bus gets nothing from it")
        return ReadResult(id_, {**now, "arn": found["Arn"]}, {key: now[key] for key in INPUTS if key in now})

    @boundary
    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        return UpdateResult({**olds, **news, "arn": make_active(news)})

    @boundary
    def delete(self, _id: str, _props: Props) -> None:
        """The partner deletes it."""


class Aws:
    """What the program's AWS provider is configured with."""

    config: ClassVar[dict[str, Any]] = {}

    @classmethod
    def connect(cls, region: str) -> tuple[str, Events]:
        return parse(cls.config).connect(region)


def ask(props: Props) -> Events:
    """Whom to ask about a source: AWS, as the account that the program's AWS provider works in."""
    account, events = Aws.connect(props["region"])
    if account != props.get("account", account):
        raise PartnerSourceError(
            f"{props['name']}: the AWS provider works in account {props['account']}, and the credentials that boto3"
            f" finds are of {account}: name those to use in the stack's config, by aws:profile say (`refresh` knows"
            " the config of the last run, unless run with --run-program)"
        )
    return events


def make_active(props: Props) -> str:
    """The ARN of the source, as soon as it is there, and active where it has its bus already."""
    name, region = props["name"], props["region"]
    events = ask(props)
    found = wait(events, name, region, props.get("told") or "")
    if is_idle(events, found):
        pulumi.log.info(f"{name} is PENDING and has its bus: activating it")
        events.activate_event_source(Name=name)
    return str(found["Arn"])


def wait(events: Events, name: str, region: str, told_of_it: str) -> Props:
    """The source, as soon as it is PENDING or ACTIVE.

    One that is DELETED is shown as long as there is a bus of its name, and may be offered anew: by an integration that
    was deleted and made again, say.
    """
    failed = told_of_it if told_of_it.startswith("ERROR") else ""
    limit = FAILED_SECONDS if failed else LIMIT_SECONDS
    began = told = time.monotonic()
    while True:
        found = describe(events, name)
        if found and found["State"] != "DELETED":
            refuse_expired(found)
            return found
        now = time.monotonic()
        if now - began > limit:
            raise PartnerSourceError(missing(name, region, limit, failed, deleted=found is not None))
        if now - told > TOLD_EVERY_SECONDS:
            told = now
            what = "DELETED, and not offered anew yet" if found else "not there yet"
            pulumi.log.info(f"{name}: {what} in {region}, waiting ({now - began:.0f} s)")
        time.sleep(POLL_SECONDS)


def missing(name: str, region: str, seconds: float, failed: str, *, deleted: bool) -> str:
    """What to do about a source that does not come."""
    limit = f"{seconds:.0f} s"
    if failed:
        what = "is DELETED, and was not offered anew" if deleted else "did not appear"
        return (
            f"{name} {what} in {region} within {limit}, and its integration is in state {failed}; correct that,"
            " `make refresh` and `up` again; where it stays so, delete the integration by hand (Admin, Integrations)"
            " before these"
        )
    if deleted:
        return (
            f"{name} is DELETED, and was not offered anew in {region} within {limit}: Genesys Cloud took it back while"
            " a bus of that name was left. See that the integration is ACTIVE there (`make refresh` reads its state),"
            f" or delete that bus in {region} by hand, then `up` again"
        )
    return (
        f"{name} did not appear in {region} within {limit}: is the integration ACTIVE in Genesys Cloud (Admin,"
        " Integrations), with this account and region? `make refresh` reads its state, then `up` again"
    )


def refuse_expired(source: Props) -> None:
    """Raise for a source that no bus can be made of."""
    name, expires = source["Name"], source.get("ExpirationTime")
    if source["State"] == "PENDING" and isinstance(expires, datetime) and expires <= datetime.now(UTC):
        raise PartnerSourceError(
            f"{name} is PENDING and expired on {expires.astimezone(UTC):%Y-%m-%d}, as it had no bus for too long:"
            " delete the integration in Genesys Cloud (Admin, Integrations), then `refresh` and `up` again"
        )


def describe(events: Events, name: str) -> Props | None:
    """The source, or None."""
    return none_if_not_found(lambda: events.describe_event_source(Name=name))


def is_idle(events: Events, source: Props) -> bool:
    """Whether it has its bus, and nothing comes from it all the same."""
    pending = source["State"] == "PENDING"
    return pending and none_if_not_found(lambda: events.describe_event_bus(Name=source["Name"])) is not None


def none_if_not_found(call: Callable[[], Props]) -> Props | None:
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


class PartnerSource(pulumi.dynamic.Resource, module="eventbridge", name="PartnerSource"):
    """A partner's event source in this account, waited for."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: PartnerSourceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {
            "name": args.name,
            "region": args.region,
            "account": account_id(),
            "offered_by": args.offered_by,
            "active": True,
            "told": args.told,
            "arn": None,
        }
        super().__init__(PartnerSourceProvider(), name, props, opts)
        self.source_name: pulumi.Output[str] = pulumi.get(self, "name")
