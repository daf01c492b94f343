"""What is wrong is one `error:` line, and nothing is created; what was created is gone after destroy."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.deployment import Deployment, deployment


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A sandbox with nothing in it, and a stack that was never deployed."""
    with deployment(tmp_path_factory.mktemp("fresh")) as it:
        yield it


def nothing_exists(it: Deployment) -> bool:
    return it.entities("webhooks") == it.entities("subscriptions") == [] and not any(
        it.aws("GET", "resources").values()
    )


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("genesys:clientSecret", None, "no Genesys client secret: set GENESYS_CLIENT_SECRET"),
        ("genesys:region", "eu-north-9", "genesys:region is 'eu-north-9'"),
        ("genesys-eventbridge:ingress", {"url": "http://receiver.example.com"}, "write an https:// URL"),
        (
            "genesys-eventbridge:subscriptions",
            [{"name": "queues", "eventTypes": []}],
            "subscriptions[0].eventTypes is []",
        ),
        ("genesys-eventbridge:busName", "x" * 60, "60 characters long"),
        ("genesys-eventbridge:busname", "x", "did you mean busName?"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_created(fresh: Deployment, key: str, value: Any, says: str) -> None:
    changes = {key: value}
    if key == "genesys:region":
        changes |= {"genesys:loginUrl": None, "genesys:apiUrl": None}
    with fresh.changed(changes):
        text = fresh.pulumi("up", "--yes", fails=True)
    lines = [line for line in text.splitlines() if re.match(r"\s*error: ", line)]
    assert len(lines) == 1, text
    assert says in lines[0]
    assert "Traceback" not in text
    assert nothing_exists(fresh)


def test_destroy_leaves_nothing_on_either_side(fresh: Deployment) -> None:
    assert nothing_exists(fresh)
    fresh.pulumi("up", "--yes", "--skip-preview")
    assert not nothing_exists(fresh)
    fresh.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
    assert fresh.entities("webhooks") == []
    assert fresh.entities("subscriptions") == []
    assert {kind: found for kind, found in fresh.aws("GET", "resources").items() if found} == {}
    assert fresh.stack.export()["deployment"].get("resources", []) == []


@pytest.mark.full
def test_a_protected_stack_can_rotate_its_keys_and_not_lose_its_url(fresh: Deployment) -> None:
    with fresh.changed({"genesys-eventbridge:protect": True}):
        fresh.pulumi("up", "--yes", "--skip-preview")
        url = fresh.stack.outputs()["destinationUrl"]
    with fresh.changed({"genesys-eventbridge:protect": True, "genesys-eventbridge:signingKeyRotation": 2}):
        fresh.pulumi("up", "--yes", "--skip-preview")
        assert fresh.stack.outputs()["destinationUrl"] == url
        assert "protected" in fresh.pulumi("destroy", "--yes", "--run-program", fails=True)
        assert fresh.aws("GET", "resources")["apis"]
    with fresh.changed({"genesys-eventbridge:signingKeyRotation": 2}):
        fresh.pulumi("up", "--yes", "--skip-preview")
        fresh.pulumi("destroy", "--yes", "--skip-preview", "--run-program")


def test_a_sandbox_that_is_not_running_is_told_in_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    with deployment(tmp_path_factory.mktemp("stopped")) as it:
        it.sandbox.stop()
        text = it.pulumi("up", "--yes", fails=True)
    lines = [line for line in text.splitlines() if re.match(r"\s*error: ", line)]
    assert len(lines) == 1, text
    assert "make sandbox" in lines[0]
