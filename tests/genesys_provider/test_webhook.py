from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesys_provider.webhook import WebhookProvider
from tests.support.provider import Emulator, Process, Refused, State, assert_read_back, printed, travel
from tests.support.strategies import owned, with_one_of_any_kind

PROVIDER = WebhookProvider()
PROPS: dict[str, Any] = {
    "name": "a hook",
    "description": "[pulumi:p/s/hook]",
    "owner": "p/s/hook",
    "destinationUrl": "https://example.com/in/",
    "signingKey": "a key",
    "headerOverrides": {"X-One": "1", "Content-Type": "application/json"},
}


def test_defaults_are_those_of_the_platform(process: Process) -> None:
    least = ("name", "description", "owner", "destinationUrl", "signingKey")
    inputs = process.check(PROVIDER, {key: PROPS[key] for key in least})
    del inputs["__provider"], inputs["owner"]
    assert inputs == {
        "name": "a hook",
        "description": "[pulumi:p/s/hook]",
        "destinationUrl": "https://example.com/in/",
        "method": "POST",
        "enabled": True,
        "signingKey": "a key",
        "headerOverrides": {},
        "retryPolicy": {"retryCount": 3, "retryIntervalSeconds": 10},
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "name must be a text of 1 to 128 characters, not 0"),
        ({"name": "x" * 129}, "name must be a text of 1 to 128 characters, not 129"),
        ({"name": "  "}, "name must not be blank"),
        ({"name": 5}, "name must be a text of 1 to 128 characters"),
        ({"signingKey": "x" * 1001}, "signingKey must be a text of 1 to 1000 characters"),
        ({"headerOverrides": {"TE": "x"}}, "headerOverrides has 'TE', which is no name of a header that may be set"),
        ({"description": "x" * 1001}, "description must be a text of 0 to 1000 characters, not 1001"),
        ({"destinationUrl": None}, "destinationUrl must be a URL of at most 2048 characters"),
        ({"destinationUrl": "https://x/" + "y" * 2048}, "destinationUrl must be a URL of at most 2048 characters"),
        (
            {"destinationUrl": "http://example.com/"},
            "destinationUrl is 'http://example.com'; write an https:// URL, like",
        ),
        ({"destinationUrl": "https://me:pw@example.com"}, "destinationUrl has a user name or password in it; write"),
        ({"method": "GET"}, "method must be POST or PUT"),
        ({"enabled": "true"}, "enabled must be true or false"),
        ({"signingKey": ""}, "signingKey must be a text of 1 to 1000 characters: without it, deliveries would not be"),
        ({"signingKey": " "}, "signingKey must be a text of 1 to 1000 characters"),
        ({"signingKey": None}, "signingKey must be a text of 1 to 1000 characters"),
        ({"headerOverrides": ["X"]}, "headerOverrides must be a map of texts by name"),
        ({"headerOverrides": {"X": 1}}, "headerOverrides must be a map of texts by name"),
        (
            {"headerOverrides": {"dG9w/c2VjcmV0": "X-Key"}},
            "headerOverrides has a name with a colon, a blank or another character that none has in it (not shown:",
        ),
        *(
            (
                {"headerOverrides": {line: "1"}},
                "headerOverrides has a name with a colon, a blank or another character that none has in it (not shown:"
                " it may hold a secret); write {name: value}",
            )
            for line in (
                "Authorization: Bearer s3cr3t",
                "Authorization:s3cr3t",
                "Authorization\ts3cr3t",
                "Bearer s3cr3t",
            )
        ),
        (
            {"headerOverrides": {"Host": "1"}},
            "headerOverrides has 'Host', which is no name of a header that may be set",
        ),
        ({"headerOverrides": {"X": "1\r\nY: 2"}}, "headerOverrides has a value for X with line breaks"),
        ({"headerOverrides": {"X-A": "1", "x-a": "2"}}, "headerOverrides has the same name twice"),
        ({"retryPolicy": {"retryCount": 3}}, "retryPolicy must have retryCount and retryIntervalSeconds"),
        ({"retryPolicy": {"retryCount": 11, "retryIntervalSeconds": 1}}, "has a retryCount that is 11; write a whole"),
        ({"retryPolicy": {"retryCount": 1.5, "retryIntervalSeconds": 1}}, "number from 0 to 10"),
        ({"retryPolicy": {"retryCount": True, "retryIntervalSeconds": 1}}, "has a retryCount that is True; write"),
        ({"retryPolicy": {"retryCount": 1, "retryIntervalSeconds": 0}}, "has a retryIntervalSeconds that is 0; write"),
        (
            {"retryPolicy": {"retryCount": 1, "retryIntervalSeconds": "1"}},
            "that is '1'; write a whole number from 1 to 300",
        ),
        ({"retryPolicy": {"retryCount": "a\nb", "retryIntervalSeconds": 1}}, r"that is 'a\nb'; write"),
    ],
)
def test_what_is_wrong_is_told_by_the_name_of_the_field(
    change: dict[str, Any], says: str, process: Process, emulator: Emulator
) -> None:
    with pytest.raises(Refused) as refused:
        process.up(PROVIDER, {**PROPS, **change})
    [problem] = refused.value.problems
    assert says in problem
    assert emulator.calls() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/_aws/x", "http://localhost/", "http://[::1]:80/"])
