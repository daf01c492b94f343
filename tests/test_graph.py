"""The whole program under Pulumi's mocks: what waits for what, what is secret, what is exported, who may do what."""

import json
import re

import pytest

from tests.support.graph import ACCOUNT, CONFIG, ENVIRON, ORG, PROJECT, REGION, Graph, run

WEBHOOK = "pulumi-python:dynamic/genesys:Webhook"
SUBSCRIPTION = "pulumi-python:dynamic/genesys:Subscription"
SIGNING_KEY = "pulumi-python:dynamic/genesys:SigningKey"
BUS = "aws:cloudwatch/eventBus:EventBus"
CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
ARCHIVE = "aws:cloudwatch/eventArchive:EventArchive"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
FUNCTION = "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
EVENT_BRIDGE_SOURCE = "pulumi-python:dynamic/genesys:EventBridgeSource"
ACTIVATION = "pulumi-python:dynamic/genesys:EventBridgeActivation"
PARTNER_SOURCE = "pulumi-python:dynamic/eventbridge:PartnerSource"
PARKING = f"arn:aws:Queue:{REGION}:{ACCOUNT}:genesys-dev-parking"
SOURCE = f"genesys.com/cloud/{ORG}"
EVENT_SOURCE = f"aws.partner/genesys.com/cloud/{ORG}/genesys-dev"
TOPICS = ["v2.detail.events.conversation.{id}.acd.start", "v2.users.{id}.presence"]
PARTNER = {
    "genesys:region": "eu-central-1",
    f"{PROJECT}:delivery": "partner",
    f"{PROJECT}:topics": json.dumps(TOPICS),
}


