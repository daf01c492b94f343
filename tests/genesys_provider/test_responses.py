import ssl

import httpx
import pytest

from genesys_provider.errors import Conflict, Forbidden, NotFound, RequestError, VersionConflict
from genesys_provider.redaction import hide
from genesys_provider.responses import SETTINGS, failure, json_object, no_answer, unreadable

TOKEN = "/oauth/token"
HOOKS, ONE_HOOK, SUBSCRIPTIONS = "/api/v2/events/webhooks", "/api/v2/events/webhooks/w1", "/api/v2/events/subscriptions"
INTEGRATION = "/api/v2/integrations/i1"


def answer(
    status: int, method: str = "GET", path: str = ONE_HOOK, body: object = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    request = httpx.Request(method, f"https://api.mypurecloud.de{path}")
    return httpx.Response(status, headers=headers, json=body if body is not None else {}, request=request)


def envelope(code: str, message: str, **more: object) -> dict[str, object]:
    return {"code": code, "message": message, "status": 0, "details": [], "errors": [], **more}


def test_the_line_has_everything_that_the_platform_says() -> None:
    details = [{"errorCode": "invalid.value", "fieldName": "name"}, {"fieldName": "method"}, {"errorCode": "x"}, "odd"]
    response = answer(
        400,
        "PUT",
        body=envelope("bad.request", "Not the MAX. ", details=details),
        headers={"ININ-Correlation-Id": "c-1"},
    )
    assert str(failure(response)) == (
        "PUT /api/v2/events/webhooks/w1: 400 bad.request: Not the MAX (name: invalid.value, method: wrong)"
        " [correlation id c-1]; correct the resource's arguments"
    )


def test_nothing_is_made_up_where_the_platform_says_nothing() -> None:
    assert str(failure(answer(599))) == f"GET {ONE_HOOK}: 599; the platform, or a gateway before it, failed: try again"


def test_the_correlation_id_may_stand_in_the_body() -> None:
    assert "[correlation id c-2]" in str(failure(answer(400, body=envelope("a", "b", contextId="c-2"))))


def test_a_page_of_html_is_not_quoted() -> None:
    request = httpx.Request("GET", f"https://api.mypurecloud.de{ONE_HOOK}")
    text = str(failure(httpx.Response(502, html="<html><h1>Oops</h1></html>", request=request)))
    assert "502: Bad Gateway" in text
    assert "Oops" not in text


@pytest.mark.parametrize("body", [[], "text", None, 7])
def test_json_of_another_shape_does_no_harm(body: object) -> None:
    assert "500: Internal Server Error" in str(failure(answer(500, body=body)))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (envelope("bad.request", "x" * 5000), {}),
        (envelope("x" * 5000, "no"), {}),
        (envelope("bad.request", "no", details=[{"fieldName": "name"}] * 1000), {}),
        (envelope("bad.request", "no", contextId="x" * 5000), {}),
        (envelope("bad.request", "no"), {"ININ-Correlation-Id": "x" * 5000}),
    ],
)
def test_what_has_no_end_is_cut(body: object, headers: dict[str, str]) -> None:
    assert len(str(failure(answer(400, body=body, headers=headers)))) < 500


def test_a_secret_is_never_cut_in_two() -> None:
    hide("one-long-secret")
    assert "one-lo" not in str(failure(answer(400, body=envelope("bad.request", "x" * 294 + "one-long-secret"))))
    assert "one-lo" not in str(failure(answer(400, body=envelope("x" * 294 + "one-long-secret", "no"))))


def test_what_is_done_does_not_hang_on_what_is_hidden() -> None:
    """Headers that each delivery gets are hidden: `application/json` may be one."""
    hide("application/json", "duplicate")
    page = httpx.Response(
        200, text='{"id": "w', headers={"Content-Type": "application/json"}, request=answer(200).request
    )
    assert unreadable(page).repeatable
    assert "but the answer ([secret]) is no JSON object; it was cut off" in str(unreadable(page))
    taken = failure(answer(400, "POST", body=envelope("duplicate.name", "no")))
    assert isinstance(taken, Conflict)
    assert ": 400 [secret].name: no; another one has that name" in str(taken)


