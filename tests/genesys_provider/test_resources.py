"""What the resource classes tell Pulumi: by mocks, as no provider class is called here."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.stack import run_pulumi_func

from genesys_provider import (
    EventBridgeActivation,
    EventBridgeActivationArgs,
    EventBridgeSource,
    EventBridgeSourceArgs,
    RetryPolicy,
    RetryPolicyArgs,
    SigningKey,
    SigningKeyArgs,
    Subscription,
    SubscriptionArgs,
    Webhook,
    WebhookArgs,
)
from genesys_provider.attribute import Attribute
from genesys_provider.eventbridge_activation import EventBridgeActivationProvider
from genesys_provider.eventbridge_source import EventBridgeSourceProvider
from genesys_provider.lifecycle import EntityProvider, owner_of
from genesys_provider.signing_key import SigningKeyProvider
from genesys_provider.subscription import SubscriptionProvider
from genesys_provider.webhook import WebhookProvider
from tests.support.graph import Cloud, Monitor, Registered

ROOT = Path(__file__).parents[2]


def run(program: Callable[[], object], preview: bool = False) -> dict[str, Registered]:
    """The resources that the program registers, by name."""
    loop = asyncio.new_event_loop()  # before the mocks: they make the stack's root resource
    asyncio.set_event_loop(loop)
    monitor = Monitor()
    settings.ROOT.set(None)
    mocks.set_mocks(monitor.mocks, "project", "stack", preview, monitor=monitor)
    settings.SETTINGS.rpc_manager.clear()
    settings.SETTINGS.outputs.clear()

    async def main() -> None:
        program()

    try:
        loop.run_until_complete(run_pulumi_func(main))
    finally:
        loop.close()
        settings.SETTINGS.engine = None  # else what later tests log goes to the mocks
    return {registered.name: registered for registered in monitor.by_urn.values()}


def note(into: dict[str, Any], **outputs: pulumi.Output[Any]) -> None:
    """Note the outputs' values, once they are there."""
    pulumi.Output.all(**outputs).apply(into.update)


def note_all(into: dict[str, Any], resource: pulumi.Resource) -> None:
    """Note what all attributes of a resource's class give."""
    names = [name for name, value in vars(type(resource)).items() if isinstance(value, Attribute)]
    note(into, **{name: getattr(resource, name) for name in names})


def hook(opts: pulumi.ResourceOptions | None = None, **args: Any) -> Webhook:
    return Webhook("hook", WebhookArgs(**{"destination_url": "https://x.com", "signing_key": "a key", **args}), opts)


def test_a_webhook_with_nothing_but_what_it_needs() -> None:
    registered = run(hook)["hook"]
    assert registered.type == "pulumi-python:dynamic/genesys:Webhook"
    assert registered.inputs == {
        "name": "project-stack-hook",
        "description": "[pulumi:project/stack/hook]",
        "owner": "project/stack/hook",
        "destinationUrl": "https://x.com",
        "method": "POST",
        "enabled": True,
        "signingKey": "a key",
        "headerOverrides": {},
        "retryPolicy": {"retryCount": 3, "retryIntervalSeconds": 10},
    }
    assert registered.secret == {"signingKey", "headerOverrides"}, "what is added by hand is read into it"


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("it[0]", "it[0]"),
        ("it [EU] too", "it [EU%5D too"),
        ("[EU]\nit", "[EU%5D\nit"),
        ("a[pulumi:b", "a%5Bpulumi:b"),
        ("ends]", "ends]"),
    ],
)
@pytest.mark.parametrize("text", [None, "text", "see [pulumi:docs", "see [pulumi:docs]", "ends with [pulumi:"])
def test_whose_it_is_is_read_from_its_mark_whatever_the_text_and_the_name(
    name: str, marked: str, text: str | None
) -> None:
    def program() -> None:
        Webhook(name, WebhookArgs(destination_url="https://x.com", signing_key="a key", description=text))

    inputs = run(program)[name].inputs
    assert inputs["owner"] == f"project/stack/{marked}"
    assert owner_of(inputs["description"]) == inputs["owner"]


def test_a_description_that_turns_out_to_be_none_is_none() -> None:
    inputs = run(lambda: hook(description=pulumi.Output.from_input(None)))["hook"].inputs
    assert inputs["description"] == "[pulumi:project/stack/hook]"


