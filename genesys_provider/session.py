"""The provider process's one client, made on first use and shared by all resources and threads."""

import os
import threading
from typing import TYPE_CHECKING

from pulumi.dynamic import ConfigureRequest

from .connection import AS_OF, Connection, resolve
from .errors import ConfigError, OwnershipError
from .lifetime import end_with_engine

if TYPE_CHECKING:
    from .client import Client

_lock = threading.Lock()
_connection: Connection | None = None
_client: "Client | None" = None
_declared: set[object] = set()
_claimed: dict[str, str] = {}  # the owner of each object, by its path, that this process's program has


def configure(request: ConfigureRequest) -> None:
    """Take the connection from this process's environment and config. Later calls, one per class, do nothing."""
    global _connection
    with _lock:
        if _connection is None:
            try:
                _connection = resolve(lambda key: request.config.get(f"genesys:{key}"), os.environ)
            except ConfigError as error:
                # Where the program has looked itself, as settings.py does, nothing is wrong with today's config.
                raise ConfigError(f"{error} ({AS_OF})") from None
            end_with_engine()


def connection() -> Connection:
    if _connection is None:
        raise RuntimeError("the provider is not configured")
    return _connection


def client() -> "Client":
    global _client
    with _lock:
        if _client is None:
            from .client import Client  # here: the program imports this package too, and never needs the HTTP library

            _client = Client(connection())
        return _client


def declare(owner: str) -> None:
    """This process's program has it. The engine has nothing else checked."""
    _declared.add(owner)


def is_declared(owner: object) -> bool:
    return owner in _declared


def claim(at: str, owner: str) -> str:
    """Who has the object in this process's program: whoever claims it first."""
    return _claimed.setdefault(at, owner)  # in one step, for any threads


def claimant(at: str) -> str | None:
    return _claimed.get(at)


def confirm_org() -> None:
    """Before anything is changed, deleted or taken for gone: the token's organisation is the one that is meant.

    A host that does not say which (a gateway) is taken at its word.
    """
    found, wanted = client().organisation(), connection().org_id
    if found and found != wanted:
        raise OwnershipError(
            f"these credentials belong to organisation {found}, but GENESYS_ORG_ID (genesys:orgId) is {wanted}:"
            " nothing was changed in Genesys Cloud; set the id or the credentials of the same organisation"
        )
