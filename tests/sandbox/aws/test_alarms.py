"""CloudWatch's alarms as AWS keeps and refuses them, and questions about metrics."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.aws_sandbox import Aws, refusal

ALARM = {"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1.0}
ONE = {**ALARM, "Namespace": "AWS/SQS", "MetricName": "Age", "Statistic": "Maximum", "Period": 60}


def stat(period: int = 60, statistic: str = "Sum") -> dict[str, Any]:
    return {
        "Metric": {
            "Namespace": "AWS/ApiGateway",
            "MetricName": "5xx",
            "Dimensions": [{"Name": "ApiId", "Value": "a"}],
        },
        "Period": period,
        "Stat": statistic,
    }


RATE = {"Id": "rate", "Expression": "FILL(failed, 0) / PERIOD(failed)", "Label": "r", "ReturnData": True}
FAILED = {"Id": "failed", "MetricStat": stat(), "ReturnData": False}
MATH = {**ALARM, "Metrics": [RATE, FAILED]}


@pytest.fixture
def cloudwatch(aws: Aws) -> Any:
    return aws.unchecked_client("cloudwatch")


def described(cloudwatch: Any) -> dict[str, Any]:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"]
    return dict(alarm)


def test_an_alarm_by_metric_math_is_described_as_it_was_put(cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(**MATH)
    alarm = described(cloudwatch)
    assert alarm["Metrics"] == [RATE, FAILED]
    assert not {"MetricName", "Namespace", "Statistic", "Period", "Dimensions", "Unit"} & alarm.keys()
    assert (alarm["Threshold"], alarm["TreatMissingData"], alarm["ActionsEnabled"]) == (1.0, "missing", True)


def test_an_alarm_by_one_metric_becomes_one_by_metric_math_and_back(cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(**ONE)
    cloudwatch.put_metric_alarm(**MATH)
    cloudwatch.put_metric_alarm(**ONE)
    alarm = described(cloudwatch)
    assert "Metrics" not in alarm
    assert (alarm["MetricName"], alarm["Period"], alarm["Dimensions"]) == ("Age", 60, [])


def test_a_band_is_a_threshold(cloudwatch: Any) -> None:
    band = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(failed)", "ReturnData": True}
    alarm = {**ALARM, "Metrics": [{**FAILED, "ReturnData": True}, band], "ThresholdMetricId": "band"}
    del alarm["Threshold"]
    cloudwatch.put_metric_alarm(**{**alarm, "ComparisonOperator": "GreaterThanUpperThreshold"})
    assert described(cloudwatch)["ThresholdMetricId"] == "band"
    assert "Threshold" not in described(cloudwatch)


@pytest.mark.parametrize(
    ("alarm", "more", "text"),
    [
        (MATH, {"MetricName": "m"}, "MetricName should not be set if list of Metrics is set."),
        (MATH, {"Period": 60}, "Period should not be set if list of Metrics is set."),
        (MATH, {"Unit": "Count"}, "Unit should not be set if list of Metrics is set."),
        (
            MATH,
            {"Metrics": [{**RATE, "ReturnData": False}, FAILED]},
            "Exactly one element of the metrics list should return data.",
        ),
        (
            MATH,
            {"Metrics": [RATE, {"Id": "failed", "MetricStat": stat()}]},
            "Exactly one element of the metrics list should return data.",
        ),
        (
            MATH,
            {"Metrics": [{**RATE, "MetricStat": stat()}, FAILED]},
            "Expression and MetricStat are mutually exclusive",
        ),
        (MATH, {"Metrics": []}, "Invalid metrics list"),
        (MATH, {"Metrics": [RATE, {**FAILED, "MetricStat": stat(statistic="Median")}]}, "Invalid metrics list"),
        (MATH, {"Metrics": [RATE, FAILED, FAILED]}, "Invalid metrics list"),
        (MATH, {"Metrics": [{**RATE, "Id": "Rate"}, FAILED]}, "Invalid metrics list"),
        (MATH, {"Metrics": [{**RATE, "Expression": "failed / all"}, FAILED]}, "Undefined variable all"),
        (MATH, {"Metrics": [{**RATE, "Expression": "TIME_SERIES(1)"}]}, "Period must not be null"),
        (MATH, {"Metrics": [RATE, {**FAILED, "MetricStat": stat(7)}]}, "Period must be 1, 5, 10, 20, 30 or a multiple"),
        (ONE, {"MetricName": None}, "MetricName must not be null"),
        (ONE, {"Period": None}, "Period must not be null"),
        (ONE, {"Statistic": None}, "Exactly one of Statistic and ExtendedStatistic must be set"),
        (ONE, {"ExtendedStatistic": "p99"}, "Exactly one of Statistic and ExtendedStatistic must be set"),
        (ONE, {"Statistic": None, "ExtendedStatistic": "q99"}, "The value q99 for parameter ExtendedStatistic"),
        (ONE, {"Period": 15}, "Period must be 10, 20, 30 or a multiple of 60"),
        (ONE, {"Period": 90}, "Period must be 10, 20, 30 or a multiple of 60"),
        (ONE, {"EvaluationPeriods": 1441}, "across more than a day (EvaluationPeriods * Period must be <= 86400)"),
        (
            ONE,
            {"Period": 3600, "EvaluationPeriods": 169},
            "across more than a week (EvaluationPeriods * Period must be <= 604800)",
        ),
        (MATH, {"EvaluationPeriods": 1441}, "across more than a day"),
        (ONE, {"EvaluationPeriods": 0}, "at 'evaluationPeriods' failed to satisfy constraint"),
        (
            ONE,
            {"EvaluationPeriods": 2, "DatapointsToAlarm": 3},
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
        ),
        (ONE, {"Threshold": None}, "Threshold must not be null"),
        (ONE, {"ThresholdMetricId": "band"}, "Threshold and ThresholdMetricId cannot both be set"),
        (ONE, {"ComparisonOperator": "Over"}, "at 'comparisonOperator' failed to satisfy constraint: Member must"),
        (ONE, {"TreatMissingData": "okay"}, "The value okay for parameter TreatMissingData is not supported."),
        (ONE, {"AlarmActions": ["arn:aws:sns:us-east-1:0:t"] * 6}, "at 'alarmActions' failed to satisfy constraint"),
        (ONE, {"AlarmName": "a" * 256}, "at 'alarmName' failed to satisfy constraint"),
        (ONE, {"Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(31)]}, "No more than 30 dimensions"),
    ],
)
def test_what_aws_refuses(cloudwatch: Any, alarm: dict[str, Any], more: dict[str, Any], text: str) -> None:
    wanted = {name: value for name, value in {**alarm, **more}.items() if value is not None}
    said = refusal(cloudwatch.put_metric_alarm, **wanted)
    assert said.startswith("ValidationError: ")
    assert text in said
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(("period", "periods"), [(10, 8640), (60, 1440), (3600, 168), (86_400, 7)])
def test_the_longest_times(cloudwatch: Any, period: int, periods: int) -> None:
    cloudwatch.put_metric_alarm(**{**ONE, "Period": period, "EvaluationPeriods": periods})
    assert described(cloudwatch)["Period"] == period


def test_an_alarm_that_is_not_there_is_left_out_of_those_that_are_asked_for(cloudwatch: Any) -> None:
    for name in ("a", "b"):
        cloudwatch.put_metric_alarm(**{**ONE, "AlarmName": name})
    found = cloudwatch.describe_alarms(AlarmNames=["gone", "a"])["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["a"]
    assert cloudwatch.describe_alarms(AlarmNames=["gone"])["MetricAlarms"] == []


def test_an_alarm_that_is_not_there_is_not_deleted(cloudwatch: Any) -> None:
    assert refusal(cloudwatch.delete_alarms, AlarmNames=["gone"]).startswith("ResourceNotFound: ")
    cloudwatch.put_metric_alarm(**ONE)
    cloudwatch.delete_alarms(AlarmNames=["gone", "a"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_a_refusal_is_an_error_of_the_service(aws: Aws, cloudwatch: Any) -> None:
    """As its SDK knows it, and so is a fault that was ordered."""
    aws.fault("cloudwatch:PutMetricAlarm", code="LimitExceeded", message="no more")
    assert refusal(cloudwatch.put_metric_alarm, **ONE) == "LimitExceeded: no more"
    cloudwatch.put_metric_alarm(**ONE)


@pytest.mark.parametrize(("seconds", "how"), [(0, "not equal"), (60, "be less than the")])
def test_metrics_are_asked_for_of_some_time(cloudwatch: Any, seconds: int, how: str) -> None:
    now = datetime.now(UTC)
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    of = {"MetricDataQueries": [{"Id": "m", "MetricStat": stat}], "EndTime": now}
    told = refusal(cloudwatch.get_metric_data, **of, StartTime=now + timedelta(seconds=seconds))
    assert told == f"ValidationError: The parameter StartTime must {how} parameter EndTime."
    assert cloudwatch.get_metric_data(**of, StartTime=now - timedelta(hours=1))["MetricDataResults"]
