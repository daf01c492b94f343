"""A rule that counts the heartbeats that arrive on the bus: its metric is what the alarm looks at."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .bus import Bus
from .component import ENABLED, Base, Component

PATTERN = {"source": ["genesys-pulumi.ops"], "detail-type": ["heartbeat"]}
RETENTION_SECONDS = 60  # the shortest that SQS has: nobody reads them


@dataclass(kw_only=True)
class HeartbeatReceivedArgs:
    base: Base
    bus: Bus


class HeartbeatReceived(Component):
    """AWS does not say whether it counts what a rule without a target matches, so this one has a harmless target.

    As of the heartbeat itself, nothing is left behind of one that is missed.
    """

    rule_name: pulumi.Output[str]

    def __init__(self, name: str, args: HeartbeatReceivedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        rule = aws.cloudwatch.EventRule(
            name,
            name=f"{args.base.prefix}-heartbeat-received",
            description="The heartbeats that arrive, to be counted",
            event_bus_name=args.bus.name,
            event_pattern=json.dumps(PATTERN),
            state=ENABLED,
            tags=args.base.tags,
            opts=self.child(),
        )
        queue, policy = self.queue_of(rule.arn, name, "heartbeat-received", RETENTION_SECONDS)
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            event_bus_name=args.bus.name,
            arn=queue.arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=1, maximum_event_age_in_seconds=60
            ),
            opts=self.child(policy),
        )
        self.rule_name = rule.name
        self.register_outputs({"ruleName": self.rule_name})
