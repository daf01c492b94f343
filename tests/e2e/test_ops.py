"""`ops` against deployed stacks: verify in both deliveries, five breakages mended by what its ✗ says, and tail."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from tests.support.aws_sandbox import receiving
from tests.support.deployment import Deployment, deployment
from tests.support.report import Report
from tests.support.waiting import PATIENCE, until
from tools import ops

MEND = "make refresh STACK=local, then make up STACK=local"
EVENTS = 100


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for the tests of this file; each leaves it well."""
    with deployment(tmp_path_factory.mktemp("ops")) as it:
        it.pulumi("up", "--yes", "--skip-preview")
        it.emit({"kind": "acd.start"})
        yield it


def started(it: Deployment, command: str, *arguments: str) -> "subprocess.Popen[str]":
    """What `make <command>` runs."""
    return subprocess.Popen(
        ops.line(it.stack, command, *arguments),
        cwd=it.stack.project,
        env=ops.environ(it.stack),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def verify(it: Deployment, *arguments: str) -> dict[str, Any]:
    process = started(it, "verify", "--json", *arguments)
    out, said = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 1), said
    document: dict[str, Any] = json.loads(out)
    assert document["ok"] == (process.returncode == 0)
    return document


def wrong(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {f"{step['side']}: {step['name']}": step for step in document["steps"] if step["outcome"] == "failed"}


def is_well(document: dict[str, Any]) -> None:
    assert [step for step in document["steps"] if step["outcome"] != "ok"] == []


def mended(it: Deployment) -> None:
    """What the most frequent fix says."""
    it.pulumi("refresh", "--skip-preview")
    it.pulumi("up", "--skip-preview")
    is_well(verify(it))


def test_a_stack_that_was_just_deployed_is_well(deployed: Deployment, report: Report) -> None:
    document = verify(deployed)
    is_well(document)
    assert {step["name"] for step in document["steps"]} >= {"rules", "parked events", "dead letters", "probe"}
    report("ops verify of a healthy stack", "webhook", "seconds", f"{document['seconds']:.1f}")
    report("ops verify of a healthy stack", "webhook", "steps", len(document["steps"]))


@pytest.mark.full
def test_what_somebody_changes_by_hand_is_told_and_mended(deployed: Deployment) -> None:
    webhook, rule = deployed.stack.outputs()["webhookId"], deployed.stack.outputs()["rules"]["tap"]["rule"]
    deployed.change("webhooks", webhook, enabled=False)
    found = wrong(verify(deployed))
    assert list(found) == ["Genesys Cloud: webhook"]
    assert ("disabled" in found["Genesys Cloud: webhook"]["told"], found["Genesys Cloud: webhook"]["fix"]) == (
        True,
        MEND,
    )

    deployed.change("webhooks", webhook, enabled=True, destinationUrl="https://example.com/in")
    found = wrong(verify(deployed))
    assert list(found) == ["Genesys Cloud: destination"]
    assert "events go to https://example.com/in" in found["Genesys Cloud: destination"]["told"]
    assert found["Genesys Cloud: destination"]["fix"] == MEND

    deployed.client("events").disable_rule(Name=rule, EventBusName="genesys-local")
    found = wrong(verify(deployed))
    assert list(found) == ["Genesys Cloud: destination", "AWS: rules"]
    assert f"rule {rule} is DISABLED" in found["AWS: rules"]["told"]
    assert f"events enable-rule --name {rule} --event-bus-name genesys-local" in found["AWS: rules"]["fix"]
    deployed.client("events").enable_rule(Name=rule, EventBusName="genesys-local")
    mended(deployed)


@pytest.mark.full
def test_a_secret_that_is_emptied_is_told_and_mended_by_a_new_key(deployed: Deployment) -> None:
    arn = deployed.stack.outputs()["signingSecretArn"]
    deployed.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=" ")
    found = wrong(verify(deployed))
    assert list(found) == ["AWS: secrets", "whole path: probe"]
    assert "raise signingKeyRotation" in found["AWS: secrets"]["fix"]
    deployed.configure("signingKeyRotation", 2)
    deployed.pulumi("up", "--skip-preview")
    is_well(verify(deployed))


