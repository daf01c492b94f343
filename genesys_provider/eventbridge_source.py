"""`EventBridgeSource`: how Genesys Cloud really sends its events to AWS, an integration `amazon-eventbridge-source`.

It makes a partner event source in an AWS account. `POST /api/v2/integrations` makes an integration without anything but
a name; `PUT …/config/current` says what it does, and has the version that was read; `PATCH` enables it, which the
platform does in the background.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult

from . import log, session, topics
from .attribute import Attribute
from .errors import Forbidden, GenesysError, NotFound, OwnershipError, VersionConflict, boundary
from .lifecycle import (
    Entity,
    EntityProvider,
    EntityResource,
    Field,
    Props,
    as_set,
    default_name,
    flag_problem,
    is_known,
    mark,
    owner_of,
    text_problem,
)
from .redaction import redact

if TYPE_CHECKING:
    from .client import Client

TYPE = "amazon-eventbridge-source"
SUFFIX = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Whether an integration is ACTIVE before or only after AWS has a bus for its source is not known, and the bus waits for
# this resource: so it is not waited for any longer. `EventBridgeActivation` waits for the rest.
ACTIVATING_SECONDS = 5.0
APPEARING_SECONDS = 10.0  # until what was made can be found
DELETING_SECONDS = 30.0


@dataclass(kw_only=True)
class EventBridgeSourceArgs:
    """What an event source is made of."""

    aws_account_id: pulumi.Input[str]
    """The AWS account that gets the events: 12 digits. Another one makes another source."""
    aws_region: pulumi.Input[str]
    """The AWS region, such as `eu-central-1`. Another one makes another source."""
    topics: pulumi.Input[Sequence[pulumi.Input[str]]]
    """At least one template, such as `v2.detail.events.conversation.{id}.acd.end`. Their order means nothing."""
    suffix: pulumi.Input[str] | None = None
    """The end of the source's name: 1 to 64 letters, digits, dots, hyphens and underscores. Another one makes another
    source. Default: `<project>-<stack>-<logical name>`, with hyphens for other characters."""
    name: pulumi.Input[str] | None = None
    """1 to 128 characters. Default: `<project>-<stack>-<logical name>`."""
    notes: pulumi.Input[str] | None = None
    """Free text; the mark by which this stack knows its own is put behind it. 1000 characters with the mark."""
    enabled: pulumi.Input[bool] = True
    """Whether events are delivered."""
    adopt: pulumi.Input[str] | None = None
    """The id of an existing integration to take over instead of making one. Only looked at on creation."""


def account_problem(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch(r"[0-9]{12}", value)
    return None if good else "must be the 12 digits of an AWS account, as a text"


def region_problem(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", value)
    return None if good else "must be an AWS region, such as eu-central-1"


def suffix_problem(value: Any) -> str | None:
    if isinstance(value, str) and SUFFIX.fullmatch(value):
        return None
    return f"is {value!r}; write 1 to 64 letters, digits, dots, hyphens and underscores"


def topics_problem(value: Any) -> str | None:
    if not isinstance(value, list) or not value or not all(isinstance(topic, str) for topic in value):
        return f"must be a list of at least one topic, such as {topics.DETAIL}.acd.start"
    return next((f"has {topic!r}, which {problem}" for topic in value if (problem := topics.problem(topic))), None)


class EventBridgeSourceProvider(EntityProvider):
    kind = "integration"
    path = "/api/v2/integrations"
    mark_in = "notes"
    query: ClassVar[Mapping[str, str]] = {"integrationType": TYPE, "expand": "config.current"}
    fields = (
        Field("name", problem=text_problem(1, 128)),
        Field("notes", default="", problem=text_problem(0, 1000)),
        Field("awsAccountId", problem=account_problem, replaces=True),
        Field("awsRegion", problem=region_problem, replaces=True),
        Field("suffix", problem=suffix_problem, replaces=True),
        Field("topics", compare=as_set, problem=topics_problem),
        Field("enabled", default=True, problem=flag_problem),
        Field("failed", default=False),
        Field("eventSourceName"),
    )
    computed = ("reportedState", "unsettled")

    @boundary
    def check(self, olds: Props, news: Props) -> CheckResult:
        """Knows the source's name already: in a preview, the bus of that name would else seem to be replaced."""
        suffix = news.get("suffix")
        known = source_name(suffix) if isinstance(suffix, str) else suffix
        result = super().check(olds, {**news, "eventSourceName": known})
        if not result.failures and is_known(news["topics"]):
            warn_of_unknown({*news["topics"]} - {*(olds.get("topics") or [])}, str(news["name"]))
        return result

    def from_entity(self, entity: Mapping[str, Any]) -> Props:
        config = config_of(entity)
        properties = config.get("properties") or {}
        suffix = properties.get("eventSourceSuffix")
        return super().from_entity(
            {
                "name": entity.get("name"),
                "notes": config.get("notes"),
                "awsAccountId": properties.get("awsAccountId"),
                "awsRegion": properties.get("awsAccountRegion"),
                "suffix": suffix,
                "topics": properties.get("eventFilter"),
                "enabled": is_enabled(entity),
                "failed": is_enabled(entity) and reported(entity) == "ERROR",
                "eventSourceName": suffix and source_name(suffix),
            }
        )

    def computed_from(self, entity: Mapping[str, Any]) -> dict[str, str]:
        return {"reportedState": reported(entity), "unsettled": unsettled(entity)}

    def fetch(self, id_: str) -> Entity:
        entity = session.client().get(self._at(id_), expand="config.current")
        if (kind := type_of(entity)) != TYPE:
            raise GenesysError(f"integration {id_} is of type {kind}, not {TYPE}")
        if is_deleted(entity):
            raise NotFound(f"GET {self._at(id_)}: it was deleted, and is still shown")
        return entity

    def find(self, props: Props) -> Entity | None:
        """Ours, by its mark or, as a new one has no place for a mark, by its name and all that it lacks.

        Names are not unique, but sources are.
        """
        entities = [
            entity
            for entity in session.client().entities(self.path, **self.query)
            if type_of(entity) == TYPE and not is_deleted(entity)
        ]
        found = self._ours(entities, props)
        for entity in entities:
            has = self.from_entity(entity)
            if entity is not found and (has["suffix"], has["awsRegion"]) == (props["suffix"], props["awsRegion"]):
                raise self._taken(entity, "suffix", props)
        unused = [entity for entity in entities if entity.get("name") == props["name"] and is_unused(entity)]
        ids = ", ".join(str(entity["id"]) for entity in unused)
        if found and unused:
            log.warn(
                f"besides integration {found['id']}, others of the name {props['name']!r} were made and never"
                f" configured ({ids}): delete those that nobody needs"
            )
        if not found and len(unused) > 1:
            raise OwnershipError(
                f"{len(unused)} integrations {props['name']!r} were made and never configured ({ids}), so it can't be"
                " told which is this one: delete those that nobody needs, or set `adopt` to one"
            )
        return found or (unused[0] if unused else None)

    def make(self, props: Props) -> Entity:
        entity = self.find(props)
        if entity and self._owner_of(entity):
            if fixed := self._fixed(entity, props):
                raise OwnershipError(
                    f"{fixed}: it bears the mark {mark(props['owner'])}, and is in no state; write the same, or delete"
                    " it by hand (Admin, Integrations), then `up` again"
                )
            return self._take(entity, props)
        if entity:
            log.info(f"took over integration {entity['id']}, which was made by this name and never configured")
        else:
            refuse_unavailable(props["topics"])
            entity = self._post(props)
        return self._bring_up_to_date(entity, props)

    def _post(self, props: Props) -> Entity:
        """A new one, as it is once it can be found."""
        body = {"name": props["name"], "integrationType": {"id": TYPE}}
        made = session.client().post(self.path, body, look=lambda: appearing(lambda: self.find(props)))
        id_ = str(made["id"])
        if entity := appearing(lambda: none_if_not_found(lambda: self.fetch(id_))):
            return entity
        raise GenesysError(
            f"integration {id_} was made, and can't be found {APPEARING_SECONDS:.0f} s later: `up` again"
        )

    def write(self, id_: str, props: Props, found: Entity) -> Entity:
        entity = found
        if set(props["topics"]) - set(self.from_entity(entity)["topics"] or []):
            refuse_unavailable(props["topics"])
        entity = self._configure(entity, props)
        changes = {}
        if entity.get("name") != props["name"]:
            changes["name"] = props["name"]
        wanted = "ENABLED" if props["enabled"] else "DISABLED"
        again = props["enabled"] and reported(entity) == "ERROR"  # which leads out of it
        if again or entity.get("intendedState") != wanted:
            changes["intendedState"] = wanted
        if changes:
            session.client().patch(self._at(id_), changes)
        return self._settled(id_, props, entity.get("reportedState"))

    def remove(self, id_: str) -> None:
        client, at = session.client(), self._at(id_)
        client.delete(at)
        left = client.poll(
            lambda: none_if_not_found(lambda: client.get(at)),
            lambda left: left is None,
            DELETING_SECONDS,
            lambda _: f"integration {id_} is deleted, and still there",
        )
        if left and not is_deleted(left):
            raise GenesysError(
                f"integration {id_} is still there {DELETING_SECONDS:.0f} s after its deletion: try again"
            )

    def enable(self, id_: str) -> Entity:
        return session.client().patch(self._at(id_), {"intendedState": "ENABLED"})

    def _configure(self, entity: Entity, props: Props) -> Entity:
        """Write the configuration with the version that it has, and leave in it what is not ours. As it was before."""
        id_ = str(entity["id"])

        def once() -> Entity:
            nonlocal entity
            if fixed := self._fixed(entity, props):
                raise OwnershipError(f"{fixed}: somebody changed it: `make refresh`, then `up` again")
            current = config_of(entity)
            wanted = self._configured(current, props)
            if wanted == current:
                return entity
            try:
                session.client().put(f"{self._at(id_)}/config/current", wanted)
            except VersionConflict as error:
                before, entity = self._owner_of(entity), self.fetch(id_)
                if (now := self._owner_of(entity)) not in (None, before, props["owner"]):
                    raise OwnershipError(f"integration {id_} was taken by {now} meanwhile: `up` again") from None
                error.repeatable = True  # now that the version is known
                raise
            return entity

        return session.client().repeat(once, only=VersionConflict)  # what else may pass, `put` has tried again itself

    def _configured(self, current: Mapping[str, Any], props: Props) -> dict[str, Any]:
        has = current.get("properties") or {}
        same_topics = as_set(has.get("eventFilter")) == as_set(props["topics"])
        return {
            **current,
            "name": props["name"],
            "notes": props["notes"],
            "properties": {
                **has,
                "awsAccountId": props["awsAccountId"],
                "awsAccountRegion": props["awsRegion"],
                "eventSourceSuffix": props["suffix"],
                "eventFilter": has["eventFilter"] if same_topics else list(dict.fromkeys(props["topics"])),
            },
        }

    def _settled(self, id_: str, props: Props, before: object) -> Entity:
        """The integration when the platform has done what it was told to. An ERROR of `before` may still be shown.

        An ERROR ends nothing here: it may be for want of the bus, which waits for this. Whether it is, nobody says.
        """
        wanted, meanwhile = ("ACTIVE", "ACTIVATING") if props["enabled"] else ("INACTIVE", "DEACTIVATING")
        limit = session.connection().timeout_seconds

        def wait(seconds: float) -> Entity:
            return session.client().poll(
                lambda: self.fetch(id_),
                lambda entity: (
                    reported(entity) == wanted
                    or (reported(entity) == "ERROR" and entity.get("reportedState") != before)
                ),
                seconds,
                lambda entity: f"integration {props['name']} is {reported(entity)}, not {wanted} yet",
            )

        entity = wait(min(ACTIVATING_SECONDS, limit))
        if reported(entity) not in (wanted, meanwhile, "ERROR"):
            entity = wait(limit - ACTIVATING_SECONDS)
        state = reported(entity)
        if state == "ERROR" and props["enabled"]:
            going_on = "going on, as that may be for want of a bus in AWS"
            log.warn(f"integration {props['name']} is in state ERROR: {words(entity)}; {going_on}")
        elif state == meanwhile:
            log.info(f"integration {props['name']} is still {state}: going on without waiting for {wanted}")
        elif state not in (wanted, "ERROR"):
            raise GenesysError(f"integration {id_} is {state} after {limit:.0f} s, not {wanted}: try again")
        return entity


