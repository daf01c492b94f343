"""What the function tells about a request, or a drained batch: one line of JSON for the log, with the metrics in it.

The lines are in CloudWatch's embedded metric format, and printed: `logging` would wrap them, and then CloudWatch finds
no metric in them. Each value of a dimension is a metric of its own, and billed: they come from fixed lists only.
"""

import json
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from .answers import Answer
from .authentication import Auth
from .aws import Entry

MOST_IDS = 100  # of a long list's events; a line may not get too long for the log


@dataclass
class Record:
    """What is told about one request. Nothing of its body, and no concrete topic: those hold ids of people."""

    request_id: str
    auth: Auth = Auth.NONE
    size: int = 0
    event_ids: list[str] = field(default_factory=list)
    templates: set[str] = field(default_factory=set)
    """Known and configured templates, else `other`."""
    on_bus: Counter[str] = field(default_factory=Counter)
    """Events of Genesys Cloud that the bus has taken, by such a template."""
    parked: int = 0
    calls: int = 0
    errors: set[str] = field(default_factory=set)


class Fate(Enum):
    """What became of a message of the parking queue; one that is not done comes again."""

    DRAINED = "drained"
    PARKED_ANEW = "parked anew"
    BUS_LATE = "bus late"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    FAILED = "failed"

    @property
    def done(self) -> bool:
        return self in (Fate.DRAINED, Fate.PARKED_ANEW)


@dataclass
class Drained:
    """What is told about one batch of parked messages."""

    fates: Counter[Fate] = field(default_factory=Counter)
    entries: list[Entry] = field(default_factory=list)
    """Those that the bus has taken."""
    topics: Counter[str] = field(default_factory=Counter)
    """The events of Genesys Cloud among them, by template."""
    oldest: float | None = None
    """When the oldest event came that still waits, in seconds since 1970."""
    calls: int = 0
    errors: set[str] = field(default_factory=set)


class Metrics:
    def __init__(self, namespace: str, stack: str) -> None:
        self._namespace = namespace
        self._stack = stack

    def tell(self, record: Record, answer: Answer, seconds: float) -> None:
        # After a 503 all of them come once more.
        topics = record.on_bus if answer.status < 500 else Counter[str]()
        counts = {
            "AcceptedByPreviousKey": int(record.auth is Auth.PREVIOUS_SIGNATURE),
            "Parked": record.parked,
            "Events": topics.total(),
        }
        told = {name: count for name, count in counts.items() if count}
        self._print(
            [
                self._directive(["Reason"], ["Auth"], Requests="Count"),
                self._directive([], Latency="Milliseconds", **dict.fromkeys(told, "Count")),
            ],
            Reason=answer.reason,
            Auth=record.auth.value,
            Requests=1,
            Latency=round(1000 * seconds, 1),
            **told,
            status=answer.status,
            requestId=record.request_id,
            bytes=record.size,
            events=len(record.event_ids),
            eventIds=record.event_ids[:MOST_IDS],
            topics=sorted(record.templates),
            calls=record.calls,
            errors=sorted(record.errors),
        )
        self._tell_topics(topics)

    def tell_drained(self, drained: Drained, seconds: float, now: float) -> None:
        """`ParkedAge` is how long the oldest event has waited that still does. SQS's own metric for that forgets a
        message that has been received three times, which in an outage takes two minutes."""
        counts = {"Drained": len(drained.entries), "Events": drained.topics.total()}
        told: dict[str, float] = {name: count for name, count in counts.items() if count}
        units = dict.fromkeys(told, "Count")
        if drained.oldest is not None:
            told["ParkedAge"], units["ParkedAge"] = round(max(now - drained.oldest, 0), 3), "Seconds"
        self._print(
            [self._directive([], **units)] if units else [],
            **told,
            milliseconds=round(1000 * seconds, 1),
            messages=drained.fates.total(),
            fates={fate.value: count for fate, count in drained.fates.items()},
            eventIds=list(ids(drained.entries[:MOST_IDS])),
            topics=sorted(drained.topics),
            calls=drained.calls,
            errors=sorted(drained.errors),
        )
        self._tell_topics(drained.topics)

    def _tell_topics(self, topics: Counter[str]) -> None:
        for topic, count in topics.items():
            self._print([self._directive(["Topic"], Events="Count")], Topic=topic, Events=count)

    def _directive(self, *dimensions: Sequence[str], **units: str) -> dict[str, object]:
        return {
            "Namespace": self._namespace,
            "Dimensions": [["Stack", *names] for names in dimensions],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
        }

    def _print(self, directives: list[dict[str, object]], **members: object) -> None:
        aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}
        print(json.dumps({"_aws": aws, "Stack": self._stack, **members}), flush=True)


def ids(entries: Iterable[Entry]) -> Iterable[str]:
    return (resource.partition(":")[2] for entry in entries for resource in entry.get("Resources", ())[:1])


def where(error: Exception) -> str:
    """An error's class and place, by which it can be found without its message."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
