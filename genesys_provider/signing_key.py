"""`SigningKey`: random key material that lives in the state, encrypted, and nowhere else. It calls nothing."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult

from .attribute import Attribute
from .errors import boundary
from .lifecycle import PROVIDER_KEY, Props, Provider, whole_problem

BYTES = 32


@dataclass(kw_only=True)
class SigningKeyArgs:
    """How a key comes about."""

    rotation: pulumi.Input[int] = 1
    """Raise it to get a new key, in place. It can't be lowered."""


class SigningKeyProvider(Provider):
    @boundary
    def check(self, olds: Props, news: Props) -> CheckResult:
        before, rotation = olds.get("rotation"), news.get("rotation")
        problem = None
        if not pulumi.output.contains_unknowns(rotation):
            problem = rotation_problem(rotation)
            if problem is None and before is not None and rotation < before:
                problem = f"can't be lowered: it is at {before:g}; raise it to get a new key"
        return CheckResult(news, [CheckFailure("", f"rotation {problem}")] if problem else [])

    @boundary
    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        return DiffResult(
            changes=any(olds.get(key) != news.get(key) for key in ("rotation", PROVIDER_KEY)), replaces=[]
        )

    @boundary
    def create(self, props: Props) -> CreateResult:
        return CreateResult(str(uuid.uuid4()), {**props, "key": new_key()})

    @boundary
    def read(self, id_: str, props: Props) -> ReadResult:
        return ReadResult(id_, dict(props), {key: value for key, value in props.items() if key != "key"})

    @boundary
    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        rotated = olds.get("rotation") != news.get("rotation")
        return UpdateResult({**news, "key": new_key() if rotated else olds["key"]})


rotation_problem = whole_problem(1)


def new_key() -> str:
    return secrets.token_urlsafe(BYTES)


class SigningKey(pulumi.dynamic.Resource, module="genesys", name="SigningKey"):
    """32 random bytes as 43 characters of URL-safe base64; the key of a signature is these characters' bytes."""

    rotation = Attribute("rotation", int)
    """How often it was asked for a new key, as of the last `up`."""
    key = Attribute[str]("key")
    """The key. Secret."""

    def __init__(
        self, name: str, args: SigningKeyArgs | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props: dict[str, Any] = {"rotation": (args or SigningKeyArgs()).rotation, "key": None}
        fixed = pulumi.ResourceOptions(additional_secret_outputs=["key"])
        super().__init__(SigningKeyProvider(), name, props, pulumi.ResourceOptions.merge(opts, fixed))
