"""Many events from Genesys Cloud at full speed, trouble on their way, and what became of each in the end."""

import hashlib
import json
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox import processes
from tests.support.deployment import Deployment
from tests.support.waiting import until

INGRESS, PARKING = "genesys-local-ingress", "genesys-local-parking"
PATIENCE = 900.0
PUT_EVENTS = {"operation": "events:PutEvents", "principal": INGRESS}


@dataclass(frozen=True)
class Arrived:
    """What the bus gave to the tap."""

    ids: Counter[str]
    """How often each id came."""
    changed: list[str]
    """Ids that are not those of the events that bear them."""

    @property
    def doubles(self) -> int:
        return self.ids.total() - len(self.ids)


@dataclass
class Load:
    """The events of one run, each by its id: the SHA-256 of its own text, by which the ingress names it."""

    it: Deployment
    rng: random.Random
    ids: list[str] = field(default_factory=list)
    """In the order in which they were sent."""
    deliveries: dict[str, str] = field(default_factory=dict)
    """The delivery of each event."""
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    """From the first event to the end of the last delivery."""

    def send(self, count: int) -> None:
        """Let so many events happen, without waiting for what becomes of them."""
        for _ in range(count):
            raw = event(self.rng, len(self.ids))
            answer = self.it.genesys("POST", "/_sandbox/emit", {"eventType": "routing.queueEvent", "raw": raw})
            id_ = hashlib.sha256(raw.encode()).hexdigest()
            self.ids.append(id_)
            [self.deliveries[id_]] = answer["deliveries"]

    def reached(self, number: int) -> None:
        """Wait until that event's delivery is final."""
        path = f"/_sandbox/deliveries/{self.deliveries[self.ids[number]]}"
        until(lambda: self.it.genesys("GET", path)["status"] != "PENDING", f"event {number} is through", PATIENCE)

    def tried(self, number: int) -> None:
        """Wait until that event was sent once, in vain or not."""
        path = f"/_sandbox/deliveries/{self.deliveries[self.ids[number]]}"
        until(lambda: self.it.genesys("GET", path)["attempts"], f"event {number} is tried", PATIENCE)

    def ended(self) -> list[dict[str, Any]]:
        """All deliveries, once each is final."""
        for number in range(len(self.ids) - 1, -1, -50):
            self.reached(number)
        own = set(self.deliveries.values())

        def final() -> list[dict[str, Any]] | None:
            found = [each for each in self.it.genesys("GET", "/_sandbox/deliveries") if each["id"] in own]
            return found if all(each["status"] != "PENDING" for each in found) else None

        found: list[dict[str, Any]] = until(final, "every delivery is final", PATIENCE)
        self.seconds = time.monotonic() - self.began
        return found

    def drained(self) -> None:
        """Wait until nothing is parked; what was tried in vain need not wait for its visibility time-out."""
        self.it.aws("POST", "queue-visible", {"queue": PARKING})
        until(lambda: self.it.lying(PARKING) == 0, "the parking queue is empty", PATIENCE)

    def arrived(self, url: str) -> Arrived:
        """All that is in the tap's queue, which empties it, once it has as many of the events as it will get."""
        sqs, ids, changed = self.it.client("sqs"), Counter[str](), list[str]()
        while self.it.lying(url.rpartition("/")[2]):
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                continue
            handles = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=handles)
            for seen in (json.loads(message["Body"]) for message in messages):
                id_ = seen["resources"][0].removeprefix("genesys-event:")
                ids[id_] += 1
                if id_ != self.ids[seen["detail"]["eventBody"]["number"]]:
                    changed.append(id_)
        return Arrived(ids, changed)