# A bus of another account and region, and one of the same.
OTHERS = "arn:aws:events:us-east-1:222222222222:event-bus/consumers"
OURS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/analytics"
WHOLE = {
    f"{PROJECT}:tap": "true",
    f"{PROJECT}:forwardTo": json.dumps([OTHERS, OURS]),
    f"{PROJECT}:tags": json.dumps({"team": "voice"}),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EVENTBRIDGE_URL", raising=False)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def graph(_environment: None) -> Graph:
    return run(WHOLE)


@pytest.fixture
def partner(_environment: None) -> Graph:
    return run(WHOLE, least=PARTNER)


def policy(graph: Graph, type_: str, name: str, key: str = "policy") -> list[dict[str, object]]:
    document = json.loads(graph.one(type_, name).inputs[key])
    assert document["Version"] == "2012-10-17"
    statements: list[dict[str, object]] = document["Statement"]
    return statements


# What waits for what.


def test_the_webhook_points_at_the_destination_and_waits_for_the_whole_receiver(graph: Graph) -> None:
    webhook = graph.one(WEBHOOK)
    assert webhook.inputs["destinationUrl"] == graph.exports["destinationUrl"] == "https://api.example.com/genesys"
    assert {
        f"{DESTINATION} destination",
        f"{CONNECTION} destination",
        f"{SIGNING_KEY} signing-key",
        f"{VERSION} ingress-signing-key",
        f"{FUNCTION} ingress",
        "aws:apigatewayv2/route:Route ingress",
        "aws:apigatewayv2/stage:Stage ingress",
        "aws:lambda/permission:Permission ingress",
        "aws:iam/rolePolicy:RolePolicy ingress",
    } <= webhook.after


@pytest.mark.parametrize("delivery", ["graph", "partner"])
def test_what_aws_would_take_over_from_another_stack_of_that_name_waits_for_what_it_refuses(
    delivery: str, request: pytest.FixtureRequest
) -> None:
    """Where `busName` is another stack's."""
    graph: Graph = request.getfixturevalue(delivery)
    kinds = ("aws:sqs/queue:Queue", "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard")
    found = [resource for kind in kinds for resource in graph.of(kind)]
    assert len({resource.type for resource in found}) == len(kinds)
    for resource in found:
        assert {f"{BUS} bus", f"{ARCHIVE} archive"} <= resource.after, resource.urn


def test_a_key_is_in_the_secret_before_the_function_starts_and_before_anybody_uses_it(graph: Graph) -> None:
    function = graph.one(FUNCTION)
    assert {f"{VERSION} ingress-signing-key", f"{VERSION} ingress-heartbeat-key"} <= function.after
    variables = function.inputs["environment"]["variables"]
    assert variables["SIGNING_SECRET_VERSION"] == "version-of-ingress-signing-key"
    assert variables["HEARTBEAT_SECRET_VERSION"] == "version-of-ingress-heartbeat-key"
    assert f"{FUNCTION} ingress" in graph.one(CONNECTION).after
    assert f"{FUNCTION} ingress" in graph.one(WEBHOOK).after


def test_the_heartbeat_waits_for_the_receiver_and_for_its_role(graph: Graph) -> None:
    assert {
        "aws:apigatewayv2/stage:Stage ingress",
        "aws:lambda/permission:Permission ingress",
        "aws:iam/rolePolicy:RolePolicy heartbeat",
        f"{DESTINATION} destination",
    } <= graph.one(TARGET, "heartbeat").after


def test_each_subscription_waits_for_the_webhook(graph: Graph) -> None:
    for subscription in graph.of(SUBSCRIPTION):
        assert subscription.inputs["webhookId"] == graph.exports["webhookId"]
        assert f"{WEBHOOK} webhook" in subscription.after


def test_the_functions_log_group_is_there_before_it_writes(graph: Graph) -> None:
    assert "aws:cloudwatch/logGroup:LogGroup ingress" in graph.one(FUNCTION).after


def test_the_queue_is_there_before_the_function_and_is_emptied_before_anything_is_sent(graph: Graph) -> None:
    function, mapping = graph.one(FUNCTION), graph.one(MAPPING)
    assert f"{QUEUE} ingress-parking" in function.after
    assert {f"{FUNCTION} ingress", "aws:iam/rolePolicy:RolePolicy ingress"} <= mapping.after, "AWS looks at the role"
    for sender in (graph.one(WEBHOOK), graph.one(TARGET, "heartbeat")):
        assert {f"{MAPPING} ingress-parking", "aws:sqs/queuePolicy:QueuePolicy ingress-parking"} <= sender.after
    variables = function.inputs["environment"]["variables"]
    assert (variables["PARKING_QUEUE_URL"], variables["PARKING_QUEUE_ARN"]) == (
        "https://queue.example.com/genesys-dev-parking",
        PARKING,
    )


# What the settings make of it.


def test_one_subscription_per_entry(graph: Graph) -> None:
    wanted = {entry["name"]: entry["eventTypes"] for entry in json.loads(CONFIG[f"{PROJECT}:subscriptions"])}
    assert {each.name: each.inputs["eventTypes"] for each in graph.of(SUBSCRIPTION)} == wanted
    assert set(graph.exports["subscriptionIds"]) == set(wanted)


def test_every_field_of_a_subscription_reaches_it() -> None:
    entry = {
        "name": "vip",
        "eventTypes": ["routing.queueEvent", "conversation.event"],
        "attributes": {"queueId": "q"},
        "enabled": False,
        "transform": "a template",
        "adopt": "an-id",
    }
    subscription = run({f"{PROJECT}:subscriptions": json.dumps([entry])}).one(SUBSCRIPTION)
    assert {key: subscription.inputs[key] for key in entry if key != "name"} == {
        key: value for key, value in entry.items() if key != "name"
    }
    assert subscription.inputs["name"] == f"{PROJECT}-dev-vip"
    assert f"[pulumi:{PROJECT}/dev/vip]" in subscription.inputs["description"]


def test_names_in_aws_begin_with_the_buss(graph: Graph) -> None:
    named = [each.inputs["name"] for each in graph if each.type.startswith("aws:") and "name" in each.inputs]
    inside = {"$default", "ingress", "invoke-destination", "put-events"}  # names within something that is named already
    assert all("genesys-dev" in name for name in named if name not in inside), named
    assert graph.one(BUS).inputs["name"] == "genesys-dev"


def test_tags_are_on_everything_that_can_have_them(graph: Graph) -> None:
    untaggable = {
        ARCHIVE,
        FILTER,
        DASHBOARD,
        CONNECTION,
        DESTINATION,
        TARGET,
        VERSION,
        ROLE_POLICY,
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:lambda/permission:Permission",
        QUEUE_POLICY,
    }
    for each in graph:
        if each.type.startswith("aws:") and each.type not in untaggable:
            assert each.inputs.get("tags") == {"team": "voice"}, f"{each.type} {each.name}"


def test_limits_reach_the_stage_and_the_function() -> None:
    graph = run(
        {
            f"{PROJECT}:ingress": json.dumps({"throttle": {"rate": 7, "burst": 9}, "maxAgeMinutes": 11}),
            f"{PROJECT}:keyOverlapMinutes": "0",
            f"{PROJECT}:topics": json.dumps(["v2.example.{id}.done"]),
            f"{PROJECT}:logDays": "7",
            f"{PROJECT}:heartbeatMinutes": "1",
        }
    )
    routes = graph.one("aws:apigatewayv2/stage:Stage").inputs["defaultRouteSettings"]
    assert (routes["throttlingRateLimit"], routes["throttlingBurstLimit"]) == (7, 9)
    variables = graph.one(FUNCTION).inputs["environment"]["variables"]
    assert variables["MAX_AGE_MINUTES"] == "11"
    assert variables["KEY_OVERLAP_MINUTES"] == "0"
    assert variables["EVENT_SOURCE"] == SOURCE
    assert json.loads(variables["TOPICS"]) == ["v2.example.{id}.done"]
    assert {group.inputs["retentionInDays"] for group in graph.of("aws:cloudwatch/logGroup:LogGroup")} == {7}
    assert graph.one(RULE, "heartbeat").inputs["scheduleExpression"] == "rate(1 minute)"


def test_what_is_longest_fits_into_the_functions_environment() -> None:
    """4 KB of JSON on AWS, where ARNs and URLs are a little longer than here: 200 bytes at most."""
    stack, bus, topics = "s" * 94, "b" * 45, [f"{number:x}{{id}}" for number in range(250)]
    config = {f"{PROJECT}:busName": bus, f"{PROJECT}:topics": json.dumps(topics)}
    variables = run(config, stack).one(FUNCTION).inputs["environment"]["variables"]
    assert len(json.dumps(variables["TOPICS"])) > 2900
    assert len(json.dumps(variables, separators=(",", ":"))) < 4096 - 200


@pytest.mark.parametrize("key", ["genesys:clientSecret", "aws:secretKey", "aws:token"])
def test_a_secret_in_plain_text_is_refused_and_not_repeated(key: str, caplog: pytest.LogCaptureFixture) -> None:
    assert run({key: "hunter2"}, secrets=[key]).resources
    with pytest.raises(SystemExit):
        run({key: "hunter2"})
    assert f"{key} is in the stack's file in plain text: take it out" in caplog.text
    assert f"pulumi config set --secret {key}" in caplog.text
    assert "hunter2" not in caplog.text


def test_without_tap_there_is_no_copy_of_any_event() -> None:
    graph = run()
    assert {queue.name for queue in graph.of(QUEUE)} == {"ingress-parking", "heartbeat-received"}
    assert "tapQueueUrl" not in graph.exports


def test_the_tap_takes_events_and_no_heartbeats(graph: Graph) -> None:
    assert json.loads(graph.one(RULE, "tap").inputs["eventPattern"]) == {"source": [SOURCE]}
    assert graph.one(QUEUE, "tap").inputs["messageRetentionSeconds"] == 3600


def test_somebody_elses_receiver_gets_no_key_and_nothing_is_built_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EVENTBRIDGE_URL", "https://receiver.example.com/in")
    graph = run()
    assert graph.one(WEBHOOK).inputs["destinationUrl"] == "https://receiver.example.com/in"
    assert not graph.of(FUNCTION)
    assert not graph.of(QUEUE)
    assert not graph.of("aws:apigatewayv2/api:Api")
    assert not graph.of(RULE), "a heartbeat would show our key to a stranger"


def test_protect_covers_what_must_not_be_lost_and_nothing_that_a_rotation_replaces() -> None:
    graph = run({f"{PROJECT}:protect": "true"})
    protected = {each.type for each in graph if each.request.protect}
    assert protected == {BUS, ARCHIVE, "aws:apigatewayv2/api:Api", "aws:secretsmanager/secret:Secret", QUEUE}
    assert not graph.one(MAPPING).request.protect
    assert {each.inputs["recoveryWindowInDays"] for each in graph.of("aws:secretsmanager/secret:Secret")} == {7}
    assert not [each for each in run() if each.request.protect]


# What is secret.


def test_every_key_is_secret_wherever_it_goes(graph: Graph) -> None:
    for each in graph:
        for key, value in each.inputs.items():
            if re.search(r"key-of-(signing|api)-key", repr(value)):
                assert key in each.secret, f"{each.type} {each.name}: {key} is plain"
    assert graph.one(WEBHOOK).secret == {"signingKey", "headerOverrides"}
    assert "authParameters" in graph.one(CONNECTION).secret
    assert all("secretString" in version.secret for version in graph.of(VERSION))
    assert all(list(key.request.additionalSecretOutputs) == ["key"] for key in graph.of(SIGNING_KEY))


def test_no_export_holds_a_key(graph: Graph) -> None:
    assert "key-of-" not in json.dumps(graph.exports)
    assert {"busArn", "destinationArn", "destinationUrl", "webhookId", "subscriptionIds", "commands"} <= set(
        graph.exports
    )


def test_the_two_keys_are_not_the_same(graph: Graph) -> None:
    assert graph.one(WEBHOOK).inputs["signingKey"] == "key-of-signing-key"
    assert graph.one(VERSION, "ingress-signing-key").inputs["secretString"] == "key-of-signing-key"
    assert graph.one(VERSION, "ingress-heartbeat-key").inputs["secretString"] == "key-of-api-key"
    assert graph.one(CONNECTION).inputs["authParameters"]["apiKey"]["value"] == "key-of-api-key"


def test_each_key_has_a_rotation_of_its_own() -> None:
    graph = run({f"{PROJECT}:signingKeyRotation": "4"})
    rotations = {key.name: key.inputs["rotation"] for key in graph.of(SIGNING_KEY)}
    assert rotations == {"signing-key": 4, "api-key": 1}


# Who may do what.


def test_the_function_may_do_what_it_does_and_nothing_else(graph: Graph) -> None:
    bus = f"arn:aws:EventBus:{REGION}:{ACCOUNT}:genesys-dev"
    secrets = [
        f"arn:aws:Secret:{REGION}:{ACCOUNT}:ingress-signing-key",
        f"arn:aws:Secret:{REGION}:{ACCOUNT}:ingress-heartbeat-key",
    ]
    log_group = f"arn:aws:LogGroup:{REGION}:{ACCOUNT}:/aws/lambda/genesys-dev-ingress:*"
    assert policy(graph, ROLE_POLICY, "ingress") == [
        {"Effect": "Allow", "Action": ["events:PutEvents"], "Resource": [bus]},
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": secrets},
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [log_group]},
        {
            "Effect": "Allow",
            "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": [PARKING],
        },
    ]
    [trust] = policy(graph, ROLE, "ingress", "assumeRolePolicy")
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert graph.one(FUNCTION).inputs["name"] == "genesys-dev-ingress"


