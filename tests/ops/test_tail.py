"""`ops tail` and `ops trigger` as processes, with a `pulumi` that only says what the stack exports."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops import tail
from ops.errors import StackError
from ops.listener import DeafError
from ops.probe import Answered, NoAnswerError
from ops.tail import Pulse, matches, pattern
from tests.support.graph import ROOT
from tests.support.ops import Both
from tests.support.provider import ENVIRON


@pytest.fixture
def environ(deployed: Both, tmp_path: Path) -> dict[str, str]:
    config = {key: {"value": value, "secret": False} for key, value in deployed.config.items()}
    for name, found in (("output", deployed.stack.outputs), ("config", config)):
        (tmp_path / name).write_text(json.dumps(found))
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\ncase "$1" in stack) cat {tmp_path}/output;; config) cat {tmp_path}/config;; esac\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GENESYS_"))}
    return {**kept, **ENVIRON, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def line(command: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "ops", command, "--stack", "it", *arguments]


@contextmanager
def tailing(environ: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A tail that listens; ended at the end."""
    with subprocess.Popen(
        line("tail", *arguments), cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            said = process.stderr.readline()
            assert said == "listening on genesys-it\n", said + process.stderr.read()
            yield process
        finally:
            process.kill()


def run(environ: dict[str, str], *arguments: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(line(*arguments), cwd=ROOT, env=environ, input=text, capture_output=True, text=True)


def test_events_are_shown_masked_at_once_and_probes_are_not(deployed: Both, environ: dict[str, str]) -> None:
    with tailing(environ) as process:
        event = deployed.emit()["event"]
        assert process.stdout
        shown = process.stdout.readline()
        assert "acd.start" in shown
        assert event["eventBody"]["conversationId"] in shown
        assert event["eventBody"]["ani"] not in shown
        assert "\x1b" not in shown, "colour is for terminals"


def test_json_is_one_line_each_and_raw_masks_nothing(deployed: Both, environ: dict[str, str]) -> None:
    with tailing(environ, "--json", "--raw", "--count", "2") as process:
        events = [deployed.emit()["event"], deployed.emit("acd.end")["event"]]
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    shown = [json.loads(each)["detail"] for each in out.splitlines()]
    assert sorted(shown, key=str) == sorted(events, key=str)
    assert deployed.listeners() == []


def test_topic_and_match_choose(deployed: Both, environ: dict[str, str]) -> None:
    wanted = json.dumps({"detail": {"eventBody": {"routingPriority": [0]}}})
    with tailing(environ, "--json", "--topic", "*.acd.end", "--match", wanted, "--count", "1") as process:
        deployed.emit("acd.start")
        event = deployed.emit("acd.end")["event"]
        out, _ = process.communicate(timeout=60)
    [shown] = [json.loads(each) for each in out.splitlines()]
    assert shown["detail"]["topicName"] == event["topicName"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_when_it_is_ended_nothing_is_left(deployed: Both, environ: dict[str, str], number: int, code: int) -> None:
    with tailing(environ) as process:
        assert len(deployed.listeners()) == 2
        process.send_signal(number)
        assert process.wait(60) == code
        assert process.stderr
        assert process.stderr.read() == ""
    assert deployed.listeners() == []


def test_a_reader_that_goes_ends_it_quietly(deployed: Both, environ: dict[str, str]) -> None:
    with tailing(environ) as process:
        assert process.stdout
        process.stdout.close()
        deployed.emit()
        assert process.wait(60) == 0
        assert process.stderr
        assert process.stderr.read() == ""
    assert deployed.listeners() == []


def test_nothing_heard_in_time_is_1(deployed: Both, environ: dict[str, str]) -> None:
    done = run(environ, "tail", "--for", "1")
    assert done.returncode == 1
    assert "nothing was heard within 1 s" in done.stderr
    assert deployed.listeners() == []


def test_a_pattern_that_aws_refuses_is_one_line(deployed: Both, environ: dict[str, str]) -> None:
    deployed.aws.fault("events:PutRule", code="InvalidEventPatternException", status=400, times=1)
    done = run(environ, "tail", "--match", '{"detail": 1}')
    assert done.returncode == 1
    assert "InvalidEventPattern" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert deployed.listeners() == []


# Whether it hears


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Sends:
    """Stands in for a sender whose probes are heard when a test says so."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    def probe(self) -> tuple[str, Answered]:
        self.count += 1
        if self.fails:
            raise NoAnswerError("POST there: no answer")
        return str(self.count), Answered(200, "accepted")


def pulse() -> tuple[Pulse, Any, Clock, list[str]]:
    sends: Any = Sends()
    clock, told = Clock(), list[str]()
    return Pulse(sends, told.append, clock), sends, clock, told


def test_listening_is_said_once_and_only_after_its_own_probe() -> None:
    it, _, clock, told = pulse()
    it.beat()
    it.heard("another's", "bus")
    assert told == []
    it.heard("1", "bus")
    clock.now += tail.BEATS_EVERY_SECONDS
    it.beat()
    it.heard("2", "bus")
    assert told == ["listening on bus"]


def test_until_one_is_heard_it_asks_every_two_seconds_and_then_every_minute() -> None:
    it, sends, clock, _ = pulse()
    for _ in range(3):
        it.beat()
        it.beat()
        clock.now += tail.REPEATED_AFTER_SECONDS
    assert sends.count == 3
    it.heard("3", "bus")
    for _ in range(29):
        clock.now += tail.REPEATED_AFTER_SECONDS
        it.beat()
    assert sends.count == 3
    clock.now += tail.REPEATED_AFTER_SECONDS
    it.beat()
    assert sends.count == 4


@pytest.mark.parametrize("was_heard", [True, False])
def test_it_ends_when_none_of_its_probes_comes_back(was_heard: bool) -> None:
    it, sends, clock, _ = pulse()
    it.beat()
    if was_heard:
        it.heard("1", "bus")
        clock.now += tail.BEATS_EVERY_SECONDS
        it.beat()
    clock.now += tail.DEAF_AFTER_SECONDS - 1
    it.check()
    clock.now += 1
    sends.fails = True
    it.beat()
    with pytest.raises(DeafError, match="hears nothing any more" if was_heard else "does not hear yet") as caught:
        it.check()
    assert "no answer" in str(caught.value)


def test_without_a_sender_it_waits_for_ever() -> None:
    it = Pulse(None, print, Clock())
    assert it.beat() == tail.LONGEST_WAIT_SECONDS
    it.check()


@pytest.mark.parametrize("text", ["{", "[]", "1", "{}"])
def test_a_match_that_is_no_pattern_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(StackError, match="for example"):
        pattern(text)


@pytest.mark.parametrize(
    ("topics", "is_shown"),
    [
        ([], True),
        (["v2.detail.events.conversation.{id}.acd.start"], True),
        (["v2.detail.events.conversation.1234.acd.start"], True),
        (["*.acd.*"], True),
        (["*.user.*", "*.acd.start"], True),
        (["acd.start"], False),
        (["*.acd.end"], False),
    ],
)
def test_topics_are_templates_or_concrete_ones_or_globs(topics: list[str], is_shown: bool) -> None:
    topic = "v2.detail.events.conversation.1234.acd.start"
    event = {"detail-type": "v2.detail.events.conversation.{id}.acd.start", "detail": {"topicName": topic}}
    assert matches(event, topics) == is_shown


def test_what_would_steer_a_terminal_is_not_written() -> None:
    assert tail.spelt("a\x1b[2Jb\nc") == "a�[2Jb�c"


# Trigger


def test_a_sample_reaches_the_bus_and_says_what_it_is(deployed: Both, environ: dict[str, str]) -> None:
    with tailing(environ, "--json", "--raw", "--count", "1") as process:
        done = run(environ, "trigger", "--topic", "acd.end", "--json")
        out, _ = process.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    told, shown = json.loads(done.stdout), json.loads(out)
    assert (told["status"], told["id"]) == (200, shown["resources"][0])
    assert shown["detail"]["eventBody"]["attributes"] == {"sample": "genesys-pulumi.ops"}
    assert shown["detail-type"] == "v2.detail.events.conversation.{id}.acd.end"


def test_an_event_of_ones_own_is_marked_and_happens_now(deployed: Both, environ: dict[str, str]) -> None:
    own = {
        "topicName": "v2.users.1.presence",
        "eventBody": {"attributes": {"a": "b"}},
        "timestamp": "2020-01-01T00:00Z",
    }
    with tailing(environ, "--json", "--raw", "--count", "1") as process:
        done = run(environ, "trigger", "--file", "-", text=json.dumps(own))
        out, _ = process.communicate(timeout=60)
    assert done.stdout.startswith("200 accepted: v2.users.1.presence\nid  genesys-event:")
    assert json.loads(out)["detail"]["eventBody"]["attributes"] == {"a": "b", "sample": "genesys-pulumi.ops"}


@pytest.mark.parametrize("text", ["{", "[]", '{"topicName": "a"}', '{"topicName": "a", "eventBody": []}'])
def test_what_is_no_event_is_not_sent(environ: dict[str, str], deployed: Both, text: str) -> None:
    done = run(environ, "trigger", "--file", "-", text=text)
    assert done.returncode == 2
    assert "--file - is no" in done.stderr
    assert not deployed.aws.calls("events:PutEvents")


def test_an_unknown_topic_names_those_that_there_are(environ: dict[str, str]) -> None:
    done = run(environ, "trigger", "--topic", "acd")
    assert done.returncode == 2
    assert "acd.start" in done.stderr


def test_a_protected_stack_gets_a_sample_only_when_that_is_said(deployed: Both, environ: dict[str, str]) -> None:
    config = Path(environ["PATH"].split(":")[0], "config")
    known = json.loads(config.read_text())
    config.write_text(json.dumps({**known, "genesys-eventbridge:protect": {"value": "true"}}))
    done = run(environ, "trigger")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert not deployed.aws.calls("events:PutEvents")
    assert run(environ, "trigger", "--yes").returncode == 0


def test_a_sample_that_is_refused_is_1(deployed: Both, environ: dict[str, str]) -> None:
    deployed.aws.client("lambda").delete_function(FunctionName=deployed.stack.outputs["functionName"])
    done = run(environ, "trigger")
    assert done.returncode == 1
    assert "make verify STACK=it" in done.stderr


# The stack


def test_another_account_is_refused(deployed: Both, environ: dict[str, str]) -> None:
    config = Path(environ["PATH"].split(":")[0], "config")
    known = json.loads(config.read_text())
    config.write_text(json.dumps({**known, "aws:allowedAccountIds": {"value": '["111111111111"]'}}))
    done = run(environ, "verify")
    assert done.returncode == 2
    assert "are of account 000000000000, which aws:allowedAccountIds (111111111111) does not let in" in done.stderr


@pytest.mark.parametrize(
    ("region", "told"),
    [
        (None, "aws:region is missing in the stack's file; the stack is deployed in us-east-1: aws:region: us-east-1"),
        (
            "eu-west-1",
            "aws:region is eu-west-1, but the stack is deployed in us-east-1: correct it in the stack's file",
        ),
    ],
)
def test_another_region_or_none_is_told_at_once(
    deployed: Both, environ: dict[str, str], region: str | None, told: str
) -> None:
    config = Path(environ["PATH"].split(":")[0], "config")
    known = json.loads(config.read_text())
    del known["aws:region"]
    config.write_text(json.dumps({**known, **({"aws:region": {"value": region}} if region else {})}))
    done = run({**environ, "AWS_CONFIG_FILE": "/dev/null"}, "verify")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not deployed.aws.calls("sts:GetCallerIdentity")
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        assert run({**environ, variable: "us-east-1"}, "verify").returncode == (2 if region else 0)


def test_a_sandbox_that_does_not_run_is_one_line(deployed: Both, environ: dict[str, str]) -> None:
    config = Path(environ["PATH"].split(":")[0], "config")
    text = config.read_text().replace(deployed.aws.url, "http://127.0.0.1:9")
    config.write_text(text)
    done = run(environ, "verify")
    assert done.returncode == 2
    assert "is the sandbox running?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_verify_says_all_of_it_in_json_and_by_its_exit_code(deployed: Both, environ: dict[str, str]) -> None:
    done = run(environ, "verify", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["stack"]) == (0, True, "it"), document
    deployed.change(deployed.webhook, enabled=False)
    done = run(environ, "verify")
    assert done.returncode == 1
    assert "✗ webhook" in done.stdout
    assert "fix  make refresh STACK=it, then make up STACK=it" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 of 23 steps failed, ")
