"""Integrations: what is taken and refused, their states, their partner event sources, and the events sent there."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest

from genesys_provider.eventbridge_source import region_problem
from sandbox.genesys import Settings, activation
from sandbox.genesys.integrations import REGION as REGION_FORM
from sandbox.genesys.testing import serve
from tests.support.genesys_emulator import Emulator, Receiver
from tests.support.partner_api import ACCOUNT, REGION, PartnerApi, partner_api
from tests.support.waiting import until

INTEGRATIONS = "/api/v2/integrations"
TYPE = "amazon-eventbridge-source"
ORG = Settings().org_id
ACD_END = "v2.detail.events.conversation.{id}.acd.end"
ACD_START = "v2.detail.events.conversation.{id}.acd.start"
ACTIVITY = "v2.users.{id}.activity"
PROPERTIES: dict[str, Any] = {
    "awsAccountId": ACCOUNT,
    "awsAccountRegion": REGION,
    "eventFilter": [ACD_END],
    "eventSourceSuffix": "suffix",
}


@pytest.fixture(scope="module")
def one_aws() -> Iterator[PartnerApi]:
    with partner_api() as running:
        yield running


@pytest.fixture(scope="module")
def one_cloud(one_aws: PartnerApi) -> Iterator[Emulator]:
    with serve(Settings(aws_url=one_aws.url)) as served:
        emulator = Emulator(served)
        with emulator.api, emulator.plain:
            yield emulator


@pytest.fixture
def cloud(one_cloud: Emulator, one_aws: PartnerApi) -> Emulator:
    """As new, with AWS behind it, changes without a delay, and short waits."""
    one_cloud.door("POST", "reset")
    one_aws.forget()
    one_cloud.door("POST", "integrations", changeSeconds=0)
    one_cloud.door("POST", "retry-scale", factor=0.001)
    one_cloud.log_in()
    return one_cloud


@pytest.fixture
def aws(cloud: Emulator, one_aws: PartnerApi) -> PartnerApi:
    return one_aws


def new(emulator: Emulator, name: str = "one", type: str = TYPE) -> dict[str, Any]:
    answer = emulator.api.post(INTEGRATIONS, json={"name": name, "integrationType": {"id": type}})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def config_of(emulator: Emulator, integration: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = emulator.api.get(f"{integration['selfUri']}/config/current").raise_for_status().json()
    return current


def configured(emulator: Emulator, name: str = "one", **properties: Any) -> dict[str, Any]:
    integration = new(emulator, name)
    configure(emulator, integration, **properties)
    return integration


def configure(emulator: Emulator, integration: dict[str, Any], **properties: Any) -> dict[str, Any]:
    body = {**config_of(emulator, integration), "properties": {**PROPERTIES, **properties}}
    answer = emulator.api.put(f"{integration['selfUri']}/config/current", json=body)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def intend(emulator: Emulator, integration: dict[str, Any], state: str) -> dict[str, Any]:
    answer = emulator.api.patch(integration["selfUri"], json={"intendedState": state})
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def reaches(emulator: Emulator, integration: dict[str, Any], code: str) -> dict[str, Any]:
    """Wait until that is its reported state, and return the state."""

    def there() -> dict[str, Any] | None:
        state: dict[str, Any] = emulator.read(integration)["reportedState"]
        return state if state["code"] == code else None

    found: dict[str, Any] = until(there, f"{code} is reported")
    return found


def enabled(emulator: Emulator, name: str = "one", **properties: Any) -> dict[str, Any]:
    integration = configured(emulator, name, **properties)
    intend(emulator, integration, "ENABLED")
    reaches(emulator, integration, "ACTIVE")
    return integration


def source_name(suffix: str = "suffix") -> str:
    return f"aws.partner/genesys.com/cloud/{ORG}/{suffix}"


def fields(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    return [(detail["fieldName"], detail["errorCode"]) for detail in answer.json()["details"]]


# Creating, reading, listing


def test_a_fresh_integration_is_disabled_and_not_configured(cloud: Emulator) -> None:
    made = new(cloud)
    assert made["name"] == "one"
    assert made["integrationType"]["id"] == TYPE
    assert made["intendedState"] == "DISABLED"
    assert made["reportedState"]["code"] == "INACTIVE"
    assert made["selfUri"] == f"{INTEGRATIONS}/{made['id']}"
    assert "config" not in made
    assert cloud.read(made) == made
    current = config_of(cloud, made)
    assert (current["version"], current["properties"], current["notes"]) == (1, {}, "")
    expanded = cloud.api.get(made["selfUri"], params={"expand": "config.current"}).json()
    assert expanded == {**made, "config": {"current": current}}


def test_two_integrations_may_have_one_name(cloud: Emulator) -> None:
    assert new(cloud, "same")["id"] != new(cloud, "same")["id"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "x"}, ("integrationType.id", "required.field.missing")),
        ({"name": "x", "integrationType": TYPE}, ("integrationType", "invalid.value")),
        ({"name": "x", "integrationType": {"id": "amazon-eventbridge"}}, ("integrationType.id", "invalid.value")),
        ({"name": 3, "integrationType": {"id": TYPE}}, ("name", "invalid.value")),
        ({"name": "x", "integrationType": {"id": TYPE}, "notes": "mark"}, ("notes", "unknown.field")),
        (
            {"name": "x", "integrationType": {"id": TYPE}, "intendedState": "ENABLED"},
            ("intendedState", "unknown.field"),
        ),
    ],
)
def test_what_a_create_refuses(cloud: Emulator, body: dict[str, Any], expected: tuple[str, str]) -> None:
    assert fields(cloud.api.post(INTEGRATIONS, json=body)) == [expected]
    assert cloud.api.get(INTEGRATIONS).json()["total"] == 0


def test_a_new_integration_may_be_found_late(cloud: Emulator) -> None:
    cloud.door("POST", "lag", seconds=100)
    made = new(cloud)
    assert cloud.api.get(made["selfUri"]).status_code == 404
    assert cloud.api.get(f"{made['selfUri']}/config/current").status_code == 404
    assert cloud.api.get(INTEGRATIONS).json()["total"] == 0
    cloud.door("POST", "clock", advanceSeconds=101)
    assert cloud.read(made)["id"] == made["id"]


def test_the_list_has_pages_that_keep_the_query(cloud: Emulator) -> None:
    for number in range(3):
        new(cloud, f"n{number}")
        new(cloud, f"w{number}", "webhook")
    query: dict[str, str | int] = {"pageSize": 2, "integrationType": TYPE, "expand": "config.current"}
    first = cloud.api.get(INTEGRATIONS, params=query).json()
    assert (first["total"], first["pageCount"], first["pageSize"], first["pageNumber"]) == (3, 2, 2, 1)
    second = cloud.api.get(first["nextUri"]).json()
    assert [entity["name"] for entity in first["entities"] + second["entities"]] == ["n0", "n1", "n2"]
    assert all(entity["config"]["current"]["version"] == 1 for entity in second["entities"])
    assert "nextUri" not in second
    beyond = cloud.api.get(INTEGRATIONS, params={**query, "pageNumber": 7}).json()
    assert beyond["entities"] == []
    assert cloud.door("GET", "calls")[-1]["query"] == (
        "pageSize=2&integrationType=amazon-eventbridge-source&expand=config.current&pageNumber=7"
    )


def test_the_list_is_filtered(cloud: Emulator) -> None:
    active, other = enabled(cloud), new(cloud, "other")
    third = new(cloud, "third", "webhook")

    def ids(**query: Any) -> list[str]:
        return [
            entity["id"] for entity in cloud.api.get(INTEGRATIONS, params=query).raise_for_status().json()["entities"]
        ]

    assert ids() == [active["id"], other["id"], third["id"]]
    assert ids(integrationType="webhook") == [third["id"]]
    assert ids(integrationType="nothing") == []
    assert ids(reportedState="active") == [active["id"]]
    assert ids(reportedState="INACTIVE", integrationType=TYPE) == [other["id"]]
    assert ids(ids=f"{third['id']},{active['id']}") == [active["id"], third["id"]]
    assert fields(cloud.api.get(INTEGRATIONS, params={"reportedState": "ENABLED"})) == [
        ("reportedState", "invalid.value")
    ]
    assert fields(cloud.api.get(INTEGRATIONS, params={"ids": ",".join(map(str, range(101)))})) == [
        ("ids", "invalid.value")
    ]


# The configuration and its version


def test_a_configuration_is_kept_under_the_next_version(cloud: Emulator) -> None:
    integration = new(cloud)
    body = {
        "name": "renamed",
        "version": 1,
        "properties": PROPERTIES,
        "advanced": {},
        "notes": "a mark",
        "credentials": {},
    }
    answer = cloud.api.put(f"{integration['selfUri']}/config/current", json=body)
    assert answer.status_code == 200
    current = config_of(cloud, integration)
    assert answer.json() == current
    assert current["version"] == 2
    assert (current["properties"], current["notes"], current["name"]) == (PROPERTIES, "a mark", "renamed")
    assert list(current["properties"]) == sorted(PROPERTIES)
    seen = cloud.read(integration)
    assert (seen["name"], seen["notes"], seen["intendedState"]) == ("renamed", "a mark", "DISABLED")


@pytest.mark.parametrize(("status", "code"), [(409, "general.conflict"), (400, "bad.request")])
def test_a_wrong_version_changes_nothing(cloud: Emulator, status: int, code: str) -> None:
    integration = configured(cloud)
    cloud.door("POST", "integrations", conflictStatus=status)
    current = config_of(cloud, integration)
    for version in (1, 3):
        answer = cloud.api.put(
            f"{integration['selfUri']}/config/current", json={**current, "version": version, "notes": "x"}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "does not match the current version" in answer.json()["message"]
    assert config_of(cloud, integration) == current
    without = {name: value for name, value in current.items() if name != "version"}
    assert fields(cloud.api.put(f"{integration['selfUri']}/config/current", json=without)) == [
        ("version", "required.field.missing")
    ]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("awsAccountId", "12345678901", "invalid.value"),
        ("awsAccountId", "1234567890123", "invalid.value"),
        ("awsAccountId", "12345678901x", "invalid.value"),
        ("awsAccountId", 123456789012, "invalid.value"),
        ("awsAccountId", None, "required.field.missing"),
        ("awsAccountRegion", "us_east_1", "invalid.value"),
        ("awsAccountRegion", "US-EAST-1", "invalid.value"),
        ("awsAccountRegion", "us-east", "invalid.value"),
        ("awsAccountRegion", None, "required.field.missing"),
        ("eventSourceSuffix", "", "invalid.value"),
        ("eventSourceSuffix", "a" * 65, "invalid.value"),
        ("eventSourceSuffix", "a/b", "invalid.value"),
        ("eventSourceSuffix", "a b", "invalid.value"),
        ("eventSourceSuffix", "ä", "invalid.value"),
        ("eventSourceSuffix", "a\n", "invalid.value"),
        ("eventSourceSuffix", None, "required.field.missing"),
        ("eventFilter", None, "required.field.missing"),
        ("eventFilter", ACD_END, "invalid.value"),
        ("eventFilter", [ACD_END, 3], "invalid.value"),
        ("eventFilter", ["routing.queueEvent"], "invalid.value"),
        ("eventFilter", [ACD_END, "v2.detail.events.conversation.{id}.acd.ends"], "invalid.value"),
        (
            "eventFilter",
            ["v2.detail.events.conversation.2f7bf00a-0fc2-4d6a-9b56-92238191433e.acd.end"],
            "invalid.value",
        ),
        ("eventFilter", ["v2.routing.queues.{id}.conversations"], "invalid.value"),
        ("eventfilter", [ACD_END], "unknown.field"),
    ],
)
def test_what_properties_must_be(cloud: Emulator, name: str, value: Any, code: str) -> None:
    integration = new(cloud)
    body = {"version": 1, "properties": {**PROPERTIES, name: value}}
    assert fields(cloud.api.put(f"{integration['selfUri']}/config/current", json=body)) == [
        (f"properties.{name}", code)
    ]
    assert config_of(cloud, integration)["version"] == 1


@pytest.mark.parametrize("suffix", ["a", "a" * 64, "A.b-c_9"])
def test_suffixes_that_may_be(cloud: Emulator, suffix: str) -> None:
    assert configure(cloud, new(cloud), eventSourceSuffix=suffix)["properties"]["eventSourceSuffix"] == suffix


def test_every_region_of_aws_is_one_as_the_provider_has_it() -> None:
    """Else what the provider lets pass is refused only after the integration was made."""
    session = boto3.session.Session()
    regions = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("events", partition)
    }
    assert {"eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"} <= regions
    for region in regions:
        assert region_problem(region) is None, region
        assert REGION_FORM.fullmatch(region), region
    for no_region in ("us_east_1", "US-EAST-1", "us-east", "euc1", "eu-central-１", "europe-de-east-1", "", "eu-1"):
        assert region_problem(no_region), no_region
        assert not REGION_FORM.fullmatch(no_region), no_region


def test_a_suffix_is_taken_once_in_a_region_until_its_integration_is_deleted(cloud: Emulator) -> None:
    first, second = configured(cloud), new(cloud, "two")
    uri = f"{second['selfUri']}/config/current"
    body = {"version": 1, "properties": {**PROPERTIES, "awsAccountId": "999999999999"}}
    assert fields(cloud.api.put(uri, json=body)) == [("properties.eventSourceSuffix", "duplicate.value")]
    configure(cloud, first, eventFilter=[ACD_START])  # its own is no other
    elsewhere = {"version": 1, "properties": {**PROPERTIES, "awsAccountRegion": "us-east-1"}}
    assert cloud.api.put(uri, json=elsewhere).status_code == 200
    cloud.api.delete(first["selfUri"]).raise_for_status()
    assert cloud.api.put(uri, json={"version": 2, "properties": PROPERTIES}).status_code == 200


@pytest.mark.parametrize("state", ["DELETED", "RESTORED", "enabled", True])
def test_only_two_states_can_be_asked_for(cloud: Emulator, state: Any) -> None:
    integration = new(cloud)
    answer = cloud.api.patch(integration["selfUri"], json={"intendedState": state})
    assert fields(answer) == [("intendedState", "invalid.value")]
    assert cloud.read(integration) == integration


def test_a_patch_takes_a_whole_integration_and_changes_name_and_state_alone(cloud: Emulator) -> None:
    integration = new(cloud)
    body = {**integration, "name": "renamed", "reportedState": {"code": "ACTIVE"}, "id": "x"}
    changed = cloud.api.patch(integration["selfUri"], json=body).json()
    assert (changed["id"], changed["name"]) == (integration["id"], "renamed")
    assert changed["reportedState"] == integration["reportedState"]
    assert (config_of(cloud, integration)["name"], config_of(cloud, integration)["version"]) == ("renamed", 1)


@pytest.mark.parametrize(
    ("verb", "requests"),
    [
        (
            "view",
            [
                ("GET", ""),
                ("GET", "/{id}"),
                ("GET", "/{id}/config/current"),
                ("GET", "/types"),
                ("GET", f"/types/{TYPE}"),
                ("GET", f"/types/{TYPE}/configschemas/properties"),
            ],
        ),
        ("add", [("POST", "")]),
        ("edit", [("PATCH", "/{id}"), ("PUT", "/{id}/config/current")]),
        ("delete", [("DELETE", "/{id}")]),
    ],
)
def test_a_missing_permission_is_named(cloud: Emulator, verb: str, requests: list[tuple[str, str]]) -> None:
    integration = new(cloud)
    permission = f"integrations:integration:{verb}"
    cloud.door("POST", "scopes", remove=[permission])
    for method, path in requests:
        answer = cloud.api.request(method, INTEGRATIONS + path.format(id=integration["id"]), json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "missing.any.permissions")
        assert answer.json()["messageParams"] == {"permissions": f"[{permission}]"}
    cloud.door("POST", "scopes", add=[permission])
    for method, path in requests:
        assert cloud.api.request(method, INTEGRATIONS + path.format(id=integration["id"]), json={}).status_code != 403


def test_nothing_without_a_token_and_404_for_what_is_not_there(cloud: Emulator) -> None:
    assert cloud.plain.get(INTEGRATIONS).status_code == 401
    for method, path in [
        ("GET", "/x"),
        ("PATCH", "/x"),
        ("DELETE", "/x"),
        ("GET", "/x/config/current"),
        ("PUT", "/x/config/current"),
        ("GET", "/types/x"),
        ("GET", f"/types/{TYPE}/configschemas/others"),
    ]:
        answer = cloud.api.request(method, INTEGRATIONS + path, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "not.found"), path


def test_the_type_and_its_schema(cloud: Emulator) -> None:
    listed = cloud.api.get(f"{INTEGRATIONS}/types").json()
    [ours] = [type for type in listed["entities"] if type["id"] == TYPE]
    assert ours["name"] == "Amazon EventBridge Source"
    assert cloud.api.get(ours["selfUri"]).json() == ours
    schema = cloud.api.get(ours["configPropertiesSchemaUri"]).json()
    assert set(schema["required"]) == set(schema["properties"]) == set(PROPERTIES)
    assert cloud.api.get(ours["configAdvancedSchemaUri"]).json()["properties"] == {}


def test_the_real_platform_has_integrations_too() -> None:
    with serve(Settings(profile="strict")) as served:
        strict = Emulator(served)
        with strict.api, strict.plain:
            strict.log_in()
            assert new(strict)["intendedState"] == "DISABLED"
            assert strict.api.get("/api/v2/notifications/availabletopics").status_code == 200
            assert strict.api.get("/api/v2/events/webhooks").status_code == 404


def test_reset_forgets_integrations_and_how_they_behave(cloud: Emulator) -> None:
    integration = enabled(cloud)
    cloud.door("POST", "integrations", failure="no", conflictStatus=400, activeWhen="bus", failsWhen="bus")
    cloud.door("POST", "reset")
    cloud.log_in()
    assert cloud.api.get(integration["selfUri"]).status_code == 404
    behaviour = cloud.door("GET", "integrations")
    assert (behaviour["failure"], behaviour["conflictStatus"]) == ("", 409)
    assert behaviour["activeWhen"] == behaviour["failsWhen"] == "source"
    assert behaviour["changeSeconds"] > 0


# States


def test_enabling_makes_the_partner_source(cloud: Emulator, aws: PartnerApi) -> None:
    integration = configured(cloud)
    assert aws.calls == []
    cloud.door("POST", "integrations", changeSeconds=0.2)
    answer = intend(cloud, integration, "ENABLED")
    assert (answer["intendedState"], answer["reportedState"]["code"]) == ("ENABLED", "ACTIVATING")
    assert cloud.read(integration)["reportedState"]["code"] == "ACTIVATING"
    state = reaches(cloud, integration, "ACTIVE")
    assert "detail" not in state
    assert state["lastUpdated"] > answer["reportedState"]["lastUpdated"]
    assert aws.of("CreatePartnerEventSource") == [{"Name": source_name(), "Account": ACCOUNT}]
    assert f"/{REGION}/events/aws4_request" in aws.calls[0][2]
    intend(cloud, integration, "ENABLED")  # it is already
    assert cloud.read(integration)["reportedState"] == state
    assert len(aws.calls) == 1


def test_active_may_wait_for_the_customers_bus(cloud: Emulator, aws: PartnerApi) -> None:
    cloud.door("POST", "integrations", activeWhen="bus")
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    until(lambda: len(aws.of("ListPartnerEventSourceAccounts")) >= 2, "it looks for the bus")
    assert cloud.read(integration)["reportedState"]["code"] == "ACTIVATING"
    aws.with_bus.add(source_name())
    reaches(cloud, integration, "ACTIVE")


def test_a_bus_that_never_comes_is_an_error(cloud: Emulator) -> None:
    cloud.door("POST", "integrations", activeWhen="bus", busSeconds=0.1)
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    detail = reaches(cloud, integration, "ERROR")["detail"]
    assert "No event bus is associated" in detail["message"]
    assert source_name() in detail["message"]


def test_one_may_fail_only_when_the_bus_is_there(cloud: Emulator, aws: PartnerApi) -> None:
    cloud.door("POST", "integrations", failure="The bus is of no use.", failsWhen="bus")
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    until(lambda: len(aws.of("ListPartnerEventSourceAccounts")) >= 2, "it looks for the bus")
    assert cloud.read(integration)["reportedState"]["code"] == "ACTIVATING"
    aws.with_bus.add(source_name())
    assert reaches(cloud, integration, "ERROR")["detail"]["message"] == "The bus is of no use."
    cloud.door("POST", "integrations", failure="")
    intend(cloud, integration, "ENABLED")
    reaches(cloud, integration, "ACTIVE")


def test_a_failing_activation_says_why_until_it_is_tried_again(cloud: Emulator, aws: PartnerApi) -> None:
    cloud.door("POST", "integrations", failure="The AWS account does not exist.")
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    detail = reaches(cloud, integration, "ERROR")["detail"]
    assert detail["message"] == detail["messageWithParams"] == "The AWS account does not exist."
    assert detail["localizableMessageCode"]
    assert cloud.read(integration)["intendedState"] == "ENABLED"
    assert aws.calls == []
    cloud.door("POST", "integrations", failure="")
    intend(cloud, integration, "ENABLED")
    reaches(cloud, integration, "ACTIVE")


def test_without_aws_an_activation_says_so(emulator: Emulator) -> None:
    integration = configured(emulator)
    intend(emulator, integration, "ENABLED")
    assert "SANDBOX_AWS_URL" in reaches(emulator, integration, "ERROR")["detail"]["message"]


def test_the_environment_says_where_aws_is() -> None:
    assert Settings.from_environ({"SANDBOX_AWS_URL": "http://127.0.0.1:4566"}).aws_url == "http://127.0.0.1:4566"
    assert Settings.from_environ({}).aws_url == ""


def test_an_activation_that_aws_does_not_answer_is_an_error(cloud: Emulator, aws: PartnerApi) -> None:
    aws.answers = ["drop"]
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    assert "RemoteProtocolError" in reaches(cloud, integration, "ERROR")["detail"]["message"]
    configure(cloud, integration)  # a new configuration is tried, too
    reaches(cloud, integration, "ACTIVE")


def test_a_source_of_that_name_which_is_not_its_own_is_an_error(cloud: Emulator, aws: PartnerApi) -> None:
    aws.sources[source_name()] = "999999999999"
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    assert "ResourceAlreadyExistsException" in reaches(cloud, integration, "ERROR")["detail"]["message"]
    intend(cloud, integration, "ENABLED")
    assert cloud.read(integration)["reportedState"]["code"] != "ACTIVE"
    cloud.api.delete(integration["selfUri"]).raise_for_status()
    assert aws.of("DeletePartnerEventSource") == []


def test_one_that_is_not_configured_cannot_be_activated(cloud: Emulator, aws: PartnerApi) -> None:
    integration = new(cloud)
    intend(cloud, integration, "ENABLED")
    assert "not configured" in reaches(cloud, integration, "ERROR")["detail"]["message"]
    assert aws.calls == []


@pytest.mark.parametrize("deletes", [False, True])
def test_disabling_and_enabling_again(cloud: Emulator, aws: PartnerApi, deletes: bool) -> None:
    integration = enabled(cloud)
    cloud.door("POST", "integrations", changeSeconds=0.1, disableDeletesSource=deletes)
    assert intend(cloud, integration, "DISABLED")["reportedState"]["code"] == "DEACTIVATING"
    reaches(cloud, integration, "INACTIVE")
    assert (source_name() in aws.sources) is not deletes
    intend(cloud, integration, "ENABLED")
    reaches(cloud, integration, "ACTIVE")
    assert source_name() in aws.sources
    assert [delivery["status"] for delivery in cloud.emit(kind="acd.end")] == ["DELIVERED"]


def test_a_new_change_takes_the_place_of_the_one_under_way(cloud: Emulator, aws: PartnerApi) -> None:
    cloud.door("POST", "integrations", changeSeconds=0.2)
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    intend(cloud, integration, "DISABLED")
    reaches(cloud, integration, "INACTIVE")
    assert aws.calls == []


def test_a_changed_filter_needs_no_new_activation_and_a_changed_source_does(cloud: Emulator, aws: PartnerApi) -> None:
    integration = enabled(cloud)
    state = cloud.read(integration)["reportedState"]
    configure(cloud, integration, eventFilter=[ACTIVITY])
    assert cloud.read(integration)["reportedState"] == state
    assert len(aws.calls) == 1
    cloud.door("POST", "integrations", changeSeconds=0.1)
    configure(cloud, integration, eventSourceSuffix="other")
    assert cloud.read(integration)["reportedState"]["code"] == "ACTIVATING"
    reaches(cloud, integration, "ACTIVE")
    assert aws.sources == {source_name("other"): ACCOUNT}


# Deleting


def test_a_deleted_integration_takes_its_source_along(cloud: Emulator, aws: PartnerApi) -> None:
    integration = enabled(cloud)
    aws.answers = ["drop", 500, 429]  # it tries again
    answer = cloud.api.delete(integration["selfUri"])
    assert answer.status_code == 200
    assert answer.json()["id"] == integration["id"]
    assert cloud.api.get(integration["selfUri"]).status_code == 404
    assert cloud.api.delete(integration["selfUri"]).status_code == 404
    assert cloud.api.get(INTEGRATIONS).json()["total"] == 0
    until(lambda: not aws.sources, "the source is gone")
    assert aws.of("DeletePartnerEventSource")[-1] == {"Name": source_name(), "Account": ACCOUNT}


def test_a_source_that_is_just_being_made_goes_too(cloud: Emulator, aws: PartnerApi) -> None:
    aws.answers = ["wait"]
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    until(lambda: aws.calls, "AWS is asked for it")
    cloud.api.delete(integration["selfUri"]).raise_for_status()
    with pytest.raises(AssertionError):  # first the one, then the other
        until(lambda: aws.of("DeletePartnerEventSource"), "it is to go", seconds=0.3)
    aws.free.set()
    until(lambda: aws.of("DeletePartnerEventSource"), "it is to go")
    until(lambda: not aws.sources, "the source is gone")
    assert [operation for operation, _, _ in aws.calls] == ["CreatePartnerEventSource", "DeletePartnerEventSource"]


def test_an_aws_that_says_nothing_is_waited_for_only_so_long(cloud: Emulator, aws: PartnerApi) -> None:
    cloud.door("POST", "retry-scale", timeoutSeconds=0.1)
    aws.answers = ["wait"]
    integration = configured(cloud)
    intend(cloud, integration, "ENABLED")
    assert "ReadTimeout" in reaches(cloud, integration, "ERROR")["detail"]["message"]
    aws.free.set()
    until(lambda: aws.sources, "AWS makes it late")
    cloud.door("POST", "retry-scale", timeoutSeconds=10)
    intend(cloud, integration, "ENABLED")  # what was made with the answer lost is its own
    reaches(cloud, integration, "ACTIVE")


def test_a_deleted_integration_may_be_found_for_a_while(cloud: Emulator) -> None:
    cloud.door("POST", "integrations", deletionSeconds=30)
    integration = configured(cloud)
    current = config_of(cloud, integration)
    cloud.api.delete(integration["selfUri"]).raise_for_status()
    assert cloud.read(integration)["intendedState"] == "DELETED"
    assert cloud.api.get(INTEGRATIONS).json()["total"] == 1
    for method, path in [("PATCH", ""), ("DELETE", ""), ("PUT", "/config/current")]:
        assert cloud.api.request(method, integration["selfUri"] + path, json=current).status_code == 404
    cloud.door("POST", "clock", advanceSeconds=31)
    assert cloud.api.get(integration["selfUri"]).status_code == 404
    assert cloud.api.get(INTEGRATIONS).json()["total"] == 0


# Events


def test_an_event_reaches_the_source_as_it_is(cloud: Emulator, aws: PartnerApi) -> None:
    integration = enabled(cloud)
    raw = (
        '{"topicName": "v2.detail.events.conversation.2f7bf00a-0fc2-4d6a-9b56-92238191433e.acd.end", "version": "2",'
        ' "eventBody": {"big": 123456789012345678901234567890, "name": "Zoë", "ratio": 1.10},'
        ' "timestamp": "2026-02-18T14:01:11.204Z"}'
    )
    [delivery] = cloud.emit(raw=raw)
    assert (delivery["status"], delivery["integrationId"]) == ("DELIVERED", integration["id"])
    assert [attempt["statusCode"] for attempt in delivery["attempts"]] == [200]
    assert "webhookId" not in delivery
    [entry] = aws.events
    assert entry["Detail"] == raw
    assert (entry["DetailType"], entry["Source"], entry["Resources"]) == (ACD_END, source_name(), [])
    assert entry["Time"] == pytest.approx(datetime.fromisoformat("2026-02-18T14:01:11.204Z").timestamp(), abs=1e-6)


def test_an_event_goes_to_all_that_are_active_and_want_it_and_to_webhooks(
    cloud: Emulator, aws: PartnerApi, target: Receiver
) -> None:
    first = enabled(cloud)
    both = enabled(cloud, "both", eventSourceSuffix="both", eventFilter=[ACD_START, ACD_END])
    enabled(cloud, "others", eventSourceSuffix="others", eventFilter=[ACD_START, ACTIVITY])
    configured(cloud, "disabled", eventSourceSuffix="disabled")
    deleted = enabled(cloud, "deleted", eventSourceSuffix="deleted")
    cloud.api.delete(deleted["selfUri"]).raise_for_status()
    webhook = cloud.webhook(destinationUrl=target.url)
    cloud.subscription(webhook)
    deliveries = cloud.emit(kind="acd.end")
    assert {delivery.get("integrationId") for delivery in deliveries} == {first["id"], both["id"], None}
    assert {entry["Source"] for entry in aws.events} == {source_name(), source_name("both")}
    assert [entry["Detail"].encode() for entry in aws.events] == [target.received[0].body] * 2
    aws.calls.clear()
    event = {"topicName": "v2.users.278522be-1683-4877-8257-4164a177be89.activity", "eventBody": {}}
    cloud.emit(event=event)
    [entry] = aws.events
    assert (entry["DetailType"], entry["Source"]) == (ACTIVITY, source_name("others"))
    assert json.loads(entry["Detail"]) == event
    assert cloud.emit(kind="user.end") == []


def test_an_integration_of_another_type_has_other_properties_and_gets_nothing(cloud: Emulator, aws: PartnerApi) -> None:
    other = new(cloud, "other", "webhook")
    uri = f"{other['selfUri']}/config/current"
    assert cloud.api.put(uri, json={"version": 1, "properties": PROPERTIES}).status_code == 200
    intend(cloud, other, "ENABLED")
    reaches(cloud, other, "ACTIVE")
    assert aws.calls == []
    enabled(cloud)  # with the same properties
    assert len(cloud.emit(kind="acd.end")) == 1
    assert cloud.api.put(uri, json={"version": 2, "properties": {"eventFilter": 7}}).status_code == 200
    assert len(cloud.emit(kind="acd.end")) == 1
    intend(cloud, other, "DISABLED")
    reaches(cloud, other, "INACTIVE")


def test_a_disabled_integration_gets_nothing(cloud: Emulator, aws: PartnerApi) -> None:
    integration = enabled(cloud)
    intend(cloud, integration, "DISABLED")
    assert cloud.emit(kind="acd.end") == []


def test_an_event_waits_for_an_aws_that_does_not_answer(cloud: Emulator, aws: PartnerApi) -> None:
    enabled(cloud)
    aws.answers = ["drop", 503, 429, "ThrottlingException"]
    [delivery] = cloud.emit(kind="acd.end")
    assert delivery["status"] == "DELIVERED"
    outcomes = [(attempt.get("statusCode"), attempt.get("error")) for attempt in delivery["attempts"]]
    assert outcomes == [
        (None, "RemoteProtocolError"),
        (503, "HTTP 503"),
        (429, "HTTP 429"),
        (400, "ThrottlingException"),
        (200, None),
    ]
    assert len({entry["Detail"] for entry in aws.events}) == 1


def test_after_four_days_an_event_is_given_up(
    cloud: Emulator, aws: PartnerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = list(activation.waits())
    assert (gaps[0], max(gaps)) == (1, 900)
    assert 4 * 24 * 3600 <= sum(gaps) < 4 * 24 * 3600 + 900
    monkeypatch.setattr(activation, "FOUR_DAYS", 5.0)
    enabled(cloud)
    aws.answers = [500] * 100
    [delivery] = cloud.emit(kind="acd.end")
    assert (delivery["status"], delivery["reason"]) == ("FAILED", "AWS did not take it for four days")
    assert len(delivery["attempts"]) == 3  # 1 + 2 + 4 s
    assert len(aws.answers) == 97


@pytest.mark.parametrize(("answers", "entry_error"), [(["ValidationException"], ""), ([], "ResourceNotFoundException")])
def test_what_aws_refuses_is_not_sent_again(
    cloud: Emulator, aws: PartnerApi, answers: list[int | str], entry_error: str
) -> None:
    enabled(cloud)
    aws.answers, aws.entry_error = answers, entry_error
    [delivery] = cloud.emit(kind="acd.end")
    assert (delivery["status"], delivery["reason"], len(delivery["attempts"])) == ("FAILED", "AWS refused it", 1)


def test_an_event_that_waits_ends_with_its_integration(cloud: Emulator, aws: PartnerApi) -> None:
    integration = enabled(cloud)
    aws.answers = [503]
    cloud.door("POST", "retry-scale", factor=0.2)
    [id] = cloud.door("POST", "emit", kind="acd.end")["deliveries"]
    until(lambda: not aws.answers, "the event was tried")
    assert cloud.door("GET", f"deliveries/{id}")["status"] == "PENDING"
    aws.answers = ["drop"] * 1000  # nor can the source be deleted
    cloud.api.delete(integration["selfUri"]).raise_for_status()
    until(lambda: cloud.door("GET", f"deliveries/{id}")["status"] == "FAILED", "the delivery ends")
    assert cloud.door("GET", f"deliveries/{id}")["reason"] == "the integration was deleted or disabled"


# Faults


def test_an_answer_can_be_lost_after_the_work_is_done(cloud: Emulator) -> None:
    cloud.door("POST", "faults", path=INTEGRATIONS, method="POST", status=504, when="after")
    answer = cloud.api.post(INTEGRATIONS, json={"name": "orphan", "integrationType": {"id": TYPE}})
    assert answer.status_code == 504
    [orphan] = cloud.api.get(INTEGRATIONS).json()["entities"]
    assert orphan["name"] == "orphan"
    cloud.door("POST", "faults", path=INTEGRATIONS + "/{id}", method="PATCH", status=500)
    assert cloud.api.patch(orphan["selfUri"], json={"intendedState": "ENABLED"}).status_code == 500
    assert cloud.read(orphan)["intendedState"] == "DISABLED"
