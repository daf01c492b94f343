"""The entry that Lambda calls, and what the archive must not need."""

import ast
import subprocess
import sys
from pathlib import Path

import ingress

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
    environ = dict.fromkeys(
        ("EVENT_BUS_NAME", "EVENT_SOURCE", "SIGNING_SECRET_ARN", "HEARTBEAT_SECRET_ARN", "METRICS_NAMESPACE", "STACK"),
        "x",
    ) | {"KEY_OVERLAP_MINUTES": "1", "MAX_AGE_MINUTES": "1", "TOPICS": "[]", "AWS_DEFAULT_REGION": "us-east-1"}
    return subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM.format(pause=pause)],
        cwd=PACKAGE.parent,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_the_request_that_made_lambda_load_the_code_has_waited_for_it() -> None:
    assert waits(pause=0) == "[True, False]"


def test_a_request_that_comes_later_to_a_prepared_process_has_not() -> None:
    assert waits(pause=0.6) == "[False, False]"
