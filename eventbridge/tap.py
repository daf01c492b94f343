"""A queue that gets a copy of every event of Genesys Cloud, to look at: for a developer's stack, not for production."""

from dataclasses import dataclass

import pulumi

from .bus import Bus
from .component import Base
from .consumer import Consumer

RETENTION_SECONDS = 3600  # whole events lie here: no longer than it takes to look at them


@dataclass(kw_only=True)
class TapArgs:
    base: Base
    bus: Bus
    """The bus to listen on."""
    source: pulumi.Input[str]
    """The events' source. Only theirs: a heartbeat has another."""


class Tap(Consumer):
    """Two readers of one tap see half of the events each: it is a queue."""

    queue_url: pulumi.Output[str]

    def __init__(self, name: str, args: TapArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, args.bus, opts)
        rule = self.rule(args.source, "A copy of every event of Genesys Cloud, to look at")
        queue, policy = self.queue_of(rule.arn, name, "tap", RETENTION_SECONDS)
        self.target(rule, queue.arn, after=policy)
        self.queue_url = queue.url
        self.register_outputs({"queueUrl": self.queue_url})
