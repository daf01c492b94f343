"""What is refused before AWS is asked, and what becomes of inputs that are right."""

import re
from typing import Any

import pytest

from sandbox.aws.plugin.check import DEFAULTED
from sandbox.aws.plugin.values import UNKNOWN
from tests.support.aws_plugin import FailureError, Plugin

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
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
QUEUE = "aws:sqs/queue:Queue"
SECRET = "aws:secretsmanager/secret:Secret"
STAGE = "aws:apigatewayv2/stage:Stage"
OFFICIAL = "SANDBOX_AWS_PLUGIN=official"


@pytest.mark.parametrize(
    ("token", "inputs", "property_", "reason"),
    [
        (ALARM, {"evaluationPeriods": 1}, "comparisonOperator", "is required"),
        (ALARM, {"comparisonOperator": "Over"}, "comparisonOperator", "must be one of GreaterThanOrEqualToThreshold"),
        (ALARM, {"evaluationPeriods": 0}, "evaluationPeriods", "must be 1 or more, not 0"),
        (ALARM, {"period": 90}, "period", "must be 10, 20, 30, or a multiple of 60, not 90"),
        (ALARM, {"statistic": "Median"}, "statistic", "must be one of Average, Maximum, Minimum, SampleCount, Sum"),
        (ALARM, {"extendedStatistic": "q99"}, "extendedStatistic", "must match"),
        (ALARM, {"alarmActions": ["on-call"]}, "alarmActions", "is no ARN"),
        (ALARM, {"okActions": ["arn:aws:sns:::t"] * 6}, "okActions", "can't have more than 5 in it"),
        (ALARM, {"treatMissingData": "okay"}, "treatMissingData", "breaching, ignore, missing, notBreaching"),
        (ALARM, {"evaluationCriteria": {}}, "evaluationCriteria", OFFICIAL),
        (ALARM, {"metricName": "m"}, "", "one of statistic, extendedStatistic is required"),
        (ALARM, {"metricName": "m", "metricQueries": [{"id": "a"}]}, "", "metricName conflicts with metricQueries"),
        (ALARM, {"period": 60, "metricQueries": [{"id": "a"}]}, "", "period conflicts with metricQueries"),
        (ALARM, {"threshold": 0, "thresholdMetricId": "a"}, "", "threshold conflicts with thresholdMetricId"),
        (ALARM, {"metricQueries": [{"expression": "1"}]}, "metricQueries[0].id", "is required"),
        (
            ALARM,
            {
                "metricQueries": [
                    {"id": "a", "expression": "1", "metric": {"metricName": "m", "period": 60, "stat": "Sum"}}
                ]
            },
            "",
            "has both expression and metric",
        ),
        (
            ALARM,
            {"metricQueries": [{"id": "a", "metric": {"metricName": "m", "period": 7, "stat": "Sum"}}]},
            "metricQueries[0].metric.period",
            "must be 1, 5, 10, 20, 30, or a multiple of 60, not 7",
        ),
        (ARCHIVE, {"name": "a" * 49}, "name", "1 to 48 characters"),
        (ARCHIVE, {"name": "a"}, "eventSourceArn", "is required"),
        (DASHBOARD, {"dashboardName": "with.dot"}, "dashboardName", "must match"),
        (DASHBOARD, {"dashboardBody": "{"}, "dashboardBody", "is no JSON"),
        (METRIC_FILTER, {"name": "a:b"}, "name", "must match"),
        (METRIC_FILTER, {"metricTransformation": {"name": "m"}}, "metricTransformation.namespace", "is required"),
        (METRIC_FILTER, {"metricTransformation": {"defaultValue": "x"}}, "metricTransformation.defaultValue", "number"),
        (BUS, {"name": "b" * 257}, "name", "1 to 256 characters"),
        (BUS, {"name": "default"}, "name", "cannot be 'default'"),
        (BUS, {"name": 5}, "name", "must be a text"),
        (BUS, {"logConfig": {"level": "INFO"}}, "logConfig", OFFICIAL),
        (BUS, {"tags": {"a": 1}}, "tags.a", "must be a text"),
        (BUS, {"deadLetterConfig": {"arn": "no-arn"}}, "deadLetterConfig.arn", "is no ARN"),
        (BUS, {"deadLetterConfig": {"url": "x"}}, "deadLetterConfig.url", OFFICIAL),
        (BUS, {"region": "eu-west-1"}, "region", "us-east-1"),
        (CONNECTION, {"authorizationType": "BASIC"}, "authorizationType", "must be one of API_KEY"),
        (CONNECTION, {"authorizationType": "API_KEY"}, "authParameters", "is required"),
        (CONNECTION, {"authParameters": {}}, "authParameters", "is required"),
        (CONNECTION, {"authParameters": {"apiKey": {"value": "v"}}}, "authParameters.apiKey.key", "is required"),
        (DESTINATION, {"httpMethod": "FETCH"}, "httpMethod", "must be one of POST"),
        (DESTINATION, {"invocationRateLimitPerSecond": 0}, "invocationRateLimitPerSecond", "must be 1 to"),
        (DESTINATION, {"invocationRateLimitPerSecond": 0.5}, "invocationRateLimitPerSecond", "a whole number"),
        (RULE, {"name": "has space", "scheduleExpression": "rate(1 minute)"}, "name", "must match"),
        (RULE, {"eventPattern": "{"}, "eventPattern", "is no JSON"),
        (RULE, {"name": "r"}, "", "one of scheduleExpression, eventPattern is required"),
        (RULE, {"name": "r", "namePrefix": "s", "eventPattern": "{}"}, "", "name conflicts with namePrefix"),
        (TARGET, {"rule": "r", "arn": "arn:aws:sqs:::q", "input": "{}", "inputPath": "$"}, "", "input conflicts"),
        (TARGET, {"retryPolicy": {"maximumRetryAttempts": 186}}, "retryPolicy.maximumRetryAttempts", "0 to 185"),
        (LOG_GROUP, {"retentionInDays": 2}, "retentionInDays", "must be one of 0, 1, 3, 5, 7"),
        (ROLE, {"assumeRolePolicy": "trust me"}, "assumeRolePolicy", "is no JSON"),
        (ROLE, {"assumeRolePolicy": "{}", "maxSessionDuration": 60}, "maxSessionDuration", "3600 to 43200"),
        (ROLE, {"assumeRolePolicy": "{}", "region": "us-east-1"}, "region", OFFICIAL),
        (FUNCTION, {"timeout": 901}, "timeout", "1 to 900"),
        (FUNCTION, {"architectures": ["sparc"]}, "architectures", "arm64, x86_64"),
        (FUNCTION, {"architectures": ["arm64", "x86_64"]}, "architectures", "more than 1"),
        (FUNCTION, {"code": "zip"}, "code", "must be an archive"),
        (FUNCTION, {"publish": "yes"}, "publish", "true or false"),
        (PERMISSION, {"action": "InvokeFunction"}, "action", "must match"),
        (SECRET, {"recoveryWindowInDays": 3}, "recoveryWindowInDays", "7 to 30, or 0"),
        (QUEUE, {"messageRetentionSeconds": 59}, "messageRetentionSeconds", "60 to 1209600"),
        (QUEUE, {"name": "a.b"}, "name", "must match"),
        (STAGE, {"apiId": "a", "accessLogSettings": {"format": "x"}}, "accessLogSettings.destinationArn", "required"),
    ],
)
def test_wrong_inputs_are_named(aws: Plugin, token: str, inputs: Any, property_: str, reason: str) -> None:
    _, failures = aws.check(token, inputs)
    assert any(name == property_ and reason in text for name, text in failures), failures


