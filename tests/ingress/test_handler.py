"""The entry that Lambda calls, and what the archive must not need."""

import ast
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ingress
from ingress.aws import Entry
from ingress.parking import Parked, written
from tests.support.ingress import HEARTBEAT_KEY, KEY, NOW, QUEUE_ARN, event, heartbeat, parked, request, signed, text
from tests.support.ingress_aws import Aws, environment

PACKAGE = Path(ingress.__file__).parent

# What a fresh process tells: how long the first and the second request have waited, in tenths of a second.
PROGRAM = """
import time
from ingress import STARTED, handler
time.sleep({pause})
print([round(10 * (time.monotonic() - handler.waiting_since())) > 0 for _ in range(2)])
"""


def test_the_code_needs_only_what_lambda_has() -> None:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                assert name.partition(".")[0] in {*sys.stdlib_module_names, "boto3", "botocore"}, file


def waits(pause: float) -> str:
    with Aws() as server:
        return run(PROGRAM.format(pause=pause), server)


def run(program: str, server: Aws) -> str:
    return subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=PACKAGE.parent,
        env=environment(server),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_the_request_that_made_lambda_load_the_code_has_waited_for_it() -> None:
    assert waits(pause=0) == "[True, False]"


def test_a_request_that_comes_later_to_a_prepared_process_has_not() -> None:
    assert waits(pause=0.6) == "[False, False]"


def test_the_environment_decides() -> None:
    """Both keys were rotated half an hour ago, the overlap is an hour, and so is an event's greatest age."""
    minutes = {age: (datetime.now(UTC) - timedelta(minutes=age)).isoformat() for age in (0, 30, 61)}
    body = {age: text(event() | {"timestamp": time}) for age, time in minutes.items()}
    cases = [
        (signed(body[0]), 200),
        (signed(body[30], f"previous {KEY}"), 200),
        (signed(body[61]), 403),
        (signed(body[0], "wrong"), 401),
        (heartbeat(), 200),
        (heartbeat(f"previous {HEARTBEAT_KEY}"), 403),
    ]
    program = f"""
import contextlib, io, json
from ingress.handler import handle
with contextlib.redirect_stdout(io.StringIO()):
    answers = [handle(request, None)["statusCode"] for request in {[request for request, _ in cases]!r}]
print(json.dumps(answers))
"""
    with Aws() as server:
        assert json.loads(run(program, server)) == [status for _, status in cases]


def test_the_same_function_empties_its_own_queue_and_no_other() -> None:
    """What HTTP API sends never looks like a batch, whatever its body says."""
    entry = Entry(EventBusName="", Source="s", DetailType="d", Detail="{}", Time=NOW, Resources=["id:1"])
    body = written(Parked([entry], 0))
    batches = [[parked(body, "1")], [parked(body, "2", QUEUE_ARN + "-2"), parked(body, "3")], [parked("nonsense", "4")]]
    asked: list[object] = [{"Records": batch} for batch in batches]
    asked.append(request(json.dumps({"Records": batches[0]}).encode(), {}))
    program = f"""
import contextlib, io, json
from ingress.handler import handle
with contextlib.redirect_stdout(io.StringIO()):
    answers = [handle(each, None) for each in {asked!r}]
print(json.dumps(answers))
"""
    with Aws() as server:
        answers = json.loads(run(program, server))
        assert server.calls == ["PutEvents", "PutEvents"]
    failures = [[each["itemIdentifier"] for each in answer["batchItemFailures"]] for answer in answers[:3]]
    assert failures == [[], ["2"], ["4"]]
    assert answers[3]["statusCode"] == 401
