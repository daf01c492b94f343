"""`python -m tools.demo STACK`: three events, from Genesys Cloud to the bus, on a stack that is deployed."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from sandbox.door import NoAnswer, ask
from sandbox.launcher import Sandbox
from tools.stack import Stack

KINDS = ("acd.start", "acd.end", "user.end")  # a call reached a queue, an agent took it, the agent's part ended
SECONDS = 30.0  # far more than it takes, a cold function included


@dataclass(frozen=True)
class Seen:
    """An event as it lay in the tap queue, `seconds` after it happened."""

    event_id: str
    detail_type: str
    seconds: float


def main(stack: str) -> int:
    outputs, clouds = Stack(stack).outputs(), Sandbox.from_environ()
    print("Three things happen in Genesys Cloud; waiting for them on the bus ...", flush=True)
    happened = {emit(clouds, kind): time.monotonic() for kind in KINDS}
    seen = list(arrivals(clouds, outputs["tapQueueUrl"], happened))
    if missing := len(happened) - len(seen):
        print(
            f"error: {missing} of {len(happened)} events did not reach the tap queue within {SECONDS:.0f} s: look at"
            f" {clouds.genesys_url}/_sandbox/deliveries and {clouds.log('aws')}, or begin anew: make down demo",
            file=sys.stderr,
        )
        return 1
    show(seen, outputs, clouds, stack)
    return 0


def emit(clouds: Sandbox, kind: str) -> str:
    """Let it happen; the topic, which no other event has."""
    answer = ask(clouds.ports["genesys"], "POST", "/_sandbox/emit", {"kind": kind})
    topic: str = answer["event"]["topicName"]
    return topic


def arrivals(clouds: Sandbox, queue_url: str, happened: dict[str, float]) -> Iterator[Seen]:
    """Each of the events once, as it arrives; fewer when the time is up."""
    sqs = boto3.client(
        "sqs",
        endpoint_url=clouds.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # the sandbox's
    )
    waiting, deadline = dict(happened), time.monotonic() + SECONDS
    while waiting and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            event = json.loads(message["Body"])
            began = waiting.pop(event["detail"]["topicName"], None)
            if began is not None:  # else a double, or one of an earlier demo that was interrupted
                event_id = "".join(event["resources"][:1]).removeprefix("genesys-event:") or event["id"]
                yield Seen(event_id, event["detail-type"], time.monotonic() - began)


def show(seen: list[Seen], outputs: dict[str, Any], clouds: Sandbox, stack: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    events = Table("event id", "detail-type", "seen in", "latency", box=None, pad_edge=False)
    for event in seen:
        events.add_row(event.event_id[:12], event.detail_type, "tap queue", f"{event.seconds * 1000:.0f} ms")
    console.print()
    console.print(events)

    console.print("\n[bold]Genesys Cloud has[/bold]")
    if outputs["delivery"] == "partner":
        console.print(f"  integration   {outputs['integrationId']} → {outputs['eventSourceName']}")
    else:
        console.print(f"  webhook       {outputs['webhookId']} → {outputs['destinationUrl']}")
        for name, id_ in outputs["subscriptionIds"].items():
            console.print(f"  subscription  {id_} ({name})")
    console.print("[bold]AWS has[/bold]")
    for kind, names in ask(clouds.ports["aws"], "GET", "/_sandbox/aws/resources").items():
        if names:
            console.print(f"  {kind:<14} {', '.join(names)}")

    console.print("\n[bold]Try next[/bold]")
    which = "" if stack == "local" else f" STACK={stack}"
    console.print(f"  make preview{which}   # nothing to do; change stacks/Pulumi.{stack}.yaml and look again")
    console.print("  make down      # destroy the stack, stop both clouds, leave nothing")
    emitted = """-H 'Content-Type: application/json' -d '{"kind": "acd.start"}'"""
    console.print(f"  curl {clouds.genesys_url}/_sandbox/emit {emitted}")
    console.print(f"  curl {clouds.genesys_url}/_sandbox/calls   # every call that Genesys Cloud got")


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is lost: make demo goes on from here, make down cleans up.", file=sys.stderr)
        sys.exit(130)
    except NoAnswer as error:
        sys.exit(f"error: the sandbox does not answer ({error}); start it with: make sandbox")
