"""`ops replay`: what came between two moments once more, from the archive, to the rules that are named.

AWS does it, and this looks on: it starts the replay, tells how far it is, and cancels it when it is ended itself, so
that none goes on that nobody watches. Events that a consumer had already come to it twice; their id, the first of
`resources`, is the same.
"""

import argparse
import contextlib
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import stack
from .aws import Answer, AwsError, asking
from .console import Console
from .errors import OpsError, StackError
from .listener import undisturbed
from .moments import told
from .stack import Stack
from .steps import look_and_up

COMPLETE_AFTER = timedelta(minutes=10)  # by AWS's guide
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 5.0
ENDS = ("COMPLETED", "FAILED", "CANCELLED")
UNANSWERED = 5
LONGEST_PREFIX = 36  # of 64 characters for a replay's name


@dataclass(frozen=True)
class Wanted:
    since: datetime
    until: datetime
    rules: dict[str, str]
    """Their ARNs by their names; none means all of the bus."""


@dataclass(frozen=True)
class Progress:
    state: str
    last: datetime | None
    """The time of the event that was replayed last."""
    reason: str = ""

    @property
    def over(self) -> bool:
        return self.state in ENDS

    @classmethod
    def of(cls, answer: Answer) -> "Progress":
        return cls(str(answer["State"]), answer.get("EventLastReplayedTime"), str(answer.get("StateReason") or ""))


class Replay:
    """One in AWS, from its start to its end."""

    def __init__(self, it: Stack, name: str) -> None:
        self._events = it.aws.events
        self.name = name
        self.last: datetime | None = None

    def start(self, it: Stack, archive: str, wanted: Wanted) -> None:
        only = {"FilterArns": list(wanted.rules.values())} if wanted.rules else {}
        with asking():
            self._events.start_replay(
                ReplayName=self.name,
                Description="ops replay",
                EventSourceArn=archive,
                EventStartTime=wanted.since,
                EventEndTime=wanted.until,
                Destination={"Arn": it.bus_arn, **only},
            )

    def progress(self, sleep: Callable[[float], None] = time.sleep) -> Iterator[Progress]:
        """Whenever it has changed, up to its end."""
        before: Progress | None = None
        wait, unanswered = FIRST_WAIT_SECONDS, 0
        while True:
            try:
                now = self._look()
                unanswered = 0
            except AwsError as error:
                unanswered += 1
                if unanswered == UNANSWERED or error.credentials or "AccessDenied" in error.code:
                    raise OpsError(f"{error}; the replay goes on in AWS: {self.command('describe')}") from None
            else:
                if now != before:
                    yield now
                before = now
                if now.over:
                    return
            sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def cancel(self) -> str:
        """What became of it, in one line."""
        try:
            with asking():
                self._events.cancel_replay(ReplayName=self.name)
        except AwsError as error:
            if error.not_found:
                return "nothing was started"
            if "IllegalStatus" in error.code:
                return f"the replay {self.name} had ended before it could be cancelled"
            return f"{error}: the replay {self.name} goes on in AWS; cancel it: {self.command('cancel')}"
        with contextlib.suppress(AwsError):
            self._look()
        done = f"what it replayed, up to {told(self.last)}, stays delivered" if self.last else "it had replayed nothing"
        return f"the replay {self.name} is being cancelled; {done}"

    def _look(self) -> Progress:
        with asking():
            now = Progress.of(self._events.describe_replay(ReplayName=self.name))
        self.last = now.last
        return now

    def command(self, what: str) -> str:
        return f"aws events {what}-replay --replay-name {self.name}"


