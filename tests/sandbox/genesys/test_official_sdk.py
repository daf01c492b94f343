"""The platform's own Python SDK against the emulator: its models take every answer, and lose nothing of it."""

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.genesys import Settings
from sandbox.genesys.testing import serve
from tests.support.genesys_emulator import CLIENT, Emulator
from tests.support.partner_api import ACCOUNT, REGION, PartnerApi, partner_api
from tests.support.waiting import until

TYPE = "amazon-eventbridge-source"
ACD_END = "v2.detail.events.conversation.{id}.acd.end"
PROPERTIES = {
    "awsAccountId": ACCOUNT,
    "awsAccountRegion": REGION,
    "eventFilter": [ACD_END],
    "eventSourceSuffix": "suffix",
}


@pytest.fixture(scope="module")
def sdk() -> Any:
    """Imported here, as it takes seconds: collecting tests is to be fast."""
    return pytest.importorskip("PureCloudPlatformClientV2")


@pytest.fixture(scope="module")
def aws(sdk: Any) -> Iterator[PartnerApi]:
    with partner_api() as running:
        yield running


@pytest.fixture(scope="module")
def one_emulator(aws: PartnerApi) -> Iterator[Emulator]:
    """Without the tutorial's API, as the platform."""
    with serve(Settings(aws_url=aws.url, profile="strict")) as served:
        emulator = Emulator(served)
        with emulator.api, emulator.plain:
            yield emulator


@pytest.fixture
def emulator(one_emulator: Emulator, aws: PartnerApi) -> Emulator:
    one_emulator.door("POST", "reset")
    one_emulator.door("POST", "integrations", changeSeconds=0)
    aws.forget()
    return one_emulator


class Platform:
    """The SDK, logged in. Each answer is checked against what travelled: the SDK drops a field that its model doesn't
    have, and says `outdated_sdk_version` for a value that it doesn't know, both without an error."""

    def __init__(self, sdk: Any, emulator: Emulator) -> None:
        self.sdk = sdk
        self.client = sdk.api_client.ApiClient(host=emulator.url)
        at = urlsplit(emulator.url)
        # A gateway of one's own leads both hosts, login and API, here, whatever the user's SDK is configured with.
        self.client.set_gateway(at.hostname, at.scheme, at.port, "", "")
        self.client.get_client_credentials_token(CLIENT["client_id"], CLIENT["client_secret"])
        self.integrations = sdk.IntegrationsApi(self.client)

    def whole(self, answer: Any) -> Any:
        """The answer, when nothing of what travelled is missing in it."""
        travelled = json.loads(self.client.last_response.data)
        assert same_times(self.client.sanitize_for_serialization(answer)) == same_times(travelled)
        return answer

    def create(self, name: str = "one") -> Any:
        body = self.sdk.CreateIntegrationRequest()
        body.name = name
        body.integration_type = self.sdk.IntegrationType()
        body.integration_type.id = TYPE
        return self.whole(self.integrations.post_integrations(body=body))

    def config(self, id_: str) -> Any:
        return self.whole(self.integrations.get_integration_config_current(id_))

    def configure(self, id_: str, current: Any) -> Any:
        current.properties = PROPERTIES
        current.notes = "by the SDK"
        return self.whole(self.integrations.put_integration_config_current(id_, body=current))

    def enable(self, id_: str) -> Any:
        body = self.sdk.Integration()
        body.intended_state = "ENABLED"
        return self.whole(self.integrations.patch_integration(id_, body=body))

    def read(self, id_: str) -> Any:
        return self.whole(self.integrations.get_integration(id_, expand=["config.current"]))

    def settled(self, id_: str, code: str) -> Any:
        until(lambda: self.read(id_).reported_state.code == code, f"the integration is {code}")
        return self.read(id_)

    @contextlib.contextmanager
    def refused(self, status: int) -> Iterator[dict[str, Any]]:
        """The platform's error, with the fields of the SDK's ErrorBody. Filled in at the end."""
        error: dict[str, Any] = {}
        with pytest.raises(self.sdk.rest.ApiException) as caught:
            yield error
        error.update(json.loads(caught.value.body))
        assert set(error) <= set(self.sdk.ErrorBody().attribute_map.values())
        assert (caught.value.status, error["status"]) == (status, status)
        assert caught.value.headers["ININ-Correlation-Id"] == error["contextId"]


