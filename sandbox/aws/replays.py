"""Replays: an archive's events once more, to the archive's own bus, to all of its rules or to those in FilterArns.

As AWS has it: by the events' own time, minute by minute, each event with the replay's name in it. What AWS does not
say, and is ours: that the end of the span is not in it (of two texts in its reference, the stricter one); the order
within a minute, which is the archive's.

A replay is done at once, or, where a test wants to see it on its way, step by step (`steps`): it begins to run, replays
each minute that has events, and ends, each of them a step. AWS takes minutes for all of that.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from .archives import Archives
from .errors import AwsError, not_found
from .inside import Json, eventbridge, responses

MINUTE = 60

State = Literal["STARTING", "RUNNING", "CANCELLING", "COMPLETED", "CANCELLED", "FAILED"]


@dataclass
class Replay:
    name: str
    account: str
    region: str
    description: str
    archive_arn: str
    destination: Json
    start: float
    end: float
    state: State = field(default="STARTING", init=False)
    last: float | None = field(default=None, init=False)
    """Time of the last event replayed."""
    started: float = field(default_factory=time.time, init=False)
    ended: float | None = field(default=None, init=False)

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{self.region}:{self.account}:replay/{self.name}"

    @property
    def filter_arns(self) -> list[str]:
        return list(self.destination.get("FilterArns") or [])

    @property
    def bus(self) -> str:
        return str(self.destination["Arn"]).partition(":event-bus/")[2]

    def listed(self) -> Json:
        members = {
            "ReplayName": self.name,
            "EventSourceArn": self.archive_arn,
            "State": self.state,
            "EventStartTime": self.start,
            "EventEndTime": self.end,
            "EventLastReplayedTime": self.last,
            "ReplayStartTime": self.started,
            "ReplayEndTime": self.ended,
        }
        return {name: value for name, value in members.items() if value is not None}

    def described(self) -> Json:
        text = {"Description": self.description} if self.description else {}
        return {**self.listed(), **text, "ReplayArn": self.arn, "Destination": self.destination}


class Replays:
    """Of all accounts and regions."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives
        self._replays: dict[tuple[str, str, str], Replay] = {}
        self._changed = threading.Condition()
        self._steps: int | None = None

    def shown(self) -> list[Replay]:
        """Of the account and region in whose scope it is called, by name."""
        scope = responses.get_account_id(), responses.get_region()
        found = [replay for (*where, _), replay in self._replays.items() if tuple(where) == scope]
        return sorted(found, key=lambda replay: replay.name)

    def find(self, name: str) -> Replay:
        for replay in self.shown():
            if replay.name == name:
                return replay
        raise not_found(f"Replay {name}")

    def start(self, replay: Replay, archive: Json) -> None:
        self._replays[replay.account, replay.region, replay.name] = replay
        threading.Thread(target=self._run, args=(replay, archive), name=f"replay-{replay.name}", daemon=True).start()

    def cancel(self, replay: Replay) -> None:
        with self._changed:
            if replay.state not in ("STARTING", "RUNNING"):
                text = f"Replay {replay.name} is not in a valid state for this operation."
                raise AwsError("IllegalStatusException", text)
            replay.state = "CANCELLING"
            self._changed.notify_all()

    def let(self, steps: int | None) -> None:
        """How many steps all of them together may go from now on; None: as many as there are."""
        with self._changed:
            self._steps = steps
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._replays.clear()
            self._steps = None
            self._changed.notify_all()

    def _run(self, replay: Replay, archive: Json) -> None:
        with responses.request_scope(replay.account, replay.region):
            if self._goes_on(replay):
                self._to(replay, "RUNNING", only_from="STARTING")
                for minute in _minutes(self._archives.events(archive), replay):
                    if replay.state != "RUNNING" or not self._goes_on(replay):
                        break
                    for event in minute:
                        if replay.state == "RUNNING":
                            _dispatch(event, replay)
                            replay.last = event["Time"]
            while self._is_there(replay) and not self._goes_on(replay):
                pass  # it was cancelled meanwhile: that it ends is a step of its own
            with self._changed:
                replay.state = "CANCELLED" if replay.state == "CANCELLING" else "COMPLETED"
                replay.ended = time.time()

    def _goes_on(self, replay: Replay) -> bool:
        """Wait until it may take a step. False when it was cancelled instead, or is forgotten."""
        state = replay.state
        with self._changed:
            self._changed.wait_for(lambda: self._steps != 0 or replay.state != state or not self._is_there(replay))
            if replay.state != state or not self._is_there(replay):
                return False
            if self._steps:
                self._steps -= 1
            return True

    def _to(self, replay: Replay, state: State, only_from: State) -> None:
        with self._changed:
            if replay.state == only_from:
                replay.state = state

    def _is_there(self, replay: Replay) -> bool:
        return self._replays.get((replay.account, replay.region, replay.name)) is replay


def _minutes(events: list[Json], replay: Replay) -> Iterator[list[Json]]:
    """The events of the span, minute by minute."""
    wanted = [event for event in events if replay.start <= event["Time"] < replay.end]
    for _, minute in groupby(sorted(wanted, key=_minute), key=_minute):
        yield list(minute)


def _minute(event: Json) -> int:
    return int(event["Time"]) // MINUTE


def _dispatch(archived: Json, replay: Replay) -> None:
    event = {**archived, "EventBusName": replay.bus, "ReplayName": replay.name}
    eventbridge._dispatch_event(event, only=replay.filter_arns)  # ours, of `delivery`
