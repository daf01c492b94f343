"""`Webhook`: where Genesys Cloud posts events. `POST /api/v2/events/webhooks`, which is the tutorial's API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from .connection import url_problem
from .lifecycle import EntityProvider, EntityResource, Field, flag_problem, output, text_problem


@dataclass(kw_only=True)
class RetryPolicyArgs:
    """How often a delivery is tried again (0 to 10 times), and the seconds between two tries (1 to 300)."""

    retry_count: pulumi.Input[int] = 3
    retry_interval_seconds: pulumi.Input[int] = 10


@dataclass(kw_only=True)
class WebhookArgs:
    """What a webhook is made of."""

    destination_url: pulumi.Input[str]
    """Where events are posted: an https URL (http only to this machine)."""
    signing_key: pulumi.Input[str]
    """The key of each delivery's HMAC-SHA256 signature. Secret. Never told again: a change by hand is not seen."""
    name: pulumi.Input[str] | None = None
    """1 to 128 characters, unique in the organisation. Default: `<project>-<stack>-<logical name>`."""
    description: pulumi.Input[str] | None = None
    """Free text; the mark by which this stack knows its own is put behind it. 1000 characters with the mark."""
    method: pulumi.Input[str] = "POST"
    """`POST` or `PUT`."""
    enabled: pulumi.Input[bool] = True
    """Whether events are delivered."""
    header_overrides: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None
    """Headers sent with each delivery, instead of the platform's own of that name. Secret as a whole."""
    retry_policy: RetryPolicyArgs | None = None
    """What happens to a delivery that fails. Default: 3 times, 10 seconds apart."""
    adopt: pulumi.Input[str] | None = None
    """The id of an existing webhook to take over instead of making one. Only looked at on creation."""


def url_field_problem(value: Any) -> str | None:
    return url_problem(value) if isinstance(value, str) else "must be a URL"


def method_problem(value: Any) -> str | None:
    return None if value in ("POST", "PUT") else "must be POST or PUT"


def key_problem(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "must not be empty: deliveries would not be signed"


def headers_problem(value: Any) -> str | None:
    good = isinstance(value, dict) and all(isinstance(item, str) for pair in value.items() for item in pair)
    return None if good else "must be a map of header names to texts"


def retry_policy_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) != {"retryCount", "retryIntervalSeconds"}:
        return "must have retryCount and retryIntervalSeconds"
    for name, least, most in (("retryCount", 0, 10), ("retryIntervalSeconds", 1, 300)):
        if (
            not isinstance(value[name], int | float)
            or value[name] != int(value[name])
            or not least <= value[name] <= most
        ):
            return f"has {name} {value[name]!r}; write a whole number from {least} to {most}"
    return None


def header_names_folded(value: Any) -> Any:
    """Names of headers mean the same in any case."""
    return {name.lower(): text for name, text in value.items()} if isinstance(value, dict) else value


def without_trailing_slash(value: Any) -> Any:
    return value.rstrip("/") if isinstance(value, str) else value


class WebhookProvider(EntityProvider):
    kind = "webhook"
    path = "/api/v2/events/webhooks"
    fields = (
        Field("name", problem=text_problem(1, 128)),
        Field("description", default="", problem=text_problem(0, 1000)),
        Field("destinationUrl", compare=without_trailing_slash, problem=url_field_problem),
        Field("method", default="POST", problem=method_problem),
        Field("enabled", default=True, problem=flag_problem),
        Field("signingKey", problem=key_problem, secret=True, write_only=True),
        Field("headerOverrides", default={}, compare=header_names_folded, problem=headers_problem, secret=True),
        Field("retryPolicy", default={"retryCount": 3, "retryIntervalSeconds": 10}, problem=retry_policy_problem),
    )
    computed = ("lastDeliveryStatus",)

    def to_body(self, props: Mapping[str, Any]) -> dict[str, Any]:
        policy = {name: int(value) for name, value in props["retryPolicy"].items()}  # Pulumi's numbers are all floats
        return {**super().to_body(props), "retryPolicy": policy}


class Webhook(EntityResource, module="genesys", name="Webhook"):
    """A webhook of Genesys Cloud. Every field is changed in place; only `--replace` or taint make it anew."""

    def __init__(self, name: str, args: WebhookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        policy = args.retry_policy or RetryPolicyArgs()
        props = {
            "name": args.name,
            "description": args.description,
            "destinationUrl": args.destination_url,
            "method": args.method,
            "enabled": args.enabled,
            "signingKey": pulumi.Output.secret(args.signing_key),
            "headerOverrides": pulumi.Output.secret(args.header_overrides or {}),
            "retryPolicy": {
                "retryCount": policy.retry_count,
                "retryIntervalSeconds": policy.retry_interval_seconds,
            },
            "adopt": args.adopt,
        }
        super().__init__(WebhookProvider(), name, props, opts, secret=("signingKey", "headerOverrides"))

    @property
    def destination_url(self) -> pulumi.Output[str]:
        """Where events are posted."""
        return output(self, "destinationUrl")

    @property
    def enabled(self) -> pulumi.Output[bool]:
        """Whether events are delivered."""
        return output(self, "enabled")

    @property
    def last_delivery_status(self) -> pulumi.Output[str | None]:
        """How the newest delivery ended, as of the last `refresh`; None before the first."""
        return output(self, "lastDeliveryStatus")