def test_this_machine_needs_no_tls(url: str, process: Process, emulator: Emulator) -> None:
    process.up(PROVIDER, {**PROPS, "destinationUrl": url})
    assert emulator.entities("webhook")[0]["destinationUrl"] == url


@pytest.mark.parametrize(
    "respelt",
    [
        {"destinationUrl": "https://example.com/in"},
        {"headerOverrides": {"content-type": "application/json", "x-one": "1"}},
        {"retryPolicy": {"retryCount": 3, "retryIntervalSeconds": 10}},
    ],
)
def test_what_the_server_spells_in_its_own_way_is_no_difference(
    respelt: dict[str, Any], process: Process, emulator: Emulator
) -> None:
    state = process.up(PROVIDER, PROPS)
    emulator.calls()
    emulator.change("webhook", state.id, **respelt)
    assert process.refresh(PROVIDER, state) == state
    assert not process.changes(PROVIDER, PROPS, state)


def test_nor_is_what_it_adds_or_leaves_out(process: Process) -> None:
    policy = {"retryCount": 1, "backoff": "none"}
    entity = {"name": "a hook", "destinationUrl": "https://example.com", "retryPolicy": policy, "more": 1}
    assert PROVIDER.from_entity(entity) == {
        "name": "a hook",
        "description": "",
        "destinationUrl": "https://example.com",
        "method": "POST",
        "enabled": True,
        "headerOverrides": {},
        "retryPolicy": {"retryCount": 1, "retryIntervalSeconds": 10},
    }


def test_a_slash_that_the_user_takes_away_is_a_change(process: Process) -> None:
    """Receivers may tell the one from the other, so the user must be able to."""
    state = process.up(PROVIDER, PROPS)
    assert process.changes(PROVIDER, {**PROPS, "destinationUrl": "https://example.com/in"}, state)


def test_the_case_of_a_header_is_none(process: Process) -> None:
    state = process.up(PROVIDER, PROPS)
    same = {name.upper(): value for name, value in PROPS["headerOverrides"].items()}
    assert not process.changes(PROVIDER, {**PROPS, "headerOverrides": same}, state)


def test_the_status_of_the_last_delivery_is_known_after_a_refresh_and_changes_nothing(
    process: Process, emulator: Emulator
) -> None:
    state = process.up(PROVIDER, {**PROPS, "destinationUrl": "http://127.0.0.1:9"})
    assert state.outputs["lastDeliveryStatus"] == ""
    emulator.calls()
    body = {"name": "s", "webhookId": state.id, "filter": {"eventType": ["routing.queueEvent"]}}
    emulator.by_hand("POST", "/api/v2/events/subscriptions", body)
    emulator.door("POST", "retry-scale", {"factor": 0})
    emulator.door("POST", "emit?wait=1", {"kind": "acd.start"})
    refreshed = process.refresh(PROVIDER, state)
    assert refreshed == State(state.id, state.inputs, {**state.outputs, "lastDeliveryStatus": "FAILED"})
    props = {**PROPS, "destinationUrl": "http://127.0.0.1:9"}
    assert not process.changes(PROVIDER, props, refreshed)
    changed = process.up(PROVIDER, {**props, "enabled": False}, refreshed)
    assert changed.outputs["lastDeliveryStatus"] == "FAILED"


