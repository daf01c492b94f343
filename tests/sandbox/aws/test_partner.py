"""Partner event sources: a SaaS partner offers one, the customer makes its bus, and events go to the bus's rules."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest

from tests.support.aws_sandbox import ACCOUNT, Aws, make_role, make_tap, receiving, refusal
from tests.support.waiting import until

SOURCE = "aws.partner/genesys.com/cloud/3f1a/pulumi"
OTHER = "aws.partner/genesys.com/cloud/3f1a/other"
SOURCE_ARN = f"arn:aws:events:us-east-1::event-source/{SOURCE}"
BUS_ARN = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{SOURCE}"
RULE_ARN = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{SOURCE}/r"
PATTERN = '{"source": [{"prefix": "aws.partner/genesys.com"}]}'
ENTRY = {"Source": SOURCE, "DetailType": "v2.users.{id}.presence", "Detail": '{"a": 1}'}
GONE = f"ResourceNotFoundException: Event source {SOURCE} does not exist."


@pytest.fixture
def events(aws: Aws) -> Any:
    return aws.client("events")


@pytest.fixture
def pending(events: Any) -> str:
    arn = events.create_partner_event_source(Name=SOURCE, Account=ACCOUNT)["EventSourceArn"]
    assert arn == SOURCE_ARN
    return SOURCE


@pytest.fixture
def active(events: Any, pending: str) -> str:
    assert events.create_event_bus(Name=pending, EventSourceName=pending)["EventBusArn"] == BUS_ARN
    return pending


def state(events: Any, name: str = SOURCE) -> str:
    return str(events.describe_event_source(Name=name)["State"])


def put(events: Any, **changes: Any) -> dict[str, Any]:
    entry = {name: value for name, value in {**ENTRY, **changes}.items() if value is not None}
    answer = events.put_partner_events(Entries=[entry])
    assert answer["FailedEntryCount"] == ("ErrorCode" in answer["Entries"][0])
    return dict(answer["Entries"][0])


def other_client(aws: Aws, key: str = "test", region: str = "us-east-1") -> Any:
    """Of another account, if the key is its number, or of another region."""
    return boto3.client(
        "events", region_name=region, endpoint_url=aws.url, aws_access_key_id=key, aws_secret_access_key="test"
    )


class TestStates:
    def test_pending_until_it_has_its_bus_and_again_when_the_bus_goes(self, events: Any, pending: str) -> None:
        source = events.describe_event_source(Name=pending)
        del source["ResponseMetadata"]
        assert source == {
            "Arn": SOURCE_ARN,
            "CreatedBy": "genesys.com",
            "CreationTime": source["CreationTime"],
            "ExpirationTime": source["ExpirationTime"],
            "Name": pending,
            "State": "PENDING",
        }
        assert abs(datetime.now(UTC) - source["CreationTime"]) < timedelta(minutes=1)
        two_weeks = source["ExpirationTime"] - source["CreationTime"]
        assert abs(two_weeks - timedelta(days=14)) < timedelta(seconds=1)

        events.create_event_bus(Name=pending, EventSourceName=pending)
        source = events.describe_event_source(Name=pending)
        assert (source["State"], "ExpirationTime" in source) == ("ACTIVE", False)

        events.delete_event_bus(Name=pending)
        source = events.describe_event_source(Name=pending)
        assert (source["State"], "ExpirationTime" in source) == ("PENDING", True)
        events.create_event_bus(Name=pending, EventSourceName=pending)
        assert state(events) == "ACTIVE"

    def test_deleted_by_the_partner_it_is_shown_until_its_bus_goes(self, events: Any, active: str) -> None:
        events.delete_partner_event_source(Name=active, Account=ACCOUNT)
        assert state(events) == "DELETED"
        assert refusal(events.describe_partner_event_source, Name=active) == GONE
        assert events.list_partner_event_sources(NamePrefix="aws.partner/genesys.com/")["PartnerEventSources"] == []
        assert events.describe_event_bus(Name=active)["Arn"] == BUS_ARN
        events.delete_event_bus(Name=active)
        assert refusal(events.describe_event_source, Name=active) == GONE

    def test_made_again_after_that_it_waits_for_the_customer(self, events: Any, active: str) -> None:
        """So that a bus with its rules doesn't come back to life by itself."""
        events.delete_partner_event_source(Name=active, Account=ACCOUNT)
        events.create_partner_event_source(Name=active, Account=ACCOUNT)
        assert state(events) == "PENDING"
        events.activate_event_source(Name=active)
        assert state(events) == "ACTIVE"

    def test_deleted_while_pending_it_is_gone(self, events: Any, pending: str) -> None:
        events.delete_partner_event_source(Name=pending, Account=ACCOUNT)
        assert refusal(events.describe_event_source, Name=pending) == GONE

    def test_the_customer_deactivates_and_activates_it(self, events: Any, active: str) -> None:
        events.deactivate_event_source(Name=active)
        source = events.describe_event_source(Name=active)
        assert (source["State"], "ExpirationTime" in source) == ("PENDING", True)
        said = refusal(events.deactivate_event_source, Name=active)
        assert said == f"InvalidStateException: Event source {active} is PENDING, not ACTIVE."
        events.activate_event_source(Name=active)
        assert state(events) == "ACTIVE"
        said = refusal(events.activate_event_source, Name=active)
        assert said == f"InvalidStateException: Event source {active} is ACTIVE, not PENDING."

    def test_without_a_bus_it_cannot_be_activated(self, events: Any, pending: str) -> None:
        said = refusal(events.activate_event_source, Name=pending)
        assert said == (f"ResourceNotFoundException: Event source {pending} or event bus {pending} does not exist.")

    def test_a_deleted_one_cannot_be_activated(self, events: Any, active: str) -> None:
        events.delete_partner_event_source(Name=active, Account=ACCOUNT)
        said = refusal(events.activate_event_source, Name=active)
        assert said == f"InvalidStateException: Event source {active} is DELETED, not PENDING."


