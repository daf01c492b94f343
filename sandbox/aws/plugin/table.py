"""How a type of pulumi-aws is described: its properties under both names, and the calls of AWS that serve it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cloud import Cloud

Props = dict[str, Any]
"""Properties by name, or parameters of a call: their shape is the type's own table, which `check` holds them to."""


class Kind(Enum):
    """What a property's value is; two values are compared by it (`values.same`)."""

    TEXT = auto()
    INT = auto()
    NUMBER = auto()
    BOOL = auto()
    JSON = auto()
    """Text; only the JSON value in it counts."""
    POLICY = auto()
    """The same, and as IAM reads it: one is a list of one, and the order in a list is nothing."""
    LIST = auto()
    """Of texts, in order."""
    MAP = auto()
    """Text to text."""
    BLOCK = auto()
    """An object with properties of its own."""
    BLOCKS = auto()
    """A list of them."""
    ARCHIVE = auto()
    """Compared by the engine's hash of it: what is in it is shown to Check, Create and Update only."""


Rule = Callable[[Any], str | None]
"""What is wrong with a value, or None."""


@dataclass(frozen=True)
class Prop:
    aws: str | None = None
    """Its name in AWS; None: this plugin's own affair, never sent and never read."""
    kind: Kind = Kind.TEXT
    required: bool = False
    replaces: bool = False
    """A change of it makes a new object (Terraform's ForceNew)."""
    computed: bool = False
    """Where the program says nothing, whatever AWS has is right."""
    default: Any = None
    """Where the program says nothing, this is meant."""
    autonamed: bool = False
    """Where the program says nothing, it is `<logical name>-<7 hex digits>`."""
    prefix: str | None = None
    """The property that, when given, begins its value instead."""
    secret: bool = False
    """Secret in the state, even if the program didn't say so."""
    write_only: bool = False
    """AWS takes it and never tells it: a read keeps what the state has."""
    unordered: bool = False
    """Of a list: its order is nothing (Terraform's set)."""
    rules: tuple[Rule, ...] = ()
    fields: Mapping[str, "Prop"] = field(default_factory=dict)
    """The properties of a BLOCK, or of each of the BLOCKS."""


@dataclass(frozen=True)
class Call:
    """One call. Its parameters are the type's key and the properties, under AWS's names."""

    operation: str
    """As boto3 spells it: `put_rule`."""
    send: tuple[str, ...] | None = None
    """The properties that go into it; None: none into a read or a delete, and else all (on an update, those that can
    change)."""
    on: tuple[str, ...] = ()
    """An update makes the call if one of these changed, or one of those it sends."""
    whole: bool = False
    """The call states the whole object: what is not sent is not there. Else an emptied property is sent empty."""
    when: Callable[[Props], bool] = lambda props: True  # noqa: ARG005
    shape: Callable[[Props], Props] = lambda params: params
    """The parameters as AWS wants them."""
    names: Mapping[str, str] = field(default_factory=dict)
    """AWS's names of properties, where this call has others."""


@dataclass(frozen=True)
class Tagging:
    """How tags of a type are made, read and removed."""

    read: str
    add: str
    remove: str
    key: Mapping[str, str]
    """Parameter that names the object → the property, or `id`."""
    tags: str = "Tags"
    keys: str = "TagKeys"
    on_create: str = "Tags"
    pairs: bool = False
    """A list of {Key, Value} instead of a map."""


@dataclass(frozen=True)
class Seen:
    """What an output is made of: the answer of the read call, the properties, and where it all is."""

    answer: Props
    props: Props
    cloud: "Cloud"


Output = str | Callable[[Seen], Any]
"""A name in the answer of the read call, or a function of it."""


@dataclass(frozen=True)
class Type:
    token: str
    service: str
    """boto3's name of the client, and the key in `aws:endpoints`."""
    own: Mapping[str, Prop]
    """Its properties, but `region`, `tags` and `tagsAll`, which go without saying."""
    key: Mapping[str, str]
    """What names an object in every call: parameter → property, or `id`."""
    id: Callable[[Props, Props], str]
    """Its id, from the properties and the answer of the first call."""
    create: tuple[Call, ...]
    """The first makes the object."""
    read: Call
    update: tuple[Call, ...] = ()
    """Each is made if one of its properties changed."""
    delete: tuple[Call, ...] = ()
    find: Callable[[Props, Props], Props | None] = lambda answer, props: answer  # noqa: ARG005
    """The object in the answer of the read call; None: it is gone."""
    outputs: Mapping[str, Output] = field(default_factory=dict)
    changing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Outputs that an update changes → the properties whose change does it. All others stay known in a preview."""
    tagging: Tagging | None = None
    rules: tuple[Callable[[Props], str | None], ...] = ()
    """What must be right between properties."""
    gone: frozenset[str] = frozenset()
    """Error codes by which AWS says of this type that it is gone, beside the usual ones."""
    ready: Callable[[Props], bool] = lambda answer: True  # noqa: ARG005
    """Whether AWS has finished what the last call began, by the answer of the read call."""
    regional: bool = True

    @cached_property
    def props(self) -> Mapping[str, Prop]:
        props = dict(self.own)
        if self.regional:
            props["region"] = Prop(computed=True, replaces=True)
        if self.tagging:
            props["tags"] = Prop(kind=Kind.MAP)
            props["tagsAll"] = Prop(kind=Kind.MAP)
        return props


def named(aws: str, *rules: Rule, name: str = "name") -> dict[str, Prop]:
    """`name` and `namePrefix`: the usual way to be named."""
    prefix = f"{name}Prefix"
    return {
        name: Prop(aws, replaces=True, computed=True, autonamed=True, prefix=prefix, rules=rules),
        prefix: Prop(replaces=True, computed=True),
    }


GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchEntity",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
"""Error codes by which AWS says that something is not there."""
