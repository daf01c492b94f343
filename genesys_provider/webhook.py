"""`Webhook`: where Genesys Cloud posts events. `POST /api/v2/events/webhooks`, which is the tutorial's API."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from .connection import url_problem
from .lifecycle import (
    EntityProvider,
    EntityResource,
    Field,
    Props,
    flag_problem,
    output,
    text_map_problem,
    text_problem,
    whole_problem,
)


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


LONGEST_URL = 2048
DEFAULT_POLICY = {"retryCount": 3, "retryIntervalSeconds": 10}
POLICY_PROBLEMS = {"retryCount": whole_problem(0, 10), "retryIntervalSeconds": whole_problem(1, 300)}
# Those that frame the message can't be chosen by its author.
FRAMING = {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def url_field_problem(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return f"must be a URL of at most {LONGEST_URL} characters"
    return url_problem(value)


def method_problem(value: Any) -> str | None:
    return None if value in ("POST", "PUT") else "must be POST or PUT"


def key_problem(value: Any) -> str | None:
    good = isinstance(value, str) and value.strip() and len(value) <= 1000
    return None if good else "must be a text of 1 to 1000 characters: without it, deliveries would not be signed"


def headers_problem(value: Any) -> str | None:
    if problem := text_map_problem(value):
        return problem
    for name, text in value.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or name.lower() in FRAMING:
            return f"has {name!r}, which is no name of a header that may be set"
        if not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", text):
            return f"has a value for {name} with line breaks or characters that no header can carry"
    if len({name.lower() for name in value}) < len(value):
        return "has the same name twice: upper and lower case are the same in names of headers"
    return None


def retry_policy_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) != set(POLICY_PROBLEMS):
        return "must have retryCount and retryIntervalSeconds"
    for name, problem in POLICY_PROBLEMS.items():
        if found := problem(value[name]):
            return f"has a {name} that {found}"
    return None


def names_folded(value: Any) -> Any:
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
        Field("destinationUrl", respelt=without_trailing_slash, problem=url_field_problem),
        Field("method", default="POST", problem=method_problem),
        Field("enabled", default=True, problem=flag_problem),
        Field("signingKey", problem=key_problem, secret=True, write_only=True),
        Field("headerOverrides", default={}, compare=names_folded, problem=headers_problem, secret=True),
        Field("retryPolicy", default=DEFAULT_POLICY, problem=retry_policy_problem),
    )
    computed = ("lastDeliveryStatus",)

    def from_entity(self, entity: Mapping[str, Any]) -> Props:
        policy = entity.get("retryPolicy") or {}
        known = {name: policy.get(name, default) for name, default in DEFAULT_POLICY.items()}
        return super().from_entity({**entity, "retryPolicy": known})


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
            "signingKey": args.signing_key,
            "headerOverrides": args.header_overrides,
            "retryPolicy": {
                "retryCount": policy.retry_count,
                "retryIntervalSeconds": policy.retry_interval_seconds,
            },
            "adopt": args.adopt,
        }
        super().__init__(WebhookProvider(), name, props, opts)

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
        status: pulumi.Output[str] = output(self, "lastDeliveryStatus")
        return status.apply(lambda text: text or None)
