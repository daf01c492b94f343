"""Counts the requests that the HTTP API turned away for being too many: HTTP APIs have no metric for that."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .component import Base, Component
from .metrics import OURS, Metric

PATTERN = '{ $.status = "429" }'  # the access log has it as text


@dataclass(kw_only=True)
class ThrottlesArgs:
    base: Base
    access_log_group_name: pulumi.Input[str]
    """The API's access log, a JSON object a line, with `status`."""


class Throttles(Component):
    """A filter's metric can have no dimension that isn't in the log: this one has its stack in its name."""

    metric: Metric

    def __init__(self, name: str, args: ThrottlesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        self.metric = Metric(namespace=OURS, name=f"{args.base.prefix}-throttled", dimensions={})
        aws.cloudwatch.LogMetricFilter(
            name,
            name=f"{args.base.prefix}-throttled",
            log_group_name=args.access_log_group_name,
            pattern=PATTERN,
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=self.metric.namespace, name=self.metric.name, value="1", default_value="0", unit="Count"
            ),
            opts=self.child(),
        )
        self.register_outputs({})
