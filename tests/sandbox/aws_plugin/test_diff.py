"""What an update would change, what has to be made anew, and what is no difference at all."""

import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.aws.plugin.archive import Archive
from sandbox.aws.plugin.check import DEFAULTED
from sandbox.aws.plugin.values import UNKNOWN
from sandbox.aws.plugin.wire import ASSETS, MARK
from tests.support.aws_plugin import Plugin

KINDS = pb.PropertyDiff.Kind.Name
ARN = "arn:aws:sqs:us-east-1:000000000000:q"


@pytest.mark.parametrize(
    ("token", "property_"),
    [
        ("aws:apigatewayv2/api:Api", "protocolType"),
        ("aws:apigatewayv2/integration:Integration", "apiId"),
        ("aws:apigatewayv2/integration:Integration", "integrationType"),
        ("aws:apigatewayv2/route:Route", "apiId"),
        ("aws:apigatewayv2/stage:Stage", "apiId"),
        ("aws:apigatewayv2/stage:Stage", "name"),
        ("aws:cloudwatch/dashboard:Dashboard", "dashboardName"),
        ("aws:cloudwatch/eventApiDestination:EventApiDestination", "name"),
        ("aws:cloudwatch/eventArchive:EventArchive", "eventSourceArn"),
        ("aws:cloudwatch/eventArchive:EventArchive", "name"),
        ("aws:cloudwatch/eventBus:EventBus", "eventSourceName"),
        ("aws:cloudwatch/eventBus:EventBus", "name"),
        ("aws:cloudwatch/eventConnection:EventConnection", "name"),
        ("aws:cloudwatch/eventRule:EventRule", "eventBusName"),
        ("aws:cloudwatch/eventRule:EventRule", "name"),
        ("aws:cloudwatch/eventTarget:EventTarget", "eventBusName"),
        ("aws:cloudwatch/eventTarget:EventTarget", "rule"),
        ("aws:cloudwatch/eventTarget:EventTarget", "targetId"),
        ("aws:cloudwatch/logGroup:LogGroup", "logGroupClass"),
        ("aws:cloudwatch/logGroup:LogGroup", "name"),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", "logGroupName"),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", "name"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "name"),
        ("aws:iam/role:Role", "name"),
        ("aws:iam/role:Role", "path"),
        ("aws:iam/rolePolicy:RolePolicy", "name"),
        ("aws:iam/rolePolicy:RolePolicy", "role"),
        ("aws:lambda/function:Function", "name"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "eventSourceArn"),
        ("aws:lambda/permission:Permission", "function"),
        ("aws:lambda/permission:Permission", "principal"),
        ("aws:lambda/permission:Permission", "sourceArn"),
        ("aws:lambda/permission:Permission", "statementId"),
        ("aws:secretsmanager/secret:Secret", "name"),
        ("aws:secretsmanager/secret:Secret", "namePrefix"),
        ("aws:secretsmanager/secretVersion:SecretVersion", "secretId"),
        ("aws:secretsmanager/secretVersion:SecretVersion", "secretString"),
        ("aws:sqs/queue:Queue", "name"),
        ("aws:sqs/queuePolicy:QueuePolicy", "queueUrl"),
    ],
)
def test_what_aws_cannot_change_is_made_anew(aws: Plugin, token: str, property_: str) -> None:
    difference = aws.diff(token, {property_: "old"}, {property_: "new"})
    assert list(difference.replaces) == [property_]
    assert KINDS(difference.detailedDiff[property_].kind) == "UPDATE_REPLACE"


