"""Where an event goes that a target did not take: a queue per target, so that each letter's way is known."""

from dataclasses import dataclass

import pulumi

from .component import Base, Component

RETENTION_SECONDS = 14 * 24 * 3600  # the longest that SQS has


@dataclass(kw_only=True)
class DeadLettersArgs:
    base: Base
    kind: str
    """Of the target, as in its rule's name: `tap`, `forward-1`."""
    rule_arn: pulumi.Input[str]
    """The one rule that may leave something here."""


class DeadLetters(Component):
    """Whole events lie here, for two weeks. A target waits for the component: its policy lets EventBridge in."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: DeadLettersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        queue, _ = self.queue_of(args.rule_arn, name, f"{args.kind}-dead-letters", RETENTION_SECONDS)
        self.arn, self.url, self.queue_name = queue.arn, queue.url, queue.name
        self.register_outputs({"arn": self.arn, "url": self.url})
