"""`ops tail`: events as they arrive, masked, through a listener of its own; and the truth about whether it still hears.

In `webhook` it says "listening" only when a probe of its own has come through, and sends one each minute: one that does
not arrive ends it. In `partner`, and with somebody else's receiver, nobody here can send, and it says so.
"""

import argparse
import fnmatch
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from genesys_provider.lifetime import orphaned

from . import stack
from .console import Console
from .errors import StackError
from .listener import DeafError, Event, Listener, Pattern
from .masking import masked
from .probe import NoAnswerError, Sender, probe_id, sender
from .stack import Stack

BEATS_EVERY_SECONDS = 60.0
DEAF_AFTER_SECONDS = 30.0
REPEATED_AFTER_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 5  # so that a reader who has gone is noticed
DETAIL_TYPE = "detail-type"


def run(given: argparse.Namespace) -> int:
    wanted = pattern(given.match) if given.match else None
    it = stack.read(given.stack, given.config_file)
    said = Console(sys.stderr)
    shown = Printer(raw=given.raw, as_json=given.json)
    sends = sender(it)
    ends = time.monotonic() + given.limit if given.limit is not None else None
    with Listener(it, within(it, wanted) if wanted else None) as listener:
        pulse = Pulse(sends, told=said.line)
        if sends is None:
            said.line(f"listening on {it.bus_name}, as far as can be told: {why_unsure(it)}")
        count = 0
        while ends is None or time.monotonic() < ends:
            if orphaned():  # whoever read this has gone
                return 0
            for event in listener.receive(pulse.beat(ends)):
                if (id_ := probe_id(event)) is not None:
                    pulse.heard(id_, it.bus_name)
                elif matches(event, given.topic):
                    shown(event)
                    count += 1
                    if count == given.count:
                        return 0
            pulse.check()
    if count == 0:
        said.line(f"nothing was heard within {given.limit} s")
    return 0 if count else 1


def why_unsure(it: Stack) -> str:
    if it.partner:
        return "in `partner` nobody but Genesys Cloud can send a marker"
    return "the receiver is somebody else's, so that no marker can be sent"


@dataclass
class Pulse:
    """Probes of its own, by which a listener knows that it hears. Without a sender, it never knows."""

    sends: Sender | None
    told: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _listening: bool = False
    _sent: dict[str, float] = field(default_factory=dict)
    _waiting_since: float | None = None
    _next: float = 0.0
    _answer: str = ""

    def beat(self, ends: float | None = None) -> int:
        """Send one if it is time; for how many seconds the queue may be listened to then."""
        now = self.clock()
        if self.sends and now >= self._next:
            self._next = now + REPEATED_AFTER_SECONDS
            if self._waiting_since is None:
                self._waiting_since = now
            try:
                id_, answered = self.sends.probe()
                self._sent[id_] = now
                self._answer = f"the public URL answered {answered}"
            except NoAnswerError as error:
                self._answer = str(error)
        until = min(
            self._next if self.sends else now + LONGEST_WAIT_SECONDS, ends if ends is not None else float("inf")
        )
        return max(1, min(LONGEST_WAIT_SECONDS, round(until - self.clock())))

    def heard(self, id_: str, bus: str) -> None:
        """A probe; it may be another listener's."""
        if id_ not in self._sent:
            return
        self._sent.clear()
        self._waiting_since = None
        self._next = self.clock() + BEATS_EVERY_SECONDS
        if not self._listening:
            self._listening = True
            self.told(f"listening on {bus}")

    def check(self) -> None:
        """Raises DeafError when no probe came back for too long."""
        if self._waiting_since is None or self.clock() - self._waiting_since < DEAF_AFTER_SECONDS:
            return
        state = "it hears nothing any more" if self._listening else "it does not hear yet"
        raise DeafError(
            f"{state}: none of its own probes came back within {DEAF_AFTER_SECONDS:.0f} s ({self._answer}); see why:"
            " ops verify"
        )


def pattern(text: str) -> Pattern:
    """What `--match` says. Raises StackError for what is no pattern at all; AWS judges the rest."""
    example = """for example '{"detail": {"eventBody": {"mediaType": ["VOICE"]}}}'"""
    try:
        found = json.loads(text)
    except ValueError:
        raise StackError(f"--match is no JSON; {example}") from None
    if not isinstance(found, dict) or not found:
        raise StackError(f"--match is no event pattern, which is an object; {example}")
    return found


def within(it: Stack, wanted: Pattern) -> Pattern:
    """Only Genesys Cloud's events, unless the pattern names a source of its own."""
    return {"source": [it.source], **wanted}


def matches(event: Event, topics: list[str]) -> bool:
    """By template or by the concrete topic, whole or with * and ?."""
    if not topics:
        return True
    names = (str(event.get(DETAIL_TYPE)), str((event.get("detail") or {}).get("topicName")))
    return any(fnmatch.fnmatchcase(name, topic.replace("[", "[[]")) for topic in topics for name in names)


class Printer:
    """A line for each event, written at once."""

    def __init__(self, raw: bool, as_json: bool) -> None:
        self._raw, self._json = raw, as_json
        self._console = Console(sys.stdout)

    def __call__(self, event: Event) -> None:
        shown = event if self._raw else masked(event)
        self._console.line(json.dumps(shown, ensure_ascii=False) if self._json else self._for_people(shown))

    def _for_people(self, event: Event) -> str:
        console, detail = self._console, event.get("detail") or {}
        body = detail.get("eventBody") if isinstance(detail, dict) else None
        told = "  ".join(f"{console.dim(name)} {spelt(value)}" for name, value in (body or {}).items())
        return f"{console.dim(clock_time(event))}  {console.cyan(str(event.get(DETAIL_TYPE)))}  {told}"


def spelt(value: Any) -> str:
    """On one line, and without what would steer a terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else "�" for each in text)


def clock_time(event: Event) -> str:
    try:
        return f"{datetime.fromisoformat(str(event.get('time'))).astimezone():%H:%M:%S}"
    except ValueError:
        return "--:--:--"
