"""Both clouds together: from an integration in Genesys Cloud to the rules of the partner's bus in AWS."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.genesys import Settings
from sandbox.genesys.testing import serve as serve_genesys
from tests.support.aws_sandbox import ACCOUNT, Aws, make_tap
from tests.support.aws_sandbox import serve as serve_aws
from tests.support.genesys_emulator import Emulator
from tests.support.waiting import until

INTEGRATIONS = "/api/v2/integrations"
ACD_END = "v2.detail.events.conversation.{id}.acd.end"
SOURCE = f"aws.partner/genesys.com/cloud/{Settings().org_id}/pulumi"
PROPERTIES = {
    "awsAccountId": ACCOUNT,
    "awsAccountRegion": "us-east-1",
    "eventFilter": [ACD_END],
    "eventSourceSuffix": "pulumi",
}


@pytest.fixture(scope="module")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with serve_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(aws_server: Aws) -> Aws:
    aws_server.door("POST", "reset", {})
    return aws_server


@pytest.fixture
def genesys(aws: Aws) -> Iterator[Emulator]:
    with serve_genesys(Settings(aws_url=aws.url)) as served:
        emulator = Emulator(served)
        with emulator.api, emulator.plain:
            emulator.log_in()
            emulator.door("POST", "integrations", changeSeconds=0)
            yield emulator


def enabled(genesys: Emulator) -> dict[str, Any]:
    body = {"name": "x", "integrationType": {"id": "amazon-eventbridge-source"}}
    integration: dict[str, Any] = genesys.api.post(INTEGRATIONS, json=body).raise_for_status().json()
    configuration = {"version": 1, "properties": PROPERTIES}
    genesys.api.put(f"{integration['selfUri']}/config/current", json=configuration).raise_for_status()
    genesys.api.patch(integration["selfUri"], json={"intendedState": "ENABLED"}).raise_for_status()
    return integration


def reported(genesys: Emulator, integration: dict[str, Any]) -> str:
    return str(genesys.read(integration)["reportedState"]["code"])


def test_an_event_comes_to_the_bus_that_belongs_to_the_integration(aws: Aws, genesys: Emulator) -> None:
    events = aws.client("events")
    integration = enabled(genesys)
    until(lambda: reported(genesys, integration) == "ACTIVE", "the integration is active")
    assert events.describe_event_source(Name=SOURCE)["State"] == "PENDING"
    [dropped] = genesys.emit(kind="acd.end")
    assert dropped["status"] == "DELIVERED"  # AWS takes it, for nobody

    events.create_event_bus(Name=SOURCE, EventSourceName=SOURCE)
    take = make_tap(aws, SOURCE)
    emitted = genesys.door("POST", "emit?wait=1", kind="acd.end")["event"]
    [event] = until(take, "the event comes")
    assert event["detail"] == emitted
    assert (event["detail-type"], event["source"], event["account"]) == (ACD_END, SOURCE, ACCOUNT)
    assert event["time"] == emitted["timestamp"][:19] + "Z"
    assert {call["principal"] for call in aws.calls("events:PutPartnerEvents")} == {"genesys.com"}

    genesys.api.delete(integration["selfUri"]).raise_for_status()
    until(lambda: events.describe_event_source(Name=SOURCE)["State"] == "DELETED", "the source is deleted")


def test_an_integration_that_waits_for_the_bus_gets_active_with_it(aws: Aws, genesys: Emulator) -> None:
    genesys.door("POST", "integrations", activeWhen="bus")
    events = aws.client("events")
    integration = enabled(genesys)
    until(lambda: events.list_event_sources()["EventSources"], "the source is made")
    assert reported(genesys, integration) == "ACTIVATING"
    events.create_event_bus(Name=SOURCE, EventSourceName=SOURCE)
    until(lambda: reported(genesys, integration) == "ACTIVE", "the integration is active")


def test_a_source_that_another_integration_left_behind_is_not_taken_over(aws: Aws, genesys: Emulator) -> None:
    aws.client("events").create_partner_event_source(Name=SOURCE, Account=ACCOUNT)
    integration = enabled(genesys)
    until(lambda: reported(genesys, integration) == "ERROR", "the activation fails")
    assert SOURCE in genesys.read(integration)["reportedState"]["detail"]["message"]