def test_an_unknown_type_is_named_with_what_to_do(aws: Plugin) -> None:
    with pytest.raises(FailureError, match=rf"^aws:sns/topic:Topic .*{OFFICIAL}"):
        aws.check("aws:sns/topic:Topic", {})


def test_a_wrong_secret_is_not_printed(aws: Plugin) -> None:
    """The CLI prints the value of a property that a failure names."""
    key = "k" * 600
    inputs = {"authorizationType": "API_KEY", "authParameters": {"apiKey": {"key": "X", "value": key}}}
    _, failures = aws.check(CONNECTION, inputs)
    assert failures == [("", "authParameters.apiKey.value must be 1 to 512 characters long, not 600")]
    _, failures = aws.check(BUS, {"name": "default"}, secrets=[("name",)])
    assert failures == [("", "name cannot be 'default'")]


def test_what_is_not_known_yet_is_not_refused(aws: Plugin) -> None:
    inputs = aws.checked(RULE, {"name": UNKNOWN, "eventPattern": UNKNOWN, "tags": {"a": UNKNOWN}})
    assert inputs["name"] is UNKNOWN
    assert inputs["tagsAll"] is UNKNOWN
    assert aws.checked(BUS, {"name": UNKNOWN, "deadLetterConfig": UNKNOWN})["deadLetterConfig"] is UNKNOWN


