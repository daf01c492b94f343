"""Tokens: `POST /oauth/token`, client credentials.

The real platform takes id and secret as a Basic header; the tutorial sends them as form fields. Both work here.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

from .errors import ApiError
from .exchange import exchange
from .requests import body_within
from .settings import Settings

FORM = "application/x-www-form-urlencoded"
BODY_LIMIT = 16 * 1024


@dataclass(frozen=True)
class Token:
    """What a bearer stands for."""

    key: str
    client: str
    ends: float


class Tokens:
    """All tokens given out. They live side by side; a new one doesn't end the one before."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._tokens: dict[str, Token] = {}

    def issue(self) -> Token:
        token = Token(secrets.token_urlsafe(64), self._settings.client_id, self._clock() + self._settings.token_seconds)
        self._tokens[token.key] = token
        return token

    def revoke(self) -> int:
        count = len(self._tokens)
        self._tokens.clear()
        return count

    def check(self, authorization: str | None) -> Token | ApiError:
        """Whose request it is, or why it is refused."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return ApiError(
                401,
                "authentication.required",
                "No authentication bearer token specified in authorization header.",
            )
        token = self._tokens.get(key.strip())
        if token is None:
            return ApiError(401)
        if self._clock() >= token.ends:
            return ApiError(401, "credentials.expired", "The supplied credentials are expired and cannot be used.")
        return token

    async def endpoint(self, request: Request) -> JSONResponse:
        """`POST /oauth/token`. Beside `invalid_client`, seen from a real org, the refusals are those of RFC 6749."""
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM:
            return refusal("invalid_request", f"the body must be {FORM}")
        body = await body_within(request, BODY_LIMIT)
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            return refusal("invalid_request", "the body is no form")
        form = dict(pairs)
        if len(form) != len(pairs):
            return refusal("invalid_request", "the body names a field twice")
        grant = form.get("grant_type", "")
        if grant != "client_credentials":
            return refusal("unsupported_grant_type" if grant else "invalid_request", f"grant type {grant or 'missing'}")
        header = request.headers.get("Authorization")
        if header is not None and "client_secret" in form:
            return refusal("invalid_request", "credentials in the header and in the form")
        pair = basic(header) if header is not None else (form.get("client_id", ""), form.get("client_secret", ""))
        if pair is None or not self._right(*pair):
            # The real platform probably answers 400 (the public reports say "bad request"); RFC 6749 has 401 for it.
            return refusal("invalid_client", "authentication failed")
        exchange(request).call.client = self._settings.client_id
        token = self.issue()
        return JSONResponse(
            {"access_token": token.key, "token_type": "bearer", "expires_in": self._settings.token_seconds}
        )

    def _right(self, client_id: str, client_secret: str) -> bool:
        same_id = hmac.compare_digest(client_id.encode(), self._settings.client_id.encode())
        same_secret = hmac.compare_digest(client_secret.encode(), self._settings.client_secret.encode())
        return same_id and same_secret


def basic(header: str) -> tuple[str, str] | None:
    """Id and secret of a Basic header, as they are: RFC 6749 form-encodes them in it, the SDK of Genesys does not."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, client_secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (client_id, client_secret) if colon else None


def refusal(error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "description": description, "error_description": description}, 400)
