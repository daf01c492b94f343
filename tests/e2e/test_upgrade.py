"""A stack outlives what made it: a former release of the package, and the place where a provider class was."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Object, Project, project

STATES = Path(__file__).parent / "states"


@pytest.fixture(params=sorted(STATES.glob("*.json")), ids=lambda file: file.stem)
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A stack in the state in which a former release left it, and the objects that this state speaks of."""
    text = request.param.read_text()
    with project(tmp_path) as it:
        text = text.replace("{url}", it.emulator.served.url)
        for kind in ("webhook", "subscription"):
            made = it.emulator.by_hand("POST", f"/api/v2/events/{kind}s", json.loads(text)[kind])
            text = text.replace(f"{{{kind}}}", made["id"])
        state = it.folder / "state.json"
        state.write_text(json.dumps(json.loads(text)["state"]))
        shutil.copy(STATES / "program.py", it.folder / "__main__.py")
        it.stack.prepare("up")  # makes the stack
        it.pulumi("stack", "import", "--file", str(state))
        yield it


def objects(it: Project) -> list[Object]:
    return it.emulator.entities("webhook") + it.emulator.entities("subscription")


def test_a_stack_of_a_former_release_stays_as_it_is(upgraded: Project) -> None:
    it, before = upgraded, objects(upgraded)
    assert re.findall("create|delete|replace", it.pulumi("preview", "--diff")) == []
    assert re.findall(r"\d+ (?:created|updated|deleted)", it.pulumi("refresh")) == []
    it.pulumi("up")
    assert [call for call in it.emulator.calls() if not call.startswith("GET ")] == ["POST /oauth/token"]
    assert objects(it) == before


def test_and_can_be_changed(upgraded: Project) -> None:
    it, program = upgraded, upgraded.folder / "__main__.py"
    program.write_text(program.read_text().replace("rotation=2", "rotation=3"))
    it.pulumi("up")
    [webhook] = it.emulator.entities("webhook")
    assert len(it.emulator.signing_key(webhook["id"]) or "") == 43
    assert webhook["headerOverrides"] == {"X-Tenant": "a secret"}
    assert len(objects(it)) == 2


def test_and_destroyed_at_once(upgraded: Project) -> None:
    upgraded.pulumi("destroy")
    assert objects(upgraded) == upgraded.resources() == []


# A class that moves.

PLACE = """\
import pulumi
from genesys_provider.lifecycle import EntityResource
from genesys_provider.webhook import WebhookProvider

class HookProvider(WebhookProvider):
    pass

class Hook(EntityResource, module="genesys", name="Hook"):
    def __init__(self, name):
        props = dict.fromkeys(each.name for each in HookProvider.fields)
        props |= {"destinationUrl": "https://example.com/in", "signingKey": "a key"}
        super().__init__(HookProvider(), name, props, None)
"""
ALIAS = "from new_place import HookProvider\n"


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[Project]:
    """A stack that was deployed when the class was in old_place; now it is in new_place, and an alias is left."""
    with project(tmp_path) as it:
        (it.folder / "old_place.py").write_text(PLACE)
        it.program("from old_place import Hook\nHook('hook')\n")
        it.pulumi("up")
        (it.folder / "new_place.py").write_text(PLACE)
        (it.folder / "old_place.py").write_text(ALIAS)
        it.program("from new_place import Hook\nHook('hook')\n")
        it.emulator.calls()
        yield it


def test_a_moved_class_is_an_update_that_sends_nothing(moved: Project) -> None:
    assert re.search(r"~ +\S+:Hook hook update", moved.pulumi("preview"))
    moved.pulumi("up")
    assert moved.emulator.calls() == []
    (moved.folder / "old_place.py").unlink()
    assert re.findall(r"\d+ (?:created|updated|deleted)", moved.pulumi("refresh")) == []
    moved.pulumi("destroy")
    assert objects(moved) == moved.resources() == []


def test_with_an_alias_in_its_old_place_it_needs_no_up(moved: Project) -> None:
    assert re.findall(r"\d+ (?:created|updated|deleted)", moved.pulumi("refresh")) == []
    moved.pulumi("destroy")
    assert objects(moved) == moved.resources() == []


def test_without_one_nothing_is_lost_and_an_up_mends_it(moved: Project) -> None:
    (moved.folder / "old_place.py").unlink()
    text = moved.pulumi("refresh", fails=True)
    assert "ModuleNotFoundError: No module named 'old_place'" in text
    assert "Traceback (most" not in text
    moved.pulumi("up")
    assert moved.emulator.calls() == []
    moved.pulumi("destroy")
    assert objects(moved) == moved.resources() == []
