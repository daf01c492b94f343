"""The one life cycle under every Genesys resource: check, diff, create, read, update, delete, adopt.

A resource's file says what its fields are and how they travel; everything that happens to it happens here.
Provider instances carry no attributes: they are pickled, by reference to their class, into every state.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

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

from . import session
from .errors import Conflict, GenesysError, NotFound, OwnershipError, RequestError, boundary, one_line_errors

Props = dict[str, Any]  # a resource's properties as Pulumi hands them over: JSON values, or Unknown in a preview

PROVIDER_KEY = "__provider"  # Pulumi keeps the pickled provider among the properties
CREATE_ATTEMPTS = 3


def same(value: Any) -> Any:
    return value


def fine(value: Any) -> str | None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource.

    `default`: what it is when the user leaves it out.
    `compare`: brings a value into the form in which two are compared, so that what the server reorders or respells is
    no difference.
    `problem`: what is wrong with a value, worded to stand behind the field's name, or None.
    `secret`: the value must not be shown, as Pulumi shows it beside a failed check.
    `write_only`: the server never tells it.
    """

    name: str
    default: Any = None
    compare: Callable[[Any], Any] = same
    problem: Callable[[Any], str | None] = fine
    secret: bool = False
    write_only: bool = False


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

    # What a resource's file may say differently: how its fields lie in the API's JSON.

    def to_body(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """The request body for these properties."""
        return {field.name: props[field.name] for field in self.fields}

    def from_entity(self, entity: Mapping[str, Any]) -> Props:
        """The properties that an object of the API has, without the write-only ones."""
        return {field.name: entity.get(field.name) for field in self.fields if not field.write_only}

    # Pulumi's calls.

    @boundary
    def check(self, _olds: Props, news: Props) -> CheckResult:
        inputs = {**news, **{field.name: field.default for field in self.fields if news.get(field.name) is None}}
        failures = []
        for field in self.fields:
            value = inputs[field.name]
            if pulumi.output.contains_unknowns(value):
                continue
            if problem := field.problem(value):
                if field.secret:
                    raise GenesysError(f"{self.kind} {news.get('owner')}: {field.name} {problem}")
                failures.append(CheckFailure(field.name, problem))
        return CheckResult(inputs, failures)

    @boundary
    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        refuse_other_org(self.kind, _id, olds)
        moved = olds.get(PROVIDER_KEY) != news.get(PROVIDER_KEY)  # rewrites the state; without it, destroy would fail
        return DiffResult(changes=moved or bool(self._changed(olds, news)), replaces=[])

    @boundary
    def create(self, props: Props) -> CreateResult:
        entity = self._adopt(props["adopt"], props) if props.get("adopt") else self._create(props)
        return CreateResult(str(entity["id"]), self._outputs(props, entity))

    @boundary
    def read(self, id_: str, props: Props) -> ReadResult:
        refuse_other_org(self.kind, id_, props)
        try:
            entity = session.client().get(f"{self.path}/{id_}")
        except NotFound:
            return ReadResult(None, {})  # how Pulumi is told that it is gone
        live = self._live(props, entity)
        inputs = {key: value for key, value in {**props, **live}.items() if key not in ("org", *self.computed)}
        return ReadResult(id_, self._outputs(inputs, entity), inputs)

    @boundary
    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        refuse_other_org(self.kind, _id, olds)
        if not self._changed(olds, news):
            return UpdateResult({**news, **{key: olds.get(key) for key in ("org", *self.computed)}})
        session.confirm_org()
        return UpdateResult(self._outputs(news, self._put(_id, news)))

    @boundary
    def delete(self, _id: str, props: Props) -> None:
        refuse_other_org(self.kind, _id, props)
        session.confirm_org()
        try:
            session.client().delete(f"{self.path}/{_id}")
        except NotFound:
            return

    # How they are done.

    def _changed(self, olds: Props, news: Props) -> list[str]:
        return [field.name for field in self.fields if differs(field, olds.get(field.name), news.get(field.name))]

    def _live(self, props: Props, entity: Mapping[str, Any]) -> Props:
        """The properties as they are on the server, spelt as in the state where they mean the same."""
        live = self.from_entity(entity)
        known = {field.name: field for field in self.fields}
        return {
            name: props.get(name) if not differs(known[name], props.get(name), value) else value
            for name, value in live.items()
        }

    def _outputs(self, props: Mapping[str, Any], entity: Mapping[str, Any]) -> Props:
        """Every input again, what only the server knows, and where the object lives."""
        connection = session.connection()
        return {
            **props,
            **{key: entity.get(key) for key in self.computed},
            "org": {"id": connection.org_id, "host": connection.host},
        }

    def _put(self, id_: str, props: Props) -> dict[str, Any]:
        try:
            return session.client().put(f"{self.path}/{id_}", self.to_body(props))
        except NotFound as error:
            raise GenesysError(
                f"{error}: the {self.kind} is gone, deleted by somebody else; `make refresh` notes it, and the next"
                " `up` makes it anew"
            ) from None

    def _adopt(self, id_: str, props: Props) -> dict[str, Any]:
        """Take over the object that the user named, and bring it to the wanted state."""
        try:
            session.client().get(f"{self.path}/{id_}")
        except NotFound:
            raise GenesysError(
                f"adopt: there is no {self.kind} {id_} in this organisation; remove `adopt` to make one"
            ) from None
        session.confirm_org()
        return self._put(id_, props)

    def _create(self, props: Props) -> dict[str, Any]:
        """Make exactly one object, although an answer may be lost: before posting again, look whether it is there."""
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            try:
                return session.client().post(self.path, self.to_body(props))
            except RequestError as error:
                if not error.committed:
                    raise
                if (ours := self._find(props)) is not None:
                    return self._put(str(ours["id"]), props)
                if isinstance(error, Conflict) or attempt == CREATE_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _find(self, props: Props) -> dict[str, Any] | None:
        """The object of this name if it bears our mark, None if there is none; another's is refused."""
        for entity in session.client().entities(self.path):
            if entity.get("name") == props["name"]:
                if mark(props["owner"]) in str(entity.get("description", "")):
                    return entity
                raise OwnershipError(
                    f"there is a {self.kind} {props['name']!r} already ({entity['id']}), which this stack did not make:"
                    f" give yours another name, or take that one over with `adopt: {entity['id']}`"
                )
        return None


def differs(field: Field, old: Any, new: Any) -> bool:
    """Whether a field's value changes. An unknown one does: what it will be shows when it is there."""
    if pulumi.output.contains_unknowns(new):
        return True
    old, new = (field.default if value is None else value for value in (old, new))
    return bool(field.compare(old) != field.compare(new))


def refuse_other_org(kind: str, id_: str, props: Mapping[str, Any]) -> None:
    """An object is known by its id in one organisation: in another, that id means nothing, or something else.

    The organisation's id decides. A sandbox on this machine and the platform are never the same, whatever their ids.
    """
    org, connection = props.get("org"), session.connection()
    if not org:
        return
    here = {"id": connection.org_id, "host": connection.host}
    if org["id"] != here["id"] or (org["host"] == "loopback") != (here["host"] == "loopback"):
        raise OwnershipError(
            f"{kind} {id_} lives in organisation {org['id']} ({org['host']}), but GENESYS_ORG_ID and genesys:region say"
            f" {here['id']} ({here['host']}): nothing was read or changed; use a stack of its own for each organisation"
        )


# The mark by which an object is known to be ours. The provider process knows neither stack nor resource name, so the
# Resource's __init__ builds it and hands it over as an input.


def owner(name: str) -> str:
    """Who owns the resource of this logical name: project, stack and name. Only in a Pulumi program."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"


def mark(owner: str) -> str:
    """How the owner is written at the end of an object's description."""
    return f"[pulumi:{owner}]"


def marked(description: pulumi.Input[str] | None, owner: str) -> pulumi.Input[str]:
    """The description with the mark behind it."""
    if description is None:
        return mark(owner)
    return pulumi.Output.from_input(description).apply(lambda text: f"{text} {mark(owner)}".strip())


class EntityResource(pulumi.dynamic.Resource):
    """A resource with that life cycle: what is the same in all of them."""

    def __init__(
        self,
        provider: EntityProvider,
        name: str,
        props: dict[str, Any],
        opts: pulumi.ResourceOptions | None,
        secret: Iterable[str] = (),
    ) -> None:
        own = owner(name)
        props = {
            **props,
            "name": props["name"] or default_name(name),
            "description": marked(props["description"], own),
            "owner": own,
            "org": None,
            **dict.fromkeys(provider.computed),
        }
        fixed = pulumi.ResourceOptions(
            delete_before_replace=True,  # at most one live object may bear the mark
            additional_secret_outputs=list(secret),
        )
        super().__init__(provider, name, props, pulumi.ResourceOptions.merge(opts, fixed))


def default_name(name: str) -> str:
    """`<project>-<stack>-<logical name>`, without a random suffix: an object whose answer was lost is found by it."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"


def output(resource: pulumi.Resource, name: str) -> pulumi.Output[Any]:
    """The output of that name; the property that calls this says its type."""
    value: pulumi.Output[Any] = pulumi.get(resource, name)
    return value


# Rules that several fields share.


def text_problem(least: int, most: int) -> Callable[[Any], str | None]:
    def problem(value: Any) -> str | None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            length = f", not {len(value)}" if isinstance(value, str) else ""
            return f"must be a text of {least} to {most} characters{length}"
        return None

    return problem


def flag_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"
