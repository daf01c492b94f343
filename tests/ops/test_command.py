"""The command line: usage, exit codes, and what can't be read in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.runtime.rpc import UNKNOWN

from tests.support.graph import ROOT


def ops(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def answering(folder: Path, script: str) -> str:
    """A folder with a `pulumi` that does that."""
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def exporting(folder: Path, outputs: dict[str, str]) -> str:
    """The same of a stack without config that exports these."""
    return answering(folder, f"""[ "$1" = stack ] && echo '{json.dumps(outputs)}' || echo '{{}}'""")


def test_help_tells_commands_and_exit_codes() -> None:
    done = ops("--help")
    assert done.returncode == 0
    for told in ("verify", "tail", "trigger", "replay", "dead-letters", "exit codes:", "  2  wrong usage"):
        assert told in done.stdout


@pytest.mark.parametrize("command", ["verify", "tail", "trigger", "replay", "dead-letters"])
def test_help_of_a_command_imports_nothing_that_takes_long(command: str) -> None:
    code = f"""
import sys
from ops.__main__ import main
try:
    main([{command!r}, "--help"])
except SystemExit:
    print(sorted({{"boto3", "pulumi", "httpx", "rich", "settings"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [(), ("verify",), ("tail", "--stack", "x", "--count", "0"), ("nothing",)])
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    done = ops(*arguments)
    assert done.returncode == 2
    assert "usage: python -m ops" in done.stderr


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: no stack named 'dev' found", "there is no stack dev: is it spelt right"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "not logged in to where states are kept: pulumi login"),
        ("error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE", "set PULUMI_CONFIG_PASSPHRASE"),
        ("error: a new kind of trouble", "error: a new kind of trouble"),
    ],
)
def test_what_pulumi_says_is_one_line_with_what_to_do(tmp_path: Path, said: str, told: str) -> None:
    done = ops("verify", "--stack", "dev", PATH=answering(tmp_path, f'echo "{said}" >&2; exit 1'))
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_pulumi_it_says_where_one_may_be(tmp_path: Path) -> None:
    done = ops("verify", "--stack", "dev", PATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no `pulumi` on PATH")


def test_a_stack_that_is_not_deployed(tmp_path: Path) -> None:
    done = ops("verify", "--stack", "dev", PATH=answering(tmp_path, "echo '{}'"))
    assert (done.returncode, done.stderr) == (2, "error: stack dev is not deployed: make up STACK=dev\n")


BUS = "arn:aws:events:us-east-1:000000000000:event-bus/genesys-dev"
DESTINATION = {"destinationArn": "arn:aws:events:us-east-1:000000000000:api-destination/genesys-dev/1"}
WEBHOOK = {**DESTINATION, "destinationUrl": "https://example.com/genesys", "webhookId": "1"}


@pytest.mark.parametrize(
    "outputs",
    [
        {"busArn": UNKNOWN, "delivery": "webhook"},
        {"busArn": ""},
        {"busArn": "arn:aws:events"},
        {"busArn": BUS.replace("event-bus", "rule")},
        {"busArn": None},
    ],
    ids=lambda outputs: str(outputs["busArn"]),
)
def test_what_is_no_bus_is_not_deployed(tmp_path: Path, outputs: dict[str, str]) -> None:
    done = ops("verify", "--stack", "dev", PATH=exporting(tmp_path, outputs))
    assert (done.returncode, done.stderr) == (2, "error: stack dev is not deployed: make up STACK=dev\n")


@pytest.mark.parametrize(
    ("outputs", "missing"),
    [
        ({"busArn": BUS, **WEBHOOK}, "delivery"),
        ({"busArn": BUS, **WEBHOOK, "delivery": UNKNOWN}, "delivery"),
        ({"busArn": BUS, **WEBHOOK, "delivery": "webhook", "webhookId": UNKNOWN}, "webhookId"),
        ({"busArn": BUS, **DESTINATION, "delivery": "webhook"}, "destinationUrl, webhookId"),
        ({"busArn": BUS, "delivery": "partner", "integrationId": "1"}, "eventSourceName"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_deployed_in_part_only(tmp_path: Path, outputs: dict[str, str], missing: str) -> None:
    done = ops("verify", "--stack", "dev", PATH=exporting(tmp_path, outputs))
    told = f"error: stack dev is deployed in part only, without {missing}: make up STACK=dev\n"
    assert (done.returncode, done.stderr) == (2, told)
