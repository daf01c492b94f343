"""An outage of PutEvents, from Genesys' webhook to the bus: parked, drained, unchanged; and the queue's own life."""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.deployment import SECONDS, Deployment, deployment
from tests.support.waiting import until

ROLE, QUEUE = "genesys-local-ingress", "genesys-local-parking"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("parking")) as it:
        it.pulumi("up", "--yes", "--skip-preview")
        yield it


def event(**body: Any) -> dict[str, Any]:
    conversation = str(uuid.uuid4())
    return {
        "topicName": f"v2.detail.events.conversation.{conversation}.acd.start",
        "eventBody": {"conversationId": conversation, "name": "Zoë \u2028 😀", "big": 2**60, **body},
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def tapped(it: Deployment, url: str, count: int) -> list[dict[str, Any]]:
    """So many events, all that are in the tap queue."""
    sqs = it.client("sqs")
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return len(found) >= count

    until(enough, f"{count} events in the tap queue", SECONDS)
    return found


def fates(it: Deployment) -> Counter[str]:
    """What has become of messages so far, by the function's log."""
    found: Counter[str] = Counter()
    for line in logged(it, '"fates"'):
        found.update(line["fates"])
    return found


def logged(it: Deployment, word: str) -> list[dict[str, Any]]:
    """The function's lines with that word in them."""
    pages = it.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{ROLE}")
    return [json.loads(line["message"]) for page in pages for line in page["events"] if word in line["message"]]


def calls(it: Deployment, operation: str) -> list[dict[str, Any]]:
    return [call for call in it.aws("GET", "calls") if call["operation"] == operation]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "hang", "seconds": 30}, pytest.param({"code": "ThrottlingException"}, marks=pytest.mark.full)],
    ids=["hangs", "throttles"],
)
def test_events_of_an_outage_arrive_after_it_unchanged(deployed: Deployment, fault: dict[str, Any]) -> None:
    """The function is cold at first: nothing was delivered yet."""
    tap = deployed.stack.outputs()["tapQueueUrl"]
    before = fates(deployed)
    deployed.aws("DELETE", "calls")
    deployed.aws("POST", "faults", {"operation": "events:PutEvents", "principal": ROLE, "times": 10_000, **fault})
    sent = {each["topicName"]: each for each in (event(number=number) for number in range(3))}
    try:
        for each in sent.values():
            raw = json.dumps(each, ensure_ascii=False)
            for delivery in deployed.emit({"eventType": "routing.queueEvent", "raw": raw})["deliveries"]:
                [attempt] = deployed.attempts(delivery, 1)
                assert attempt["statusCode"] == 202
            each["id"] = f"genesys-event:{hashlib.sha256(raw.encode()).hexdigest()}"
        assert deployed.lying(QUEUE) == 3
        # By its own clock: a process of it that has to be started first takes as long as the machine is busy.
        assert max(line["Latency"] for line in logged(deployed, '"parked"')) <= 4000
        until(lambda: fates(deployed)["bus late"] - before["bus late"] == 3, "each is tried in vain", SECONDS)
        assert deployed.lying(QUEUE) == 3
    finally:
        deployed.aws("DELETE", "faults")
    assert deployed.aws("POST", "queue-visible", {"queue": QUEUE})["messages"] == 3
    until(lambda: deployed.lying(QUEUE) == 0, "the queue is empty", SECONDS)
    assert fates(deployed)["drained"] - before["drained"] == 3
    for seen in tapped(deployed, tap, 3):
        wanted = sent.pop(seen["detail"]["topicName"])
        assert seen["resources"] == [wanted.pop("id")]
        assert seen["detail"] == wanted
        assert seen["time"] == wanted["timestamp"][:19] + "Z"
        assert seen["detail-type"] == "v2.detail.events.conversation.{id}.acd.start"
    assert not sent
    for operation in ("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        made = [call["principal"] for call in calls(deployed, f"sqs:{operation}") if QUEUE in call.get("resource", "")]
        assert ROLE in made, operation


@pytest.mark.full
def test_a_mapping_that_somebody_has_switched_off_is_on_again(deployed: Deployment) -> None:
    functions = deployed.client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    assert "enabled" in deployed.pulumi("preview", "--refresh", "--run-program", "--diff")
    deployed.pulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["State"] == "Enabled"
