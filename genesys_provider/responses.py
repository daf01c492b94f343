"""From an answer of the platform, or the lack of one, to an error that says what to do."""

import json

from ._http import http
from .connection import is_loopback
from .errors import Conflict, Forbidden, NotFound, RequestError, VersionConflict
from .redaction import redact

# May be sent again after a while: 429 was refused unseen, the others were not answered by the application.
PASSING = (408, 429, 502, 503, 504)
NEVER_SENT = (http.ConnectError, http.ConnectTimeout, http.PoolTimeout, http.ProxyError, http.LocalProtocolError)
FOR_GOOD = (http.LocalProtocolError, http.UnsupportedProtocol)
LONGEST_SAYING = 300

SETTINGS = "genesys:region (or genesys:loginUrl and genesys:apiUrl)"
UNREACHABLE = f"check {SETTINGS}, the network and the proxy (HTTPS_PROXY)"
PROXY_REFUSED = "let it allow this host, give your user and password in HTTPS_PROXY, or name the host in NO_PROXY"
NOT_TRUSTED = (
    "this machine does not trust that certificate: if a proxy in between shows one of its own, name the file of its CA"
    f" in SSL_CERT_FILE, else check {SETTINGS}"
)


def failure(response: http.Response) -> RequestError:
    """The error for an answer that is no success, as one line.

    `METHOD path: status code: message (field: error) [correlation id]; what to do`. The body is Genesys Cloud's
    envelope ({message, code, status, contextId, details[{fieldName, errorCode}]}) or of its token endpoint
    ({error, error_description}); a body of any other kind, HTML say, is not quoted.
    """
    status, request = response.status_code, response.request
    body = envelope(response)
    code = str(body.get("code") or body.get("error") or "")  # not redacted: what is done hangs on it
    message = said(body.get("message") or body.get("error_description") or response.reason_phrase).rstrip(". ")
    text = f"{request.method} {request.url.path}: {status}"
    if code:
        text += f" {said(code)}"
    if message:
        text += f": {message}"
    if fields := said(field_errors(body)):
        text += f" ({fields})"
    if correlation := said(response.headers.get("ININ-Correlation-Id") or body.get("contextId")):
        text += f" [correlation id {correlation}]"
    if remedy := advice(response, code):
        text += f"; {remedy}"

    if status in (404, 410):
        return NotFound(text)
    if is_version_conflict(response):
        return VersionConflict(text)
    if status == 409 or code == "duplicate.name":
        # A list may lag behind: what holds the name is looked for once more, a little later.
        return Conflict(text, repeatable=may_create(request), committed=True)
    if status == 403:
        return Forbidden(text)
    lost = may_create(request) and (status >= 500 or status == 408)
    return RequestError(
        text,
        repeatable=status in PASSING or lost,
        wait=retry_after(response) if status in PASSING else None,
        committed=lost,
    )


def said(value: object) -> str:
    """What the server says, fit for a line. Redacted before it is cut: half a secret is not known any more."""
    return redact(str(value or ""))[:LONGEST_SAYING]


def no_answer(error: http.RequestError) -> RequestError:
    """The error for a request that was not answered, or not to its end: unreachable, cut off, or timed out."""
    request = error.request  # the token's, where that was the one that failed
    host, what = request.url.netloc.decode(), reason(error)
    text = f"{request.method} {request.url.path}: no answer from {host}: {what}"
    for_good = isinstance(error, FOR_GOOD)
    if isinstance(error, http.ProxyError):
        for_good = what[:3] not in map(str, PASSING)
        text += (
            f" by the proxy; {PROXY_REFUSED}" if for_good else f" by the proxy, which does not reach it; {UNREACHABLE}"
        )
    elif "CERTIFICATE_VERIFY_FAILED" in what:
        text += f"; {NOT_TRUSTED}"
        for_good = True
    elif "[SSL" in what and "UNEXPECTED_EOF" not in what:  # that is a connection lost in its first moments
        text += f"; {'TLS is refused' if 'ALERT' in what else 'no TLS is spoken'} there: {UNREACHABLE}"
        for_good = True
    elif isinstance(error, http.ConnectError) and is_loopback(request.url.host):
        text += "; is the sandbox running? (`make sandbox`)"
        for_good = True  # nothing on this machine needs a while to be reached
    elif isinstance(error, NEVER_SENT):
        text += f"; {UNREACHABLE}"
    else:
        text += f"; {try_again(request)}"
        if isinstance(error, http.TimeoutException):
            text += " (genesys:timeoutSeconds says how long is waited)"
    lost = may_create(request) and not isinstance(error, NEVER_SENT)
    return RequestError(text, repeatable=not for_good, committed=lost)


def reason(error: Exception) -> str:
    """What an error says, or else what it is called."""
    return (str(error) or type(error).__name__).rstrip(".")


def unreadable(response: http.Response) -> RequestError:
    """The error for a success whose body is no JSON object: cut off, or a page of something that is not the API.

    Or one that does not tell the id of what was made.
    """
    request = response.request
    kind = response.headers.get("Content-Type", "no content type").split(";")[0].strip().lower()
    text = f"{request.method} {request.url.path}: {response.status_code}, but the answer ({said(kind)}) "
    passing = kind.endswith("json")
    if json_object(response) is not None:
        text += f"has no id in it; {try_again(request)}"
    elif passing:
        text += f"is no JSON object; it was cut off: {try_again(request)}"
    else:
        text += f"is no JSON object: {right_host(request)}"
    return RequestError(text, repeatable=passing, committed=may_create(request))


