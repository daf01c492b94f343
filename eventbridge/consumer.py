"""What every rule for the events of Genesys Cloud has: its pattern, its target's retries, its dead letters."""

import pulumi
import pulumi_aws as aws

from .bus import Bus
from .component import ENABLED, Base, Component
from .dead_letters import DeadLetters, DeadLettersArgs

# The longest that EventBridge has; after that the event is a dead letter.
MAXIMUM_EVENT_AGE_SECONDS = 86_400
MAXIMUM_RETRY_ATTEMPTS = 185


class Consumer(Component):
    """A rule on the bus and its one target. Only events of Genesys Cloud: heartbeats and probes have another source."""

    rule_name: pulumi.Output[str]
    target_arn: pulumi.Output[str]
    dead_letters: DeadLetters

    def __init__(self, name: str, base: Base, bus: Bus, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(name, base, opts)
        self._name = name
        self._bus = bus

    @property
    def described(self) -> dict[str, pulumi.Output[str]]:
        """What the program exports of it."""
        return {"rule": self.rule_name, "target": self.target_arn, "deadLetters": self.dead_letters.url}

    def rule(self, source: pulumi.Input[str], description: str) -> aws.cloudwatch.EventRule:
        rule = aws.cloudwatch.EventRule(
            self._name,
            name=f"{self._base.prefix}-{self._name}",
            description=description,
            event_bus_name=self._bus.name,
            event_pattern=pulumi.Output.json_dumps(only(source)),
            state=ENABLED,
            tags=self._base.tags,
            opts=self.child(),
        )
        self.rule_name = rule.name
        return rule

    def target(
        self,
        rule: aws.cloudwatch.EventRule,
        arn: pulumi.Input[str],
        after: pulumi.Resource,
        role_arn: pulumi.Input[str] | None = None,
    ) -> None:
        """`after` is what lets EventBridge in there: a policy."""
        self.dead_letters = DeadLetters(
            f"{self._name}-dead-letters",
            DeadLettersArgs(base=self._base, kind=self._name, rule_arn=rule.arn),
            self.child(),
        )
        target = aws.cloudwatch.EventTarget(
            self._name,
            rule=rule.name,
            event_bus_name=self._bus.name,
            arn=arn,
            role_arn=role_arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=MAXIMUM_EVENT_AGE_SECONDS, maximum_retry_attempts=MAXIMUM_RETRY_ATTEMPTS
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self.dead_letters.arn),
            opts=self.child(after, self.dead_letters),
        )
        self.target_arn = target.arn


def only(source: pulumi.Input[str]) -> dict[str, list[pulumi.Input[str]]]:
    """The pattern of the events of Genesys Cloud, for rules and the archive."""
    return {"source": [source]}
