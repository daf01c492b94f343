"""What the emulator can be told from outside."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

Profile = Literal["seed", "strict"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`strict` has only what Genesys Cloud has; `seed` adds the API that the tutorial made up."""

    profile: Profile = "seed"
    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-secret", repr=False)
    org_id: str = "bb14bed0-f8f9-445d-b9d1-10cecb8569d6"
    aws_url: str = ""  # where partner event sources are made; without it no integration gets active
    token_seconds: int = 86399  # a day, the platform's default for an OAuth client
    instance: str = field(default_factory=lambda: str(uuid.uuid4()))
    directory: str = ""  # whose sandbox it is

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """From SANDBOX_GENESYS_PROFILE, SANDBOX_CLIENT_ID, … Raises ValueError, one line."""
        given = {
            name: value
            for name, variable in (
                ("client_id", "SANDBOX_CLIENT_ID"),
                ("client_secret", "SANDBOX_CLIENT_SECRET"),
                ("org_id", "SANDBOX_ORG_ID"),
                ("instance", "SANDBOX_INSTANCE"),
                ("directory", "SANDBOX_DIR"),
                ("aws_url", "SANDBOX_AWS_URL"),
            )
            if (value := environ.get(variable))
        }
        profile = environ.get("SANDBOX_GENESYS_PROFILE") or "seed"
        if profile not in ("seed", "strict"):
            raise ValueError(f"SANDBOX_GENESYS_PROFILE is {profile!r}; write seed or strict")
        seconds = environ.get("SANDBOX_TOKEN_SECONDS") or str(cls.token_seconds)
        if not seconds.isdecimal() or int(seconds) < 1:
            raise ValueError(f"SANDBOX_TOKEN_SECONDS is {seconds!r}; write seconds, for example 86399")
        return cls(profile="strict" if profile == "strict" else "seed", token_seconds=int(seconds), **given)
