import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from genesys_provider import client as module
from genesys_provider.client import NAME, PAGE_SIZE, VERSION, Client
from genesys_provider.connection import Connection
from genesys_provider.errors import ConfigError, Conflict, GenesysError, NotFound, OwnershipError, RequestError
from tests.support.genesys_emulator import receiver
from tests.support.provider import ORG, Emulator, Waits
from tests.support.turns import Watched

HOOKS = "/api/v2/events/webhooks"
HOOK: dict[str, Any] = {"name": "a", "destinationUrl": "https://example.com"}


def connection(url: str, timeout_seconds: float = 120) -> Connection:
    return Connection(url, url, "sandbox-client", "sandbox-secret", ORG, timeout_seconds)


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(connection(emulator.served.url))


def nothing() -> None:
    return None


def test_every_call_says_which_application_it_comes_from(client: Client, emulator: Emulator) -> None:
    client.get(HOOKS)
    calls = emulator.door("GET", "calls")
    assert [call["path"] for call in calls] == ["/oauth/token", HOOKS]
    assert {(call["applicationName"], call["applicationVersion"]) for call in calls} == {(NAME, VERSION)}


def test_the_application_is_the_project() -> None:
    text = (Path(module.__file__).parents[1] / "pyproject.toml").read_text()
    assert re.findall(r'^(?:name|version) = "(.*)"', text, re.MULTILINE) == [NAME, VERSION]


def test_an_object_is_made_changed_read_and_deleted(client: Client, emulator: Emulator) -> None:
    made = client.post(HOOKS, HOOK, nothing)
    path = f"{HOOKS}/{made['id']}"
    assert client.put(path, {**HOOK, "method": "PUT"})["method"] == "PUT"
    assert client.get(path)["method"] == "PUT"
    client.delete(path)
    with pytest.raises(NotFound):
        client.get(path)
    assert emulator.calls() == ["POST /oauth/token", f"POST {HOOKS}"] + [
        f"{method} {path}" for method in ("PUT", "GET", "DELETE", "GET")
    ]


def test_a_listing_is_read_to_its_last_page(client: Client, emulator: Emulator) -> None:
    names = [f"hook-{number}" for number in range(2 * PAGE_SIZE + 1)]
    for name in names:
        client.post(HOOKS, {**HOOK, "name": name}, nothing)
    emulator.calls()
    assert [entity["name"] for entity in client.entities(HOOKS)] == names
    assert emulator.calls() == [f"GET {HOOKS}"] * 3
    assert [entity["name"] for entity, _ in zip(client.entities(HOOKS), range(3), strict=False)] == names[:3]
    assert emulator.calls() == [f"GET {HOOKS}"], "no page is asked for before it is needed"


def test_a_delivery_is_posted_once_and_without_the_token(client: Client) -> None:
    with receiver() as there:
        there.answers = [503]
        assert client.deliver(f"{there.url}/in?a=b", b"a body", {"X-Signature": "s"}) == (503, "")
    [received] = there.received
    assert (received.method, received.path, received.body) == ("POST", "/in?a=b", b"a body")
    assert received.headers["X-Signature"] == "s"
    assert "Authorization" not in received.headers


def test_a_delivery_that_nobody_answers_says_where_it_went(client: Client) -> None:
    with pytest.raises(GenesysError, match=r"^POST http://127.0.0.1:9/in: no answer: .*refused"):
        client.deliver("http://127.0.0.1:9/in", b"", {})


