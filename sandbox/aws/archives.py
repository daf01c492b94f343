"""Archives: which events of a bus they keep, and what is told of them, which is how many and never which.

ministack's DescribeArchive hands out the events themselves. On AWS they reach an archive with a delay, for which its
guide allows ten minutes: `lag`, none by default. Count and size are exact here at any time; AWS takes up to a day.
"""

import time
from dataclasses import dataclass
from typing import Any

from .inside import Json, eventbridge, responses

TIME_BYTES = 20
"""What AWS added to source, detail-type and detail when somebody recorded it: 1,590 bytes for ten events of 139."""
_DESCRIBED = (
    *("ArchiveArn", "ArchiveName", "EventSourceArn", "Description", "EventPattern", "State", "StateReason"),
    *("KmsKeyIdentifier", "RetentionDays", "CreationTime"),
)
_EVENTS = "Events"
"""Where ministack has them in an archive's record, and where they stay: so they go with it."""


@dataclass(frozen=True)
class _Kept:
    at: float
    event: Json


class Archives:
    def __init__(self) -> None:
        self.lag = 0.0
        """Seconds from the bus to the archive, for events under way, too."""

    def install(self) -> None:
        """Take the place of a function of ministack's."""
        eventbridge._archive_event = self.keep

    def keep(self, event: Json, view: Any = None) -> None:
        """In each archive of its bus whose pattern matches. AWS's rule for an archive leaves out what is replayed."""
        if "ReplayName" in event:
            return
        account, region = responses.get_account_id(), responses.get_region()
        bus = f"arn:aws:events:{region}:{account}:event-bus/{event['EventBusName']}"
        kept = _Kept(time.time(), {name: value for name, value in event.items() if not name.startswith("_")})
        for record in eventbridge._archives.values():
            if record["EventSourceArn"] != bus:
                continue
            pattern, owner = record.get("EventPattern"), f"archive {record['ArchiveName']}"
            view = view or eventbridge._pattern_event_view(event)
            if not pattern or eventbridge._matches_pattern_view(pattern, view, owner):
                record.setdefault(_EVENTS, []).append(kept)

    def events(self, record: Json) -> list[Json]:
        """Those that have arrived."""
        now = time.time()
        return [kept.event for kept in list(record.get(_EVENTS, [])) if kept.at + self.lag <= now]

    def described(self, record: Json) -> Json:
        events = self.events(record)
        members = {name: record[name] for name in _DESCRIBED if record.get(name) not in (None, "")}
        return {**members, "EventCount": len(events), "SizeBytes": sum(map(_size, events))}

    def clear(self) -> None:
        self.lag = 0.0


def _size(event: Json) -> int:
    texts = [event["Source"], event["DetailType"], event["Detail"], *event["Resources"]]
    return sum(len(str(text).encode("utf-8", "surrogatepass")) for text in texts) + TIME_BYTES
