"""The one error tree of this package, and the one place where errors leave a provider."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .redaction import redact

P = ParamSpec("P")
T = TypeVar("T")


class GenesysError(Exception):
    """What the user sees: one line that says what was done, what came back, and what to do about it."""

    __module__ = "builtins"  # Pulumi prints the class before the text: `GenesysError: …`, not the path to this file


class ConfigError(GenesysError):
    """A setting is missing or wrong. Nothing was sent."""


class OwnershipError(GenesysError):
    """The object belongs to somebody else, or to another organisation. It was left as it is."""


class RequestError(GenesysError):
    """A request did not end well.

    `repeatable`: it may pass, and be sent again after a while.
    `wait`: seconds to wait before that, where the server named them.
    `committed`: the server may have made an object although no good answer came back: look before sending it again.
    """

    def __init__(
        self, text: str, *, repeatable: bool = False, wait: float | None = None, committed: bool = False
    ) -> None:
        super().__init__(text)
        self.repeatable = repeatable
        self.wait = wait
        self.committed = committed


class NotFound(RequestError):
    """404 or 410."""


class Forbidden(RequestError):
    """403."""


class Conflict(RequestError):
    """409, or the 400 by which Genesys Cloud refuses a name that is taken."""


class VersionConflict(RequestError):
    """Somebody else has written the object since it was read: another version of it is there now."""


def one_line_errors() -> None:
    """Let an exception that reaches Pulumi's provider server print as one line.

    The server sends `traceback.format_exc()`; without frames that is `GenesysError: <text>`. Called when a provider is
    configured, never at import: the program imports this package too, and its tracebacks are the user's own.
    """
    sys.tracebacklimit = 0


def boundary(method: Callable[P, T]) -> Callable[P, T]:
    """Wrap a provider's method: whatever goes wrong inside leaves as one redacted GenesysError without a chain."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except GenesysError as error:
            text = str(error)
        except Exception as error:
            text = f"{type(error).__name__} in {method.__qualname__}: {error} (a defect in genesys_provider: report it)"
        raise GenesysError(redact(text))  # outside the except block: no chain, whose inner texts nobody redacted

    return call
