"""Webhooks and subscriptions: what is taken, what is refused, and how it is told."""

import json
from typing import Any

import httpx
import pytest

from tests.support.genesys_emulator import SUBSCRIPTION, SUBSCRIPTIONS, WEBHOOK, WEBHOOKS, Emulator

BOTH = pytest.mark.parametrize("path", [WEBHOOKS, SUBSCRIPTIONS])
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def body(emulator: Emulator, path: str, **changed: Any) -> dict[str, Any]:
    """A good body for a new entity."""
    if path == WEBHOOKS:
        return {**WEBHOOK, **changed}
    return {**SUBSCRIPTION, "webhookId": emulator.webhook(name="of the subscription")["id"], **changed}


def fields(response: httpx.Response) -> list[tuple[str, str]]:
    assert response.status_code == 400, response.text
    return [(detail["fieldName"], detail["errorCode"]) for detail in response.json()["details"]]


def test_a_webhook_gets_id_dates_and_defaults(emulator: Emulator) -> None:
    made = emulator.api.post(WEBHOOKS, json={"name": "least", "destinationUrl": "https://example.com"})
    assert made.status_code == 201
    webhook = made.json()
    assert {
        name: webhook[name] for name in webhook if name not in ("id", "dateCreated", "dateModified", "selfUri")
    } == {
        "name": "least",
        "description": "",
        "destinationUrl": "https://example.com",
        "method": "POST",
        "enabled": True,
        "headerOverrides": {},
        "retryPolicy": {"retryCount": 3, "retryIntervalSeconds": 10},
    }
    assert webhook["dateCreated"] == webhook["dateModified"]
    assert emulator.read(webhook) == webhook


def test_a_subscription_gets_defaults(emulator: Emulator) -> None:
    webhook = emulator.webhook()
    least = {"name": "least", "filter": {"eventType": ["conversation.event"]}, "webhookId": webhook["id"]}
    made = emulator.api.post(SUBSCRIPTIONS, json=least)
    assert made.status_code == 201
    subscription = made.json()
    assert subscription["filter"] == {"eventType": ["conversation.event"], "attributes": {}}
    assert (subscription["enabled"], subscription["deliveryMode"]) == (True, "PUSH")
    assert (subscription["transform"], subscription["description"]) == (None, "")
    assert emulator.read(subscription) == subscription


WRONG_WEBHOOK: list[tuple[str, Any, str]] = [
    ("name", "", "invalid.value"),
    ("name", "   ", "invalid.value"),
    ("name", "x" * 129, "invalid.value"),
    ("name", 7, "invalid.value"),
    ("name", None, "required.field.missing"),
    ("description", "x" * 1001, "invalid.value"),
    ("description", ["x"], "invalid.value"),
    ("destinationUrl", None, "required.field.missing"),
    ("destinationUrl", "http://example.com/hook", "invalid.value"),
    ("destinationUrl", "http://10.0.0.1/hook", "invalid.value"),
    ("destinationUrl", "http://localhost.example.com/hook", "invalid.value"),
    ("destinationUrl", "http://127.0.0.1@example.com/", "invalid.value"),
    ("destinationUrl", "https://user:secret@example.com/", "invalid.value"),
    ("destinationUrl", "https://user@example.com/", "invalid.value"),
    ("destinationUrl", "https://", "invalid.value"),
    ("destinationUrl", "https://example.com:99999/", "invalid.value"),
    ("destinationUrl", "https://exa mple.com/", "invalid.value"),
    ("destinationUrl", "https://example.com/\r\nx", "invalid.value"),
    ("destinationUrl", "https://example.com/#part", "invalid.value"),
    ("destinationUrl", "ftp://example.com/", "invalid.value"),
    ("destinationUrl", "example.com", "invalid.value"),
    ("destinationUrl", 1, "invalid.value"),
    ("method", "GET", "invalid.value"),
    ("method", "post", "invalid.value"),
    ("enabled", "true", "invalid.value"),
    ("enabled", 1, "invalid.value"),
    ("signingKey", "", "invalid.value"),
    ("signingKey", 12, "invalid.value"),
    ("headerOverrides", ["x"], "invalid.value"),
    ("headerOverrides", {"X-A": 1}, "invalid.value"),
    ("headerOverrides", {"X A": "b"}, "invalid.value"),
    ("headerOverrides", {"X-A": "b\r\nX-C: d"}, "invalid.value"),
    ("headerOverrides", {"Content-Length": "3"}, "invalid.value"),
    ("headerOverrides", {"host": "example.org"}, "invalid.value"),
    ("retryPolicy", 3, "invalid.value"),
    ("retryPolicy.retryCount", 11, "invalid.value"),
    ("retryPolicy.retryCount", -1, "invalid.value"),
    ("retryPolicy.retryCount", True, "invalid.value"),
    ("retryPolicy.retryCount", 2.5, "invalid.value"),
    ("retryPolicy.retryIntervalSeconds", 0, "invalid.value"),
    ("retryPolicy.retryIntervalSeconds", 301, "invalid.value"),
    ("retryPolicy.retries", 3, "unknown.field"),
    ("destinationURL", "https://example.com", "unknown.field"),
]
WRONG_SUBSCRIPTION: list[tuple[str, Any, str]] = [
    ("name", "x" * 129, "invalid.value"),
    ("name", None, "required.field.missing"),
    ("description", "x" * 1001, "invalid.value"),
    ("filter", "routing.queueEvent", "invalid.value"),
    ("filter.eventType", None, "required.field.missing"),
    ("filter.eventType", [], "invalid.value"),
    ("filter.eventType", "routing.queueEvent", "invalid.value"),
    ("filter.eventType", ["routing.queueEvents"], "invalid.value"),
    ("filter.eventType", [["routing.queueEvent"]], "invalid.value"),
    ("filter.attributes", {"queueId": 1}, "invalid.value"),
    ("filter.attributes", [], "invalid.value"),
    ("filter.topics", ["x"], "unknown.field"),
    ("enabled", "yes", "invalid.value"),
    ("deliveryMode", "PULL", "invalid.value"),
    ("webhookId", None, "required.field.missing"),
    ("webhookId", "7c2c33e0-0000-0000-0000-000000000000", "invalid.value"),
    ("webhookId", ["x"], "invalid.value"),
    ("webhookID", "x", "unknown.field"),
]