def same_times(value: Any) -> Any:
    """With points in time for their spellings, of which the SDK writes another."""
    if isinstance(value, dict):
        return {key: same_times(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [same_times(each) for each in value]
    with contextlib.suppress(TypeError, ValueError):
        return datetime.fromisoformat(value)
    return value


@pytest.fixture
def platform(sdk: Any, emulator: Emulator) -> Platform:
    return Platform(sdk, emulator)


def test_a_life_from_token_to_deletion(platform: Platform, aws: PartnerApi) -> None:
    made = platform.create()
    assert (made.name, made.integration_type.id, made.intended_state) == ("one", TYPE, "DISABLED")
    assert made.reported_state.code == "INACTIVE"
    assert isinstance(made.reported_state.last_updated, datetime)

    current = platform.config(made.id)
    assert current.version == 1
    configured = platform.configure(made.id, current)
    assert (configured.version, configured.properties, configured.notes) == (2, PROPERTIES, "by the SDK")

    assert platform.enable(made.id).intended_state == "ENABLED"
    found = platform.settled(made.id, "ACTIVE")
    assert found.config.current.properties == PROPERTIES
    assert [name.rpartition("/")[2] for name in aws.sources] == ["suffix"]

    assert platform.whole(platform.integrations.delete_integration(made.id)).id == made.id
    with platform.refused(404) as error:
        platform.integrations.get_integration(made.id)
    assert error["code"] == "not.found"


def test_a_list_in_pages(platform: Platform) -> None:
    made = {platform.create(str(number)).id for number in range(5)}
    seen: list[str] = []
    for page in (1, 2, 3, 4):
        listing = platform.whole(
            platform.integrations.get_integrations(
                page_size=2, page_number=page, integration_type=TYPE, expand=["config.current"]
            )
        )
        assert (listing.total, listing.page_count, listing.page_number) == (5, 3, page)
        assert bool(listing.next_uri) == (page < 3)
        seen += [each.id for each in listing.entities]
        assert all(each.config.current.version == 1 for each in listing.entities)
    assert len(seen) == 5
    assert set(seen) == made


@pytest.mark.parametrize("status", [409, 400])
def test_a_version_that_was_overtaken(platform: Platform, emulator: Emulator, status: int) -> None:
    emulator.door("POST", "integrations", conflictStatus=status)
    made = platform.create()
    mine, theirs = platform.config(made.id), platform.config(made.id)
    platform.configure(made.id, theirs)
    with platform.refused(status) as error:
        platform.configure(made.id, mine)
    assert "does not match the current version" in error["message"]
    assert platform.configure(made.id, platform.config(made.id)).version == 3


def test_a_client_without_the_permission(platform: Platform, emulator: Emulator) -> None:
    emulator.door("POST", "scopes", remove=["integrations:integration:add"])
    with platform.refused(403) as error:
        platform.create()
    assert error["code"] == "missing.any.permissions"
    assert "integrations:integration:add" in error["message"]


def test_a_failed_activation_says_why(platform: Platform, emulator: Emulator) -> None:
    emulator.door("POST", "integrations", failure="The AWS account is not allowed.")
    made = platform.create()
    platform.configure(made.id, platform.config(made.id))
    platform.enable(made.id)
    state = platform.settled(made.id, "ERROR").reported_state
    assert state.detail.message == "The AWS account is not allowed."
    assert state.detail.message_with_params


def test_what_is_asked_besides(platform: Platform) -> None:
    types = platform.whole(platform.integrations.get_integrations_types())
    assert TYPE in [each.id for each in types.entities]
    assert platform.whole(platform.integrations.get_integrations_type(TYPE)).name == "Amazon EventBridge Source"
    organisation = platform.whole(platform.sdk.OrganizationApi(platform.client).get_organizations_me())
    assert organisation.id == Settings().org_id
    topics = platform.whole(
        platform.sdk.NotificationsApi(platform.client).get_notifications_availabletopics(
            expand=["description", "transports"]
        )
    )
    assert "EventBridge" in next(each.transports for each in topics.entities if each.id == ACD_END)