def test_a_webhook_with_everything() -> None:
    registered = run(
        lambda: hook(
            description=pulumi.Output.from_input("events to AWS"),
            method="PUT",
            enabled=False,
            header_overrides={"X-One": pulumi.Output.from_input("1")},
            retry_policy=RetryPolicyArgs(retry_count=0, retry_interval_seconds=300),
            adopt="an-id",
        )
    )["hook"]
    assert registered.inputs["description"] == "events to AWS [pulumi:project/stack/hook]"
    assert registered.inputs["headerOverrides"] == {"X-One": "1"}
    assert registered.inputs["retryPolicy"] == {"retryCount": 0, "retryIntervalSeconds": 300}
    assert (registered.inputs["method"], registered.inputs["enabled"]) == ("PUT", False)
    assert registered.inputs["adopt"] == "an-id"
    assert registered.secret == {"signingKey", "headerOverrides"}, "headers as a whole"


def test_a_subscription() -> None:
    def program() -> None:
        Subscription(
            "queues",
            SubscriptionArgs(
                webhook_id=hook().id,
                event_types=["routing.queueEvent"],
                attributes={"queueId": "q"},
                transform={"a": [1]},
                name="by name",
            ),
        )

    registered = run(program)["queues"]
    assert registered.type == "pulumi-python:dynamic/genesys:Subscription"
    assert registered.inputs == {
        "name": "by name",
        "description": "[pulumi:project/stack/queues]",
        "owner": "project/stack/queues",
        "eventTypes": ["routing.queueEvent"],
        "attributes": {"queueId": "q"},
        "enabled": True,
        "deliveryMode": "PUSH",
        "webhookId": "id-of-hook",
        "transform": {"a": [1]},
    }
    assert registered.secret == set()
    assert any("hook" in urn for urn in registered.depends_on)


def source(logical: str = "source", /, **args: Any) -> EventBridgeSource:
    needed = {"aws_account_id": "123456789012", "aws_region": "eu-central-1", "topics": ["v2.users.{id}.presence"]}
    return EventBridgeSource(logical, EventBridgeSourceArgs(**{**needed, **args}))


def test_an_event_source() -> None:
    registered = run(source)["source"]
    assert registered.type == "pulumi-python:dynamic/genesys:EventBridgeSource"
    assert registered.inputs == {
        "name": "project-stack-source",
        "notes": "[pulumi:project/stack/source]",
        "owner": "project/stack/source",
        "awsAccountId": "123456789012",
        "awsRegion": "eu-central-1",
        "suffix": "project-stack-source",
        "topics": ["v2.users.{id}.presence"],
        "enabled": True,
    }
    assert registered.secret == set()
    assert registered.request.deleteBeforeReplace


def test_an_activation() -> None:
    registered = run(lambda: EventBridgeActivation("it", EventBridgeActivationArgs(integration_id=source().id)))["it"]
    assert registered.type == "pulumi-python:dynamic/genesys:EventBridgeActivation"
    assert registered.inputs == {"integrationId": "id-of-source", "enabled": True}
    assert registered.secret == set()


def test_an_event_source_with_everything() -> None:
    registered = run(lambda: source(suffix="a-suffix", name="a name", notes="text", enabled=False, adopt="an-id"))
    inputs = registered["source"].inputs
    assert (inputs["suffix"], inputs["name"], inputs["enabled"], inputs["adopt"]) == (
        "a-suffix",
        "a name",
        False,
        "an-id",
    )
    assert inputs["notes"] == "text [pulumi:project/stack/source]"


def test_a_default_suffix_has_only_what_a_suffix_may_have() -> None:
    assert run(lambda: source("über/1 a_b.c"))["über/1 a_b.c"].inputs["suffix"] == "project-stack--ber-1-a_b.c"


def test_values_may_be_outputs_that_are_not_known_yet() -> None:
    def program() -> None:
        unknown: pulumi.Output[Any] = pulumi.Output.from_input("x").apply(unknown_of)
        hook(name=unknown, description=unknown, header_overrides=unknown)

    registered = run(program, preview=True)["hook"]
    for field in ("name", "description", "headerOverrides"):
        assert rpc.contains_unknowns(registered.inputs[field]), field


def unknown_of(_: str) -> Any:
    return pulumi.UNKNOWN


def test_a_signing_key() -> None:
    seen: dict[str, Any] = {}
    registered = run(lambda: note(seen, key=SigningKey("key", SigningKeyArgs(rotation=3)).key))["key"]
    assert registered.type == "pulumi-python:dynamic/genesys:SigningKey"
    assert registered.inputs == {"rotation": 3}
    assert list(registered.request.additionalSecretOutputs) == ["key"]
    assert seen == {"key": "key-of-key"}
    assert run(lambda: SigningKey("key"))["key"].inputs == {"rotation": 1}


