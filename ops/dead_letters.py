"""`ops dead-letters`: what targets did not take: list, explain, send again to that target, delete.

Of an event only its topic is shown. Sent again means delivered before it is deleted: killed between the two, the letter
stays, and goes out once more the next time.
"""

import argparse
import json
import sys
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime

from . import stack
from .aws import AwsError
from .console import Console
from .errors import StackError
from .failures import failure
from .letters import HELD_SECONDS, Letter, Reader
from .masking import without_persons
from .moments import told
from .resend import CannotSend, Sender, by_replay
from .stack import RuleOutput, Stack

SHORT = 8  # characters of an id that are shown, and are enough to name one
NONE = "no dead letters"
REPLAY = "a replay can, and gives the rule the rest of that minute again, too"


@dataclass
class Desk:
    """The queues that are meant, and what was asked for."""

    it: Stack
    queues: dict[str, RuleOutput]
    given: argparse.Namespace
    shown: Console = field(default_factory=lambda: Console(sys.stdout))
    aside: Console = field(default_factory=lambda: Console(sys.stderr))
    found: set[str] = field(default_factory=set)
    """Which of the ids that were named."""

    def letters(self) -> Generator[tuple[str, Reader, Letter]]:
        """Those that were named, or all; each with its queue's name. Held until the end, so that none comes twice."""
        with ExitStack() as until_the_end:
            for name, queue in self.queues.items():
                reader = until_the_end.enter_context(Reader(self.it.aws.sqs, queue["deadLetters"]))
                if held := reader.held_by_others():
                    self.aside.line(
                        f"{name}: {held} more are being read by somebody else, or were when that was killed: there"
                        f" again within {HELD_SECONDS // 60} minutes"
                    )
                for letter in reader:
                    if self._is_wanted(letter):
                        yield name, reader, letter
                    if self.given.id and self.found == set(self.given.id):
                        return

    def _is_wanted(self, letter: Letter) -> bool:
        named = [id_ for id_ in self.given.id if letter.id.startswith(id_)]
        self.found.update(named)
        return bool(named) or not self.given.id

    def ends(self, well: bool = True) -> int:
        missing = [id_ for id_ in self.given.id if id_ not in self.found]
        if missing:
            self.aside.line(f"error: there is no dead letter {', '.join(missing)}, or somebody else reads it just now")
        return 0 if well and not missing else 1

    def json(self, **members: object) -> None:
        self.shown.line(json.dumps(members, ensure_ascii=False))


def run(given: argparse.Namespace) -> int:
    action = {"list": listed, "explain": explained, "send": sent, "delete": deleted}[given.action]
    if given.action in ("send", "delete") and not (given.id or given.all):
        raise StackError(f"dead-letters {given.action}: say which: --id ID (as list shows it), or --all")
    it = stack.read(given.stack, given.config_file)
    return action(Desk(it, queues(it, given.queue), given))


def queues(it: Stack, names: list[str]) -> dict[str, RuleOutput]:
    known = {name: rule for name, rule in (it.outputs.get("rules") or {}).items() if rule.get("deadLetters")}
    if unknown := [name for name in names if name not in known]:
        raise StackError(f"--queue {unknown[0]}: this stack has {', '.join(known) or 'none'}")
    return {name: rule for name, rule in known.items() if name in names or not names}


def listed(desk: Desk) -> int:
    count, heading = 0, ""
    with closing(desk.letters()) as letters:
        for name, _, letter in letters:
            count += 1
            if desk.given.json:
                desk.json(**members(name, letter))
                continue
            if name != heading:
                heading = name
                rule = desk.queues[name]
                desk.shown.line(f"{desk.shown.bold(name)}  rule {rule['rule']} → {rule['target']}")
            code = desk.shown.red(f"{letter.code or '?':<22}")
            desk.shown.line(f"  {letter.id[:SHORT]}  {told(letter.sent)}  {code}  {letter.topic}")
    if not desk.given.json:
        desk.shown.line(f"{count} dead letters" if count else NONE)
    return desk.ends()


def members(name: str, letter: Letter) -> dict[str, object]:
    return {
        "id": letter.id,
        "queue": name,
        "rule": letter.rule,
        "target": letter.target,
        "code": letter.code,
        "message": letter.message,
        "retries": int(letter.retries) if letter.retries.isdecimal() else None,
        "exhausted": letter.exhausted or None,
        "time": told(letter.sent),
        "topic": letter.topic,
    }


@dataclass
class Alike:
    """Letters of one queue that failed in the same way."""

    first: Letter
    count: int = 0
    times: list[datetime] = field(default_factory=list)

    def add(self, letter: Letter) -> None:
        self.count += 1
        self.times = [min(*self.times, letter.sent), max(*self.times, letter.sent)] if self.times else [letter.sent] * 2


