"""Client credentials: one token for all threads, asked for once, renewed before it ends and once after a 401."""

import math
import time
from collections.abc import Callable, Generator

from ._http import http
from .connection import AS_OF, Connection
from .errors import GenesysError
from .redaction import hide
from .responses import failure, json_object, unreadable
from .retry import Turn

# A token is renewed this long before it ends: longer than any one request may take.
MARGIN_SECONDS = 60.0

HINT = (
    "a wrong client id or secret, a deactivated client, or one of another region (Genesys answers all alike): check"
    f" GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and genesys:region ({AS_OF})"
)


class TokenAuth(http.Auth):
    """Puts `Authorization: Bearer` on each request.

    The token comes from `POST {login_url}/oauth/token` with a Basic header, as the Genesys SDK asks for it, and is used
    for the `expires_in` seconds of the answer, or without any until it is refused. Raises GenesysError when none is to
    be had. `send` sends the request for it, without this auth: were it yielded, its failure would not be known here.
    """

    def __init__(
        self,
        connection: Connection,
        headers: dict[str, str],
        send: Callable[[http.Request], http.Response],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._headers = headers
        self._send = send
        self._clock = clock
        self._turn = Turn("POST /oauth/token")
        self._token: str | None = None
        self._renew_at = 0.0

    def auth_flow(self, request: http.Request) -> Generator[http.Request, http.Response, None]:
        token = self._current(refused=None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            token = self._current(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def _current(self, refused: str | None) -> str:
        # Held while the token is asked for, so that the other threads wait for it instead of asking too.
        with self._turn.taken():
            if self._token is None or self._token == refused or self._clock() >= self._renew_at:
                asked_at = self._clock()
                token, seconds = self._parse(self._send(self._request()))
                self._token, self._renew_at = token, asked_at + max(seconds - MARGIN_SECONDS, seconds / 2)
            return self._token

    def _request(self) -> http.Request:
        request = http.Request(
            "POST",
            f"{self._connection.login_url}/oauth/token",
            data={"grant_type": "client_credentials"},
            headers=self._headers,
        )
        basic = http.BasicAuth(self._connection.client_id, self._connection.client_secret)
        return next(basic.auth_flow(request))

    def _parse(self, response: http.Response) -> tuple[str, float]:
        if response.status_code in (400, 401):
            raise GenesysError(f"{failure(response)}; {HINT}")
        if not response.is_success:
            raise failure(response)
        answer = json_object(response)
        if answer is None:
            raise unreadable(response)
        token, seconds = answer.get("access_token"), lifetime(answer.get("expires_in"))
        if not isinstance(token, str) or not token or seconds is None:
            path = response.request.url.path
            raise GenesysError(f"POST {path}: the answer holds no token: is genesys:loginUrl the login host?")
        hide(token)
        return token, seconds


def lifetime(told: object) -> float | None:
    """The seconds of `expires_in`, without end where it is left out; some servers write the number as a text."""
    try:
        return math.inf if told is None else float(str(told))
    except ValueError:
        return None
