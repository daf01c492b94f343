"""Sends every event of Genesys Cloud on to another bus: of this account or another's, in this region or another."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import policies
from .bus import Bus
from .component import Base
from .consumer import Consumer


@dataclass(kw_only=True)
class ForwardArgs:
    base: Base
    bus: Bus
    """The bus to listen on."""
    source: pulumi.Input[str]
    """The events' source."""
    to: str
    """ARN of the bus that gets them."""


class Forward(Consumer):
    """A bus of another account has to let ours in: `permission` is the command for that."""

    permission: pulumi.Output[str]

    def __init__(self, name: str, args: ForwardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, args.bus, opts)
        rule = self.rule(args.source, "Every event of Genesys Cloud, for another bus")
        role = self.role_of(rule.arn, name, name, "EventBridge sends events to another bus with this")
        policy = aws.iam.RolePolicy(
            name,
            name="put-events",
            role=role.name,
            policy=json.dumps(policies.forward(args.to)),
            opts=self.child(),
        )
        to = args.bus.arn.apply(lambda own: no_loop(own, args.to))
        self.target(rule, to, after=policy, role_arn=role.arn)
        self.permission = self.account.apply(lambda account: permission(args.to, account, args.base.prefix))
        self.register_outputs({"targetArn": self.target_arn})


def no_loop(own: str, to: str) -> str:
    """Raises pulumi.RunError where a bus would get its own events again.

    Once only, as EventBridge sends no event from bus to bus twice: the second time it would be a dead letter.
    settings.py sees it too, where the stack's file names the account; this sees it in any case, when the bus exists.
    """
    if own == to:
        raise pulumi.RunError(f"forwardTo has {to!r}, this stack's own bus: every event would come twice")
    return to


def permission(to: str, account: str, prefix: str) -> str:
    """What the other side has to run, with its own credentials, once."""
    _, _, _, region, owner, name = to.split(":", 5)
    if owner == account:
        return "nothing to run: that bus is in this account"
    return (
        f"aws --region {region} events put-permission --event-bus-name {name.removeprefix('event-bus/')}"
        f" --statement-id {prefix} --action events:PutEvents --principal {account}"
    )
