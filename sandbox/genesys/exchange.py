"""What is known of a request before it is answered, kept in its ASGI scope."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from .calls import Call
from .errors import ApiError

if TYPE_CHECKING:
    from .oauth import Token

SCOPE_KEY = "sandbox.exchange"


@dataclass
class Exchange:
    """`access` is whose request it is, or why that is refused: for the routes that want to know."""

    correlation_id: str
    call: Call
    access: "Token | ApiError"


def exchange(request: HTTPConnection) -> Exchange:
    return cast(Exchange, request.scope[SCOPE_KEY])