def is_version_conflict(response: http.Response) -> bool:
    """Whether it refuses a version that is not the current one: any 409 of what has one, or a 400 that says so."""
    if response.status_code == 409 and response.request.url.path.endswith("/config/current"):
        return True
    message = str(envelope(response).get("message"))
    return response.status_code in (400, 409) and "does not match the current version" in message


def may_create(request: http.Request) -> bool:
    """Whether sending it twice may make two objects. Asking for a token twice does no harm."""
    return request.method == "POST" and not asks_for_token(request)


def api_path(request: http.Request) -> str:
    """Without what a gateway puts before it."""
    _, api, path = request.url.path.rpartition("/api/v2/")
    return api + path


def asks_for_token(request: http.Request) -> bool:
    return request.url.path.endswith("/oauth/token")


def json_object(response: http.Response) -> dict[str, object] | None:
    """The body, when it is a JSON object."""
    try:
        body = json.loads(response.content.decode("utf-8-sig"))
        if rb"\ud" in response.content.lower():  # half a character, cut off by somebody: Pulumi could not pass it on
            body = json.loads(json.dumps(body, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def envelope(response: http.Response) -> dict[str, object]:
    return json_object(response) or {}


def field_errors(body: dict[str, object]) -> str:
    details = body.get("details")
    named = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    return ", ".join(
        f"{item['fieldName']}: {item.get('errorCode', 'wrong')}" for item in named if item.get("fieldName")
    )


def retry_after(response: http.Response) -> float | None:
    """Seconds to wait as the server says them: always a whole number, or nothing. 0 says nothing."""
    for header in ("Retry-After", "inin-ratelimit-reset"):
        value = response.headers.get(header, "")
        if value.isdecimal() and float(value) and (header == "Retry-After" or response.status_code == 429):
            return float(value)
    return None


def advice(response: http.Response, code: str) -> str:
    """What to do about it, where that is known."""
    status, request, path = response.status_code, response.request, api_path(response.request)
    if 300 <= status < 400:
        return f"redirects are not followed: {right_host(request)}"
    if asks_for_token(request) and status < 500 and status not in PASSING:
        return "" if status in (400, 401) else right_host(request)  # auth.py says it of those two
    if is_version_conflict(response):
        return "somebody else changes it at the same time: try again"
    if status == 409 or code == "duplicate.name":
        taken = request.method in ("POST", "PUT")
        return "another one has that name: choose another `name`" if taken else "something uses it: see what, try again"
    if status in (400, 422):
        return "correct the resource's arguments"
    if status == 401:
        return "a fresh token was refused too: is the client active, and are genesys:loginUrl and apiUrl of one region?"
    if status == 403 and path.startswith("/api/v2/events/"):
        missing = f"event:{path.split('/')[4].removesuffix('s')}:{'read' if request.method == 'GET' else 'write'}"
        needs = f"the client lacks {missing}; it needs event:webhook:read, :write and event:subscription:read, :write"
        return needs if code else f"{needs}; or a firewall in between refused it"
    if status == 403 and path.startswith("/api/v2/integrations"):
        verb = {"GET": "view", "POST": "add", "DELETE": "delete"}.get(request.method, "edit")
        needs = (
            f"the client lacks integrations:integration:{verb}; its role needs that with :view, :add, :edit, :delete"
        )
        return needs if code else f"{needs}; or a firewall in between refused it"
    if status == 404 and path in ("/api/v2/events/webhooks", "/api/v2/events/subscriptions"):
        return (
            f"{request.url.host} has no {path}: that API is the tutorial's, not one of Genesys Cloud, which reaches"
            " EventBridge by its integration amazon-eventbridge-source (`delivery: partner`)"
        )
    if status == 408:
        return try_again(request)
    if status == 413:
        long = (
            "notes or topics"
            if path.startswith("/api/v2/integrations")
            else "description, headerOverrides or transform"
        )
        return f"make {long} shorter"
    if status == 415:
        return "JSON was sent: is genesys:apiUrl the API's host, and does nothing in between change the Content-Type?"
    if status == 429:
        if seconds := retry_after(response):  # which may be longer than there was time for
            return (
                f"the rate limit is reached, and the server asks for {seconds:.0f} s without requests: wait that long"
            )
        return "the rate limit is reached: try again in a minute"
    if status >= 500:
        return f"the platform, or a gateway before it, failed: {try_again(request)}"
    return "" if status in (404, 410) else right_host(request)  # lifecycle.py knows what is gone


def right_host(request: http.Request) -> str:
    return "is genesys:loginUrl the login host?" if asks_for_token(request) else "is genesys:apiUrl the API's host?"


def try_again(request: http.Request) -> str:
    if may_create(request):
        return "try again: the next `up` finds what was made all the same"
    if request.method == "GET" or asks_for_token(request):
        return "try again"
    return "try the same again before anything else, as it may have been done"