@pytest.mark.parametrize(
    ("token", "property_"),
    [
        ("aws:apigatewayv2/api:Api", "name"),
        ("aws:apigatewayv2/route:Route", "routeKey"),
        ("aws:cloudwatch/eventApiDestination:EventApiDestination", "invocationEndpoint"),
        ("aws:cloudwatch/eventTarget:EventTarget", "arn"),
        ("aws:lambda/function:Function", "role"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "functionName"),
        ("aws:lambda/function:Function", "sourceCodeHash"),
        ("aws:sqs/queuePolicy:QueuePolicy", "policy"),
    ],
)
def test_what_aws_can_change_is_updated(aws: Plugin, token: str, property_: str) -> None:
    difference = aws.diff(token, {property_: "old"}, {property_: "new"})
    assert list(difference.replaces) == []
    assert list(difference.diffs) == [property_]
    assert difference.changes == pb.DiffResponse.DIFF_SOME


def one(action: Any, **more: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, **more}]})


@pytest.mark.parametrize(
    ("token", "property_", "old", "new"),
    [
        ("aws:cloudwatch/eventRule:EventRule", "eventPattern", '{"source":["a"]}', '{ "source": [ "a" ] }'),
        ("aws:iam/role:Role", "assumeRolePolicy", one("a"), one(["a"])),
        ("aws:iam/role:Role", "assumeRolePolicy", one(["a", "b"]), one(["b", "a"])),
        ("aws:sqs/queuePolicy:QueuePolicy", "policy", one("a", Sid="s"), one("a", Sid="s").replace(" ", "")),
        ("aws:cloudwatch/eventBus:EventBus", "description", "", None),
        ("aws:cloudwatch/eventBus:EventBus", "tags", {}, None),
        ("aws:cloudwatch/eventRule:EventRule", "state", "DISABLED", None),
        ("aws:cloudwatch/eventRule:EventRule", "eventBusName", "default", None),
        ("aws:cloudwatch/eventApiDestination:EventApiDestination", "invocationRateLimitPerSecond", 300, None),
        ("aws:apigatewayv2/stage:Stage", "defaultRouteSettings", {"throttlingRateLimit": 5}, None),
        ("aws:apigatewayv2/stage:Stage", "autoDeploy", False, None),
        ("aws:apigatewayv2/stage:Stage", "defaultRouteSettings", {"loggingLevel": "OFF"}, {"dataTraceEnabled": False}),
        ("aws:cloudwatch/dashboard:Dashboard", "dashboardBody", '{"widgets": []}', '{"widgets":[]}'),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions", [ARN, ARN + "2"], [ARN + "2", ARN]),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "actionsEnabled", True, None),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "treatMissingData", "missing", None),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "evaluateLowSampleCountPercentiles", "evaluate", None),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "metricQueries",
            [{"id": "a", "returnData": False}, {"id": "b", "returnData": True}],
            [{"id": "b", "returnData": True}, {"id": "a"}],
        ),
        ("aws:cloudwatch/eventArchive:EventArchive", "retentionDays", 0, None),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", "metricTransformation", {"unit": "None"}, {"name": ""}),
        ("aws:sqs/queue:Queue", "policy", one("a"), None),
        ("aws:lambda/function:Function", "architectures", ["x86_64"], None),
    ],
)
def test_no_difference(aws: Plugin, token: str, property_: str, old: Any, new: Any) -> None:
    difference = aws.diff(token, {property_: old}, {property_: new})
    assert difference.changes == pb.DiffResponse.DIFF_NONE, difference


