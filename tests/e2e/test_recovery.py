"""`make recover`, after `pulumi` was killed while something was being created."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project, project
from tests.support.waiting import until
from tools.stack import recover

HOOKS = "/api/v2/events/webhooks"


def pending(it: Project) -> list[dict[str, Any]]:
    return it.stack.export()["deployment"].get("pending_operations") or []


def killed_while_creating(it: Project) -> None:
    it.program("webhook('hook')")
    it.killed_up("POST", HOOKS)


def test_recover_leaves_no_lock_nothing_pending_and_no_warning(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        killed_while_creating(it)
        assert [each["type"] for each in pending(it)] == ["creating"]
        line = recover(it.stack)
        done = subprocess.run(line, cwd=it.folder, env=it.stack.environ, stdin=subprocess.DEVNULL, capture_output=True)
        assert done.returncode == 0, done.stdout
        assert pending(it) == []
        assert list(it.stack.locks()) == []
        assert "warning" not in it.pulumi("up")
        [hook] = it.emulator.entities("webhook")
        assert [each["id"] for each in it.resources()] == [hook["id"]]


def test_without_it_up_ends_right_and_says_what_would_end_the_engines_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with project(tmp_path) as it:
        killed_while_creating(it)
        assert "1 pending operations" in it.pulumi("up")
        assert "make recover STACK=local" in capsys.readouterr().err
        [hook] = it.emulator.entities("webhook")
        assert [each["id"] for each in it.resources()] == [hook["id"]]


def test_a_late_request_of_the_killed_run_makes_no_second_one(tmp_path: Path) -> None:
    """It was under way when its sender was killed, and reaches the platform after the next `up`."""
    with project(tmp_path) as it:
        it.program("webhook('hook')")
        it.emulator.fault("POST", HOOKS, when="before", hold=True)
        with it.running("up") as run:
            until(it.emulator.held, "a webhook is created")
            run.kill("the provider")
        it.pulumi("up")
        it.emulator.door("DELETE", "held")
        until(lambda: not it.emulator.held(), "the late request is done")
        it.pulumi("up", "--refresh", "--expect-no-changes")
        [hook] = it.emulator.entities("webhook")
        assert [each["id"] for each in it.resources()] == [hook["id"]]
