"""A queue that gets a copy of every event of Genesys Cloud, to look at: for a developer's stack, not for production."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import policies
from .component import Component, ComponentArgs

RETENTION_SECONDS = 3600  # whole events lie here: no longer than it takes to look at them


@dataclass(kw_only=True)
class TapArgs(ComponentArgs):
    bus_name: pulumi.Input[str]
    """The bus to listen on."""
    source: str
    """The events' source. Only theirs: a heartbeat has another."""


class Tap(Component):
    """Two readers of one tap see half of the events each: it is a queue."""

    queue_url: pulumi.Output[str]

    def __init__(self, name: str, args: TapArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        rule = aws.cloudwatch.EventRule(
            name,
            name=f"{args.prefix}-tap",
            description="A copy of every event of Genesys Cloud, to look at",
            event_bus_name=args.bus_name,
            event_pattern=json.dumps({"source": [args.source]}),
            tags=args.tags,
            opts=self.child(),
        )
        queue = aws.sqs.Queue(
            name,
            name=f"{args.prefix}-tap",
            message_retention_seconds=RETENTION_SECONDS,
            sqs_managed_sse_enabled=True,
            tags=args.tags,
            opts=self.child(),
        )
        policy = aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=pulumi.Output.all(queue.arn, rule.arn, account).apply(
                lambda arns: json.dumps(policies.queue(*arns))
            ),
            opts=self.child(),
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            event_bus_name=args.bus_name,
            arn=queue.arn,
            opts=self.child(policy),
        )
        self.queue_url = queue.url
        self.register_outputs({"queueUrl": self.queue_url})