@pytest.mark.parametrize(
    "content",
    [b'{"message": "\xff"}', b'{"message": "\xed\xa0\x80"}', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
    ids=["latin-1", "half a character", "nested without end"],
)
def test_what_nobody_can_read_does_no_harm(content: bytes) -> None:
    request = httpx.Request("GET", f"https://api.mypurecloud.de{ONE_HOOK}")
    said = str(failure(httpx.Response(500, content=content, request=request)))
    assert said.startswith(f"GET {ONE_HOOK}: 500: Internal Server Error; ")


def test_a_byte_order_mark_does_no_harm() -> None:
    assert json_object(httpx.Response(200, content='{"id": "1"}'.encode("utf-8-sig"))) == {"id": "1"}


@pytest.mark.parametrize(
    ("status", "method", "path", "says"),
    [
        (401, "GET", ONE_HOOK, "a fresh token was refused too"),
        (403, "GET", ONE_HOOK, "the client lacks event:webhook:read;"),
        (403, "POST", HOOKS, "the client lacks event:webhook:write;"),
        (403, "DELETE", f"{SUBSCRIPTIONS}/s1", "the client lacks event:subscription:write;"),
        (
            403,
            "GET",
            INTEGRATION,
            "the client lacks integrations:integration:view; its role needs that with :view, :add, ",
        ),
        (403, "POST", "/api/v2/integrations", "the client lacks integrations:integration:add;"),
        (403, "PUT", f"{INTEGRATION}/config/current", "the client lacks integrations:integration:edit;"),
        (403, "PATCH", INTEGRATION, "the client lacks integrations:integration:edit;"),
        (403, "DELETE", INTEGRATION, "the client lacks integrations:integration:delete;"),
        (404, "POST", HOOKS, "api.mypurecloud.de has no /api/v2/events/webhooks: that API is the tutorial's"),
        (404, "POST", SUBSCRIPTIONS, "(`delivery: partner`)"),
        (404, "GET", HOOKS, "(`delivery: partner`)"),
        (404, "POST", TOKEN, "404: Not Found; is genesys:loginUrl the login host?"),
        (428, "POST", TOKEN, "; is genesys:loginUrl the login host?"),
        (431, "POST", TOKEN, "; is genesys:loginUrl the login host?"),
        (302, "POST", TOKEN, "; redirects are not followed: is genesys:loginUrl the login host?"),
        (500, "POST", TOKEN, "or a gateway before it, failed: try again"),
        (429, "POST", TOKEN, "try again in a minute"),
        (409, "PUT", ONE_HOOK, "choose another `name`"),
        (422, "PUT", ONE_HOOK, "; correct the resource's arguments"),
        (413, "POST", HOOKS, "make description, headerOverrides or transform shorter"),
        (413, "PUT", f"{INTEGRATION}/config/current", "make notes or topics shorter"),
        (429, "GET", ONE_HOOK, "try again in a minute"),
        (300, "GET", ONE_HOOK, "; redirects are not followed: is genesys:apiUrl the API's host?"),
        (302, "GET", ONE_HOOK, "; redirects are not followed: is genesys:apiUrl the API's host?"),
        (500, "GET", ONE_HOOK, "try again"),
        (503, "POST", HOOKS, "try again"),
    ],
)
def test_it_says_what_to_do(status: int, method: str, path: str, says: str) -> None:
    assert says in str(failure(answer(status, method, path)))


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Retry-After": "3600"}, "is reached, and the server asks for 3600 s without requests: wait that long"),
        ({"inin-ratelimit-reset": "40"}, "is reached, and the server asks for 40 s without requests: wait that long"),
        ({"Retry-After": "0"}, "is reached: try again in a minute"),
        ({"Retry-After": "soon"}, "is reached: try again in a minute"),
    ],
)
def test_it_says_how_long_the_rate_limit_is_to_be_waited_for(headers: dict[str, str], says: str) -> None:
    assert str(failure(answer(429, headers=headers))).endswith(f"; the rate limit {says}")


