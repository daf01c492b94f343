"""Good settings are taken, with defaults; each bad one is one line: what is wrong, where, and what to write."""

import json
import re
from typing import Any

import pytest

from eventbridge import access_config
from genesys_provider.errors import ConfigError
from settings import AWS_KEYS, KEYS, WEBHOOK_ONLY, Settings, load
from tests.support.graph import CONFIG, ENVIRON, ORG, PROJECT, ROOT

BUS = "arn:aws:events:eu-central-1:222222222222:event-bus/genesys"
TOPIC = "v2.detail.events.conversation.{id}.acd.end"

IN_PARTNER: dict[str, Any] = {"delivery": "partner", "topics": [TOPIC], "subscriptions": None}


def settings(
    config: dict[str, Any] | None = None, environ: dict[str, str] | None = None, stack: str = "dev"
) -> Settings:
    """Settings of the least config, changed; None takes a key away. Values of project keys may be Python's."""
    merged: dict[str, Any] = {**CONFIG}
    for key, value in (config or {}).items():
        full = key if ":" in key else f"{PROJECT}:{key}"
        merged[full] = value if isinstance(value, str | None) else json.dumps(value)
    present = {key: value for key, value in merged.items() if value is not None}
    variables = {key: value for key, value in {**ENVIRON, **(environ or {})}.items() if value}
    return load(present, variables, PROJECT, stack)


def refused(config: dict[str, Any] | None = None, environ: dict[str, str] | None = None, stack: str = "dev") -> str:
    with pytest.raises(ConfigError) as caught:
        settings(config, environ, stack)
    text = str(caught.value)
    assert "\n" not in text
    return text


def one_subscription(**changes: Any) -> dict[str, Any]:
    entry = {"name": "queues", "eventTypes": ["routing.queueEvent"], **changes}
    return {"subscriptions": [entry]}


def test_defaults() -> None:
    s = settings()
    assert s.bus_name == "genesys-dev"
    assert s.source == f"genesys.com/cloud/{ORG}"
    assert (s.tap, s.protect, s.heartbeat_minutes, s.aws_cli) == (False, False, 5, "aws")
    assert (s.forward_to, s.archive_days, s.silence_hours, s.alarm_topic_arn) == ([], 7, 24, None)
    assert (s.signing_key_rotation, s.api_key_rotation, s.tags) == (1, 1, {})
    assert (s.ingress.topics, s.ingress.log_days, s.ingress.key_overlap_minutes) == ([], 30, 1440)
    assert (s.ingress.url, s.ingress.throttle_rate, s.ingress.throttle_burst) == (None, 500, 1000)
    assert s.ingress.max_age_minutes == 60


def test_every_key_that_is_read_has_its_schema_and_no_other_has_one() -> None:
    assert set(schema()) == set(KEYS)


def test_the_schemas_defaults_are_the_programs() -> None:
    given = {key: entry["default"] for key, entry in schema().items() if "default" in entry}
    assert given.pop("subscriptions") == [], "there is none in `partner`"
    assert settings(given) == settings()


def schema() -> dict[str, dict[str, Any]]:
    import yaml

    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return found


def test_commands_for_the_sandbox_ask_the_sandbox() -> None:
    endpoints = json.dumps([{"sqs": "http://127.0.0.1:4566"}])
    asks = settings({"aws:endpoints": endpoints, "aws:region": "us-east-1"}).aws_cli
    credentials = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    assert asks == f"{credentials} aws --region us-east-1 --endpoint-url http://127.0.0.1:4566"
    assert settings({"aws:region": "eu-central-1"}).aws_cli == "aws --region eu-central-1"


@pytest.mark.parametrize(
    "endpoints",
    [
        [{"sqs": "https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com"}],
        [{"sqs": "http://127.0.0.1:4566"}, {"events": "https://vpce-1.events.eu-central-1.vpce.amazonaws.com"}],
        [{"sqs": ""}],
    ],
)
def test_commands_name_no_endpoint_that_is_not_the_sandboxs(endpoints: list[dict[str, str]]) -> None:
    """It would be asked for every service, with the sandbox's credentials."""
    assert settings({"aws:endpoints": endpoints, "aws:region": "eu-central-1"}).aws_cli == "aws --region eu-central-1"


