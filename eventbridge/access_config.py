"""What the `aws:` keys of a stack say, as pulumi_aws's provider understands them, for who asks AWS beside it.

What the provider honours and boto3 can't is refused: other credentials than the provider's are used by nobody. The keys
are those of pulumi-aws 7.51.1; a test compares them.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from .access import Access, AccessError, Identity, Request, fit

# What AWS's own settings call them. Each goes for every client, those that look for credentials included.
SETTINGS = {
    "customCaBundle": "ca_bundle",
    "ec2MetadataServiceEndpoint": "ec2_metadata_service_endpoint",
    "ec2MetadataServiceEndpointMode": "ec2_metadata_service_endpoint_mode",
    "sharedConfigFiles": "config_file",
    "sharedCredentialsFiles": "credentials_file",
    "useDualstackEndpoint": "use_dualstack_endpoint",
    "useFipsEndpoint": "use_fips_endpoint",
}
HONOURED = {
    *SETTINGS,
    "accessKey",
    "assumeRoleWithWebIdentity",
    "assumeRoles",
    "endpoints",
    "insecure",
    "profile",
    "region",
    "secretKey",
    "skipMetadataApiCheck",
    "stsRegion",
    "token",
}
REFUSED = {"httpProxy": "HTTP_PROXY", "httpsProxy": "HTTPS_PROXY", "noProxy": "NO_PROXY"}
"""By the variable that both honour."""
WITHOUT_EFFECT = {
    "allowedAccountIds",  # the provider itself refuses others, and PartnerSource works in no other account than it
    "defaultTags",
    "forbiddenAccountIds",
    "ignoreTags",
    "maxRetries",
    "retryMode",
    "s3UsEast1RegionalEndpoint",
    "s3UsePathStyle",
    "skipCredentialsValidation",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "tagPolicyCompliance",
    "tokenBucketRateLimiterCapacity",
    "userAgents",
}
"""On whom is asked, where, and what it answers."""
KEYS = HONOURED | REFUSED.keys() | WITHOUT_EFFECT

# By the provider's name of a field: the API's name of it.
ROLE = {
    "duration": "DurationSeconds",
    "externalId": "ExternalId",
    "policy": "Policy",
    "policyArns": "PolicyArns",
    "roleArn": "RoleArn",
    "sessionName": "RoleSessionName",
    "sourceIdentity": "SourceIdentity",
    "tags": "Tags",
    "transitiveTagKeys": "TransitiveTagKeys",
}
WEB_IDENTITY = {key: ROLE[key] for key in ("duration", "policy", "policyArns", "roleArn", "sessionName")}
ROLE_SECONDS = 900  # as with the provider, where no duration is given
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse(config: Mapping[str, Any]) -> Access:
    """By the names of `aws:` keys: texts, and lists and maps as JSON text. Raises AccessError."""
    values = {key: parsed(value) for key, value in cleaned_keys(config).items() if value not in (None, "")}
    for key, variable in REFUSED.items():
        if key in values:
            raise AccessError(f"aws:{key} is not honoured by PartnerSource: set {variable} in the environment instead")
    for key in ("accessKey", "secretKey"):
        if key not in values and values.keys() & {"accessKey", "secretKey", "token"}:
            raise AccessError(f"aws:{key} is missing: write aws:accessKey and aws:secretKey, or neither")
    for key in ("accessKey", "secretKey", "token", "profile", "stsRegion"):
        if key in values and not isinstance(values[key], str):
            raise AccessError(f"aws:{key} must be a text")
    keys = {"accessKey": "aws_access_key_id", "secretKey": "aws_secret_access_key", "token": "aws_session_token"}
    identity = values.get("assumeRoleWithWebIdentity")
    return Access(
        profile=values.get("profile"),
        keys={name: values[key] for key, name in keys.items() if key in values},
        identity=None if identity is None else web_identity(identity),
        roles=roles(values.get("assumeRoles", [])),
        endpoints=endpoints(values.get("endpoints", [])),
        settings={name: setting(key, values[key]) for key, name in SETTINGS.items() if key in values},
        sts_region=values.get("stsRegion"),
        insecure=flag("insecure", values.get("insecure", False)),
        skip_metadata=flag(
            "skipMetadataApiCheck",
            values.get("skipMetadataApiCheck", os.environ.get("AWS_SKIP_METADATA_API_CHECK") or False),
        ),
    )


def cleaned_keys(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config, with its credentials as they may be sent."""
    texts = {key: config[key] for key in ("accessKey", "secretKey", "token") if isinstance(config.get(key), str)}
    return {**config, **{key: fit(f"aws:{key}", text) for key, text in texts.items()}}


def parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def flag(key: str, value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise AccessError(f"aws:{key} must be true or false")
    return str(value).lower() == "true"


def setting(key: str, value: Any) -> Any:
    if key.startswith("use"):
        return flag(key, value)
    if not key.endswith("Files"):
        return value
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], str):
        raise AccessError(f'aws:{key} must have exactly one file for PartnerSource, such as ["~/.aws/other"]')
    return value[0]


def endpoints(value: Any) -> dict[str, str]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise AccessError('aws:endpoints must be such as [{"events": "http://127.0.0.1:4566"}]')
    for number, each in enumerate(value):
        for name, url in each.items():
            if url not in (None, "") and not is_url(url):
                raise AccessError(f"aws:endpoints[{number}].{name} is no URL: write such as http://127.0.0.1:4566")
    named = {name: url for each in value for name, url in each.items() if url}
    events = next((named[name] for name in ("events", "cloudwatchevents", "eventbridge") if name in named), None)
    return {name: url for name, url in (("events", events), ("sts", named.get("sts"))) if url}


def is_url(value: Any) -> bool:
    """Whether boto3 takes it for one, which raises a ValueError otherwise."""
    from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

    if not isinstance(value, str) or not value.isprintable() or not value.startswith(("http://", "https://")):
        return False
    try:
        return bool(is_valid_endpoint_url(value) or is_valid_ipv6_endpoint_url(value))
    except ValueError:
        return False


def roles(value: Any) -> list[Request]:
    if not isinstance(value, list):
        raise AccessError('aws:assumeRoles must be such as [{"roleArn": "arn:aws:iam::123456789012:role/deploy"}]')
    return [request(f"aws:assumeRoles[{number}]", each, ROLE) for number, each in enumerate(value)]


def web_identity(value: Any) -> Identity:
    where = "aws:assumeRoleWithWebIdentity"
    given = dict(value) if isinstance(value, dict) else {}
    token, file = given.pop("webIdentityToken", None), given.pop("webIdentityTokenFile", None)
    found = request(where, given, WEB_IDENTITY)
    if not isinstance(token or file, str):
        raise AccessError(f"{where} has no token: write webIdentityTokenFile or webIdentityToken")
    return Identity(found, token or None, file)


def request(where: str, given: Any, names: Mapping[str, str]) -> Request:
    """What the API is asked for one role."""
    if not isinstance(given, dict):
        raise AccessError(f'{where} must be such as {{"roleArn": "arn:aws:iam::123456789012:role/deploy"}}')
    if unknown := sorted(given.keys() - names.keys()):
        raise AccessError(f"{where}.{unknown[0]} is not honoured by PartnerSource; there are: {', '.join(names)}")
    if not given.get("roleArn"):
        raise AccessError(f"{where}.roleArn is missing: write such as arn:aws:iam::123456789012:role/deploy")
    made = {names[key]: field_of(f"{where}.{key}", key, value) for key, value in given.items() if value}
    return {"RoleSessionName": "pulumi-partner-source", "DurationSeconds": ROLE_SECONDS, **made}


def field_of(where: str, key: str, value: Any) -> Any:
    """One field, in the API's shape."""
    if key == "duration":
        return seconds(where, value)
    if key == "tags":
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise AccessError(f'{where} must be texts by name, such as {{"team": "voice"}}')
        return [{"Key": name, "Value": text} for name, text in value.items()]
    if key in ("policyArns", "transitiveTagKeys"):
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise AccessError(f"{where} must be a list of texts")
        return [{"arn": arn} for arn in value] if key == "policyArns" else value
    if not isinstance(value, str):
        raise AccessError(f"{where} must be a text")
    return value


def seconds(where: str, value: Any) -> int:
    """Of such as `1h30m`, as Go writes durations."""
    units = "|".join(UNITS)
    if not isinstance(value, str) or not re.fullmatch(rf"([0-9.]+({units}))+", value):
        raise AccessError(f"{where} must be such as 15m or 1h30m")
    try:
        return round(sum(float(number) * UNITS[unit] for number, unit in re.findall(rf"([0-9.]+)({units})", value)))
    except ValueError:
        raise AccessError(f"{where} must be such as 15m or 1h30m") from None