def test_the_schedule_may_call_the_one_destination(graph: Graph) -> None:
    [statement] = policy(graph, ROLE_POLICY, "heartbeat")
    assert statement["Action"] == ["events:InvokeApiDestination"]
    assert statement["Resource"] == [graph.exports["destinationArn"]]
    [trust] = policy(graph, ROLE, "heartbeat", "assumeRolePolicy")
    rule = f"arn:aws:EventRule:{REGION}:{ACCOUNT}:genesys-dev-heartbeat"
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": rule},
    }


@pytest.mark.parametrize("rule", ["tap", "forward-1", "forward-2"])
@pytest.mark.parametrize("delivery", ["webhook", "partner"])
def test_only_its_own_rule_may_send_to_a_queue(delivery: str, rule: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue("graph" if delivery == "webhook" else delivery)
    for queue in ("tap", "tap-dead-letters") if rule == "tap" else (f"{rule}-dead-letters",):
        allow, deny = policy(graph, QUEUE_POLICY, queue)
        arn = f"arn:aws:Queue:{REGION}:{ACCOUNT}:genesys-dev-{queue}"
        assert allow == {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnEquals": {"aws:SourceArn": f"arn:aws:EventRule:{REGION}:{ACCOUNT}:genesys-dev-{rule}"},
            },
        }
        assert deny == {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        assert graph.one(QUEUE, queue).inputs["sqsManagedSseEnabled"] is True


@pytest.mark.parametrize(("rule", "bus"), [("forward-1", OTHERS), ("forward-2", OURS)])
def test_a_forwarding_rule_may_write_to_its_one_bus(graph: Graph, rule: str, bus: str) -> None:
    assert policy(graph, ROLE_POLICY, rule) == [
        {"Effect": "Allow", "Action": ["events:PutEvents"], "Resource": [bus]},
    ]
    [trust] = policy(graph, ROLE, rule, "assumeRolePolicy")
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:EventRule:{REGION}:{ACCOUNT}:genesys-dev-{rule}"},
    }
    target = graph.one(TARGET, rule)
    assert target.inputs["arn"] == bus
    assert target.inputs["roleArn"] == f"arn:aws:Role:{REGION}:{ACCOUNT}:genesys-dev-{rule}"
    assert f"{ROLE_POLICY} {rule}" in target.after


