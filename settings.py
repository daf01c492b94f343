"""Config and environment become one typed, checked Settings. The program's only place that reads either."""

import difflib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pulumi

from genesys_provider import connection
from genesys_provider.errors import ConfigError
from genesys_provider.eventbridge_source import suffix_problem
from genesys_provider.lifecycle import adopt_problem
from genesys_provider.topics import problem as topic_problem
from genesys_provider.uuids import UUID

T = TypeVar("T")

# What CloudWatch Logs takes as a retention.
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
EXIT_AFTER_MESSAGE = 32  # Pulumi's own code for it: a RunError would be followed by a second error line
LONGEST_BUS_NAME = 45  # the longest rule's name made from it, -heartbeat-received, may have 64 characters
LONGEST_SUBSCRIPTION_NAME = 64
LONGEST_TOPICS = 3000
MOST_TAGS = 50
MOST_FORWARDS = 9  # with the tap's, as many dead-letter queues as CloudWatch adds up in one alarm
LONGEST_SILENCE_HOURS = 168  # the week that an alarm of CloudWatch can look back
LONGEST_GENESYS_NAME = 128
SECRET_KEYS = ("genesys:clientSecret", "aws:secretKey", "aws:token")


@dataclass(frozen=True, kw_only=True)
class SubscriptionSettings:
    """One entry of `subscriptions`."""

    name: str
    event_types: list[str]
    attributes: dict[str, str]
    enabled: bool
    transform: Any
    adopt: str | None


