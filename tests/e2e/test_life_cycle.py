"""The whole path with the real engine and both clouds on this machine: up, events, drift, changes, destroy."""

import base64
import hashlib
import hmac
import json
import re
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.canaries import seen
from tests.support.deployment import Deployment, deployment
from tests.support.waiting import until

CLIENT_SECRET = "canary-of-the-client-secret+/="  # with what an encoding would change
WEBHOOKS, SUBSCRIPTIONS = "/api/v2/events/webhooks", "/api/v2/events/subscriptions"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for the tests of this file; each leaves it as it found it."""
    directory = tmp_path_factory.mktemp("deployment")
    with deployment(directory, CLIENT_SECRET) as it:
        it.pulumi("up", "--yes")
        it.first_calls = it.calls()
        yield it


@pytest.fixture
def outputs(deployed: Deployment) -> dict[str, Any]:
    return deployed.stack.outputs()


def webhook(deployed: Deployment) -> dict[str, Any]:
    [found] = deployed.entities("webhooks")
    return found


def nothing_to_do(deployed: Deployment) -> None:
    """A preview is empty and, as every preview, asks Genesys Cloud nothing."""
    deployed.forget_calls()
    text = deployed.pulumi("preview", "--diff", "--expect-no-changes")
    assert not re.search(r"^\s*[+~-]", text, re.MULTILINE), text
    assert deployed.calls() == []


def event(topic: str = "acd.start", **body: Any) -> dict[str, Any]:
    """A fresh event as Genesys Cloud would send it."""
    conversation = str(uuid.uuid4())
    return {
        "topicName": f"v2.detail.events.conversation.{conversation}.{topic}",
        "version": "2",
        "eventBody": {"conversationId": conversation, "mediaType": "VOICE", **body},
        "metadata": {"CorrelationId": str(uuid.uuid4())},
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def same_event(wanted: dict[str, Any]) -> Any:
    return lambda seen: seen["detail"].get("topicName") == wanted["topicName"]


def post(url: str, body: bytes, **headers: str) -> int:
    request = urllib.request.Request(url, data=body, method="POST", headers={"Content-Type": "application/json"})
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        return error.code


# Deploying.


def test_first_up_asks_for_one_token_and_posts_each_object_once(deployed: Deployment) -> None:
    """After a look at whose organisation it is, and what of each kind is there."""
    asked = ["/api/v2/organizations/me", WEBHOOKS, SUBSCRIPTIONS]
    sent = ["/oauth/token", WEBHOOKS, SUBSCRIPTIONS, SUBSCRIPTIONS]
    calls = [("GET", path) for path in asked] + [("POST", path) for path in sent]
    assert sorted(deployed.first_calls) == sorted(calls)


def test_preview_is_empty_after_up_and_asks_genesys_nothing(deployed: Deployment) -> None:
    nothing_to_do(deployed)


def test_preview_is_empty_after_a_refresh(deployed: Deployment) -> None:
    text = deployed.pulumi("refresh", "--yes", "--run-program")
    assert not re.search(r"\d+ (updated|deleted|created)", text), text
    nothing_to_do(deployed)


def test_a_second_up_changes_nothing(deployed: Deployment) -> None:
    deployed.pulumi("up", "--yes", "--expect-no-changes")


def test_the_webhook_points_at_the_destination(deployed: Deployment, outputs: dict[str, Any]) -> None:
    destination = deployed.client("events").describe_api_destination(Name="genesys-local")
    assert webhook(deployed)["destinationUrl"] == destination["InvocationEndpoint"] == outputs["destinationUrl"]
    assert webhook(deployed)["id"] == outputs["webhookId"]
    assert {each["id"] for each in deployed.entities("subscriptions")} == set(outputs["subscriptionIds"].values())


# Events.


@pytest.mark.parametrize("kind", ["acd.start", "acd.end", "user.end"])
def test_an_event_of_genesys_is_seen_on_the_bus(deployed: Deployment, outputs: dict[str, Any], kind: str) -> None:
    sent = deployed.emit({"kind": kind})["event"]
    seen = deployed.receive(outputs["tapQueueUrl"], same_event(sent))
    assert seen["detail"] == sent
    assert seen["detail-type"] == f"v2.detail.events.conversation.{{id}}.{kind}"
    assert seen["source"] == "genesys.com/cloud/bb14bed0-f8f9-445d-b9d1-10cecb8569d6"
    assert seen["time"][:19] == sent["timestamp"][:19]
    assert webhook(deployed)["lastDeliveryStatus"] == "DELIVERED"


def test_what_the_ingress_prints_of_it_is_in_cloudwatch(deployed: Deployment, outputs: dict[str, Any]) -> None:
    sent = deployed.emit({"kind": "acd.start"})["event"]
    deployed.receive(outputs["tapQueueUrl"], same_event(sent))
    cloudwatch = deployed.client("cloudwatch")

    def names() -> set[str]:
        return {each["MetricName"] for each in cloudwatch.list_metrics(Namespace="GenesysEventBridge")["Metrics"]}

    until(lambda: {"Events", "Latency", "Requests"} <= names(), "the function's metrics are there")


def test_nothing_in_an_event_is_changed_on_its_way(deployed: Deployment, outputs: dict[str, Any]) -> None:
    sent = event(
        text='é ü "quotes" \\ back / 𝄞 🎧 \u2028\u2029 \u00a0 \t',
        big=9223372036854775807,
        small=-9223372036854775808,
        nested={"list": [1, None, True, {"": ""}]},
    )
    raw = json.dumps(sent, ensure_ascii=False)
    deployed.emit({"raw": raw})
    seen = deployed.receive(outputs["tapQueueUrl"], same_event(sent))
    assert seen["detail"] == sent
    for key in ("text", "big", "small"):
        assert repr(seen["detail"]["eventBody"][key]) == repr(sent["eventBody"][key])
    assert seen["resources"] == [f"genesys-event:{hashlib.sha256(raw.encode()).hexdigest()}"]


def test_a_wrong_signature_gets_401_and_never_reaches_the_bus(deployed: Deployment, outputs: dict[str, Any]) -> None:
    forged, genuine = event(), event()
    body = json.dumps(forged).encode()
    signature = base64.b64encode(hmac.digest(b"another key", body, "sha256")).decode()
    statuses = {post(outputs["destinationUrl"], body, X_Hub_Signature_256=f"sha256={signature}") for _ in range(2)}
    assert statuses <= {401, 503}, "503 only while the keys may not be read again"
    assert 401 in statuses
    assert post(outputs["destinationUrl"], body) == 401
    deployed.emit({"raw": json.dumps(genuine)})

    def either(seen: dict[str, Any]) -> bool:
        return seen["detail"]["topicName"] in (forged["topicName"], genuine["topicName"])

    assert deployed.receive(outputs["tapQueueUrl"], either)["detail"] == genuine


def test_a_heartbeat_goes_through_the_destination_to_the_bus_and_not_to_the_tap(
    deployed: Deployment, outputs: dict[str, Any]
) -> None:
    events, sqs = deployed.client("events"), deployed.client("sqs")
    name = f"watch-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["genesys-pulumi.ops"]})
    events.put_rule(Name=name, EventBusName="genesys-local", EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName="genesys-local", Targets=[{"Id": "queue", "Arn": arn}])
    try:
        deployed.aws("POST", "schedule", {"rule": "genesys-local-heartbeat"})
        beat = deployed.receive(queue, lambda seen: True)
        assert (beat["source"], beat["detail-type"]) == ("genesys-pulumi.ops", "heartbeat")
        sent = deployed.emit({"kind": "acd.start"})["event"]
        first = deployed.receive(outputs["tapQueueUrl"], lambda seen: True)
        while first["detail"].get("topicName") != sent["topicName"]:
            assert first["source"] != "genesys-pulumi.ops"
            first = deployed.receive(outputs["tapQueueUrl"], lambda seen: True)
    finally:
        events.remove_targets(Rule=name, EventBusName="genesys-local", Ids=["queue"])
        events.delete_rule(Name=name, EventBusName="genesys-local")
        sqs.delete_queue(QueueUrl=queue)


def test_a_wrong_heartbeat_key_gets_403(outputs: dict[str, Any]) -> None:
    assert post(outputs["destinationUrl"], b"{}", X_Heartbeat_Key="a guess") in (403, 503)


# Changes and drift.


def test_a_subscription_and_the_webhook_are_changed_in_place(deployed: Deployment, outputs: dict[str, Any]) -> None:
    deployed.forget_calls()
    deployed.configure("signingKeyRotation", deployed.configured("signingKeyRotation", 1) + 1)  # it can't be lowered
    before = deployed.configured("subscriptions")
    changed = [{**before[0], "eventTypes": ["routing.queueEvent", "conversation.event"], "enabled": False}, before[1]]
    deployed.configure("subscriptions", changed)
    try:
        text = deployed.pulumi("up", "--yes", "--skip-preview")
        calls = deployed.calls()
        [queues] = [each for each in deployed.entities("subscriptions") if each["name"].endswith("-queues")]
        assert queues["id"] == outputs["subscriptionIds"]["queues"]
        assert sorted(queues["filter"]["eventType"]) == ["conversation.event", "routing.queueEvent"]
        assert queues["enabled"] is False
        assert not re.search(r"Webhook.*replace|Subscription.*replace", text), text
        assert calls.count(("PUT", f"{WEBHOOKS}/{outputs['webhookId']}")) == 1
        assert calls.count(("PUT", f"{SUBSCRIPTIONS}/{queues['id']}")) == 1
        assert not [call for call in calls if call[0] == "DELETE" or (call[0] == "POST" and "/oauth" not in call[1])]
        sent = deployed.emit({"kind": "user.end"})["event"]  # signed with the new key
        assert deployed.receive(outputs["tapQueueUrl"], same_event(sent))["detail"] == sent
        nothing_to_do(deployed)
    finally:
        deployed.configure("subscriptions", before)
        deployed.pulumi("up", "--yes", "--skip-preview")


def test_what_was_changed_by_hand_is_found_by_refresh_and_mended_by_up(
    deployed: Deployment, outputs: dict[str, Any]
) -> None:
    subscription_id = outputs["subscriptionIds"]["queues"]
    deployed.change("webhooks", outputs["webhookId"], enabled=False)
    deployed.change("subscriptions", subscription_id, filter={"eventType": ["conversation.event"], "attributes": {}})
    deployed.client("events").put_rule(
        Name="genesys-local-tap",
        EventBusName="genesys-local",
        EventPattern=json.dumps({"source": ["genesys.com/cloud/bb14bed0-f8f9-445d-b9d1-10cecb8569d6"]}),
        Description="changed by hand",
    )
    deployed.client("events").disable_rule(Name="genesys-local-tap", EventBusName="genesys-local")
    deployed.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    text = deployed.pulumi("preview", "--diff")
    for field in ("enabled", "eventTypes", "description", "state"):
        assert re.search(rf"~ {field}\b", text), f"{field} is not named in:\n{text}"
    assert "destinationUrl" not in re.findall(r"~ (\w+)", text)
    deployed.pulumi("up", "--yes", "--skip-preview")
    assert webhook(deployed)["enabled"] is True
    [queues] = [each for each in deployed.entities("subscriptions") if each["id"] == subscription_id]
    assert queues["filter"]["eventType"] == ["routing.queueEvent"]
    rule = deployed.client("events").describe_rule(Name="genesys-local-tap", EventBusName="genesys-local")
    assert rule["State"] == "ENABLED"
    nothing_to_do(deployed)


def delete_rule(it: Deployment, name: str) -> None:
    at, events = {"EventBusName": "genesys-local"}, it.client("events")
    ids = [each["Id"] for each in events.list_targets_by_rule(Rule=name, **at)["Targets"]]
    events.remove_targets(Rule=name, Ids=ids, **at)
    events.delete_rule(Name=name, **at)


def delete_role(it: Deployment, name: str) -> None:
    iam = it.client("iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def delete_secret(it: Deployment, start: str) -> None:
    secrets = it.client("secretsmanager")
    [name] = [each["Name"] for each in secrets.list_secrets()["SecretList"] if each["Name"].startswith(start)]
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def delete_queue(it: Deployment, name: str) -> None:
    sqs = it.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])


def delete_api(it: Deployment) -> None:
    apis = it.client("apigatewayv2")
    [api] = [each["ApiId"] for each in apis.get_apis()["Items"] if each["Name"] == "genesys-local"]
    apis.delete_api(ApiId=api)


DELETE: dict[str, Callable[[Deployment], object]] = {
    "queue": lambda it: delete_queue(it, "genesys-local-tap"),
    "rule": lambda it: delete_rule(it, "genesys-local-tap"),
    "function": lambda it: it.client("lambda").delete_function(FunctionName="genesys-local-ingress"),
    "parking": lambda it: delete_queue(it, "genesys-local-parking"),
    "secret": lambda it: delete_secret(it, "genesys-local-signing-key"),
    "log group": lambda it: it.client("logs").delete_log_group(logGroupName="/aws/lambda/genesys-local-ingress"),
    "API": delete_api,
    "role": lambda it: delete_role(it, "genesys-local-ingress"),
    "archive": lambda it: it.client("events").delete_archive(ArchiveName="genesys-local"),
    "destination": lambda it: it.client("events").delete_api_destination(Name="genesys-local"),
    "webhook": lambda it: it.genesys("DELETE", webhook(it)["selfUri"], token=it.token()),
}


@pytest.mark.parametrize(
    "gone", [pytest.param(name, marks=() if name == "queue" else pytest.mark.full) for name in DELETE]
)
def test_what_is_gone_is_seen_by_a_refresh_with_its_preview_and_made_anew_by_up(
    gone: str, deployed: Deployment
) -> None:
    """As `make refresh` and `make up` do it, which is what verify and the run book advise."""
    DELETE[gone](deployed)
    deployed.pulumi("refresh", "--yes", "--run-program")
    assert re.search(r"\+ [1-9]\d* created", deployed.pulumi("up", "--yes"))
    outputs = deployed.stack.outputs()
    sent = deployed.emit({"kind": "acd.end"})["event"]
    assert deployed.receive(outputs["tapQueueUrl"], same_event(sent))["detail"] == sent
    nothing_to_do(deployed)


@pytest.mark.full
def test_everything_that_is_gone_at_once_too(deployed: Deployment) -> None:
    for name in DELETE:
        if name != "secret":
            DELETE[name](deployed)
    deployed.pulumi("refresh", "--yes", "--run-program")
    deployed.pulumi("up", "--yes")
    sent = deployed.emit({"kind": "acd.end"})["event"]
    assert deployed.receive(deployed.stack.outputs()["tapQueueUrl"], same_event(sent))["detail"] == sent
    nothing_to_do(deployed)


def test_what_was_deleted_by_hand_is_made_anew(deployed: Deployment, outputs: dict[str, Any]) -> None:
    token = deployed.token()
    deployed.genesys("DELETE", f"{WEBHOOKS}/{outputs['webhookId']}", token=token)
    deployed.genesys("DELETE", f"{SUBSCRIPTIONS}/{outputs['subscriptionIds']['queues']}", token=token)
    deployed.pulumi("up", "--yes", "--skip-preview", "--refresh")
    assert len(deployed.entities("subscriptions")) == 2
    assert {each["webhookId"] for each in deployed.entities("subscriptions")} == {webhook(deployed)["id"]}
    sent = deployed.emit({"kind": "acd.end"})["event"]
    assert deployed.receive(outputs["tapQueueUrl"], same_event(sent))["detail"] == sent
    nothing_to_do(deployed)


# Secrets. tests/e2e/test_secrets.py has the whole of it for Genesys Cloud's half; this is AWS's.


def test_no_secret_of_either_cloud_shows_anywhere(deployed: Deployment) -> None:
    secrets = deployed.client("secretsmanager")
    keys = [
        secrets.get_secret_value(SecretId=each["ARN"])["SecretString"] for each in secrets.list_secrets()["SecretList"]
    ]
    assert len(keys) == 2
    canaries = {"the client secret": CLIENT_SECRET, "the one in the stack's config": "sandbox-secret"}
    canaries |= {f"key {number}": key for number, key in enumerate(keys)}
    deployed.pulumi("preview", "--diff", "--show-sames")
    deployed.pulumi("preview", "--json")
    for known in (deployed.stack.export(), deployed.genesys("GET", "/_sandbox/calls"), deployed.aws("GET", "calls")):
        deployed.output.append(json.dumps(known))
    assert seen(canaries, deployed.places()) == []