def test_it_leaves_what_to_do_to_those_who_know_it() -> None:
    assert str(failure(answer(401, "POST", TOKEN))) == "POST /oauth/token: 401: Unauthorized"
    assert str(failure(answer(404))) == f"GET {ONE_HOOK}: 404: Not Found"
    assert str(failure(answer(410))) == f"GET {ONE_HOOK}: 410: Gone"


@pytest.mark.parametrize("status", [403, 404])
def test_it_gives_no_advice_that_is_meant_for_other_paths(status: int) -> None:
    for path in (ONE_HOOK, "/api/v2/organizations/me"):
        assert "partner" not in str(failure(answer(status, path=path)))
    assert "event:" not in str(failure(answer(status, path="/api/v2/organizations/me")))


@pytest.mark.parametrize(
    ("status", "method", "repeatable", "committed"),
    [
        (400, "GET", False, False),
        (400, "POST", False, False),
        (401, "GET", False, False),
        (403, "GET", False, False),
        (404, "GET", False, False),
        (408, "GET", True, False),
        (408, "POST", True, True),
        (409, "POST", True, True),
        (409, "PUT", False, True),
        (410, "GET", False, False),
        (413, "POST", False, False),
        (429, "GET", True, False),
        (429, "POST", True, False),
        (500, "GET", False, False),
        (500, "PUT", False, False),
        (500, "POST", True, True),
        (502, "DELETE", True, False),
        (503, "PUT", True, False),
        (503, "POST", True, True),
        (504, "POST", True, True),
    ],
)
def test_what_may_be_sent_again_and_what_may_have_been_done(
    status: int, method: str, repeatable: bool, committed: bool
) -> None:
    error = failure(answer(status, method, HOOKS))
    assert (error.repeatable, error.committed) == (repeatable, committed)


def test_the_token_endpoint_may_always_be_asked_again() -> None:
    error = failure(answer(503, "POST", "/oauth/token"))
    assert (error.repeatable, error.committed) == (True, False)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (410, NotFound), (409, Conflict), (403, Forbidden), (408, RequestError)]
)
def test_the_kind_of_error(status: int, kind: type[RequestError]) -> None:
    assert type(failure(answer(status))) is kind


def test_a_400_may_be_the_platforms_way_to_say_that_a_name_is_taken() -> None:
    error = failure(answer(400, "POST", HOOKS, envelope("duplicate.name", "Taken.")))
    assert type(error) is Conflict
    assert error.committed
    assert str(error).endswith("; another one has that name: choose another `name`")


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "12"}, 12),
        (429, {"Retry-After": "12", "inin-ratelimit-reset": "40"}, 12),
        (429, {"inin-ratelimit-reset": "40"}, 40),
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "inin-ratelimit-reset": "40"}, 40),
        (429, {"Retry-After": "0", "inin-ratelimit-reset": "40"}, 40),
        (429, {"Retry-After": "10"}, 10),
        (429, {"Retry-After": "00", "inin-ratelimit-reset": "0"}, None),
        (429, {"Retry-After": "-5"}, None),
        (429, {"Retry-After": "1.5"}, None),
        (429, {}, None),
        (503, {"Retry-After": "3"}, 3),
        (503, {"inin-ratelimit-reset": "40"}, None),
        (400, {"Retry-After": "3"}, None),
    ],
)
def test_the_wait_that_the_server_names(status: int, headers: dict[str, str], wait: float | None) -> None:
    assert failure(answer(status, headers=headers)).wait == wait


