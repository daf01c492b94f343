"""`ops replay`: to whom, of what time, and what is said meanwhile."""

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from ops.replay import new_name
from tests.support.aws_sandbox import Aws
from tests.support.ops import BUS, SOURCE, Both, arn_of, queue
from tests.support.waiting import until

HALF_AN_HOUR_AGO = (datetime.now(UTC) - timedelta(minutes=30)).replace(second=0, microsecond=0)

Ops = Callable[..., int]


@pytest.fixture
def archived(deployed: Both) -> Both:
    """With another rule beside the tap's."""
    events = deployed.aws.client("events")
    pattern = json.dumps({"source": [SOURCE]})
    queue(deployed.aws, "consumer")
    events.put_rule(Name="consumer", EventBusName=BUS, EventPattern=pattern)
    events.put_targets(Rule="consumer", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn_of("consumer")}])
    return deployed


@pytest.fixture
def ops(archived: Both, main: Ops) -> Ops:
    """`ops replay` with those arguments; its exit code."""
    return partial(main, archived.stack, "replay")


def put(it: Both, *minutes: int) -> None:
    entries = [
        {
            "Source": SOURCE,
            "DetailType": f"minute {minute}",
            "Detail": "{}",
            "EventBusName": BUS,
            "Time": HALF_AN_HOUR_AGO + timedelta(minutes=minute),
        }
        for minute in minutes
    ]
    assert it.aws.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    for name in ("consumer", f"{BUS}-tap"):
        until(partial(taken, it.aws, name), "the events themselves")