@pytest.mark.parametrize("behind", ["/services/T000/canary?key=hunter2", "?key=hunter2-and-more"])
def test_what_stands_behind_the_host_is_hidden_in_what_a_server_says(
    behind: str, process: Process, emulator: Emulator
) -> None:
    url = f"https://example.com{behind}"
    message = f"{url} is no good, nor is {behind}"
    emulator.fault("POST", PROVIDER.path, status=400, body={"code": "invalid.value", "message": message})
    text = printed(lambda: process.up(PROVIDER, {**PROPS, "destinationUrl": url}))
    assert f"https://example.com{behind[0]}[secret] is no good, nor is {behind[0]}[secret]" in text


@pytest.mark.parametrize("behind", ["/services/T000/0123456789canary", "/in?code=0123456789canary&a=b"])
def test_nor_is_a_part_of_it_shown_that_may_be_a_key(behind: str, process: Process, emulator: Emulator) -> None:
    body = {"code": "invalid.value", "message": "0123456789canary in services is no good", "status": 400}
    emulator.fault("POST", PROVIDER.path, status=400, body=body)
    text = printed(lambda: process.up(PROVIDER, {**PROPS, "destinationUrl": f"https://example.com{behind}"}))
    assert ": [secret] in services is no good" in text


def test_but_a_part_that_is_in_our_own_names_is(process: Process, emulator: Emulator) -> None:
    """Or lines would not tell whose it is: a path may well have the project's name in it."""
    own = {
        **PROPS,
        "name": "genesys-eventbridge-dev-hook",
        "destinationUrl": "https://example.com/Genesys-EventBridge/in",
    }
    emulator.by_hand("POST", PROVIDER.path, PROVIDER.to_body({**own, "description": ""}))
    assert "there is a webhook 'genesys-eventbridge-dev-hook' already" in printed(lambda: process.up(PROVIDER, own))


header_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
webhooks = st.fixed_dictionaries(
    {
        "name": st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=130),
        "description": st.text(st.characters(exclude_categories=["Cs"]), max_size=1005),
        "destinationUrl": st.one_of(
            st.sampled_from(["https://example.com", "https://example.com/a/", "http://127.0.0.1:1/x"]),
            st.text(max_size=20).map("https://example.com/".__add__).filter(lambda url: url.isprintable()),
            st.text(max_size=20),
        ),
        "signingKey": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    },
    optional={
        "method": st.sampled_from(["POST", "PUT", "GET"]),
        "enabled": st.booleans(),
        "headerOverrides": st.dictionaries(st.from_regex(r"[A-Za-z-]{1,12}", fullmatch=True), header_texts, max_size=4),
        "retryPolicy": st.fixed_dictionaries(
            {"retryCount": st.integers(-1, 11), "retryIntervalSeconds": st.integers(0, 301)}
        ),
    },
)
slow = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@slow
@given(with_one_of_any_kind(webhooks, [field.name for field in PROVIDER.fields]))
def test_what_passes_check_is_taken_and_read_back_without_a_difference(
    process: Process, emulator: Emulator, props: dict[str, Any]
) -> None:
    emulator.door("POST", "reset")
    props = owned(props, "p/s/hook")
    assert_read_back(process, PROVIDER, props)


@given(webhooks)
@settings(deadline=None)
def test_a_body_read_as_an_entity_is_what_it_was_made_of(props: dict[str, Any]) -> None:
    full = {**{field.name: field.default for field in PROVIDER.fields}, **props}
    assert PROVIDER.from_entity(PROVIDER.to_body(travel(full))) == {
        name: value for name, value in full.items() if name != "signingKey"
    }
