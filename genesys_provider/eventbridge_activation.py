"""`EventBridgeActivation`: waits until an event source's integration is ACTIVE, once AWS has the source's bus.

Whether an integration becomes ACTIVE before or only after there is a bus, or fails without one, is not known; and the
bus waits for the `EventBridgeSource`, which therefore can't wait for it. This comes after the bus, and looks again.
What is in state ERROR it enables once more. It owns nothing and deletes nothing.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult

from . import log, session
from .attribute import Attribute
from .errors import GenesysError, NotFound, boundary
from .eventbridge_source import EventBridgeSourceProvider, in_error, is_enabled, reported, words
from .lifecycle import PROVIDER_KEY, Entity, Props, Provider, flag_problem, here, is_known

INTEGRATION = EventBridgeSourceProvider()
WANTED = "ACTIVE"


@dataclass(kw_only=True)
class EventBridgeActivationArgs:
    """What is waited for. After what, `ResourceOptions(depends_on=[bus])` says."""

    integration_id: pulumi.Input[str]
    """The `id` of an `EventBridgeSource`."""
    enabled: pulumi.Input[bool] = True
    """Whether there is anything to wait for: the `enabled` of that one."""
    unsettled: pulumi.Input[str | None] = None
    """The `unsettled` of that one: another text makes this look again. Without it, its changes are not waited for."""


class EventBridgeActivationProvider(Provider):
    @boundary
    def check(self, _olds: Props, news: Props) -> CheckResult:
        """What a refresh may find otherwise is among the inputs, so that a preview names it."""
        enabled, id_ = news.get("enabled"), news.get("integrationId")
        wanted = {**news, **({"reportedState": WANTED} if enabled is True else {})}
        problems = {
            "integrationId": None
            if not is_known(id_) or (isinstance(id_, str) and id_)
            else "must be the id of an integration",
            "enabled": flag_problem(enabled) if is_known(enabled) else None,
            "unsettled": unsettled_problem(news.get("unsettled")),
        }
        return CheckResult(wanted, [CheckFailure("", f"{key} {text}") for key, text in problems.items() if text])

    @boundary
    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        INTEGRATION.refuse_other_org(id_, olds)
        keys = ("integrationId", "enabled", "reportedState", PROVIDER_KEY)
        new_id = news.get("integrationId")
        return DiffResult(
            changes=is_unsettled(olds, news)
            or any(not is_known(news.get(key)) or olds.get(key) != news.get(key) for key in keys),
            replaces=["integrationId"] if is_known(new_id) and olds.get("integrationId") != new_id else [],
        )

    @boundary
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["integrationId"], outputs(props, activate(props)))

    @boundary
    def read(self, id_: str, props: Props) -> ReadResult:
        INTEGRATION.refuse_other_org(id_, props)
        found = {**props}
        if props["enabled"]:
            try:
                found["reportedState"] = reported(INTEGRATION.fetch(id_))
            except NotFound:
                INTEGRATION.confirm_api()
                return ReadResult(None, {})
        return ReadResult(id_, found, {key: value for key, value in found.items() if key != "org"})

    @boundary
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        INTEGRATION.refuse_other_org(id_, olds)
        waits = is_unsettled(olds, news) or any(olds.get(key) != news.get(key) for key in ("enabled", "reportedState"))
        return UpdateResult(outputs(news, activate(news) if waits else news.get("reportedState")))

    @boundary
    def delete(self, _id: str, _props: Props) -> None:
        """It is the `EventBridgeSource` that disables and deletes."""


def unsettled_problem(value: Any) -> str | None:
    good = value is None or not is_known(value) or isinstance(value, str)
    return None if good else "must be the `unsettled` of an EventBridgeSource"


def is_unsettled(olds: Props, news: Props) -> bool:
    """Whether the integration has left ACTIVE again since it was waited for here.

    A preview in which it is changed doesn't know: it shows nothing then, as this changes nothing.
    """
    text = news.get("unsettled")
    return isinstance(text, str) and text not in ("", olds.get("unsettled"))


def outputs(props: Props, state: str | None) -> Props:
    return {**props, "reportedState": state, "org": here()}


def activate(props: Props) -> str | None:
    """ACTIVE, when the integration is; nothing of one that is disabled on purpose."""
    if not props["enabled"]:
        return None
    id_ = props["integrationId"]
    entity = settled(id_)
    if reported(entity) == "ERROR" and is_enabled(entity):
        session.confirm_org()
        again = "it has its bus now: enabling it again"
        log.info(f"integration {id_} is in state ERROR: {words(entity)}; {again}")
        INTEGRATION.existing(lambda: INTEGRATION.enable(id_))
        entity = settled(id_, before=entity.get("reportedState"))
    if not is_enabled(entity):
        raise GenesysError(f"integration {id_} is disabled: somebody did that: `make refresh`, then `up` again")
    state = reported(entity)
    if state == "ERROR":
        raise in_error(entity)
    if state != WANTED:
        limit = session.connection().timeout_seconds
        raise GenesysError(
            f"integration {id_} has its bus, and is {state} after {limit:.0f} s, not {WANTED}: `up` again waits on"
            " (genesys:timeoutSeconds says how long)"
        )
    return state


def settled(id_: str, before: object = None) -> Entity:
    """The integration when it is ACTIVE, or won't be. An ERROR of `before` may still be shown."""

    def look() -> Entity:
        return INTEGRATION.existing(lambda: INTEGRATION.fetch(id_))

    def is_done(entity: Entity) -> bool:
        failed = reported(entity) == "ERROR" and entity.get("reportedState") != before
        return reported(entity) == WANTED or failed or not is_enabled(entity)

    return session.client().poll(
        look,
        is_done,
        session.connection().timeout_seconds,
        lambda entity: f"integration {entity.get('name')} has its bus, and is {reported(entity)}, not {WANTED} yet",
    )


class EventBridgeActivation(pulumi.dynamic.Resource, module="genesys", name="EventBridgeActivation"):
    """An event source's integration, waited for until it is ACTIVE."""

    integration_id = Attribute[str]("integrationId")
    """Which one is waited for."""
    enabled = Attribute[bool]("enabled")
    """Whether it is."""
    reported_state = Attribute[str | None]("reportedState")
    """`ACTIVE`, as of the last `up`; what else it is, as of the last `refresh`. None of one that is disabled."""

    def __init__(self, name: str, args: EventBridgeActivationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props: dict[str, Any] = {
            "integrationId": args.integration_id,
            "enabled": args.enabled,
            "unsettled": args.unsettled,
            "reportedState": None,
            "org": None,
        }
        super().__init__(EventBridgeActivationProvider(), name, props, opts)