def lost(kind: type[httpx.RequestError], method: str, text: str = "", host: str = "api.mypurecloud.de") -> RequestError:
    return no_answer(kind(text, request=httpx.Request(method, f"https://{host}{HOOKS}")))


@pytest.mark.parametrize(
    ("kind", "method", "repeatable", "committed"),
    [
        (httpx.ConnectError, "POST", True, False),
        (httpx.ConnectTimeout, "POST", True, False),
        (httpx.PoolTimeout, "POST", True, False),
        (httpx.ProxyError, "POST", False, False),
        (httpx.ReadTimeout, "GET", True, False),
        (httpx.ReadTimeout, "POST", True, True),
        (httpx.WriteTimeout, "POST", True, True),
        (httpx.ReadError, "PUT", True, False),
        (httpx.ReadError, "POST", True, True),
        (httpx.RemoteProtocolError, "POST", True, True),
        (httpx.DecodingError, "POST", True, True),
        (httpx.LocalProtocolError, "POST", False, False),
    ],
)
def test_a_lost_answer(kind: type[httpx.RequestError], method: str, repeatable: bool, committed: bool) -> None:
    error = lost(kind, method)
    assert (error.repeatable, error.committed) == (repeatable, committed)
    assert str(error).startswith(f"{method} {HOOKS}: no answer from api.mypurecloud.de: {kind.__name__}")


