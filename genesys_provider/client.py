"""The one HTTP client of a provider process: token, application headers, retries and readable errors."""

from collections.abc import Iterator, Mapping
from typing import Any

from ._http import http
from .auth import TokenAuth
from .connection import Connection
from .errors import GenesysError, RequestError
from .lifetime import orphaned
from .responses import failure, no_answer
from .retry import retry

NAME = "genesys-eventbridge"
VERSION = "0.1.0"
PAGE_SIZE = 100
TIMEOUT = http.Timeout(30.0, connect=10.0)

Entity = dict[str, Any]  # a JSON object of the API; a resource's own file says which members it has


class Client:
    """Talks JSON with one organisation. Safe to use from several threads.

    Every method raises RequestError (NotFound, Conflict, …), or GenesysError when no token is to be had.
    """

    def __init__(self, connection: Connection, transport: http.BaseTransport | None = None) -> None:
        self.connection = connection
        headers = {"X-Genesys-Application-Name": NAME, "X-Genesys-Application-Version": VERSION}
        self._http = http.Client(
            base_url=connection.api_url,
            auth=TokenAuth(connection, headers),
            headers={**headers, "Accept": "application/json"},
            timeout=TIMEOUT,
            transport=transport,
            event_hooks={"request": [_refuse_if_orphaned]},
        )

    def get(self, path: str, **query: int) -> Entity:
        return self._request("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object]) -> Entity:
        """Create. When the error is `committed`, the object may exist all the same: look before posting again."""
        return self._request("POST", path, body=body)

    def put(self, path: str, body: Mapping[str, object]) -> Entity:
        return self._request("PUT", path, body=body)

    def delete(self, path: str) -> None:
        self._request("DELETE", path)

    def entities(self, path: str) -> Iterator[Entity]:
        """Every object of a listing, page by page, always from the server."""
        number = 1
        while True:
            page = self.get(path, pageSize=PAGE_SIZE, pageNumber=number)
            entities = page.get("entities") or []
            yield from entities
            if not entities or not page.get("nextUri"):
                return
            number += 1

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, int] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Entity:
        request = self._http.build_request(method, path, params=query or None, json=body)
        return retry(lambda: self._send(request), self.connection.timeout_seconds)

    def _send(self, request: http.Request) -> Entity:
        try:
            response = self._http.send(request)
        except http.TransportError as error:
            raise no_answer(error) from None
        if not response.is_success:
            raise failure(response)
        if not response.content:
            return {}
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            kind = response.headers.get("Content-Type", "no content type").split(";")[0]
            raise RequestError(
                f"{request.method} {request.url.path}: {response.status_code}, but the answer ({kind}) is no JSON"
                " object: is genesys:apiUrl the API's host?",
                repeatable=request.method == "GET",
                committed=True,
            )
        return answer


def _refuse_if_orphaned(_: http.Request) -> None:
    if orphaned():
        raise GenesysError("pulumi has ended: nothing more is sent")
