"""`ops dead-letters`: each letter once, to its own target only, and none is lost."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from ops.aws import Answer
from ops.failures import FAILURES
from ops.letters import HELD_SECONDS, Reader
from ops.resend import Sender
from ops.stack import RuleOutput
from tests.support.aws_sandbox import ACCOUNT, Aws, make_function
from tests.support.ops import BUS, SOURCE, Both, arn_of, queue
from tests.support.waiting import until

EVENTS = f"arn:aws:events:us-east-1:{ACCOUNT}"
OTHER = f"{EVENTS}:event-bus/other"
TOPIC = "v2.detail.events.conversation.{id}.acd.start"
NUMBER, ADDRESS = "+49 151 2345678", "jane@example.com"

Ops = Callable[..., int]


@pytest.fixture
def forwarding(deployed: Both) -> Both:
    """With a second target: another bus, on which a queue gets everything."""
    events = deployed.aws.client("events")
    events.create_event_bus(Name="other")
    rule(deployed.aws, "other", "all", arn_of("all"))
    queue(deployed.aws, "all")
    outputs = {**deployed.stack.outputs["rules"], "forward-1": target(deployed, "forward-1", OTHER)}
    deployed.stack = replace(deployed.stack, outputs={**deployed.stack.outputs, "rules": outputs})
    return deployed


@pytest.fixture
def ops(forwarding: Both, main: Ops) -> Ops:
    """`ops dead-letters` with those arguments; its exit code."""
    return partial(main, forwarding.stack, "dead-letters")


def rule(aws: Aws, bus: str, name: str, arn: str, **more: Any) -> None:
    events = aws.client("events")
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "target", "Arn": arn, **more}])


def target(it: Both, name: str, arn: str, **more: Any) -> RuleOutput:
    rule(it.aws, BUS, f"{BUS}-{name}", arn, **more)
    return {"rule": f"{BUS}-{name}", "target": arn, "deadLetters": queue(it.aws, f"{BUS}-{name}-dead-letters")}


def event(number: int = 0, **changes: str) -> str:
    """As EventBridge leaves it in a dead-letter queue."""
    envelope = {
        "version": "0",
        "id": f"0000000{number}",
        "detail-type": TOPIC,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": "2026-03-01T12:00:07Z",
        "region": "us-east-1",
        "resources": [f"genesys-event:{number}"],
        "detail": {"topicName": "t", "eventBody": {"ani": NUMBER, "name": "Jänë \u2028", "n": number}},
    }
    return json.dumps({**envelope, **changes})


def bury(it: Both, name: str = "tap", body: str | None = None, **changes: str) -> str:
    """A dead letter of that target; its id."""
    wanted = it.stack.outputs["rules"][name]
    attributes = {
        "RULE_ARN": f"{EVENTS}:rule/{BUS}/{wanted['rule']}",
        "TARGET_ARN": wanted["target"],
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": "not authorized",
        "RETRY_ATTEMPTS": "0",
        **changes,
    }
    sent = it.aws.client("sqs").send_message(
        QueueUrl=wanted["deadLetters"],
        MessageBody=event() if body is None else body,
        MessageAttributes={
            key: {"DataType": "String", "StringValue": value} for key, value in attributes.items() if value
        },
    )
    return str(sent["MessageId"])


def there(it: Both, name: str = "tap") -> int:
    """How many letters are there, and can be had at once."""
    names = ["ApproximateNumberOfMessages"]
    answer = it.aws.client("sqs").get_queue_attributes(
        QueueUrl=it.stack.outputs["rules"][name]["deadLetters"], AttributeNames=names
    )
    return int(answer["Attributes"][names[0]])


def taken(it: Both, name: str) -> list[dict[str, Any]]:
    """The events that are in a queue, taken out."""
    sqs = it.aws.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


class TestList:
    def test_says_what_did_not_arrive_where_and_why_and_shows_no_event(
        self, forwarding: Both, ops: Ops, capsys: Any
    ) -> None:
        first, second = bury(forwarding), bury(forwarding, "forward-1", ERROR_CODE="THROTTLING")
        assert ops() == 0, "nothing is sent or deleted unless that is said"
        said = capsys.readouterr().out
        lines = said.splitlines()
        assert lines[0] == f"tap  rule {BUS}-tap → {arn_of(f'{BUS}-tap')}"
        assert (lines[1].split()[0], lines[1].split()[2:]) == (first[:8], ["NO_PERMISSIONS", TOPIC])
        assert lines[2] == f"forward-1  rule {BUS}-forward-1 → {OTHER}"
        assert (lines[3].split()[0], lines[3].split()[2:]) == (second[:8], ["THROTTLING", TOPIC])
        assert lines[4:] == ["2 dead letters"]
        assert "2345678" not in said
        assert "Jänë" not in said

    def test_each_of_many_once_and_all_are_there_again_at_once(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        ids = {bury(forwarding) for _ in range(25)}
        assert ops("list", "--json") == 0
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert len(told) == 25
        assert {each["id"] for each in told} == ids
        assert there(forwarding) == 25

    def test_of_one_queue_and_none(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        assert ops("list", "--queue", "forward-1") == 0
        assert capsys.readouterr().out == "no dead letters\n"

    def test_what_is_no_dead_letter_is_listed_too(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding, body="not JSON", RULE_ARN="", TARGET_ARN="", ERROR_CODE="", ERROR_MESSAGE="")
        bury(forwarding, body=event(0, **{"detail-type": "\x1b[31m"}))
        assert ops("list") == 0
        said = capsys.readouterr().out
        assert "\x1b" not in said
        assert said.endswith("2 dead letters\n")

    def test_what_a_killed_run_holds_is_told(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        url = forwarding.stack.outputs["rules"]["tap"]["deadLetters"]
        forwarding.aws.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=HELD_SECONDS)
        assert ops("list") == 0
        said = capsys.readouterr()
        assert said.out == "no dead letters\n"
        assert said.err.startswith("tap: 1 more are being read by somebody else, or were when that was killed")


class TestExplain:
    def test_those_that_failed_alike_together(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        for _ in range(3):
            bury(forwarding, "forward-1")
        more = {"RETRY_ATTEMPTS": "185", "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds"}
        bury(forwarding, "forward-1", ERROR_CODE="THROTTLING", **more)
        assert ops("explain") == 0
        first, second = capsys.readouterr().out.split("forward-1  ")[1:]
        assert first.startswith("3 since ")
        assert f"  target {OTHER}\n" in first
        assert "  error  NO_PERMISSIONS: not authorized\n" in first
        assert "  tries  1; final by itself, not tried again\n" in first
        assert f"  means  {FAILURES['NO_PERMISSIONS'].meaning}\n" in first
        assert "  do     another account's bus: its owner runs what `make pulumi STACK=… ARGS=" in first
        assert '  again  make dead-letters STACK=it ARGS="send --queue forward-1 --all"\n' in first
        assert "  tries  186; given up by the rule's MaximumEventAgeInSeconds\n" in second
        assert there(forwarding, "forward-1") == 4

    def test_what_may_be_a_persons_is_masked(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
        bury(forwarding, ERROR_MESSAGE=f"{arn} said {NUMBER}, ({ADDRESS})\n at 2026-03-01T12:00:00Z")
        assert ops("explain") == 0
        told = capsys.readouterr().out
        assert f"NO_PERMISSIONS: {arn} said •••, (•••) at 2026-03-01T12:00:00Z\n" in told

    def test_one_of_them_for_machines(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        wanted = bury(forwarding, ERROR_CODE="SOMETHING_NEW")
        assert ops("explain", "--id", wanted[:8], "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["code"], told["count"], told["whyNotSent"]) == ("SOMETHING_NEW", 1, None)
        assert told["meaning"] == "a code that AWS's guide doesn't list"


class TestSend:
    def test_to_the_queue_that_did_not_get_it_and_to_no_other_rule(
        self, forwarding: Both, ops: Ops, capsys: Any
    ) -> None:
        bury(forwarding)
        assert ops("send", "--all") == 0
        assert taken(forwarding, f"{BUS}-tap") == [json.loads(event())]
        assert taken(forwarding, "all") == []
        assert there(forwarding) == 0
        assert capsys.readouterr().out.endswith("1 sent\n")
        assert ops("send", "--all") == 0
        assert capsys.readouterr().out == "no dead letters\n"

    def test_to_the_bus_that_did_not_get_it_as_the_event_it_was(self, forwarding: Both, ops: Ops) -> None:
        bury(forwarding, "forward-1")
        assert ops("send", "--all") == 0
        [arrived] = until(lambda: taken(forwarding, "all"), "the event")
        before = json.loads(event())
        assert arrived.pop("id") != before.pop("id")
        assert arrived == before
        assert taken(forwarding, f"{BUS}-tap") == []

    def test_to_a_function(self, forwarding: Both, main: Ops) -> None:
        function = make_function(forwarding.aws, name="consumer")
        stack = with_target(forwarding, "function", function)
        bury(forwarding, "function")
        assert main(stack, "dead-letters", "send", "--all") == 0
        [call] = forwarding.aws.calls("lambda:InvokeFunction")
        assert (call["resource"], call["status"]) == (function, 202)
        assert there(forwarding, "function") == 0

    def test_only_those_that_are_named(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        wanted = bury(forwarding, body=event(7))
        assert ops("send", "--id", wanted) == 0
        assert [each["id"] for each in taken(forwarding, f"{BUS}-tap")] == ["00000007"]
        assert there(forwarding) == 1
        assert ops("send", "--id", "nowhere-to-be-found") == 1
        assert "there is no dead letter nowhere-to-be-found" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arn", "more", "reason"),
        [
            (f"{EVENTS}:api-destination/d/1", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}, "API destination"),
            (f"arn:aws:sns:us-east-1:{ACCOUNT}:t", {}, "only EventBridge itself can deliver to this kind of target (s"),
            (arn_of("q.fifo"), {}, "FIFO queue"),
            (arn_of("q"), {"InputPath": "$.detail"}, "something else than the event (InputPath)"),
        ],
    )
    def test_what_it_cannot_is_left_and_a_replay_named(
        self, forwarding: Both, main: Ops, capsys: Any, arn: str, more: dict[str, str], reason: str
    ) -> None:
        stack = with_target(forwarding, "x", arn, **more)
        bury(forwarding, "x")
        bury(forwarding, "x")
        assert main(stack, "dead-letters", "send", "--all") == 1
        said = capsys.readouterr()
        [line] = said.err.splitlines()
        assert reason in line
        assert line.endswith(
            "and gives the rule the rest of that minute again, too: make replay STACK=it"
            f' ARGS="--since 2026-03-01T12:00:00Z --until 2026-03-01T12:01:00Z --rule {BUS}-x"'
        )
        assert said.out == "0 sent, 2 not, and left where they are\n"
        assert there(forwarding, "x") == 2

    def test_a_partners_event_is_nobodys_to_put_on_a_bus(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding, "forward-1", body=event(source="aws.partner/genesys.com/x/y"))
        assert ops("send", "--all") == 1
        assert "nobody but the partner may put events with its source on a bus" in capsys.readouterr().err

    def test_where_the_rule_sends_elsewhere_now(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding, TARGET_ARN=arn_of("before"))
        bury(forwarding, "forward-1", RULE_ARN=f"{EVENTS}:rule/{BUS}/gone")
        assert ops("send", "--all") == 1
        first, second = capsys.readouterr().err.splitlines()
        assert f"the rule {BUS}-tap does not send to {arn_of('before')} any more" in first
        assert "the rule gone does not send to" in second

    def test_what_is_no_dead_letter(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding, body="hello")
        assert ops("send", "--all") == 1
        assert "this is no dead letter of EventBridge" in capsys.readouterr().err

    def test_what_the_target_refuses_is_left(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        bury(forwarding, "forward-1")
        forwarding.aws.fault("sqs:SendMessage", code="AccessDenied")
        forwarding.aws.fault("events:PutEvents", kind="partial", entries=[0], code="InternalFailure")
        assert ops("send", "--all") == 1
        first, second = capsys.readouterr().err.splitlines()
        assert "not done: SendMessage: AccessDenied" in first
        assert "not done: PutEvents: InternalFailure" in second
        assert (there(forwarding), there(forwarding, "forward-1")) == (1, 1)
        assert ops("send", "--all") == 0

    def test_what_aws_quotes_of_an_event_is_not_told(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        text = "Invalid binary character in: +49 170 1234567, jane.doe@example.com"
        forwarding.aws.fault("sqs:SendMessage", code="InvalidMessageContents", message=text)
        assert ops("send", "--all") == 1
        said = capsys.readouterr().err
        assert "InvalidMessageContents: Invalid binary character in: •••, •••" in said
        assert "1234567" not in said

    def test_one_that_was_sent_but_not_deleted_is_said_so(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        forwarding.aws.fault("sqs:DeleteMessage", code="AccessDenied")
        assert ops("send", "--all", "--json") == 1
        told = json.loads(capsys.readouterr().out)
        assert told["sent"] is True
        assert told["problem"].startswith("it was sent, but could not be deleted, and would be sent again: ")
        assert len(taken(forwarding, f"{BUS}-tap")) == 1

    def test_ended_in_the_middle_nothing_is_lost(
        self, forwarding: Both, ops: Ops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            bury(forwarding, body=event(number))
        send, calls = Sender.send, []

        def interrupted(self: Sender, letter: Any) -> None:
            calls.append(letter)
            if len(calls) == 2:
                raise KeyboardInterrupt
            send(self, letter)

        monkeypatch.setattr(Sender, "send", interrupted)
        assert ops("send", "--all") == 130
        assert len(taken(forwarding, f"{BUS}-tap")) == 1
        assert there(forwarding) == 2


class TestDelete:
    def test_only_what_is_named(self, forwarding: Both, ops: Ops, capsys: Any) -> None:
        bury(forwarding)
        wanted = bury(forwarding)
        assert ops("delete", "--id", wanted[:8], "--yes") == 0
        assert capsys.readouterr().out == "1 deleted\n"
        assert there(forwarding) == 1

    def test_all_of_a_queue(self, forwarding: Both, ops: Ops) -> None:
        for name in ("tap", "tap", "forward-1"):
            bury(forwarding, name)
        assert ops("delete", "--queue", "tap", "--all", "--yes") == 0
        assert (there(forwarding), there(forwarding, "forward-1")) == (0, 1)

    def test_nobody_is_asked_where_nobody_is(
        self, forwarding: Both, ops: Ops, capsys: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bury(forwarding)
        monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123
        assert ops("delete", "--all") == 2
        assert "add --yes if that is meant" in capsys.readouterr().err
        assert there(forwarding) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("send",), "say which: --id ID (as list shows it), or --all"),
        (("delete", "--yes"), "say which: --id ID (as list shows it), or --all"),
        (("list", "--queue", "none"), "--queue none: this stack has tap, forward-1"),
    ],
)
def test_what_is_not_said_is_asked_for(ops: Ops, capsys: Any, arguments: tuple[str, ...], told: str) -> None:
    assert ops(*arguments) == 2
    assert told in capsys.readouterr().err


def test_a_short_id_may_be_more_than_one(ops: Ops) -> None:
    with pytest.raises(SystemExit) as ended:
        ops("delete", "--id", "1234567", "--yes")
    assert ended.value.code == 2


def with_target(it: Both, name: str, arn: str, **more: Any) -> Any:
    rules = {**it.stack.outputs["rules"], name: target(it, name, arn, **more)}
    it.stack = replace(it.stack, outputs={**it.stack.outputs, "rules": rules})
    return it.stack


class Hands:
    """An SQS that hands out these answers, and notes what it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)
        self.asked: list[tuple[str, Any]] = []
        self.refuses: set[str] = set()

    def receive_message(self, **_: Any) -> Answer:
        ids = next(self._answers, [])
        return {"Messages": [{"MessageId": id_, "ReceiptHandle": f"receipt-{id_}", "Body": "{}"} for id_ in ids]}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Answer:
        self.asked += [(each["ReceiptHandle"], each["VisibilityTimeout"]) for each in Entries]
        return {"Failed": [each for each in Entries if each["ReceiptHandle"] in self.refuses]}