@dataclass(frozen=True, kw_only=True)
class IngressSettings:
    """`ingress`. With a `url` nothing is built: it is somebody else's receiver."""

    url: str | None
    throttle_rate: float
    throttle_burst: int
    max_age_minutes: int
    key_overlap_minutes: int
    log_days: int
    topics: list[str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what this stack looks like."""

    delivery: str
    """`webhook` or `partner`."""
    bus_name: str
    source_suffix: str
    """The end of the partner event source's name."""
    topics: list[str]
    """Topic templates: in `partner` those that are delivered, in `webhook` those known beside the documented ones."""
    source: str
    """Source of the events on the bus: `genesys.com/cloud/<orgId>` (AWS keeps `aws.` for its partners)."""
    aws_cli: str
    """How to call the AWS CLI for this stack."""
    subscriptions: list[SubscriptionSettings]
    ingress: IngressSettings
    adopt: str | None
    """Id of the webhook, or integration, that exists and is taken over."""
    tap: bool
    forward_to: list[str]
    """ARNs of the buses that get every event."""
    archive_days: int
    silence_hours: int
    """There is an alarm when no event came for so long; 0: there is none."""
    alarm_topic_arn: str | None
    heartbeat_minutes: int
    signing_key_rotation: int
    api_key_rotation: int
    tags: dict[str, str]
    protect: bool


def from_pulumi() -> Settings:
    """The settings of the running program.

    Ends the program with one error line that names the key, what is wrong, and what to write instead.
    """
    # Pulumi has no public way to list the keys that are set, and accepts unknown ones without a word.
    config = pulumi.runtime.config.CONFIG.get()
    try:
        refuse_plain(key for key in config if not pulumi.runtime.is_config_secret(key))
        settings = load(config, os.environ, pulumi.get_project(), pulumi.get_stack())
    except ConfigError as error:
        pulumi.log.error(str(error))
        sys.exit(EXIT_AFTER_MESSAGE)
    if from_environment := os.environ.get("AWS_EVENTBRIDGE_URL", "").strip():
        if settings.delivery == "partner":
            pulumi.log.info("AWS_EVENTBRIDGE_URL in the environment is not used: `delivery: partner` has no receiver")
        elif settings.ingress.url == from_environment:
            pulumi.log.info(f"events go to {settings.ingress.url}, from AWS_EVENTBRIDGE_URL in the environment")
    return settings


def refuse_plain(keys: Iterable[str]) -> None:
    """Pulumi would keep them in plain text, in the stack's file and in the state."""
    for key in keys:
        if key in SECRET_KEYS:
            raise ConfigError(
                f"{key} is in the stack's file in plain text: take it out, give it to nobody any more who has seen it,"
                f" and set another one: pulumi config set --secret {key}"
            )


def load(config: Mapping[str, str], environ: Mapping[str, str], project: str, stack: str) -> Settings:
    """The settings that these config values (by full key, as Pulumi keeps them: JSON text) and environment ask for."""
    reader = Reader(project, config)
    for namespace, known in ((project, KEYS), ("genesys", connection.CONFIG_KEYS), ("aws", AWS_KEYS)):
        keys = [key for space, _, key in (full.rpartition(":") for full in config) if space == namespace]
        refuse_unknown(keys, known, f"{namespace}:", "config key")
    refuse_misspelt(config, (project, "genesys", "aws"), others=("awsx",))
    check_account_ids(Reader("aws", config))
    genesys = connection.resolve(lambda key: config.get(f"genesys:{key}"), environ)

    delivery = reader.text("delivery", "webhook")
    if delivery not in ("webhook", "partner"):
        raise ConfigError(f"{project}:delivery is {delivery!r}; write webhook or partner")
    partner, name = delivery == "partner", bus_name(reader, stack)
    if partner:
        refuse_webhooks(reader)
    elif reader.text("sourceSuffix", ""):
        raise ConfigError(
            f"{reader.key('sourceSuffix')} is for `delivery: partner`: in `webhook`, no event source is made; take it"
            " out"
        )

    return Settings(
        delivery=delivery,
        bus_name=name,
        source_suffix=source_suffix(reader, name),
        source=f"genesys.com/cloud/{organisation(genesys.org_id)}",
        aws_cli=aws_cli(config),
        subscriptions=no_subscriptions(reader) if partner else subscriptions(reader, f"{project}-{stack}-"),
        topics=partner_topics(reader) if partner else topics(reader),
        ingress=ingress(reader, {} if partner else environ),
        adopt=adopted(reader, "integration" if partner else "webhook"),
        tap=reader.flag("tap", False),
        forward_to=forward_to(reader, name, config),
        archive_days=reader.number("archiveDays", 7, 1, 90),
        silence_hours=reader.number("silenceHours", 24, 0, LONGEST_SILENCE_HOURS),
        alarm_topic_arn=alarm_topic(reader, config.get("aws:region")),
        heartbeat_minutes=reader.number("heartbeatMinutes", 5, 1, 60),
        signing_key_rotation=reader.number("signingKeyRotation", 1, 1, 1_000_000),
        api_key_rotation=reader.number("apiKeyRotation", 1, 1, 1_000_000),
        tags=tags(reader),
        protect=reader.flag("protect", False),
    )


KEYS = (
    "delivery",
    "busName",
    "subscriptions",
    "topics",
    "sourceSuffix",
    "ingress",
    "adopt",
    "tap",
    "forwardTo",
    "archiveDays",
    "silenceHours",
    "alarmTopicArn",
    "logDays",
    "heartbeatMinutes",
    "keyOverlapMinutes",
    "signingKeyRotation",
    "apiKeyRotation",
    "tags",
    "protect",
)
# All of pulumi-aws 7.51.1, which takes others without a word: a misspelt allowedAccountIds would guard nothing. A test
# compares them.
AWS_KEYS = (
    "accessKey",
    "allowedAccountIds",
    "assumeRoleWithWebIdentity",
    "assumeRoles",
    "customCaBundle",
    "defaultTags",
    "ec2MetadataServiceEndpoint",
    "ec2MetadataServiceEndpointMode",
    "endpoints",
    "forbiddenAccountIds",
    "httpProxy",
    "httpsProxy",
    "ignoreTags",
    "insecure",
    "maxRetries",
    "noProxy",
    "profile",
    "region",
    "retryMode",
    "s3UsEast1RegionalEndpoint",
    "s3UsePathStyle",
    "secretKey",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "stsRegion",
    "tagPolicyCompliance",
    "token",
    "tokenBucketRateLimiterCapacity",
    "useDualstackEndpoint",
    "useFipsEndpoint",
    "userAgents",
)
# Pulumi hands over the schema's default where a key is not set: only another value is known to be somebody's wish.
WEBHOOK_ONLY: dict[str, object] = {
    "ingress": {},
    "logDays": 30,
    "heartbeatMinutes": 5,
    "keyOverlapMinutes": 1440,
    "signingKeyRotation": 1,
    "apiKeyRotation": 1,
}
SUBSCRIPTION_KEYS = ("name", "eventTypes", "attributes", "enabled", "transform", "adopt")
INGRESS_KEYS = ("url", "throttle", "maxAgeMinutes")
THROTTLE_KEYS = ("rate", "burst")
BUS_ARN = (
    r"arn:aws(-[a-z]+)*:events:(?P<region>[a-z]{2,4}(-[a-z]+)+-\d):(?P<account>\d{12})"
    r":event-bus/(?P<name>[/.A-Za-z0-9_-]{1,256})"
)
TOPIC_ARN = r"arn:aws(-[a-z]+)*:sns:(?P<region>[a-z]{2,4}(-[a-z]+)+-\d):\d{12}:[A-Za-z0-9_-]{1,256}"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EXAMPLE = 'for example: [{"name": "queues", "eventTypes": ["routing.queueEvent"]}]'


def check_account_ids(reader: "Reader") -> None:
    """They guard the account: without quotes, YAML may read another number, of one that begins with 0."""
    for key in ("allowedAccountIds", "forbiddenAccountIds"):
        for number, account in enumerate(reader.list(key)):
            if not isinstance(account, str) or not re.fullmatch(r"\d{12}", account):
                raise ConfigError(
                    f"{reader.key(key)}[{number}] is {account!r}; write an account's 12 digits, in quotes:"
                    " ['111111111111']"
                )


def bus_name(reader: "Reader", stack: str) -> str:
    name = reader.text("busName", "") or f"genesys-{stack}"  # Pulumi requires every key without a default
    where = reader.key("busName")
    if len(name) > LONGEST_BUS_NAME:
        raise ConfigError(
            f"{where} is {name!r}, {len(name)} characters long; write one of at most {LONGEST_BUS_NAME},"
            " as longer names are made from it"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name == "default":
        raise ConfigError(f"{where} is {name!r}; write letters, digits, - and _ only, for example genesys-dev")
    return name


def aws_cli(config: Mapping[str, str]) -> str:
    """In the stack's region; with endpoint and credentials of the sandbox, where the AWS provider uses that one.

    Endpoints elsewhere (VPC's, say) are one per service, and the credentials are the caller's own: the command names
    none of them.
    """
    region = config.get("aws:region")
    command = f"aws --region {region}" if region else "aws"
    urls = endpoints(Reader("aws", config))
    if not urls or not all(urlsplit(url).hostname in LOOPBACK for url in urls):
        return command
    return f"AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test {command} --endpoint-url {urls[0]}"


def endpoints(reader: "Reader") -> list[str]:
    """All URLs of `aws:endpoints`. Their values aren't shown: a URL may have a password in it."""
    found: list[str] = []
    for number, each in enumerate(reader.list("endpoints")):
        where, example = f"{reader.key('endpoints')}[{number}]", '{"events": "http://127.0.0.1:4566"}'
        if not isinstance(each, dict) or not each:
            raise ConfigError(f"{where} is no map of URLs by service; write for example {example}")
        for service, url in each.items():
            if url in (None, ""):
                continue  # the provider takes AWS's own, then
            if not isinstance(url, str) or not is_url(url):
                raise ConfigError(f"{where}.{shown(service)} is no URL; write for example {example}")
            found.append(url)
    return found


def is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", text)
    except ValueError:
        return False


def organisation(org_id: str) -> str:
    if not UUID.fullmatch(org_id):
        raise ConfigError(
            # What it is isn't shown: it may be the secret, by mistake.
            "GENESYS_ORG_ID (genesys:orgId) is no id of an organisation; write for example"
            " bb14bed0-f8f9-445d-b9d1-10cecb8569d6 (Genesys Cloud: Admin, Organization Settings)"
        )
    return org_id


def subscriptions(reader: "Reader", prefix: str) -> list[SubscriptionSettings]:
    entries = reader.list("subscriptions")
    where = reader.key("subscriptions")
    if not entries:
        partner = (
            "; there are topics, as `delivery: partner` takes them: set that, or" if reader.list("topics") else ";"
        )
        raise ConfigError(f"{where} is empty: without one, no event is delivered{partner} write {EXAMPLE}")
    found = [subscription(f"{where}[{number}]", entry, prefix) for number, entry in enumerate(entries)]
    names = [entry.name for entry in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{where} has {names.count(name)} entries named {name!r}; give each a name of its own")
    return found


def subscription(where: str, entry: Any, prefix: str) -> SubscriptionSettings:
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} is {entry!r}; {EXAMPLE}")
    refuse_unknown(entry, SUBSCRIPTION_KEYS, f"{where}.")
    name = entry.get("name")
    longest = min(LONGEST_SUBSCRIPTION_NAME, LONGEST_GENESYS_NAME - len(prefix))
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise ConfigError(f"{where}.name is {name!r}; write letters, digits, ., - and _ only, for example queues")
    if len(name) > longest:
        raise ConfigError(f"{where}.name is {len(name)} characters long ({name!r}); write one of at most {longest}")
    event_types = entry.get("eventTypes")
    if not isinstance(event_types, list) or not event_types or not all(isinstance(t, str) and t for t in event_types):
        raise ConfigError(
            f"{where}.eventTypes is {event_types!r}; write a list of at least one event type, for example"
            " [routing.queueEvent]"
        )
    attributes = entry.get("attributes") or {}
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        raise ConfigError(f'{where}.attributes is {attributes!r}; write texts by name, for example {{"queueId": "…"}}')
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        raise ConfigError(f"{where}.enabled is {enabled!r}; write true or false")
    adopt = entry.get("adopt")
    if adopt is not None and (not isinstance(adopt, str) or not adopt):
        raise ConfigError(f"{where}.adopt is {adopt!r}; write the id of the subscription to take over, or leave it out")
    return SubscriptionSettings(
        name=name,
        event_types=event_types,
        attributes=attributes,
        enabled=enabled,
        transform=entry.get("transform"),
        adopt=adopt,
    )


def topics(reader: "Reader") -> list[str]:
    found = topic_templates(reader)
    if (length := len(json.dumps(json.dumps(found)))) > LONGEST_TOPICS:  # quotes are escaped in what AWS measures
        raise ConfigError(
            f"{reader.key('topics')} is {length} characters long, as JSON whose quotes are escaped; write"
            f" {LONGEST_TOPICS} at most: so it travels in the function's environment, and AWS limits that to 4 KB"
        )
    return found


def topic_templates(reader: "Reader") -> list[str]:
    found = reader.list("topics")
    for topic in found:
        if not isinstance(topic, str) or not re.fullmatch(r"[A-Za-z0-9_.{}-]{1,128}", topic) or "{id}" not in topic:
            raise ConfigError(
                f"{reader.key('topics')} has {topic!r}; write templates with {{id}} in them, of at most 128 characters,"
                " for example v2.users.{id}.presence"
            )
    return found


def partner_topics(reader: "Reader") -> list[str]:
    for topic in reader.list("topics"):
        if isinstance(topic, str) and (problem := topic_problem(topic)):
            raise ConfigError(f"{reader.key('topics')} has {topic!r}, which {problem}")
    found = topic_templates(reader)
    if not found:
        raise ConfigError(
            f"{reader.key('topics')} is empty: without one, no event is delivered; for example:"
            ' ["v2.detail.events.conversation.{id}.acd.end"]'
        )
    return found


def no_subscriptions(reader: "Reader") -> list[SubscriptionSettings]:
    if reader.list("subscriptions"):
        raise ConfigError(
            f"{reader.key('subscriptions')} is for `delivery: webhook`; in `partner`, write the topics into"
            f" {reader.key('topics')}"
        )
    return []


def refuse_webhooks(reader: "Reader") -> None:
    """Refuse what only `delivery: webhook` heeds: whoever sets it would believe that it does something."""
    for key, default in WEBHOOK_ONLY.items():
        if not reader.says(key, default):
            raise ConfigError(
                f"{reader.key(key)} is for `delivery: webhook`: in `partner` there is no receiver, no heartbeat and no"
                " key of ours; take it out of the stack's file"
            )


def forward_to(reader: "Reader", own_name: str, config: Mapping[str, str]) -> list[str]:
    found, where = reader.list("forwardTo"), reader.key("forwardTo")
    for number, arn in enumerate(found):
        parts = re.fullmatch(BUS_ARN, arn) if isinstance(arn, str) else None
        if not parts:
            raise ConfigError(
                f"{where}[{number}] is {arn!r}; write the ARN of an event bus, for example"
                " arn:aws:events:eu-central-1:222222222222:event-bus/genesys"
            )
        if parts["name"].startswith("aws.partner/"):
            raise ConfigError(f"{where}[{number}] is {arn!r}: only its partner writes to that bus; write another's ARN")
        accounts = Reader("aws", config).list("allowedAccountIds")
        if (parts["name"], parts["region"]) == (own_name, config.get("aws:region")) and parts["account"] in accounts:
            raise ConfigError(
                f"{where}[{number}] is {arn!r}, this stack's own bus: every event would come twice, and then be a dead"
                " letter; take it out"
            )
        if found.count(arn) > 1:
            raise ConfigError(f"{where} has {arn!r} {found.count(arn)} times; write it once")
    if len(found) > MOST_FORWARDS:
        raise ConfigError(
            f"{where} has {len(found)} buses; write {MOST_FORWARDS} at most: one alarm adds up all dead-letter queues,"
            " and CloudWatch takes ten in one sum"
        )
    return found


def alarm_topic(reader: "Reader", region: str | None) -> str | None:
    arn, where = reader.text("alarmTopicArn", ""), reader.key("alarmTopicArn")
    if not arn:
        return None
    parts = re.fullmatch(TOPIC_ARN, arn)
    if not parts:
        raise ConfigError(
            f"{where} is {arn!r}; write the ARN of an SNS topic, for example"
            " arn:aws:sns:eu-central-1:111111111111:on-call"
        )
    if region and parts["region"] != region:
        raise ConfigError(f"{where} is {arn!r}; write a topic of {region}: CloudWatch refuses another region's")
    return arn


def source_suffix(reader: "Reader", default: str) -> str:
    suffix = reader.text("sourceSuffix", "") or default
    if problem := suffix_problem(suffix):
        raise ConfigError(f"{reader.key('sourceSuffix')} {problem}, for example genesys-dev")
    return suffix


def adopted(reader: "Reader", kind: str) -> str | None:
    id_ = reader.text("adopt", "")
    if adopt_problem(id_):
        raise ConfigError(f"{reader.key('adopt')} is {id_!r}; write the id of the {kind} to take over, or leave it out")
    return id_ or None


def tags(reader: "Reader") -> dict[str, str]:
    found = reader.texts("tags")
    for key in found:
        if key.lower().startswith("aws:") or not 1 <= len(key) <= 128:
            raise ConfigError(
                f"{reader.key('tags')} has the key {key!r}; AWS takes 1 to 128 characters, none with aws:"
            )
    if len(found) > MOST_TAGS:
        raise ConfigError(f"{reader.key('tags')} has {len(found)} tags; AWS takes at most {MOST_TAGS}")
    return found


def ingress(reader: "Reader", environ: Mapping[str, str]) -> IngressSettings:
    given, where = reader.object("ingress"), reader.key("ingress")
    refuse_unknown(given, INGRESS_KEYS, f"{where}.")
    throttle = given.get("throttle") or {}
    if not isinstance(throttle, dict):
        raise ConfigError(f'{where}.throttle is {throttle!r}; write for example {{"rate": 500, "burst": 1000}}')
    inside = f"{where}.throttle"
    refuse_unknown(throttle, THROTTLE_KEYS, f"{inside}.")
    url, url_key = given.get("url"), f"{where}.url"
    if url is None and environ.get("AWS_EVENTBRIDGE_URL", "").strip():
        url, url_key = environ["AWS_EVENTBRIDGE_URL"].strip(), "AWS_EVENTBRIDGE_URL"
    return IngressSettings(
        url=None if url is None else receiver(url_key, url),
        throttle_rate=whole(f"{inside}.rate", throttle.get("rate", 500), 1, 10_000),
        throttle_burst=whole(f"{inside}.burst", throttle.get("burst", 1000), 1, 5_000),
        max_age_minutes=whole(f"{where}.maxAgeMinutes", given.get("maxAgeMinutes", 60), 1, 1440),
        key_overlap_minutes=reader.number("keyOverlapMinutes", 1440, 0, 43_200),
        log_days=log_days(reader),
        topics=topic_templates(reader),
    )


def receiver(key: str, url: Any) -> str:
    problem = connection.url_problem(url) if isinstance(url, str) else f"is {url!r}; write an https:// URL"
    if problem:
        raise ConfigError(f"{key} {problem}")
    if re.match(r"https://api\.eventbridge\.[a-z0-9-]+\.amazonaws\.com(/|$)", url):
        raise ConfigError(
            f"{key} is {url!r}, the tutorial's address: AWS has no such host, as EventBridge takes no plain HTTPS"
            " posts; leave it out, and the program builds a receiver"
        )
    return str(url)


def log_days(reader: "Reader") -> int:
    days = reader.number("logDays", 30, 1, LOG_DAYS[-1])
    if days not in LOG_DAYS:
        near = min(LOG_DAYS, key=lambda allowed: abs(allowed - days))
        raise ConfigError(
            f"{reader.key('logDays')} is {days}, which CloudWatch does not offer; write for example {near}"
        )
    return days


def whole(where: str, value: Any, least: int, most: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        raise ConfigError(f"{where} is {value!r}; write a whole number from {least} to {most}")
    return number


def refuse_misspelt(config: Mapping[str, str], namespaces: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Refuse a namespace that is nearly one of those that are read. `others` are other providers', however near."""
    for full in config:
        space, _, key = full.rpartition(":")
        near = difflib.get_close_matches(space, namespaces, n=1, cutoff=0.8)
        if near and space not in namespaces + others:
            raise ConfigError(
                f"{shown(full)} is no config key that anything reads; did you mean {shown(f'{near[0]}:{key}')}?"
            )


def shown(key: str) -> str:
    """A key as it is, or as Python writes it where it would not be one line."""
    return key if key.isprintable() else repr(key)


def refuse_unknown(keys: Iterable[str], known: tuple[str, ...], where: str, what: str = "key") -> None:
    """Refuse the first key that nothing reads; `where` is what stands before it, with its colon or full stop."""
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            guess = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise ConfigError(f"{where}{shown(key)} is no {what} that anything reads; {guess}")


class Reader:
    """Reads the values of one namespace: Pulumi keeps each as text, a list or map as JSON."""

    def __init__(self, namespace: str, config: Mapping[str, str]) -> None:
        self._namespace = namespace
        self._config = config

    def key(self, name: str) -> str:
        return f"{self._namespace}:{name}"

    def text(self, name: str, default: str) -> str:
        return self._config.get(self.key(name), default)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        return whole(self.key(name), self._config.get(self.key(name), default), least, most)

    def flag(self, name: str, default: bool) -> bool:
        value = self._config.get(self.key(name))
        if value is None:
            return default
        if value.lower() not in ("true", "false"):
            raise ConfigError(f"{self.key(name)} is {value!r}; write true or false")
        return value.lower() == "true"

    def says(self, name: str, default: object) -> bool:
        """Whether the value is that one, or there is none."""
        text = self._config.get(self.key(name))
        if text is None:
            return True
        try:
            return bool(json.loads(text) == default)
        except ValueError:
            return False

    def list(self, name: str) -> list[Any]:
        return self._json(name, list, [], "a list")

    def object(self, name: str) -> dict[str, Any]:
        return self._json(name, dict, {}, "a map")

    def texts(self, name: str) -> dict[str, str]:
        found = self.object(name)
        if not all(isinstance(value, str) for value in found.values()):
            raise ConfigError(f'{self.key(name)} is {found!r}; write texts by name, for example {{"team": "voice"}}')
        return found

    def _json(self, name: str, kind: type[T], default: T, what: str) -> T:
        text = self._config.get(self.key(name))
        if text is None:
            return default
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, kind):
            raise ConfigError(f"{self.key(name)} is {text!r}; write {what}")
        return value
