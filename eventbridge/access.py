"""AWS asked through boto3, with the credentials, endpoints and settings that the program's AWS provider has."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .secrets import ControlCharacters, clean, cleaned, hide

if TYPE_CHECKING:
    import boto3
    import botocore.session

Request = dict[str, Any]
"""Of an API: open by nature."""


class AccessError(Exception):
    """One line: which key, what is wrong, what to write instead. Never a value, which may be secret."""


class Events(Protocol):
    """What is used of boto3's client."""

    def describe_event_source(self, *, Name: str) -> Request: ...

    def describe_event_bus(self, *, Name: str) -> Request: ...

    def activate_event_source(self, *, Name: str) -> Request: ...


@dataclass(frozen=True)
class Identity:
    """A role that is assumed by somebody else's token."""

    request: Request
    token: str | None = field(repr=False)
    file: str | None
    """Where the token is, if not here."""

    def complete(self) -> Request:
        """The request, with the token as it is now: files are renewed."""
        token, where = self.token, "aws:assumeRoleWithWebIdentity.webIdentityToken"
        if token is None:
            try:
                token = Path(os.path.expandvars(self.file or "")).expanduser().read_text(encoding="utf-8")
            except OSError as error:
                raise AccessError(f"{where}File: {error}") from None
            except ValueError:
                raise AccessError(f"{where}File names no file with a text in it: write the path of the token") from None
        token = fit(where, token)
        hide(token)
        return {**self.request, "WebIdentityToken": token}


@dataclass(frozen=True, kw_only=True)
class Access:
    """Asks nobody until a client is wanted, which then has credentials for a quarter of an hour at least.

    Raises what botocore raises where there are none.
    """

    profile: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As boto3.Session has them."""
    identity: Identity | None = None
    roles: list[Request] = field(default_factory=list)
    """Assumed one after another."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As botocore calls them. They go for every client, those too that look for credentials."""
    sts_region: str | None = None
    insecure: bool = False
    skip_metadata: bool = False

    def connect(self, region: str) -> tuple[str, Events]:
        """Whose credentials these are, 12 digits, and what to ask about events."""
        session = self.session(region)
        account = str(self._sts(session, region).get_caller_identity()["Account"])
        return account, self._client(session, "events", region)

    def session(self, region: str) -> "boto3.Session":
        """For clients that nobody here knows; their endpoints and `insecure` are the caller's to heed."""
        session = self._with(self.keys)
        if self.identity:
            from botocore import UNSIGNED
            from botocore.config import Config

            sts = self._sts(session, region, Config(signature_version=UNSIGNED))
            session = self._with(keys_of(sts.assume_role_with_web_identity(**self.identity.complete())))
        for role in self.roles:
            session = self._with(keys_of(self._sts(session, region).assume_role(**role)))
        return session

    def _with(self, keys: Mapping[str, str]) -> "boto3.Session":
        import boto3  # here: only a process that asks AWS needs it
        import botocore.session

        own = botocore.session.Session(profile=self.profile)  # by this name, the environment's keys don't count
        for name, value in self.settings.items():
            own.set_config_variable(name, value)
        if self.skip_metadata:
            own.get_component("credential_provider").remove("iam-role")
        if self.profile is None and not keys:
            use_cleaned_environment(own)
        hide(keys.get("aws_secret_access_key"), keys.get("aws_session_token"))
        return boto3.Session(botocore_session=own, **keys)

    def _sts(self, session: "boto3.Session", region: str, config: Any = None) -> Any:
        return self._client(session, "sts", self.sts_region or region, config)

    def _client(self, session: "boto3.Session", service: str, region: str, config: Any = None) -> Any:
        return session.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.endpoints.get(service),
            verify=False if self.insecure else None,
            config=config,
        )


def use_cleaned_environment(session: "botocore.session.Session") -> None:
    """Let its credentials be without line breaks: a token with one would be quoted by the error of its header."""
    from botocore.credentials import EnvProvider

    try:
        provider = EnvProvider(environ=cleaned(os.environ))
    except ControlCharacters as error:
        raise AccessError(str(error)) from None
    resolver = session.get_component("credential_provider")
    resolver.insert_after("env", provider)
    resolver.remove("env")  # the first of the two


def fit(where: str, value: str) -> str:
    """A credential without white space at its ends. Raises AccessError for control characters inside."""
    try:
        return clean(where, value)
    except ControlCharacters as error:
        raise AccessError(str(error)) from None


def keys_of(answer: Request) -> dict[str, str]:
    """Those of a role that was assumed."""
    credentials = answer["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
