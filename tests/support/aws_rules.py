"""Rules, queues and what comes out of them, for tests of deliveries."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.aws_sandbox import ACCOUNT, Aws
from tests.support.waiting import until

BUS = "b"
RULE = "r"
EVENTS = f"arn:aws:events:us-east-1:{ACCOUNT}"
RULE_ARN = f"{EVENTS}:rule/{BUS}/{RULE}"


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


@dataclass(frozen=True)
class Queue:
    aws: Aws
    name: str
    url: str

    @property
    def arn(self) -> str:
        return queue_arn(self.name)

    def messages(self) -> list[dict[str, Any]]:
        """What is there, and no more afterwards."""
        received = self.aws.client("sqs").receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(received.get("Messages", []))

    def message(self) -> dict[str, Any]:
        """The one that comes."""
        (message,) = until(self.messages, f"a message in {self.name}")
        return dict(message)


def make_queue(aws: Aws, name: str) -> Queue:
    return Queue(aws, name, aws.client("sqs").create_queue(QueueName=name)["QueueUrl"])


def make_bus(aws: Aws, name: str) -> str:
    return str(aws.client("events").create_event_bus(Name=name)["EventBusArn"])


def make_rule(aws: Aws, *targets: dict[str, Any], bus: str = BUS, name: str = RULE) -> None:
    """A rule for all events of a bus, with targets that need no Id."""
    events = aws.client("events")
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)


def put_event(aws: Aws, bus: str = BUS, detail: str = '{"n": 1}') -> str:
    """An event's id."""
    entry = {"Source": "s", "DetailType": "t", "Detail": detail, "EventBusName": bus, "Resources": ["res"]}
    return str(aws.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"])


def attributes(message: dict[str, Any]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
