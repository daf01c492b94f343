"""PutEvents as AWS: what it refuses, and what reaches a target."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.aws_sandbox import ACCOUNT, Aws, make_tap, refusal
from tests.support.waiting import until

ENTRY = {"Source": "genesys.com/cloud/x", "DetailType": "t", "Detail": "{}", "EventBusName": "bus"}


@pytest.fixture
def put(aws: Aws) -> Any:
    aws.client("events").create_event_bus(Name="bus")

    def put_one(**changes: Any) -> dict[str, Any]:
        entry = {name: value for name, value in {**ENTRY, **changes}.items() if value is not None}
        answer = aws.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == ("ErrorCode" in answer["Entries"][0])
        return dict(answer["Entries"][0])

    return put_one


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Source": None}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"DetailType": None}, "InvalidArgument", "DetailType is a required argument."),
        ({"Detail": None}, "InvalidArgument", "Detail is a required argument."),
        ({"Detail": "{"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[]"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a": NaN}'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a": 1e999}'}, "MalformedDetail", "Detail is malformed."),
        ({"DetailType": "x" * 129}, "InvalidArgument", "Parameter DetailType is not valid."),
        ({"Source": "aws.partner/x"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
    ],
)
def test_a_wrong_entry_is_refused_by_itself(put: Any, change: dict[str, Any], code: str, message: str) -> None:
    answer = put(**change)
    assert answer["ErrorCode"] == code
    assert message in answer["ErrorMessage"]


def test_the_others_of_a_batch_with_a_wrong_entry_are_taken(aws: Aws, put: Any) -> None:
    take = make_tap(aws, "bus")
    entries = [ENTRY, {**ENTRY, "Detail": "{"}, {**ENTRY, "DetailType": "other"}]
    answer = aws.client("events").put_events(Entries=entries)
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [None, "MalformedDetail", None]
    assert [event["detail-type"] for event in until(take, "events")] == ["t", "other"]


def test_a_detail_type_of_128_characters_is_taken(put: Any) -> None:
    assert "EventId" in put(DetailType="x" * 128)


def test_more_than_ten_entries_are_refused(aws: Aws) -> None:
    said = refusal(aws.client("events").put_events, Entries=[ENTRY] * 11)
    assert said.startswith("ValidationException: 1 validation error detected: Value at 'entries' failed")


def test_the_size_of_all_entries_is_under_a_mebibyte_counted_as_aws_counts(aws: Aws, put: Any) -> None:
    events = aws.client("events")
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    # The time counts 14 bytes, an umlaut two; the name of the bus nothing.
    counted = {"Source": "ä", "DetailType": "t", "Time": moment, "Resources": ["r" * 10], "EventBusName": "bus"}
    overhead = 14 + 2 + 1 + 10
    details = [json.dumps({"a": "x" * (512 * 1024 - overhead - len('{"a": ""}') - shorter)}) for shorter in (0, 1)]
    assert len(details[0]) + overhead == 512 * 1024
    events.put_events(Entries=[{**counted, "Detail": detail} for detail in details])  # one byte less than a mebibyte
    said = refusal(events.put_events, Entries=[{**counted, "Detail": details[0]}] * 2)
    assert said == "ValidationException: Total size of the entries in the request is over the limit."


def test_an_event_for_a_bus_that_does_not_exist_is_taken_and_lost(put: Any) -> None:
    assert "EventId" in put(EventBusName="nowhere")


def test_what_reaches_a_target_is_what_was_put(aws: Aws, put: Any) -> None:
    take = make_tap(aws, "bus")
    detail = {
        "quotes": "\"'\\/",
        "lines": "a\u2028b\u2029c\n\r\t\u0000",
        "accents": "Zürich, naïve, 東京",
        "emoji": "👩‍👩‍👧 \U0001f600",
        "long": 9_223_372_036_854_775_807,
        "short": -9_223_372_036_854_775_808,
        "more": 123_456_789_012_345_678_901,
        "decimal": 0.1,
        "nested": [{"": None, "a": [True, False, []]}],
    }
    event_id = put(
        Detail=json.dumps(detail, ensure_ascii=False),
        DetailType="v2.detail.events.conversation.{id}.acd.start",
        Resources=["genesys-event:0f"],
        Time=datetime(2026, 11, 24, 10, 0, 1, tzinfo=UTC),
    )["EventId"]
    (event,) = until(take, "the event")
    assert event == {
        "version": "0",
        "id": event_id,
        "source": "genesys.com/cloud/x",
        "account": ACCOUNT,
        "region": "us-east-1",
        "time": "2026-11-24T10:00:01Z",
        "detail-type": "v2.detail.events.conversation.{id}.acd.start",
        "resources": ["genesys-event:0f"],
        "detail": detail,
    }


def test_without_a_time_an_event_bears_that_of_its_arrival(aws: Aws, put: Any) -> None:
    take = make_tap(aws, "bus")
    before = datetime.now(UTC).replace(microsecond=0)
    put()
    (event,) = until(take, "the event")
    assert before <= datetime.fromisoformat(event["time"]) <= datetime.now(UTC)