@pytest.mark.full
def test_a_connection_without_its_key_is_told_and_mended_by_a_new_one(deployed: Deployment) -> None:
    """Somebody else's receiver answered a heartbeat 401, upon which AWS takes the key away for good."""
    outputs, events = deployed.stack.outputs(), deployed.client("events")
    with receiving() as elsewhere:
        elsewhere.answers = [401]
        events.update_api_destination(Name="genesys-local", InvocationEndpoint=elsewhere.url)
        deployed.aws("POST", "schedule", {"rule": outputs["heartbeatRule"]})
    events.update_api_destination(Name="genesys-local", InvocationEndpoint=outputs["destinationUrl"])
    found = wrong(verify(deployed))
    assert list(found) == ["AWS: connection"]
    assert "raise apiKeyRotation" in found["AWS: connection"]["fix"]
    deployed.pulumi("up", "--skip-preview")
    assert list(wrong(verify(deployed))) == ["AWS: connection"], "a plain `up` sees no difference"
    deployed.configure("apiKeyRotation", 2)
    deployed.pulumi("up", "--skip-preview")
    is_well(verify(deployed))


@pytest.mark.full
def test_what_somebody_deletes_that_nothing_else_tells_is_told_and_mended(deployed: Deployment) -> None:
    """Rules are enabled and the function is Active without what they need; events come without archive and alarms."""
    unarchived_and_unwatched(deployed)
    sqs, iam = deployed.client("sqs"), deployed.client("iam")
    for name in ("genesys-local-tap", "genesys-local-heartbeat-received"):
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
        found = wrong(verify(deployed))
        assert list(found) == ["AWS: rules"]
        assert f"queue {name}, the target of rule {name}, is gone" in found["AWS: rules"]["told"]
        assert found["AWS: rules"]["fix"] == MEND
        mended(deployed)
    function = deployed.stack.outputs()["functionName"]
    deployed.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{function}")
    found = wrong(verify(deployed))
    assert list(found) == ["AWS: function"]
    assert f"log group /aws/lambda/{function} is gone" in found["AWS: function"]["told"]
    mended(deployed)
    for policy in iam.list_role_policies(RoleName=function)["PolicyNames"]:
        iam.delete_role_policy(RoleName=function, PolicyName=policy)
    iam.delete_role(RoleName=function)
    found = wrong(verify(deployed))
    assert f"role {function} of function {function} is gone" in found["AWS: function"]["told"]
    mended(deployed)


def unarchived_and_unwatched(it: Deployment) -> None:
    """It is told, and mended by what is told, which a plain `up` does not do."""
    outputs, mend = it.stack.outputs(), MEND.replace("local", it.stack.name)
    it.client("events").delete_archive(ArchiveName=outputs["archiveName"])
    it.client("cloudwatch").delete_alarms(AlarmNames=outputs["alarms"][:1])
    it.pulumi("up", "--skip-preview")
    found = wrong(verify(it))
    assert list(found) == ["AWS: archive", "AWS: alarms"]
    assert found["AWS: archive"]["told"].startswith(f"archive {outputs['archiveName']} is gone")
    assert found["AWS: alarms"]["told"].endswith(f": {outputs['alarms'][0]}")
    assert [each["fix"] for each in found.values()] == [mend, mend]
    replay = started(it, "replay", "--since", "1h", "--rule", "tap")
    assert replay.communicate(timeout=PATIENCE)[1].endswith(f"is gone, and what was in it: {mend}\n")
    it.pulumi("refresh", "--skip-preview")
    it.pulumi("up", "--skip-preview")
    assert wrong(verify(it)) == {}
    replay = started(it, "replay", "--since", "1h", "--rule", "tap")
    replay.communicate(timeout=PATIENCE)
    assert replay.returncode == 0


@pytest.mark.full
def test_destroy_ends_at_a_listener_that_is_left_and_goes_on_without_it(tmp_path: Path) -> None:
    """docs/operations.md has the commands. What was destroyed twice is not deployed."""
    with deployment(tmp_path) as it:
        it.pulumi("up", "--yes", "--skip-preview")
        process = started(it, "tail")
        assert process.stderr
        assert process.stderr.readline() == "listening on genesys-local\n"
        process.kill()
        process.communicate()
        assert "EventBus can't be deleted since it has rules" in it.pulumi("destroy", "--skip-preview", fails=True)
        events = it.client("events")
        [rule] = events.list_rules(EventBusName="genesys-local", NamePrefix="genesys-local-listen-")["Rules"]
        events.remove_targets(EventBusName="genesys-local", Rule=rule["Name"], Ids=["listener"])
        events.delete_rule(EventBusName="genesys-local", Name=rule["Name"])
        it.pulumi("destroy", "--skip-preview")
        it.pulumi("destroy", "--skip-preview")
        said = started(it, "verify").communicate(timeout=PATIENCE)[1]
        assert said == "error: stack local is not deployed: make up STACK=local\n"


