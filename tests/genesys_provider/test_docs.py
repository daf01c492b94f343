"""docs/provider.md leaves nothing out, and shows no text that is said no more."""

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

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
from genesys_provider.connection import CONFIG_KEYS, DEFAULT_MAX_ATTEMPTS, DEFAULT_TIMEOUT_SECONDS
from genesys_provider.eventbridge_source import EventBridgeSourceProvider
from genesys_provider.lifecycle import EntityProvider
from genesys_provider.regions import REGIONS
from genesys_provider.subscription import SubscriptionProvider
from genesys_provider.webhook import WebhookProvider

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/provider.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0]: part for part in TEXT.split("\n## ")}


def row(section: str, key: str) -> str:
    """The line of the section's table that begins with this key."""
    found = [
        line for line in SECTIONS[section].splitlines() if line.startswith("|") and f"`{key}`" in line.split("|")[1]
    ]
    assert len(found) == 1, f"{len(found)} rows of {section} are about {key}"
    return found[0]


@pytest.mark.parametrize(
    ("section", "args", "prefix"),
    [
        ("Webhook", WebhookArgs, ""),
        ("Webhook", RetryPolicyArgs, "retry_policy."),
        ("Subscription", SubscriptionArgs, ""),
        ("EventBridgeSource", EventBridgeSourceArgs, ""),
        ("EventBridgeActivation", EventBridgeActivationArgs, ""),
        ("SigningKey", SigningKeyArgs, ""),
    ],
)
def test_every_argument_has_a_row_with_its_default(section: str, args: Any, prefix: str) -> None:
    for field in dataclasses.fields(args):
        line = row(section, prefix + field.name)
        if field.default is dataclasses.MISSING:
            assert "| required |" in line
        elif field.default is not None:
            assert re.search(rf"\| `?{field.default}`? \|", line), f"{field.name} is {field.default} by default: {line}"


@pytest.mark.parametrize(
    ("section", "provider"),
    [
        ("Webhook", WebhookProvider),
        ("Subscription", SubscriptionProvider),
        ("EventBridgeSource", EventBridgeSourceProvider),
    ],
)
def test_every_field_is_there_as_a_preview_shows_it(section: str, provider: type[EntityProvider]) -> None:
    for name in [field.name for field in provider.fields] + [*provider.computed]:
        assert f"`{name}`" in SECTIONS[section], name


@pytest.mark.parametrize("resource", [Webhook, Subscription, EventBridgeSource, EventBridgeActivation, SigningKey])
def test_every_attribute_is_there(resource: type) -> None:
    for name, value in vars(resource).items():
        if isinstance(value, Attribute):
            assert f"`{name}`" in SECTIONS[resource.__name__], name


def test_every_setting_has_a_row() -> None:
    for key in CONFIG_KEYS:
        assert row("Settings", f"genesys:{key}")
    assert f"| {DEFAULT_TIMEOUT_SECONDS} |" in row("Settings", "genesys:timeoutSeconds")
    assert f"| {DEFAULT_MAX_ATTEMPTS} |" in row("Settings", "genesys:maxAttempts")


def test_every_region_is_there_in_all_three_spellings() -> None:
    for region in REGIONS:
        assert f"| `{region.name}` | `{region.aws_region}` | `{region.domain}` |" in SECTIONS["Settings"]


ELSEWHERE = {
    "has a problem",  # Pulumi
    "pulumi up --refresh --run-program",
    "Name or service not known",  # the operating system
    "Connection refused",
    "WRONG_VERSION_NUMBER",  # OpenSSL
    "Server disconnected without sending a response",  # httpx
    "peer closed connection without sending complete message body",
}


def said() -> set[str]:
    """Every text in the package's code."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "genesys_provider").glob("*.py")]
    constants = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {text.strip(" ;:,") for text in constants if isinstance(text, str) and len(text) >= 10} | ELSEWHERE


def test_every_error_that_is_shown_can_be_met() -> None:
    texts = said()
    shown = [line for line in re.findall(r"`([^`\n]+)`", SECTIONS["Errors"]) if len(line) >= 20]
    assert len(shown) > 40
    for line in shown:
        parts = [part.strip(" ;:,") for part in line.split("…")]
        assert any(
            (len(text) >= 8 and text in line) or any(part in text for part in parts if len(part) >= 12)
            for text in texts
        ), line


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    targets = {re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    targets |= set(re.findall(r'<a name="(.*?)">', TEXT))
    assert set(re.findall(r"\]\(#(.*?)\)", TEXT)) - targets == set()
