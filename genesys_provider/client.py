"""The one HTTP client of a provider process: token, application headers, retries and readable errors."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, TypeVar

from ._http import http
from .auth import TokenAuth
from .connection import Connection, is_loopback
from .errors import ConfigError, Forbidden, GenesysError, NotFound, OwnershipError, RequestError
from .lifetime import orphaned
from .ratelimit import RateLimit
from .redaction import redact
from .responses import failure, json_object, no_answer, reason, unreadable
from .retry import Turn, end_in, held_back, poll, retry, time_left, time_limit, until
from .uuids import folded

NAME = "genesys-eventbridge"
VERSION = "0.1.0"
PAGE_SIZE = 100
ORGANISATION = "/api/v2/organizations/me"
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 30.0

Entity = dict[str, Any]  # a JSON object of the API; a resource's own file says which members it has
T = TypeVar("T")


class Client:
    """Talks JSON with one organisation. Safe to use from several threads.

    Every method repeats what may be repeated, within the connection's `max_attempts` and `timeout_seconds`. It raises
    RequestError (NotFound, Conflict, …), or GenesysError when no token is to be had.
    """

    def __init__(self, connection: Connection, transport: http.BaseTransport | None = None) -> None:
        self.connection = connection
        self._rate_limit = RateLimit()
        self._organisation: str | None = None
        self._organisation_turn = Turn(f"GET {ORGANISATION}")
        self._listed: dict[str, list[Entity]] = {}
        self._listing_turns: dict[str, Turn] = {}
        headers = {"X-Genesys-Application-Name": NAME, "X-Genesys-Application-Version": VERSION}
        urls = [http.URL(url) for url in (connection.login_url, connection.api_url)]
        try:
            own = [url for url in urls if is_loopback(url.host)]
        except ValueError:
            raise ConfigError(
                "genesys:loginUrl or genesys:apiUrl has a host that begins with xn-- and stands for no name: correct it"
            ) from None
        try:
            self._http = http.Client(
                base_url=connection.api_url,
                auth=TokenAuth(connection, headers, lambda request: self._http.send(request, auth=None)),
                headers={**headers, "Accept": "application/json"},
                transport=transport,
                # No proxy between this machine and itself; of the environment counts what somebody else's host needs,
                # or a certificate.
                trust_env=any(url.scheme == "https" for url in urls),
                mounts={f"all://{url.netloc.decode()}": None for url in own},
                event_hooks={"request": [_refuse_if_orphaned, _limit_request], "response": [_limit_answer]},
            )
        except OSError:
            raise ConfigError("SSL_CERT_FILE (or SSL_CERT_DIR) names no file of certificates in PEM") from None
        except (ImportError, ValueError, http.InvalidURL):  # the URL's own text may be part of a password
            raise ConfigError(
                "HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) is no URL of a proxy, or NO_PROXY has an IPv6 network or an"
                " address in brackets; write http://proxy.example.com:3128, what is special in a user's name or"
                " password as %2F, and in NO_PROXY names and bare addresses"
            ) from None

    poll = staticmethod(poll)

    def repeat(self, call: Callable[[], T], only: type[RequestError] = RequestError) -> T:
        """Call until it ends well or for good, within `max_attempts` and `timeout_seconds`.

        A call that makes requests by the methods here names the `only` kind of error that they leave to it.
        """
        with time_limit(self.connection.timeout_seconds):
            return retry(call, self.connection.max_attempts, only)

    def get(self, path: str, **query: int | str) -> Entity:
        return self._repeat("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object], look: Callable[[], Entity | None]) -> Entity:
        """Create, once. `look` gives the object if it is there already.

        It is asked after an answer that leaves open whether the object was made, before posting again and at the end:
        a POST whose answer was lost may have been done all the same.
        """
        doubt: RequestError | None = None

        def found() -> Entity | None:
            try:
                return look()
            except OwnershipError:
                raise
            except GenesysError as error:
                raise GenesysError(
                    f"{str(doubt).rsplit('; ', 1)[0]}; whether it was made is not known, as looking for it failed too:"
                    f" {error}; `up` again, without renaming it: what was made is taken over"
                ) from None

        def once() -> Entity:
            nonlocal doubt
            if doubt and (entity := found()) is not None:
                return entity
            try:
                return self._send("POST", path, body=body)
            except RequestError as error:
                doubt = error if error.committed else doubt
                raise

        with time_limit(self.connection.timeout_seconds):
            try:
                return retry(once, self.connection.max_attempts)
            except RequestError:
                if doubt and (entity := found()) is not None:
                    return entity
                raise

    def put(self, path: str, body: Mapping[str, object]) -> Entity:
        """What is there now; nothing, where the server answers nothing."""
        return self._repeat("PUT", path, body=body)

    def patch(self, path: str, body: Mapping[str, object]) -> Entity:
        """Set members to values: what may be done twice."""
        return self._repeat("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        self._repeat("DELETE", path)

    def entities(self, path: str, **query: str) -> Iterator[Entity]:
        """Every object of a listing, page by page, always from the server: creations hang on it, so a 500 is repeated.

        One that names no next page is the last, and so is one without anything new: unless it is empty, which it may be
        of what this client may not see, and tells of more pages. The time limit is one for all.
        """
        end, seen = end_in(self.connection.timeout_seconds), set[str]()
        for number in count(1):
            with until(end):
                page = self._repeat(
                    "GET", path, query={"pageSize": PAGE_SIZE, "pageNumber": number, **query}, any_5xx=True
                )
            found = page.get("entities") or []
            new = [entity for entity in found if entity["id"] not in seen]
            yield from new
            more = bool(new) or (not found and number < (page.get("pageCount") or 0))
            if not more or not page.get("nextUri"):
                return
            seen.update(entity["id"] for entity in new)

    def listed(self, path: str, **query: str) -> list[Entity]:
        """What was there when this was first asked for: what former runs left, and may be gone by now."""
        turn = self._listing_turns.setdefault(path, Turn(f"GET {path}"))
        with time_limit(self.connection.timeout_seconds), turn.taken():
            if path not in self._listed:
                self._listed[path] = list(self.entities(path, **query))
            return self._listed[path]

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Post to a receiver of events as the platform does, without a token, and once: status and text of its answer.

        Raises GenesysError when there is none.
        """
        try:
            request = self._http.build_request("POST", url, content=body, headers=dict(headers))
            response = self._http.send(request, auth=None)
        except (http.RequestError, http.InvalidURL) as error:
            raise GenesysError(f"POST {url}: no answer: {redact(reason(error))}") from None
        return response.status_code, response.text

    def organisation(self) -> str:
        """The id of the token's organisation, asked for once; empty where the host, or the client's role, won't say."""
        with time_limit(self.connection.timeout_seconds), self._organisation_turn.taken():
            if self._organisation is None:
                try:
                    self._organisation = folded(str(self.get(ORGANISATION).get("id") or ""))
                except (NotFound, Forbidden):
                    self._organisation = ""
            return self._organisation

    def _repeat(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, int | str] | None = None,
        body: Mapping[str, object] | None = None,
        any_5xx: bool = False,
    ) -> Entity:
        return self.repeat(lambda: self._send(method, path, query=query, body=body, any_5xx=any_5xx))

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, int | str] | None = None,
        body: Mapping[str, object] | None = None,
        any_5xx: bool = False,
    ) -> Entity:
        self._rate_limit.before(method, path)
        try:
            response = self._http.request(method, path, params=query or None, json=body)
        except http.RequestError as error:
            raise no_answer(error) from None
        self._rate_limit.after(response)
        if not response.is_success:
            failed = failure(response)
            failed.repeatable |= any_5xx and response.is_server_error
            raise failed
        if method not in ("GET", "POST") and not response.content:
            return {}
        if (entity := json_object(response)) is None or (method == "POST" and not entity.get("id")):
            raise unreadable(response)
        return entity


def _refuse_if_orphaned(_: http.Request) -> None:
    if orphaned():
        raise GenesysError("pulumi has ended: nothing more is sent")


def _limit_request(request: http.Request) -> None:
    """None takes longer than what is left of the time limit, the token's neither, nor is begun after it."""
    if (answer := min(ANSWER_SECONDS, time_left())) <= 0:
        raise held_back(f"{request.method} {request.url.path}", "as the time for it is over")
    request.extensions["timeout"] = http.Timeout(answer, connect=min(CONNECT_SECONDS, answer)).as_dict()


def _limit_answer(response: http.Response) -> None:
    if isinstance(response.stream, http.SyncByteStream):  # the only kind that a client without async gets
        response.stream = _Limited(response.stream)


class _Limited(http.SyncByteStream):
    """An answer that keeps the time limit as a whole: httpx's own time-outs begin anew with each piece of it."""

    def __init__(self, stream: http.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            if time_left() <= 0:
                raise http.ReadTimeout("timed out")
            yield piece

    def close(self) -> None:
        self._stream.close()
