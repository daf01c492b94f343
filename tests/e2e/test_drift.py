"""Drift, through the real engine: each field that somebody changes by hand is shown by its name, and mended."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from genesys_provider.subscription import SubscriptionProvider
from genesys_provider.webhook import WebhookProvider
from sandbox.genesys import subscriptions
from sandbox.genesys.subscriptions import Subscription
from sandbox.genesys.webhooks import Webhook
from tests.support.project import Object, Project, project

HOOKS, SUBSCRIPTIONS = "/api/v2/events/webhooks", "/api/v2/events/subscriptions"

# What is changed by hand, each on an object of its own that is called by the field. A lost mark is one of description;
# a changed signing key alone is seen by nobody.
BY_HAND: dict[str, dict[str, Object]] = {
    "webhook": {
        "name": {"name": "another hook"},
        "description": {"description": "somebody's [pulumi:it/local/webhook-description]"},
        "destinationUrl": {"destinationUrl": "https://example.org/elsewhere"},
        "method": {"method": "PUT"},
        "enabled": {"enabled": False},
        "retryPolicy": {"retryPolicy": {"retryCount": 5, "retryIntervalSeconds": 300}},
        "headerOverrides": {"headerOverrides": {"X-Tenant": "a value", "X-Added": "another value"}},
        "mark": {"description": "text"},
        "signingKey": {"signingKey": "another key", "enabled": False},
    },
    "subscription": {
        "name": {"name": "another subscription"},
        "description": {"description": "somebody's [pulumi:it/local/subscription-description]"},
        "eventTypes": {"filter": {"eventType": ["conversation.event"], "attributes": {"queueId": "a-queue"}}},
        "attributes": {"filter": {"eventType": ["routing.queueEvent"], "attributes": {}}},
        "enabled": {"enabled": False},
        "deliveryMode": {"deliveryMode": "PULL"},
        "webhookId": {},  # another one, which is known when it is made
        "transform": {"transform": None},
        "mark": {"description": "text"},
    },
}
EACH = f"""\
for field in {list(BY_HAND["webhook"])}:
    hook = webhook(f"webhook-{{field}}", description="text", header_overrides={{"X-Tenant": "a value"}})
for field in {list(BY_HAND["subscription"])}:
    subscription(
        f"subscription-{{field}}", hook.id, description="text",
        attributes={{"queueId": "a-queue"}}, transform={{"pick": ["a", 1]}},
    )
