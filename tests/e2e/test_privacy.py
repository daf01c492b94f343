"""A caller's phone number, name and e-mail: where whole events lie, and nowhere else, however a delivery ends."""

import base64
import hmac
import io
import json
import subprocess
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventbridge.ingress import CODE, code_files
from tests.support.canaries import Place, seen
from tests.support.deployment import SECONDS, Deployment, deployment
from tests.support.waiting import until
from tools import ops

PERSON = {
    "a phone number": "+491701234567890",
    "a name": "Zebediah Quillfeatherly",
    "an e-mail address": "quillfeatherly.zebediah@example.org",
}
INGRESS, PARKING = "genesys-local-ingress", "genesys-local-parking"
DIES = """

import os
import botocore.client
_call = botocore.client.BaseClient._make_api_call


def _dies(self, operation, parameters):
    if operation == "PutEvents":
        os._exit(1)
    return _call(self, operation, parameters)


botocore.client.BaseClient._make_api_call = _dies
"""
"""What ends the function when it has read the event and is about to put it on the bus."""


def event(age: timedelta = timedelta()) -> str:
    conversation = str(uuid.uuid4())
    return json.dumps(
        {
            "topicName": f"v2.detail.events.conversation.{conversation}.acd.start",
            "eventBody": {
                "conversationId": conversation,
                "ani": f"tel:{PERSON['a phone number']}",
                "participants": [{"name": PERSON["a name"], "email": PERSON["an e-mail address"]}],
            },
            "timestamp": (datetime.now(UTC) - age).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
    )


class Sender:
    """Posts as Genesys Cloud does, and keeps the answers."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.answers: list[str] = []

    def post(self, body: str, key: str | None = None) -> int:
        signature = base64.b64encode(hmac.digest((key or self.key).encode(), body.encode(), "sha256")).decode()
        request = urllib.request.Request(self.url, data=body.encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Hub-Signature-256", f"sha256={signature}")
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                status, headers, text = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, error.headers, error.read()
        self.answers.append(f"{status} {headers} {text.decode()}")
        return int(status)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("privacy")) as it:
        it.pulumi("up", "--yes", "--skip-preview")
        yield it


def whole_events(it: Deployment, url: str, count: int) -> list[str]:
    """So many messages, all that are in the queue by then; they stay out of it."""
    sqs = it.client("sqs")
    found: list[str] = []

    def enough() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message["Body"])
        return len(found) >= count

    until(enough, f"{count} events in {url}", SECONDS)
    return found


def archived(it: Deployment, outputs: dict[str, Any], count: int) -> list[str]:
    """So many events of the archive or more, as a replay brings them to the tap; what was parked may be there twice."""
    events, rule = it.client("events"), outputs["rules"]["tap"]["rule"]
    archive = events.describe_archive(ArchiveName=outputs["archiveName"])
    assert archive["EventCount"] >= count
    bus = archive["EventSourceArn"]
    now = datetime.now(UTC)
    events.start_replay(
        ReplayName="look",
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now,
        Destination={"Arn": bus, "FilterArns": [f"{bus.replace('event-bus/', 'rule/')}/{rule}"]},
    )
    return whole_events(it, outputs["tapQueueUrl"], count)


def order(it: Deployment, operation: str) -> None:
    fault = {"operation": operation, "principal": INGRESS, "times": 10_000, "code": "ThrottlingException"}
    it.aws("POST", "faults", fault)


def crash(it: Deployment, sender: Sender) -> int:
    """The function with what ends it in the middle, until it has."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for path, file in code_files(CODE).items():
            files.writestr(path, file.read_text() + (DIES if path.endswith("/handler.py") else ""))
    it.client("lambda").update_function_code(FunctionName=INGRESS, ZipFile=packed.getvalue())
    return sender.post(event())


def told(it: Deployment) -> Iterator[Place]:
    """Everything that somebody may read who must not see whole events."""
    yield from it.places()
    logs, cloudwatch = it.client("logs"), it.client("cloudwatch")
    for group in logs.describe_log_groups()["logGroups"]:
        lines = [
            line["message"]
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            for line in page["events"]
        ]
        assert lines, f"{group['logGroupName']} has nothing: it proves nothing"
        yield f"log group {group['logGroupName']}", "\n".join(lines).encode()
    yield "metrics", json.dumps(cloudwatch.list_metrics()["Metrics"]).encode()
    yield "alarms", json.dumps(cloudwatch.describe_alarms()["MetricAlarms"], default=str).encode()
    for dashboard in cloudwatch.list_dashboards()["DashboardEntries"]:
        body = cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
        yield f"dashboard {dashboard['DashboardName']}", body.encode()
    yield "calls of AWS", json.dumps(it.aws("GET", "calls")).encode()
    yield "calls of Genesys Cloud", json.dumps(it.genesys("GET", "/_sandbox/calls")).encode()


def look_at(it: Deployment, sender: Sender) -> None:
    """What `ops` shows of an event, of a dead letter and of the whole, as `make tail` and the like run it."""
    for command, *arguments in (("dead-letters", "list"), ("tail", "--count", "1", "--for", "30"), ("verify",)):
        process = subprocess.Popen(
            ops.line(it.stack, command, *arguments),
            cwd=it.stack.project,
            env=ops.environ(it.stack),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until(lambda: process.poll() is not None or sender.post(event()) != 200, f"ops {command} ends", SECONDS)  # noqa: B023
        text, _ = process.communicate()
        it.output.append(text)
        assert "acd.start" in text or command == "verify", text


def test_a_person_shows_only_where_whole_events_lie(deployed: Deployment) -> None:
    it, outputs = deployed, deployed.stack.outputs()
    key = it.client("secretsmanager").get_secret_value(SecretId=outputs["signingSecretArn"])["SecretString"]
    sender = Sender(outputs["destinationUrl"], key)

    assert sender.post(event()) == 200
    raw = {"eventType": "routing.queueEvent", "raw": event()}
    [delivery] = it.emit(raw)["deliveries"]
    assert it.attempts(delivery, 1)[0]["statusCode"] == 200
    assert sender.post(event(), "another key") in (401, 503), "503 while the keys may not be read again"
    assert 400 <= sender.post(event(timedelta(days=2))) < 500
    assert sender.post(event()[:-2]) == 400
    order(it, "events:PutEvents")
    assert sender.post(event()) == 202
    order(it, "sqs:SendMessage")
    assert sender.post(event()) == 503
    it.aws("DELETE", "faults")
    it.aws("POST", "queue-visible", {"queue": PARKING})
    for body in whole_events(it, outputs["tapQueueUrl"], 3):
        assert len(seen(PERSON, [("tap", body.encode())])) == len(PERSON)

    rule: dict[str, Any] = outputs["rules"]["tap"]
    it.aws("POST", "target-faults", {"target": rule["target"], "code": "NO_PERMISSIONS"})
    assert sender.post(event()) == 200
    [letter] = whole_events(it, rule["deadLetters"], 1)
    assert len(seen(PERSON, [("dead letter", letter.encode())])) == len(PERSON)
    for body in archived(it, outputs, 4):
        assert len(seen(PERSON, [("archive", body.encode())])) == len(PERSON)

    it.aws("POST", "target-faults", {"target": rule["target"], "code": "NO_PERMISSIONS"})
    assert sender.post(event()) == 200
    look_at(it, sender)
    assert crash(it, sender) == 500
    it.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    it.output.append(json.dumps(it.stack.export()))
    it.output.extend(sender.answers)
    assert seen(PERSON, told(it)) == []
