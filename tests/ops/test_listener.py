"""A queue and a rule of one's own: nothing stolen, nothing left, and it notices when it is deaf."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops import listener
from ops.aws import AwsError
from ops.listener import DeafError, Listener
from ops.probe import sender
from tests.support.aws_sandbox import ACCOUNT
from tests.support.ops import BUS, SOURCE, Both
from tests.support.waiting import until

LEFT = f"{BUS}-listen-0badcafe"


def put(deployed: Both, **detail: Any) -> None:
    entry = {"EventBusName": BUS, "Source": SOURCE, "DetailType": "a topic", "Detail": json.dumps(detail)}
    assert deployed.aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def hears(it: Listener) -> list[Any]:
    """The details of what arrives at once."""
    return [event["detail"] for event in until(lambda: it.receive(1), "it hears something")]


def left_behind(deployed: Both, expires: datetime | None) -> None:
    """What a listener that was killed leaves."""
    events, sqs = deployed.aws.client("events"), deployed.aws.client("sqs")
    tags = {"expires": expires.isoformat(timespec="seconds")} if expires else {}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    sqs.create_queue(QueueName=LEFT, tags=tags)
    events.put_rule(Name=LEFT, EventBusName=BUS, EventPattern=json.dumps({"source": [SOURCE]}), Tags=listed)
    target = {"Id": "listener", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{LEFT}"}
    events.put_targets(Rule=LEFT, EventBusName=BUS, Targets=[target])


def test_two_hear_every_event_and_leave_nothing(deployed: Both) -> None:
    with Listener(deployed.stack) as one, Listener(deployed.stack) as two:
        for number in range(3):
            put(deployed, number=number)
            assert hears(one) == hears(two) == [{"number": number}]
        assert len(deployed.listeners()) == 4
    assert deployed.listeners() == []


def test_it_is_removed_when_what_it_is_for_fails(deployed: Both) -> None:
    with pytest.raises(KeyboardInterrupt), Listener(deployed.stack):
        raise KeyboardInterrupt
    assert deployed.listeners() == []


def test_what_was_made_is_removed_when_the_rest_can_not_be(deployed: Both) -> None:
    deployed.aws.fault("events:PutTargets", code="LimitExceededException", status=400, times=10)
    with pytest.raises(AwsError, match="LimitExceeded"), Listener(deployed.stack):
        pass
    assert deployed.listeners() == []


def test_what_others_left_is_swept_once_it_is_over(deployed: Both) -> None:
    left_behind(deployed, datetime.now(UTC) - timedelta(seconds=1))
    assert len(deployed.listeners()) == 2
    with Listener(deployed.stack):
        assert not [name for name in deployed.listeners() if LEFT in name]


@pytest.mark.parametrize("tagged", [True, False])
def test_what_another_listens_with_is_left_alone(deployed: Both, tagged: bool) -> None:
    left_behind(deployed, datetime.now(UTC) + timedelta(minutes=5) if tagged else None)
    with Listener(deployed.stack):
        pass
    assert len(deployed.listeners()) == 2


def test_it_puts_its_end_off_while_it_listens(deployed: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "RENEWED_EVERY_SECONDS", 0.0)
    with Listener(deployed.stack) as it:
        [url] = [each for each in deployed.listeners() if each.startswith("http")]
        sqs = deployed.aws.client("sqs")
        sqs.tag_queue(QueueUrl=url, Tags={"expires": "2026-01-01T00:00:00+00:00"})
        it.receive(0)
        assert not listener.is_over(sqs.list_queue_tags(QueueUrl=url)["Tags"], datetime.now(UTC))


def test_it_says_so_when_its_queue_is_gone(deployed: Both) -> None:
    with Listener(deployed.stack) as it:
        [url] = [each for each in deployed.listeners() if each.startswith("http")]
        deployed.aws.client("sqs").delete_queue(QueueUrl=url)
        with pytest.raises(DeafError, match="is gone: somebody deleted it"):
            it.receive(0)


def test_it_says_so_when_its_rule_is_gone_or_disabled(deployed: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "RENEWED_EVERY_SECONDS", 0.0)
    events = deployed.aws.client("events")
    with Listener(deployed.stack) as it:
        [name] = [each for each in deployed.listeners() if not each.startswith("http")]
        events.disable_rule(Name=name, EventBusName=BUS)
        with pytest.raises(DeafError, match="DISABLED"):
            it.receive(0)
        events.remove_targets(Rule=name, EventBusName=BUS, Ids=["listener"])
        events.delete_rule(Name=name, EventBusName=BUS)
        with pytest.raises(DeafError, match="is gone"):
            it.receive(0)


def test_it_says_so_when_its_credentials_have_expired(deployed: Both) -> None:
    with Listener(deployed.stack) as it:
        deployed.aws.fault("sqs:ReceiveMessage", code="ExpiredToken", status=403, times=10)
        with pytest.raises(DeafError, match="credentials have expired"):
            it.receive(0)
        deployed.aws.door("DELETE", "aws/faults")


def test_it_hears_probes_whatever_else_is_wanted(deployed: Both) -> None:
    sends = sender(deployed.stack)
    assert sends
    with Listener(deployed.stack, {"source": ["nobody"]}) as it:
        put(deployed, number=1)
        id_, answered = sends.probe()
        assert answered.status == 200
        assert [detail["eventBody"]["probeId"] for detail in hears(it)] == [id_]


def test_what_a_queue_hands_out_twice_is_heard_once(deployed: Both) -> None:
    with Listener(deployed.stack) as it:
        [url] = [each for each in deployed.listeners() if each.startswith("http")]
        for id_ in ("1", "1", "2"):
            deployed.aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"id": id_, "detail": id_}))
        heard = [detail for _ in range(3) for detail in (event["detail"] for event in it.receive(0))]
    assert sorted(heard) == ["1", "2"]


def test_probes_reach_no_rule_for_events(deployed: Both) -> None:
    """The ingress gives them a source of their own."""
    sends = sender(deployed.stack)
    assert sends
    with Listener(deployed.stack) as it:
        sends.probe()
        [event] = until(lambda: it.receive(1), "the probe is heard")
    assert (event["source"], event["detail-type"]) == ("genesys-pulumi.ops", "probe")
    url = f"{deployed.aws.url}/{ACCOUNT}/{BUS}-tap"
    assert "Messages" not in deployed.aws.client("sqs").receive_message(QueueUrl=url)
