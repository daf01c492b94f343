"""From an answer of the platform, or the lack of one, to an error that says what to do."""

from ._http import http
from .errors import Conflict, NotFound, RequestError

# May be sent again after a while: 429 was refused unseen, the others were not answered by the application.
PASSING = (408, 429, 502, 503, 504)


def failure(response: http.Response) -> RequestError:
    """The error for an answer that is no success, as one line.

    `METHOD path: status code: message (field: error) [correlation id]; what to do`. The body is Genesys Cloud's
    envelope ({message, code, status, contextId, details[{fieldName, errorCode}]}) or of its token endpoint
    ({error, error_description}); a body of any other kind, HTML say, is not quoted.
    """
    status, method = response.status_code, response.request.method
    body = envelope(response)
    code = str(body.get("code") or body.get("error") or "")
    message = str(body.get("message") or body.get("error_description") or response.reason_phrase or "")
    text = f"{method} {response.request.url.path}: {status}"
    if code:
        text += f" {code}"
    if message:
        text += f": {message}"
    if fields := field_errors(body):
        text += f" ({fields})"
    if correlation := response.headers.get("ININ-Correlation-Id") or body.get("contextId"):
        text += f" [correlation id {correlation}]"
    if remedy := advice(response, code):
        text += f"; {remedy}"

    if status in (404, 410):
        return NotFound(text)
    if status == 409 or code == "duplicate.name":
        return Conflict(text, committed=True)
    creates = may_create(response.request)
    return RequestError(
        text,
        repeatable=status == 429 or (status in PASSING and not creates),
        wait=retry_after(response) if status in PASSING else None,
        committed=creates and (status >= 500 or status == 408),
    )


def no_answer(error: http.TransportError) -> RequestError:
    """The error for a request that was not answered: unreachable, cut off, or timed out."""
    request = error.request  # the token's, where that was the one that failed
    never_sent = isinstance(error, http.ConnectError | http.ConnectTimeout | http.PoolTimeout | http.ProxyError)
    what = str(error) or type(error).__name__
    text = f"{request.method} {request.url.path}: no answer from {request.url.host}: {what}"
    if "CERTIFICATE" in what.upper():
        text += "; its certificate is not trusted here: check genesys:region, a proxy in between, or SSL_CERT_FILE"
    elif never_sent:
        text += "; check genesys:region (or genesys:loginUrl and genesys:apiUrl), the network and the proxy"
    creates = may_create(request)
    return RequestError(text, repeatable=never_sent or not creates, committed=creates and not never_sent)


def may_create(request: http.Request) -> bool:
    """Whether sending it twice may make two objects. Asking for a token twice does no harm."""
    return request.method == "POST" and not request.url.path.endswith("/oauth/token")


def envelope(response: http.Response) -> dict[str, object]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def field_errors(body: dict[str, object]) -> str:
    details = body.get("details")
    named = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    return ", ".join(
        f"{item['fieldName']}: {item.get('errorCode', 'wrong')}" for item in named if item.get("fieldName")
    )


def retry_after(response: http.Response) -> float | None:
    """Seconds to wait as the server says them: always a whole number, or nothing."""
    for header in ("Retry-After", "inin-ratelimit-reset"):
        value = response.headers.get(header, "")
        if value.isdecimal() and (header == "Retry-After" or response.status_code == 429):
            return float(value)
    return None


def advice(response: http.Response, code: str) -> str:
    status, path = response.status_code, response.request.url.path
    collection = "webhook" if "/webhooks" in path else "subscription"
    if status == 401:
        return "the token was renewed once and refused again: is the client still active?"
    if status == 403 and path.startswith("/api/v2/events/"):
        return (
            f"the client lacks event:{collection}:read or event:{collection}:write"
            " (this program needs both, for webhook and subscription)"
        )
    if status == 404 and response.request.method == "POST" and path.startswith("/api/v2/events/"):
        return (
            f"{response.request.url.host} has no {path}: that API is the tutorial's, not one of Genesys Cloud, which"
            " reaches EventBridge by its integration amazon-eventbridge-source (`delivery: partner`)"
        )
    if status == 413:
        return "make description, headerOverrides or transform shorter"
    if status == 429:
        return "the rate limit was still reached after waiting: try again in a minute"
    if status >= 500 and not code:
        return "the platform, or a gateway before it, failed: try again"
    return ""
