"""EventBridge's archives: the refusals that AWS gives, and what it tells of one."""

from typing import Any

import httpx
import pytest

from tests.support.aws_sandbox import ACCOUNT, Aws, refusal

EVENTS = f"arn:aws:events:us-east-1:{ACCOUNT}"


@pytest.fixture
def events(aws: Aws) -> Any:
    client = aws.unchecked_client("events")
    client.create_event_bus(Name="b")
    return client


def create(events: Any, name: str = "a", bus: str = "b", **more: Any) -> Any:
    return events.create_archive(ArchiveName=name, EventSourceArn=f"{EVENTS}:event-bus/{bus}", **more)


@pytest.mark.parametrize("name", ["a" * 49, "a b", "a/b"])
def test_names(events: Any, name: str) -> None:
    said = refusal(create, events=events, name=name)
    assert said.startswith(f"ValidationException: 1 validation error detected: Value '{name}' at 'archiveName' failed")


def test_the_longest_name(events: Any) -> None:
    assert create(events, "a" * 48)["ArchiveArn"] == f"{EVENTS}:archive/{'a' * 48}"


def test_retention(events: Any) -> None:
    said = refusal(create, events=events, RetentionDays=-1)
    assert "Value '-1' at 'retentionDays' failed to satisfy constraint" in said
    create(events, RetentionDays=0)
    assert "at 'retentionDays'" in refusal(events.update_archive, ArchiveName="a", RetentionDays=-1)
    events.update_archive(ArchiveName="a", RetentionDays=90)
    assert events.describe_archive(ArchiveName="a")["RetentionDays"] == 90


def test_the_length_of_a_description(events: Any) -> None:
    assert "at 'description' failed" in refusal(create, events=events, Description="d" * 513)


def test_an_archive_needs_its_bus(events: Any) -> None:
    said = refusal(create, events=events, bus="gone")
    assert said == "ResourceNotFoundException: Event bus gone does not exist."
    create(events, bus="default")


def test_a_pattern_is_checked(events: Any) -> None:
    assert refusal(create, events=events, EventPattern='{"source": "a"}').startswith("InvalidEventPatternException: ")


def test_describing_one_tells_no_event(aws: Aws, events: Any) -> None:
    """An SDK leaves out what its model doesn't know, so: on the wire."""
    create(events, RetentionDays=7)
    events.put_events(
        Entries=[{"EventBusName": "b", "Source": "s", "DetailType": "t", "Detail": '{"ani": "+49301234"}'}]
    )
    headers = {"X-Amz-Target": "AWSEvents.DescribeArchive", "Content-Type": "application/x-amz-json-1.1"}
    told = httpx.post(aws.url, json={"ArchiveName": "a"}, headers=headers)
    assert "+49301234" not in told.text
    assert (told.json()["EventCount"], told.json()["State"], told.json()["RetentionDays"]) == (1, "ENABLED", 7)
    assert "Description" not in told.json()
