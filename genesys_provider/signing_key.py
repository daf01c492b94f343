"""`SigningKey`: random key material that lives in the state, encrypted, and nowhere else. It calls nothing."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult

from .errors import boundary
from .lifecycle import PROVIDER_KEY, Props, Provider, output

BYTES = 32


@dataclass(kw_only=True)
class SigningKeyArgs:
    """How a key comes about."""

    rotation: pulumi.Input[int] = 1
    """Raise it to get a new key, in place. It can't be lowered."""


class SigningKeyProvider(Provider):
    @boundary
    def check(self, _olds: Props, news: Props) -> CheckResult:
        rotation = news.get("rotation")
        if pulumi.output.contains_unknowns(rotation):
            return CheckResult(news, [])
        if not isinstance(rotation, int | float) or rotation != int(rotation) or rotation < 1:
            return CheckResult(news, [CheckFailure("rotation", "must be a whole number from 1 up")])
        before = _olds.get("rotation")
        if before is not None and rotation < before:
            return CheckResult(
                news, [CheckFailure("rotation", f"can't be lowered: it is at {before:g}; raise it to get a new key")]
            )
        return CheckResult(news, [])

    @boundary
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changes = any(_olds.get(key) != _news.get(key) for key in ("rotation", PROVIDER_KEY))
        return DiffResult(changes=changes, replaces=[])

    @boundary
    def create(self, props: Props) -> CreateResult:
        return CreateResult(str(uuid.uuid4()), {**props, "key": new_key()})

    @boundary
    def read(self, id_: str, props: Props) -> ReadResult:
        return ReadResult(id_, dict(props), {"rotation": props["rotation"]})

    @boundary
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        rotated = _olds.get("rotation") != _news.get("rotation")
        return UpdateResult({**_news, "key": new_key() if rotated else _olds["key"]})


def new_key() -> str:
    return secrets.token_urlsafe(BYTES)


class SigningKey(pulumi.dynamic.Resource, module="genesys", name="SigningKey"):
    """32 random bytes as 43 characters of URL-safe base64; the key of a signature is these characters' bytes."""

    def __init__(
        self, name: str, args: SigningKeyArgs | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props: dict[str, Any] = {"rotation": (args or SigningKeyArgs()).rotation, "key": None}
        fixed = pulumi.ResourceOptions(additional_secret_outputs=["key"])
        super().__init__(SigningKeyProvider(), name, props, pulumi.ResourceOptions.merge(opts, fixed))

    @property
    def key(self) -> pulumi.Output[str]:
        """The key. Secret."""
        return output(self, "key")