@pytest.mark.parametrize(
    ("path", "field", "value", "code"),
    [(WEBHOOKS, *wrong) for wrong in WRONG_WEBHOOK] + [(SUBSCRIPTIONS, *wrong) for wrong in WRONG_SUBSCRIPTION],
)
def test_a_wrong_field_is_refused_by_name_on_post_and_put(
    emulator: Emulator, path: str, field: str, value: Any, code: str
) -> None:
    wrong = body(emulator, path)
    good = emulator.api.post(path, json=wrong).json()
    outer, _, inner = field.partition(".")
    wrong |= {"name": "other"}
    wrong[outer] = {**wrong[outer], inner: value} if inner else value
    before = emulator.api.get(path).json()
    for response in (emulator.api.post(path, json=wrong), emulator.api.put(good["selfUri"], json=wrong)):
        assert fields(response) == [(field, code)]
        assert response.json()["code"] == code
        assert field in response.json()["message"]
    assert emulator.api.get(path).json() == before


def test_all_wrong_fields_are_told_at_once_and_no_value_is_repeated(emulator: Emulator) -> None:
    canary = "hunter2"
    response = emulator.api.post(
        WEBHOOKS,
        json={"signingKey": [canary], "headerOverrides": {"A": [canary]}, "destinationUrl": f"http://{canary}"},
    )
    assert {name for name, _ in fields(response)} == {"name", "signingKey", "headerOverrides", "destinationUrl"}
    assert canary not in response.text


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=c",
        "http://127.0.0.1:4566/x",
        "http://localhost/x",
        "http://[::1]:80/",
        "http://127.9.9.9",
    ],
)
def test_https_anywhere_and_http_to_this_machine_are_taken(emulator: Emulator, url: str) -> None:
    assert emulator.webhook(destinationUrl=url)["destinationUrl"] == url


@pytest.mark.parametrize(
    "edge",
    [
        {"name": "x" * 128},
        {"description": "x" * 1000},
        {"retryPolicy": {"retryCount": 0, "retryIntervalSeconds": 1}},
        {"retryPolicy": {"retryCount": 10, "retryIntervalSeconds": 300}},
        {"method": "PUT"},
        {"enabled": False},
    ],
)
def test_the_edges_are_inside(emulator: Emulator, edge: dict[str, Any]) -> None:
    assert edge.items() <= emulator.webhook(**edge).items()


