"""Archives and replays as AWS: what is kept and told, and what is sent again, to whom, in which steps."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.aws_sandbox import ACCOUNT, Aws, make_role, refusal
from tests.support.waiting import until

EVENTS = f"arn:aws:events:us-east-1:{ACCOUNT}"
BUS, OTHER = f"{EVENTS}:event-bus/bus", f"{EVENTS}:event-bus/other"
SOURCE = "genesys.com/cloud/x"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CANARY = "+49 151 canary"

Heard = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def events(aws: Aws) -> Any:
    """EventBridge with a bus, an archive of Genesys Cloud's events on it, and another bus."""
    client = aws.client("events")
    client.create_event_bus(Name="bus")
    client.create_event_bus(Name="other")
    client.create_archive(
        ArchiveName="archive",
        EventSourceArn=BUS,
        EventPattern=json.dumps({"source": [SOURCE]}),
        RetentionDays=7,
        Description="what came",
    )
    return client


@pytest.fixture
def hears(aws: Aws, events: Any) -> Callable[[str], Heard]:
    """Makes a rule for everything, and a queue that it fills; what came since, in the order in which it came."""

    def listen(name: str) -> Heard:
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        events.put_rule(Name=name, EventBusName="bus", EventPattern=json.dumps({"source": [{"prefix": ""}]}))
        queue = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"}
        events.put_targets(Rule=name, EventBusName="bus", Targets=[queue])

        def heard() -> list[dict[str, Any]]:
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in messages]

        return heard

    return listen


def put(events: Any, *minutes: float, source: str = SOURCE, detail: str = f'{{"ani": "{CANARY}"}}') -> None:
    """An event for each of these minutes after noon."""
    entries = [
        {
            "Source": source,
            "DetailType": f"minute {minute}",
            "Detail": detail,
            "EventBusName": "bus",
            "Time": NOON + timedelta(minutes=minute),
        }
        for minute in minutes
    ]
    assert events.put_events(Entries=entries)["FailedEntryCount"] == 0


def start(events: Any, name: str = "again", first: float = 0, last: float = 60, **changes: Any) -> dict[str, Any]:
    wanted = {
        "ReplayName": name,
        "EventSourceArn": f"{EVENTS}:archive/archive",
        "EventStartTime": NOON + timedelta(minutes=first),
        "EventEndTime": NOON + timedelta(minutes=last),
        "Destination": {"Arn": BUS},
        **changes,
    }
    return dict(events.start_replay(**wanted))


def state(events: Any, name: str = "again") -> str:
    return str(events.describe_replay(ReplayName=name)["State"])


def ended(events: Any, name: str = "again") -> dict[str, Any]:
    until(lambda: state(events, name) in ("COMPLETED", "CANCELLED", "FAILED"), f"the end of replay {name}")
    return dict(events.describe_replay(ReplayName=name))


