"""A partner's bus through its life: it bears the source's name, and so do the ids of what hangs on it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.aws_plugin.test_life_cycle import BUS, EVENTS, RULE, TARGET, World, assert_settled
from tests.support.aws_plugin import ACCOUNT, Emulator, FailureError, Plugin

PATTERN = '{"source": [{"prefix": "aws.partner/genesys.com"}]}'


@pytest.fixture
def world(aws: Plugin, name: str) -> Iterator[World]:
    made = World(aws, name)
    yield made
    made.remove_all()


@pytest.fixture
def events(cloud: Emulator) -> Any:
    return cloud.client("events")


@pytest.fixture
def source(events: Any, name: str) -> Iterator[str]:
    """The name of one that is PENDING."""
    made = f"aws.partner/genesys.com/cloud/{name}/pulumi"
    events.create_partner_event_source(Name=made, Account=ACCOUNT)
    yield made
    events.delete_partner_event_source(Name=made, Account=ACCOUNT)


def state_of(events: Any, source: str) -> str:
    return str(events.describe_event_source(Name=source)["State"])


def test_its_life(aws: Plugin, world: World, events: Any, source: str) -> None:
    inputs = aws.checked(BUS, {"name": source, "eventSourceName": source, "description": "a", "tags": {"app": "x"}})
    id_, state, _ = aws.create(BUS, inputs)
    world.made.append((BUS, id_, state))
    assert id_ == state["name"] == state["eventSourceName"] == source
    assert state["arn"] == f"{EVENTS}:event-bus/{source}"
    assert state_of(events, source) == "ACTIVE"
    assert_settled(aws, BUS, id_, state, inputs)

    wanted = aws.checked(BUS, {"name": source, "eventSourceName": source, "tags": {"app": "y"}}, inputs)
    difference = aws.diff(BUS, state, wanted)
    assert set(difference.detailedDiff) == {"description", "tags.app", "tagsAll.app"}
    assert list(difference.replaces) == []
    state = aws.update(BUS, id_, state, wanted)
    assert_settled(aws, BUS, id_, state, wanted)

    aws.delete(BUS, id_, state)
    assert state_of(events, source) == "PENDING"
    assert aws.read(BUS, id_, state, wanted)[0] == ""
    aws.delete(BUS, id_, state)


def test_another_source_is_another_bus(aws: Plugin, world: World, source: str) -> None:
    state = world.make(BUS, name=source, eventSourceName=source)
    other = f"{source}-2"
    wanted = aws.checked(BUS, {"name": other, "eventSourceName": other})
    difference = aws.diff(BUS, state, wanted)
    assert sorted(difference.replaces) == ["eventSourceName", "name"]
    assert not difference.deleteBeforeReplace


def test_rules_and_targets_on_it(aws: Plugin, world: World, source: str, name: str) -> None:
    bus = world.make(BUS, name=source, eventSourceName=source)["name"]
    rule_inputs = aws.checked(RULE, {"name": name, "eventBusName": bus, "eventPattern": PATTERN, "tags": {"app": "x"}})
    id_, rule, _ = aws.create(RULE, rule_inputs)
    world.made.append((RULE, id_, rule))
    assert id_ == f"{source}/{name}"
    assert rule["arn"] == f"{EVENTS}:rule/{source}/{name}"
    assert_settled(aws, RULE, id_, rule, rule_inputs)
    wanted = aws.checked(RULE, {**rule_inputs, "tags": {"app": "y"}, "tagsAll": {"app": "y"}}, rule_inputs)
    rule = aws.update(RULE, id_, rule, wanted)
    assert rule["tags"] == {"app": "y"}

    target_inputs = aws.checked(
        TARGET, {"rule": name, "eventBusName": bus, "targetId": "tap", "arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}
    )
    id_, target, _ = aws.create(TARGET, target_inputs)
    world.made.append((TARGET, id_, target))
    assert id_ == f"{source}-{name}-tap"
    assert_settled(aws, TARGET, id_, target, target_inputs)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            {"name": "{source}-none", "eventSourceName": "{source}-none"},
            "CreateEventBus: ResourceNotFoundException: Event source {source}-none does not exist.",
        ),
        (
            {"name": "{source}"},
            "CreateEventBus: ValidationException: EventBus name starting with 'aws.' is not valid.",
        ),
        (
            {"name": "mine", "eventSourceName": "{source}"},
            "CreateEventBus: ValidationException: Parameter Name is not valid. Reason: It must be the EventSourceName.",
        ),
    ],
)
def test_what_aws_refuses_is_one_line(aws: Plugin, source: str, inputs: dict[str, str], said: str) -> None:
    named = {key: value.format(source=source) for key, value in inputs.items()}
    with pytest.raises(FailureError) as caught:
        aws.create(BUS, aws.checked(BUS, named))
    assert str(caught.value).endswith(said.format(source=source))


def test_what_the_plugin_refuses_itself(aws: Plugin) -> None:
    _, failures = aws.check(BUS, {"name": "mine", "eventSourceName": "genesys.com/cloud/x"})
    assert [property_ for property_, _ in failures] == ["eventSourceName"]


def test_a_bus_whose_source_the_partner_deleted_can_be_deleted(
    aws: Plugin, world: World, events: Any, source: str
) -> None:
    state = world.make(BUS, name=source, eventSourceName=source)
    inputs = {"name": source, "eventSourceName": source}
    events.delete_partner_event_source(Name=source, Account=ACCOUNT)
    assert aws.read(BUS, state["id"], state, inputs)[0] == source
    aws.delete(BUS, state["id"], state)
    assert source not in json.dumps(events.list_event_sources(), default=str)
