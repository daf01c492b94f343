"""The event bus on which the events of Genesys Cloud arrive."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .component import Base, Component


@dataclass(kw_only=True)
class BusArgs:
    base: Base
    """Its prefix is the bus's name, unless that is a partner's."""
    partner_source: pulumi.Input[str] | None = None
    """The name of a partner's event source, which is this bus's too."""


class Bus(Component):
    """A Classic custom bus: scheduled rules and partner sources live on those, and pulumi_aws has no other."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        bus = aws.cloudwatch.EventBus(
            name,
            name=args.base.prefix if args.partner_source is None else args.partner_source,
            event_source_name=args.partner_source,
            description="Events of Genesys Cloud",
            tags=args.base.tags,
            opts=self.lasting(),
        )
        self.name = bus.name
        self.arn = bus.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