def raw(aws: Aws, operation: str, **body: Any) -> str:
    """The answer as it is on the wire: botocore drops what its model doesn't have."""
    headers = {"X-Amz-Target": f"AWSEvents.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    return httpx.post(aws.url, headers=headers, content=json.dumps(body)).text


class TestArchive:
    def test_says_how_many_events_it_has_and_not_which(self, aws: Aws, events: Any) -> None:
        put(events, 0, 1)
        described = events.describe_archive(ArchiveName="archive")
        for name in ("ResponseMetadata", "CreationTime", "SizeBytes"):
            assert described.pop(name)
        assert described == {
            "ArchiveName": "archive",
            "ArchiveArn": f"{EVENTS}:archive/archive",
            "EventSourceArn": BUS,
            "Description": "what came",
            "EventPattern": json.dumps({"source": [SOURCE]}),
            "State": "ENABLED",
            "RetentionDays": 7,
            "EventCount": 2,
        }
        for answer in (raw(aws, "DescribeArchive", ArchiveName="archive"), raw(aws, "ListArchives")):
            assert '"EventCount": 2' in answer
            assert "canary" not in answer

    def test_counts_bytes_as_aws_was_recorded(self, events: Any) -> None:
        events.create_archive(ArchiveName="all", EventSourceArn=BUS)
        command = "core.update-account-command"
        detail = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}
        entry = {"Source": command, "DetailType": command, "Detail": json.dumps(detail), "EventBusName": "bus"}
        events.put_events(Entries=[entry] * 10)
        [listed] = events.list_archives(NamePrefix="all")["Archives"]
        assert (listed["EventCount"], listed["SizeBytes"]) == (10, 1590)

    def test_keeps_what_its_pattern_matches_and_only_of_its_bus(self, events: Any) -> None:
        put(events, 0)
        put(events, 0, source="genesys-pulumi.ops")
        entry = {"Source": SOURCE, "DetailType": "t", "Detail": "{}", "EventBusName": "other"}
        events.put_events(Entries=[entry])
        assert events.describe_archive(ArchiveName="archive")["EventCount"] == 1

    def test_an_event_arrives_after_the_lag(self, aws: Aws, events: Any, hears: Callable[[str], Heard]) -> None:
        aws.door("POST", "aws/archive-lag", {"seconds": 600})
        put(events, 0)
        heard = hears("tap")
        assert events.describe_archive(ArchiveName="archive")["EventCount"] == 0
        start(events, "early")
        assert ended(events, "early")["State"] == "COMPLETED"
        assert heard() == []
        aws.door("POST", "aws/archive-lag", {"seconds": 0})
        assert events.describe_archive(ArchiveName="archive")["EventCount"] == 1
        start(events, "late")
        [event] = until(heard, "the event")
        assert event["replay-name"] == "late"

    def test_one_that_does_not_exist(self, events: Any) -> None:
        said = refusal(events.describe_archive, ArchiveName="none")
        assert said == "ResourceNotFoundException: Archive none does not exist."


class TestReplay:
    def test_is_the_event_again_with_the_replays_name(self, events: Any, hears: Callable[[str], Heard]) -> None:
        heard = hears("tap")
        put(events, 5)
        [first] = until(heard, "the event")
        answer = start(events, Description="for the consumer")
        assert (answer["State"], answer["ReplayArn"]) == ("STARTING", f"{EVENTS}:replay/again")
        [again] = until(heard, "the event again")
        assert again == {**first, "replay-name": "again"}
        replay = ended(events)
        assert replay["ReplayStartTime"] == answer["ReplayStartTime"] <= replay["ReplayEndTime"]
        assert replay["EventLastReplayedTime"] == NOON + timedelta(minutes=5)
        assert (replay["Destination"], replay["Description"]) == ({"Arn": BUS}, "for the consumer")

    def test_goes_to_the_rules_that_are_named_only(self, events: Any, hears: Callable[[str], Heard]) -> None:
        put(events, 0, 1)
        wanted, other = hears("wanted"), hears("other")
        start(events, Destination={"Arn": BUS, "FilterArns": [f"{EVENTS}:rule/bus/wanted"]})
        assert ended(events)["State"] == "COMPLETED"
        assert [event["detail-type"] for event in until(wanted, "events")] == ["minute 0", "minute 1"]
        assert other() == []

    def test_goes_to_no_rule_that_is_disabled_or_does_not_match(
        self, events: Any, hears: Callable[[str], Heard]
    ) -> None:
        put(events, 0)
        heard = [hears("off"), hears("others")]
        events.disable_rule(Name="off", EventBusName="bus")
        events.put_rule(Name="others", EventBusName="bus", EventPattern=json.dumps({"source": ["others"]}))
        rules = [f"{EVENTS}:rule/bus/off", f"{EVENTS}:rule/bus/others", f"{EVENTS}:rule/bus/none"]
        start(events, Destination={"Arn": BUS, "FilterArns": rules})
        assert ended(events)["State"] == "COMPLETED"
        assert [each() for each in heard] == [[], []]

    def test_goes_by_the_time_of_the_event(self, events: Any, hears: Callable[[str], Heard]) -> None:
        put(events, 9, 10, 15, 20)
        heard = hears("tap")
        start(events, first=10, last=20)
        assert ended(events)["EventLastReplayedTime"] == NOON + timedelta(minutes=15)
        assert [event["detail-type"] for event in until(heard, "events")] == ["minute 10", "minute 15"]

    def test_goes_minute_by_minute(self, events: Any, hears: Callable[[str], Heard]) -> None:
        put(events, 3, 1, 2)
        heard = hears("tap")
        start(events)
        ended(events)
        assert [event["detail-type"] for event in heard()] == ["minute 1", "minute 2", "minute 3"]

    def test_is_not_archived_again(self, aws: Aws, events: Any, hears: Callable[[str], Heard]) -> None:
        put(events, 0)
        events.create_archive(ArchiveName="all", EventSourceArn=BUS)
        events.create_archive(ArchiveName="others", EventSourceArn=OTHER)
        events.put_rule(Name="on", EventBusName="bus", EventPattern=json.dumps({"replay-name": [{"exists": True}]}))
        role = make_role(aws, "forward")
        events.put_targets(Rule="on", EventBusName="bus", Targets=[{"Id": "bus", "Arn": OTHER, "RoleArn": role}])
        heard = hears("tap")
        start(events)
        ended(events)
        assert until(heard, "the event")
        counts = {each["ArchiveName"]: each["EventCount"] for each in events.list_archives()["Archives"]}
        assert counts == {"archive": 1, "all": 0, "others": 0}

    def test_one_of_nothing_ends_without_a_last_time(self, events: Any) -> None:
        start(events)
        replay = ended(events)
        assert replay["State"] == "COMPLETED"
        assert "EventLastReplayedTime" not in replay


