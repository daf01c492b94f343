"""`delivery: partner` with the real engine and both clouds, the one that has nothing of the tutorial's included."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.e2e.test_demo import demo
from tests.support.canaries import seen
from tests.support.deployment import Deployment, deployment
from tests.support.waiting import until

INTEGRATIONS = "/api/v2/integrations"
ORG = "bb14bed0-f8f9-445d-b9d1-10cecb8569d6"
SOURCE = f"aws.partner/genesys.com/cloud/{ORG}/genesys-local-partner"
DETAIL = "v2.detail.events.conversation.{id}"
NO_TOPIC = f"{DETAIL}.acd.stop"
SECRET_KEY = "canary-of-the-secret-key"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for the tests of this file; each leaves it as it found it."""
    with deployment(tmp_path_factory.mktemp("partner"), profile="strict", stack="local-partner") as it:
        it.pulumi("up", "--yes", "--skip-preview")
        yield it


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A stack that was never deployed."""
    with deployment(tmp_path_factory.mktemp("fresh"), profile="strict", stack="local-partner") as it:
        yield it


def integrations(it: Deployment) -> list[dict[str, Any]]:
    path = f"{INTEGRATIONS}?pageSize=100&expand=config.current"
    found: list[dict[str, Any]] = it.genesys("GET", path, token=it.token())["entities"]
    return found


def integration(it: Deployment) -> dict[str, Any]:
    [found] = integrations(it)
    return found


def sources(it: Deployment) -> dict[str, str]:
    """The states of the partner event sources that AWS has, by name."""
    return {each["name"]: each["state"] for each in it.aws("GET", "partner-sources")}


def buses(it: Deployment) -> list[str]:
    found = it.client("events").list_event_buses()["EventBuses"]
    return [each["Name"] for each in found if each["Name"] != "default"]


def both_are_active(it: Deployment, source: str = SOURCE) -> None:
    until(lambda: integration(it)["reportedState"]["code"] == "ACTIVE", "the integration is active")
    assert sources(it) == {source: "ACTIVE"}
    assert buses(it) == [source]


def nothing_exists(it: Deployment) -> bool:
    """On either side; partner sources are AWS's own word."""
    until(lambda: not sources(it), "the platform takes the source back")
    return integrations(it) == [] and not any(it.aws("GET", "resources").values())


def nothing_to_do(it: Deployment) -> None:
    """A preview is empty and, as every preview, asks Genesys Cloud nothing."""
    it.forget_calls()
    it.pulumi("preview", "--diff", "--expect-no-changes")
    assert it.calls() == []


def arrives(it: Deployment, kind: str = "acd.start") -> dict[str, Any]:
    """An event that happens now, as it is on the bus."""
    sent = it.emit({"kind": kind})["event"]
    url = it.stack.outputs()["tapQueueUrl"]
    seen = it.receive(url, lambda seen: seen["detail"].get("topicName") == sent["topicName"])
    assert seen["detail"] == sent
    return seen


def error_lines(text: str) -> list[str]:
    """Those of a resource or of the program, without the engine's own summary."""
    assert "Traceback" not in text
    return [line.strip() for line in text.splitlines() if re.match(r"\s*error: (?!update failed|preview failed)", line)]


# Deploying.


def test_the_integration_is_active_and_nothing_is_left_to_do(deployed: Deployment) -> None:
    outputs = deployed.stack.outputs()
    found = integration(deployed)
    assert (found["id"], outputs["eventSourceName"]) == (outputs["integrationId"], SOURCE)
    both_are_active(deployed)
    nothing_to_do(deployed)
    text = deployed.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    assert not re.search(r"\d+ (updated|deleted|created)", text), text
    deployed.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")


@pytest.mark.parametrize("kind", ["acd.start", "acd.end", "user.end"])
def test_an_event_is_on_the_bus_as_it_is_with_a_webhook(deployed: Deployment, kind: str) -> None:
    seen = arrives(deployed, kind)
    assert (seen["detail-type"], seen["source"]) == (f"{DETAIL}.{kind}", SOURCE)


