"""The fault run through the engine: life cycles of four resources in which whatever may pass goes wrong on the way."""

import random
import re
from pathlib import Path

import pytest

from tests.support.fault_run import PASSING, ROUTES, Faults, routes
from tests.support.genesys_kinds import EVERY_KIND, eventbridge_source
from tests.support.project import Object, Project, project
from tests.support.report import Report
from tests.support.waiting import until

SEEDS = 20
QUICK = 1
PER_COMMAND = 4
ENOUGH = 30  # an error that is still there after so many tries does not pass
SECONDS, ATTEMPTS = 3, 6  # how long and how often the provider tries

# `{name}` is the webhook's name, None for the default.
PROGRAM = """
hook = webhook(name={name!r}, enabled={enabled})
subscription("queues", webhook_id=hook.id, attributes={attributes!r})
subscription("conversations", webhook_id=hook.id, event_types=["conversation.event"], enabled={enabled})
event_source("source", {topics!r}, enabled={enabled})
"""
ROUTES_OF_ALL = [
    *ROUTES,
    *routes("/api/v2/events/webhooks"),
    *routes("/api/v2/events/subscriptions"),
    *eventbridge_source().routes,
]
# What is told without being an error.
TOLD = re.compile(
    r" {4}(error: update failed|info: (took over .*|.*: trying again in .*|integration it-local-source is .*"
    r"|integration \S+ is deleted, and still there .*|the new integration is looked for .*))"
)


@pytest.mark.parametrize(
    "seed", [*range(QUICK), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(QUICK, SEEDS))]
)
def test_whatever_fails_on_the_way_state_and_platform_agree(seed: int, tmp_path: Path, report: Report) -> None:
    """Every other time a webhook made by hand has the name: it is refused, and a free name is taken."""
    with project(tmp_path, config={"timeoutSeconds": SECONDS, "maxAttempts": ATTEMPTS}) as it:
        cycle = Cycle(it, seed)
        try:
            cycle.play()
        finally:
            for column, figure in cycle.figures().items():
                report("fault run", "through the engine", column, figure)
        assert (cycle.doubles, cycle.orphans, cycle.tracebacks) == (0, 0, 0)