def test_an_unreachable_host_points_at_the_settings() -> None:
    text = str(lost(httpx.ConnectError, "GET", "[Errno -2] Name or service not known"))
    assert "Name or service not known; check genesys:region (or genesys:loginUrl and genesys:apiUrl)" in text


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    reason = str(ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"))
    error = lost(httpx.ConnectError, "POST", reason)
    assert "SSL_CERT_FILE" in str(error)
    assert (error.repeatable, error.committed) == (False, False)


def test_nor_is_a_host_that_speaks_no_tls() -> None:
    error = lost(httpx.ConnectError, "GET", "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    assert "; no TLS is spoken there: check genesys:region" in str(error)
    assert not error.repeatable


def test_nor_is_one_that_refuses_tls_which_is_not_to_speak_none() -> None:
    error = lost(httpx.ConnectError, "GET", "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] (_ssl.c:1006)")
    assert "; TLS is refused there: check genesys:region" in str(error)
    assert not error.repeatable


def test_a_connection_that_ends_while_tls_begins_is_tried_again() -> None:
    reason = "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)"
    error = lost(httpx.ConnectError, "POST", reason)
    assert str(error).endswith(f"{reason}; check {SETTINGS}, the network and the proxy (HTTPS_PROXY)")
    assert (error.repeatable, error.committed) == (True, False)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_proxy_that_does_not_get_through_is_asked_again(status: int) -> None:
    error = lost(httpx.ProxyError, "POST", f"{status} Try Later")
    assert f": {status} Try Later by the proxy, which does not reach it; check {SETTINGS}, the net" in str(error)
    assert (error.repeatable, error.committed) == (True, False)


def test_a_sandbox_that_does_not_run_is_told_at_once() -> None:
    error = lost(httpx.ConnectError, "GET", "[Errno 111] Connection refused", "127.0.0.1:4580")
    assert "no answer from 127.0.0.1:4580: [Errno 111] Connection refused; is the sandbox running?" in str(error)
    assert not error.repeatable
    assert lost(httpx.ReadError, "GET", host="127.0.0.1").repeatable


@pytest.mark.parametrize("reason", ["the MAX.", "the MAX", "...the MAX"])
def test_what_went_wrong_is_told_as_it_was_said(reason: str) -> None:
    text = str(lost(httpx.ReadError, "GET", reason))
    assert text == f"GET {HOOKS}: no answer from api.mypurecloud.de: {reason.removesuffix('.')}; try again"


def test_an_answer_of_no_kind_is_told() -> None:
    text = str(unreadable(httpx.Response(200, content=b"hello", request=answer(200).request)))
    assert (
        text
        == f"GET {ONE_HOOK}: 200, but the answer (no content type) is no JSON object: is genesys:apiUrl the API's host?"
    )


def test_json_that_was_cut_off_may_be_asked_for_again() -> None:
    response = httpx.Response(
        200, text='{"id": "w', headers={"Content-Type": "Application/JSON ;charset=UTF-8"}, request=answer(200).request
    )
    error = unreadable(response)
    assert (
        str(error)
        == f"GET {ONE_HOOK}: 200, but the answer (application/json) is no JSON object; it was cut off: try again"
    )
    assert (error.repeatable, error.committed) == (True, False)


def test_what_was_made_and_has_no_id_may_have_been_made() -> None:
    response = answer(201, "POST", HOOKS, {"name": "a hook"})
    error = unreadable(response)
    assert str(error) == (
        f"POST {HOOKS}: 201, but the answer (application/json) has no id in it; try again: the next `up` finds what was"
        " made all the same"
    )
    assert (error.repeatable, error.committed) == (True, True)


def test_half_a_character_becomes_one_that_can_be_passed_on() -> None:
    request = answer(200).request
    body = json_object(httpx.Response(200, content=rb'{"name": "caf\u00e9 \uD83D\uDE00 \ud83d"}', request=request))
    assert body == {"name": "caf\u00e9 \U0001f600 ?"}


@pytest.mark.parametrize("prefix", ["/genesys", "/api/v2/genesys"])
def test_advice_knows_paths_behind_a_gateway(prefix: str) -> None:
    request = httpx.Request("POST", f"https://gw.example.com{prefix}{HOOKS}")
    for status, told in ((403, "the client lacks event:webhook:write"), (404, "(`delivery: partner`)")):
        assert told in str(failure(httpx.Response(status, json=envelope("a.code", "no"), request=request)))


def test_a_page_instead_of_a_token_points_at_the_other_setting() -> None:
    request = httpx.Request("POST", f"https://www.example.com{TOKEN}")
    text = str(unreadable(httpx.Response(200, html="<html/>", request=request)))
    assert text.endswith("the answer (text/html) is no JSON object: is genesys:loginUrl the login host?")


def test_a_page_instead_of_json_points_at_the_setting() -> None:
    request = httpx.Request("POST", f"https://www.example.com{HOOKS}")
    error = unreadable(httpx.Response(200, html="<html/>", request=request))
    assert "the answer (text/html) is no JSON object: is genesys:apiUrl the API's host?" in str(error)
    assert (error.repeatable, error.committed) == (False, True)


@pytest.mark.parametrize("status", [400, 409])
def test_a_version_that_is_not_the_current_one_is_a_conflict_of_its_own(status: int) -> None:
    said = "The version supplied does not match the current version of the integration configuration"
    error = failure(answer(status, "PUT", INTEGRATION, envelope("general.conflict", said)))
    assert type(error) is VersionConflict
    assert not error.repeatable, "not with that version"
    assert str(error) == (
        f"PUT {INTEGRATION}: {status} general.conflict: {said}; somebody else changes it at the same time: try again"
    )


def test_nothing_else_is_one() -> None:
    said = "The version supplied does not match the current version"
    assert type(failure(answer(500, "PUT", INTEGRATION, envelope("a", said)))) is RequestError
    assert type(failure(answer(400, "PUT", INTEGRATION, envelope("a", "The current version")))) is RequestError
    assert type(failure(answer(409, "PUT", INTEGRATION))) is Conflict
    assert type(failure(answer(409, "PUT", f"{INTEGRATION}/config/current"))) is VersionConflict


def test_a_403_of_a_firewall_says_so_for_integrations_too() -> None:
    assert "or a firewall in between refused it" in str(failure(answer(403, path=INTEGRATION)))
    assert "firewall" not in str(failure(answer(403, path=INTEGRATION, body=envelope("missing.any.permissions", "x"))))