def test_two_tails_at_once_see_every_event(deployed: Deployment, report: Report) -> None:
    tails = [started(deployed, "tail", "--json", "--count", str(EVENTS)) for _ in range(2)]
    seen: list[dict[str, float]] = [{}, {}]
    readers = [threading.Thread(target=read, args=(each.stdout, into)) for each, into in zip(tails, seen, strict=True)]
    try:
        for each in tails:
            assert each.stderr
            assert each.stderr.readline() == "listening on genesys-local\n"
        for reader in readers:
            reader.start()
        sent = {}
        for _ in range(EVENTS):
            began = time.monotonic()
            answer = deployed.genesys("POST", "/_sandbox/emit", {"kind": "acd.start"})
            topic = answer["event"]["topicName"]
            sent[topic] = began
            # One by one: of a burst, what the few workers here refuse comes 30 s later, by the webhook's policy.
            until(partial(seen_by_all, seen, topic), "both have seen it")
        until(lambda: all(each.poll() is not None for each in tails), "both have seen as many events")
    finally:
        for each in tails:
            each.kill()
            each.wait()
        for reader in readers:
            if reader.ident:
                reader.join()
    assert [each.returncode for each in tails] == [0, 0]
    assert seen[0].keys() == seen[1].keys() == sent.keys()
    took = sorted(into[topic] - sent[topic] for into in seen for topic in into)
    title = f"ops tail: from the platform's send to the printed line, {EVENTS} events, two tails"
    for share in (50, 95):
        report(title, "milliseconds", f"p{share}", f"{took[len(took) * share // 100 - 1] * 1000:.0f}")
    left = deployed.client("sqs").list_queues(QueueNamePrefix="genesys-local-listen").get("QueueUrls", [])
    assert left == []


def seen_by_all(seen: list[dict[str, float]], topic: str) -> bool:
    return all(topic in into for into in seen)


def read(lines: IO[str], into: dict[str, float]) -> None:
    for line in lines:
        into[json.loads(line)["detail"]["topicName"]] = time.monotonic()


# `delivery: partner`


@pytest.fixture(scope="module")
def by_partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("partner"), profile="strict", stack="local-partner") as it:
        it.pulumi("up", "--yes", "--skip-preview")
        yield it


def test_a_partner_stack_is_well_and_a_real_event_is_waited_for(by_partner: Deployment, report: Report) -> None:
    document = verify(by_partner)
    assert wrong(document) == {}
    report("ops verify of a healthy stack", "partner", "seconds", f"{document['seconds']:.1f}")
    report("ops verify of a healthy stack", "partner", "steps", len(document["steps"]))
    process = started(by_partner, "verify", "--json", "--wait", "60")
    while process.poll() is None:  # it begins to listen sometime, and nobody can say when
        by_partner.emit({"kind": "acd.start"})
    is_well(json.loads(process.communicate()[0]))


@pytest.mark.full
def test_an_integration_that_somebody_disables_is_told(by_partner: Deployment) -> None:
    path = f"/api/v2/integrations/{by_partner.stack.outputs()['integrationId']}"
    by_partner.genesys("PATCH", path, {"intendedState": "DISABLED"}, by_partner.token())
    found = wrong(verify(by_partner))
    assert list(found) == ["Genesys Cloud: integration"]
    assert found["Genesys Cloud: integration"]["fix"] == MEND.replace("local", "local-partner")
    by_partner.pulumi("refresh", "--skip-preview")
    by_partner.pulumi("up", "--skip-preview")
    assert wrong(verify(by_partner)) == {}


@pytest.mark.full
def test_the_archive_and_alarms_that_somebody_deletes_are_told_of_a_partner_stack_too(by_partner: Deployment) -> None:
    unarchived_and_unwatched(by_partner)


def test_tail_says_that_nobody_can_send_a_marker_and_shows_events(by_partner: Deployment) -> None:
    process = started(by_partner, "tail", "--json", "--count", "1")
    assert process.stderr
    assert "nobody but Genesys Cloud can send a marker" in process.stderr.readline()
    event = by_partner.emit({"kind": "acd.end"})["event"]
    out, _ = process.communicate(timeout=PATIENCE)
    assert json.loads(out)["detail"]["topicName"] == event["topicName"]


def test_nobody_can_trigger_on_a_partners_bus(by_partner: Deployment) -> None:
    process = started(by_partner, "trigger")
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "nobody but Genesys Cloud can send" in said
