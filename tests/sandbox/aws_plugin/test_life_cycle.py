"""Every type through its whole life: made, read, changed in place, changed by hand, mended, deleted."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.aws.plugin.archive import Archive, zipped
from sandbox.aws.plugin.check import DEFAULTED
from sandbox.aws.plugin.cloud import Cloud
from sandbox.aws.plugin.table import Props
from sandbox.aws.plugin.types import TYPES
from sandbox.aws.plugin.wire import ASSETS, MARK
from tests.support.aws_plugin import ACCOUNT, Emulator, Plugin

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ARCHIVE = "aws:cloudwatch/eventArchive:EventArchive"
BUS = "aws:cloudwatch/eventBus:EventBus"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
METRIC_FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
API = "aws:apigatewayv2/api:Api"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"

EVENTS = f"arn:aws:events:us-east-1:{ACCOUNT}"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:on-call"


def policy(action: str, resource: str = "*", **more: Any) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}
    )


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code(text: str, digest: str | None = None) -> Archive:
    file = Archive({MARK: ASSETS[0], "text": text})
    return Archive({MARK: ASSETS[1], "assets": {"app/main.py": file}, "hash": digest or text})


@dataclass
class World:
    """What a test has made: parents first, all removed in the end."""

    plugin: Plugin
    name: str
    made: list[tuple[str, str, Props]] = field(default_factory=list)

    def make(self, token: str, **inputs: Any) -> Props:
        id_, state, _ = self.plugin.create(token, self.plugin.checked(token, inputs, name=self.name))
        self.made.append((token, id_, state))
        return {**state, "id": id_}

    def remove_all(self) -> None:
        for token, id_, state in reversed(self.made):
            self.plugin.delete(token, id_, state)

    def api(self) -> str:
        return str(self.make(API, name=self.name, protocolType="HTTP")["id"])

    def role(self, service: str) -> str:
        return str(self.make(ROLE, name=self.name, assumeRolePolicy=trust(service))["arn"])

    def function(self) -> Props:
        return self.make(FUNCTION, **function(self))

    def mapping(self) -> Props:
        """The inputs of one: a function that may read a queue, and the queue."""
        function = self.function()
        queue = self.make(QUEUE, name=self.name, visibilityTimeoutSeconds=36)["arn"]
        actions = json.dumps(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
        self.make(ROLE_POLICY, name="read", role=self.name, policy=policy("*").replace('"*"', actions, 1))
        return {
            "eventSourceArn": queue,
            "functionName": function["arn"],
            "batchSize": 5,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2},
            "tags": {"app": "x"},
        }

    def destination(self) -> str:
        return str(self.make(DESTINATION, **destination(self))["arn"])


def destination(world: World) -> Props:
    connection = world.make(CONNECTION, **CASES[CONNECTION].inputs(world))
    return {
        "name": world.name,
        "connectionArn": connection["arn"],
        "httpMethod": "POST",
        "invocationEndpoint": "https://example.com/events",
        "invocationRateLimitPerSecond": 1,
    }


def function(world: World) -> Props:
    return {
        "name": world.name,
        "role": world.role("lambda.amazonaws.com"),
        "runtime": "python3.13",
        "handler": "app.main.handle",
        "architectures": ["arm64"],
        "code": code("def handle(event, context): return 1"),
        "sourceCodeHash": "one",
        "memorySize": 512,
        "timeout": 6,
        "environment": {"variables": {"BUS": "main", "STACK": "test"}},
        "tags": {"app": "x"},
    }


def metric(name: str, period: int = 60) -> Props:
    dimensions = {"ApiId": "a", "Stage": "$default"}
    return {
        "namespace": "AWS/ApiGateway",
        "metricName": name,
        "dimensions": dimensions,
        "period": period,
        "stat": "Sum",
    }


def board(text: str) -> str:
    widget = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 3, "properties": {"markdown": text}}
    return json.dumps({"widgets": [widget]})


@dataclass(frozen=True)
class Case:
    inputs: Callable[[World], Props]
    id: str
    """With {own}, the test's own name, and properties of the state; `*`: AWS chooses it."""
    changes: Props = field(default_factory=dict)
    """Inputs that are changed in place; None takes one away."""
    paths: frozenset[str] = frozenset()
    """What the diff then names."""
    by_hand: Callable[[Any, Props], object] | None = None
    """What somebody does to it with the client of its service."""
    drifted: frozenset[str] = frozenset()


