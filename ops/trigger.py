"""`ops trigger`: a signed sample event through the public URL, as Genesys Cloud's webhook would post it.

Unlike a probe it reaches every rule, as a real event does. Its attribute `sample` says what it is.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from . import stack
from .errors import StackError
from .probe import encoded, sender
from .samples import KINDS, Event, marked, sample
from .stack import Stack


def run(given: argparse.Namespace) -> int:
    event = marked(from_file(given.file) if given.file else of_topic(given.topic))
    it = stack.read(given.stack, given.config_file)
    refuse(it, yes=given.yes)
    sends = sender(it)
    if sends is None:
        raise StackError(f"stack {it.name} has somebody else's receiver (ingress.url): its key is not ours to use")
    answered = sends.post(event)
    id_ = hashlib.sha256(encoded(event)).hexdigest()
    ok = answered.status in (200, 202)
    if given.json:
        told = {"ok": ok, "status": answered.status, "message": answered.message, "id": f"genesys-event:{id_}"}
        print(json.dumps({**told, "topicName": event["topicName"]}, ensure_ascii=False), flush=True)
    else:
        print(f"{answered}: {event['topicName']}\nid  genesys-event:{id_}", flush=True)
        if not ok:
            print(f"error: it was not taken; see why: make verify STACK={it.name}", file=sys.stderr)
    return 0 if ok else 1


def refuse(it: Stack, yes: bool) -> None:
    if it.partner:
        raise StackError(
            f"stack {it.name} is `delivery: partner`, where nobody but Genesys Cloud can send: let a call come in"
        )
    if it.settings.protect and not yes:
        raise StackError(
            f"stack {it.name} is protected (`protect`), and whatever listens there would take the sample for an event:"
            " add --yes if that is meant"
        )


def of_topic(topic: str) -> Event:
    kind = topic.removeprefix("v2.detail.events.conversation.{id}.")
    if kind not in KINDS:
        raise StackError(f"--topic is {topic!r}; write {', '.join(KINDS[:-1])} or {KINDS[-1]}, or give --file an event")
    return sample(kind)


def from_file(name: str) -> Event:
    """Raises StackError for what is no event: the receiver would answer 400."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        event = json.loads(text)
    except OSError as error:
        raise StackError(f"--file {name} can't be read: {error.strerror}") from None
    except ValueError:
        raise StackError(f"--file {name} is no JSON; write one event: {EXAMPLE}") from None
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("topicName"), str)
        or not isinstance(event.get("eventBody"), dict)
    ):
        raise StackError(f"--file {name} is no event, which has a topicName and an eventBody: {EXAMPLE}")
    return event


EXAMPLE = '{"topicName": "v2.detail.events.conversation.….acd.start", "eventBody": {"mediaType": "VOICE"}}'
