"""`ops verify` in process: a healthy stack, and breakages with the right ✗ and the right fix."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from genesys_provider import retry
from genesys_provider.client import Client, Entity
from ingress.answers import Answer
from ops import counted, genesys_checks
from ops.steps import STEP_SECONDS, Step
from ops.verify import steps_of
from sandbox.genesys.delivery import Attempt, Delivery
from tests.support.aws_sandbox import Aws, make_function, make_role, receiving
from tests.support.ops import ALARM, BUS, BUS_ARN, Both, both
from tests.support.waiting import until


def wrong(steps: list[Step]) -> dict[str, Step]:
    return {f"{step.side}: {step.name}": step for step in steps if step.ok is False}


def test_a_healthy_stack_has_no_wrong_step_and_nothing_is_left_behind(deployed: Both) -> None:
    deployed.emit()
    steps = list(steps_of(deployed.stack))
    assert [(step.name, step.told) for step in steps if not step.ok] == []
    assert [step.name for step in steps][-1] == "probe"
    assert deployed.listeners() == []


def test_without_a_delivery_nothing_is_said_of_the_signature(deployed: Both) -> None:
    assert deployed.step("signature").ok is None
    assert deployed.step("last delivery").told == "none yet"


# Genesys Cloud


def test_a_webhook_that_is_disabled(deployed: Both) -> None:
    deployed.change(deployed.webhook, enabled=False)
    found = wrong(list(steps_of(deployed.stack)))
    assert list(found) == ["Genesys Cloud: webhook"]
    assert "disabled" in found["Genesys Cloud: webhook"].told
    assert found["Genesys Cloud: webhook"].fix == "make refresh STACK=it, then make up STACK=it"


def test_a_destination_that_was_changed_by_hand(deployed: Both) -> None:
    deployed.change(deployed.webhook, destinationUrl="https://example.com/in?key=a-secret")
    step = deployed.step("destination", "Genesys Cloud")
    assert step.ok is False
    assert step.told.startswith("events go to https://example.com/in, not to http://127.0.0.1")
    assert "a-secret" not in step.told


def test_a_webhook_that_signs_with_another_key(deployed: Both) -> None:
    deployed.change(deployed.webhook, signingKey="somebody else's key")
    deployed.emit()
    found = wrong(list(steps_of(deployed.stack)))
    deliveries = [f"Genesys Cloud: {name}" for name in ("last delivery", "signature", "failed deliveries")]
    assert list(found) == [*deliveries, "AWS: requests"]
    for name in deliveries:
        assert "401" in found[name].told
        assert "signingKeyRotation" in found[name].fix
    assert "1 signature_wrong" in found["AWS: requests"].told


def test_each_failed_delivery_is_counted_over_all_pages(deployed: Both) -> None:
    with receiving() as elsewhere:
        elsewhere.answers = [500] * 102
        deployed.change(deployed.webhook, destinationUrl=elsewhere.url)
        for _ in range(102):
            deployed.genesys.door("POST", "emit", {"kind": "acd.start"})
        deliveries = deployed.genesys.served.cloud.engine.deliveries
        until(lambda: [each.status for each in deliveries.values()] == ["FAILED"] * 102, "all of them are final")
        elsewhere.answers = []  # one of a call that broke off would be left
        deployed.emit()
    step = deployed.step("failed deliveries")
    assert step.told.startswith("102 of 103 deliveries of the last 24 h failed")
    assert "500 after 1 try" in step.told
    assert deployed.step("last delivery").ok, "the newest one was taken"


def failed_before(deployed: Both, number: int) -> None:
    """So many deliveries that were given up."""
    engine = deployed.genesys.served.cloud.engine
    for _ in range(number):
        delivery = Delivery("0" * 64, "v2.users.7.presence", webhook_id=deployed.stack.outputs["webhookId"])
        delivery.attempts.append(Attempt(delivery.created, 5, 503))
        delivery.end("FAILED")
        engine.keep(delivery)


def test_more_deliveries_than_are_looked_at_are_told(deployed: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genesys_checks, "MOST_PAGES", 3)
    failed_before(deployed, 300)
    assert deployed.step("failed deliveries").told == (
        "300 of 300 deliveries of the last 24 h failed for good, and their events are lost; the newest: 503 after 1 try"
    )
    failed_before(deployed, 950)
    step = deployed.step("failed deliveries")
    assert "300 of 300" in step.told
    assert "; 300 of 1,250 that are listed were looked at; the newest" in step.told
    newest = deployed.step("signature")
    assert newest.ok is None
    assert "the newest can't be told; 300 of 1,250 that are listed were looked at" in newest.told


@pytest.mark.parametrize(("seconds", "told"), [(2, ""), (15, "; 700 of 2,000 that are listed were looked at")])
def test_pages_that_take_long_are_not_held_against_each_other(
    deployed: Both, monkeypatch: pytest.MonkeyPatch, seconds: float, told: str
) -> None:
    """A limit for each request, and a count that says how far it got when even so there is no end of it."""
    failed_before(deployed, 2000)
    ahead, lefts, get = 0.0, list[float](), deployed.stack.genesys.get

    def slow(path: str, **query: int | str) -> Entity:
        nonlocal ahead
        lefts.append(retry.time_left())
        ahead += seconds * path.endswith("/deliveries")
        return get(path, **query)

    monkeypatch.setattr(deployed.stack.genesys, "get", slow)
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + ahead, sleep=time.sleep))
    step = deployed.step("failed deliveries")
    assert max(lefts) <= STEP_SECONDS
    assert step.told.startswith("700 of 700" if told else "2,000 of 2,000")
    assert f"their events are lost{told}; the newest" in step.told


def test_failures_of_long_ago_are_no_fault_of_today(deployed: Both) -> None:
    deployed.change(deployed.webhook, signingKey="somebody else's key")
    deployed.emit()
    for delivery in deployed.genesys.served.cloud.engine.deliveries.values():
        delivery.created = "2026-01-01T00:00:00.000Z"
    step = deployed.step("failed deliveries")
    assert (step.ok, step.told) == (True, "0 of 0 in the last 24 h; 1 before that")


def test_a_subscription_that_is_disabled_by_hand_or_gone(deployed: Both) -> None:
    path = f"/api/v2/events/subscriptions/{deployed.stack.outputs['subscriptionIds']['queues']}"
    deployed.change(path, enabled=False)
    assert "queues: disabled" in deployed.step("subscriptions").told
    deployed.stack.genesys.delete(path)
    assert "is gone" in deployed.step("subscriptions").told


def test_a_permission_that_the_client_lacks(deployed: Both) -> None:
    deployed.genesys.door("POST", "scopes", {"remove": ["event:subscription:read"]})
    step = deployed.step("permissions")
    assert step.ok is False
    assert "event:subscription:read" in step.fix


def test_genesys_cloud_is_down(deployed: Both) -> None:
    """It is told once, and the AWS side is looked at all the same."""
    deployed.genesys.fault("POST", "/oauth/token", status=503, times=1000)
    impatient = replace(deployed.stack.genesys.connection, max_attempts=1)
    steps = list(steps_of(replace(deployed.stack, genesys=Client(impatient))))
    found = wrong(steps)
    assert list(found) == ["Genesys Cloud: token"]
    assert "503" in found["Genesys Cloud: token"].told
    assert "try again" in found["Genesys Cloud: token"].fix
    skipped = [step for step in steps if step.side == "Genesys Cloud" and step.ok is None]
    assert {step.told for step in skipped} == {"not looked at: there is no token"}
    assert steps[-1].ok, "the probe needs no token"


def test_credentials_of_another_organisation(deployed: Both) -> None:
    deployed.stack.genesys._organisation = "another"
    step = deployed.step("token")
    assert step.ok is False
    assert "another" in step.told


# AWS


def test_the_bus_is_deleted(deployed: Both) -> None:
    events = deployed.aws.client("events")
    for name, target in (("tap", "tap"), ("heartbeat-received", "received")):
        events.remove_targets(Rule=f"{BUS}-{name}", EventBusName=BUS, Ids=[target])
        events.delete_rule(Name=f"{BUS}-{name}", EventBusName=BUS)
    events.delete_event_bus(Name=BUS)
    steps = list(steps_of(deployed.stack))
    assert list(wrong(steps)) == ["AWS: bus"]
    assert wrong(steps)["AWS: bus"].fix == "make refresh STACK=it, then make up STACK=it"
    assert [step.told for step in steps if step.name == "probe"] == ["not tried: there is no bus to listen on"]


def test_a_rule_that_is_disabled(deployed: Both) -> None:
    deployed.aws.client("events").disable_rule(Name=f"{BUS}-tap", EventBusName=BUS)
    step = deployed.step("rules")
    assert step.told == f"rule {BUS}-tap is DISABLED: its target gets nothing"
    assert step.fix.endswith(f"events enable-rule --name {BUS}-tap --event-bus-name {BUS}")


@pytest.mark.parametrize(("name", "target"), [("tap", "tap"), ("heartbeat-received", "received")])
def test_a_rule_without_its_target(deployed: Both, name: str, target: str) -> None:
    deployed.aws.client("events").remove_targets(Rule=f"{BUS}-{name}", EventBusName=BUS, Ids=[target])
    assert f"rule {BUS}-{name} has lost its target" in deployed.step("rules").told


@pytest.mark.parametrize("name", ["tap", "heartbeat-received"])
def test_a_rule_whose_target_is_gone(deployed: Both, name: str) -> None:
    """Before an event is a dead letter."""
    sqs = deployed.aws.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{BUS}-{name}")["QueueUrl"])
    found = wrong(list(steps_of(deployed.stack)))
    assert list(found) == ["AWS: rules"]
    step = found["AWS: rules"]
    assert step.told == f"queue {BUS}-{name}, the target of rule {BUS}-{name}, is gone: somebody deleted it"
    assert step.fix == "make refresh STACK=it, then make up STACK=it"


@pytest.mark.parametrize(
    "arn", [f"arn:aws:sqs:us-east-1:111122223333:{BUS}-theirs", BUS_ARN.replace(BUS, "elsewhere")], ids=["queue", "bus"]
)
def test_another_target_is_not_looked_for_here(deployed: Both, arn: str) -> None:
    """A queue of another account, that somebody added by hand, or a bus: who operates may not see either."""
    target = {"Id": "another", "Arn": arn, "RoleArn": make_role(deployed.aws)}
    deployed.aws.client("events").put_targets(Rule=f"{BUS}-heartbeat-received", EventBusName=BUS, Targets=[target])
    assert deployed.step("rules").ok


def test_the_schedule_of_the_heartbeat_is_looked_at_too(deployed: Both) -> None:
    deployed.aws.client("events").disable_rule(Name=f"{BUS}-heartbeat")
    assert f"rule {BUS}-heartbeat is DISABLED" in deployed.step("rules").told


def test_an_archive_that_is_gone(deployed: Both) -> None:
    deployed.aws.client("events").delete_archive(ArchiveName=BUS)
    found = wrong(list(steps_of(deployed.stack)))
    assert list(found) == ["AWS: archive"]
    step = found["AWS: archive"]
    assert step.told == f"archive {BUS} is gone: somebody deleted it, and what was in it"
    assert step.fix == "make refresh STACK=it, then make up STACK=it"


def test_alarms_that_are_gone(deployed: Both) -> None:
    deployed.aws.client("cloudwatch").delete_alarms(AlarmNames=deployed.stack.outputs["alarms"])
    found = wrong(list(steps_of(deployed.stack)))
    assert list(found) == ["AWS: alarms"]
    step = found["AWS: alarms"]
    assert step.told == f"gone, and tell nobody any more: {BUS}-heartbeat-missing, {BUS}-dead-letters"
    assert step.fix == "make refresh STACK=it, then make up STACK=it"


def test_an_alarm_of_somebody_elses_is_none_of_the_stacks(deployed: Both) -> None:
    cloudwatch = deployed.aws.client("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=[f"{BUS}-dead-letters"])
    cloudwatch.put_metric_alarm(AlarmName=f"{BUS}-dead-letters-too", **ALARM)
    assert deployed.step("alarms").told.endswith(f": {BUS}-dead-letters")


def test_a_stack_without_an_archive_or_alarms_is_not_asked_for_them(deployed: Both) -> None:
    """One of a former release, or somebody else's receiver without targets."""
    deployed.aws.client("events").delete_archive(ArchiveName=BUS)
    deployed.stack.outputs.pop("archiveName")
    deployed.stack.outputs["alarms"] = []
    steps = [step for step in steps_of(deployed.stack) if step.side == "AWS"]
    assert not {step.name for step in steps} & {"archive", "alarms"}
    assert all(step.ok for step in steps)


