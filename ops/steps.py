"""What a check says: a ✓, or a ✗ with its cause and what to do; and how a list of checks is gone through."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from genesys_provider.errors import GenesysError
from genesys_provider.redaction import redact
from genesys_provider.retry import time_limit

from .aws import AwsError
from .errors import OpsError

STEP_SECONDS = 20.0


class Wrong(Exception):
    """Something is not as it should be."""

    def __init__(self, cause: str, fix: str) -> None:
        super().__init__(cause)
        self.cause, self.fix = cause, fix


class NothingToSay(Exception):
    """The check does not apply, or what it needs failed before it; with the reason."""


@dataclass(frozen=True)
class Check:
    """`look` says what is well in a few words, or raises Wrong, NothingToSay, or what either cloud refused."""

    side: str
    name: str
    look: Callable[[], str]
    seconds: float = STEP_SECONDS
    """For all that it asks Genesys Cloud."""


@dataclass(frozen=True)
class Step:
    """What came of a check. `ok` is None where there was nothing to say."""

    side: str
    name: str
    ok: bool | None
    seconds: float
    told: str
    """What is well, or the cause of what is not, or why there is nothing to say."""
    fix: str = ""

    def to_json(self) -> dict[str, object]:
        outcome = {True: "ok", False: "failed", None: "skipped"}[self.ok]
        found: dict[str, object] = {
            "side": self.side,
            "name": self.name,
            "outcome": outcome,
            "seconds": round(self.seconds, 3),
            "told": self.told,
        }
        return {**found, "fix": self.fix} if self.ok is False else found


def through(checks: Iterable[Check]) -> Iterator[Step]:
    """Each check's step as soon as it is known."""
    for check in checks:
        began = time.monotonic()
        ok, told, fix = outcome(check)
        yield Step(check.side, check.name, ok, time.monotonic() - began, redact(told), redact(fix))


def outcome(check: Check) -> tuple[bool | None, str, str]:
    try:
        with time_limit(check.seconds):
            return True, check.look(), ""
    except NothingToSay as reason:
        return None, str(reason), ""
    except Wrong as wrong:
        return False, wrong.cause, wrong.fix
    except GenesysError as error:
        cause, _, fix = str(error).partition("; ")
        return False, cause, fix or "look at https://status.mypurecloud.com, then try again"
    except AwsError as error:
        return False, str(error), advice(error)
    except OpsError as error:
        return False, str(error), "try again"


def advice(error: AwsError) -> str:
    if "AccessDenied" in error.code or "not authorized" in str(error):
        return "give the principal that runs this the permission that AWS names"
    if error.credentials:
        return "renew your AWS credentials, and try again"
    return "try again; if it stays, look at https://health.aws.amazon.com"


def look_and_up(stack: str) -> str:
    """What mends whatever was changed or deleted by hand."""
    return f"make refresh STACK={stack}, then make up STACK={stack}"


def commands(stack: str) -> str:
    """The command that tells the stack's commands: the function's log, what another account has to run."""
    return f'make pulumi STACK={stack} ARGS="stack output commands"'


def logs(stack: str) -> str:
    return f"{commands(stack)}, logs"
