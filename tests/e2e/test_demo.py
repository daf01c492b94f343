"""What a newcomer runs: the demo, interrupted and run again, and with a webhook that delivers nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.deployment import Deployment, deployment
from tests.support.graph import ROOT

DEMO = [sys.executable, "-m", "tools.demo", "local"]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("demo")) as it:
        it.pulumi("up", "--yes")
        yield it


def environ(it: Deployment) -> dict[str, str]:
    ports = {f"SANDBOX_{service.upper()}_PORT": str(port) for service, port in it.sandbox.ports.items()}
    return {**os.environ, **ports, "SANDBOX_DIR": str(it.directory)}


def demo(it: Deployment, *command: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, *command] if command else DEMO
    return subprocess.run(line, cwd=ROOT, env=environ(it), capture_output=True, text=True, timeout=120)


def test_three_events_are_seen_and_what_exists_is_told(deployed: Deployment) -> None:
    done = demo(deployed)
    assert done.returncode == 0, done.stderr
    assert sum("tap queue" in line and line.rstrip().endswith("ms") for line in done.stdout.splitlines()) == 3
    for told in ("webhook", "subscription", "functions", "genesys-local-ingress", "make down"):
        assert told in done.stdout


def test_an_interrupted_one_goes_on_the_next_time(deployed: Deployment) -> None:
    deployed.aws("POST", "faults", {"operation": "events:PutEvents", "times": 1000, "kind": "hang", "seconds": 5})
    with subprocess.Popen(
        DEMO, cwd=ROOT, env=environ(deployed), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert "waiting for them on the bus" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in error
    deployed.aws("DELETE", "faults")
    assert demo(deployed).returncode == 0


def test_events_that_do_not_arrive_are_an_error(deployed: Deployment) -> None:
    [webhook] = deployed.entities("webhooks")
    deployed.change("webhooks", webhook["id"], enabled=False)
    done = demo(deployed, "-c", "import tools.demo as demo; demo.SECONDS = 2.0; raise SystemExit(demo.main('local'))")
    assert done.returncode == 1
    assert done.stderr.startswith("error: 3 of 3 events did not reach the tap queue within 2 s")
