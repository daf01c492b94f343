"""The one life cycle under every Genesys resource: check, diff, create, read, update, delete, adopt.

A resource's file says what its fields are and how they travel; everything that happens to it happens here.
Provider instances carry no attributes: they are pickled, by reference to their class, into every state.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from . import log, session
from .errors import GenesysError, NotFound, OwnershipError, boundary, one_line_errors
from .redaction import hide, redact
from .uuids import folded

Entity = dict[str, Any]  # an object of the API
Props = dict[str, Any]  # a resource's properties as Pulumi hands them over: JSON values, or Unknown in a preview

PROVIDER_KEY = "__provider"  # Pulumi keeps the pickled provider among the properties


def same(value: Any) -> Any:
    return value


def fine(value: Any) -> str | None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource.

    `default`: what it is when the user leaves it out.
    `compare`: brings a value into the form in which two are compared, so that an order or a spelling that means nothing
    is no difference.
    `respelt`: the same for what the server tells, which may spell a value in its own way.
    `problem`: what is wrong with a value, worded to stand behind the field's name, or None. It repeats no secret.
    `secret`: encrypted in the state, and hidden from every text.
    `write_only`: the server never tells it.
    `replaces`: it can't be changed in place.
    """

    name: str
    default: Any = None
    compare: Callable[[Any], Any] = same
    respelt: Callable[[Any], Any] = same
    problem: Callable[[Any], str | None] = fine
    secret: bool = False
    write_only: bool = False
    replaces: bool = False


class Provider(ResourceProvider):
    """What every provider here has in common: errors of one line, and a state that is not secret as a whole."""

    serialize_as_secret_always = False

    @boundary
    def configure(self, req: ConfigureRequest) -> None:
        one_line_errors()
        session.configure(req)


