"""EventBridge's control plane: the refusals that AWS gives."""

from typing import Any

import httpx
import pytest

from tests.support.aws_sandbox import ACCOUNT, ROLE, Aws, refusal

API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "the-key"}}
PATTERN = '{"source": ["a"]}'


@pytest.fixture
def events(aws: Aws) -> Any:
    return aws.client("events")


@pytest.fixture
def connection(events: Any) -> str:
    created = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=API_KEY)
    return str(created["ConnectionArn"])


def make_destination(events: Any, connection: str, endpoint: str = "https://example.com/hook", name: str = "d") -> Any:
    return events.create_api_destination(
        Name=name, ConnectionArn=connection, InvocationEndpoint=endpoint, HttpMethod="POST"
    )


@pytest.mark.parametrize("name", ["a b", "ä", "x" * 257, "with/slash", "default"])
def test_names_of_buses(events: Any, name: str) -> None:
    assert refusal(events.create_event_bus, Name=name).startswith("ValidationException: ")


def test_the_longest_name_of_a_bus(events: Any) -> None:
    assert events.create_event_bus(Name="x" * 256)["EventBusArn"].endswith("x" * 256)


@pytest.mark.parametrize("name", ["a b", "a/b", "x" * 65])
def test_names_of_rules_connections_and_destinations(events: Any, connection: str, name: str) -> None:
    said = [
        refusal(events.put_rule, Name=name, EventPattern=PATTERN),
        refusal(events.create_connection, Name=name, AuthorizationType="API_KEY", AuthParameters=API_KEY),
        refusal(make_destination, events=events, connection=connection, name=name),
    ]
    wrong = "length less than or equal to 64" if len(name) > 64 else r"regular expression pattern: [.\-_A-Za-z0-9]+"
    for text in said:
        assert text.startswith(f"ValidationException: 1 validation error detected: Value '{name}' at 'name' failed")
        assert wrong in text


def test_names_are_taken_once(events: Any, connection: str) -> None:
    events.create_event_bus(Name="b")
    make_destination(events, connection)
    for said in [
        refusal(events.create_event_bus, Name="b"),
        refusal(events.create_connection, Name="c", AuthorizationType="API_KEY", AuthParameters=API_KEY),
        refusal(make_destination, events=events, connection=connection),
    ]:
        assert said.startswith("ResourceAlreadyExistsException: ")


def test_a_bus_with_rules_is_not_deleted(events: Any) -> None:
    events.create_event_bus(Name="b")
    events.put_rule(Name="r", EventBusName="b", EventPattern=PATTERN)
    said = refusal(events.delete_event_bus, Name="b")
    assert said == "ValidationException: EventBus can't be deleted since it has rules."
    events.delete_rule(Name="r", EventBusName="b")
    events.delete_event_bus(Name="b")


def test_a_rule_with_targets_is_not_deleted(events: Any) -> None:
    events.put_rule(Name="r", EventPattern=PATTERN)
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}])
    assert refusal(events.delete_rule, Name="r") == "ValidationException: Rule can't be deleted since it has targets."
    events.remove_targets(Rule="r", Ids=["q"])
    events.delete_rule(Name="r")


def test_a_schedule_is_for_the_default_bus(events: Any) -> None:
    events.create_event_bus(Name="b")
    said = refusal(events.put_rule, Name="r", EventBusName="b", ScheduleExpression="rate(1 minute)")
    assert said == "ValidationException: ScheduleExpression is supported only on the default event bus."