def test_an_api_destination_that_was_changed_by_hand(deployed: Both) -> None:
    deployed.aws.client("events").update_api_destination(Name=BUS, InvocationEndpoint="https://example.com/in")
    assert "points at https://example.com/in" in deployed.step("destination", "AWS").told


def test_a_connection_that_aws_deauthorized(deployed: Both) -> None:
    """By a heartbeat that was answered 401: by somebody else, as our receiver never says that to it."""
    events, url = deployed.aws.client("events"), deployed.stack.outputs["destinationUrl"]
    with receiving() as elsewhere:
        elsewhere.answers = [401]
        events.update_api_destination(Name=BUS, InvocationEndpoint=elsewhere.url)
        deployed.aws.door("POST", "aws/schedule", {"rule": f"{BUS}-heartbeat"})
        events.update_api_destination(Name=BUS, InvocationEndpoint=url)
    found = wrong(list(steps_of(deployed.stack)))
    assert list(found) == ["AWS: connection"]
    assert "DEAUTHORIZED" in found["AWS: connection"].told
    assert "raise apiKeyRotation" in found["AWS: connection"].fix


def test_a_secret_that_is_emptied(deployed: Both) -> None:
    deployed.aws.client("secretsmanager").put_secret_value(
        SecretId=deployed.stack.outputs["signingSecretArn"], SecretString=" "
    )
    step = deployed.step("secrets")
    assert "signing key's secret is empty" in step.told
    assert "signingKeyRotation" in step.fix
    assert deployed.step("probe").ok is False


