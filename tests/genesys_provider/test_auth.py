"""Through the client, as only requests show what the token does. The platform is a function from request to answer."""

import base64
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from genesys_provider.auth import MARGIN_SECONDS, TokenAuth
from genesys_provider.connection import Connection
from genesys_provider.errors import GenesysError, RequestError
from genesys_provider.redaction import redact
from genesys_provider.responses import failure
from genesys_provider.retry import time_limit
from tests.support.turns import Watched

CONNECTION = Connection(
    login_url="https://login.example.com",
    api_url="https://api.example.com",
    client_id="an-id",
    client_secret="a-sécret",
    org_id="an-org",
)
INVALID = {"error": "invalid_client", "description": "no", "error_description": "authentication failed"}


class Platform:
    """Gives out token-1, token-2, …; takes the newest only."""

    def __init__(self, expires_in: object = 3600) -> None:
        self.expires_in = expires_in
        self.token_requests: list[httpx.Request] = []
        self.bearers: list[str] = []
        self.revoked = False
        self.token_answers: Iterator[httpx.Response | Exception] = iter(())

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example.com":
            self.token_requests.append(request)
            answer = next(self.token_answers, None)
            if isinstance(answer, Exception):
                raise answer
            if answer:
                return answer
            body = {"access_token": f"token-{len(self.token_requests)}", "token_type": "bearer"}
            if self.expires_in is not None:
                body["expires_in"] = self.expires_in  # type: ignore[assignment]
            return httpx.Response(200, json=body)
        self.bearers.append(request.headers["Authorization"])
        newest = f"Bearer token-{len(self.token_requests)}"
        good = request.headers["Authorization"] == newest and not self.revoked
        return httpx.Response(200 if good else 401, json={})


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def caller(platform: Callable[[httpx.Request], httpx.Response], clock: Clock | None = None) -> httpx.Client:
    client = httpx.Client(base_url=CONNECTION.api_url, transport=httpx.MockTransport(platform))
    headers = {"X-Genesys-Application-Name": "us"}
    client.auth = TokenAuth(CONNECTION, headers, lambda request: client.send(request, auth=None), clock or Clock())
    return client


def test_the_token_is_asked_for_as_the_sdk_does_and_used_until_it_ends() -> None:
    platform = Platform()
    client = caller(platform)
    for _ in range(3):
        assert client.get("/a").status_code == 200
    [request] = platform.token_requests
    assert (request.method, str(request.url)) == ("POST", "https://login.example.com/oauth/token")
    assert request.headers["Authorization"] == "Basic " + base64.b64encode("an-id:a-sécret".encode()).decode()
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.content == b"grant_type=client_credentials"
    assert request.headers["X-Genesys-Application-Name"] == "us"
    assert platform.bearers == ["Bearer token-1"] * 3


def test_four_threads_ask_for_one_token() -> None:
    platform, start = Platform(), threading.Barrier(4)
    client = caller(platform)

    def get(_: int) -> int:
        start.wait(10)
        return client.get("/a").status_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(get, range(4))) == [200] * 4
    assert len(platform.token_requests) == 1


def test_four_threads_renew_a_refused_token_once() -> None:
    platform, together = Platform(), threading.Barrier(4)
    client = caller(platform)
    client.get("/a")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] == "Bearer token-1":
            together.wait(10)  # all four were sent with the old one
            return httpx.Response(401)
        return platform(request)

    client._transport = httpx.MockTransport(answer)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: client.get("/a").status_code, range(4))) == [200] * 4
    assert len(platform.token_requests) == 2


def test_it_is_renewed_a_margin_before_it_ends() -> None:
    platform, clock = Platform(expires_in=3600), Clock()
    client = caller(platform, clock)
    client.get("/a")
    clock.now += 3600 - MARGIN_SECONDS - 1
    client.get("/a")
    assert len(platform.token_requests) == 1
    clock.now += 1
    client.get("/a")
    assert platform.bearers[-1] == "Bearer token-2"


def test_one_that_lives_shorter_than_the_margin_is_used_for_half_its_life() -> None:
    platform, clock = Platform(expires_in=40), Clock()
    client = caller(platform, clock)
    client.get("/a")
    clock.now += 19
    client.get("/a")
    assert len(platform.token_requests) == 1
    clock.now += 1
    client.get("/a")
    assert len(platform.token_requests) == 2


def test_its_seconds_may_be_written_as_a_text() -> None:
    platform, clock = Platform(expires_in="3600"), Clock()
    client = caller(platform, clock)
    client.get("/a")
    clock.now += 3600
    client.get("/a")
    assert len(platform.token_requests) == 2