def test_the_demo_sees_three_events_and_tells_what_exists(deployed: Deployment) -> None:
    done = demo(deployed, "-m", "tools.demo", "local-partner")
    assert done.returncode == 0, done.stderr
    assert sum("tap queue" in line and line.rstrip().endswith("ms") for line in done.stdout.splitlines()) == 3
    for told in (f"{integration(deployed)['id']} → {SOURCE}", "genesys-local-partner-tap", "STACK=local-partner"):
        assert told in done.stdout


# Changes and drift.


def test_disabled_by_hand_is_found_by_refresh_and_mended_by_up(deployed: Deployment) -> None:
    before = integration(deployed)
    path = f"{INTEGRATIONS}/{before['id']}"
    deployed.genesys("PATCH", path, {"intendedState": "DISABLED"}, deployed.token())
    until(lambda: integration(deployed)["reportedState"]["code"] == "INACTIVE", "the integration is inactive")
    deployed.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    preview = deployed.pulumi("up", "--yes", "--diff").partition("\nUpdating")[0]
    assert re.findall(r"^ +~ (\w+) *:", preview, re.MULTILINE) == ["enabled", "reportedState"], preview
    assert integration(deployed)["id"] == before["id"]
    both_are_active(deployed)
    arrives(deployed)


@pytest.mark.full
def test_an_error_is_found_by_refresh_and_mended_by_up(deployed: Deployment) -> None:
    path = f"{INTEGRATIONS}/{integration(deployed)['id']}"
    deployed.genesys("POST", "/_sandbox/integrations", {"failure": "AWS is tired."})
    for intended, then in (("DISABLED", "INACTIVE"), ("ENABLED", "ERROR")):
        deployed.genesys("PATCH", path, {"intendedState": intended}, deployed.token())
        until(partial(is_reported, deployed, then), f"the integration is {then}")
    text = deployed.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    assert re.search(r"~ 2 updated", text), text
    [line] = error_lines(deployed.pulumi("up", "--yes", "--skip-preview", fails=True))
    assert "is in state ERROR: AWS is tired; correct that and `up` again" in line
    deployed.genesys("POST", "/_sandbox/integrations", {"failure": ""})
    preview = deployed.pulumi("up", "--yes", "--diff").partition("\nUpdating")[0]
    assert re.findall(r"^ +~ (\w+) *:", preview, re.MULTILINE) == ["reportedState"], preview
    both_are_active(deployed)
    nothing_to_do(deployed)


def is_reported(it: Deployment, state: str) -> bool:
    return bool(integration(it)["reportedState"]["code"] == state)


def test_deleted_by_hand_is_made_anew_under_the_bus_that_was_left(deployed: Deployment) -> None:
    """AWS keeps the events of a source that is offered anew from such a bus, until its customer activates it."""
    before = integration(deployed)
    deployed.genesys("DELETE", f"{INTEGRATIONS}/{before['id']}", token=deployed.token())
    until(lambda: sources(deployed) == {SOURCE: "DELETED"}, "the platform takes the source back")
    deployed.pulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program")
    both_are_active(deployed)
    assert integration(deployed)["id"] != before["id"]
    arrives(deployed)


@pytest.mark.full
def test_a_stack_from_before_activations_gets_its_own_by_an_up(deployed: Deployment) -> None:
    before = integration(deployed)
    [urn] = [
        each["urn"]
        for each in deployed.stack.export()["deployment"]["resources"]
        if each["type"].endswith(":EventBridgeActivation")
    ]
    deployed.pulumi("state", "delete", urn, "--yes")
    deployed.forget_calls()
    assert re.search(r"\+ 1 created", deployed.pulumi("up", "--yes", "--skip-preview"))
    one = f"{INTEGRATIONS}/{before['id']}"
    assert [call for call in deployed.calls() if call != ("POST", "/oauth/token")] == [("GET", one)]
    assert integration(deployed) == before
    nothing_to_do(deployed)


def test_topics_are_changed_in_place(deployed: Deployment) -> None:
    id_ = integration(deployed)["id"]
    created = deployed.aws("GET", "partner-sources")[0]["created"]
    with deployed.changed({"genesys-eventbridge:topics": [f"{DETAIL}.acd.start", "v2.users.{id}.presence"]}):
        text = deployed.pulumi("up", "--yes", "--skip-preview")
        assert "replace" not in text
        assert re.search(r"~ 1 updated", text), text
        found = integration(deployed)
        assert found["config"]["current"]["properties"]["eventFilter"] == [
            f"{DETAIL}.acd.start",
            "v2.users.{id}.presence",
        ]
        assert deployed.emit({"kind": "acd.end"})["deliveries"] == []
        arrives(deployed)
    deployed.pulumi("up", "--yes", "--skip-preview")
    assert integration(deployed)["id"] == id_
    assert deployed.aws("GET", "partner-sources")[0]["created"] == created
    both_are_active(deployed)