def test_put_events_is_denied(deployed: Both) -> None:
    deployed.aws.fault("events:PutEvents", code="AccessDeniedException", status=400, times=1000)
    step = deployed.step("probe")
    assert step.ok is False
    assert "PutEvents" in step.fix


def test_a_function_that_throws(deployed: Both) -> None:
    name = deployed.stack.outputs["functionName"]
    functions = deployed.aws.client("lambda")
    functions.delete_function(FunctionName=name)
    make_function(deployed.aws, "def handle(event, context):\n    raise ValueError\n", name=name)
    step = deployed.step("probe")
    assert step.told == "the public URL answered 500 Internal Server Error"
    assert "the function fails" in step.fix


def test_a_function_that_is_gone(deployed: Both) -> None:
    deployed.aws.client("lambda").delete_function(FunctionName=deployed.stack.outputs["functionName"])
    assert "is gone" in deployed.step("function").told


def test_a_function_whose_role_is_gone(deployed: Both) -> None:
    iam = deployed.aws.client("iam")
    iam.delete_role_policy(RoleName="worker", PolicyName="drain")
    iam.delete_role(RoleName="worker")
    step = deployed.step("function")
    assert step.told == f"role worker of function {BUS}-ingress is gone: somebody deleted it, and nothing it does works"
    assert step.fix == "make refresh STACK=it, then make up STACK=it"


