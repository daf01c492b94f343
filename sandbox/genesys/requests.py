"""What a route asks of a request: the permission, and a JSON object as body."""

from starlette.requests import ClientDisconnect, Request

from .errors import ApiError, missing_permission
from .exchange import exchange
from .wire import Object, parse, render

BODY_LIMIT = 1024 * 1024  # the platform has a limit; how large it is, is unknown


def authenticate(request: Request) -> None:
    """Raises the 401."""
    access = exchange(request).access
    if isinstance(access, ApiError):
        raise access


def require(request: Request, permission: str, granted: set[str]) -> None:
    """Raises the 401 or 403."""
    authenticate(request)
    if permission not in granted:
        raise missing_permission(permission)


async def json_body(request: Request) -> Object:
    """Raises the 413, 415 or 400."""
    body = await body_within(request, BODY_LIMIT)
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415)
    return as_object(body)


async def body_within(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                raise ApiError(413, params={"maximum": str(limit)})
    except ClientDisconnect:
        raise ApiError(408) from None  # only the call log gets to see it
    return b"".join(chunks)


def as_object(body: bytes) -> Object:
    try:
        value = parse(body)
        render(value)
    except ValueError:
        raise ApiError(400) from None
    if not isinstance(value, dict):
        raise ApiError(400)
    return value