def test_the_aws_providers_keys_are_those_that_may_be_set() -> None:
    assert set(AWS_KEYS) == access_config.KEYS


@pytest.mark.parametrize("typo", ["allowedAccountIDs", "allowedAccounts", "allowedAccountsIds"])
def test_a_misspelt_guard_of_the_account_is_refused(typo: str) -> None:
    text = refused({f"aws:{typo}": ["111111111111"]})
    assert text == f"aws:{typo} is no config key that anything reads; did you mean allowedAccountIds?"


@pytest.mark.parametrize("key", ["allowedAccountIds", "forbiddenAccountIds"])
@pytest.mark.parametrize("account", [111111111111, 1.1e11, "1111", "111111111111 ", None])
def test_an_account_id_is_twelve_digits_in_quotes(key: str, account: object) -> None:
    text = refused({f"aws:{key}": ["222222222222", account]})
    assert text == f"aws:{key}[1] is {account!r}; write an account's 12 digits, in quotes: ['111111111111']"


def test_another_providers_keys_may_be_anything() -> None:
    assert settings({"awsx:whatever": "x", "random:whatever": "x"})


def test_a_key_with_a_line_break_is_shown_on_one_line() -> None:
    assert r"'bus\nName' is no config key" in refused({f"{PROJECT}:bus\nName": "x"})
    assert r"'aw\ns:region' is no config key" in refused({"aw\ns:region": "x"})
    assert r"subscriptions[0].'na\nme' is no key" in refused(one_subscription(**{"na\nme": "x"}))


def test_partner_needs_topics_and_no_subscriptions() -> None:
    found = settings({"delivery": "partner", "topics": [TOPIC], "subscriptions": None})
    assert (found.delivery, found.topics, found.subscriptions) == ("partner", [TOPIC], [])
    assert found.source_suffix == found.bus_name == "genesys-dev"
    assert settings({**IN_PARTNER, "sourceSuffix": "voice"}).source_suffix == "voice"


@pytest.mark.parametrize("delivery", [{}, IN_PARTNER])
def test_adopt_names_what_is_taken_over(delivery: dict[str, object]) -> None:
    assert settings({**delivery, "adopt": "an-id"}).adopt == "an-id"
    assert settings({**delivery, "adopt": ""}).adopt is None
    assert settings(delivery).adopt is None


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "local", "local-partner"])
def test_the_stacks_that_come_with_the_project_are_right(stack: str) -> None:
    import yaml

    raw = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    config = {key: value if isinstance(value, str) else json.dumps(value) for key, value in raw.items()}
    found = load(config, ENVIRON, PROJECT, stack)
    assert found.topics if found.delivery == "partner" else found.subscriptions
    [account] = json.loads(config["aws:allowedAccountIds"])
    assert (account == "000000000000") is stack.startswith("local")
    assert found.protect is (stack == "prod")


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        ("GENESYS_CLIENT_ID", "pulumi config set genesys:clientId"),
        ("GENESYS_CLIENT_SECRET", "pulumi config set --secret genesys:clientSecret"),
        ("GENESYS_ORG_ID", "pulumi config set genesys:orgId"),
    ],
)
def test_a_missing_credential_names_variable_and_command(missing: str, hint: str) -> None:
    text = refused(environ={missing: ""})
    assert missing in text
    assert hint in text


def test_the_environment_comes_before_the_config() -> None:
    of_config = "5f1f2a1e-0000-4000-8000-000000000001"
    assert settings({"genesys:orgId": of_config}).source.endswith(ORG)
    assert settings({"genesys:orgId": of_config}, {"GENESYS_ORG_ID": ""}).source.endswith(of_config)


