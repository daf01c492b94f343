"""The alarms: few, each with something to do. What it means and what to do is in docs/operations.md, by its name.

CloudWatch looks back further than an alarm's periods when points are missing, and takes older ones instead: an alarm on
something that stops coming would go off some periods late, or days, where a period is a day. `FILL(m1, 0)` makes what
is missing a zero, and it goes off in time. Where no point ever came there may be nothing to fill: `breaching` says what
that means.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import metrics
from .component import Base, Component
from .metrics import Metric

HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """When `datapoints` of `periods` are beyond the threshold."""

    kind: str
    """The end of its name, and its heading in docs/operations.md."""
    says: str
    """What whoever is woken by it reads first."""
    metrics: Sequence[Metric]
    """`m1`, `m2`, … of the expression."""
    expression: str | None = None
    """None: of the one metric itself."""
    comparison: str
    threshold: float
    period: int
    """Seconds. CloudWatch's limit for `period` times `periods` is a day; a week for periods of an hour or more."""
    periods: int
    datapoints: int
    missing: str
    """What a missing point counts as: `breaching`, `notBreaching`, or `ignore`, which leaves the alarm as it is."""


def heartbeat_missing(bus_name: pulumi.Input[str], rule_name: pulumi.Input[str], minutes: int) -> Alarm:
    """EventBridge's metrics may come late or not at all: one or two points that are missing are no alarm."""
    return Alarm(
        kind="heartbeat-missing",
        says="Heartbeats don't arrive on the bus: most likely events don't either.",
        metrics=[metrics.of_rule("MatchedEvents", rule_name, bus_name)],
        expression="FILL(m1, 0)",
        comparison="LessThanThreshold",
        threshold=1,
        period=minutes * 60,
        periods=5,
        datapoints=3,
        missing="breaching",
    )


def silence(events: Metric, hours: int) -> Alarm:
    return Alarm(
        kind="silence",
        says=f"No event of Genesys Cloud came for {hours} hours.",
        metrics=[events],
        expression="FILL(m1, 0)",
        comparison="LessThanThreshold",
        threshold=1,
        period=HOUR,
        periods=hours,
        datapoints=hours,
        missing="breaching",
    )


def dead_letters(queue_names: Sequence[pulumi.Input[str]]) -> Alarm:
    """All queues together, ten at most.

    SQS has metrics of a queue for six hours after something happened there, whatever lies in it: then the alarm stays.
    """
    found = [metrics.of_queue("ApproximateNumberOfMessagesVisible", name) for name in queue_names]
    return Alarm(
        kind="dead-letters",
        says="A target did not take some events: they lie in its dead-letter queue, for 14 days.",
        metrics=found,
        expression=f"SUM([{', '.join(f'm{number}' for number in range(1, len(found) + 1))}])",
        comparison="GreaterThanThreshold",
        threshold=0,
        period=300,
        periods=1,
        datapoints=1,
        missing="ignore",
    )


def parked_age(queue_name: pulumi.Input[str], stack: str) -> Alarm:
    """SQS's own metric forgets a message that was received three times; the ingress' is there only when it drains."""
    return Alarm(
        kind="parked-age",
        says="Events that were accepted wait in the parking queue, and don't get on the bus.",
        metrics=[
            metrics.of_ingress("ParkedAge", stack, "Maximum"),
            metrics.of_queue("ApproximateAgeOfOldestMessage", queue_name),
        ],
        expression="MAX([m1, m2])",
        comparison="GreaterThanThreshold",
        threshold=900,
        period=300,
        periods=1,
        datapoints=1,
        missing="notBreaching",
    )


def ingress_errors(api_id: pulumi.Input[str]) -> Alarm:
    """In three minutes of five, as Genesys Cloud tries again for about five."""
    return Alarm(
        kind="ingress-errors",
        says="The public URL answers 5xx: Genesys Cloud tries an event again for five minutes, then gives it up.",
        metrics=[metrics.of_api("5xx", api_id)],
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=60,
        periods=5,
        datapoints=3,
        missing="notBreaching",
    )


@dataclass(kw_only=True)
class AlarmsArgs:
    base: Base
    alarms: Sequence[Alarm]
    topic_arn: str | None
    """SNS topic that is told, when an alarm goes off and when it is over; None: nobody is."""


class Alarms(Component):
    names: list[pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        self._actions = [args.topic_arn] if args.topic_arn else []
        self.names = [self._alarm(alarm).name for alarm in args.alarms]
        self.register_outputs({"names": self.names})

    def _alarm(self, alarm: Alarm) -> aws.cloudwatch.MetricAlarm:
        one = alarm.metrics[0] if alarm.expression is None else None
        return aws.cloudwatch.MetricAlarm(
            alarm.kind,
            name=f"{self._base.prefix}-{alarm.kind}",
            alarm_description=f"{alarm.says} What to do: docs/operations.md#{alarm.kind}",
            namespace=one.namespace if one else None,
            metric_name=one.name if one else None,
            dimensions=one.dimensions if one else None,
            statistic=one.statistic if one else None,
            period=alarm.period if one else None,
            metric_queries=None if one else queries(alarm),
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.datapoints,
            treat_missing_data=alarm.missing,
            alarm_actions=self._actions,
            ok_actions=self._actions,
            tags=self._base.tags,
            opts=self.child(),
        )


def queries(alarm: Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """The metrics as m1, m2, …, and the expression over them, which is what the alarm looks at."""
    inputs = [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=f"m{number}",
            return_data=False,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=metric.dimensions,
                period=alarm.period,
                stat=metric.statistic,
            ),
        )
        for number, metric in enumerate(alarm.metrics, 1)
    ]
    whole = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="e1", expression=alarm.expression, label=alarm.kind, return_data=True
    )
    return [*inputs, whole]
