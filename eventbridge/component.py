"""What every component here shares: its type token, its children's options, its tags."""

import json
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from . import policies

ENABLED = "ENABLED"
"""The state of every rule. Said, because one that was disabled by hand would not be a difference otherwise."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """What is the same for all components of a stack."""

    prefix: str
    """What the names of all resources in AWS begin with: the bus's name."""
    tags: dict[str, str] = field(default_factory=dict)
    """On every resource that can have tags."""
    protect: bool = False
    """Refuse to delete bus, archive, public URL and secrets, and let a deleted secret come back for a week."""


class Component(pulumi.ComponentResource):
    """A component of this package.

    Its type token, `genesys-eventbridge:eventbridge:<class>`, is part of every state: renaming a class needs an alias.

    What it depends on, its children do, each by itself, and not it: a component that waits for what `refresh` has found
    to be gone is never registered by the engine, which then fails at its outputs (`cannot complete a resource whose
    registration isn't pending`).
    """

    def __init__(self, name: str, base: Base, opts: pulumi.ResourceOptions | None) -> None:
        self._base = base
        own = pulumi.ResourceOptions.merge(opts, None)
        self._after, own.depends_on = pulumi.ResourceOptions(depends_on=own.depends_on), None
        super().__init__(f"genesys-eventbridge:eventbridge:{type(self).__name__}", name, {}, own)

    @property
    def account(self) -> pulumi.Output[str]:
        """The account that the provider works in."""
        return aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id

    def child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self._after, pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))
        )

    def lasting(self) -> pulumi.ResourceOptions:
        """For a child that `protect` protects. Never for a whole component: some children are replaced all the time."""
        return pulumi.ResourceOptions.merge(self.child(), pulumi.ResourceOptions(protect=self._base.protect))

    def queue_of(
        self, rule_arn: pulumi.Input[str], name: str, kind: str, retention_seconds: int
    ) -> tuple[aws.sqs.Queue, aws.sqs.QueuePolicy]:
        """A queue into which that one rule may send, and what lets it in."""
        queue = aws.sqs.Queue(
            name,
            name=f"{self._base.prefix}-{kind}",
            message_retention_seconds=retention_seconds,
            sqs_managed_sse_enabled=True,
            tags=self._base.tags,
            opts=self.child(),
        )
        policy = aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=pulumi.Output.all(queue.arn, rule_arn, self.account).apply(
                lambda arns: json.dumps(policies.queue(*arns))
            ),
            opts=self.child(),
        )
        return queue, policy

    def role_of(self, rule_arn: pulumi.Input[str], name: str, kind: str, description: str) -> aws.iam.Role:
        """A role that EventBridge may assume for that one rule."""
        return aws.iam.Role(
            name,
            name=f"{self._base.prefix}-{kind}",
            description=description,
            assume_role_policy=pulumi.Output.all(rule_arn, self.account).apply(
                lambda of: json.dumps(policies.trust("events.amazonaws.com", account=of[1], source_arn=of[0]))
            ),
            tags=self._base.tags,
            opts=self.child(),
        )
