"""`Webhook`: where Genesys Cloud posts events. `POST /api/v2/events/webhooks`, which is the tutorial's API."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypeAlias, TypedDict

import pulumi

from .attribute import Attribute
from .connection import behind_host, url_problem
from .lifecycle import (
    EntityProvider,
    EntityResource,
    Field,
    Props,
    flag_problem,
    text_map_problem,
    text_problem,
    whole_problem,
)
from .redaction import SHORTEST_KEY, hide


@dataclass(kw_only=True)
class RetryPolicyArgs:
    """What happens to a delivery that fails."""

    retry_count: pulumi.Input[int] = 3
    """How often it is tried again, 0 to 10 times."""
    retry_interval_seconds: pulumi.Input[int] = 10
    """Seconds between two tries, 1 to 300."""


class RetryPolicyArgsDict(TypedDict):
    """The same as a dict."""

    retry_count: NotRequired[pulumi.Input[int]]
    retry_interval_seconds: NotRequired[pulumi.Input[int]]


@pulumi.output_type
class RetryPolicy:
    """The same as an output."""

    retry_count: int = pulumi.property("retryCount")
    retry_interval_seconds: int = pulumi.property("retryIntervalSeconds")

    def __init__(self, *, retry_count: int, retry_interval_seconds: int) -> None:
        pulumi.set(self, "retry_count", retry_count)
        pulumi.set(self, "retry_interval_seconds", retry_interval_seconds)


AnyPolicy: TypeAlias = RetryPolicyArgs | RetryPolicyArgsDict | RetryPolicy


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
    retry_policy: pulumi.Input[AnyPolicy] | None = None
    """What happens to a delivery that fails. Default: 3 times, 10 seconds apart."""
    adopt: pulumi.Input[str] | None = None
    """The id of an existing webhook to take over instead of making one. Only looked at on creation."""


LONGEST_URL = 2048
NOT_IN_NAMES = "a colon, a blank or another character that none has"
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
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):  # perhaps a whole line, or name and value exchanged
            return f"has a name with {NOT_IN_NAMES} in it (not shown: it may hold a secret); write {{name: value}}"
        if name.lower() in FRAMING:
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

    def _hide(self, props: Props) -> None:
        super()._hide(props)
        behind = behind_host(str(props.get("destinationUrl")))[1:]
        parts = [part for part in (behind, *re.split("[/?&=]", behind)) if len(part) >= SHORTEST_KEY]
        ours = f"{props.get('name')} {props.get('owner')}".lower()  # a path may have the project's name in it
        hide(*(part for part in parts if part.lower() not in ours))

    def from_entity(self, entity: Mapping[str, Any]) -> Props:
        policy = entity.get("retryPolicy") or {}
        known = {
            name: default if policy.get(name) is None else policy[name] for name, default in DEFAULT_POLICY.items()
        }
        return super().from_entity({**entity, "retryPolicy": known})


def policy_input(policy: pulumi.Input[AnyPolicy] | None) -> pulumi.Input[Mapping[str, Any]]:
    """The retry policy under the API's names."""

    def named(policy: AnyPolicy | None) -> Mapping[str, Any]:
        one = RetryPolicyArgs(**policy) if isinstance(policy, dict) else policy or RetryPolicyArgs()
        return {"retryCount": one.retry_count, "retryIntervalSeconds": one.retry_interval_seconds}

    if policy is None or isinstance(policy, RetryPolicyArgs | RetryPolicy | dict):
        return named(policy)  # at once: a misspelt name is found where it was written
    known: pulumi.Output[AnyPolicy] = pulumi.Output.from_input(policy)
    return known.apply(named)


def policy_of(value: Mapping[str, float]) -> RetryPolicy:
    return RetryPolicy(retry_count=int(value["retryCount"]), retry_interval_seconds=int(value["retryIntervalSeconds"]))


class Webhook(EntityResource, module="genesys", name="Webhook"):
    """A webhook of Genesys Cloud. Every field is changed in place; only `--replace` or taint make it anew."""

    name = Attribute[str]("name")
    """The name, which is unique in the organisation."""
    description = Attribute[str]("description")
    """The description, with the mark behind it by which this stack knows its own."""
    destination_url = Attribute[str]("destinationUrl")
    """Where events are posted."""
    method = Attribute[str]("method")
    """`POST` or `PUT`."""
    enabled = Attribute[bool]("enabled")
    """Whether events are delivered."""
    signing_key = Attribute[str]("signingKey")
    """The key of the deliveries' signatures, as it was last set from here. Secret."""
    header_overrides = Attribute[Mapping[str, str]]("headerOverrides")
    """Headers sent with each delivery. Secret."""
    retry_policy = Attribute("retryPolicy", policy_of)
    """What happens to a delivery that fails."""
    last_delivery_status = Attribute[str | None]("lastDeliveryStatus", lambda text: text or None)
    """How the newest delivery ended, as of the last `refresh`; None before the first."""

    def __init__(self, name: str, args: WebhookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {
            "name": args.name,
            "description": args.description,
            "destinationUrl": args.destination_url,
            "method": args.method,
            "enabled": args.enabled,
            "signingKey": args.signing_key,
            "headerOverrides": args.header_overrides,
            "retryPolicy": policy_input(args.retry_policy),
            "adopt": args.adopt,
        }
        super().__init__(WebhookProvider(), name, props, opts)