@pytest.mark.parametrize("schedule", ["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "rate(5 seconds)", "x"])
def test_the_grammar_of_schedules(events: Any, schedule: str) -> None:
    said = refusal(events.put_rule, Name="r", ScheduleExpression=schedule)
    assert said == "ValidationException: Parameter ScheduleExpression is not valid."


@pytest.mark.parametrize("schedule", ["rate(1 minute)", "rate(12 hours)", "cron(0 12 * * ? *)"])
def test_right_schedules(events: Any, schedule: str) -> None:
    events.put_rule(Name="r", ScheduleExpression=schedule)
    assert events.describe_rule(Name="r")["ScheduleExpression"] == schedule


def test_a_rule_needs_a_pattern_or_a_schedule(events: Any) -> None:
    assert "EventPattern or ScheduleExpression must be specified" in refusal(events.put_rule, Name="r")


def test_an_api_destination_as_target_needs_a_role(events: Any, connection: str) -> None:
    arn = make_destination(events, connection)["ApiDestinationArn"]
    events.put_rule(Name="r", ScheduleExpression="rate(1 minute)")
    said = refusal(events.put_targets, Rule="r", Targets=[{"Id": "d", "Arn": arn}])
    assert said == f"ValidationException: RoleArn is required for target {arn}."
    events.put_targets(Rule="r", Targets=[{"Id": "d", "Arn": arn, "RoleArn": ROLE}])


def test_a_destination_needs_its_connection(events: Any) -> None:
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:connection/gone/0f"
    said = refusal(make_destination, events=events, connection=arn)
    assert said == "ResourceNotFoundException: Connection 'gone' does not exist."


@pytest.mark.parametrize("endpoint", ["http://example.com/", "http://10.0.0.1/", "ftp://127.0.0.1/"])
def test_endpoints_are_https(events: Any, connection: str, endpoint: str) -> None:
    said = refusal(make_destination, events=events, connection=connection, endpoint=endpoint)
    assert said.startswith("ValidationException: Parameter InvocationEndpoint is not valid.")
    make_destination(events, connection)
    said = refusal(events.update_api_destination, Name="d", InvocationEndpoint=endpoint)
    assert said.startswith("ValidationException: Parameter InvocationEndpoint is not valid.")


def test_http_is_let_through_to_this_machine(events: Any, connection: str) -> None:
    make_destination(events, connection, "http://127.0.0.1:4566/_aws/execute-api/a/genesys")


def test_arns_end_with_an_id_of_their_own(events: Any, connection: str) -> None:
    """So that nobody makes one up from a name."""
    destination = make_destination(events, connection)["ApiDestinationArn"]
    described = events.describe_api_destination(Name="d")
    assert described["ApiDestinationArn"] == destination
    assert described["ConnectionArn"] == connection == events.describe_connection(Name="c")["ConnectionArn"]
    assert connection.startswith(f"arn:aws:events:us-east-1:{ACCOUNT}:connection/c/")
    assert destination.startswith(f"arn:aws:events:us-east-1:{ACCOUNT}:api-destination/d/")


def test_a_connection_never_shows_what_is_secret(events: Any) -> None:
    parameters = {
        **API_KEY,
        "InvocationHttpParameters": {
            "HeaderParameters": [
                {"Key": "X-Secret", "Value": "the-secret", "IsValueSecret": True},
                {"Key": "X-Open", "Value": "open", "IsValueSecret": False},
            ]
        },
    }
    events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=parameters)
    described = events.describe_connection(Name="c")
    assert described["AuthParameters"] == {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key"},
        "InvocationHttpParameters": {
            "HeaderParameters": [
                {"Key": "X-Secret", "IsValueSecret": True},
                {"Key": "X-Open", "Value": "open", "IsValueSecret": False},
            ]
        },
    }
    assert described["SecretArn"].startswith(f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:events!connection/c/")


def test_not_even_on_the_wire(aws: Aws, events: Any, connection: str) -> None:
    """An SDK leaves out what its model doesn't know."""
    basic = {"BasicAuthParameters": {"Username": "u", "Password": "the-password"}}
    events.create_connection(Name="basic", AuthorizationType="BASIC", AuthParameters=basic)
    for name, shown in [
        ("c", {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}),
        ("basic", {"BasicAuthParameters": {"Username": "u"}}),
    ]:
        headers = {"X-Amz-Target": "AWSEvents.DescribeConnection", "Content-Type": "application/x-amz-json-1.1"}
        described = httpx.post(aws.url, json={"Name": name}, headers=headers).json()
        assert described["AuthParameters"] == shown


def test_a_connection_in_use_can_be_deleted_and_its_destinations_are_inactive(events: Any, connection: str) -> None:
    make_destination(events, connection)
    events.delete_connection(Name="c")
    assert events.describe_api_destination(Name="d")["ApiDestinationState"] == "INACTIVE"
