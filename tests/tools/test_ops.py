"""`make verify` and the like, before any of it begins: one line for a sandbox that is down, or no such stack."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import Health, Tiny
from tools.stack import MARK, ROOT

EMPTY = "import pulumi\n"


def ops(tiny: Tiny, *arguments: str, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tools.ops", *arguments],
        cwd=ROOT,
        env={**os.environ, **tiny.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ["verify", "tail", "trigger", "replay", "dead-letters"])
def test_a_sandbox_that_is_down_is_one_line(tiny: Tiny, command: str) -> None:
    code, out, error = ops(tiny, command, "local", SANDBOX_AWS_PORT="9")
    assert (code, out) == (2, "")
    assert error == (
        "error: the sandbox is not running at http://127.0.0.1:9; start it with: make sandbox, or with all that belongs"
        " in it: make demo\n"
    )


def test_a_stack_that_was_not_deployed_in_the_sandbox_is_one_line(tiny: Tiny) -> None:
    assert ops(tiny, "verify", "local") == (2, "", "error: stack local is not deployed: make up STACK=local\n")


def test_a_stack_of_a_sandbox_that_is_gone_is_one_line(tiny: Tiny, health: Health) -> None:
    history = Path(tiny.environ["SANDBOX_DIR"], "state/.pulumi/history/genesys-eventbridge/local")
    history.mkdir(parents=True)
    (history / "local-1.history.json").write_text(
        f'{{"kind": "update", "result": "succeeded", "message": "{MARK}{health.instance}"}}'
    )
    stacks = Path(tiny.environ["SANDBOX_DIR"], "state/.pulumi/stacks/genesys-eventbridge")
    stacks.mkdir(parents=True)
    (stacks / "local.json").touch()
    health.instance = "another"
    told = "error: stack local was deployed in a sandbox that is gone: make up STACK=local\n"
    assert ops(tiny, "tail", "local") == (2, "", told)


def test_a_name_without_a_file_or_none_at_all_is_one_line_that_names_those_there_are(tiny: Tiny) -> None:
    there = "there are dev, local, local-partner, prod, staging\n"
    assert ops(tiny, "verify", "local-nope") == (
        2,
        "",
        f"error: there is no stacks/Pulumi.local-nope.yaml, so no stack local-nope; {there}",
    )
    assert ops(tiny, "verify", "", "--json") == (
        2,
        "",
        f"error: STACK is empty; write one, for example STACK=local; {there}",
    )
    assert not Path(tiny.environ["SANDBOX_DIR"]).exists()