@pytest.mark.full
def test_another_suffix_makes_another_source_and_its_bus(deployed: Deployment) -> None:
    other = f"aws.partner/genesys.com/cloud/{ORG}/another"
    deployed.aws("DELETE", "calls")
    with deployed.changed({"genesys-eventbridge:sourceSuffix": "another"}):
        deployed.pulumi("up", "--yes", "--skip-preview")
        calls = [call["operation"].removeprefix("events:") for call in deployed.aws("GET", "calls")]
        steps = ["CreatePartnerEventSource", "CreateEventBus", "PutRule", "PutTargets", "DeleteEventBus"]
        assert [call for call in calls if call in steps] == steps
        both_are_active(deployed, other)
        assert arrives(deployed)["source"] == other
        nothing_to_do(deployed)
    deployed.pulumi("up", "--yes", "--skip-preview")
    both_are_active(deployed)


@pytest.mark.full
def test_one_that_is_made_anew_under_the_same_name_is_active_by_the_same_up(deployed: Deployment) -> None:
    """Whoever asked for it, or whatever went wrong in between."""
    before = integration(deployed)["id"]
    urns = [each["urn"] for each in deployed.stack.export()["deployment"]["resources"]]
    [urn] = [each for each in urns if each.endswith("EventBridgeSource::source")]
    deployed.pulumi("up", "--yes", "--skip-preview", "--replace", urn)
    assert integration(deployed)["id"] != before
    both_are_active(deployed)
    arrives(deployed)
    with deployed.changed({"genesys-eventbridge:sourceSuffix": "another", "genesys-eventbridge:topics": [NO_TOPIC]}):
        deployed.pulumi("up", "--yes", "--skip-preview", fails=True)
    deployed.pulumi("up", "--yes", "--skip-preview")
    both_are_active(deployed)
    arrives(deployed)
    nothing_to_do(deployed)


# What is refused.


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        ("routing.queueEvent", f"write {DETAIL}.acd.start and {DETAIL}.acd.end"),
        (NO_TOPIC, f"did you mean {DETAIL}.acd.start"),
    ],
)
def test_a_topic_that_does_not_exist_is_refused_with_the_right_one(deployed: Deployment, topic: str, says: str) -> None:
    with deployed.changed({"genesys-eventbridge:topics": [topic]}):
        text = deployed.pulumi("up", "--yes", "--skip-preview", fails=True)
    [line] = error_lines(text)
    assert says in line


@pytest.mark.full
def test_partner_source_works_with_the_keys_of_the_aws_provider_or_says_that_it_can_not(deployed: Deployment) -> None:
    with deployed.changed({"aws:noProxy": "10.0.0.0/8"}):
        text = deployed.pulumi("preview", fails=True)
    [line] = error_lines(text)
    assert "aws:noProxy is not honoured by PartnerSource: set NO_PROXY in the environment instead" in line

    with deployed.changed({"aws:accessKey": "111111111111", "aws:allowedAccountIds": None}):
        deployed.pulumi("config", "set", "--secret", "aws:secretKey", SECRET_KEY)
        text = deployed.pulumi("refresh", "--yes", "--skip-preview", "--run-program", fails=True)
        assert "works in account 000000000000, and the credentials that boto3 finds are of 111111111111" in text
    with deployed.changed({"aws:accessKey": "test"}):
        deployed.pulumi("config", "set", "--secret", "aws:secretKey", SECRET_KEY)
        deployed.pulumi("up", "--yes", "--skip-preview", "--refresh", "--run-program")
        assert seen({"the secret key": SECRET_KEY}, deployed.places()) == []
    deployed.pulumi("up", "--yes", "--skip-preview")
    both_are_active(deployed)