@pytest.mark.parametrize(
    ("token", "property_", "old", "new", "path", "kind"),
    [
        ("aws:cloudwatch/eventBus:EventBus", "description", None, "d", "description", "ADD"),
        ("aws:cloudwatch/eventBus:EventBus", "description", "d", None, "description", "DELETE"),
        (
            "aws:cloudwatch/eventRule:EventRule",
            "eventPattern",
            '{"a":["b","c"]}',
            '{"a":["c","b"]}',
            "eventPattern",
            "",
        ),
        ("aws:cloudwatch/eventRule:EventRule", "eventBusName", "b", None, "eventBusName", "DELETE_REPLACE"),
        ("aws:cloudwatch/eventBus:EventBus", "tags", {"a.b": "1"}, {"a.b": "2"}, 'tags["a.b"]', "UPDATE"),
        (
            "aws:cloudwatch/eventConnection:EventConnection",
            "authParameters",
            {"invocationHttpParameters": {"headers": [{"key": "h", "value": "1"}]}},
            {"invocationHttpParameters": {"headers": [{"key": "h", "value": "2"}]}},
            "authParameters.invocationHttpParameters.headers[0].value",
            "UPDATE",
        ),
        (
            "aws:cloudwatch/eventTarget:EventTarget",
            "retryPolicy",
            {"maximumRetryAttempts": 1},
            {"maximumRetryAttempts": 0},
            "retryPolicy.maximumRetryAttempts",
            "UPDATE",
        ),
    ],
)
def test_a_difference_is_named_by_its_path(
    aws: Plugin, token: str, property_: str, old: Any, new: Any, path: str, kind: str
) -> None:
    difference = aws.diff(token, {property_: old}, {property_: new})
    assert list(difference.detailedDiff) == [path]
    assert KINDS(difference.detailedDiff[path].kind) == (kind or "UPDATE")


def test_code_is_compared_by_its_hash(aws: Plugin) -> None:
    def code(digest: str) -> Archive:
        return Archive({MARK: ASSETS[1], "hash": digest})  # all that the engine shows of it to Diff

    token = "aws:lambda/function:Function"
    assert list(aws.diff(token, {"code": code("a")}, {"code": code("a")}).diffs) == []
    difference = aws.diff(token, {"code": code("a")}, {"code": code("b")})
    assert (list(difference.diffs), list(difference.replaces)) == (["code"], [])


def test_what_is_not_known_yet_is_a_change_of_that_property_alone(aws: Plugin) -> None:
    token = "aws:cloudwatch/eventTarget:EventTarget"
    state = {"rule": "r", "eventBusName": "default", "targetId": "t", "arn": ARN, "roleArn": "arn:aws:iam::0:role/r"}
    difference = aws.diff(token, state, {**state, "arn": UNKNOWN})
    assert (list(difference.diffs), list(difference.replaces)) == (["arn"], [])
    difference = aws.diff(token, state, {**state, "rule": UNKNOWN})
    assert list(difference.replaces) == ["rule"]
    environment = {"variables": {"A": "1", "B": "2"}}
    difference = aws.diff(
        "aws:lambda/function:Function",
        {"environment": environment},
        {"environment": {"variables": {"A": "1", "B": UNKNOWN}}},
    )
    assert list(difference.detailedDiff) == ["environment.variables.B"]


def test_ignored_changes_are_none(aws: Plugin) -> None:
    difference = aws.diff(
        "aws:cloudwatch/eventBus:EventBus", {"description": "by hand"}, {"description": "d"}, ignored=["description"]
    )
    assert difference.changes == pb.DiffResponse.DIFF_NONE


def test_a_replacement_with_the_same_name_waits_for_the_old_one_to_go(aws: Plugin) -> None:
    token = "aws:iam/role:Role"
    old = {"name": "r", "path": "/"}
    assert aws.diff(token, old, {"name": "r", "path": "/x/"}).deleteBeforeReplace
    assert not aws.diff(token, old, {"name": "s", "path": "/x/"}).deleteBeforeReplace
    assert not aws.diff(token, old, {"name": "r", DEFAULTED: ["name"], "path": "/x/"}).deleteBeforeReplace
    assert not aws.diff(token, old, {"name": "r", "path": "/", "description": "d"}).deleteBeforeReplace


def test_a_new_secret_version_is_made_before_the_old_one_goes(aws: Plugin) -> None:
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    difference = aws.diff(token, {"secretId": "s", "secretString": "1"}, {"secretId": "s", "secretString": "2"})
    assert list(difference.replaces) == ["secretString"]
    assert not difference.deleteBeforeReplace
