"""Where the ingress parks what the bus did not take in time: the queue, and what brings it back."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import policies
from .component import Base, Component

RETENTION_SECONDS = 14 * 24 * 3600  # as long as SQS keeps anything
VISIBILITY = 6
"""Times the function's time-out, as Lambda's guide recommends: Lambda tries again when the function is throttled."""
BATCH = 5  # messages of up to 1 MiB, of which Lambda hands 6 MB over
CONCURRENCY = 2  # the least that there is: after an outage, what comes in goes first


@dataclass(kw_only=True)
class ParkingArgs:
    base: Base
    timeout: int
    """Of the function that empties the queue, in seconds."""


class Parking(Component):
    """The queue. It is there before the function is; `drain` is what makes the function empty it."""

    queue_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: ParkingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        self._name = name
        self._args = args
        queue = aws.sqs.Queue(
            name,
            name=f"{args.base.prefix}-parking",
            message_retention_seconds=RETENTION_SECONDS,
            visibility_timeout_seconds=VISIBILITY * args.timeout,
            sqs_managed_sse_enabled=True,
            tags=args.base.tags,
            opts=self.lasting(),
        )
        aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=queue.arn.apply(lambda arn: json.dumps(policies.parking(arn))),
            opts=self.child(),
        )
        self.queue_arn = queue.arn
        self.queue_url = queue.url
        self.queue_name = queue.name
        self.register_outputs({"queueArn": queue.arn, "queueUrl": queue.url, "queueName": queue.name})

    def drain(self, function: aws.lambda_.Function, policy: aws.iam.RolePolicy) -> None:
        """Lambda looks at the role's permissions when it is asked to: so the policy has to be there."""
        aws.lambda_.EventSourceMapping(
            self._name,
            event_source_arn=self.queue_arn,
            function_name=function.arn,
            batch_size=BATCH,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=CONCURRENCY),
            tags=self._args.base.tags,
            opts=self.child(policy),
        )