@BOTH
def test_a_name_exists_once_of_each_kind(emulator: Emulator, path: str) -> None:
    first = emulator.api.post(path, json=body(emulator, path, name="one")).json()
    again = {**body(emulator, path, name="one")} if path == WEBHOOKS else {**first, "id": "x"}
    response = emulator.api.post(path, json=again)
    assert (response.status_code, response.json()["code"]) == (409, "duplicate.name")
    second = emulator.api.post(path, json={**again, "name": "two"}).json()
    assert emulator.api.put(second["selfUri"], json={**again, "name": "one"}).status_code == 409
    assert emulator.api.put(second["selfUri"], json={**again, "name": "two"}).status_code == 200
    assert emulator.read(second)["name"] == "two"


@BOTH
def test_a_put_replaces_everything_but_id_and_creation(emulator: Emulator, path: str) -> None:
    given = body(emulator, path, description="long", enabled=False)
    old = emulator.api.post(path, json=given).json()
    emulator.door("POST", "clock", advanceSeconds=5)
    least = {name: given[name] for name in ("name", "destinationUrl", "filter", "webhookId") if name in given}
    response = emulator.api.put(old["selfUri"], json=least)
    assert response.status_code == 200
    new = response.json()
    assert (new["description"], new["enabled"]) == ("", True)
    assert (new["id"], new["dateCreated"]) == (old["id"], old["dateCreated"])
    assert new["dateModified"] > old["dateModified"]
    assert emulator.read(old) == new


@BOTH
def test_what_was_read_can_be_put_back(emulator: Emulator, path: str) -> None:
    old = emulator.api.post(path, json=body(emulator, path)).json()
    claimed = {**old, "id": "another", "dateCreated": "2001-01-01T00:00:00.000Z", "description": "changed"}
    new = emulator.api.put(old["selfUri"], json=claimed).json()
    assert {**new, "dateModified": ""} == {**old, "description": "changed", "dateModified": ""}


@BOTH
def test_a_deleted_one_is_gone(emulator: Emulator, path: str) -> None:
    made = emulator.api.post(path, json=body(emulator, path)).json()
    response = emulator.api.delete(made["selfUri"])
    assert (response.status_code, response.content) == (204, b"")
    for method in ("GET", "PUT", "DELETE"):
        response = emulator.api.request(method, made["selfUri"], json=made if method == "PUT" else None)
        assert (response.status_code, response.json()["code"]) == (404, "not.found")
    same = {name: made[name] for name in made if name not in ("id", "selfUri")}
    assert emulator.api.post(path, json=same).status_code == 201, "its name is free again"


def test_a_deleted_webhook_leaves_its_subscriptions(emulator: Emulator) -> None:
    webhook = emulator.webhook()
    subscription = emulator.subscription(webhook)
    assert emulator.api.delete(webhook["selfUri"]).status_code == 204
    assert emulator.read(subscription) == subscription


def test_the_signing_key_is_never_told(emulator: Emulator) -> None:
    key = "canary-key"
    made = emulator.api.post(WEBHOOKS, json={**WEBHOOK, "signingKey": key})
    uri = made.json()["selfUri"]
    answers = [made, emulator.api.get(uri), emulator.api.get(WEBHOOKS), emulator.api.put(uri, json=WEBHOOK)]
    assert all(key not in answer.text and "signingKey" not in answer.text for answer in answers)