def test_a_function_whose_log_group_is_gone(deployed: Both) -> None:
    """It may make none: nothing is logged or counted, and all else goes on."""
    deployed.aws.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{BUS}-ingress")
    found = wrong(list(steps_of(deployed.stack)))
    assert list(found) == ["AWS: function"]
    step = found["AWS: function"]
    assert step.told.startswith(f"log group /aws/lambda/{BUS}-ingress is gone: somebody deleted it")
    assert step.fix == "make refresh STACK=it, then make up STACK=it"


def test_what_is_parked_for_long_and_nothing_drains_it(deployed: Both) -> None:
    functions = deployed.aws.client("lambda")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    assert "event source mapping is Disabl" in deployed.step("parked events").told
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    assert "mapping is gone" in deployed.step("parked events").told


def test_what_waits_for_long_is_told_though_the_queue_has_no_age_for_it(deployed: Both) -> None:
    """SQS's own metric leaves out what was received three times: the ingress tells of that."""
    deployed.aws.client("sqs").send_message(
        QueueUrl=deployed.stack.outputs["parkingQueueUrl"], MessageBody="none of ours"
    )
    told = {"MetricName": "ParkedAge", "Value": 1800.0, "Dimensions": [{"Name": "Stack", "Value": deployed.stack.name}]}
    deployed.aws.client("cloudwatch").put_metric_data(Namespace="GenesysEventBridge", MetricData=[told])
    step = deployed.step("parked events")
    assert step.ok is False
    assert "1 events are parked, the oldest for 30 minutes" in step.told


def test_dead_letters_are_counted(deployed: Both) -> None:
    url = deployed.stack.outputs["rules"]["tap"]["deadLetters"]
    for _ in range(3):
        deployed.aws.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    step = deployed.step("dead letters")
    assert step.told == "events that a target did not take: tap: 3"
    assert step.fix == "make dead-letters STACK=it ARGS=explain says why, and how to send them again"


# What was counted