@pytest.mark.parametrize("name", ["hook", "queues"])
def test_it_is_deleted_before_it_is_replaced_whatever_the_options_say(name: str) -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(delete_before_replace=False)
        hook(opts=opts)
        Subscription("queues", SubscriptionArgs(webhook_id="w", event_types=["a"]), opts)

    assert run(program)[name].request.deleteBeforeReplace


def test_what_the_user_says_in_options_holds_beside_our_own() -> None:
    def program() -> None:
        first = SigningKey("first", opts=pulumi.ResourceOptions(protect=True, additional_secret_outputs=["rotation"]))
        opts = pulumi.ResourceOptions(
            protect=True, depends_on=[first], parent=first, additional_secret_outputs=["name"], retain_on_delete=True
        )
        hook(opts=opts)
        assert opts.additional_secret_outputs == ["name"], "the user's own object stays as it is"

    resources = run(program)
    request = resources["hook"].request
    assert request.protect
    assert request.retainOnDelete
    assert request.parent == resources["first"].urn
    assert resources["first"].urn in request.dependencies
    assert set(request.additionalSecretOutputs) == {"name", "signingKey", "headerOverrides"}
    assert set(resources["first"].request.additionalSecretOutputs) == {"rotation", "key"}


def test_every_field_is_to_be_had_by_name_and_so_is_what_was_filled_in() -> None:
    hooks: dict[str, Any] = {}
    queues: dict[str, Any] = {}
    keys: dict[str, Any] = {}

    def program() -> None:
        it = hook(header_overrides={"X-One": "1"})
        note_all(hooks, it)
        note_all(queues, Subscription("queues", SubscriptionArgs(webhook_id=it.id, event_types=["a"])))
        note_all(keys, SigningKey("key", SigningKeyArgs(rotation=3)))

    run(program)
    assert hooks == {
        "name": "project-stack-hook",
        "description": "[pulumi:project/stack/hook]",
        "destination_url": "https://x.com",
        "method": "POST",
        "enabled": True,
        "signing_key": "a key",
        "header_overrides": {"X-One": "1"},
        "retry_policy": RetryPolicy(retry_count=3, retry_interval_seconds=10),
        "last_delivery_status": None,
    }
    assert queues == {
        "name": "project-stack-queues",
        "description": "[pulumi:project/stack/queues]",
        "event_types": ["a"],
        "attributes": {},
        "enabled": True,
        "delivery_mode": "PUSH",
        "webhook_id": "id-of-hook",
        "transform": None,
    }
    assert keys == {"rotation": 3, "key": "key-of-key"}


@pytest.mark.parametrize(
    ("resource", "provider"),
    [
        (Webhook, WebhookProvider),
        (Subscription, SubscriptionProvider),
        (EventBridgeSource, EventBridgeSourceProvider),
    ],
)
def test_no_field_is_without_an_attribute(resource: type, provider: type[EntityProvider]) -> None:
    known = {value.name for value in vars(resource).values() if isinstance(value, Attribute)}
    assert known == {field.name for field in provider.fields} | {*provider.computed}


def test_whole_numbers_are_whole_though_they_travel_as_floats() -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        note(seen, policy=hook().retry_policy, rotation=SigningKey("key").rotation)

    run(program)
    policy = seen["policy"]
    assert [repr(policy.retry_count), repr(policy.retry_interval_seconds), repr(seen["rotation"])] == ["3", "10", "1"]


@pytest.mark.parametrize(
    "policy",
    [
        lambda: RetryPolicyArgs(retry_count=5),
        lambda: RetryPolicyArgs(retry_count=pulumi.Output.from_input(5)),
        lambda: {"retry_count": 5},
        lambda: {"retry_count": pulumi.Output.from_input(5)},
        lambda: pulumi.Output.from_input({"retry_count": 5}),
        lambda: RetryPolicy(retry_count=5, retry_interval_seconds=10),
    ],
    ids=["args", "args with an output", "dict", "dict with an output", "output", "another's"],
)
def test_a_retry_policy_may_be_given_in_any_way(policy: Callable[[], Any]) -> None:
    registered = run(lambda: hook(retry_policy=policy()))["hook"]
    assert registered.inputs["retryPolicy"] == {"retryCount": 5, "retryIntervalSeconds": 10}


def test_a_retry_policy_that_turns_out_to_be_none_is_the_default() -> None:
    registered = run(lambda: hook(retry_policy=pulumi.Output.from_input(None)))["hook"]
    assert registered.inputs["retryPolicy"] == {"retryCount": 3, "retryIntervalSeconds": 10}