def explained(desk: Desk) -> int:
    """Those that failed alike together: a target that was away for an hour makes thousands."""
    found: dict[tuple[str, ...], Alike] = {}
    with closing(desk.letters()) as letters:
        for name, _, letter in letters:
            key = (name, letter.target, letter.code, letter.message, letter.retries, letter.exhausted)
            found.setdefault(key, Alike(letter)).add(letter)
    sender = Sender(desk.it)
    for (name, *_), alike in found.items():
        letter, known, why_not = alike.first, failure(alike.first.code), sender.why_not(alike.first)
        again = by_replay(desk.it, letter) if why_not else command(desk, name)
        if desk.given.json:
            times = {"first": told(alike.times[0]), "last": told(alike.times[1])}
            told_ = {
                name: value for name, value in members(name, letter).items() if name not in ("id", "time", "topic")
            }
            means = {"meaning": known.meaning, "advice": known.advice, "whyNotSent": why_not or None, "again": again}
            desk.json(count=alike.count, **times, **told_, **means)
            continue
        lines = {
            "target": letter.target,
            "error": f"{letter.code}: {letter.message}",
            "tries": tries(letter),
            "means": known.meaning,
            "do": known.advice,
        }
        last = "" if alike.count == 1 else f" to {told(alike.times[1])}"
        desk.shown.line(f"{desk.shown.bold(name)}  {alike.count} since {told(alike.times[0])}{last}")
        for heading, text in lines.items():
            desk.shown.line(f"  {desk.shown.dim(f'{heading:<7}')}{text}")
        reason = f"{why_not}; {REPLAY}: " if why_not else ""
        desk.shown.line(f"  {desk.shown.dim('again  ')}{reason}{again}")
    if not found and not desk.given.json:
        desk.shown.line(NONE)
    return desk.ends()


def tries(letter: Letter) -> str:
    count = int(letter.retries) + 1 if letter.retries.isdecimal() else 1
    why = f"given up by the rule's {letter.exhausted}" if letter.exhausted else "final by itself, not tried again"
    return f"{count}; {why}"


def command(desk: Desk, name: str) -> str:
    return f'make dead-letters STACK={desk.it.name} ARGS="send --queue {name} --all"'


def sent(desk: Desk) -> int:
    sender, count, left, failed = Sender(desk.it), 0, 0, False
    reasons: set[tuple[str, str]] = set()
    with closing(desk.letters()) as letters:
        for name, reader, letter in letters:
            problem, again = delivered(desk, sender, letter)
            done = not problem
            if done:
                count += 1
                problem = removed(reader, letter)
            left += not done
            failed = failed or bool(problem)
            if desk.given.json:
                desk.json(id=letter.id, queue=name, sent=done, problem=problem or None, again=again or None)
            elif not problem:
                desk.shown.line(f"{letter.id[:SHORT]}  sent to {letter.target}")
            elif (name, problem) not in reasons:  # of thousands that fail alike, the first tells it
                reasons.add((name, problem))
                how = f"; {REPLAY}: {again}" if again else ""
                desk.aside.line(f"{letter.id[:SHORT]}  {desk.aside.red('not done')}: {problem}{how}")
    if not desk.given.json:
        rest = f", {left} not, and left where they are" if left else ""
        desk.shown.line(f"{count} sent{rest}" if count or left else NONE)
    return desk.ends(well=not failed)


def delivered(desk: Desk, sender: Sender, letter: Letter) -> tuple[str, str]:
    """What stands in the way, and the command for another way. Both empty when the target has it."""
    try:
        sender.send(letter)
    except CannotSend as reason:
        return str(reason), by_replay(desk.it, letter)
    except AwsError as error:
        if error.credentials:
            raise
        return without_persons(str(error)), ""  # AWS may quote of the event
    return "", ""


def removed(reader: Reader, letter: Letter) -> str:
    """What went wrong. Empty if nothing."""
    try:
        reader.done(letter)
    except AwsError as error:
        return f"it was sent, but could not be deleted, and would be sent again: {error}"
    return ""


def deleted(desk: Desk) -> int:
    if not desk.given.yes:
        confirm(desk)
    count = 0
    with closing(desk.letters()) as letters:
        for name, reader, letter in letters:
            reader.done(letter)
            count += 1
            if desk.given.json:
                desk.json(id=letter.id, queue=name, deleted=True)
    if not desk.given.json:
        desk.shown.line(f"{count} deleted" if count else NONE)
    return desk.ends()


def confirm(desk: Desk) -> None:
    what = f"the {len(desk.given.id)} named" if desk.given.id else f"all dead letters of {', '.join(desk.queues)}"
    if not sys.stdin.isatty():
        raise StackError(f"dead-letters delete: {what} would be gone for good; add --yes if that is meant")
    desk.aside.line(f"Delete {what}, for good? What was not sent again is lost then, but for the archive. Type yes:")
    if sys.stdin.readline().strip() != "yes":
        raise StackError("nothing was deleted")