def count(deployed: Both, name: str, number: float, ago: timedelta = timedelta(0), **dimensions: str) -> None:
    """As the ingress, or a metric filter, does."""
    datum = {
        "MetricName": name,
        "Value": number,
        "Timestamp": datetime.now(UTC) - ago,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    deployed.aws.client("cloudwatch").put_metric_data(Namespace="GenesysEventBridge", MetricData=[datum])


def test_rejected_requests_are_counted_by_reason(deployed: Both) -> None:
    assert deployed.step("requests").ok
    for reason, number in (("accepted", 1200), ("malformed", 2), ("signature_wrong", 3), ("key_wrong", 9)):
        count(deployed, "Requests", number, Stack="it", Reason=reason)
    count(deployed, "Requests", 5, ago=timedelta(hours=26), Stack="it", Reason="not_json")
    count(deployed, "Requests", 7, Stack="another", Reason="too_large")
    step = deployed.step("requests")
    assert step.ok is False
    assert step.told.endswith("lost if they were Genesys Cloud's: 3 signature_wrong, 2 malformed")
    assert "raise signingKeyRotation in the stack's file, then make up STACK=it" in step.fix


def test_strangers_and_what_is_sent_again_are_no_fault(deployed: Both) -> None:
    for reason in ("not_signed", "signature_garbled", "key_wrong", "bus_late"):
        count(deployed, "Requests", 2, Stack="it", Reason=reason)
    step = deployed.step("requests")
    assert step.ok
    assert "2 key_wrong, 2 bus_late" in step.told


def test_every_reason_of_the_ingress_is_judged() -> None:
    judged = [*counted.TAKEN, *counted.STRANGERS, *counted.AGAIN, counted.STALE, *counted.LOST]
    assert sorted(judged) == sorted(each.reason for each in Answer)
    again = {each.reason for each in Answer if each.status >= 500}
    assert again == set(counted.AGAIN)


def test_stale_events(deployed: Both) -> None:
    assert deployed.step("stale events").ok
    count(deployed, "Requests", 2, Stack="it", Reason="stale")
    step = deployed.step("stale events")
    assert step.told.startswith("2 requests of the last 24 h were older than ingress.maxAgeMinutes")
    assert "ingress.maxAgeMinutes" in step.fix


def test_throttled_requests(deployed: Both) -> None:
    count(deployed, "another-bus-throttled", 3)
    assert deployed.step("throttled").ok
    count(deployed, f"{BUS}-throttled", 4)
    step = deployed.step("throttled")
    assert step.told.startswith("4 requests of the last 24 h were turned away with 429")
    assert "raise ingress.throttle" in step.fix


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "used", "told", "ok"),
    [
        (DAY / 3, DAY / 4, "is good until ", True),
        (DAY * 3 / 4, DAY * 2 / 3, "was not used late", True),
        (DAY * 3 / 4, DAY / 8, "7 requests were signed with it in the second half of keyOverlapMinutes", False),
        (DAY / 2 + timedelta(seconds=1), DAY / 3, "was not used late", True),
        (DAY * 2, DAY * 5 / 4, "is over", True),
        (DAY * 100, DAY * 5 / 4, "is over", True),
    ],
    ids=["early", "used early", "used late", "late just now", "over", "long over"],
)
def test_the_previous_key_late_in_its_overlap(
    deployed: Both, age: timedelta, used: timedelta, told: str, ok: bool
) -> None:
    secret = deployed.stack.outputs["signingSecretArn"]
    deployed.aws.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="the next key")
    deployed.aws.door("POST", "aws/secret-age", {"arn": secret, "seconds": age.total_seconds()})
    count(deployed, "AcceptedByPreviousKey", 7, ago=used, Stack="it")
    step = deployed.step("previous key")
    assert (step.ok, step.told.startswith(told)) == (ok, True), step
    if not ok:
        assert step.fix.startswith("make up STACK=it before that")


def test_a_key_that_was_never_changed_has_no_previous_one(deployed: Both) -> None:
    assert deployed.step("previous key").told == "there is none"


def test_without_an_overlap_there_is_no_previous_key(aws: Aws) -> None:
    with both(aws, keyOverlapMinutes="0") as it:
        assert it.step("previous key").told == "is not accepted: keyOverlapMinutes is 0"


def test_somebody_elses_receiver_gets_no_probe(deployed: Both) -> None:
    for name in ("signingSecretArn", "heartbeatSecretArn", "functionName", "parkingQueueUrl", "heartbeatRule"):
        deployed.stack.outputs.pop(name)  # type: ignore[misc]
    steps = {step.name: step for step in steps_of(deployed.stack)}
    assert steps["probe"].ok is None
    assert "function" not in steps
    assert all(step.ok is not False for step in steps.values())