def test_a_retry_policy_can_be_handed_on_and_exported() -> None:
    def program() -> None:
        it = hook(retry_policy=RetryPolicyArgs(retry_count=5))
        pulumi.export("policy", it.retry_policy)
        Webhook("other", WebhookArgs(destination_url="https://x.com", signing_key="k", retry_policy=it.retry_policy))

    assert run(program)["other"].inputs["retryPolicy"] == {"retryCount": 5, "retryIntervalSeconds": 10}


def test_a_retry_policy_with_a_misspelt_name_is_refused_where_it_was_written() -> None:
    def program() -> None:
        with pytest.raises(TypeError, match="retryCount"):
            hook(retry_policy={"retryCount": 5})

    run(program)


def test_a_part_of_a_retry_policy_may_be_unknown() -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        unknown: pulumi.Output[Any] = pulumi.Output.from_input("x").apply(unknown_of)
        note(seen, policy=hook(retry_policy=RetryPolicyArgs(retry_count=unknown)).retry_policy)

    registered = run(program, preview=True)["hook"]
    assert rpc.contains_unknowns(registered.inputs["retryPolicy"])
    assert seen == {}


def test_an_attribute_can_only_be_read() -> None:
    def program() -> None:
        with pytest.raises(AttributeError, match=r"Webhook\.destinationUrl can only be read"):
            setattr(hook(), "destination_url", "https://y.com")  # noqa: B010 (a type checker refuses the plain way)

    run(program)


@pytest.mark.parametrize(("told", "status"), [("", None), ("DELIVERED", "DELIVERED")])
def test_the_status_of_the_last_delivery_is_none_before_the_first(
    told: str, status: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    plain = Cloud.new_resource

    def new_resource(self: Cloud, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = plain(self, args)
        return id_, {**outputs, "lastDeliveryStatus": told}

    monkeypatch.setattr(Cloud, "new_resource", new_resource)
    run(lambda: note(seen, status=hook().last_delivery_status))
    assert seen == {"status": status}


# In every state, for ever: a state that names a class by its place can only be destroyed while it is there.
PLACES = {
    EventBridgeActivationProvider: "genesys_provider.eventbridge_activation.EventBridgeActivationProvider",
    EventBridgeSourceProvider: "genesys_provider.eventbridge_source.EventBridgeSourceProvider",
    SigningKeyProvider: "genesys_provider.signing_key.SigningKeyProvider",
    SubscriptionProvider: "genesys_provider.subscription.SubscriptionProvider",
    WebhookProvider: "genesys_provider.webhook.WebhookProvider",
}
LOAD = """
import base64, dill, sys
for pickled in sys.argv[1:]:
    provider = dill.loads(base64.b64decode(pickled))
    print(type(provider).__module__ + "." + type(provider).__qualname__, vars(provider), type(provider).delete.__name__)
"""


def test_the_state_keeps_a_provider_as_the_place_of_its_class() -> None:
    pickled = [serialize_provider(provider()) for provider in PLACES]
    assert pickled == [serialize_provider(provider()) for provider in PLACES], "or every `up` would be an update"
    assert max(map(len, pickled)) < 130, "a name, not the code"
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOAD, *pickled],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"{place} {{}} delete" for place in PLACES.values()]


def test_a_provider_in_the_state_is_no_secret() -> None:
    assert "__provider" not in run(hook)["hook"].secret


def test_a_program_imports_neither_the_http_client_nor_the_retries() -> None:
    code = "import genesys_provider, sys; print([m for m in ('httpx', 'stamina', 'tenacity') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_mark_says_where_in_the_program_a_resource_is() -> None:
    """As its URN does: one of the same logical name within another component is another one."""

    def program() -> None:
        outer = pulumi.ComponentResource("my:module:Outer", "outer")
        inner = pulumi.ComponentResource("my:module:Inner", "inner", opts=pulumi.ResourceOptions(parent=outer))
        hook(opts=pulumi.ResourceOptions(parent=inner), description="text")
        args = SubscriptionArgs(webhook_id="w", event_types=["a"])
        Subscription("queues", args, pulumi.ResourceOptions(parent=inner))

    resources = run(program)
    registered = resources["hook"].inputs
    assert registered["owner"] == "project/stack/my:module:Outer$my:module:Inner::hook"
    assert registered["description"] == "text [pulumi:project/stack/my:module:Outer$my:module:Inner::hook]"
    assert registered["name"] == "project-stack-hook"
    without_text = "[pulumi:project/stack/my:module:Outer$my:module:Inner::queues]"
    assert resources["queues"].inputs["description"] == without_text


def test_whose_parent_is_the_stack_is_within_nothing() -> None:
    registered = run(lambda: hook(opts=pulumi.ResourceOptions(parent=settings.get_root_resource())))["hook"].inputs
    assert registered["owner"] == "project/stack/hook"