@pytest.mark.full
def test_from_the_tutorials_way_to_the_real_one_by_the_error_lines(fresh: Deployment) -> None:
    """Refused, told of `delivery: partner`; then failures of the platform's; cured, one integration; then nothing."""
    subscriptions = [{"name": "queues", "eventTypes": ["routing.queueEvent"]}]
    webhook = {"genesys-eventbridge:delivery": "webhook", "genesys-eventbridge:subscriptions": subscriptions}
    with fresh.changed(webhook):
        text = fresh.pulumi("up", "--yes", "--skip-preview", fails=True)
    [line] = error_lines(text)
    assert "GET /api/v2/events/webhooks: 404" in line
    assert "`delivery: partner`" in line
    assert "Traceback" not in text

    fresh.genesys("POST", "/_sandbox/integrations", {"failure": "The AWS account is not allowed."})
    text = fresh.pulumi("up", "--yes", "--skip-preview", fails=True)
    [line] = error_lines(text)
    assert f"PartnerSourceError: {SOURCE} did not appear in " in line
    assert ": The AWS account is not allowed; correct that, `make refresh` and `up` again" in line

    fresh.genesys("POST", "/_sandbox/integrations", {"failure": "The bus is of no use.", "failsWhen": "bus"})
    fresh.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    with fresh.changed({"genesys:timeoutSeconds": 1}):  # it goes on after the shorter of that and 5 s
        text = fresh.pulumi("up", "--yes", "--skip-preview", fails=True)
    assert "is still ACTIVATING: going on without waiting for ACTIVE" in text
    assert SOURCE in buses(fresh)
    [line] = error_lines(text)
    assert "is in state ERROR: The bus is of no use; correct that and `up` again" in line

    fresh.genesys("POST", "/_sandbox/integrations", {"failure": "", "activeWhen": "bus"})
    assert "enabling it again" in fresh.pulumi("up", "--yes", "--skip-preview")
    assert integration(fresh)["reportedState"]["code"] == "ACTIVE"
    both_are_active(fresh)
    nothing_to_do(fresh)
    arrives(fresh)
    fresh.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
    assert nothing_exists(fresh)
    assert fresh.stack.export()["deployment"].get("resources", []) == []


@pytest.mark.full
def test_a_change_is_waited_for_until_it_is_active_or_has_failed(deployed: Deployment) -> None:
    """Which takes longer than is waited for before the bus. It was disabled by hand, which no refresh has seen."""
    topic = "v2.users.{id}.presence"
    path = f"{INTEGRATIONS}/{integration(deployed)['id']}"
    deployed.genesys("PATCH", path, {"intendedState": "DISABLED"}, deployed.token())
    until(partial(is_reported, deployed, "INACTIVE"), "the integration is inactive")
    deployed.genesys("POST", "/_sandbox/integrations", {"changeSeconds": 3, "failure": "AWS is tired."})
    with deployed.changed({"genesys-eventbridge:topics": [topic], "genesys:timeoutSeconds": 1}):
        text = deployed.pulumi("up", "--yes", "--skip-preview", fails=True)
        [line] = error_lines(text)
        assert re.search(r"is in state ERROR: AWS is tired;|has its bus, and is ACTIVATING after 1 s", line)
    deployed.genesys("POST", "/_sandbox/integrations", {"changeSeconds": 0.2, "failure": ""})
    with deployed.changed({"genesys-eventbridge:topics": [topic]}):
        deployed.pulumi("up", "--yes", "--skip-preview")
        both_are_active(deployed)
        nothing_to_do(deployed)
    deployed.pulumi("up", "--yes", "--skip-preview")
    both_are_active(deployed)


@pytest.mark.full
def test_a_platform_that_fails_at_once_without_a_bus_gets_its_bus_and_is_active(fresh: Deployment) -> None:
    fresh.genesys("POST", "/_sandbox/integrations", {"activeWhen": "bus", "busSeconds": 0.3})
    text = fresh.pulumi("up", "--yes", "--skip-preview")
    assert "is in state ERROR: No event bus is associated: " in text
    assert integration(fresh)["reportedState"]["code"] == "ACTIVE"
    both_are_active(fresh)
    nothing_to_do(fresh)
    fresh.pulumi("refresh", "--yes", "--skip-preview", "--run-program")
    nothing_to_do(fresh)
    fresh.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
    assert nothing_exists(fresh)