"""
SECRET = {"headerOverrides", "signingKey"}


def test_each_field_is_shown_by_its_name_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project(tmp_path) as it:
        it.program(EACH)
        it.pulumi("up")
        made = objects(it)
        ids = {each["name"].removeprefix("it-local-"): str(each["id"]) for each in made}
        it.emulator.calls()
        monkeypatch.setattr(subscriptions, "one_of", lambda *_: str)  # there is no other delivery mode yet
        for kind, fields in BY_HAND.items():
            for field, change in fields.items():
                other = {"webhookId": ids["webhook-name"]} if field == "webhookId" else {}
                it.emulator.change(kind, ids[f"{kind}-{field}"], **change, **other)

        told = re.findall(r"info: (webhook .*): headerOverrides was changed by hand", it.pulumi("refresh"))
        assert set(told) == {"webhook it-local-webhook-headerOverrides"}
        found = shown(it.pulumi("preview", "--diff"))
        assert found == {
            **{f"webhook-{field}": {field} - SECRET for field in BY_HAND["webhook"]},
            **{f"subscription-{field}": {field} for field in BY_HAND["subscription"]},
            "webhook-mark": {"description"},
            "webhook-signingKey": {"enabled"},
            "subscription-mark": {"description"},
        }
        it.pulumi("up")
        assert objects(it) == made
        assert it.emulator.signing_key(ids["webhook-signingKey"]) == "a signing key", "it is sent with the rest"
        it.pulumi("preview", "--refresh", "--expect-no-changes")


def test_these_are_all_fields() -> None:
    for provider in (WebhookProvider, SubscriptionProvider):
        assert {field.name for field in provider.fields} == set(BY_HAND[provider.kind]) - {"mark"}


PROGRAM = """\
hook = webhook(header_overrides={"X-Tenant": "a value"})
subscription(webhook_id=hook.id, attributes={"queueId": "a-queue"}, transform={"pick": ["a", 1]})
"""


def test_what_was_deleted_by_hand_is_made_again(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        it.program(PROGRAM)
        it.pulumi("up")
        made = objects(it)
        it.emulator.calls()
        for path, entity in zip((HOOKS, SUBSCRIPTIONS), made, strict=True):
            it.emulator.by_hand("DELETE", f"{path}/{entity['id']}")
        assert "- 2 deleted" in it.pulumi("refresh")
        assert "+ 2 to create" in it.pulumi("preview")
        it.pulumi("up")
        again = objects(it)
        hook, queues = again
        assert again == [
            {**made[0], "id": hook["id"]},
            {**made[1], "id": queues["id"], "webhookId": hook["id"]},
        ]
        it.pulumi("preview", "--refresh", "--expect-no-changes")


TWO_TYPES = """\
hook = webhook(header_overrides={"X-Tenant": "a value"})
subscription(webhook_id=hook.id, event_types=["routing.queueEvent", "conversation.event"])
"""
THE_SAME = """\
hook = webhook(
    header_overrides={"x-TENANT": "a value"},
    method="POST",
    enabled=True,
    retry_policy=RetryPolicyArgs(),
    description="",
)
subscription(
    webhook_id=hook.id,
    event_types=["conversation.event", "routing.queueEvent"],
    attributes={},
    enabled=True,
    delivery_mode="PUSH",
    transform=None,
)
"""


def test_another_spelling_is_no_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the server or the program orders, folds or adds, or leaves out what is as it is by default."""
    with project(tmp_path) as it:
        it.program(TWO_TYPES)
        it.pulumi("up")
        [hook, queues] = objects(it)
        respell(monkeypatch, Webhook, lambda told: told | {"destinationUrl": f"{told['destinationUrl']}/"})
        respell(monkeypatch, Webhook, lambda told: told | {"headerOverrides": {"x-tenant": "a value"}})
        respell(monkeypatch, Webhook, without("method", "enabled", "retryPolicy"))
        respell(
            monkeypatch, Subscription, lambda told: told | {"filter": {"eventType": told["filter"]["eventType"][::-1]}}
        )
        respell(monkeypatch, Subscription, without("enabled", "deliveryMode", "transform"))
        assert [set(before) - set(now) for before, now in zip((hook, queues), objects(it), strict=True)] == [
            {"method", "enabled", "retryPolicy"},
            {"enabled", "deliveryMode", "transform"},
        ]

        it.pulumi("refresh", "--expect-no-changes")
        it.pulumi("preview", "--expect-no-changes")
        it.program(THE_SAME)
        it.pulumi("up", "--refresh", "--expect-no-changes")


def respell(
    monkeypatch: pytest.MonkeyPatch, kind: type[Webhook | Subscription], how: Callable[[Object], Object]
) -> None:
    """From now on the server tells what it has of that kind in another way."""
    told = kind.fields
    monkeypatch.setattr(kind, "fields", lambda entity: how(told(entity)))


def without(*names: str) -> Callable[[Object], Object]:
    return lambda told: {name: value for name, value in told.items() if name not in names}


def objects(it: Project) -> list[Object]:
    """What there is, but for when."""
    found = it.emulator.entities("webhook") + it.emulator.entities("subscription")
    return [without("selfUri", "dateCreated", "dateModified")(each) for each in found]


def shown(text: str) -> dict[str, set[str]]:
    """The fields that a preview says will change, by the resource's name."""
    blocks = re.split(r"^    ~ ", text.partition("\nResources:")[0], flags=re.MULTILINE)[1:]
    return {
        re.findall(r"\[urn=\S+::(\S+)\]", block)[0]: set(re.findall(r"^      [~+-] (\w+) *:", block, re.MULTILINE))
        for block in blocks
    }