CASES: dict[str, Case] = {
    BUS: Case(
        inputs=lambda world: {"name": world.name, "description": "events", "tags": {"app": "x", "old": "1"}},
        id="{own}",
        changes={"description": None, "tags": {"app": "y", "new": "1"}},
        paths=frozenset(
            {"description"} | {f"{tags}.{key}" for tags in ("tags", "tagsAll") for key in ("app", "old", "new")}
        ),
        by_hand=lambda events, state: events.update_event_bus(Name=state["name"], Description="by hand"),
        drifted=frozenset({"description"}),
    ),
    ARCHIVE: Case(
        inputs=lambda world: {
            "name": world.name,
            "eventSourceArn": world.make(BUS, name=world.name)["arn"],
            "eventPattern": '{"source": ["a"]}',
            "description": "all",
            "retentionDays": 7,
        },
        id="{own}",
        changes={"eventPattern": '{"source": ["b"]}', "description": None, "retentionDays": None},
        paths=frozenset({"eventPattern", "description", "retentionDays"}),
        by_hand=lambda events, state: events.update_archive(ArchiveName=state["name"], RetentionDays=1),
        drifted=frozenset({"retentionDays"}),
    ),
    ALARM: Case(
        inputs=lambda world: {
            "name": world.name,
            "alarmDescription": "dead letters",
            "namespace": "AWS/SQS",
            "metricName": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": "dead"},
            "statistic": "Maximum",
            "period": 60,
            "evaluationPeriods": 5,
            "datapointsToAlarm": 3,
            "threshold": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "treatMissingData": "notBreaching",
            "alarmActions": [TOPIC, f"{TOPIC}-2"],
            "okActions": [TOPIC],
            "tags": {"app": "x"},
        },
        id="{own}",
        changes={
            "alarmDescription": None,
            "datapointsToAlarm": None,
            "dimensions": {"QueueName": "other"},
            "alarmActions": [f"{TOPIC}-2", TOPIC],  # its order is nothing
            "okActions": None,
            "threshold": None,
            "treatMissingData": None,
            "tags": {"app": "y"},
        },
        paths=frozenset(
            {
                "alarmDescription",
                "datapointsToAlarm",
                "dimensions.QueueName",
                "okActions",
                "threshold",
                "treatMissingData",
                "tags.app",
                "tagsAll.app",
            }
        ),
        by_hand=lambda cloudwatch, state: cloudwatch.disable_alarm_actions(AlarmNames=[state["name"]]),
        drifted=frozenset({"actionsEnabled"}),
    ),
    DASHBOARD: Case(
        inputs=lambda world: {"dashboardName": world.name, "dashboardBody": board("first")},
        id="{own}",
        changes={"dashboardBody": board("second")},
        paths=frozenset({"dashboardBody"}),
        by_hand=lambda cloudwatch, state: cloudwatch.put_dashboard(
            DashboardName=state["dashboardName"], DashboardBody=board("by hand")
        ),
        drifted=frozenset({"dashboardBody"}),
    ),
    METRIC_FILTER: Case(
        inputs=lambda world: {
            "name": world.name,
            "logGroupName": world.make(LOG_GROUP, name=f"/t/{world.name}")["name"],
            "pattern": "{ $.status = 429 }",
            "metricTransformation": {
                "name": "Throttled",
                "namespace": "GenesysEventBridge",
                "value": "1",
                "defaultValue": "0.5",
                "unit": "Count",
            },
        },
        id="{own}",
        changes={
            "pattern": "{ $.status = 5* }",
            "metricTransformation": {
                "name": "Failed",
                "namespace": "GenesysEventBridge",
                "value": "1",
                "dimensions": {"Route": "$.route"},
            },
        },
        paths=frozenset(
            {
                "pattern",
                "metricTransformation.name",
                "metricTransformation.defaultValue",
                "metricTransformation.dimensions",
                "metricTransformation.unit",
            }
        ),
        by_hand=lambda logs, state: logs.put_metric_filter(
            logGroupName=state["logGroupName"],
            filterName=state["name"],
            filterPattern="{ $.status = 404 }",
            metricTransformations=[
                {"metricName": "Failed", "metricNamespace": "GenesysEventBridge", "metricValue": "2"}
            ],
        ),
        drifted=frozenset({"pattern", "metricTransformation.value", "metricTransformation.dimensions"}),
    ),
    CONNECTION: Case(
        inputs=lambda world: {
            "name": world.name,
            "description": "key",
            "authorizationType": "API_KEY",
            "authParameters": {"apiKey": {"key": "X-Key", "value": "secret-value-1"}},
        },
        id="{own}",
        changes={
            "description": None,
            "authParameters": {
                "apiKey": {"key": "X-Other", "value": "secret-value-2"},
                "invocationHttpParameters": {"headers": [{"key": "X-A", "value": "a", "isValueSecret": True}]},
            },
        },
        paths=frozenset(
            {
                "description",
                "authParameters.apiKey.key",
                "authParameters.apiKey.value",
                "authParameters.invocationHttpParameters",
            }
        ),
        by_hand=lambda events, state: events.update_connection(
            Name=state["name"],
            AuthorizationType="API_KEY",
            AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Hand", "ApiKeyValue": "by hand"}},
        ),
        drifted=frozenset({"authParameters.apiKey.key", "authParameters.invocationHttpParameters"}),
    ),
    DESTINATION: Case(
        inputs=destination,
        id="{own}",
        changes={"invocationEndpoint": "https://example.com/other", "invocationRateLimitPerSecond": None},
        paths=frozenset({"invocationEndpoint", "invocationRateLimitPerSecond"}),
        by_hand=lambda events, state: events.update_api_destination(Name=state["name"], Description="by hand"),
        drifted=frozenset({"description"}),
    ),
    RULE: Case(
        inputs=lambda world: {
            "name": world.name,
            "eventBusName": world.make(BUS, name=world.name)["name"],
            "eventPattern": '{"source": ["a"]}',
            "description": "all",
            "tags": {"app": "x"},
        },
        id="{own}/{own}",
        changes={"eventPattern": '{"source": ["b"]}', "description": None, "state": "DISABLED"},
        paths=frozenset({"eventPattern", "description", "state"}),
        by_hand=lambda events, state: events.put_rule(
            Name=state["name"],
            EventBusName=state["eventBusName"],
            EventPattern='{"source": ["hand"]}',
            State="ENABLED",
        ),
        drifted=frozenset({"eventPattern", "state"}),
    ),
    TARGET: Case(
        inputs=lambda world: {
            "rule": world.make(RULE, name=world.name, scheduleExpression="rate(5 minutes)")["name"],
            "targetId": "heartbeat",
            "arn": world.destination(),
            "roleArn": world.role("events.amazonaws.com"),
            "input": '{"heartbeat": true}',
            "retryPolicy": {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60},
            "httpTarget": {"headerParameters": {"X-A": "1"}},
        },
        id="{own}-heartbeat",
        changes={"input": None, "retryPolicy": {"maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 60}},
        paths=frozenset({"input", "retryPolicy.maximumRetryAttempts"}),
        by_hand=lambda events, state: events.put_targets(
            Rule=state["rule"], Targets=[{"Id": "heartbeat", "Arn": state["arn"], "RoleArn": state["roleArn"]}]
        ),
        drifted=frozenset({"retryPolicy", "httpTarget"}),
    ),
    LOG_GROUP: Case(
        inputs=lambda world: {"name": f"/t/{world.name}", "retentionInDays": 7, "tags": {"app": "x"}},
        id="/t/{own}",
        changes={"retentionInDays": None, "tags": None},
        paths=frozenset({"retentionInDays", "tags", "tagsAll.app"}),
        by_hand=lambda logs, state: logs.put_retention_policy(logGroupName=state["name"], retentionInDays=1),
        drifted=frozenset({"retentionInDays"}),
    ),
    ROLE: Case(
        inputs=lambda world: {
            "name": world.name,
            "assumeRolePolicy": trust("events.amazonaws.com"),
            "description": "a role",
            "tags": {"app": "x"},
        },
        id="{own}",
        changes={
            "assumeRolePolicy": trust("lambda.amazonaws.com"),
            "description": "another",
            "maxSessionDuration": 7200,
        },
        paths=frozenset({"assumeRolePolicy", "description", "maxSessionDuration"}),
        by_hand=lambda iam, state: iam.update_assume_role_policy(
            RoleName=state["name"], PolicyDocument=trust("ec2.amazonaws.com")
        ),
        drifted=frozenset({"assumeRolePolicy"}),
    ),
    ROLE_POLICY: Case(
        inputs=lambda world: {
            "name": "own",
            "role": world.make(ROLE, name=world.name, assumeRolePolicy=trust("events.amazonaws.com"))["name"],
            "policy": policy("events:PutEvents"),
        },
        id="{own}:own",
        changes={"policy": policy("sqs:SendMessage")},
        paths=frozenset({"policy"}),
        by_hand=lambda iam, state: iam.put_role_policy(
            RoleName=state["role"], PolicyName="own", PolicyDocument=policy("s3:GetObject")
        ),
        drifted=frozenset({"policy"}),
    ),
    API: Case(
        inputs=lambda world: {
            "name": world.name,
            "protocolType": "HTTP",
            "description": "in",
            "tags": {"app": "x"},
        },
        id="*",
        changes={"name": "renamed", "description": None, "tags": {"app": "y"}},
        paths=frozenset({"name", "description", "tags.app", "tagsAll.app"}),
        by_hand=lambda gateway, state: gateway.update_api(ApiId=state["id"], Description="by hand"),
        drifted=frozenset({"description"}),
    ),
    INTEGRATION: Case(
        inputs=lambda world: {
            "apiId": world.api(),
            "integrationType": "AWS_PROXY",
            "integrationMethod": "POST",
            "integrationUri": world.function()["arn"],
            "payloadFormatVersion": "2.0",
            "timeoutMilliseconds": 7000,
        },
        id="*",
        changes={"timeoutMilliseconds": 6000, "description": "to the function"},
        paths=frozenset({"timeoutMilliseconds", "description"}),
        by_hand=lambda gateway, state: gateway.update_integration(
            ApiId=state["apiId"], IntegrationId=state["id"], TimeoutInMillis=1000
        ),
        drifted=frozenset({"timeoutMilliseconds"}),
    ),
    ROUTE: Case(
        inputs=lambda world: {"apiId": world.api(), "routeKey": "POST /genesys"},
        id="*",
        changes={"routeKey": "POST /other"},
        paths=frozenset({"routeKey"}),
        by_hand=lambda gateway, state: gateway.update_route(
            ApiId=state["apiId"], RouteId=state["id"], RouteKey="GET /hand"
        ),
        drifted=frozenset({"routeKey"}),
    ),
    STAGE: Case(
        inputs=lambda world: {
            "apiId": world.api(),
            "name": "$default",
            "autoDeploy": True,
            "defaultRouteSettings": {
                "throttlingRateLimit": 500,
                "throttlingBurstLimit": 1000,
                "detailedMetricsEnabled": True,
            },
            "accessLogSettings": {
                "destinationArn": world.make(LOG_GROUP, name=f"/t/{world.name}")["arn"],
                "format": '{"id": "$context.requestId"}',
            },
            "tags": {"app": "x"},
        },
        id="$default",
        changes={
            "defaultRouteSettings": {
                "throttlingRateLimit": 0.5,
                "throttlingBurstLimit": 1000,
                "detailedMetricsEnabled": True,
            },
            "accessLogSettings": None,
            "tags": {"app": "y"},
        },
        paths=frozenset({"defaultRouteSettings.throttlingRateLimit", "accessLogSettings", "tags.app", "tagsAll.app"}),
        by_hand=lambda gateway, state: gateway.update_stage(
            ApiId=state["apiId"],
            StageName="$default",
            DefaultRouteSettings={
                "ThrottlingRateLimit": 1.0,
                "ThrottlingBurstLimit": 1000,
                "DetailedMetricsEnabled": True,
            },
        ),
        drifted=frozenset({"defaultRouteSettings.throttlingRateLimit"}),
    ),
    FUNCTION: Case(
        inputs=function,
        id="{own}",
        changes={
            "code": code("def handle(event, context): return 2"),
            "sourceCodeHash": "two",
            "environment": {"variables": {"BUS": "other"}},
            "description": "receives",
        },
        paths=frozenset(
            {"code", "sourceCodeHash", "environment.variables.BUS", "environment.variables.STACK", "description"}
        ),
        by_hand=lambda functions, state: functions.update_function_configuration(
            FunctionName=state["name"], Timeout=30
        ),
        drifted=frozenset({"timeout"}),
    ),
    PERMISSION: Case(
        inputs=lambda world: {
            "statementId": "gateway",
            "function": world.function()["name"],
            "action": "lambda:InvokeFunction",
            "principal": "apigateway.amazonaws.com",
            "sourceArn": f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc/*/POST/genesys",
        },
        id="gateway",
    ),
    MAPPING: Case(
        inputs=lambda world: world.mapping(),
        id="{uuid}",
        changes={"batchSize": None, "enabled": False, "functionResponseTypes": None, "scalingConfig": None},
        paths=frozenset({"batchSize", "enabled", "functionResponseTypes", "scalingConfig"}),
        by_hand=lambda functions, state: functions.update_event_source_mapping(UUID=state["uuid"], BatchSize=7),
        drifted=frozenset({"batchSize"}),
    ),
    SECRET: Case(
        inputs=lambda world: {"namePrefix": f"{world.name}-", "recoveryWindowInDays": 0, "tags": {"app": "x"}},
        id="{arn}",
        changes={"description": "a key", "recoveryWindowInDays": 7, "tags": {"app": "y"}},
        paths=frozenset({"description", "recoveryWindowInDays", "tags.app", "tagsAll.app"}),
        by_hand=lambda secrets, state: secrets.update_secret(SecretId=state["arn"], Description="by hand"),
        drifted=frozenset({"description"}),
    ),
    VERSION: Case(
        inputs=lambda world: {
            "secretId": world.make(SECRET, name=world.name, recoveryWindowInDays=0)["arn"],
            "secretString": "the-key-itself",
        },
        id="{secretId}|{versionId}",
    ),
    QUEUE: Case(
        inputs=lambda world: {
            "name": world.name,
            "messageRetentionSeconds": 3600,
            "sqsManagedSseEnabled": True,
            "tags": {"app": "x"},
        },
        id="{url}",
        changes={"messageRetentionSeconds": None, "visibilityTimeoutSeconds": 5, "tags": {"app": "y"}},
        paths=frozenset({"messageRetentionSeconds", "visibilityTimeoutSeconds", "tags.app", "tagsAll.app"}),
        by_hand=lambda sqs, state: sqs.set_queue_attributes(QueueUrl=state["url"], Attributes={"DelaySeconds": "9"}),
        drifted=frozenset({"delaySeconds"}),
    ),
    QUEUE_POLICY: Case(
        inputs=lambda world: {
            "queueUrl": world.make(QUEUE, name=world.name)["url"],
            "policy": policy("sqs:SendMessage", Principal="*"),
        },
        id="{queueUrl}",
        changes={"policy": policy("sqs:ReceiveMessage", Principal="*")},
        paths=frozenset({"policy"}),
        by_hand=lambda sqs, state: sqs.set_queue_attributes(
            QueueUrl=state["queueUrl"], Attributes={"Policy": policy("sqs:*", Principal="*")}
        ),
        drifted=frozenset({"policy"}),
    ),
}


def test_every_type_has_a_case() -> None:
    assert CASES.keys() == TYPES.keys()


MORE = {
    "alarm by metric math": (
        ALARM,
        Case(
            inputs=lambda world: {
                "name": world.name,
                "evaluationPeriods": 1,
                "threshold": 0.05,
                "comparisonOperator": "GreaterThanThreshold",
                "metricQueries": [
                    {"id": "rate", "expression": "failed / all", "label": "failures", "returnData": True},
                    {"id": "failed", "metric": metric("5xx")},
                    {"id": "all", "metric": metric("Count")},
                ],
            },
            id="{own}",
            changes={
                "metricQueries": [
                    {"id": "rate", "expression": "failed / all", "label": "failures", "returnData": True},
                    {"id": "failed", "metric": metric("4xx")},
                    {"id": "all", "metric": metric("Count")},
                ]
            },
            paths=frozenset({"metricQueries[1].metric.metricName"}),
            by_hand=lambda cloudwatch, state: cloudwatch.put_metric_alarm(
                AlarmName=state["name"],
                EvaluationPeriods=1,
                Threshold=0.05,
                ComparisonOperator="GreaterThanThreshold",
                MetricName="Count",
                Namespace="AWS/ApiGateway",
                Statistic="Sum",
                Period=300,
            ),
            drifted=frozenset({"metricQueries", "metricName", "namespace", "statistic", "period"}),
        ),
    ),
    "target that is another bus": (
        TARGET,
        Case(
            inputs=lambda world: {
                "eventBusName": (bus := world.make(BUS, name=world.name)["name"]),
                "rule": world.make(RULE, name=world.name, eventBusName=bus, eventPattern='{"source": ["a"]}')["name"],
                "targetId": "forward",
                "arn": f"arn:aws:events:us-east-1:111122223333:event-bus/{world.name}",
                "roleArn": world.role("events.amazonaws.com"),
                "retryPolicy": {"maximumRetryAttempts": 185, "maximumEventAgeInSeconds": 86400},
                "deadLetterConfig": {"arn": world.make(QUEUE, name=world.name)["arn"]},
            },
            id="{own}-{own}-forward",
            changes={"deadLetterConfig": None, "retryPolicy": {"maximumRetryAttempts": 1}},
            paths=frozenset(
                {"deadLetterConfig", "retryPolicy.maximumRetryAttempts", "retryPolicy.maximumEventAgeInSeconds"}
            ),
        ),
    ),
    "target with a transformed input": (
        TARGET,
        Case(
            inputs=lambda world: {
                "rule": world.make(RULE, name=world.name, scheduleExpression="rate(5 minutes)")["name"],
                "targetId": "tap",
                "arn": world.make(QUEUE, name=world.name)["arn"],
                "inputTransformer": {"inputPaths": {"id": "$.id"}, "inputTemplate": '{"id": <id>}'},
            },
            id="{own}-tap",
            changes={"inputTransformer": {"inputPaths": {"id": "$.id", "at": "$.time"}, "inputTemplate": "<id> <at>"}},
            paths=frozenset({"inputTransformer.inputPaths.at", "inputTransformer.inputTemplate"}),
        ),
    ),
}
"""Types whose objects are of several kinds."""


@pytest.mark.parametrize("token", CASES, ids=lambda token: token.rpartition(":")[2])
def test_life(token: str, aws: Plugin, cloud: Emulator, name: str) -> None:
    live_and_die(token, CASES[token], aws, cloud, name)


@pytest.mark.parametrize("kind", MORE)
def test_life_of_another_kind(kind: str, aws: Plugin, cloud: Emulator, name: str) -> None:
    live_and_die(*MORE[kind], aws, cloud, name)


def live_and_die(token: str, case: Case, aws: Plugin, cloud: Emulator, name: str) -> None:
    world = World(aws, name)
    try:
        live(token, case, world, cloud.client(TYPES[token].service))
    finally:
        world.remove_all()


def live(token: str, case: Case, world: World, client: Any) -> None:
    aws = world.plugin
    inputs = aws.checked(token, case.inputs(world))

    # Made: the state repeats the inputs, a read finds the same, and there is nothing to do.
    id_, state, _ = aws.create(token, inputs)
    world.made.append((token, id_, state))
    assert id_ == case.id.format(own=world.name, **state) or (id_ and case.id == "*")
    assert {key: state.get(key) for key in comparable(inputs)} == comparable(inputs)
    assert_settled(aws, token, id_, state, inputs)

    if case.changes:
        # Changed in place: the diff names what changes, and nothing of it makes a new object.
        wanted = {key: value for key, value in {**inputs, **case.changes}.items() if value is not None}
        wanted = aws.checked(token, {key: value for key, value in wanted.items() if key != "tagsAll"}, inputs)
        difference = aws.diff(token, state, wanted)
        assert difference.detailedDiff.keys() == case.paths
        assert list(difference.replaces) == []
        state, inputs = aws.update(token, id_, state, wanted), wanted
        assert_settled(aws, token, id_, state, inputs)

    if case.by_hand:
        # Changed by hand: a refresh finds it, the diff names it, an update mends it.
        case.by_hand(client, {**state, "id": id_})
        _, drifted, found = aws.read(token, id_, state, inputs)
        assert aws.diff(token, drifted, inputs).detailedDiff.keys() == case.drifted
        assert found != inputs
        state = aws.update(token, id_, drifted, inputs)
        assert_settled(aws, token, id_, state, inputs)

    # Deleted: gone for a read, and deleting it once more is no error.
    aws.delete(token, id_, state)
    if token != VERSION:  # which goes with its secret
        assert aws.read(token, id_, state, inputs)[0] == ""
    aws.delete(token, id_, state)


def test_new_code_is_sent(aws: Plugin, name: str) -> None:
    """With a changed hash of the program's own, or without one; and no other change sends it."""
    world = World(aws, name)
    try:
        inputs = aws.checked(FUNCTION, {**function(world), "sourceCodeHash": None})
        id_, state, _ = aws.create(FUNCTION, inputs)
        world.made.append((FUNCTION, id_, state))
        assert state["codeSha256"] == sha256(inputs["code"])
        wanted = {**inputs, "code": code("def handle(event, context): return 2")}
        state = aws.update(FUNCTION, id_, state, wanted)
        assert state["codeSha256"] == sha256(wanted["code"])
        wanted |= {"code": code("unchanged hash", "def handle(event, context): return 2"), "timeout": 9}
        assert aws.update(FUNCTION, id_, state, wanted)["codeSha256"] == state["codeSha256"]
        assert aws.update(FUNCTION, id_, state, {**wanted, "sourceCodeHash": "new"})["codeSha256"] == sha256(
            wanted["code"]
        )
    finally:
        world.remove_all()


def test_an_environment_that_is_taken_away_is_empty(aws: Plugin, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS must be told so; the emulator empties it anyway."""
    sent: list[Props] = []
    call = Cloud.call

    def spy(self: Cloud, service: str, operation: str, params: Props) -> Props:
        sent.append({"operation": operation, **params})
        return call(self, service, operation, params)

    monkeypatch.setattr(Cloud, "call", spy)
    world = World(aws, name)
    try:
        inputs = aws.checked(FUNCTION, function(world))
        id_, state, _ = aws.create(FUNCTION, inputs)
        world.made.append((FUNCTION, id_, state))
        state = aws.update(FUNCTION, id_, state, {key: value for key, value in inputs.items() if key != "environment"})
        assert not state.get("environment", {}).get("variables")
        (update,) = [each for each in sent if each["operation"] == "update_function_configuration"]
        assert update["Environment"] == {"Variables": {}}
    finally:
        world.remove_all()


def sha256(archive: Archive) -> str:
    return base64.b64encode(hashlib.sha256(zipped(archive)).digest()).decode()


def assert_settled(aws: Plugin, token: str, id_: str, state: Props, inputs: Props) -> None:
    same, read, found = aws.read(token, id_, state, inputs)
    assert same == id_
    assert comparable(read) == comparable(state)
    assert comparable(found) == comparable(inputs)
    for seen in (state, read):
        assert dict(aws.diff(token, seen, inputs).detailedDiff) == {}


def comparable(props: Props) -> Props:
    """Without the archive, which is no value of its own, and the list of made names, which no output has."""
    return {key: value for key, value in props.items() if key not in ("code", DEFAULTED)}
