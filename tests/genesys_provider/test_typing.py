"""What a type checker tells somebody who uses the installed package: `mypy --strict` on two programs of theirs."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genesys_provider import (
    EventBridgeActivation,
    EventBridgeActivationArgs,
    EventBridgeSource,
    EventBridgeSourceArgs,
    RetryPolicyArgs,
    SigningKey,
    SigningKeyArgs,
    Subscription,
    SubscriptionArgs,
    Webhook,
    WebhookArgs,
)
from genesys_provider.attribute import Attribute

ROOT = Path(__file__).parents[2]

RIGHT = """
from collections.abc import Mapping, Sequence
from typing import Any, assert_type

import pulumi
from pulumi import Output

from genesys_provider import (
    EventBridgeActivation,
    EventBridgeActivationArgs,
    EventBridgeSource,
    EventBridgeSourceArgs,
    RetryPolicy,
    RetryPolicyArgs,
    RetryPolicyArgsDict,
    SigningKey,
    SigningKeyArgs,
    Subscription,
    SubscriptionArgs,
    Webhook,
    WebhookArgs,
)

options = pulumi.ResourceOptions(protect=True)
text: Output[str] = Output.from_input("text")
flag: Output[bool] = Output.from_input(True)
number: Output[int] = Output.from_input(3)

key = SigningKey("key", SigningKeyArgs(rotation=1), options)
SigningKey("another-key", SigningKeyArgs(rotation=number))
SigningKey("third-key", opts=options)
assert_type(key.key, Output[str])
assert_type(key.rotation, Output[int])

plain = Webhook(
    "plain",
    WebhookArgs(
        destination_url="https://example.com",
        signing_key="a key",
        name="a name",
        description="text",
        method="PUT",
        enabled=False,
        header_overrides={"X-One": "1", "X-Two": text},
        retry_policy=RetryPolicyArgs(retry_count=0, retry_interval_seconds=number),
        adopt="an id",
    ),
    options,
)
policy: RetryPolicyArgsDict = {"retry_interval_seconds": number}
outputs = Webhook(
    "outputs",
    opts=options,
    args=WebhookArgs(
        destination_url=plain.destination_url,
        signing_key=key.key,
        name=text,
        description=plain.description,
        method=plain.method,
        enabled=plain.enabled,
        header_overrides=plain.header_overrides,
        retry_policy=plain.retry_policy,
        adopt=text,
    ),
)
Webhook("least", WebhookArgs(destination_url=text, signing_key=key.key, retry_policy=policy))
Webhook("dict", WebhookArgs(destination_url=text, signing_key=text, retry_policy={"retry_count": 5}))
assert_type(outputs.id, Output[str])
assert_type(outputs.name, Output[str])
assert_type(outputs.description, Output[str])
assert_type(outputs.destination_url, Output[str])
assert_type(outputs.method, Output[str])
assert_type(outputs.enabled, Output[bool])
assert_type(outputs.signing_key, Output[str])
assert_type(outputs.header_overrides, Output[Mapping[str, str]])
assert_type(outputs.retry_policy, Output[RetryPolicy])
assert_type(outputs.retry_policy.apply(lambda policy: policy.retry_count), Output[int])
assert_type(outputs.retry_policy.apply(lambda policy: policy.retry_interval_seconds), Output[int])
assert_type(outputs.last_delivery_status, Output[str | None])

queues = Subscription(
    "queues",
    SubscriptionArgs(
        webhook_id=plain.id,
        event_types=["routing.queueEvent", text],
        attributes={"queueId": text},
        name="a name",
        description="text",
        enabled=True,
        delivery_mode="PUSH",
        transform={"a": [1]},
        adopt="an id",
    ),
    options,
)
same = Subscription(
    "same",
    SubscriptionArgs(
        webhook_id=queues.webhook_id,
        event_types=queues.event_types,
        attributes=queues.attributes,
        name=text,
        description=queues.description,
        enabled=flag,
        delivery_mode=queues.delivery_mode,
        transform=queues.transform,
        adopt=text,
    ),
)
Subscription("least", SubscriptionArgs(webhook_id="an id", event_types=("conversation.event",)))
assert_type(same.id, Output[str])
assert_type(same.name, Output[str])
assert_type(same.description, Output[str])
assert_type(same.event_types, Output[Sequence[str]])
assert_type(same.attributes, Output[Mapping[str, str]])
assert_type(same.enabled, Output[bool])
assert_type(same.delivery_mode, Output[str])
assert_type(same.webhook_id, Output[str])
assert_type(same.transform, Output[Any])

source = EventBridgeSource(
    "source",
    EventBridgeSourceArgs(
        aws_account_id="123456789012",
        aws_region="eu-central-1",
        topics=["v2.users.{id}.presence", text],
        suffix="a-suffix",
        name="a name",
        notes="text",
        enabled=flag,
        adopt="an id",
    ),
    options,
)
EventBridgeSource("least", EventBridgeSourceArgs(aws_account_id=text, aws_region=text, topics=source.topics))
assert_type(source.id, Output[str])
assert_type(source.name, Output[str])
assert_type(source.notes, Output[str])
assert_type(source.aws_account_id, Output[str])
assert_type(source.aws_region, Output[str])
assert_type(source.suffix, Output[str])
assert_type(source.topics, Output[Sequence[str]])
assert_type(source.enabled, Output[bool])
assert_type(source.event_source_name, Output[str])
assert_type(source.failed, Output[bool])
assert_type(source.reported_state, Output[str])
assert_type(source.unsettled, Output[str])