def test_a_name_is_made_and_kept(aws: Plugin) -> None:
    made = aws.checked(BUS, {}, name="bus", seed=b"one")
    assert re.fullmatch(r"bus-[0-9a-f]{7}", made["name"])
    assert made[DEFAULTED] == ["name"]
    assert aws.checked(BUS, {}, name="bus", seed=b"one")["name"] == made["name"], "an update makes what was previewed"
    assert aws.checked(BUS, {}, made, name="bus", seed=b"two")["name"] == made["name"], "it stays"
    assert aws.checked(BUS, {}, name="bus", seed=b"two")["name"] != made["name"], "a replacement gets another"
    assert aws.checked(BUS, {}, name="bus", seed=b"")["name"] != aws.checked(BUS, {}, name="bus", seed=b"")["name"]


def test_a_given_name_is_taken(aws: Plugin) -> None:
    given = aws.checked(BUS, {"name": "mine"}, name="bus")
    assert given["name"] == "mine"
    assert DEFAULTED not in given
    assert aws.checked(BUS, {}, given, name="bus")["name"].startswith("bus-"), "no longer given: a made one"


@pytest.mark.parametrize(
    ("token", "inputs", "property_"),
    [
        (TARGET, {"rule": "r", "arn": "arn:aws:sqs:us-east-1:000000000000:q"}, "targetId"),
        (PERMISSION, {"function": "f", "action": "lambda:*", "principal": "*"}, "statementId"),
        (QUEUE, {}, "name"),
    ],
)
def test_other_names_are_made(aws: Plugin, token: str, inputs: Any, property_: str) -> None:
    assert re.fullmatch(r"it-[0-9a-f]{7}", aws.checked(token, inputs)[property_])


def test_no_name_is_made_beside_a_prefix(aws: Plugin) -> None:
    inputs = aws.checked(SECRET, {"namePrefix": "key-"})
    assert "name" not in inputs
    assert DEFAULTED not in inputs


def test_default_tags_are_in_all_tags(aws: Plugin) -> None:
    assert aws.checked(BUS, {})["tagsAll"] == {"owner": "us"}
    inputs = aws.checked(BUS, {"tags": {"owner": "me", "app": "x"}})
    assert inputs["tags"] == {"owner": "me", "app": "x"}
    assert inputs["tagsAll"] == {"owner": "me", "app": "x"}
    assert "tagsAll" not in aws.checked(DESTINATION, DESTINATION_INPUTS), "it has no tags"


DESTINATION_INPUTS = {
    "connectionArn": "arn:aws:events:us-east-1:000000000000:connection/c",
    "httpMethod": "POST",
    "invocationEndpoint": "https://example.com",
}
