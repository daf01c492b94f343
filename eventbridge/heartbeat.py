"""A scheduled call through the API destination: shows that the AWS half of the path works, from end to end."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import policies
from .component import ENABLED, Base, Component


@dataclass(kw_only=True)
class HeartbeatArgs:
    base: Base
    destination_arn: pulumi.Input[str]
    """The API destination that is called."""
    minutes: int
    """How often, 1 to 60."""


class Heartbeat(Component):
    """A rule on the default bus, as schedules need it, and the role with which EventBridge calls the destination.

    Its target has no dead-letter queue and one retry: a heartbeat that is missed is told by its absence.
    """

    rule_name: pulumi.Output[str]

    def __init__(self, name: str, args: HeartbeatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        rule = aws.cloudwatch.EventRule(
            name,
            name=f"{args.base.prefix}-heartbeat",
            description="A heartbeat through the API destination",
            schedule_expression=every(args.minutes),
            state=ENABLED,
            tags=args.base.tags,
            opts=self.child(),
        )
        role = self.role_of(rule.arn, name, "heartbeat", "EventBridge calls the API destination with this")
        policy = aws.iam.RolePolicy(
            name,
            name="invoke-destination",
            role=role.name,
            policy=pulumi.Output.from_input(args.destination_arn).apply(
                lambda arn: json.dumps(policies.heartbeat(arn))
            ),
            opts=self.child(),
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=args.destination_arn,
            role_arn=role.arn,
            input='{"heartbeat":true}',  # the ingress makes the event itself and reads none of this
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=1, maximum_event_age_in_seconds=60
            ),
            opts=self.child(policy),
        )
        self.rule_name = rule.name
        self.register_outputs({"ruleName": self.rule_name})


def every(minutes: int) -> str:
    """The schedule expression; AWS insists on the singular for one."""
    return "rate(1 minute)" if minutes == 1 else f"rate({minutes} minutes)"