class TestExpiry:
    def test_a_pending_one_that_expires_is_gone(self, aws: Aws, events: Any, pending: str) -> None:
        assert aws.door("POST", "aws/partner-sources/expire", {"name": pending}) == []
        assert refusal(events.describe_event_source, Name=pending) == GONE
        assert refusal(events.describe_partner_event_source, Name=pending) == GONE
        assert refusal(events.create_event_bus, Name=pending, EventSourceName=pending) == GONE
        assert put(events)["ErrorCode"] == "ResourceNotFoundException"
        events.create_partner_event_source(Name=pending, Account=ACCOUNT)
        assert state(events) == "PENDING"

    def test_a_deactivated_one_that_expires_is_deleted(self, aws: Aws, events: Any, active: str) -> None:
        events.deactivate_event_source(Name=active)
        aws.door("POST", "aws/partner-sources/expire", {"name": active})
        assert state(events) == "DELETED"

    def test_an_active_one_does_not(self, aws: Aws, events: Any, active: str) -> None:
        for name, status in [(active, 400), (OTHER, 404)]:
            answer = httpx.post(f"{aws.url}/_sandbox/aws/partner-sources/expire", json={"name": name})
            assert answer.status_code == status
        assert state(events) == "ACTIVE"


class TestWhoSeesIt:
    def test_the_partner(self, events: Any, pending: str) -> None:
        events.create_partner_event_source(Name=OTHER, Account=ACCOUNT)
        assert events.describe_partner_event_source(Name=pending)["Arn"] == SOURCE_ARN
        [account] = events.list_partner_event_source_accounts(EventSourceName=pending)["PartnerEventSourceAccounts"]
        described = events.describe_event_source(Name=pending)
        assert account == {
            "Account": ACCOUNT,
            **{name: described[name] for name in ("CreationTime", "ExpirationTime", "State")},
        }
        listed = events.list_partner_event_sources(NamePrefix="aws.partner/genesys.com/")["PartnerEventSources"]
        assert [source["Name"] for source in listed] == [OTHER, pending]

    def test_the_customer_page_by_page(self, events: Any, pending: str) -> None:
        events.create_partner_event_source(Name=OTHER, Account=ACCOUNT)
        events.create_partner_event_source(Name="aws.partner/auth0.com/a/b", Account=ACCOUNT)
        first = events.list_event_sources(NamePrefix="aws.partner/genesys.com", Limit=1)
        assert [source["Name"] for source in first["EventSources"]] == [OTHER]
        second = events.list_event_sources(NamePrefix="aws.partner/genesys.com", Limit=1, NextToken=first["NextToken"])
        assert [source["Name"] for source in second["EventSources"]] == [pending]
        assert "NextToken" not in second
        assert len(events.list_event_sources()["EventSources"]) == 3
        assert refusal(events.list_event_sources, NextToken="?").startswith("InvalidToken: ")

    def test_no_other_account_and_no_other_region(self, aws: Aws, events: Any) -> None:
        events.create_partner_event_source(Name=SOURCE, Account="111111111111")
        other_client(aws, region="eu-west-1").create_partner_event_source(Name=OTHER, Account=ACCOUNT)
        assert events.list_event_sources()["EventSources"] == []
        assert refusal(events.describe_event_source, Name=SOURCE) == GONE
        assert refusal(events.create_event_bus, Name=SOURCE, EventSourceName=SOURCE) == GONE
        assert put(events, Source=OTHER)["ErrorCode"] == "ResourceNotFoundException"
        assert state(other_client(aws, "111111111111")) == "PENDING"
        [source] = other_client(aws, region="eu-west-1").list_event_sources()["EventSources"]
        assert source["Arn"] == f"arn:aws:events:eu-west-1::event-source/{OTHER}"

    def test_the_test_door(self, aws: Aws, events: Any, active: str) -> None:
        events.create_partner_event_source(Name=OTHER, Account="111111111111")
        [hidden, shown] = aws.door("GET", "aws/partner-sources")
        assert (hidden["name"], hidden["account"], hidden["state"]) == (OTHER, "111111111111", "PENDING")
        assert shown == {
            "name": active,
            "account": ACCOUNT,
            "region": "us-east-1",
            "state": "ACTIVE",
            "created": shown["created"],
            "expires": None,
        }
        existing = aws.door("GET", "aws/resources")
        assert (existing["buses"], existing["partnerSources"]) == ([active], [active])
        aws.door("POST", "reset", {})
        assert aws.door("GET", "aws/partner-sources") == []