active = EventBridgeActivation(
    "active",
    EventBridgeActivationArgs(integration_id=source.id, enabled=source.enabled, unsettled=source.unsettled),
    options,
)
EventBridgeActivation("least", EventBridgeActivationArgs(integration_id="an id"))
assert_type(active.id, Output[str])
assert_type(active.integration_id, Output[str])
assert_type(active.enabled, Output[bool])
assert_type(active.reported_state, Output[str | None])
"""

BEFORE = """
import pulumi
from genesys_provider import (
    EventBridgeActivationArgs, EventBridgeSourceArgs, RetryPolicyArgs, SigningKey, SigningKeyArgs,
    Subscription, SubscriptionArgs, Webhook, WebhookArgs,
)

text: pulumi.Output[str] = pulumi.Output.from_input("text")
hook = Webhook("hook", WebhookArgs(destination_url=text, signing_key=text))
"""
WRONG = {
    "WebhookArgs('https://example.com', 'a key')": "call-arg",
    "WebhookArgs(destination_url=text)": "call-arg",
    "WebhookArgs(destination_url=text, signing_key=text, destinationUrl=text)": "call-arg",
    "WebhookArgs(destination_url=text, signing_key=text, header_override={})": "call-arg",
    "WebhookArgs(destination_url=text, signing_key=None)": "arg-type",
    "WebhookArgs(destination_url=1, signing_key=text)": "arg-type",
    "WebhookArgs(destination_url=text, signing_key=text, enabled=text)": "arg-type",
    "WebhookArgs(destination_url=text, signing_key=text, header_overrides={'X-One': 1})": "dict-item",
    "WebhookArgs(destination_url=text, signing_key=text, retry_policy={'retryCount': 3})": "arg-type",
    "WebhookArgs(destination_url=text, signing_key=text, retry_policy=3)": "arg-type",
    "RetryPolicyArgs(retry_count='3')": "arg-type",
    "SubscriptionArgs(webhook_id=hook.id)": "call-arg",
    "SubscriptionArgs(webhook_id=hook, event_types=['a'])": "arg-type",
    "SubscriptionArgs(webhook_id=hook.id, event_types=[1])": "list-item",
    "SubscriptionArgs(webhook_id=hook.id, event_types=['a'], enabled='yes')": "arg-type",
    "EventBridgeSourceArgs(aws_account_id=text, aws_region=text)": "call-arg",
    "EventBridgeSourceArgs(aws_account_id=123456789012, aws_region=text, topics=[text])": "arg-type",
    "EventBridgeActivationArgs(integration_id=hook)": "arg-type",
    "SigningKeyArgs(rotation='2')": "arg-type",
    "Webhook('hook', SigningKeyArgs())": "arg-type",
    "Webhook('hook')": "call-arg",
    "Subscription('queues', {'webhook_id': hook.id})": "arg-type",
    "SigningKey('key', pulumi.ResourceOptions())": "arg-type",
    "hook.destinationUrl": "attr-defined",
    "hook.enabled.apply(lambda on: on.upper())": "attr-defined",
    "hook.name = text": "assignment",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of both, and of the docs' example. One run: to read Pulumi's own types is what takes the time."""
    folder = tmp_path_factory.mktemp("user")
    site = folder / "site-packages"
    site.mkdir()
    (site / "genesys_provider").symlink_to(ROOT / "genesys_provider")
    (folder / "right.py").write_text(RIGHT, encoding="utf-8")
    example = (ROOT / "docs/provider.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    (folder / "example.py").write_text(example, encoding="utf-8")
    (folder / "wrong.py").write_text(BEFORE + "\n".join(WRONG), encoding="utf-8")
    line = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--no-pretty",
        f"--cache-dir={folder / 'cache'}",
    ]
    done = subprocess.run(
        [*line, "right.py", "example.py", "wrong.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site), "MYPYPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_every_argument_and_every_attribute_has_its_type(told: list[str]) -> None:
    assert [line for line in told if not line.startswith("wrong.py")][:-1] == []


@pytest.mark.parametrize(
    "args",
    [EventBridgeActivationArgs, EventBridgeSourceArgs, RetryPolicyArgs, SigningKeyArgs, SubscriptionArgs, WebhookArgs],
)
def test_no_argument_is_left_out_above(args: type) -> None:
    assert [field for field in inspect.signature(args).parameters if f"{field}=" not in RIGHT] == []


@pytest.mark.parametrize("resource", [EventBridgeActivation, EventBridgeSource, SigningKey, Subscription, Webhook])
def test_nor_is_an_attribute(resource: type) -> None:
    attributes = [name for name, value in vars(resource).items() if isinstance(value, Attribute)]
    assert [name for name in attributes if not re.search(rf"assert_type\(\w+\.{name}, ", RIGHT)] == []


@pytest.mark.parametrize(("code", "error"), WRONG.items())
def test_a_mistake_is_found_before_the_program_runs(code: str, error: str, told: list[str]) -> None:
    number = BEFORE.count("\n") + 1 + [*WRONG].index(code)
    found = [line for line in told if line.startswith(f"wrong.py:{number}: error: ")]
    assert len(found) >= 1, told
    assert any(line.endswith(f"[{error}]") for line in found), found
