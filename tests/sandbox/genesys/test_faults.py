"""Faults on order: what the client sees, and what was done all the same; and what the call log keeps."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.genesys_emulator import CLIENT, SUBSCRIPTIONS, WEBHOOK, WEBHOOKS, Emulator
from tests.support.waiting import until


def names(emulator: Emulator) -> list[str]:
    return [entity["name"] for entity in emulator.api.get(WEBHOOKS).json()["entities"]]


def statuses(emulator: Emulator) -> list[int | None]:
    return [call["status"] for call in emulator.door("GET", "calls")]


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", [WEBHOOK["name"]])])
def test_a_status_instead_of_the_answer(emulator: Emulator, when: str, done: list[str]) -> None:
    emulator.door("POST", "faults", method="POST", path=WEBHOOKS, status=503, when=when)
    response = emulator.api.post(WEBHOOKS, json=WEBHOOK)
    assert (response.status_code, response.json()["code"]) == (503, "service.unavailable")
    assert response.json()["contextId"] == response.headers["ININ-Correlation-Id"]
    assert names(emulator) == done
    assert statuses(emulator) == [503, 200]


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", [WEBHOOK["name"]])])
def test_a_dropped_connection(emulator: Emulator, when: str, done: list[str]) -> None:
    emulator.door("POST", "faults", method="POST", path=WEBHOOKS, drop=True, when=when)
    with pytest.raises(httpx.TransportError):
        emulator.api.post(WEBHOOKS, json=WEBHOOK)
    assert names(emulator) == done
    assert statuses(emulator) == [None, 200]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_comes_late(emulator: Emulator, when: str) -> None:
    emulator.door("POST", "faults", path=WEBHOOKS, delayMs=300, when=when)
    with pytest.raises(httpx.ReadTimeout):
        emulator.api.post(WEBHOOKS, json=WEBHOOK, timeout=0.1)
    deadline = time.monotonic() + 5
    while names(emulator) != [WEBHOOK["name"]]:
        assert time.monotonic() < deadline
    emulator.door("POST", "faults", path=WEBHOOKS, delayMs=100, when=when)
    begun = time.monotonic()
    assert emulator.api.post(WEBHOOKS, json={**WEBHOOK, "name": "2"}).status_code == 201
    assert time.monotonic() - begun >= 0.1


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", [WEBHOOK["name"]])])
@pytest.mark.parametrize("drop", [True, False])
def test_a_request_that_is_held_goes_on_when_it_is_let(
    emulator: Emulator, when: str, done: list[str], drop: bool
) -> None:
    emulator.door("POST", "faults", method="POST", path=WEBHOOKS, hold=True, drop=drop, when=when)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(emulator.api.post, WEBHOOKS, json=WEBHOOK)
        held = until(lambda: emulator.door("GET", "held")["calls"], "a call is held")
        assert [call["path"] for call in emulator.door("GET", "calls") if call["n"] in held] == [WEBHOOKS]
        assert names(emulator) == done
        assert not answer.done()
        emulator.door("DELETE", "held")
        if drop:
            with pytest.raises(httpx.TransportError):
                answer.result()
        else:
            assert answer.result().status_code == 201
    assert emulator.door("GET", "held") == {"calls": []}
    assert names(emulator) == (done if drop else [WEBHOOK["name"]])


def test_a_client_that_is_gone_does_not_make_undone_what_is_held(emulator: Emulator) -> None:
    emulator.door("POST", "faults", method="POST", path=WEBHOOKS, hold=True)
    with pytest.raises(httpx.ReadTimeout):
        emulator.api.post(WEBHOOKS, json=WEBHOOK, timeout=0.1)
    assert names(emulator) == []
    emulator.door("DELETE", "faults")
    until(lambda: names(emulator) == [WEBHOOK["name"]], "the webhook is made")


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_may_be_cut_off(emulator: Emulator, when: str) -> None:
    emulator.door("POST", "faults", method="POST", path=WEBHOOKS, cutAfter=20, when=when)
    with pytest.raises(httpx.RemoteProtocolError, match=r"received 20 bytes, expected [0-9]+"):
        emulator.api.post(WEBHOOKS, json=WEBHOOK)
    assert names(emulator) == [WEBHOOK["name"]]
    emulator.door("POST", "faults", path=WEBHOOKS, cutAfter=0, status=503)
    with pytest.raises(httpx.RemoteProtocolError, match=r"received 0 bytes, expected [0-9]+"):
        emulator.api.get(WEBHOOKS)


def test_an_answer_may_be_no_json(emulator: Emulator) -> None:
    headers = {"Content-Type": "text/html"}
    emulator.door("POST", "faults", path=WEBHOOKS, status=200, text="<h1>Hi</h1>", headers=headers)
    response = emulator.api.get(WEBHOOKS)
    assert (response.status_code, response.text, response.headers["Content-Type"]) == (200, "<h1>Hi</h1>", "text/html")


def test_what_is_created_may_be_found_only_after_a_while(emulator: Emulator) -> None:
    emulator.door("POST", "lag", seconds=30)
    made = emulator.webhook()
    assert names(emulator) == []
    assert emulator.api.get(made["selfUri"]).status_code == 404
    assert emulator.api.post(WEBHOOKS, json=WEBHOOK).status_code == 409
    emulator.door("POST", "clock", advanceSeconds=30)
    assert names(emulator) == [WEBHOOK["name"]]
    assert emulator.api.get(made["selfUri"]).status_code == 200


def test_a_fault_has_the_headers_and_body_ordered(emulator: Emulator) -> None:
    emulator.door("POST", "faults", path=WEBHOOKS, status=429, headers={"Retry-After": "7"}, body={"mine": [1, 2**60]})
    response = emulator.api.get(WEBHOOKS)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json() == {"mine": [1, 2**60]}
    emulator.door("POST", "faults", path=WEBHOOKS, status=429, headers={"Retry-After": "7"})
    assert emulator.api.get(WEBHOOKS).json()["message"].endswith("Retry the request in [7] seconds")


def test_a_fault_comes_as_often_as_ordered_and_only_on_its_route(emulator: Emulator) -> None:
    emulator.door("POST", "faults", method="GET", path=f"{WEBHOOKS}/{{id}}", status=500, times=2)
    webhook = emulator.webhook()
    assert emulator.api.get(WEBHOOKS).status_code == 200
    assert emulator.api.get(f"{SUBSCRIPTIONS}/x").status_code == 404
    assert emulator.api.put(webhook["selfUri"], json=WEBHOOK).status_code == 200
    assert emulator.api.get(f"{webhook['selfUri']}/deliveries").status_code == 200
    assert [emulator.api.get(webhook["selfUri"]).status_code for _ in range(3)] == [500, 500, 200]


def test_of_two_faults_the_first_ordered_comes_first(emulator: Emulator) -> None:
    emulator.door("POST", "faults", path=WEBHOOKS, status=500)
    left = emulator.door("POST", "faults", path=WEBHOOKS, status=502)
    assert [fault["status"] for fault in left] == [500, 502]
    assert [emulator.api.get(WEBHOOKS).status_code for _ in range(3)] == [500, 502, 200]
    assert emulator.door("GET", "faults") == []


def test_faults_can_be_taken_back(emulator: Emulator) -> None:
    emulator.door("POST", "faults", path=WEBHOOKS, status=500)
    assert emulator.door("DELETE", "faults") == []
    assert emulator.api.get(WEBHOOKS).status_code == 200


def test_the_token_endpoint_can_fail_too(emulator: Emulator) -> None:
    refusal = {"error": "invalid_client", "description": "x", "error_description": "x"}
    emulator.door("POST", "faults", path="/oauth/token", status=401, body=refusal)
    response = emulator.plain.post("/oauth/token", data={"grant_type": "client_credentials", **CLIENT})
    assert (response.status_code, response.json()) == (401, refusal)


@pytest.mark.parametrize(
    "fault",
    [
        {"path": WEBHOOKS},
        {"status": 500},
        {"path": WEBHOOKS, "status": 99},
        {"path": WEBHOOKS, "status": 500, "time": 2},
        {"path": WEBHOOKS, "status": 500, "times": 0},
        {"path": WEBHOOKS, "status": 500, "when": "later"},
        {"path": WEBHOOKS, "drop": "yes"},
        {"path": WEBHOOKS, "text": "no status"},
        {"path": WEBHOOKS, "cutAfter": -1},
        {"path": WEBHOOKS, "hold": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(emulator: Emulator, fault: dict[str, Any]) -> None:
    assert emulator.plain.post("/_sandbox/faults", json=fault).status_code == 400
    assert emulator.door("GET", "faults") == []


def test_the_door_is_not_in_the_call_log_and_needs_no_token(emulator: Emulator) -> None:
    health = emulator.door("GET", "health")
    assert (health["service"], health["ready"]) == ("genesys", True)
    emulator.door("POST", "clock", advanceSeconds=0)
    assert emulator.door("GET", "calls") == []
    assert emulator.plain.get("/_sandbox/nothing").status_code == 404


def test_a_call_is_recorded_with_who_what_and_how_it_ended(emulator: Emulator) -> None:
    headers = {"X-Genesys-Application-Name": "app", "X-Genesys-Application-Version": "2"}
    answer = emulator.api.get(WEBHOOKS, params={"pageSize": 10}, headers=headers)
    emulator.plain.get(WEBHOOKS)
    first, second = emulator.door("GET", "calls")
    assert {name: first[name] for name in first if name not in ("time", "remotePort")} == {
        "n": 1,
        "method": "GET",
        "path": WEBHOOKS,
        "query": "pageSize=10",
        "status": 200,
        "client": "sandbox-client",
        "applicationName": "app",
        "applicationVersion": "2",
        "correlationId": answer.headers["ININ-Correlation-Id"],
    }
    assert first["remotePort"] > 0
    assert first["time"] <= second["time"]
    assert (second["n"], second["status"], second["client"], second["applicationName"]) == (2, 401, None, None)
    emulator.door("DELETE", "calls")
    assert emulator.door("GET", "calls") == []


def test_no_secret_is_in_the_call_log(emulator: Emulator) -> None:
    canary = "canary"
    form = {"grant_type": "client_credentials", "client_id": canary, "client_secret": canary}
    emulator.plain.post("/oauth/token", data=form)
    emulator.plain.post("/oauth/token", params=form)
    emulator.plain.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(canary, canary))
    emulator.api.post(WEBHOOKS, json={**WEBHOOK, "signingKey": canary, "headerOverrides": {"X": canary}})
    emulator.plain.get(WEBHOOKS, headers={"Authorization": f"Bearer {canary}"})
    emulator.plain.get(WEBHOOKS, params={"access_token": canary})
    log = emulator.plain.get("/_sandbox/calls").text
    assert canary not in log
    assert emulator.api.headers["Authorization"].removeprefix("Bearer ") not in log
    assert log.count('"n":') == 6
    assert "access_token=%2A%2A%2A" in log


def test_a_reset_makes_all_as_new(emulator: Emulator) -> None:
    before = emulator.door("GET", "health")["instance"]
    emulator.subscription(emulator.webhook())
    emulator.door("POST", "faults", path=WEBHOOKS, status=500)
    emulator.door("POST", "scopes", remove=["event:webhook:read"])
    emulator.door("POST", "ratelimit", allowed=1, windowSeconds=1)
    emulator.door("POST", "clock", advanceSeconds=100)

    instance = emulator.door("POST", "reset")["instance"]
    assert instance != before
    assert emulator.door("GET", "health")["instance"] == instance
    assert emulator.api.get(WEBHOOKS).status_code == 401, "tokens are forgotten too"
    emulator.log_in()
    emulator.door("DELETE", "calls")
    assert names(emulator) == []
    assert emulator.api.get(SUBSCRIPTIONS).json()["total"] == 0
    assert emulator.door("GET", "clock")["aheadSeconds"] == 0
    assert emulator.door("GET", "ratelimit") == {"allowed": 300, "windowSeconds": 60, "headers": True}
    assert emulator.door("POST", "reset", instance="given") == {"instance": "given"}
    assert emulator.door("GET", "health")["instance"] == "given"