class TestRefusals:
    @pytest.mark.parametrize("name", ["genesys.com/cloud/x", "aws.partner/genesys.com", "aws.partner/a b/c"])
    def test_names_of_sources(self, events: Any, name: str) -> None:
        pattern = r"Member must satisfy regular expression pattern: aws\.partner(/[\.\-_A-Za-z0-9]+){2,}"
        for call, member, more in [
            (events.create_partner_event_source, "name", {"Account": ACCOUNT}),
            (events.delete_partner_event_source, "name", {"Account": ACCOUNT}),
            (events.describe_partner_event_source, "name", {}),
            (events.describe_event_source, "name", {}),
            (events.activate_event_source, "name", {}),
            (events.deactivate_event_source, "name", {}),
            (events.list_partner_event_source_accounts, "eventSourceName", {}),
        ]:
            key = "EventSourceName" if member == "eventSourceName" else "Name"
            assert refusal(call, **{key: name, **more}) == (
                f"ValidationException: 1 validation error detected: Value '{name}' at '{member}'"
                f" failed to satisfy constraint: {pattern}"
            )

    def test_accounts_are_twelve_digits(self, events: Any) -> None:
        said = refusal(events.create_partner_event_source, Name=SOURCE, Account="12345678901x")
        assert said.startswith("ValidationException: 1 validation error detected: Value '12345678901x' at 'account'")

    def test_a_name_is_taken_once_whoever_it_is_for(self, events: Any, pending: str) -> None:
        for account in (ACCOUNT, "111111111111"):
            said = refusal(events.create_partner_event_source, Name=pending, Account=account)
            assert said == f"ResourceAlreadyExistsException: Event source {pending} already exists."

    def test_to_delete_what_does_not_exist_is_no_error(self, events: Any, active: str) -> None:
        events.delete_partner_event_source(Name=OTHER, Account=ACCOUNT)
        events.delete_partner_event_source(Name=active, Account="111111111111")
        assert state(events) == "ACTIVE"

    def test_what_does_not_exist(self, events: Any) -> None:
        assert refusal(events.describe_event_source, Name=SOURCE) == GONE
        assert refusal(events.describe_partner_event_source, Name=SOURCE) == GONE
        assert refusal(events.list_partner_event_source_accounts, EventSourceName=SOURCE) == GONE
        assert refusal(events.deactivate_event_source, Name=SOURCE) == GONE
        assert "does not exist" in refusal(events.activate_event_source, Name=SOURCE)


