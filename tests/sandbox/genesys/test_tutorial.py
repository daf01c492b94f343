"""The tutorial's own calls, as its script makes them, work in profile seed; `strict` has no such API."""

import httpx
import pytest

from sandbox.genesys import Settings
from sandbox.genesys.testing import serve
from tests.support.genesys_emulator import CLIENT, SUBSCRIPTION, SUBSCRIPTIONS, WEBHOOK, WEBHOOKS, Emulator


def test_the_tutorials_calls_work_one_after_the_other(emulator: Emulator) -> None:
    payload = {"grant_type": "client_credentials", **CLIENT}
    answer = httpx.post(f"{emulator.url}/oauth/token", data=payload)
    answer.raise_for_status()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {answer.json()['access_token']}",
        "X-Genesys-Application-Name": "EventBridge-Integration-Script",
        "X-Genesys-Application-Version": "1.0.0",
    }

    created = httpx.post(f"{emulator.url}{WEBHOOKS}", json=WEBHOOK, headers=headers)
    assert created.status_code == 201
    webhook_id = created.json()["id"]

    body = {**SUBSCRIPTION, "webhookId": webhook_id}
    subscribed = httpx.post(f"{emulator.url}{SUBSCRIPTIONS}", json=body, headers=headers)
    assert subscribed.status_code == 201
    assert subscribed.json()["id"]

    seen = httpx.get(f"{emulator.url}{WEBHOOKS}/{webhook_id}", headers=headers)
    seen.raise_for_status()
    data = seen.json()
    assert (data["enabled"], data["destinationUrl"]) == (True, WEBHOOK["destinationUrl"])
    assert data.get("lastDeliveryStatus", "No deliveries yet") == "No deliveries yet"

    again = httpx.post(f"{emulator.url}{WEBHOOKS}", json=WEBHOOK, headers=headers)
    assert again.status_code == 409

    calls = emulator.door("GET", "calls")
    assert [(call["method"], call["path"], call["status"]) for call in calls] == [
        ("POST", "/oauth/token", 200),
        ("POST", WEBHOOKS, 201),
        ("POST", SUBSCRIPTIONS, 201),
        ("GET", f"{WEBHOOKS}/{webhook_id}", 200),
        ("POST", WEBHOOKS, 409),
    ]
    assert {call["applicationName"] for call in calls[1:]} == {"EventBridge-Integration-Script"}
    assert {call["applicationVersion"] for call in calls[1:]} == {"1.0.0"}
    assert {call["client"] for call in calls} == {"sandbox-client"}


@pytest.mark.parametrize("path", [WEBHOOKS, SUBSCRIPTIONS, f"{WEBHOOKS}/an-id", f"{WEBHOOKS}/an-id/deliveries"])
def test_strict_has_the_organisation_but_not_the_tutorials_api(path: str) -> None:
    with serve(Settings(profile="strict")) as served:
        emulator = Emulator(served)
        with emulator.api, emulator.plain:
            emulator.log_in()
            assert emulator.api.get("/api/v2/organizations/me").status_code == 200
            for method in ("GET", "POST", "PUT", "DELETE"):
                response = emulator.api.request(method, path, json=WEBHOOK if method in ("POST", "PUT") else None)
                assert (response.status_code, response.json()["code"]) == (404, "not.found")
            assert emulator.emit(kind="acd.start") == []
