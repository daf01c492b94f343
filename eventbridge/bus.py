"""The event bus on which the events of Genesys Cloud arrive."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .component import Component, ComponentArgs


@dataclass(kw_only=True)
class BusArgs(ComponentArgs):
    """A bus is named by its prefix alone."""


class Bus(Component):
    """A Classic custom bus: scheduled rules and partner sources live on those, and pulumi_aws has no other."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        bus = aws.cloudwatch.EventBus(
            name,
            name=args.prefix,
            description="Events of Genesys Cloud",
            tags=args.tags,
            opts=self.child(),
        )
        self.name = bus.name
        self.arn = bus.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