def test_nobody_reads_or_writes_parked_events_without_tls(graph: Graph) -> None:
    assert policy(graph, "aws:sqs/queuePolicy:QueuePolicy", "ingress-parking") == [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": PARKING,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_parked_events_are_kept_for_two_weeks_and_drained_with_partial_answers(graph: Graph) -> None:
    queue, mapping = graph.one(QUEUE, "ingress-parking").inputs, graph.one(MAPPING).inputs
    assert (queue["messageRetentionSeconds"], queue["sqsManagedSseEnabled"]) == (1_209_600, True)
    assert queue["visibilityTimeoutSeconds"] >= 6 * graph.one(FUNCTION).inputs["timeout"]
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["batchSize"], mapping["scalingConfig"]) == (5, {"maximumConcurrency": 2})
    assert (mapping["eventSourceArn"], mapping["functionName"]) == (
        PARKING,
        f"arn:aws:Function:{REGION}:{ACCOUNT}:genesys-dev-ingress",
    )


def test_the_api_may_call_the_function_from_its_one_route(graph: Graph) -> None:
    permission = graph.one("aws:lambda/permission:Permission").inputs
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:api/*/POST/genesys"
    assert [route.inputs["routeKey"] for route in graph.of("aws:apigatewayv2/route:Route")] == ["POST /genesys"]


def test_a_rule_says_that_it_is_enabled(graph: Graph) -> None:
    """What isn't said is no difference, and a rule that somebody disabled would stay so."""
    rules = graph.of(RULE)
    assert len(rules) >= 3
    assert all(rule.inputs["state"] == "ENABLED" for rule in rules)


def test_a_missed_heartbeat_leaves_nothing_behind(graph: Graph) -> None:
    target = graph.one(TARGET, "heartbeat").inputs
    assert target["retryPolicy"] == {"maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 60}
    assert not target.get("deadLetterConfig")
    counted = graph.one(TARGET, "heartbeat-received").inputs
    assert counted["retryPolicy"] == {"maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 60}
    assert not counted.get("deadLetterConfig")
    assert graph.one(QUEUE, "heartbeat-received").inputs["messageRetentionSeconds"] == 60
    assert "eventBusName" not in graph.one(RULE, "heartbeat").inputs, "AWS takes schedules on the default bus only"


# What is behind the bus, by either way.


def test_every_rule_on_the_bus_and_the_archive_take_genesys_events_alone(graph: Graph, partner: Graph) -> None:
    """Heartbeats and probes bear the source genesys-pulumi.ops."""
    for each, source in ((graph, SOURCE), (partner, EVENT_SOURCE)):
        ours = ("heartbeat", "heartbeat-received")
        rules = {rule.name: rule.inputs for rule in each.of(RULE) if rule.name not in ours}
        assert set(rules) == {"tap", "forward-1", "forward-2"}
        for inputs in rules.values():
            assert json.loads(inputs["eventPattern"]) == {"source": [source]}
        archive = each.one(ARCHIVE).inputs
        assert json.loads(archive["eventPattern"]) == {"source": [source]}
        assert archive["eventSourceArn"] == each.exports["busArn"]
        assert archive["name"] == each.exports["archiveName"] == "genesys-dev"
        assert archive["retentionDays"] == 7
        assert each.exports["eventSource"] == source


def test_what_a_target_does_not_take_is_tried_for_a_day_and_kept_for_two_weeks(graph: Graph, partner: Graph) -> None:
    for each in (graph, partner):
        for rule in ("tap", "forward-1", "forward-2"):
            target, queue = each.one(TARGET, rule), each.one(QUEUE, f"{rule}-dead-letters")
            assert target.inputs["retryPolicy"] == {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185}
            arn = f"arn:aws:Queue:{REGION}:{ACCOUNT}:genesys-dev-{rule}-dead-letters"
            assert target.inputs["deadLetterConfig"] == {"arn": arn}
            assert {f"{QUEUE} {rule}-dead-letters", f"{QUEUE_POLICY} {rule}-dead-letters"} <= target.after
            assert queue.inputs["messageRetentionSeconds"] == 14 * 24 * 3600
            assert each.exports["rules"][rule] == {
                "rule": f"genesys-dev-{rule}",
                "target": target.inputs["arn"],
                "deadLetters": f"https://queue.example.com/genesys-dev-{rule}-dead-letters",
            }
        assert set(each.exports["rules"]) == {"tap", "forward-1", "forward-2"}


def test_nothing_is_sent_before_everything_behind_the_bus_is_there(graph: Graph) -> None:
    """Else the first events would be on the bus and in no archive."""
    assert {f"{ARCHIVE} archive", f"{TARGET} tap", f"{TARGET} forward-1"} <= graph.one(WEBHOOK).after


def test_the_other_side_is_told_what_to_run(graph: Graph) -> None:
    assert graph.exports["commands"]["forward-1"] == (
        "aws --region us-east-1 events put-permission --event-bus-name consumers --statement-id genesys-dev"
        f" --action events:PutEvents --principal {ACCOUNT}"
    )
    assert graph.exports["commands"]["forward-2"] == "nothing to run: that bus is in this account"


def test_an_archive_is_kept_as_long_as_wanted() -> None:
    assert run({f"{PROJECT}:archiveDays": "30"}).one(ARCHIVE).inputs["retentionDays"] == 30


def test_the_counted_heartbeats_are_those_that_arrive_on_the_bus(graph: Graph) -> None:
    rule = graph.one(RULE, "heartbeat-received").inputs
    assert rule["eventBusName"] == "genesys-dev"
    assert json.loads(rule["eventPattern"]) == {"source": ["genesys-pulumi.ops"], "detail-type": ["heartbeat"]}
    allow, _ = policy(graph, QUEUE_POLICY, "heartbeat-received")
    arn = f"arn:aws:EventRule:{REGION}:{ACCOUNT}:genesys-dev-heartbeat-received"
    assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": arn}}


def test_every_target_but_the_heartbeats_retries_and_leaves_dead_letters(graph: Graph, partner: Graph) -> None:
    for each in (graph, partner):
        for target in each.of(TARGET):
            assert bool(target.inputs.get("deadLetterConfig")) is not target.name.startswith("heartbeat"), target.name
            assert target.inputs["retryPolicy"]


def test_what_the_commands_of_a_deployed_stack_read(graph: Graph) -> None:
    found = graph.exports
    assert {name: found[name] for name in ("functionName", "logGroup", "connectionName", "dashboard")} == {
        "functionName": "genesys-dev-ingress",
        "logGroup": "/aws/lambda/genesys-dev-ingress",
        "connectionName": "genesys-dev",
        "dashboard": "genesys-dev",
    }
    assert found["parkingQueueUrl"] == "https://queue.example.com/genesys-dev-parking"
    assert (found["heartbeatRule"], found["heartbeatReceivedRule"]) == (
        "genesys-dev-heartbeat",
        "genesys-dev-heartbeat-received",
    )
    secrets = {each.name: each.inputs for each in graph.of(VERSION)}
    assert found["signingSecretArn"] == secrets["ingress-signing-key"]["secretId"]
    assert found["heartbeatSecretArn"] == secrets["ingress-heartbeat-key"]["secretId"]


# `delivery: partner`.


def test_the_bus_waits_for_the_partners_source_and_that_for_the_integration(partner: Graph) -> None:
    source, there, bus = partner.one(EVENT_BRIDGE_SOURCE), partner.one(PARTNER_SOURCE), partner.one(BUS)
    assert not {f"{PARTNER_SOURCE} source", f"{BUS} bus"} & source.after
    assert f"{EVENT_BRIDGE_SOURCE} source" in there.after
    assert {f"{PARTNER_SOURCE} source", f"{EVENT_BRIDGE_SOURCE} source"} <= bus.after
    assert f"{BUS} bus" not in there.after
    assert f"{BUS} bus" in partner.one(RULE, "tap").after


def test_the_integration_is_waited_for_once_there_is_the_bus_and_nothing_waits_for_that(partner: Graph) -> None:
    activation = partner.one(ACTIVATION)
    assert {f"{BUS} bus", f"{EVENT_BRIDGE_SOURCE} source"} <= activation.after
    inputs = activation.inputs
    assert (inputs["integrationId"], inputs["enabled"]) == (partner.exports["integrationId"], True)
    assert not [each.name for each in partner if f"{ACTIVATION} source" in each.after]


def test_the_integration_is_in_the_account_and_region_that_aws_names(partner: Graph) -> None:
    source = partner.one(EVENT_BRIDGE_SOURCE).inputs
    assert (source["awsAccountId"], source["awsRegion"]) == (ACCOUNT, REGION)
    assert (source["suffix"], source["topics"]) == ("genesys-dev", TOPICS)
    assert partner.one(PARTNER_SOURCE).inputs["region"] == REGION


def test_adopt_reaches_the_integration_or_the_webhook_and_nothing_else() -> None:
    adopt = {f"{PROJECT}:adopt": "an-id"}
    for least, type_ in ((PARTNER, EVENT_BRIDGE_SOURCE), (CONFIG, WEBHOOK)):
        graph = run(adopt, least=least)
        assert [each.type for each in graph if "adopt" in each.inputs] == [type_]
        assert graph.one(type_).inputs["adopt"] == "an-id"


def test_another_suffix_is_the_end_of_the_sources_name() -> None:
    suffix = {f"{PROJECT}:sourceSuffix": "voice"}
    assert run(suffix, least=PARTNER).one(EVENT_BRIDGE_SOURCE).inputs["suffix"] == "voice"


def test_the_bus_and_its_rules_have_the_sources_name(partner: Graph) -> None:
    assert partner.one(PARTNER_SOURCE).inputs["name"] == EVENT_SOURCE
    bus = partner.one(BUS).inputs
    assert bus["name"] == bus["eventSourceName"] == EVENT_SOURCE
    rule = partner.one(RULE, "tap").inputs
    assert (rule["name"], rule["eventBusName"]) == ("genesys-dev-tap", EVENT_SOURCE)
    assert json.loads(rule["eventPattern"]) == {"source": [EVENT_SOURCE]}
    assert {each.inputs["eventBusName"] for each in partner.of(TARGET)} == {EVENT_SOURCE}


def test_nothing_of_the_webhooks_way_is_there(partner: Graph) -> None:
    """Neither a receiver nor a heartbeat, as nobody but the partner writes to its bus, nor any secret."""
    assert {each.type for each in partner if not each.type.startswith("genesys-eventbridge:")} == {
        EVENT_BRIDGE_SOURCE,
        PARTNER_SOURCE,
        ACTIVATION,
        BUS,
        ARCHIVE,
        ALARM,
        DASHBOARD,
        RULE,
        TARGET,
        QUEUE,
        QUEUE_POLICY,
        ROLE,
        ROLE_POLICY,
    }
    assert not [each for each in partner if each.secret]


def test_what_a_partner_stack_exports(partner: Graph) -> None:
    assert set(partner.exports) == {
        "delivery",
        "busArn",
        "eventSource",
        "archiveName",
        "rules",
        "alarms",
        "dashboard",
        "integrationId",
        "eventSourceName",
        "tapQueueUrl",
        "commands",
    }
    assert partner.exports["delivery"] == "partner"
    assert partner.exports["eventSourceName"] == EVENT_SOURCE
    assert set(partner.exports["commands"]) == {"events", "forward-1", "forward-2"}
    assert not partner.secret_exports
    assert set(run(least=PARTNER).exports["commands"]) == set()


def test_protect_covers_the_partners_bus() -> None:
    graph = run({f"{PROJECT}:protect": "true"}, least=PARTNER)
    assert {each.type for each in graph if each.request.protect} == {BUS, ARCHIVE}


def test_a_preview_of_a_partner_stack_with_nothing_there_yet_passes() -> None:
    assert run(preview=True, least=PARTNER).one(BUS)


# Pulumi's own rules for components.


def test_components_are_parents_of_everything_in_aws(graph: Graph) -> None:
    for each in graph:
        if each.type.startswith("aws:"):
            assert ":eventbridge:" in each.request.parent, f"{each.type} {each.name} has no component above it"
        if each.type.startswith("genesys-eventbridge:"):
            assert re.fullmatch(r"genesys-eventbridge:eventbridge:[A-Z]\w+", each.type)


def test_a_preview_with_nothing_there_yet_passes() -> None:
    assert run(preview=True).one(WEBHOOK)
