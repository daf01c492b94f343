"""What Genesys Cloud sends is on the bus in the end, whatever happens on the way; what it gives up is counted."""

import json
import random
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.deployment import Deployment, deployment
from tests.support.load import INGRESS, PARKING, PUT_EVENTS, Arrived, Load, Trouble, told
from tests.support.report import Report
from tests.support.waiting import until
from tools import ops

TITLE = "events from Genesys Cloud to the bus"
SEED = 20_260_218
SCALE = 0.1  # of Genesys Cloud's waits, and of the outages
OUTAGE = 60 * SCALE
COUNTS = [200, pytest.param(10_000, marks=pytest.mark.full)]

Object = dict[str, Any]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for all runs; each leaves it well, and the tap empty."""
    with deployment(tmp_path_factory.mktemp("loss")) as it:
        it.pulumi("up", "--yes", "--skip-preview")
        it.genesys("POST", "/_sandbox/retry-scale", {"factor": SCALE})
        it.client("events").disable_rule(Name="genesys-local-heartbeat")  # one that fails is not sent again
        yield it


@pytest.fixture
def it(deployed: Deployment) -> Iterator[Deployment]:
    try:
        yield deployed
    finally:
        deployed.aws("DELETE", "faults")


def retries(it: Deployment, count: int, seconds: int) -> None:
    policy = {"retryCount": count, "retryIntervalSeconds": seconds}
    it.change("webhooks", it.stack.outputs()["webhookId"], retryPolicy=policy)


def given_up(deliveries: list[Object]) -> set[str]:
    """The events' ids."""
    return {each["eventId"] for each in deliveries if each["status"] == "FAILED"}


def answers(deliveries: list[Object], status: int) -> int:
    return sum(attempt.get("statusCode") == status for each in deliveries for attempt in each["attempts"])


def verified(it: Deployment) -> int:
    """How many deliveries have failed for good, as `ops verify` says."""
    line = ops.line(it.stack, "verify", "--json")
    done = subprocess.run(line, cwd=it.stack.project, env=ops.environ(it.stack), capture_output=True, text=True)
    found = re.search(r'"([\d,]+) of [\d,]+ (?:in|deliveries of) the last', done.stdout)
    assert found, done.stdout + done.stderr
    return int(found[1].replace(",", ""))


def tell(report: Report, row: str, load: Load, deliveries: list[Object], arrived: Arrived) -> None:
    attempts = sum(len(each["attempts"]) for each in deliveries)
    figures: dict[str, int | str] = {
        "events": len(load.ids),
        "ids on the bus": len(arrived.ids),
        "doubles": arrived.doubles,
        "tries": attempts,
        "given up": len(given_up(deliveries)),
        "events/s": f"{len(load.ids) / load.seconds:.0f}",
    }
    for column, value in figures.items():
        report(TITLE, row, column, value)


class Counts:
    """What the ingress tells of parking, since this was made."""

    def __init__(self, it: Deployment) -> None:
        self._it = it
        self._before = self._now()

    def _now(self) -> tuple[int, int]:
        return told(self._it, "Parked"), told(self._it, "Drained")

    def since(self) -> tuple[int, int]:
        """Parked, and drained."""
        return self._now()[0] - self._before[0], self._now()[1] - self._before[1]

    def tell(self, report: Report, row: str) -> None:
        for column, value in zip(("parked", "drained"), self.since(), strict=True):
            report(TITLE, row, column, value)


@pytest.mark.parametrize("count", COUNTS)
def test_every_event_is_on_the_bus_whatever_happens_on_the_way(it: Deployment, count: int, report: Report) -> None:
    row = f"{count:,}, troubled"
    retries(it, 10, 10)
    load, counts = Load(it, random.Random(SEED)), Counts(it)
    trouble = Trouble(it, random.Random(SEED), count)
    trouble.run(load)
    deliveries = load.ended()
    load.drained()
    arrived = load.arrived(it.stack.outputs()["tapQueueUrl"])
    tell(report, row, load, deliveries, arrived)
    counts.tell(report, row)
    for name, met in sorted(trouble.met.items()):
        report("trouble on the way", name, row, met)
    assert it.aws("GET", "faults") == [], "all of it was met, as each entry is sent until it is on the bus"
    assert given_up(deliveries) == set()
    assert set(arrived.ids) == set(load.ids)
    assert arrived.changed == []


@pytest.mark.parametrize("count", COUNTS)
def test_an_outage_of_put_events_loses_nothing(it: Deployment, count: int, report: Report) -> None:
    """The tutorial's three tries more, ten seconds apart. A 202 ends them: such an event is on the bus by parking."""
    row = f"{count:,}, PutEvents out"
    retries(it, 3, 10)
    load, counts = Load(it, random.Random(SEED + 1)), Counts(it)
    load.send(count // 10)
    load.reached(0)
    it.aws("POST", "faults", {**PUT_EVENTS, "code": "ThrottlingException", "times": 10**6})
    load.send(count - count // 10)
    over = time.monotonic() + OUTAGE
    until(lambda: time.monotonic() > over and it.lying(PARKING), "the outage is over, and something is parked")
    it.aws("DELETE", "faults")
    deliveries = load.ended()
    load.drained()
    arrived = load.arrived(it.stack.outputs()["tapQueueUrl"])
    tell(report, row, load, deliveries, arrived)
    counts.tell(report, row)
    assert answers(deliveries, 202) > 0
    assert given_up(deliveries) == set()
    assert set(arrived.ids) == set(load.ids)
    assert arrived.changed == []


@pytest.mark.parametrize("count", COUNTS)
def test_verify_counts_exactly_what_is_lost_while_the_ingress_is_gone(
    it: Deployment, count: int, report: Report
) -> None:
    row = f"{count:,}, ingress gone"
    retries(it, 3, 10)
    before = verified(it)
    third = count // 3
    load = Load(it, random.Random(SEED + 2))
    load.send(third)
    load.reached(third // 2)
    functions = it.client("lambda")
    [statement] = statements(functions)
    functions.remove_permission(FunctionName=INGRESS, StatementId=statement["Sid"])
    over = time.monotonic() + OUTAGE
    load.send(third)
    load.reached(2 * third - 1)  # given up
    load.send(count - 2 * third)
    load.tried(2 * third)
    until(lambda: time.monotonic() > over, "the outage is over")
    functions.add_permission(
        FunctionName=INGRESS,
        StatementId=statement["Sid"],
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
    )
    deliveries = load.ended()
    load.drained()
    arrived = load.arrived(it.stack.outputs()["tapQueueUrl"])
    tell(report, row, load, deliveries, arrived)
    report(TITLE, row, "verify", lost := verified(it) - before)
    assert 0 < lost < count
    assert given_up(deliveries) == set(load.ids) - set(arrived.ids)
    assert len(given_up(deliveries)) == lost
    assert arrived.changed == []


def statements(functions: Any) -> list[Object]:
    """Of the function's own policy: who may call it."""
    found: list[Object] = json.loads(functions.get_policy(FunctionName=INGRESS)["Policy"])["Statement"]
    return found