def run(given: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    since, until = span(given.since, given.until or now, now)
    it = stack.read(given.stack, given.config_file)
    wanted = Wanted(since, until, rules(it, given.rule or []))
    archive = archive_of(it)
    says = Teller(as_json=given.json)
    for warning in warnings(wanted, archive, now):
        says.warn(warning)
    replay = Replay(it, new_name(it.settings.bus_name, now))
    says.begins(replay.name, wanted)
    began = time.monotonic()
    try:
        replay.start(it, str(archive["ArchiveArn"]), wanted)
        for progress in replay.progress():
            says.progress(progress, wanted)
    except (KeyboardInterrupt, SystemExit):
        with undisturbed():
            says.cancelled(replay.cancel())
        raise
    return says.ended(replay, progress, wanted, time.monotonic() - began)


def span(since: datetime, until: datetime, now: datetime) -> tuple[datetime, datetime]:
    """In whole seconds, as events have them, and nothing of them left out."""
    first = since.replace(microsecond=0)
    last = until.replace(microsecond=0) + timedelta(seconds=1 if until.microsecond else 0)
    if since > now:
        raise StackError(f"--since is {told(since)}, which has not come yet: it is {told(now)}")
    if last <= first:
        raise StackError(
            f"--until is {told(last)}, and --since {told(first)}: what should be replayed lies between them"
        )
    return first, last


def rules(it: Stack, names: Sequence[str]) -> dict[str, str]:
    """By the name that the stack exports (`tap`, `forward-1`), or by a rule's own. Raises StackError before anything
    happens."""
    exported = it.outputs.get("rules") or {}
    found: dict[str, str] = {}
    for name in names:
        rule = exported[name]["rule"] if name in exported else name
        try:
            with asking():
                described = it.aws.events.describe_rule(Name=rule, EventBusName=it.bus_name)
        except AwsError as error:
            if not error.not_found:
                raise
            known = ", ".join(exported) or "none"
            raise StackError(
                f"--rule {name}: the bus {it.bus_name} has no such rule; this stack's are {known}, and a rule of"
                " yours goes by its name"
            ) from None
        if described.get("State") == "DISABLED":
            raise StackError(
                f"--rule {name}: it is DISABLED, and would get nothing: aws events enable-rule --name {rule}"
                f" --event-bus-name {it.bus_name}"
            )
        found[rule] = str(described["Arn"])
    return found


def archive_of(it: Stack) -> Answer:
    name = it.outputs.get("archiveName")
    if not name:
        raise StackError(f"stack {it.name} exports no archive: make up STACK={it.name} makes one, for what comes then")
    try:
        with asking():
            return it.aws.events.describe_archive(ArchiveName=name)
    except AwsError as error:
        if not error.not_found:
            raise
        raise StackError(f"the archive {name} is gone, and what was in it: {look_and_up(it.name)}") from None


def warnings(wanted: Wanted, archive: Answer, now: datetime) -> Iterator[str]:
    if now - wanted.until < COMPLETE_AFTER:
        later = told(wanted.until + COMPLETE_AFTER)
        yield (
            "the archive may not have all of it yet: events get there up to 10 minutes late; end with --until 10m, or"
            f" replay the rest after {later}"
        )
    days = int(archive.get("RetentionDays") or 0)
    if days and wanted.since < now - timedelta(days=days):
        yield f"the archive keeps {days} days: what is older is gone"
    if not wanted.rules:
        yield "every rule of the bus gets it again, those of other consumers, too"


def new_name(prefix: str, now: datetime) -> str:
    return f"{prefix[:LONGEST_PREFIX]}-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class Teller:
    """What happens, for people on standard error, in one line that changes where that is a terminal. The result is on
    standard output."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._aside, self._result = Console(sys.stderr), Console(sys.stdout)
        self._moving = sys.stderr.isatty()
        self._is_open = False

    def warn(self, text: str) -> None:
        self._aside.line(f"{self._aside.yellow('warning')}: {text}")

    def begins(self, name: str, wanted: Wanted) -> None:
        to = ", ".join(wanted.rules) or "all rules"
        self._aside.line(f"replay {name}: {told(wanted.since)} – {told(wanted.until)}, to {to}")

    def progress(self, now: Progress, wanted: Wanted) -> None:
        text = now.state
        if now.last:
            part = (now.last - wanted.since) / (wanted.until - wanted.since)
            text += f"  up to {told(now.last)}  {min(max(part, 0), 1):.0%}"
        if self._moving:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._is_open = True
        else:
            self._aside.line(text)

    def cancelled(self, text: str) -> None:
        self._close()
        self._aside.line(text)

    def ended(self, replay: Replay, now: Progress, wanted: Wanted, seconds: float) -> int:
        self._close()
        ok = now.state == "COMPLETED"
        if self._json:
            document = {
                "ok": ok,
                "replay": replay.name,
                "state": now.state,
                "reason": now.reason,
                "since": told(wanted.since),
                "until": told(wanted.until),
                "rules": list(wanted.rules) or "all",
                "lastReplayed": told(now.last) if now.last else None,
                "seconds": round(seconds, 1),
            }
            self._result.line(json.dumps(document, ensure_ascii=False))
        elif ok:
            what = f"up to the event of {told(now.last)}" if now.last else "the archive had no event of that time"
            self._result.line(f"{self._result.green('COMPLETED')}: {what}, {seconds:.0f} s")
        if not ok:
            why = now.reason or ("somebody else cancelled it" if now.state == "CANCELLED" else "AWS does not say why")
            self._aside.line(f"error: the replay {replay.name} is {now.state}: {why}")
        return 0 if ok else 1

    def _close(self) -> None:
        if self._is_open:
            self._aside.line()
        self._is_open = False
