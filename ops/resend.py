"""A dead letter once more, to the one target that did not get it: what EventBridge would have delivered.

PutEvents to the stack's own bus would give it to every rule again. Where this can't do it, a replay to the one rule
can, which gives the rule everything else of that minute again, too.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from .aws import Answer, Aws, AwsError, asking
from .letters import Letter
from .moments import told
from .stack import Stack

CHANGES = ("Input", "InputPath", "InputTransformer")


class CannotSend(Exception):
    """Why not, in a few words."""


class Sender:
    def __init__(self, it: Stack) -> None:
        self._it = it
        self._targets: dict[str, list[Answer]] = {}

    def why_not(self, letter: Letter) -> str:
        """Empty where it can."""
        try:
            self._way(letter)
        except CannotSend as reason:
            return str(reason)
        return ""

    def send(self, letter: Letter) -> None:
        """Raises CannotSend, and AwsError for what AWS refuses."""
        self._way(letter)(letter)

    def _way(self, letter: Letter) -> Callable[[Letter], None]:
        target = self._target(letter)
        changes = [name for name in CHANGES if target.get(name)]
        if changes:
            raise CannotSend(f"the rule gives its target something else than the event ({changes[0]})")
        service, kind = letter.target.split(":", 5)[2], letter.target.split(":", 5)[5].partition("/")[0]
        if service == "sqs" and not kind.endswith(".fifo"):
            return self._to_queue
        if service == "lambda":
            return self._to_function
        if (service, kind) == ("events", "event-bus"):
            if str(letter.event.get("source", "")).startswith("aws."):
                raise CannotSend("nobody but the partner may put events with its source on a bus")
            return self._to_bus
        what = {"sqs": "FIFO queue", "events": "API destination"}.get(service, service)
        raise CannotSend(f"only EventBridge itself can deliver to this kind of target ({what})")

    def _target(self, letter: Letter) -> Answer:
        if not letter.event or letter.target.count(":") < 5:
            raise CannotSend("this is no dead letter of EventBridge: it has no event, or no TARGET_ARN")
        for target in self._targets_of(letter.rule):
            if target["Arn"] == letter.target:
                return target
        raise CannotSend(f"the rule {letter.rule} does not send to {letter.target} any more")

    def _targets_of(self, rule: str) -> list[Answer]:
        if rule not in self._targets:
            try:
                with asking():
                    answer = self._it.aws.events.list_targets_by_rule(Rule=rule, EventBusName=self._it.bus_name)
            except AwsError as error:
                if not error.not_found:
                    raise
                answer = {}
            self._targets[rule] = answer.get("Targets") or []
        return self._targets[rule]

    def _to_queue(self, letter: Letter) -> None:
        aws, account, name = self._there(letter)
        with asking():
            url = str(aws.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])
            aws.sqs.send_message(QueueUrl=url, MessageBody=letter.body)

    def _to_function(self, letter: Letter) -> None:
        aws, _, _ = self._there(letter)
        with asking():
            aws.functions.invoke(FunctionName=letter.target, InvocationType="Event", Payload=letter.body.encode())

    def _to_bus(self, letter: Letter) -> None:
        """The bus gives it another id; `resources` keeps the event's own."""
        aws, _, _ = self._there(letter)
        event = letter.event
        entry = {
            "EventBusName": letter.target,
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Time": datetime.fromisoformat(str(event["time"])),
            "Resources": event.get("resources") or [],
            "Detail": json.dumps(event["detail"], ensure_ascii=False, separators=(",", ":")),
        }
        with asking():
            answer = aws.events.put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            failed = answer["Entries"][0]
            raise AwsError(f"PutEvents: {failed['ErrorCode']}: {failed.get('ErrorMessage')}", str(failed["ErrorCode"]))

    def _there(self, letter: Letter) -> tuple[Aws, str, str]:
        """AWS in the target's region, its account, and the last part of its ARN."""
        _, _, _, region, account, resource = letter.target.split(":", 5)
        aws = self._it.aws
        return (aws if region in ("", aws.region) else aws.at(region)), account, resource


def by_replay(it: Stack, letter: Letter) -> str:
    """The command that has EventBridge do it."""
    try:
        minute = datetime.fromisoformat(str(letter.event.get("time"))).replace(second=0)
    except ValueError:
        return ""
    return (
        f'make replay STACK={it.name} ARGS="--since {told(minute)} --until {told(minute + timedelta(minutes=1))}'
        f' --rule {letter.rule}"'
    )