def test_a_letter_that_comes_back_is_not_handed_out_again() -> None:
    reader = Reader(Hands(["a", "b"], ["b", "a"], ["c"]), "url")  # type: ignore[arg-type]
    assert [letter.id for letter in reader] == ["a", "b", "c"]


def test_it_ends_though_the_same_come_back_for_ever() -> None:
    reader = Reader(Hands(*[["a"]] * 1000), "url")  # type: ignore[arg-type]
    assert [letter.id for letter in reader] == ["a"]


def test_a_letter_is_held_longer_when_those_before_it_take_long_or_left_to_others() -> None:
    now = [0.0]
    hands = Hands(["a", "b", "c"])
    hands.refuses = {"receipt-b"}
    found = []
    for letter in slowly(Reader(hands, "url", lambda: now[0])):  # type: ignore[arg-type]
        found.append(letter.id)
        now[0] += HELD_SECONDS
    assert found == ["a", "c"]
    assert hands.asked == [("receipt-b", HELD_SECONDS), ("receipt-c", HELD_SECONDS)]


def slowly(reader: Reader) -> Iterator[Any]:
    with closing(iter(reader)) as letters:  # type: ignore[type-var]
        yield from letters


def test_what_eventbridge_itself_leaves_there(forwarding: Both, ops: Ops, capsys: Any) -> None:
    """The rule's queue is deleted, an event comes, the queue is there again: the letter goes where it should have."""
    aws, own = forwarding.aws, forwarding.stack.outputs["rules"]["tap"]
    letters = {"DeadLetterConfig": {"Arn": arn_of(f"{BUS}-tap-dead-letters")}}
    aws.client("events").put_targets(
        Rule=own["rule"], EventBusName=BUS, Targets=[{"Id": "tap", "Arn": own["target"], **letters}]
    )
    aws.client("sqs").delete_queue(QueueUrl=aws.client("sqs").get_queue_url(QueueName=f"{BUS}-tap")["QueueUrl"])
    entry = {"Source": SOURCE, "DetailType": TOPIC, "Detail": '{"n": 1}', "EventBusName": BUS, "Resources": ["r"]}
    aws.client("events").put_events(Entries=[entry])
    until(lambda: there(forwarding), "the letter")
    queue(aws, f"{BUS}-tap")
    assert ops("explain", "--queue", "tap") == 0
    assert "  error  NO_RESOURCE: " in capsys.readouterr().out
    assert ops("send", "--queue", "tap", "--all") == 0
    [arrived] = taken(forwarding, f"{BUS}-tap")
    assert (arrived["source"], arrived["detail-type"], arrived["resources"]) == (SOURCE, TOPIC, ["r"])
    assert arrived["detail"] == {"n": 1}
    assert there(forwarding) == 0
