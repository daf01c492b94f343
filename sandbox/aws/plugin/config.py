"""The provider's config, as pulumi-aws has it: nested values come as JSON text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.loaders import create_loader

from .errors import OFFICIAL
from .table import Props
from .values import unknown

# What asks the real plugin to leave AWS's own services alone says nothing to one that never calls them.
IGNORED = {
    "insecure",
    "maxRetries",
    "noProxy",
    "retryMode",
    "s3UsePathStyle",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "version",
}
HONOURED = {
    "accessKey",
    "allowedAccountIds",
    "defaultTags",
    "endpoints",
    "forbiddenAccountIds",
    "region",
    "secretKey",
}


@dataclass(frozen=True)
class Config:
    region: str
    endpoints: Mapping[str, str]
    """By boto3's name of the service. The stand-in calls nothing else."""
    access_key: str = "test"
    secret_key: str = "test"  # noqa: S105 - the sandbox takes any; the user's own keys stay where they are
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)


def parse(inputs: Props) -> Config:
    """Of inputs that `wrong` has nothing to say about."""
    values = {name: _parsed(value) for name, value in inputs.items()}
    given = {"access_key": values.get("accessKey"), "secret_key": values.get("secretKey")}
    return Config(
        region=values["region"],
        endpoints={name: url for each in values["endpoints"] for name, url in each.items() if url},
        allowed_accounts=tuple(values.get("allowedAccountIds") or ()),
        forbidden_accounts=tuple(values.get("forbiddenAccountIds") or ()),
        default_tags=(values.get("defaultTags") or {}).get("tags") or {},
        **{name: value for name, value in given.items() if value},
    )


def wrong(inputs: Props) -> list[str]:
    """What is wrong with them, a line each."""
    found = [
        f"aws:{name} is not known to the stand-in for pulumi-aws; {OFFICIAL}"
        for name in sorted(inputs.keys() - HONOURED - IGNORED)
    ]
    for name, shape, example in _SHAPES:
        value = inputs.get(name)
        if value is not None and not unknown(value) and not isinstance(_parsed(value), shape):
            found.append(f"aws:{name} must be such as {example}")
    if not inputs.get("region"):
        found.append('aws:region is missing: "pulumi config set aws:region us-east-1"')
    elif isinstance(region := inputs["region"], str) and region not in _regions():
        found.append(f"aws:region is {region!r}, which AWS does not have; such as us-east-1")
    if not inputs.get("endpoints"):
        found.append(f"aws:endpoints is missing: the stand-in for pulumi-aws never calls AWS; {OFFICIAL}")
    return found


def _regions() -> set[str]:
    """AWS's regions, as boto3 knows them; the real plugin refuses others too.

    From the list of partitions: the one of all endpoints takes 60 ms to read, at each preview.
    """
    partitions = create_loader().load_data("partitions")["partitions"]
    return {name for partition in partitions for name in partition["regions"] if not name.endswith("-global")}


_SHAPES = (
    ("region", str, "us-east-1"),
    ("endpoints", list, '[{"events": "http://127.0.0.1:4566"}]'),
    ("allowedAccountIds", list, '["123456789012"]'),
    ("forbiddenAccountIds", list, '["123456789012"]'),
    ("defaultTags", dict, '{"tags": {"team": "x"}}'),
)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
    except ValueError:
        return None
