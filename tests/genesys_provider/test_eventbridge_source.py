"""An event source's life: what is its own in it. test_lifecycle.py has what all kinds have in common."""

import re

import pytest

from genesys_provider.eventbridge_source import EventBridgeSourceProvider
from genesys_provider.lifecycle import Props
from tests.genesys_provider.conftest import set_clock
from tests.support.provider import ORG, Emulator, Process, Waits
from tests.support.waiting import until

PATH = "/api/v2/integrations"
OWNER = "project/stack/it"
MARK = f"[pulumi:{OWNER}]"
DETAIL = "v2.detail.events.conversation.{id}"
SOURCE = EventBridgeSourceProvider()
PROPS: Props = {
    "name": "project-stack-it",
    "notes": f"text {MARK}",
    "owner": OWNER,
    "awsAccountId": "123456789012",
    "awsRegion": "eu-central-1",
    "suffix": "project-stack-it",
    "topics": [f"{DETAIL}.acd.start", f"{DETAIL}.acd.end"],
    "enabled": True,
}


class Settling(Waits):
    """Waits in which the platform gets done what it has begun."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._activation = emulator.served.cloud.activation

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        until(lambda: not self._activation._changes, "the platform has done what it began")


@pytest.fixture(autouse=True)
def waits(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Waits:
    return set_clock(monkeypatch, Settling(emulator))


def calls(emulator: Emulator) -> list[str]:
    """Those to integrations and topics, with `{id}` for the one integration there is."""
    ids = "|".join(emulator.served.cloud.integrations.items)
    found = [re.sub(ids, "{id}", call) if ids else call for call in emulator.calls()]
    return [call for call in found if "oauth" not in call and "organizations" not in call]


def test_it_is_made_configured_and_enabled_and_waited_for(process: Process, emulator: Emulator) -> None:
    state = process.up(SOURCE, PROPS)
    assert calls(emulator) == [
        f"GET {PATH}",
        "GET /api/v2/notifications/availabletopics",
        f"POST {PATH}",
        f"GET {PATH}/{{id}}",
        f"PUT {PATH}/{{id}}/config/current",
        f"PATCH {PATH}/{{id}}",
        *[f"GET {PATH}/{{id}}"] * 2,
    ]
    assert state.outputs["eventSourceName"] == f"aws.partner/genesys.com/cloud/{ORG}/{PROPS['suffix']}"
    assert state.outputs["reportedState"] == "ACTIVE"
    assert process.refresh(SOURCE, state) == state
    assert not process.changes(SOURCE, PROPS, state)
    process.destroy(SOURCE, state)
    assert [*emulator.served.cloud.integrations._found()] == []