@BOTH
@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad.request"),
        (b"", "application/json", 400, "bad.request"),
        (b"[]", "application/json", 400, "bad.request"),
        (b"null", "application/json", 400, "bad.request"),
        (b'{"name": NaN}', "application/json", 400, "bad.request"),
        (b'{"transform": 1e999}', "application/json", 400, "bad.request"),
        (b'{"name": "\xff"}', "application/json", 400, "bad.request"),
        (b"[" * 100_000, "application/json", 400, "bad.request"),
        (b"{}", "text/plain", 415, "unsupported.media.type"),
        (b"{}", "application/x-www-form-urlencoded", 415, "unsupported.media.type"),
        (b'"' + b"x" * 1024 * 1024 + b'"', "application/json", 413, "payload.too.large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    emulator: Emulator, path: str, content: bytes, kind: str, status: int, code: str
) -> None:
    response = emulator.api.post(path, content=content, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("change", [{"description": "\ud83d"}, {"\ud83d": 1}, {"headerOverrides": {"\ud83d": "x"}}])
def test_half_a_surrogate_pair_is_refused(emulator: Emulator, change: dict[str, Any]) -> None:
    content = json.dumps({**WEBHOOK, **change})
    response = emulator.api.post(WEBHOOKS, content=content, headers={"Content-Type": "application/json; charset=utf-8"})
    assert (response.status_code, response.json()["code"]) == (400, "bad.request")


def test_numbers_and_text_come_back_as_they_were(emulator: Emulator) -> None:
    transform = {"big": 2**63 - 1, "bigger": 10**30, "small": -(2**63), "text": 'é"\\😀\u2028', "half": 0.5, "no": None}
    subscription = emulator.subscription(emulator.webhook(name='é "😀"'), transform=transform)
    assert emulator.read(subscription)["transform"] == transform
    assert str(10**30) in emulator.api.get(SUBSCRIPTIONS).text


@BOTH
def test_pages_tell_where_the_others_are(emulator: Emulator, path: str) -> None:
    made = [
        emulator.api.post(path, json={**body(emulator, path), "name": f"n{number}"}).json()
        if path == WEBHOOKS or number == 0
        else emulator.api.post(path, json={**first, "name": f"n{number}"}).json()
        for number in range(5)
        for first in [emulator.api.get(path).json()["entities"][0] if number else {}]
    ]
    first = emulator.api.get(path, params={"pageSize": 2}).json()
    uri = f"{path}?pageSize=2&pageNumber="
    assert [entity["id"] for entity in first["entities"]] == [entity["id"] for entity in made[:2]]
    assert {name: first[name] for name in first if name != "entities"} == {
        "pageSize": 2,
        "pageNumber": 1,
        "total": 5,
        "pageCount": 3,
        "firstUri": f"{uri}1",
        "lastUri": f"{uri}3",
        "selfUri": f"{uri}1",
        "nextUri": f"{uri}2",
    }
    second = emulator.api.get(first["nextUri"]).json()
    last = emulator.api.get(second["nextUri"]).json()
    assert [entity["id"] for entity in second["entities"] + last["entities"]] == [entity["id"] for entity in made[2:]]
    assert "nextUri" not in last
    assert (second["previousUri"], last["previousUri"]) == (f"{uri}1", f"{uri}2")
    beyond = emulator.api.get(path, params={"pageSize": 2, "pageNumber": 9}).json()
    assert (beyond["entities"], beyond["total"], "nextUri" in beyond) == ([], 5, False)


@BOTH
def test_pages_have_25_entities_unless_asked_and_100_at_most(emulator: Emulator, path: str) -> None:
    empty = emulator.api.get(path).json()
    assert (empty["entities"], empty["pageSize"], empty["total"], empty["pageCount"]) == ([], 25, 0, 0)
    assert "nextUri" not in empty
    assert emulator.api.get(path, params={"pageSize": 100}).status_code == 200
    for query in (
        "pageSize=101",
        "pageSize=0",
        "pageSize=x",
        "pageSize=",
        "pageNumber=0",
        "pageNumber=-1",
        f"pageNumber={'9' * 5000}",
    ):
        response = emulator.api.get(f"{path}?{query}")
        assert fields(response) == [(query.partition("=")[0], "invalid.value")]


@BOTH
def test_there_is_no_filter_by_name(emulator: Emulator, path: str) -> None:
    emulator.api.post(path, json=body(emulator, path))
    assert emulator.api.get(path, params={"name": "nobody"}).json()["total"] == 1


@pytest.mark.parametrize(
    ("scope", "requests"),
    [
        ("event:webhook:read", [("GET", WEBHOOKS), ("GET", f"{WEBHOOKS}/x"), ("GET", f"{WEBHOOKS}/x/deliveries")]),
        ("event:webhook:write", [("POST", WEBHOOKS), ("PUT", f"{WEBHOOKS}/x"), ("DELETE", f"{WEBHOOKS}/x")]),
        ("event:subscription:read", [("GET", SUBSCRIPTIONS), ("GET", f"{SUBSCRIPTIONS}/x")]),
        (
            "event:subscription:write",
            [("POST", SUBSCRIPTIONS), ("PUT", f"{SUBSCRIPTIONS}/x"), ("DELETE", f"{SUBSCRIPTIONS}/x")],
        ),
    ],
)
def test_a_missing_permission_is_named(emulator: Emulator, scope: str, requests: list[tuple[str, str]]) -> None:
    before = emulator.door("GET", "scopes")["scopes"]
    assert scope in before
    taken = emulator.door("POST", "scopes", remove=[scope])
    assert taken["scopes"] == [other for other in before if other != scope]
    for method, path in requests:
        answer = emulator.api.request(method, path)
        assert answer.status_code == 403
        error = answer.json()
        assert error["code"] == "missing.any.permissions"
        assert error["messageParams"] == {"permissions": f"[{scope}]"}
        assert error["message"].endswith(f"permissions assigned: [{scope}]")
    emulator.door("POST", "scopes", add=[scope])
    assert all(emulator.api.request(method, path).status_code != 403 for method, path in requests)


def test_every_answer_has_the_platforms_headers(emulator: Emulator) -> None:
    answers = [
        emulator.api.get(WEBHOOKS),
        emulator.api.post(WEBHOOKS, json=WEBHOOK),
        emulator.api.post(WEBHOOKS, json={}),
        emulator.api.get("/nowhere"),
        emulator.plain.get(WEBHOOKS),
        emulator.plain.post("/oauth/token"),
    ]
    ids = [answer.headers["ININ-Correlation-Id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-cache, no-store, must-revalidate"
        assert answer.headers["inin-ratelimit-allowed"] == "300"
        assert {"inin-ratelimit-count", "inin-ratelimit-reset"} <= set(answer.headers)
    assert [call["correlationId"] for call in emulator.door("GET", "calls")] == ids


def test_an_error_has_the_platforms_envelope(emulator: Emulator) -> None:
    answer = emulator.api.get(f"{WEBHOOKS}/unknown")
    assert answer.json() == {
        "message": "The requested resource was not found.",
        "code": "not.found",
        "status": 404,
        "contextId": answer.headers["ININ-Correlation-Id"],
        "details": [],
        "errors": [],
    }


@pytest.mark.parametrize("path", ["/", "/api/v2/events", "/api/v2/users", f"{WEBHOOKS}/", "/oauth/token/"])
def test_an_unknown_path_is_404(emulator: Emulator, path: str) -> None:
    answer = emulator.api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not.found")


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", WEBHOOKS), ("DELETE", WEBHOOKS), ("POST", f"{WEBHOOKS}/x"), ("GET", "/oauth/token")]
)
def test_another_method_is_405(emulator: Emulator, method: str, path: str) -> None:
    answer = emulator.api.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (405, 405)
    assert answer.headers["Allow"]


def test_too_many_requests_are_told_how_long_to_wait(emulator: Emulator) -> None:
    emulator.door("POST", "ratelimit", allowed=2, windowSeconds=30)
    answers = [emulator.api.get(WEBHOOKS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["inin-ratelimit-count"] for answer in answers] == ["1", "2", "2"]
    refused = answers[2]
    assert refused.headers["Retry-After"] == refused.headers["inin-ratelimit-reset"]
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= 30
    error = refused.json()
    assert (error["code"], error["message"]) == (
        "too.many.requests",
        f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
    )
    emulator.log_in()
    assert emulator.api.get(WEBHOOKS).status_code == 200, "the limit is one token's"


def test_a_limit_can_be_one_that_only_a_429_tells_of(emulator: Emulator) -> None:
    emulator.door("POST", "ratelimit", allowed=1, windowSeconds=30, headers=False)
    answers = [emulator.api.get(WEBHOOKS) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert not [name for answer in answers for name in answer.headers if name.startswith("inin-ratelimit")]
    assert answers[1].headers["Retry-After"] == "30"


def test_the_rate_limit_ends_with_its_window(emulator: Emulator) -> None:
    emulator.door("POST", "ratelimit", allowed=1, windowSeconds=30)
    assert [emulator.api.get(WEBHOOKS).status_code for _ in range(2)] == [200, 429]
    emulator.door("POST", "clock", advanceSeconds=30)
    assert emulator.api.get(WEBHOOKS).status_code == 200


def test_answers_come_at_once(emulator: Emulator) -> None:
    """Not after the 40 ms that TCP waits for more to send, when it is let."""
    times = [emulator.api.get(WEBHOOKS).elapsed.total_seconds() for _ in range(20)]
    assert min(times) < 0.03


def test_300_requests_a_minute_are_allowed(emulator: Emulator) -> None:
    answer = emulator.api.get(WEBHOOKS)
    assert answer.headers["inin-ratelimit-allowed"] == "300"
    assert int(answer.headers["inin-ratelimit-reset"]) in (59, 60)
    assert emulator.door("GET", "ratelimit") == {"allowed": 300, "windowSeconds": 60, "headers": True}