def config_of(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    return (entity.get("config") or {}).get("current") or {}


def reported(entity: Mapping[str, Any]) -> str:
    return (entity.get("reportedState") or {}).get("code") or ""


def words(entity: Mapping[str, Any]) -> str:
    """What the platform says of an error."""
    detail = (entity.get("reportedState") or {}).get("detail") or {}
    return str(detail.get("message") or detail.get("messageWithParams") or "it does not say why").rstrip(".")


def unsettled(entity: Mapping[str, Any]) -> str:
    """What is told of one that is enabled and not ACTIVE, and since when: each time that it comes to it is another."""
    state = reported(entity)
    if not is_enabled(entity) or state == "ACTIVE":
        return ""
    since = f"{state} since {entity['reportedState'].get('lastUpdated')}" if state else "nothing"
    return redact(f"{since}: {words(entity)}" if state == "ERROR" else since)


def in_error(entity: Mapping[str, Any]) -> GenesysError:
    return GenesysError(
        f"integration {entity['id']} is in state ERROR: {words(entity)}; correct that and `up` again; where it stays"
        " so, delete the integration by hand (Admin, Integrations), `make refresh` and `up` again"
    )


def type_of(entity: Mapping[str, Any]) -> str:
    return (entity.get("integrationType") or {}).get("id") or ""


def is_enabled(entity: Mapping[str, Any]) -> bool:
    """Whether the platform was told to deliver."""
    return entity.get("intendedState") == "ENABLED"


def is_deleted(entity: Mapping[str, Any]) -> bool:
    """Whether it is shown though it was deleted."""
    return entity.get("intendedState") == "DELETED"


def is_unused(entity: Mapping[str, Any]) -> bool:
    """Whether it was made, and nothing else done with it."""
    config = config_of(entity)
    unmarked = owner_of(config.get("notes") or "") is None
    return (
        unmarked
        and not config.get("properties")
        and config.get("version") == 1
        and (entity.get("intendedState") == "DISABLED")
    )


def appearing(look: Callable[[], Entity | None]) -> Entity | None:
    """What is found, at once or a little later."""
    return session.client().poll(
        look, lambda found: found is not None, APPEARING_SECONDS, lambda _: "the new integration is looked for"
    )


def none_if_not_found(call: Callable[[], Entity]) -> Entity | None:
    try:
        return call()
    except NotFound:
        return None


def source_name(suffix: str) -> str:
    return f"aws.partner/genesys.com/cloud/{session.connection().org_id}/{suffix}"


def warn_of_unknown(wanted: Iterable[str], name: str) -> None:
    """Tell in a preview, which asks nothing: the organisation may have more topics than are known here."""
    for problem in topics.unknown(sorted(wanted)):
        log.warn(f"integration {name}: topics: {problem} (`up` asks the organisation, and refuses what it lacks)")


def refuse_unavailable(wanted: Sequence[str]) -> None:
    """Ask the organisation which topics it has; one that may not be asked decides on its own."""
    try:
        available = available_topics(session.client())
    except (NotFound, Forbidden):
        return
    if problems := topics.unavailable(wanted, available):
        raise GenesysError(f"topics: {'; '.join(problems)}")


@functools.lru_cache(maxsize=1)
def available_topics(client: "Client") -> list[Entity]:
    """Asked for once in a process, which has one client."""
    return client.get("/api/v2/notifications/availabletopics", expand="transports").get("entities") or []


class EventBridgeSource(EntityResource, module="genesys", name="EventBridgeSource"):
    """An event source of Genesys Cloud in AWS: an integration of type `amazon-eventbridge-source`."""

    name = Attribute[str]("name")
    """The name."""
    notes = Attribute[str]("notes")
    """The notes, with the mark behind them by which this stack knows its own."""
    aws_account_id = Attribute[str]("awsAccountId")
    """The AWS account that gets the events."""
    aws_region = Attribute[str]("awsRegion")
    """The AWS region."""
    suffix = Attribute[str]("suffix")
    """The end of the source's name."""
    topics = Attribute[Sequence[str]]("topics")
    """Which events are delivered."""
    enabled = Attribute[bool]("enabled")
    """Whether events are delivered."""
    failed = Attribute[bool]("failed")
    """Whether it was enabled and in state ERROR at the last `refresh`: drift, which the next `up` mends."""
    event_source_name = Attribute[str]("eventSourceName")
    """What AWS calls the source, and its bus: `aws.partner/genesys.com/cloud/<organisation's id>/<suffix>`."""
    reported_state = Attribute[str]("reportedState")
    """How the platform says that the integration is doing, as of the last `up` or `refresh`: `ACTIVE`, say."""
    unsettled = Attribute[str]("unsettled")
    """Of one that was enabled and not ACTIVE then: its state, since when, and the platform's words. Else empty."""

    def __init__(self, name: str, args: EventBridgeSourceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {
            "name": args.name,
            "notes": args.notes,
            "awsAccountId": args.aws_account_id,
            "awsRegion": args.aws_region,
            "suffix": default_suffix(name) if args.suffix is None else args.suffix,
            "topics": args.topics,
            "enabled": args.enabled,
            "adopt": args.adopt,
            "failed": None,
            "eventSourceName": None,
        }
        super().__init__(EventBridgeSourceProvider(), name, props, opts)


def default_suffix(name: str) -> str:
    """The default name, with hyphens for what no suffix may have."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", default_name(pulumi.get_project(), pulumi.get_stack(), name))
