"""The one HTTP client of a provider process: token, application headers, retries and readable errors."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ._http import http
from .auth import TokenAuth
from .connection import Connection
from .errors import ConfigError, GenesysError, RequestError
from .lifetime import orphaned
from .ratelimit import RateLimit
from .responses import failure, json_object, no_answer, unreadable
from .retry import retry, time_limit

NAME = "genesys-eventbridge"
VERSION = "0.1.0"
PAGE_SIZE = 100
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 30.0

Entity = dict[str, Any]  # a JSON object of the API; a resource's own file says which members it has


class Client:
    """Talks JSON with one organisation. Safe to use from several threads.

    Every method repeats what may be repeated, within the connection's `max_attempts` and `timeout_seconds`. It raises
    RequestError (NotFound, Conflict, …), or GenesysError when no token is to be had.
    """

    def __init__(self, connection: Connection, transport: http.BaseTransport | None = None) -> None:
        self.connection = connection
        self._rate_limit = RateLimit()
        headers = {"X-Genesys-Application-Name": NAME, "X-Genesys-Application-Version": VERSION}
        answer = min(ANSWER_SECONDS, connection.timeout_seconds)
        try:
            self._http = http.Client(
                base_url=connection.api_url,
                auth=TokenAuth(connection, headers),
                headers={**headers, "Accept": "application/json"},
                timeout=http.Timeout(answer, connect=min(CONNECT_SECONDS, answer)),
                transport=transport,
                trust_env=connection.host != "loopback",  # no proxy between this machine and itself
                event_hooks={"request": [_refuse_if_orphaned]},
            )
        except OSError:
            raise ConfigError("SSL_CERT_FILE (or SSL_CERT_DIR) names no file of certificates in PEM") from None
        except (ImportError, ValueError, http.InvalidURL):  # the URL's own text may be part of a password
            raise ConfigError(
                "HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) is no URL of a proxy; write http://proxy.example.com:3128, and"
                " what is special in a user's name or password as %2F"
            ) from None

    def get(self, path: str, **query: int | str) -> Entity:
        return self._repeat("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object], look: Callable[[], Entity | None]) -> Entity:
        """Create, once. `look` gives the object if it is there already.

        It is asked after an answer that leaves open whether the object was made, before posting again and at the end:
        a POST whose answer was lost may have been done all the same.
        """
        doubt = False

        def once() -> Entity:
            nonlocal doubt
            if doubt and (entity := look()) is not None:
                return entity
            try:
                return self._send("POST", path, body=body)
            except RequestError as error:
                doubt = doubt or error.committed
                raise

        with time_limit(self.connection.timeout_seconds):
            try:
                return retry(once, self.connection.max_attempts)
            except RequestError:
                if doubt and (entity := look()) is not None:
                    return entity
                raise

    def put(self, path: str, body: Mapping[str, object]) -> Entity:
        return self._repeat("PUT", path, body=body)

    def patch(self, path: str, body: Mapping[str, object]) -> Entity:
        """Set members to values: what may be done twice."""
        return self._repeat("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        self._repeat("DELETE", path)

    def entities(self, path: str, **query: str) -> Iterator[Entity]:
        """Every object of a listing, page by page, always from the server."""
        number = 1
        while True:
            page = self.get(path, pageSize=PAGE_SIZE, pageNumber=number, **query)
            entities = page.get("entities") or []
            yield from entities
            if not entities or not page.get("nextUri"):
                return
            number += 1

    def _repeat(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, int | str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Entity:
        with time_limit(self.connection.timeout_seconds):
            return retry(lambda: self._send(method, path, query=query, body=body), self.connection.max_attempts)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, int | str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Entity:
        self._rate_limit.before(method, path)
        try:
            response = self._http.request(method, path, params=query or None, json=body)
        except http.RequestError as error:
            raise no_answer(error) from None
        self._rate_limit.after(response)
        if not response.is_success:
            raise failure(response)
        if method == "DELETE" and not response.content:
            return {}
        if (entity := json_object(response)) is None:
            raise unreadable(response)
        return entity


def _refuse_if_orphaned(_: http.Request) -> None:
    if orphaned():
        raise GenesysError("pulumi has ended: nothing more is sent")
