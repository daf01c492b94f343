"""A token is given to the right client only, and is good until it ends or is revoked."""

import base64

import httpx
import pytest

from sandbox.genesys import Settings
from sandbox.genesys.testing import serve
from tests.support.genesys_emulator import CLIENT, WEBHOOKS, Emulator

GRANT = {"grant_type": "client_credentials"}
ME = "/api/v2/organizations/me"


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def asks(emulator: Emulator, key: str) -> httpx.Response:
    return emulator.plain.get(ME, headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        (GRANT, basic("sandbox-client:sandbox-secret")),
        ({**GRANT, **CLIENT}, {}),
        ({**GRANT, "client_id": "sandbox-client"}, basic("sandbox-client:sandbox-secret")),
    ],
    ids=["basic", "form", "basic-and-id"],
)
def test_a_token_is_given_for_the_right_credentials(
    emulator: Emulator, form: dict[str, str], headers: dict[str, str]
) -> None:
    response = emulator.plain.post("/oauth/token", data=form, headers=headers)
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {"access_token", "token_type", "expires_in"}
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 600)
    assert "no-store" in response.headers["Cache-Control"]
    assert asks(emulator, answer["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        (GRANT, basic("sandbox-client:wrong")),
        (GRANT, basic("wrong:sandbox-secret")),
        (GRANT, basic("sandbox-client:")),
        (GRANT, basic("no colon")),
        (GRANT, {"Authorization": "Basic ***"}),
        (GRANT, {"Authorization": "Bearer x"}),
        (GRANT, {}),
        ({**GRANT, **CLIENT, "client_secret": "wrong"}, {}),
        ({**GRANT, "client_id": "sandbox-client"}, {}),
    ],
)
def test_wrong_credentials_are_invalid_client(
    emulator: Emulator, form: dict[str, str], headers: dict[str, str]
) -> None:
    response = emulator.plain.post("/oauth/token", data=form, headers=headers)
    assert response.status_code == 400
    assert response.json() == {
        "error": "invalid_client",
        "description": "authentication failed",
        "error_description": "authentication failed",
    }


@pytest.mark.parametrize(
    ("form", "headers", "error"),
    [
        ({**CLIENT, "grant_type": "password"}, {}, "unsupported_grant_type"),
        (CLIENT, {}, "invalid_request"),
        ({**GRANT, **CLIENT}, basic("sandbox-client:sandbox-secret"), "invalid_request"),
    ],
    ids=["grant", "no-grant", "credentials-twice"],
)
def test_what_is_no_token_request_is_refused(
    emulator: Emulator, form: dict[str, str], headers: dict[str, str], error: str
) -> None:
    response = emulator.plain.post("/oauth/token", data=form, headers=headers)
    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded"),
        (b"grant_type=\xff", "application/x-www-form-urlencoded"),
    ],
    ids=["json", "twice", "no-utf8"],
)
def test_a_body_that_is_no_form_is_refused(emulator: Emulator, content: bytes, kind: str) -> None:
    response = emulator.plain.post("/oauth/token", content=content, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_form_without_end_is_too_large(emulator: Emulator) -> None:
    response = emulator.plain.post("/oauth/token", data={**GRANT, **CLIENT, "x": "x" * 20_000})
    assert (response.status_code, response.json()["code"]) == (413, "payload.too.large")


@pytest.mark.parametrize("headers", [{}, basic("sandbox-client:sandbox-secret"), {"Authorization": "Bearer"}])
@pytest.mark.parametrize("path", [ME, WEBHOOKS])
def test_without_a_token_authentication_is_required(emulator: Emulator, headers: dict[str, str], path: str) -> None:
    response = emulator.plain.get(path, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "authentication.required")


def test_an_unknown_token_is_bad_credentials(emulator: Emulator) -> None:
    response = asks(emulator, "made-up")
    assert (response.status_code, response.json()["code"]) == (401, "bad.credentials")


def test_a_token_ends_when_it_said(emulator: Emulator) -> None:
    emulator.door("POST", "clock", advanceSeconds=590)
    assert emulator.api.get(ME).status_code == 200
    emulator.door("POST", "clock", advanceSeconds=10)
    response = emulator.api.get(ME)
    assert (response.status_code, response.json()["code"]) == (401, "credentials.expired")
    emulator.log_in()
    assert emulator.api.get(ME).status_code == 200


def test_a_new_token_leaves_the_old_one(emulator: Emulator) -> None:
    old = emulator.api.headers["Authorization"]
    emulator.log_in()
    assert emulator.api.headers["Authorization"] != old
    assert emulator.plain.get(ME, headers={"Authorization": old}).status_code == 200


def test_a_revoked_token_is_bad_credentials(emulator: Emulator) -> None:
    assert emulator.door("POST", "tokens/revoke") == {"revoked": 1}
    response = emulator.api.get(ME)
    assert (response.status_code, response.json()["code"]) == (401, "bad.credentials")


def test_credentials_and_organisation_are_those_of_the_settings() -> None:
    settings = Settings(client_id="a b+c", client_secret="ü&%=", org_id="an-org", token_seconds=60)
    with serve(settings) as served, httpx.Client(base_url=served.url, trust_env=False) as client:
        form = {**GRANT, "client_id": "a b+c", "client_secret": "ü&%="}
        answer = client.post("/oauth/token", data=form).json()
        assert answer["expires_in"] == 60
        me = client.get(ME, headers={"Authorization": f"Bearer {answer['access_token']}"}).json()
        assert me["id"] == "an-org"
        assert me["name"]


def test_settings_come_from_the_environment_and_wrong_ones_are_named() -> None:
    settings = Settings.from_environ({"SANDBOX_GENESYS_PROFILE": "strict", "SANDBOX_TOKEN_SECONDS": "5"})
    assert (settings.profile, settings.token_seconds, settings.client_id) == ("strict", 5, "sandbox-client")
    with pytest.raises(ValueError, match="SANDBOX_GENESYS_PROFILE is 'real'; write seed or strict"):
        Settings.from_environ({"SANDBOX_GENESYS_PROFILE": "real"})
    with pytest.raises(ValueError, match="SANDBOX_TOKEN_SECONDS is '-1'"):
        Settings.from_environ({"SANDBOX_TOKEN_SECONDS": "-1"})
    assert "sandbox-secret" not in repr(settings)
