"""What others have made stays as it is, whatever it is called, through the real engine."""

import re
from pathlib import Path

from tests.support.project import project

HOOKS = "/api/v2/events/webhooks"


def test_a_users_own_webhook_of_the_same_name_is_never_touched(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        theirs = it.emulator.by_hand(
            "POST", HOOKS, {"name": "it-local-hook", "destinationUrl": "https://example.org/theirs"}
        )
        it.program("webhook('hook')")
        for command in ("up", "up"):
            text = it.pulumi(command, fails=True)
            [line] = [line for line in text.splitlines() if re.match(r"\s*error: GenesysError: ", line)][:1]
            assert f"there is a webhook 'it-local-hook' already ({theirs['id']}), which no stack made" in line
            assert f"set `adopt` to {theirs['id']}" in line
        it.pulumi("refresh")
        it.program("webhook('hook', name='ours')")
        it.pulumi("up")
        it.program("webhook('hook')")
        assert "409" in it.pulumi("up", fails=True), "nor by renaming ours to its name"
        it.pulumi("destroy")
        assert it.emulator.entities("webhook") == [theirs]


def test_it_can_be_adopted_and_kept_by_destroy(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        theirs = it.emulator.by_hand("POST", HOOKS, {"name": "theirs", "destinationUrl": "https://example.org"})
        it.program(f"webhook('hook', adopt={theirs['id']!r}, opts=pulumi.ResourceOptions(retain_on_delete=True))")
        it.pulumi("up")
        [adopted] = it.emulator.entities("webhook")
        assert (adopted["id"], adopted["name"]) == (theirs["id"], "it-local-hook")
        it.program("webhook('hook', opts=pulumi.ResourceOptions(retain_on_delete=True))")
        it.pulumi("up", "--expect-no-changes")
        it.pulumi("destroy")
        assert it.emulator.entities("webhook") == [adopted]