class TestItsBus:
    def test_needs_the_source(self, events: Any) -> None:
        assert refusal(events.create_event_bus, Name=SOURCE, EventSourceName=SOURCE) == GONE
        assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default"]

    def test_is_made_once(self, events: Any, active: str) -> None:
        said = refusal(events.create_event_bus, Name=active, EventSourceName=active)
        assert said.startswith("ResourceAlreadyExistsException: ")
        events.deactivate_event_source(Name=active)
        said = refusal(events.create_event_bus, Name=active, EventSourceName=active)
        assert said.startswith("ResourceAlreadyExistsException: ")
        assert state(events) == "PENDING"

    def test_bears_the_name_of_the_source(self, events: Any, pending: str) -> None:
        for name in ("genesys", OTHER):
            said = refusal(events.create_event_bus, Name=name, EventSourceName=pending)
            assert said.startswith("ValidationException: Parameter Name is not valid.")
        assert state(events) == "PENDING"

    def test_is_not_made_without_it(self, events: Any, pending: str) -> None:
        for name in (pending, "aws.mine"):
            said = refusal(events.create_event_bus, Name=name)
            assert said == "ValidationException: EventBus name starting with 'aws.' is not valid."
        assert refusal(events.create_event_bus, Name="a/b") == (
            "ValidationException: Event bus name must not contain '/'."
        )
        said = refusal(events.create_event_bus, Name="a/b", EventSourceName="a/b")
        assert "Value 'a/b' at 'eventSourceName' failed to satisfy constraint" in said

    def test_with_rules_is_not_deleted(self, events: Any, active: str) -> None:
        events.put_rule(Name="r", EventBusName=active, EventPattern=PATTERN)
        said = refusal(events.delete_event_bus, Name=active)
        assert said == "ValidationException: EventBus can't be deleted since it has rules."
        assert state(events) == "ACTIVE"

    def test_has_rules_like_any_other(self, events: Any, active: str) -> None:
        tags = [{"Key": "app", "Value": "x"}]
        assert events.put_rule(Name="r", EventBusName=active, EventPattern=PATTERN, Tags=tags)["RuleArn"] == RULE_ARN
        described = events.describe_rule(Name="r", EventBusName=active)
        assert (described["Arn"], described["EventBusName"]) == (RULE_ARN, active)
        assert [rule["Arn"] for rule in events.list_rules(EventBusName=active)["Rules"]] == [RULE_ARN]
        assert events.list_rules()["Rules"] == []

        assert events.list_tags_for_resource(ResourceARN=RULE_ARN)["Tags"] == tags
        events.tag_resource(ResourceARN=RULE_ARN, Tags=[{"Key": "b", "Value": "y"}])
        events.untag_resource(ResourceARN=RULE_ARN, TagKeys=["app"])
        assert events.list_tags_for_resource(ResourceARN=RULE_ARN)["Tags"] == [{"Key": "b", "Value": "y"}]
        events.tag_resource(ResourceARN=BUS_ARN, Tags=tags)
        assert events.list_tags_for_resource(ResourceARN=BUS_ARN)["Tags"] == tags

        queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
        events.put_targets(Rule="r", EventBusName=active, Targets=[{"Id": "q", "Arn": queue}])
        assert events.list_rule_names_by_target(TargetArn=queue, EventBusName=active)["RuleNames"] == ["r"]
        said = refusal(events.delete_rule, Name="r", EventBusName=active)
        assert said == "ValidationException: Rule can't be deleted since it has targets."
        events.remove_targets(Rule="r", EventBusName=active, Ids=["q"])
        events.delete_rule(Name="r", EventBusName=active)
        assert refusal(events.list_tags_for_resource, ResourceARN=RULE_ARN).startswith("ResourceNotFoundException")
        events.delete_event_bus(Name=active)

    def test_has_no_schedule(self, events: Any, active: str) -> None:
        said = refusal(events.put_rule, Name="r", EventBusName=active, ScheduleExpression="rate(1 minute)")
        assert said == "ValidationException: ScheduleExpression is supported only on the default event bus."

    @pytest.mark.parametrize("bus", [SOURCE, BUS_ARN])
    def test_takes_nothing_of_the_customer(self, events: Any, active: str, bus: str) -> None:
        entries = [{**ENTRY, "Source": "mine"}, {**ENTRY, "Source": "mine", "EventBusName": bus}]
        said = refusal(events.put_events, Entries=entries)
        assert said.startswith(f"ValidationException: 1 validation error detected: Value '{bus}' at 'entries.2.member")

    def test_and_of_nobody_else(self, events: Any, active: str) -> None:
        said = refusal(
            events.put_permission,
            EventBusName=active,
            Action="events:PutEvents",
            Principal="111111111111",
            StatementId="s",
        )
        assert said.startswith(f"ValidationException: 1 validation error detected: Value '{active}' at 'eventBusName'")
        said = refusal(events.remove_permission, EventBusName=active, StatementId="s")
        assert said.startswith(f"ValidationException: 1 validation error detected: Value '{active}' at 'eventBusName'")