def event(rng: random.Random, number: int) -> str:
    """An event's text, with what is lost when somebody writes it anew: spaces, 1.10, characters that need no escape."""
    conversation = uuid.UUID(int=rng.getrandbits(128), version=4)
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = f'{{"conversationId":  "{conversation}", "number": {number}, "score": 1.10, "name": "Zoë \\u00e9 😀"}}'
    topic = f"v2.detail.events.conversation.{conversation}.acd.start"
    return f'{{"topicName": "{topic}", "eventBody": {body}, "timestamp": "{moment}"}}'


def told(it: Deployment, metric: str) -> int:
    """The ingress's own metric of the stack, added up over the last hours."""
    now = time.time()
    of = {"Namespace": "GenesysEventBridge", "MetricName": metric, "Dimensions": [{"Name": "Stack", "Value": "local"}]}
    query = {"Id": "m", "MetricStat": {"Metric": of, "Period": 60, "Stat": "Sum"}}
    answer = it.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - 4 * 3600, EndTime=now + 60
    )
    return int(sum(answer["MetricDataResults"][0]["Values"]))


@dataclass
class Trouble:
    """What goes wrong on the way of `count` events: always the same for a seed, spread over the whole run."""

    it: Deployment
    rng: random.Random
    count: int
    met: Counter[str] = field(default_factory=Counter)

    def run(self, load: Load) -> None:
        """Some events fail by themselves, whenever PutEvents is asked; the rest happens as the run comes to it."""
        for code in ("ThrottlingException", "InternalException"):
            entries = self.rng.sample(range(self.count // 3), self.count // 20)
            times = self.rng.randint(1, 3)
            self.fault("entries that fail", **PUT_EVENTS, kind="partial", code=code, entries=entries, times=times)
        kinds: list[Callable[[], None]] = [self.throttled, self.failing, self.hanging, self.unreachable, self.crash]
        happening = [*kinds, *self.rng.choices(kinds, k=max(self.count // 200, 3)), self.restart]
        self.rng.shuffle(happening)
        half = self.count // 2
        numbers = sorted(self.rng.sample(range(half), len(happening)))
        load.send(half)
        for place, (number, happens) in enumerate(zip(numbers, happening, strict=True), 1):
            load.reached(number)
            happens()
            load.send(half + (self.count - half) * place // len(happening) - len(load.ids))  # so that it is met

    def fault(self, name: str, **details: Any) -> None:
        self.it.aws("POST", "faults", details)
        self.met[name] += 1

    def throttled(self) -> None:
        times = self.rng.randint(3, 8)
        self.fault("throttling", **PUT_EVENTS, code="ThrottlingException", times=times)

    def failing(self) -> None:
        """Instead of the work, or of its answer alone."""
        self.fault("5xx of PutEvents", **PUT_EVENTS, status=500, times=self.rng.randint(2, 5), when=self.when())

    def hanging(self) -> None:
        self.fault("PutEvents hangs", **PUT_EVENTS, kind="hang", times=2, when=self.when())

    def unreachable(self) -> None:
        status = self.rng.choice([500, 502, 503, 504])
        times = self.rng.randint(2, 6)
        self.fault("5xx of the API", operation="execute-api:Invoke", status=status, times=times, when=self.when())

    def when(self) -> str:
        return self.rng.choice(["before", "after"])

    def crash(self) -> None:
        """Every instance of the function at once, whatever it is doing."""
        [server] = [each.pid for each in self.it.sandbox.status() if each.service == "aws"]
        found = processes.find(server)
        assert found
        instances = [
            each
            for each in processes.family(found)
            if any("ministack-lambda-" in argument for argument in processes.command_line(each))
        ]
        processes.send(instances, signal.SIGKILL)
        self.met["instances that crash"] += len(instances)

    def restart(self) -> None:
        """What a deployment of new code does: other instances from now on."""
        functions = self.it.client("lambda")
        environment = functions.get_function_configuration(FunctionName=INGRESS)["Environment"]
        environment["Variables"]["RESTARTED"] = str(os.getpid())
        functions.update_function_configuration(FunctionName=INGRESS, Environment=environment)
        self.met["restart"] += 1