def taken(aws: Aws, name: str) -> list[str]:
    """What the events in a queue are, which are taken out."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"])["detail-type"] for message in messages]


def at(minute: int) -> str:
    return f"{HALF_AN_HOUR_AGO + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}"


def replays(it: Both) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = it.aws.client("events").list_replays()["Replays"]
    return found


def test_to_the_rule_that_is_named_and_of_that_time_only(archived: Both, ops: Ops, capsys: Any) -> None:
    put(archived, 0, 1, 5)
    assert ops("--since", at(1), "--until", at(5), "--rule", "tap") == 0
    assert taken(archived.aws, f"{BUS}-tap") == ["minute 1"]
    assert taken(archived.aws, "consumer") == []
    said = capsys.readouterr()
    [replay] = replays(archived)
    assert said.out.startswith(f"COMPLETED: up to the event of {at(1)}, ")
    first, *_, last = said.err.splitlines()
    assert first == f"replay {replay['ReplayName']}: {at(1)} – {at(5)}, to {BUS}-tap"
    assert last == f"COMPLETED  up to {at(1)}  0%"


def test_a_rule_of_somebody_elses_goes_by_its_name(archived: Both, ops: Ops, capsys: Any) -> None:
    put(archived, 0)
    assert ops("--since", "1h", "--rule", "consumer", "--rule", "tap", "--json") == 0
    assert taken(archived.aws, "consumer") == taken(archived.aws, f"{BUS}-tap") == ["minute 0"]
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["state"], told["rules"]) == (True, "COMPLETED", ["consumer", f"{BUS}-tap"])
    assert told["lastReplayed"] == at(0)


def test_all_rules_have_to_be_meant(archived: Both, ops: Ops, capsys: Any) -> None:
    put(archived, 0)
    with pytest.raises(SystemExit) as ended:
        ops("--since", "1h")
    assert ended.value.code == 2
    assert "one of the arguments --rule --all-rules is required" in capsys.readouterr().err
    assert ops("--since", "1h", "--all-rules") == 0
    assert taken(archived.aws, "consumer") == taken(archived.aws, f"{BUS}-tap") == ["minute 0"]
    assert "warning: every rule of the bus gets it again" in capsys.readouterr().err


def test_how_far_it_is_in_a_line_for_each_change(archived: Both, ops: Ops, capsys: Any) -> None:
    put(archived, 0, 10)
    aws = archived.aws
    aws.door("POST", "aws/replay-steps", {"steps": 2})

    def go_on() -> None:
        until(lambda: any("EventLastReplayedTime" in each for each in replays(archived)), "the first minute")
        until(lambda: "up to" in capsys.readouterr().err, "the line about it")
        aws.door("POST", "aws/replay-steps", {"steps": None})

    helper = threading.Thread(target=go_on)
    helper.start()
    assert ops("--since", at(0), "--until", at(20), "--rule", "tap") == 0
    helper.join()
    assert capsys.readouterr().err.splitlines()[-1] == f"COMPLETED  up to {at(10)}  50%"


def test_ctrl_c_cancels_it(archived: Both, ops: Ops, capsys: Any) -> None:
    put(archived, 0, 10)
    archived.aws.door("POST", "aws/replay-steps", {"steps": 2})

    def press() -> None:
        until(lambda: any("EventLastReplayedTime" in each for each in replays(archived)), "the first minute")
        os.kill(os.getpid(), signal.SIGINT)

    helper = threading.Thread(target=press)
    helper.start()
    assert ops("--since", "1h", "--rule", "tap") == 130
    helper.join()
    [replay] = replays(archived)
    assert replay["State"] == "CANCELLING"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"the replay {replay['ReplayName']} is being cancelled; what it replayed, up to {at(0)}, stays delivered"
    )


def test_one_that_somebody_else_cancels(archived: Both, ops: Ops, capsys: Any) -> None:
    archived.aws.door("POST", "aws/replay-steps", {"steps": 0})

    def cancel() -> None:
        [replay] = until(lambda: replays(archived), "the replay")
        archived.aws.client("events").cancel_replay(ReplayName=replay["ReplayName"])
        archived.aws.door("POST", "aws/replay-steps", {"steps": None})

    helper = threading.Thread(target=cancel)
    helper.start()
    assert ops("--since", "1h", "--rule", "tap") == 1
    helper.join()
    assert capsys.readouterr().err.splitlines()[-1].endswith("is CANCELLED: somebody else cancelled it")


def test_without_an_event_it_says_so(ops: Ops, capsys: Any) -> None:
    assert ops("--since", "2h", "--until", "1h", "--rule", "tap") == 0
    assert capsys.readouterr().out.startswith("COMPLETED: the archive had no event of that time, ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--since", "1h"), "the archive may not have all of it yet: events get there up to 10 minutes late"),
        (("--since", "8d", "--until", "1h"), "the archive keeps 7 days: what is older is gone"),
        (("--since", "2h", "--until", "11m"), None),
    ],
)
def test_what_it_warns_of(ops: Ops, capsys: Any, arguments: tuple[str, ...], told: str | None) -> None:
    assert ops(*arguments, "--rule", "tap") == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert [told in line for line in warnings] == [True] if told else warnings == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--since", "1h", "--rule", "none"), f"--rule none: the bus {BUS} has no such rule; this stack's are tap"),
        (("--since", "1h", "--until", "2h", "--rule", "tap"), "what should be replayed lies between them"),
        (("--since", "2999-01-01T00:00Z", "--rule", "tap"), "which has not come yet"),
        (("--since", "1h", "--rule", "off"), "--rule off: it is DISABLED, and would get nothing"),
    ],
)
def test_what_is_refused_before_anything_happens(
    archived: Both, ops: Ops, capsys: Any, arguments: tuple[str, ...], told: str
) -> None:
    pattern = json.dumps({"source": [SOURCE]})
    archived.aws.client("events").put_rule(Name="off", EventBusName=BUS, EventPattern=pattern, State="DISABLED")
    assert ops(*arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert replays(archived) == []


@pytest.mark.parametrize("since", ["yesterday", "14:00", "2026-03-01T14:00", "2 h", "-1h", ""])
def test_a_time_that_is_none(ops: Ops, capsys: Any, since: str) -> None:
    with pytest.raises(SystemExit) as ended:
        ops(f"--since={since}", "--rule", "tap")
    assert ended.value.code == 2
    assert "write 2026-03-01T14:00Z" in capsys.readouterr().err


def test_without_an_archive(archived: Both, ops: Ops, capsys: Any) -> None:
    archived.aws.client("events").delete_archive(ArchiveName=BUS)
    assert ops("--since", "1h", "--rule", "tap") == 2
    mend = "make refresh STACK=it, then make up STACK=it"
    assert capsys.readouterr().err == f"error: the archive {BUS} is gone, and what was in it: {mend}\n"


def test_a_look_that_fails_now_and_then_does_not_end_it(archived: Both, ops: Ops) -> None:
    put(archived, 0)
    archived.aws.fault("events:DescribeReplay", code="InternalException", times=2)
    assert ops("--since", "1h", "--rule", "tap") == 0


def test_what_can_no_longer_be_watched_goes_on(archived: Both, ops: Ops, capsys: Any) -> None:
    archived.aws.fault("events:DescribeReplay", code="AccessDeniedException", times=1)
    assert ops("--since", "1h", "--rule", "tap") == 1
    [replay] = replays(archived)
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith(f"the replay goes on in AWS: aws events describe-replay --replay-name {replay['ReplayName']}")
    )


def test_a_name_is_short_enough_for_aws() -> None:
    name = new_name("x" * 200, datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert len(name) <= 64
    assert name.startswith("x" * 36 + "-20260301T120000Z-")
