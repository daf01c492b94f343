"""From one delivery to the other and back, as docs/partner.md has it: two stacks side by side, and no event is lost."""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import Deployment, deployment
from tests.support.graph import ROOT
from tests.support.waiting import until
from tools.stack import Stack

KINDS = ("acd.start", "acd.end", "user.end")  # both stacks of the sandbox deliver these
EVERY_SECONDS = 0.25


def identity(event: dict[str, Any], topic: str) -> str:
    """By what a target knows an event that came both ways: the event itself, and the detail-type that is its topic."""
    return json.dumps([topic, event], sort_keys=True)


def template(event: dict[str, Any]) -> str:
    kind = str(event["topicName"]).split(".", 5)[5]
    return f"v2.detail.events.conversation.{{id}}.{kind}"


class Traffic:
    """Events that happen all the time."""

    def __init__(self, it: Deployment) -> None:
        self.sent: list[str] = []
        self._it, self._kinds, self._over = it, cycle(KINDS), threading.Event()
        self._failed: list[Exception] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        assert self._failed == []

    def more(self, count: int) -> list[str]:
        """The next so many events, once they have happened."""
        first = len(self.sent) + 1  # one may be under way
        until(lambda: len(self.sent) >= first + count, f"{count} more events")
        return self.sent[first : first + count]

    def _run(self) -> None:
        try:
            while not self._over.wait(EVERY_SECONDS):
                event = self._it.genesys("POST", "/_sandbox/emit", {"kind": next(self._kinds)})["event"]
                self.sent.append(identity(event, template(event)))
        except Exception as error:  # the thread's end would be noticed by nobody
            self._failed.append(error)


class Target:
    """What is behind a rule on the bus of one stack, and remembers what it saw when that is gone."""

    def __init__(self, it: Deployment) -> None:
        self.seen: Counter[str] = Counter()
        self._sqs, self._url = it.client("sqs"), it.stack.outputs()["tapQueueUrl"]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Target":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        gone = self._sqs.exceptions.QueueDoesNotExist
        while not self._over.is_set():
            try:
                answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
                for message in answer.get("Messages", []):
                    event = json.loads(message["Body"])
                    self.seen[identity(event["detail"], event["detail-type"])] += 1
                    self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            except gone:
                return


@contextmanager
def both_stacks(directory: Path) -> Iterator[tuple[Deployment, Deployment]]:
    """The two stacks of the sandbox on one sandbox, neither of them deployed."""
    with deployment(directory, stack="local") as webhook:
        ports = {f"SANDBOX_{service.upper()}_PORT": str(port) for service, port in webhook.sandbox.ports.items()}
        beside = Stack("local-partner", project=ROOT, directory=directory, environ={**os.environ, **ports})
        yield webhook, Deployment(webhook.sandbox, beside, directory, webhook.client_secret, webhook.output)


def exists(it: Deployment) -> set[str]:
    """What there is in AWS, the partners' sources included, and in Genesys Cloud, by kind and name."""
    aws = {f"{kind} {name}" for kind, names in it.aws("GET", "resources").items() for name in names}
    integrations = it.genesys("GET", "/api/v2/integrations?pageSize=100", token=it.token())["entities"]
    genesys = [*integrations, *it.entities("webhooks"), *it.entities("subscriptions")]
    return aws | {f"genesys {each['name']}" for each in genesys}


@pytest.mark.full
def test_no_event_is_lost_on_the_way_to_the_other_delivery_and_back(tmp_path: Path) -> None:
    with both_stacks(tmp_path) as (webhook, partner):
        webhook.pulumi("up", "--yes", "--skip-preview")
        move(webhook, partner)
        move(partner, webhook)
        webhook.pulumi("destroy", "--yes", "--skip-preview")
        assert exists(webhook) == set()


def move(old: Deployment, new: Deployment) -> None:
    """From a stack that delivers to one that is not deployed, while events happen all the time."""
    olds = exists(old)
    with Traffic(old) as traffic, Target(old) as left:
        all_arrive(traffic.more(3), left)

        new.pulumi("up", "--yes", "--skip-preview")
        with Target(new) as entered:
            twice = traffic.more(6)
            all_arrive(twice, left)
            all_arrive(twice, entered)
            assert {(left.seen + entered.seen)[each] for each in twice} == {2}

            old.pulumi("destroy", "--yes", "--skip-preview")
            until(lambda: not exists(old) & olds, "nothing of the old stack is left")
            all_arrive(traffic.more(6), entered)
            all_arrive(traffic.sent, left, entered)
    new.pulumi("preview", "--expect-no-changes")


def all_arrive(events: list[str], *targets: Target) -> None:
    """Each at one of the targets, at least."""
    until(lambda: set(events) <= {event for target in targets for event in list(target.seen)}, "the events arrive")