class TestProgress:
    def test_step_by_step(self, aws: Aws, events: Any, hears: Callable[[str], Heard]) -> None:
        put(events, 1, 1.5, 2)
        aws.door("POST", "aws/replay-steps", {"steps": 0})
        start(events)
        assert state(events) == "STARTING"
        aws.door("POST", "aws/replay-steps", {"steps": 1})
        until(lambda: state(events) == "RUNNING", "RUNNING")
        assert "EventLastReplayedTime" not in events.describe_replay(ReplayName="again")
        aws.door("POST", "aws/replay-steps", {"steps": 1})
        half = timedelta(minutes=1.5)
        until(lambda: last(events) == NOON + half, "the first minute")
        assert state(events) == "RUNNING"
        aws.door("POST", "aws/replay-steps", {"steps": None})
        replay = ended(events)
        assert (replay["State"], last(events)) == ("COMPLETED", NOON + timedelta(minutes=2))

    def test_cancelled_on_its_way_it_sends_no_more(self, aws: Aws, events: Any, hears: Callable[[str], Heard]) -> None:
        put(events, 1, 2, 3)
        heard = hears("tap")
        aws.door("POST", "aws/replay-steps", {"steps": 2})
        start(events)
        until(lambda: last(events) == NOON + timedelta(minutes=1), "the first minute")
        answer = events.cancel_replay(ReplayName="again")
        assert (answer["State"], answer["ReplayArn"]) == ("CANCELLING", f"{EVENTS}:replay/again")
        assert state(events) == "CANCELLING"
        aws.door("POST", "aws/replay-steps", {"steps": None})
        replay = ended(events)
        assert (replay["State"], last(events)) == ("CANCELLED", NOON + timedelta(minutes=1))
        assert replay["ReplayEndTime"]
        assert [event["detail-type"] for event in heard()] == ["minute 1"]

    def test_cancelled_before_it_begins(self, aws: Aws, events: Any) -> None:
        put(events, 1)
        aws.door("POST", "aws/replay-steps", {"steps": 0})
        start(events)
        events.cancel_replay(ReplayName="again")
        aws.door("POST", "aws/replay-steps", {"steps": None})
        replay = ended(events)
        assert (replay["State"], replay.get("EventLastReplayedTime")) == ("CANCELLED", None)

    def test_what_has_ended_cannot_be_cancelled(self, events: Any) -> None:
        start(events)
        ended(events)
        said = refusal(events.cancel_replay, ReplayName="again")
        assert said == "IllegalStatusException: Replay again is not in a valid state for this operation."

    def test_are_listed(self, aws: Aws, events: Any) -> None:
        aws.door("POST", "aws/replay-steps", {"steps": 0})
        for name in ("b", "a", "c-1"):
            start(events, name)
        events.cancel_replay(ReplayName="b")

        def names(**wanted: Any) -> list[str]:
            return [replay["ReplayName"] for replay in events.list_replays(**wanted)["Replays"]]

        assert names() == ["a", "b", "c-1"]
        assert names(State="STARTING") == ["a", "c-1"]
        assert names(NamePrefix="c") == ["c-1"]
        assert names(EventSourceArn=f"{EVENTS}:archive/archive") == ["a", "b", "c-1"]
        first = events.list_replays(Limit=2)
        assert names(NextToken=first["NextToken"]) == ["c-1"]
        assert set(first["Replays"][0]) == {
            *("ReplayName", "EventSourceArn", "State", "EventStartTime", "EventEndTime", "ReplayStartTime")
        }
        said = refusal(events.list_replays, NamePrefix="a", State="STARTING")
        assert said == (
            "ValidationException: At most one filter is allowed for ListReplays."
            " Use either : State, EventSourceArn, or NamePrefix."
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (
                {"EventSourceArn": f"{EVENTS}:archive/none"},
                "ValidationException: Parameter EventSourceArn is not valid. Reason: Archive none does not exist.",
            ),
            (
                {"Destination": {"Arn": OTHER}},
                "ValidationException: Parameter Destination.Arn is not valid."
                " Reason: Cross event bus replay is not permitted.",
            ),
            (
                {"Destination": {"Arn": f"{EVENTS}:event-bus/none"}},
                "ResourceNotFoundException: Event bus none does not exist.",
            ),
            (
                {"Destination": {"Arn": "bus"}},
                "ValidationException: Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.",
            ),
            (
                {"EventEndTime": NOON},
                "ValidationException: Parameter EventEndTime is not valid."
                " Reason: EventStartTime must be before EventEndTime.",
            ),
            (
                {"EventEndTime": NOON - timedelta(minutes=10)},
                "ValidationException: Parameter EventEndTime is not valid."
                " Reason: EventStartTime must be before EventEndTime.",
            ),
            (
                {"ReplayName": "a b"},
                "ValidationException: 1 validation error detected: Value 'a b' at 'replayName' failed to satisfy"
                r" constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
            ),
        ],
    )
    def test_start(self, events: Any, change: dict[str, Any], said: str) -> None:
        assert refusal(lambda **changes: start(events, **changes), **change) == said
        assert events.list_replays()["Replays"] == []

    def test_a_name_is_taken_once(self, events: Any) -> None:
        start(events)
        ended(events)
        said = refusal(lambda: start(events))
        assert said == "ResourceAlreadyExistsException: Replay again already exists."

    def test_ten_at_once(self, aws: Aws, events: Any) -> None:
        aws.door("POST", "aws/replay-steps", {"steps": 0})
        for number in range(10):
            start(events, f"r{number}")
        assert refusal(lambda: start(events, "more")).startswith("LimitExceededException: ")
        aws.door("POST", "aws/replay-steps", {"steps": None})
        ended(events, "r0")
        start(events, "more")

    @pytest.mark.parametrize("operation", ["describe_replay", "cancel_replay"])
    def test_one_that_does_not_exist(self, events: Any, operation: str) -> None:
        said = refusal(getattr(events, operation), ReplayName="none")
        assert said == "ResourceNotFoundException: Replay none does not exist."


def last(events: Any) -> datetime | None:
    found: datetime | None = events.describe_replay(ReplayName="again").get("EventLastReplayedTime")
    return found