class Cycle:
    """up, up with changes, refresh, destroy."""

    def __init__(self, it: Project, seed: int) -> None:
        self.it = it
        self.faults = Faults(it.emulator, random.Random(seed), slow_ms=SECONDS * 1000 + 200, longest_wait=1)
        self.theirs: list[Object] = []
        self.failed = self.doubles = self.orphans = self.tracebacks = 0
        if seed % 2:
            body = {"name": "it-local-hook", "destinationUrl": "https://example.com/theirs", "description": "by hand"}
            self.theirs = [it.emulator.by_hand("POST", "/api/v2/events/webhooks", body)]

    def play(self) -> None:
        name = None
        if self.theirs:
            self.program(name)
            self.run("up", refused=rf"{self.theirs[0]['id']}\), which no stack made: choose another `name`")
            name = "a free name"
        self.program(name)
        self.run("up")
        self.agree()
        self.program(name, enabled=False, attributes={"queueId": "q-1"})
        self.run("up")
        self.agree(enabled=False, attributes={"queueId": "q-1"})
        self.run("refresh")
        self.agree(enabled=False, attributes={"queueId": "q-1"})
        self.run("destroy")
        assert self.it.resources() == []
        self.orphans += len(self.ours())

    def program(self, name: str | None, enabled: bool = True, attributes: dict[str, str] | None = None) -> None:
        values = {"name": name, "enabled": enabled, "attributes": attributes or {}, "topics": topics(enabled)}
        self.it.program(PROGRAM.format_map(values))

    def run(self, command: str, refused: str = "") -> None:
        """Give the command again, as a user would, while its errors may pass; or until it is refused for good."""
        self.faults.order(ROUTES_OF_ALL, PER_COMMAND)
        for _ in range(ENOUGH):
            code, text = self.it.stack.run(command, "--skip-preview")
            self.faults.settle()
            self.doubles += len(self.ours()) - len({mark_of(each) for each in self.ours()})
            self.tracebacks += text.count("Traceback")
            errors = self.errors(text)
            if code == 0:
                assert not errors
                assert not refused
                return
            self.failed += 1
            lasting = [error for error in errors if not PASSING.match(error)]
            if refused and len(lasting) == 1 and re.search(refused, lasting[0]):
                return
            assert errors, text
            assert lasting == [], text
        raise AssertionError(f"it does not pass:\n{text}")

    def errors(self, text: str) -> list[str]:
        """What is said of our resources under "Diagnostics", where each error must be one line of ours."""
        found, ours = [], False
        for line in text.partition("\nDiagnostics:\n")[2].partition("\nResources:\n")[0].splitlines():
            if heading := re.fullmatch(r"  (\S+) \(.+\):", line):
                ours = heading[1].startswith("pulumi-python:dynamic/genesys:")
            elif ours and line:
                self.tracebacks += not line.startswith("    error: GenesysError: ")
                found.append(line.removeprefix("    error: GenesysError: "))
            elif line:
                assert TOLD.fullmatch(line), text
        return found

    def ours(self) -> list[Object]:
        """What there is of this stack; what is another's is as it was."""
        everything = [each for kind in EVERY_KIND for each in self.it.emulator.entities(kind)]
        found = [each for each in everything if "[pulumi:it/local/" in mark_of(each)]
        assert [each for each in everything if each not in found] == self.theirs
        return found

    def agree(self, enabled: bool = True, attributes: dict[str, str] | None = None) -> None:
        """The state knows all there is, and nothing else, and both say what the program says."""
        known = {each["id"]: each for each in self.it.resources()}
        until(self.is_settled, "the platform has done what it was told to")
        existing = {each["id"]: told(each) for each in self.ours()}
        self.orphans += len(set(existing) - set(known))
        assert set(known) <= set(existing)
        assert len(known) == 4
        for id_, resource in known.items():
            outputs, entity = resource["outputs"], existing[id_]
            for field in ("name", "description", "notes", "enabled", "destinationUrl", "webhookId", "topics"):
                assert outputs.get(field) == entity.get(field)
            if resource["urn"].endswith("::queues"):
                assert outputs["attributes"] == entity["filter"]["attributes"] == (attributes or {})
            else:
                assert entity["enabled"] == enabled
            if resource["urn"].endswith("::source"):
                assert entity["topics"] == [f"v2.detail.events.conversation.{{id}}.{each}" for each in topics(enabled)]
                assert entity["reportedState"]["code"] == ("ACTIVE" if enabled else "INACTIVE")

    def is_settled(self) -> bool:
        integrations = self.it.emulator.entities("integration")
        return not any(each["reportedState"]["code"].endswith("ING") for each in integrations)

    def figures(self) -> dict[str, int]:
        return {
            "life cycles": 1,
            "faults met": self.faults.met,
            "requests": len(self.it.emulator.door("GET", "calls")),
            "commands that failed": self.failed,
            "doubles": self.doubles,
            "orphans": self.orphans,
            "tracebacks": self.tracebacks,
        }


def topics(enabled: bool) -> list[str]:
    """They change with `enabled`, so that an update of both is a PUT and a PATCH."""
    return ["acd.start", "acd.end"] if enabled else ["acw"]


def mark_of(entity: Object) -> str:
    """The text with its mark; of an integration that was made and never configured, the one that it is to get."""
    if "integrationType" not in entity:
        return str(entity["description"])
    new = entity["config"]["current"]["version"] == 1 and entity["name"] == "it-local-source"
    return "[pulumi:it/local/source]" if new else str(entity["notes"])


def told(entity: Object) -> Object:
    """An integration too with the members that the outputs have."""
    if "integrationType" not in entity:
        return entity
    topics = entity["config"]["current"]["properties"].get("eventFilter")
    return {**entity, "enabled": entity["intendedState"] == "ENABLED", "topics": topics}