class TestEvents:
    def test_reach_the_rules_of_the_bus(self, aws: Aws, events: Any, active: str) -> None:
        take = make_tap(aws, active, json.loads(PATTERN))
        answer = put(
            events,
            Detail='{"a": {"b": [1, "ä"]}}',
            Resources=["genesys-event:0f"],
            Time=datetime(2026, 11, 24, 10, 0, 1, tzinfo=UTC),
        )
        [event] = until(take, "the event")
        assert event == {
            "version": "0",
            "id": answer["EventId"],
            "source": active,
            "account": ACCOUNT,
            "region": "us-east-1",
            "time": "2026-11-24T10:00:01Z",
            "detail-type": "v2.users.{id}.presence",
            "resources": ["genesys-event:0f"],
            "detail": {"a": {"b": [1, "ä"]}},
        }

    def test_reach_no_rule_of_another_bus(self, aws: Aws, events: Any, active: str) -> None:
        take_default = make_tap(aws, "default")
        put(events)
        assert take_default() == []

    def test_a_rule_that_does_not_match_gets_none(self, aws: Aws, events: Any, active: str) -> None:
        take = make_tap(aws, active, {"detail-type": ["v2.users.{id}.presence"]})
        put(events, DetailType="v2.users.{id}.activity")
        put(events)
        assert [event["detail-type"] for event in until(take, "the event")] == ["v2.users.{id}.presence"]

    @pytest.mark.parametrize("how", ["no bus", "deactivated", "made again"])
    def test_while_pending_are_taken_and_dropped(self, aws: Aws, events: Any, pending: str, how: str) -> None:
        if how == "no bus":
            dropped = put(events)
        events.create_event_bus(Name=pending, EventSourceName=pending)
        take = make_tap(aws, pending)
        if how == "deactivated":
            events.deactivate_event_source(Name=pending)
            dropped = put(events)
            events.activate_event_source(Name=pending)
        elif how == "made again":
            events.delete_partner_event_source(Name=pending, Account=ACCOUNT)
            events.create_partner_event_source(Name=pending, Account=ACCOUNT)
            dropped = put(events)
            events.activate_event_source(Name=pending)
        arrived = put(events)
        assert dropped["EventId"]
        assert [event["id"] for event in until(take, "the event")] == [arrived["EventId"]]

    def test_of_no_source_are_refused_one_by_one(self, aws: Aws, events: Any, active: str) -> None:
        take = make_tap(aws, active)
        events.create_partner_event_source(Name=OTHER, Account=ACCOUNT)
        events.create_event_bus(Name=OTHER, EventSourceName=OTHER)
        events.delete_partner_event_source(Name=OTHER, Account=ACCOUNT)
        nowhere = "aws.partner/genesys.com/cloud/3f1a/nowhere"
        answer = events.put_partner_events(
            Entries=[{**ENTRY, "Source": nowhere}, ENTRY, {**ENTRY, "Source": OTHER}, {**ENTRY, "Detail": "{"}]
        )
        assert answer["FailedEntryCount"] == 3
        assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
            "ResourceNotFoundException",
            None,
            "ResourceNotFoundException",
            "MalformedDetail",
        ]
        assert answer["Entries"][0]["ErrorMessage"] == f"Event source {nowhere} does not exist."
        assert len(until(take, "the event")) == 1

    def test_twenty_at_most_and_from_partners_only(self, events: Any, active: str) -> None:
        assert events.put_partner_events(Entries=[ENTRY] * 20)["FailedEntryCount"] == 0
        said = refusal(events.put_partner_events, Entries=[ENTRY] * 21)
        assert said.startswith("ValidationException: 1 validation error detected: Value at 'entries' failed")
        said = refusal(events.put_partner_events, Entries=[ENTRY, {**ENTRY, "Source": "mine"}])
        assert said.startswith(
            "ValidationException: 1 validation error detected: Value 'mine' at 'entries.2.member.source' failed"
        )

    def test_some_fail_on_order(self, aws: Aws, events: Any, active: str) -> None:
        aws.fault("events:PutPartnerEvents", kind="partial", entries=[1], code="InternalException")
        entries = [ENTRY, {**ENTRY, "DetailType": "second"}]
        answer = events.put_partner_events(Entries=entries)
        assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [None, "InternalException"]
        assert events.put_partner_events(Entries=entries)["FailedEntryCount"] == 0

    def test_are_tried_again_at_an_api_destination(self, aws: Aws, events: Any, active: str) -> None:
        connection = events.create_connection(
            Name="c",
            AuthorizationType="API_KEY",
            AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "the-key"}},
        )
        aws.door("POST", "aws/retry-scale", {"factor": 0.001})
        with receiving() as receiver:
            receiver.answers = [503, 429]
            destination = events.create_api_destination(
                Name="d",
                ConnectionArn=connection["ConnectionArn"],
                InvocationEndpoint=receiver.url,
                HttpMethod="POST",
            )
            events.put_rule(Name="r", EventBusName=active, EventPattern=PATTERN)
            events.put_targets(
                Rule="r",
                EventBusName=active,
                Targets=[{"Id": "d", "Arn": destination["ApiDestinationArn"], "RoleArn": make_role(aws)}],
            )
            put(events)
            until(lambda: len(aws.calls("events:InvokeApiDestination")) == 3, "the delivery")
        bodies = [json.loads(body) for _, _, body in receiver.requests]
        assert [body["source"] for body in bodies] == [active] * 3
        assert {call.get("source") for call in aws.calls("sts:AssumeRole")} == {RULE_ARN}

    def test_are_archived_and_replayed(self, aws: Aws, events: Any, active: str) -> None:
        archive = events.create_archive(ArchiveName="a", EventSourceArn=BUS_ARN, EventPattern=PATTERN)
        put(events)
        assert events.describe_archive(ArchiveName="a")["EventCount"] == 1
        take = make_tap(aws, active)
        now = datetime.now(UTC)
        events.start_replay(
            ReplayName="again",
            EventSourceArn=archive["ArchiveArn"],
            EventStartTime=now - timedelta(hours=1),
            EventEndTime=now + timedelta(hours=1),
            Destination={"Arn": BUS_ARN},
        )
        [event] = until(take, "the event")
        assert (event["source"], event["replay-name"]) == (active, "again")


