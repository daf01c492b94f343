"""Keeps every event of Genesys Cloud for some days, so that it can be sent again to rules of the bus."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .bus import Bus
from .component import Base, Component
from .consumer import only


@dataclass(kw_only=True)
class ArchiveArgs:
    base: Base
    bus: Bus
    source: pulumi.Input[str]
    """The events' source. Only theirs: heartbeats and probes are not kept."""
    days: int
    """1 to 90. AWS takes 0 as for ever."""


class Archive(Component):
    """Whole events lie here. What is sent again is not kept twice: AWS leaves out events that bear a replay's name."""

    archive_name: pulumi.Output[str]

    def __init__(self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        archive = aws.cloudwatch.EventArchive(
            name,
            name=args.base.prefix,
            description="Events of Genesys Cloud",
            event_source_arn=args.bus.arn,
            event_pattern=pulumi.Output.json_dumps(only(args.source)),
            retention_days=args.days,
            opts=self.lasting(),
        )
        self.archive_name = archive.name
        self.register_outputs({"archiveName": self.archive_name})