def test_an_empty_listing_is_one_call(client: Client, emulator: Emulator) -> None:
    assert list(client.entities(HOOKS)) == []
    assert emulator.calls() == ["POST /oauth/token", f"GET {HOOKS}"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_a_429_waits_as_long_as_it_says(method: str, client: Client, emulator: Emulator, waits: Waits) -> None:
    path = f"{HOOKS}/{client.post(HOOKS, HOOK, nothing)['id']}"
    emulator.fault(method, HOOKS if method == "POST" else path, times=2, status=429, headers={"Retry-After": "7"})
    calls: dict[str, Callable[[], object]] = {
        "GET": lambda: client.get(path),
        "PUT": lambda: client.put(path, HOOK),
        "DELETE": lambda: client.delete(path),
        "POST": lambda: client.post(HOOKS, {**HOOK, "name": "b"}, nothing),
    }
    calls[method]()
    assert waits == [7, 7]


def test_the_rate_limit_of_the_platform_is_waited_for(client: Client, emulator: Emulator, waits: Waits) -> None:
    client.get(HOOKS)
    emulator.door("POST", "ratelimit", {"allowed": 0, "windowSeconds": 40})
    with pytest.raises(
        RequestError, match=r"429 too.many.requests: .*; the rate limit is reached, and the server asks for \d+ s"
    ):
        client.get(HOOKS)
    assert waits
    assert sum(waits) <= 120


@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_what_passes_is_tried_again(status: int, client: Client, emulator: Emulator, waits: Waits) -> None:
    emulator.fault("GET", HOOKS, times=3, status=status)
    assert client.get(HOOKS)["total"] == 0
    assert len(waits) == 3


@pytest.mark.parametrize("status", [400, 403, 413, 415, 500])
def test_what_does_not_is_told_at_once(status: int, client: Client, emulator: Emulator, waits: Waits) -> None:
    emulator.fault("GET", HOOKS, status=status)
    with pytest.raises(RequestError, match=f"^GET {HOOKS}: {status} .*\\[correlation id "):
        client.get(HOOKS)
    assert waits == []


def test_a_dropped_connection_is_tried_again(client: Client, emulator: Emulator, waits: Waits) -> None:
    emulator.fault("GET", HOOKS, times=2, drop=True)
    assert client.get(HOOKS)["total"] == 0
    assert len(waits) == 2


def test_a_busy_token_endpoint_is_waited_for(client: Client, emulator: Emulator, waits: Waits) -> None:
    emulator.fault("POST", "/oauth/token", status=429, headers={"Retry-After": "5"})
    emulator.fault("POST", "/oauth/token", times=2, status=503)
    assert client.post(HOOKS, HOOK, nothing)["name"] == "a"
    assert waits[0] == 5
    assert len(waits) == 3
    assert emulator.calls() == ["POST /oauth/token"] * 4 + [f"POST {HOOKS}"]


def test_credentials_that_are_refused_are_not_tried_again(emulator: Emulator, waits: Waits) -> None:
    url = emulator.served.url
    client = Client(Connection(url, url, "sandbox-client", "wrong-secret", ORG))
    with pytest.raises(GenesysError, match=r"^POST /oauth/token: 400 invalid_client: authentication failed"):
        client.get(HOOKS)
    assert emulator.calls() == ["POST /oauth/token"]
    assert waits == []


def test_a_token_that_was_taken_back_is_renewed(client: Client, emulator: Emulator) -> None:
    client.get(HOOKS)
    emulator.door("POST", "tokens/revoke")
    emulator.calls()
    client.get(HOOKS)
    assert emulator.calls() == [f"GET {HOOKS}", "POST /oauth/token", f"GET {HOOKS}"]


def test_a_hanging_server_is_given_up_after_the_time_limit(emulator: Emulator, waits: Waits) -> None:
    client = Client(connection(emulator.served.url, timeout_seconds=0.2))
    emulator.fault("GET", HOOKS, times=9, delayMs=5000)
    began = time.monotonic()
    with pytest.raises(RequestError, match=r"no answer from 127.0.0.1:[0-9]+: timed out"):
        client.get(HOOKS)
    assert time.monotonic() - began < 3


def test_so_is_a_hanging_token_endpoint(emulator: Emulator, waits: Waits) -> None:
    client = Client(connection(emulator.served.url, timeout_seconds=0.2))
    emulator.fault("POST", "/oauth/token", times=9, delayMs=5000)
    began = time.monotonic()
    with pytest.raises(RequestError, match=r"^POST /oauth/token: no answer from 127.0.0.1:[0-9]+: timed out"):
        client.post(HOOKS, HOOK, nothing)
    assert time.monotonic() - began < 3
    assert set(emulator.calls()) == {"POST /oauth/token"}


class Scripted(httpx.MockTransport):
    """An API that answers as told, one after the other, and remembers what it was sent."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.bodies: list[Any] = []
        self._answers = list(answers)
        super().__init__(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "a-token", "expires_in": 3600})
        self.bodies.append(json.loads(request.content) if request.content else None)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def made(**fields: object) -> httpx.Response:
    return httpx.Response(201, json={"id": "new", **fields})


def scripted(*answers: httpx.Response | Exception) -> tuple[Client, Scripted]:
    transport = Scripted(*answers)
    return Client(connection("https://api.example.com"), transport), transport


class Look:
    """Finds what it is given, and counts how often it was asked."""

    def __init__(self, *found: dict[str, Any] | None) -> None:
        self._found = list(found)
        self.calls = 0

    def __call__(self) -> dict[str, Any] | None:
        self.calls += 1
        return self._found.pop(0) if self._found else None


LOST = [
    httpx.ReadTimeout("timed out"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("cut off"),
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(504),
    httpx.Response(408),
    httpx.Response(201, text='{"id": "n', headers={"Content-Type": "application/json"}),
    httpx.Response(201, json={"id": None}),
]


@pytest.mark.parametrize("answer", LOST, ids=repr)
def test_after_a_lost_answer_to_a_post_it_looks_before_it_posts_again(answer: httpx.Response | Exception) -> None:
    client, api = scripted(answer)
    look = Look({"id": "there"})
    assert client.post("/a", {}, look) == {"id": "there"}
    assert len(api.bodies) == 1, "not posted again"

    client, api = scripted(answer, answer, made())
    look = Look(None, None)
    assert client.post("/a", {"b": 1}, look) == {"id": "new"}
    assert api.bodies == [{"b": 1}] * 3
    assert look.calls == 2


@pytest.mark.parametrize("answer", [httpx.Response(409), httpx.Response(400, json={"code": "duplicate.name"})])
def test_after_a_duplicate_it_looks_for_it_before_it_posts_again(answer: httpx.Response, waits: Waits) -> None:
    client, api = scripted(answer)
    assert client.post("/a", {}, Look({"id": "there"})) == {"id": "there"}
    assert len(api.bodies) == 1
    client, api = scripted(*[answer] * 8)
    look = Look()
    with pytest.raises(Conflict):
        client.post("/a", {}, look)
    assert look.calls == len(api.bodies) == 8
    assert len(waits) == 8 - 1 + 1


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("refused"), httpx.ConnectTimeout("timed out"), httpx.Response(429)], ids=repr
)
def test_what_certainly_made_nothing_is_posted_again_without_a_look(answer: httpx.Response | Exception) -> None:
    client, _ = scripted(answer, made())
    look = Look()
    assert client.post("/a", {}, look) == {"id": "new"}
    assert look.calls == 0


def test_a_post_gives_up_after_so_many_tries() -> None:
    transport = Scripted(*[httpx.Response(503)] * 9)
    client = Client(replace(connection("https://api.example.com"), max_attempts=3), transport)
    with pytest.raises(RequestError, match="503"):
        client.post("/a", {}, Look())
    assert len(transport.bodies) == 3


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
def test_what_the_rate_limit_holds_back_is_told_by_its_method(method: str) -> None:
    client, _ = scripted(httpx.Response(429, headers={"Retry-After": "500"}))
    calls: dict[str, Callable[[], object]] = {
        "GET": lambda: client.get("/a"),
        "PUT": lambda: client.put("/a", {}),
        "DELETE": lambda: client.delete("/a"),
        "POST": lambda: client.post("/a", {}, nothing),
        "PATCH": lambda: client.patch("/a", {}),
    }
    with pytest.raises(RequestError, match=r"^GET /b: 429"):
        client.get("/b")
    with pytest.raises(RequestError, match=f"^{method} /a: held back, as another request met the rate limit: "):
        calls[method]()


def test_so_is_a_listing() -> None:
    client, _ = scripted(httpx.Response(429, headers={"Retry-After": "500"}))
    with pytest.raises(RequestError, match=r"^GET /b: 429"):
        client.get("/b")
    with pytest.raises(RequestError, match=r"^GET /a: held back, "):
        next(client.entities("/a"))


def test_what_is_asked_for_goes_with_the_url() -> None:
    seen: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={"access_token": "a-token"})

    Client(connection("https://api.example.com"), httpx.MockTransport(answer)).get("/a", expand="b", pageSize=1)
    assert str(seen[-1]) == "https://api.example.com/a?expand=b&pageSize=1"


def test_a_refused_post_is_told_without_a_look() -> None:
    client, _ = scripted(httpx.Response(400, json={"code": "bad.request", "message": "no"}))
    look = Look()
    with pytest.raises(RequestError, match=r"400 bad.request: no"):
        client.post("/a", {}, look)
    assert look.calls == 0


def test_once_in_doubt_it_looks_each_time_and_at_the_end() -> None:
    client, api = scripted(httpx.ReadError("reset"), *[httpx.Response(429)] * 7)
    look = Look(*[None] * 7, {"id": "late"})
    assert client.post("/a", {}, look) == {"id": "late"}
    assert len(api.bodies) == look.calls == 8


def test_what_the_look_refuses_ends_it() -> None:
    client, api = scripted(httpx.ReadError("reset"))

    def look() -> None:
        raise OwnershipError("another's")

    with pytest.raises(OwnershipError):
        client.post("/a", {}, look)
    assert len(api.bodies) == 1


def test_a_post_with_looks_in_between_keeps_one_time_limit(waits: Waits) -> None:
    client, _ = scripted(*[httpx.Response(503, headers={"Retry-After": "20"})] * 50)

    def look() -> None:
        client.get("/a")

    with pytest.raises(GenesysError, match=r"^POST /a: 503"):
        client.post("/a", {}, look)
    assert waits == [20] * 5


@pytest.mark.parametrize("last", [httpx.Response(503), httpx.Response(403), GenesysError("POST /oauth/token: 400: no")])
def test_a_look_that_fails_does_not_hide_the_post(last: httpx.Response | GenesysError) -> None:
    client, api = scripted(httpx.ReadError("reset"), *[last if isinstance(last, httpx.Response) else made()] * 8)

    def look() -> None:
        client.get("/a")
        if isinstance(last, GenesysError):
            raise last

    with pytest.raises(GenesysError) as failed:
        client.post("/a", {}, look)
    text = str(failed.value)
    assert text.startswith(
        "POST /a: no answer from api.example.com: reset; whether it was made is not known, as looking for it failed"
        f" too: {last if isinstance(last, GenesysError) else f'GET /a: {last.status_code}: '}"
    )
    assert text.endswith("; `up` again, without renaming it: what was made is taken over")
    assert "\n" not in text
    assert api.bodies.count({}) == 1, "it is posted again only when it was looked for"


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (httpx.Response(503, json={"message": "busy; sorry; bye"}), "503: busy; sorry; bye; whether"),
        (
            httpx.Response(201, html="<html>"),
            r"201, but the answer \(text/html\) is no JSON object: is .* host\?; whether",
        ),
    ],
    ids=["busy", "a page"],
)
def test_what_the_platform_said_of_it_is_told_then(lost: httpx.Response, told: str) -> None:
    client, _ = scripted(lost, httpx.Response(403))
    with pytest.raises(GenesysError, match=f"^POST /a: {told}"):
        client.post("/a", {}, lambda: client.get("/a"))


def test_one_who_had_no_time_left_to_look_is_told_so(waits: Waits) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/oauth/token":
            waits.sleep(121)
            raise httpx.ReadTimeout("timed out")
        return httpx.Response(200, json={"access_token": "a-token"})

    client = Client(connection("https://api.example.com"), httpx.MockTransport(slow))
    with pytest.raises(
        GenesysError,
        match=r"^POST /a: no answer from .*: timed out; .* GET /a: held back, as the time for it is over: raise",
    ):
        client.post("/a", {}, lambda: next(client.entities("/a"), None))


def test_a_500_of_the_listing_is_repeated_as_a_creation_hangs_on_it() -> None:
    client, _ = scripted(httpx.ReadError("reset"), httpx.Response(500), page("there"))
    assert client.post("/a", {}, lambda: next(client.entities("/a"))) == {"id": "there"}


def page(*ids: str, more: bool = True) -> httpx.Response:
    return httpx.Response(200, json={"entities": [{"id": id_} for id_ in ids], "nextUri": "/more" if more else None})


def test_a_page_without_anything_new_is_the_last_one() -> None:
    client, api = scripted(page("a", "b"), page("b", "c"), page("b", "c"))
    assert [entity["id"] for entity in client.entities("/a")] == ["a", "b", "c"]
    assert len(api.bodies) == 3


def test_an_empty_page_is_not_the_last_one_where_it_tells_of_more() -> None:
    empty = httpx.Response(200, json={"entities": [], "nextUri": "/more", "pageCount": 3})
    client, api = scripted(page("a"), empty, page("b", more=False))
    assert [entity["id"] for entity in client.entities("/a")] == ["a", "b"]
    assert len(api.bodies) == 3
    client, api = scripted(page("a"), empty, empty, empty)
    assert [entity["id"] for entity in client.entities("/a")] == ["a"]
    assert len(api.bodies) == 3
    client, api = scripted(page("a"), page(), page())
    assert [entity["id"] for entity in client.entities("/a")] == ["a"]
    assert len(api.bodies) == 2


def test_what_was_listed_once_is_known_and_one_thread_lists_for_all() -> None:
    asked: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "a-token"})
        asked.append(f"{request.url.path} {request.url.params.get('expand')}")
        if request.url.path == "/slow":
            begun.set()
            assert go_on.wait(30)
        return page("a", more=False)

    client = Client(replace(connection("https://api.example.com"), timeout_seconds=0.3), httpx.MockTransport(answer))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.listed, "/slow", expand="x")
        assert begun.wait(30)
        assert [each["id"] for each in client.listed("/other")] == ["a"], "another listing is not waited for"
        with pytest.raises(RequestError, match=r"^GET /slow: held back, as it was not answered in time when another"):
            client.listed("/slow", expand="x")
        go_on.set()
        assert first.result() == client.listed("/slow", expand="x") == [{"id": "a"}]
    assert asked == ["/slow x", "/other None"]


def test_an_empty_answer_is_none_where_there_has_to_be_one() -> None:
    client, _ = scripted(httpx.Response(200))
    with pytest.raises(RequestError, match=r"^GET /a: 200, but the answer \(no content type\) is no JSON object"):
        client.get("/a")
    client, _ = scripted(httpx.Response(201))
    assert client.post("/a", {}, Look({"id": "there"})) == {"id": "there"}
    client, _ = scripted(httpx.Response(204), httpx.Response(204))
    assert (client.put("/a", {}), client.patch("/a", {})) == ({}, {})


def test_a_listing_keeps_the_time_limit_as_a_whole(waits: Waits) -> None:
    client, api = scripted(*[page(str(number)) for number in range(9)])
    entities = client.entities("/a")
    for number in range(3):
        assert next(entities)["id"] == str(number)
        waits.sleep(50)
    with pytest.raises(RequestError, match=r"^GET /a: held back, as the time for it is over: raise genesys:timeout"):
        next(entities)
    assert len(api.bodies) == 3


def test_after_a_wait_a_request_may_take_what_is_left(waits: Waits) -> None:
    seen: list[dict[str, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "a-token"})
        return httpx.Response(503, headers={"Retry-After": "115"})

    with pytest.raises(RequestError):
        Client(connection("https://api.example.com"), httpx.MockTransport(answer)).get("/a")
    assert [timeout["read"] for timeout in seen] == pytest.approx([30, 30, 5], abs=0.1)
    assert [timeout["connect"] for timeout in seen] == pytest.approx([10, 10, 5], abs=0.1)


@dataclass
class Trickle(httpx.SyncByteStream):
    """An answer that comes in bytes, one each second, and never ends."""

    waits: Waits
    closed: bool = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.waits.sleep(1)
            assert sum(self.waits) < 200, "it is read for ever"
            yield b" "

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("trickling", ["/oauth/token", "/a"])
def test_an_answer_that_never_ends_is_given_up_after_the_time_limit(trickling: str, waits: Waits) -> None:
    stream = Trickle(waits)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == trickling:
            return httpx.Response(200, stream=stream)
        return httpx.Response(200, json={"access_token": "a-token"})

    client = Client(connection("https://api.example.com"), httpx.MockTransport(answer))
    with pytest.raises(RequestError, match=rf"^\w+ {trickling}: no answer from api\.example\.com: timed out"):
        client.get("/a")
    assert len(waits) == 120
    assert stream.closed


def test_a_429_that_names_no_wait_does_not_use_up_the_tries_at_once(waits: Waits) -> None:
    client, _ = scripted(*[httpx.Response(429, headers={"Retry-After": "0"})] * 7, made())
    assert client.get("/a") == {"id": "new"}
    assert len(waits) == 7
    assert 0 not in waits


@pytest.mark.parametrize("answer", [httpx.Response(404), httpx.Response(403), httpx.Response(200, json={"name": "a"})])
def test_a_host_may_not_say_which_organisation_it_is_and_is_asked_once(answer: httpx.Response) -> None:
    client, api = scripted(answer)
    assert [client.organisation(), client.organisation()] == ["", ""]
    assert len(api.bodies) == 1


def test_the_organisation_is_asked_for_once() -> None:
    client, api = scripted(httpx.Response(200, json={"id": ORG}))
    assert [client.organisation(), client.organisation()] == [ORG, ORG]
    assert len(api.bodies) == 1


def test_who_waited_for_the_organisation_fails_like_the_one_who_asked() -> None:
    """Each would else begin anew, and all together wait for many times the limit."""
    queue = Watched()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "a-token"})
        asked.append(request.url.path)
        queue.until_there_are(4)
        return httpx.Response(503)

    asked: list[str] = []
    client = Client(replace(connection("https://api.example.com"), max_attempts=3), httpx.MockTransport(answer))
    client._organisation_turn._lock = queue  # type: ignore[assignment]
    with ThreadPoolExecutor(4) as threads:
        for result in [threads.submit(client.organisation) for _ in range(4)]:
            with pytest.raises(RequestError, match=r"^GET /api/v2/organizations/me: 503"):
                result.result(10)
    assert len(asked) == 3


def test_waiting_for_the_organisation_keeps_the_time_limit() -> None:
    client = Client(connection("https://api.example.com", timeout_seconds=0.05), httpx.MockTransport(lambda _: made()))
    with (
        client._organisation_turn.taken(),
        pytest.raises(
            RequestError, match=r"^GET /api/v2/organizations/me: held back, .*: raise genesys:timeoutSeconds$"
        ),
    ):
        client.organisation()


def test_a_page_instead_of_the_api_points_at_the_setting() -> None:
    client, _ = scripted(httpx.Response(200, html="<html>Welcome</html>"))
    with pytest.raises(RequestError, match=r"is genesys:apiUrl the API's host\?"):
        client.get("/a")


def test_it_asks_for_json_as_some_gateways_answer_with_a_page_otherwise() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "a-token"})
        wanted = request.headers.get("Accept") == "application/json"
        return httpx.Response(200, json={}) if wanted else httpx.Response(200, html="<html>Welcome</html>")

    assert Client(connection("https://api.example.com"), httpx.MockTransport(answer)).get("/a") == {}


@pytest.mark.parametrize(("limit", "connect", "answer"), [(120, 10, 30), (20, 10, 20), (5, 5, 5)])
def test_neither_a_connection_nor_an_answer_is_waited_for_without_end(
    limit: float, connect: float, answer: float
) -> None:
    seen: list[dict[str, float]] = []

    def hang(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        raise httpx.UnsupportedProtocol("enough")

    with pytest.raises(RequestError):
        Client(connection("https://api.example.com", limit), httpx.MockTransport(hang)).get("/a")
    wanted = {"connect": connect, "read": answer, "write": answer, "pool": answer}
    assert seen == [pytest.approx(wanted, abs=0.1)]


def test_a_redirect_is_not_followed() -> None:
    client, api = scripted(httpx.Response(302, headers={"Location": "https://elsewhere.example.com/"}))
    with pytest.raises(RequestError, match="redirects are not followed"):
        client.get("/a")
    assert len(api.bodies) == 1


def test_nothing_is_sent_when_pulumi_has_ended(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "orphaned", lambda: True)
    with pytest.raises(GenesysError, match=r"^pulumi has ended: nothing more is sent$"):
        client.post(HOOKS, HOOK, nothing)
    assert emulator.calls() == []


def test_this_machine_is_not_reached_through_a_proxy(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert Client(connection(emulator.served.url)).get(HOOKS)["total"] == 0


def test_nor_does_it_matter_here_that_the_environment_names_a_proxy_of_another_kind(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    assert Client(connection(emulator.served.url)).get(HOOKS)["total"] == 0


def test_a_host_that_stands_for_no_name_is_not_taken_for_a_wrong_proxy() -> None:
    says = "genesys:loginUrl or genesys:apiUrl has a host that begins with xn-- and stands for no name: correct it"
    with pytest.raises(ConfigError, match=f"^{says}$"):
        Client(connection("https://xn--0.example.com"))