class TestOnTheWire:
    @pytest.fixture
    def partner(self, aws: Aws) -> Iterator[Any]:
        """Calls as Genesys Cloud makes them: unsigned."""
        with httpx.Client(base_url=aws.url) as http:

            def call(operation: str, **body: Any) -> httpx.Response:
                headers = {"X-Amz-Target": f"AWSEvents.{operation}", "Content-Type": "application/x-amz-json-1.1"}
                return http.post("/", headers=headers, content=json.dumps(body))

            yield call

    def test_the_partner_needs_no_signature_and_is_recorded_by_its_name(
        self, aws: Aws, events: Any, partner: Any
    ) -> None:
        assert partner("CreatePartnerEventSource", Name=SOURCE, Account=ACCOUNT).json() == {
            "EventSourceArn": SOURCE_ARN
        }
        events.create_event_bus(Name=SOURCE, EventSourceName=SOURCE)
        partner("ListPartnerEventSourceAccounts", EventSourceName=SOURCE)
        partner("PutPartnerEvents", Entries=[ENTRY])
        partner("DeletePartnerEventSource", Name=SOURCE, Account=ACCOUNT)
        missing = partner("DescribePartnerEventSource", Name=SOURCE)
        assert missing.status_code == 400
        assert missing.json()["__type"] == "ResourceNotFoundException"
        events.describe_event_source(Name=SOURCE)
        calls = [(call["operation"], call["principal"], call["resource"]) for call in aws.calls()]
        assert calls == [
            ("events:CreatePartnerEventSource", "genesys.com", SOURCE_ARN),
            ("events:CreateEventBus", "root", BUS_ARN),
            ("events:ListPartnerEventSourceAccounts", "genesys.com", SOURCE_ARN),
            ("events:PutPartnerEvents", "genesys.com", "*"),
            ("events:DeletePartnerEventSource", "genesys.com", SOURCE_ARN),
            ("events:DescribePartnerEventSource", "genesys.com", SOURCE_ARN),
            ("events:DescribeEventSource", "root", SOURCE_ARN),
        ]

    def test_rules_are_recorded_by_their_arns(self, aws: Aws, events: Any, active: str) -> None:
        events.put_rule(Name="r", EventBusName=active, EventPattern=PATTERN)
        events.put_targets(Rule="r", EventBusName=active, Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:0:q"}])
        for operation in ("events:PutRule", "events:PutTargets"):
            assert [call["resource"] for call in aws.calls(operation)] == [RULE_ARN]