@pytest.mark.parametrize("left_out", [True, False])
def test_one_without_an_end_is_used_until_it_is_refused(left_out: bool) -> None:
    platform, clock = Platform(expires_in=None), Clock()
    if not left_out:
        platform.token_answers = iter([httpx.Response(200, json={"access_token": "token-1", "expires_in": None})])
    client = caller(platform, clock)
    client.get("/a")
    clock.now += 10**9
    client.get("/a")
    assert len(platform.token_requests) == 1


def test_a_refused_token_is_renewed_once() -> None:
    platform = Platform()
    client = caller(platform)
    client.get("/a")
    platform.revoked = True
    response = client.get("/a")
    assert response.status_code == 401
    assert len(platform.token_requests) == 2
    assert platform.bearers == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert "a fresh token was refused too" in str(failure(response))


def test_a_body_is_sent_again_with_the_new_token() -> None:
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example.com":
            return httpx.Response(200, json={"access_token": "new", "expires_in": 60})
        bodies.append(request.content)
        return httpx.Response(401 if len(bodies) == 1 else 201, json={})

    assert caller(answer).post("/a", json={"b": 1}).status_code == 201
    assert bodies == [b'{"b":1}'] * 2


@pytest.mark.parametrize("status", [400, 401])
def test_refused_credentials_are_one_line_with_all_that_it_may_be(status: int) -> None:
    platform = Platform()
    platform.token_answers = iter([httpx.Response(status, json=INVALID, headers={"ININ-Correlation-Id": "c-1"})])
    with pytest.raises(GenesysError) as refused:
        caller(platform).get("/a")
    text = str(refused.value)
    assert text.startswith(
        f"POST /oauth/token: {status} invalid_client: authentication failed [correlation id c-1]; a wrong client id or"
    )
    for said in ("deactivated", "another region", "GENESYS_CLIENT_SECRET", "genesys:region", "--run-program"):
        assert said in text
    assert not isinstance(refused.value, RequestError), "it is not tried again"
    assert platform.bearers == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Log in</html>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": "t", "expires_in": "soon"}),
    ],
)
def test_a_host_that_gives_no_token_points_at_the_setting(answer: httpx.Response) -> None:
    platform = Platform()
    platform.token_answers = iter([answer])
    with pytest.raises(GenesysError, match=r"^POST /oauth/token: .*: is genesys:loginUrl the login host\?$"):
        caller(platform).get("/a")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_token_endpoint_is_an_error_of_the_usual_kind(status: int) -> None:
    platform = Platform()
    platform.token_answers = iter([httpx.Response(status, json={}, headers={"Retry-After": "5"})])
    client = caller(platform)
    with pytest.raises(RequestError) as busy:
        client.get("/a")
    assert busy.value.repeatable == (status != 500)
    assert client.get("/a").status_code == 200, "the next request asks again"


@pytest.mark.parametrize("answer", [httpx.ConnectError("down"), httpx.Response(503), httpx.Response(401)], ids=repr)
def test_a_failed_request_for_a_token_fails_for_all_who_waited(answer: httpx.Response | Exception) -> None:
    platform, queue = Platform(), Watched()
    platform.token_answers = iter([answer])

    def once_all_wait(request: httpx.Request) -> httpx.Response:
        queue.until_there_are(4)
        return platform(request)

    client = caller(once_all_wait)
    client.auth._turn._lock = queue  # type: ignore[union-attr]
    with ThreadPoolExecutor(4) as threads:
        for result in [threads.submit(client.get, "/a") for _ in range(4)]:
            with pytest.raises((httpx.ConnectError, GenesysError), match=r"^down$|^POST /oauth/token: (503|401)"):
                result.result(10)
    assert len(platform.token_requests) == 1
    assert client.get("/a").status_code == 200, "who comes later asks again"


def test_waiting_for_the_token_keeps_the_time_limit() -> None:
    platform, asked, waited = Platform(), threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        asked.set()
        waited.wait(10)
        return platform(request)

    client = caller(slow)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.get, "/a")
        asked.wait(10)
        with (
            pytest.raises(RequestError, match=r"^POST /oauth/token: held back, .*: raise genesys:timeoutSeconds$"),
            time_limit(0.05),
        ):
            client.get("/a")
        waited.set()
        assert first.result(10).status_code == 200


def test_the_token_is_hidden_from_now_on() -> None:
    caller(Platform()).get("/a")
    assert redact("with token-1") == "with [secret]"