def test_an_unknown_region_lists_those_there_are() -> None:
    text = refused({"genesys:region": "eu-north-9"})
    assert "genesys:region is 'eu-north-9'" in text
    assert "eu-central-1 (mypurecloud.de)" in text


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    assert "did you mean busName?" in refused({"busname": "x"})
    assert "did you mean clientSecret?" in refused({"genesys:clientsecret": "x"})
    assert f"did you mean {PROJECT}:protect?" in refused({"genesys-eventbrdge:protect": "true"})
    assert settings({"aws:region": "eu-central-1"}), "other providers' keys are theirs"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"delivery": "carrier-pigeon"}, "genesys-eventbridge:delivery is 'carrier-pigeon'; write webhook or partner"),
        (
            {"delivery": "partner", "topics": [TOPIC]},
            "subscriptions is for `delivery: webhook`; in `partner`, write the",
        ),
        (
            {"delivery": "partner", "subscriptions": None},
            'topics is empty: without one, no event is delivered; for example: ["v2.',
        ),
        ({"sourceSuffix": "voice"}, "sourceSuffix is for `delivery: partner`: in `webhook`, no event source is made"),
        ({"aws:endpoints": [{}]}, "aws:endpoints[0] is no map of URLs by service; write for example {"),
        ({"aws:endpoints": [5]}, "aws:endpoints[0] is no map of URLs by service; write for example {"),
        ({"aws:endpoints": [{"sqs": "http://127.0.0.1:1"}, {"events": 5}]}, "aws:endpoints[1].events is no URL; write"),
        ({"aws:endpoints": [{"events": "127.0.0.1:1"}]}, "aws:endpoints[0].events is no URL; write for example"),
        ({"aws:endpoints": [{"events": "http://[::1"}]}, "aws:endpoints[0].events is no URL; write for example"),
        (
            {**IN_PARTNER, "sourceSuffix": "a/b"},
            "sourceSuffix is 'a/b'; write 1 to 64 letters, digits, dots, hyphens and",
        ),
        ({**IN_PARTNER, "sourceSuffix": "x" * 65}, "write 1 to 64 letters"),
        ({"busName": "x" * 46}, "46 characters long; write one of at most 45"),
        ({"busName": "a bus"}, "letters, digits, - and _ only"),
        ({"busName": "default"}, "for example genesys-dev"),
        ({"subscriptions": None}, f"{PROJECT}:subscriptions is empty"),
        ({"subscriptions": []}, "without one, no event is delivered; write for example"),
        (
            {"subscriptions": None, "topics": [TOPIC]},
            "as `delivery: partner` takes them: set that, or write for example",
        ),
        ({"subscriptions": "queues"}, "write a list"),
        ({"subscriptions": ["queues"]}, f"{PROJECT}:subscriptions[0] is 'queues'"),
        (
            one_subscription(eventTypes=[]),
            "[0].eventTypes is []; write a list of at least one event type",
        ),
        (one_subscription(eventTypes="routing.queueEvent"), "write a list of at least one event type"),
        (one_subscription(name="x" * 65), "65 characters long"),
        (one_subscription(name="a name"), "subscriptions[0].name is 'a name'"),
        (one_subscription(eventType=["x"]), "subscriptions[0].eventType is no key that anything reads; did you mean"),
        (one_subscription(**{"a:b": 1}), "subscriptions[0].a:b is no key that anything reads"),
        (one_subscription(attributes={"queueId": 5}), "subscriptions[0].attributes"),
        (one_subscription(enabled="yes"), "write true or false"),
        (one_subscription(adopt=""), "leave it out"),
        ({"adopt": "a/b"}, f"{PROJECT}:adopt is 'a/b'; write the id of the webhook to take over, or leave it out"),
        ({**IN_PARTNER, "adopt": ".."}, "adopt is '..'; write the id of the integration to take over, or leave it out"),
        (
            {"ingress": {"url": "http://receiver.example.com"}},
            "ingress.url is 'http://receiver.example.com'; write an https",
        ),
        ({"ingress": {"url": 5}}, "ingress.url is 5"),
        ({"ingress": {"url": "https://me:pw@example.com"}}, "ingress.url has a user name or password in it"),
        ({"ingress": {"throttle": {"rate": 0}}}, "ingress.throttle.rate is 0; write a whole number from 1 to 10000"),
        ({"ingress": {"throttle": {"brust": 1}}}, "did you mean burst?"),
        ({"ingress": {"maxAge": 1}}, "did you mean maxAgeMinutes?"),
        ({"ingress": {"maxAgeMinutes": 0}}, "from 1 to 1440"),
        ({"logDays": 8}, "logDays is 8, which CloudWatch does not offer; write for example 7"),
        ({"logDays": "soon"}, "write a whole number"),
        ({"heartbeatMinutes": 61}, "from 1 to 60"),
        ({"keyOverlapMinutes": -1}, "from 0 to 43200"),
        ({"signingKeyRotation": 0}, "from 1 to"),
        ({"topics": ["v2.users.5.presence"]}, "write templates with {id} in them"),
        ({"tags": {"team": 5}}, "write texts by name"),
        ({"tags": {"aws:team": "x"}}, "has the key 'aws:team'"),
        ({"tags": {f"t{number}": "x" for number in range(51)}}, "51 tags; AWS takes at most 50"),
        ({"topics": [f"v2.{'x' * 80}{number}.{{id}}" for number in range(60)]}, "and AWS limits that to 4 KB"),
        ({"tap": "maybe"}, "write true or false"),
        ({"archiveDays": 0}, "archiveDays is '0'; write a whole number from 1 to 90"),
        ({"archiveDays": 91}, "from 1 to 90"),
        ({"silenceHours": 169}, "from 0 to 168"),
        ({"silenceHours": -1}, "from 0 to 168"),
        (
            {"alarmTopicArn": "on-call"},
            "alarmTopicArn is 'on-call'; write the ARN of an SNS topic, for example arn:aws",
        ),
        ({"alarmTopicArn": "arn:aws:sqs:eu-central-1:111111111111:q"}, "write the ARN of an SNS topic"),
        (
            {"aws:region": "eu-central-1", "alarmTopicArn": "arn:aws:sns:us-east-1:111111111111:on-call"},
            "write a topic of eu-central-1: CloudWatch refuses another region's",
        ),
        ({"forwardTo": BUS}, "write a list"),
        ({"forwardTo": ["genesys"]}, "forwardTo[0] is 'genesys'; write the ARN of an event bus, for example arn:aws:"),
        ({"forwardTo": [BUS, 5]}, "forwardTo[1] is 5; write the ARN"),
        ({"forwardTo": [BUS.replace("event-bus/", "rule/")]}, "write the ARN of an event bus"),
        ({"forwardTo": [BUS.replace("222222222222", "2222")]}, "write the ARN of an event bus"),
        ({"forwardTo": [BUS, BUS]}, f"forwardTo has '{BUS}' 2 times; write it once"),
        ({"forwardTo": [f"{BUS}{n}" for n in range(10)]}, "forwardTo has 10 buses; write 9 at most"),
        ({"forwardTo": [BUS.replace("genesys", "aws.partner/acme.com/x")]}, "only its partner writes to that bus"),
        ({"genesys:orgId": "my-org"}, "GENESYS_ORG_ID (genesys:orgId) is no id of an organisation; write for"),
        ({"genesys:region": None}, "genesys:region is missing"),
        ({"genesys:loginUrl": "https://login.example.com"}, "genesys:apiUrl is missing"),
        (
            {
                "genesys:loginUrl": "https://a.example",
                "genesys:apiUrl": "https://a.example",
                "genesys:region": "x",
            },
            "genesys:region is 'x'",
        ),
        ({"genesys:timeoutSeconds": "0"}, "genesys:timeoutSeconds is '0'; write a number from 1 to 3600"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_write(config: dict[str, Any], says: str) -> None:
    environ = {"GENESYS_ORG_ID": ""} if "genesys:orgId" in config else None
    assert says in refused(config, environ)


@pytest.mark.parametrize(
    "arn",
    [
        BUS,
        "arn:aws-cn:events:cn-northwest-1:222222222222:event-bus/default",
        "arn:aws-us-gov:events:us-gov-west-1:222222222222:event-bus/team.a_b-c",
        "arn:aws-eusc:events:eusc-de-east-1:222222222222:event-bus/genesys",
        "arn:aws-iso-b:events:us-isob-east-1:222222222222:event-bus/genesys",
    ],
)
def test_buses_of_any_account_region_and_partition_are_taken(arn: str) -> None:
    assert settings({"forwardTo": [arn]}).forward_to == [arn]


def test_a_bus_is_not_forwarded_to_itself() -> None:
    own = "arn:aws:events:eu-central-1:111111111111:event-bus/genesys-dev"
    here = {"aws:region": "eu-central-1", "aws:allowedAccountIds": ["111111111111"]}
    assert "[0] is 'arn" in (text := refused({**here, "forwardTo": [own]}))
    assert "this stack's own bus" in text
    for other in (own.replace("dev", "prod"), own.replace("1111", "2222"), own.replace("central", "west")):
        assert settings({**here, "forwardTo": [other]}).forward_to == [other]


def test_a_topic_of_another_account_and_partition_is_taken() -> None:
    for arn in (
        "arn:aws:sns:eu-central-1:999999999999:on-call",
        "arn:aws-cn:sns:cn-north-1:999999999999:a_b",
        "arn:aws-eusc:sns:eusc-de-east-1:999999999999:a",
    ):
        assert settings({"alarmTopicArn": arn}).alarm_topic_arn == arn


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ingress", {"maxAgeMinutes": 5}),
        ("ingress", {"url": "https://receiver.example.com"}),
        ("logDays", 7),
        ("heartbeatMinutes", 1),
        ("keyOverlapMinutes", 0),
        ("signingKeyRotation", 2),
        ("apiKeyRotation", "nonsense"),
    ],
)
def test_what_only_the_webhooks_way_heeds_is_refused_in_partner(key: str, value: Any) -> None:
    text = refused({**IN_PARTNER, key: value})
    assert text.startswith(f"{PROJECT}:{key} is for `delivery: webhook`")