class EntityProvider(Provider):
    """The life cycle of an object that the Genesys API keeps at `path`/<id>."""

    kind: ClassVar[str]
    path: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    computed: ClassVar[tuple[str, ...]] = ()
    """Texts that only the server knows; empty while it tells none."""
    mark_in: ClassVar[str] = "description"
    """The field behind whose text the mark stands."""
    query: ClassVar[Mapping[str, str]] = {}
    """With which a listing has each object's mark."""

    # What a resource's file may say differently: how its fields lie in the API's JSON …

    def to_body(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """The request body for these properties."""
        return {field.name: props.get(field.name) for field in self.fields}

    def from_entity(self, entity: Mapping[str, Any]) -> Props:
        """The properties that an object of the API has, without the write-only ones."""
        told = [field for field in self.fields if not field.write_only]
        return {field.name: value_of(field, entity) for field in told}

    def computed_from(self, entity: Mapping[str, Any]) -> dict[str, str]:
        return {key: entity.get(key) or "" for key in self.computed}

    # … and what is done with an object, where that is more than one request.

    def fetch(self, id_: str) -> Entity:
        return session.client().get(self._at(id_))

    def find(self, props: Props) -> Entity | None:
        """Our object; another's of this name is refused."""
        entities = list(session.client().entities(self.path, **self.query))
        if entity := self._ours(self._still_there(entities, props), props):
            return entity
        others = (entity for entity in entities if self._owner_of(entity) != props["owner"])
        if taken := next((entity for entity in others if entity.get("name") == props["name"]), None):
            raise self._taken(taken, "name", props)
        return None

    def make(self, props: Props) -> Entity:
        """A new object with these values, or one that a former run left behind."""
        return self._left_behind(props) or session.client().post(
            self.path, self._body(props), look=lambda: self._take_over(props)
        )

    def write(self, id_: str, props: Props, _found: Entity) -> Entity:
        """Give the object that was found these values."""
        return session.client().put(self._at(id_), self._body(props)) or self.fetch(id_)

    def remove(self, id_: str) -> None:
        session.client().delete(self._at(id_))

    # Pulumi's calls.

    @boundary
    def check(self, olds: Props, news: Props) -> CheckResult:
        inputs = {**news, **{field.name: value_of(field, news) for field in self.fields}}
        problems = [
            f"{field.name} {problem}"
            for field in (*self.fields, ADOPT)
            if is_known(inputs.get(field.name)) and (problem := field.problem(inputs.get(field.name)))
        ]
        if not problems and (problem := self._mark_problem(olds, inputs)):
            problems.append(problem)
        if isinstance(inputs.get("owner"), str):
            session.declare(inputs["owner"])
        # Had a failure a property, Pulumi would print that one's value.
        return CheckResult(inputs, [CheckFailure("", redact(problem)) for problem in problems])

    @boundary
    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        self.refuse_other_org(id_, olds)
        if isinstance(adopt := news.get("adopt"), str) and adopt:
            if folded(adopt) != folded(id_):
                raise GenesysError(f"adopt is {adopt}, but this {self.kind} is {id_} already: remove `adopt`")
            log.warn(
                f"{self.kind} {id_} is adopted: remove `adopt`; as long as it is there, a replacement deletes this"
                f" {self.kind} and makes no other"
            )
        moved = olds.get(PROVIDER_KEY) != news.get(PROVIDER_KEY)  # rewrites the state; without it, destroy would fail
        changed = self._changed(olds, news)
        # What was emptied by hand has no value that could not be changed in place.
        fixed = [field for field in changed if field.replaces and value_of(field, olds) is not None]
        replaces = [field.name for field in fixed if is_known(news.get(field.name))]
        # Not for an owner of the state alone: while it refreshes the engine asks for differences too, with old inputs.
        if not replaces and session.is_declared(news.get("owner")):
            self._claim(id_, news["owner"])
        return DiffResult(changes=moved or bool(changed), replaces=replaces)

    @boundary
    def create(self, props: Props) -> CreateResult:
        self._hide(props)
        session.confirm_org()
        entity = self._adopt(props["adopt"], props) if props.get("adopt") else self.make(props)
        id_ = str(entity["id"])
        self._claim(id_, props["owner"])
        return CreateResult(id_, self._outputs(props, entity))

    @boundary
    def read(self, id_: str, props: Props) -> ReadResult:
        self.refuse_other_org(id_, props)
        self._hide(props)
        try:
            entity = self.fetch(id_)
        except NotFound:
            self.confirm_api()
            return ReadResult(None, {})  # how Pulumi is told that it is gone
        inputs = {**props, **self._live(props, entity)}
        for field in self.fields:
            if field.secret and inputs.get(field.name) != value_of(field, props):
                # Pulumi shows [secret] before and after, and no difference.
                how = "was changed by hand (secret: Pulumi does not show how)"
                log.info(f"{self.kind} {inputs['name']}: {field.name} {how}")
        outputs = self._outputs(inputs, entity)
        for key in ("org", *self.computed):
            inputs.pop(key, None)
        return ReadResult(id_, outputs, inputs)

    @boundary
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        self.refuse_other_org(id_, olds)
        if not self._changed(olds, news):
            return UpdateResult({**news, **{key: olds.get(key) for key in ("org", *self.computed)}})
        self._hide(olds)
        self._hide(news)
        session.confirm_org()
        entity = self.existing(lambda: self.fetch(id_))
        # Of two owners, before and after the stack's renaming: the answer to the update of the mark may have been lost.
        other = self._owner_of(entity)
        if other and other != olds["owner"] and not same_stack(other, news["owner"]):
            raise OwnershipError(
                f"{self.kind} {id_} belongs to {other} now: take the resource out of this program, which leaves it"
                f" alone, or, {self._unless_managed(other)}"
            )
        return UpdateResult(self._outputs(news, self._bring_up_to_date(entity, news)))

    @boundary
    def delete(self, id_: str, props: Props) -> None:
        self.refuse_other_org(id_, props)
        self._hide(props)
        session.confirm_org()
        try:
            other = self._owner_of(self.fetch(id_))
            if (claimant := session.claimant(self._at(id_))) not in (None, props["owner"]):
                log.warn(f"{self.kind} {id_} is left alone: it is {claimant} too, which is in the program")
            elif other and not same_stack(other, props["owner"]):
                log.warn(  # an error would be no better: this could never be destroyed
                    f"{self.kind} {id_} belongs to {other} now: it was left alone, and is in this state no more; where"
                    " nothing manages it there any more, delete it by hand"
                )
            else:  # ours, nobody's, or what an update called it whose answer was lost
                self.remove(id_)
        except NotFound:
            self._warn_of_another(id_, props)  # which fails where it is not gone, but out of reach

    # How they are done.

    def _mark_problem(self, olds: Props, inputs: Props) -> str | None:
        """The mark is a part of a field, and it can be held fast there while the resource is renamed."""
        text, ours = inputs.get(self.mark_in), inputs.get("owner")
        if not isinstance(text, str) or not isinstance(ours, str) or ours in (olds.get("owner"), owner_of(text)):
            return None
        return f"{self.mark_in} ends without the mark {mark(ours)}: take `{self.mark_in}` out of `ignore_changes`"

    def _at(self, id_: str) -> str:
        return f"{self.path}/{quote(id_, safe='')}"

    def _changed(self, olds: Props, news: Props) -> list[Field]:
        return [field for field in self.fields if differs(field, value_of(field, olds), value_of(field, news))]

    def _live(self, props: Props, entity: Mapping[str, Any]) -> Props:
        """The properties as they are on the server, spelt as in the state where they mean the same."""
        live = self.from_entity(entity)
        for field in self.fields:
            known = value_of(field, props)
            if field.name in live and meaning(field, known) == meaning(field, live[field.name]):
                live[field.name] = known
        return live

    def _outputs(self, props: Mapping[str, Any], entity: Mapping[str, Any]) -> Props:
        """Every input again, what only the server knows, and where the object lives."""
        return {**props, **self.computed_from(entity), "org": here()}

    def _body(self, props: Props) -> dict[str, Any]:
        body: dict[str, Any] = with_whole_numbers(self.to_body(props))
        return body

    def _hide(self, props: Props) -> None:
        """What the server is sent or has, headers added by hand too: it may repeat them in what it says."""
        for field in self.fields:
            if field.secret:
                hide(*texts(props.get(field.name)))

    def existing(self, call: Callable[[], Entity]) -> Entity:
        """What the call gives of an object that is in the state."""
        try:
            return call()
        except NotFound as error:
            self.confirm_api()
            raise GenesysError(f"{error}; somebody deleted this {self.kind}: `make refresh`, then `up` again") from None

    def _adopt(self, id_: str, props: Props) -> Entity:
        """Take over the object that the user named, and bring it to the wanted state."""
        try:
            entity = self.fetch(id_)
        except NotFound:
            self.confirm_api()
            raise GenesysError(
                f"adopt: there is no {self.kind} {id_} in this organisation; remove `adopt` to make one"
            ) from None
        if (other := self._owner_of(entity)) and other != props["owner"]:
            raise OwnershipError(f"adopt: {self.kind} {id_} belongs to {other}; {self._unless_managed(other)}")
        if fixed := self._fixed(entity, props):
            raise OwnershipError(f"adopt: {fixed}: write the same, or remove `adopt` to make another one")
        if (ours := self._of_a_former_run(props)) and ours["id"] != entity["id"]:
            raise OwnershipError(
                f"adopt: {self.kind} {ours['id']} bears the mark {mark(props['owner'])} already, so that {id_} would be"
                f" the second: set `adopt` to {ours['id']}, or delete that one"
            )
        return self._bring_up_to_date(entity, props)

    def _fixed(self, entity: Entity, props: Props) -> str | None:
        """What the object has that is not as wanted and can't be made so."""
        has = self.from_entity(entity)
        for name in (field.name for field in self.fields if field.replaces):
            if has[name] not in (None, props[name]):
                what = f"{self.kind} {entity['id']} has {name} {has[name]!r}, not {props[name]!r}"
                return f"{what}, and that can't be changed in place"
        return None

    def _left_behind(self, props: Props) -> Entity | None:
        """What a former run made and could not tell of. Under another name, perhaps: the POST would not meet that."""
        entity = self._of_a_former_run(props)
        return entity and self._take(entity, props)

    def _of_a_former_run(self, props: Props) -> Entity | None:
        """What bears our mark although no state knows it."""
        return self._ours(self._still_there(session.client().listed(self.path, **self.query), props), props)

    def _warn_of_another(self, id_: str, props: Props) -> None:
        """Where the state is an old one, what was made since bears the mark, and no state will know it."""
        listed = session.client().listed(self.path, **self.query)
        for other in self._still_there(listed, props):
            log.warn(
                f"{self.kind} {id_} is gone, but {other['id']} bears its mark {mark(props['owner'])} and is in no"
                f" state: with this {self.kind} in the program, `up` takes it over; else delete it by hand"
            )

    def _still_there(self, listed: Iterable[Entity], props: Props) -> Iterator[Entity]:
        """Ours, as they are now: this process may have deleted one after it was listed."""
        for entity in listed:
            if self._owner_of(entity) == props["owner"]:
                try:
                    yield self.fetch(str(entity["id"]))
                except NotFound:
                    continue

    def _take_over(self, props: Props) -> Entity | None:
        """What was found, brought to the wanted state."""
        entity = self.find(props)
        return entity and self._take(entity, props)

    def _taken(self, entity: Entity, field: str, props: Props) -> OwnershipError:
        """The error for an object that has what must be unique, and is not ours."""
        id_, other = entity["id"], self._owner_of(entity)
        whose = f"belongs to {other}" if other else "no stack made"
        way = f"set `adopt` to {id_}"
        if other:
            alias = f"if that was this resource, give it an alias of {other}, or, "
            way = f"{alias if same_stack(other, props['owner']) else ''}{self._unless_managed(other)} and {way}"
        kind, value = self.kind, props[field]
        named = f"a {kind} {value!r}" if field == "name" else f"an {kind} with {field} {value!r}"
        return OwnershipError(f"there is {named} already ({id_}), which {whose}: choose another `{field}`, or {way}")

    def _ours(self, entities: Iterable[Entity], props: Props) -> Entity | None:
        """The one that bears our mark."""
        ours = [entity for entity in entities if self._owner_of(entity) == props["owner"]]
        if len(ours) > 1:
            ids = ", ".join(str(entity["id"]) for entity in ours)
            raise OwnershipError(
                f"{len(ours)} {self.kind}s bear the mark {mark(props['owner'])}: delete all but one of {ids}"
            )
        return ours[0] if ours else None

    def _take(self, entity: Entity, props: Props) -> Entity:
        log.info(f"took over {self.kind} {entity['id']}, which bears the mark {mark(props['owner'])}")
        return self._bring_up_to_date(entity, props)

    def _bring_up_to_date(self, entity: Entity, props: Props) -> Entity:
        self._claim(str(entity["id"]), props["owner"])
        self._hide(self.from_entity(entity))
        return self.existing(lambda: self.write(str(entity["id"]), props, entity))

    def _owner_of(self, entity: Entity) -> str | None:
        return owner_of(self.from_entity(entity)[self.mark_in])

    def _claim(self, id_: str, owner: str) -> None:
        """Refuse that two resources of the program have one object: the one's deletion would be the other's.

        The engine deletes last what is gone from the program: of two in a state, the one that stays has claimed it by
        then. Not in a `destroy`, in which both go, nor where `--target` names the other alone.
        """
        if (claimant := session.claim(self._at(id_), owner)) != owner:
            raise OwnershipError(
                f"{self.kind} {id_} is {claimant} in this program already, and can't be {owner} too: take one of them"
                " out of the program, which leaves the object alone"
            )

    def _unless_managed(self, other: str) -> str:
        """The way out where an owner is one no more."""
        return f"when nothing manages it there any more, take {mark(other)} out of its {self.mark_in}"

    def confirm_api(self) -> None:
        """Before a 404 is taken for an object that is gone: it is the right organisation, and the host has this API."""
        session.confirm_org()
        session.client().get(self.path, pageSize=1)

    def refuse_other_org(self, id_: str, props: Mapping[str, Any]) -> None:
        """An object is known by its id in one organisation: in another, that id means nothing, or something else."""
        org, here = props.get("org"), session.connection()
        if org and (folded(org["id"]) != here.org_id or here.is_apart_from(org["host"])):
            raise OwnershipError(
                f"{self.kind} {id_} lives in organisation {org['id']} ({org['host']}), but GENESYS_ORG_ID and"
                f" genesys:region say {here.org_id} ({here.host}): nothing was read or changed; use a stack of its own"
                " for each organisation"
            )


def here() -> dict[str, str]:
    """Where objects of this run live: what a state keeps as `org`."""
    connection = session.connection()
    return {"id": connection.org_id, "host": connection.host}


def value_of(field: Field, props: Mapping[str, Any]) -> Any:
    value = props.get(field.name)
    return field.default if value is None else value


def differs(field: Field, old: Any, new: Any) -> bool:
    """Whether a field's value changes. An unknown one does: what it will be shows when it is there."""
    return not is_known(new) or bool(field.compare(old) != field.compare(new))


def is_known(value: Any) -> bool:
    return not pulumi.output.contains_unknowns(value)


def meaning(field: Field, value: Any) -> Any:
    """The value however the user or the server spells it."""
    return field.respelt(field.compare(value))


def with_whole_numbers(value: Any) -> Any:
    """The JSON value with 3 for 3.0: Pulumi hands all numbers over as floats."""
    match value:
        case dict():
            return {key: with_whole_numbers(item) for key, item in value.items()}
        case list():
            return [with_whole_numbers(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


def texts(value: Any) -> Iterator[str]:
    """The texts in a JSON value, without the names of members."""
    match value:
        case str():
            yield value
        case dict():
            yield from texts(list(value.values()))
        case list():
            for item in value:
                yield from texts(item)


# The mark by which an object is known to be ours. The provider process knows neither stack nor resource name, so the
# Resource's __init__ builds it and hands it over as an input.


def owner(name: str, parent: pulumi.Resource | None) -> pulumi.Input[str]:
    """Who owns the resource of this logical name: what its URN says, but for its own type. Only in a Pulumi program."""
    where, name = f"{pulumi.get_project()}/{pulumi.get_stack()}/", in_mark(name)
    if parent is None:
        return where + name
    # As a value only: who depends on a component depends on its children, and this is one.
    urn = pulumi.Output(set(), parent.urn.future(with_unknowns=True), parent.urn.is_known())
    return urn.apply(lambda text: f"{where}{within(str(text))}{name}")


def in_mark(name: str) -> str:
    """The logical name without what would end the mark, or begin another, within it."""
    return re.sub(r"\[(?=pulumi:)|\](?=\s)", lambda found: quote(found[0]), name)


def same_stack(other: str, ours: str) -> bool:
    """Whether another owner, whatever a mark says, is of the same stack of the same project as ours."""
    project, stack, _ = ours.split("/", 2)
    return other.startswith(f"{project}/{stack}/")


def within(urn: str) -> str:
    """What stands before a resource's name whose parent has this URN: the types of its parents, as in its own URN."""
    types = urn.split("::")[2]
    return "" if types == "pulumi:pulumi:Stack" else f"{types}::"


def mark(owner: str) -> str:
    """How the owner is written at the end of an object's description, or of what else is its free text."""
    return f"[pulumi:{owner}]"


def marked(description: pulumi.Input[str] | None, owner: pulumi.Input[str]) -> pulumi.Input[str]:
    """The description with the mark behind it."""
    if description is None and isinstance(owner, str):
        return mark(owner)
    return pulumi.Output.all(description or "", owner).apply(lambda both: f"{both[0] or ''} {mark(both[1])}".strip())


def owner_of(text: str) -> str | None:
    """Who the mark in a text names: the last one, as ours is put behind the user's own."""
    _, begun, rest = text.rpartition("[pulumi:")
    found = re.match(r"(\S.*?)\](?=\s|$)", rest, re.DOTALL) if begun else None
    return found[1] if found else None


class EntityResource(pulumi.dynamic.Resource):
    """A resource with that life cycle: what is the same in all of them."""

    def __init__(
        self, provider: EntityProvider, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None
    ) -> None:
        own, secret = (
            owner(name, opts.parent if opts else None),
            {field.name: field.default for field in provider.fields if field.secret},
        )
        props = {
            **props,
            # A default too: what somebody adds to it by hand would else be read into the state in plain text.
            **{
                key: pulumi.Output.secret(default if props[key] is None else props[key])
                for key, default in secret.items()
            },
            "name": default_name(pulumi.get_project(), pulumi.get_stack(), name)
            if props["name"] is None
            else props["name"],
            provider.mark_in: marked(props[provider.mark_in], own),
            "owner": own,
            "org": None,  # outputs are named too, or there would be no attribute for them
            **dict.fromkeys(provider.computed),
        }
        fixed = pulumi.ResourceOptions(
            delete_before_replace=True,  # at most one live object may bear the mark
            additional_secret_outputs=list(secret),
        )
        super().__init__(provider, name, props, pulumi.ResourceOptions.merge(opts, fixed))


def default_name(project: str, stack: str, name: str) -> str:
    """`<project>-<stack>-<logical name>`, without a random suffix: an object whose answer was lost is found by it."""
    return f"{project}-{stack}-{name}"


# Rules that several fields share.


def as_set(value: Any) -> Any:
    return sorted(set(value)) if isinstance(value, list) else value


def text_problem(least: int, most: int) -> Callable[[Any], str | None]:
    def problem(value: Any) -> str | None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            length = f", not {len(value)}" if isinstance(value, str) else ""
            return f"must be a text of {least} to {most} characters{length}"
        return "must not be blank" if least and not value.strip() else None

    return problem


def whole_problem(least: int, most: float = math.inf) -> Callable[[Any], str | None]:
    wanted = f"write a whole number from {least} " + (f"to {most}" if most < math.inf else "up")

    def problem(value: Any) -> str | None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and float(value).is_integer() and least <= value <= most:
            return None
        return f"is {value:g}; {wanted}" if number else f"is {value!r}; {wanted}"

    return problem


def adopt_problem(value: Any) -> str | None:
    """Wrong is what could be anything but the last segment of a path."""
    good = value is None or (isinstance(value, str) and re.fullmatch(r"[\w-][\w.-]*|", value))
    return None if good else "must be the id of an existing object"


def json_problem(value: Any) -> str | None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return "has something in it that JSON can't say: a number that is infinite or none (nan), or a file"
    return None


def flag_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def text_map_problem(value: Any) -> str | None:
    good = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return None if good else "must be a map of texts by name"


ADOPT = Field("adopt", problem=adopt_problem)
