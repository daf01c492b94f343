"""What the function tells about a request: one line of JSON for the log, which carries the metrics as well.

The lines are in CloudWatch's embedded metric format, and printed: `logging` would wrap them, and then CloudWatch finds
no metric in them. Each value of a dimension is a metric of its own, and billed: they come from fixed lists only.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .answers import Answer
from .authentication import Auth

MOST_IDS = 100  # of a long list's events; a line may not get too long for the log


@dataclass
class Record:
    """What is told about one request. Nothing of its body, and no concrete topic: those hold ids of people."""

    request_id: str
    auth: Auth = Auth.NONE
    size: int = 0
    event_ids: list[str] = field(default_factory=list)
    topics: Counter[str] = field(default_factory=Counter)
    """Known and configured templates, else `other`."""
    calls: int = 0
    errors: set[str] = field(default_factory=set)


class Metrics:
    def __init__(self, namespace: str, stack: str) -> None:
        self._namespace = namespace
        self._stack = stack

    def tell(self, record: Record, answer: Answer, seconds: float) -> None:
        milliseconds = round(1000 * seconds, 1)
        by_previous_key = {"AcceptedByPreviousKey": 1} if record.auth is Auth.PREVIOUS_SIGNATURE else {}
        self._print(
            [
                self._directive(["Reason"], ["Auth"], Requests="Count"),
                self._directive([], Latency="Milliseconds", **dict.fromkeys(by_previous_key, "Count")),
            ],
            Reason=answer.reason,
            Auth=record.auth.value,
            Requests=1,
            Latency=milliseconds,
            **by_previous_key,
            status=answer.status,
            requestId=record.request_id,
            bytes=record.size,
            events=len(record.event_ids),
            eventIds=record.event_ids[:MOST_IDS],
            topics=sorted(record.topics),
            calls=record.calls,
            errors=sorted(record.errors),
        )
        if answer is Answer.ACCEPTED:
            for topic, count in record.topics.items():
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