def test_the_schemas_defaults_are_no_wish_of_anybody_in_partner() -> None:
    given = {key: entry["default"] for key, entry in schema().items() if "default" in entry}
    assert {key for key in WEBHOOK_ONLY if given[key] != WEBHOOK_ONLY[key]} == set()
    assert settings({**given, **IN_PARTNER}).delivery == "partner"


def test_a_receiver_in_the_environment_is_not_for_partner() -> None:
    assert settings(IN_PARTNER, {"AWS_EVENTBRIDGE_URL": "not even a URL"}).ingress.url is None


def test_topics_of_partner_go_into_no_functions_environment() -> None:
    many = [f"v2.{'x' * 80}{number}.{{id}}" for number in range(60)]
    assert settings({**IN_PARTNER, "topics": many}).topics == many


def test_two_subscriptions_of_one_name_are_refused() -> None:
    entry = {"name": "queues", "eventTypes": ["routing.queueEvent"]}
    assert "2 entries named 'queues'" in refused({"subscriptions": [entry, entry]})


def test_a_long_stack_name_counts() -> None:
    assert "write one of at most" in refused(stack="s" * 60)
    text = refused({"busName": "short", **one_subscription(name="x" * 60)}, stack="s" * 60)
    assert f"write one of at most {128 - len(PROJECT) - 62}" in text


def test_the_tutorials_address_is_explained() -> None:
    url = "https://api.eventbridge.us-east-1.amazonaws.com/events/default/my-event-bus"
    text = refused(environ={"AWS_EVENTBRIDGE_URL": url})
    assert text.startswith("AWS_EVENTBRIDGE_URL")
    assert "AWS has no such host" in text


def test_a_receiver_from_the_environment_gives_way_to_the_config() -> None:
    environ = {"AWS_EVENTBRIDGE_URL": "https://one.example.com"}
    assert settings(environ=environ).ingress.url == "https://one.example.com"
    config = {"ingress": {"url": "https://two.example.com"}}
    assert settings(config, environ).ingress.url == "https://two.example.com"


def test_no_bad_value_shows_the_secret() -> None:
    text = refused({"genesys:clientSecret": "hunter2", "genesys:region": "nowhere"}, {"GENESYS_CLIENT_SECRET": ""})
    assert not re.search("hunter2", text)
