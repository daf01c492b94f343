"""The provider process's one client, made on first use and shared by all resources and threads."""

import os
import threading
from typing import TYPE_CHECKING

from pulumi.dynamic import ConfigureRequest

from .connection import Connection, resolve
from .errors import Forbidden, NotFound, OwnershipError
from .lifetime import end_with_engine

if TYPE_CHECKING:
    from .client import Client, Entity

_lock = threading.Lock()
_org_lock = threading.Lock()  # another one: it is held during a call, and threads that need only the client don't wait
_connection: Connection | None = None
_client: "Client | None" = None
_org_checked = False
_listed: "dict[str, list[Entity]]" = {}


def configure(request: ConfigureRequest) -> None:
    """Take the connection from this process's environment and config. Later calls, one per class, do nothing."""
    global _connection
    with _lock:
        if _connection is None:
            _connection = resolve(lambda key: request.config.get(f"genesys:{key}"), os.environ)
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


def listed(path: str) -> "list[Entity]":
    """What was there when this process first asked: what former runs left, and may be gone by now."""
    if path not in _listed:
        _listed[path] = list(client().entities(path))
    return _listed[path]


def confirm_org() -> None:
    """Before anything is changed, deleted or taken for gone: the token's organisation is the one that is meant.

    Asked once per process; a host without `organizations/me` (a gateway), or a client that may
    not ask, is taken at its word.
    """
    global _org_checked
    genesys = client()
    with _org_lock:
        if _org_checked:
            return
        try:
            found = str(genesys.get("/api/v2/organizations/me").get("id", ""))
        except (NotFound, Forbidden):
            found = ""
        wanted = genesys.connection.org_id
        if found and found != wanted:
            raise OwnershipError(
                f"these credentials belong to organisation {found}, but GENESYS_ORG_ID (genesys:orgId) is {wanted}:"
                " nothing was changed; set the id or the credentials of the same organisation"
            )
        _org_checked = True
