"""`ops verify`: every part of the path by itself, then a probe through all of it.

In `webhook`, a signed probe goes through the public URL and is awaited on the bus; it tells nothing about Genesys
Cloud's half, which its own deliveries do. In `partner` nobody but Genesys Cloud can send, so that a real event is
waited for, for as long as is asked.
"""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator

from . import aws_checks, genesys_checks, stack
from .aws import AwsError
from .console import Console
from .errors import OpsError
from .listener import Listener
from .probe import Answered, NoAnswerError, Sender, probe_id, sender
from .stack import Stack
from .steps import Check, NothingToSay, Step, Wrong, logs, look_and_up, through

PROBE_SECONDS = 20.0  # a new rule takes a few seconds on AWS
REPEATED_AFTER_SECONDS = 2
WHOLE = "whole path"


def run(given: argparse.Namespace) -> int:
    began = time.monotonic()
    it = stack.read(given.stack, given.config_file)
    console = Console(sys.stdout)
    steps: list[Step] = []
    for step in steps_of(it, given.hours, given.wait):
        steps.append(step)
        if not given.json:
            show(console, step, first=len(steps) == 1 or steps[-2].side != step.side)
    wrong = sum(step.ok is False for step in steps)
    took = time.monotonic() - began
    if given.json:
        document = {
            "stack": it.name,
            "delivery": it.outputs.get("delivery"),
            "ok": not wrong,
            "seconds": round(took, 3),
            "steps": [step.to_json() for step in steps],
        }
        print(json.dumps(document, ensure_ascii=False, indent=2), flush=True)
    else:
        console.line()
        told = f"{wrong} of {len(steps)} steps failed" if wrong else f"stack {it.name} is well"
        console.line(console.bold(f"{told}, {took:.1f} s"))
    return 1 if wrong else 0


def steps_of(it: Stack, hours: int = 24, wait: int = 0) -> Iterator[Step]:
    """It listens from the start, so that the rule works by the time that something is sent."""
    with contextlib.ExitStack() as until_the_end:
        needed = wait > 0 if it.partner else "signingSecretArn" in it.outputs
        hears = listening(it, until_the_end) if needed else unheard
        last = Check(WHOLE, "probe", lambda: probed(it, hears))
        if it.partner:
            last = Check(WHOLE, "real event", lambda: real_event(hears, wait))
        yield from through([*genesys_checks.checks(it, hours), *aws_checks.checks(it, hours), last])


def listening(it: Stack, until_the_end: contextlib.ExitStack) -> Callable[[], Listener]:
    """The listener, or why there is none: that is for the step that needs it to say."""
    try:
        listener = until_the_end.enter_context(Listener(it))
    except OpsError as error:
        problem = error
    else:
        return lambda: listener

    def fail() -> Listener:
        if isinstance(problem, AwsError) and problem.not_found:
            raise NothingToSay("not tried: there is no bus to listen on")
        raise problem

    return fail


def unheard() -> Listener:
    raise NothingToSay("nothing is listened to")


def real_event(hears: Callable[[], Listener], wait: int) -> str:
    if not wait:
        raise NothingToSay("not waited for: nobody but Genesys Cloud can send here; --wait SECONDS waits for an event")
    listener, began = hears(), time.monotonic()
    while (left := wait - (time.monotonic() - began)) > 0:
        for event in listener.receive(min(10, max(1, round(left)))):
            return f"{event.get('detail-type')} after {time.monotonic() - began:.1f} s"
    raise Wrong(
        f"no event within {wait} s",
        "let a call come in, or look whether `topics` has what happens there; if all else is ✓, the platform sends"
        " nothing: Genesys Cloud, Admin, Integrations",
    )


def probed(it: Stack, hears: Callable[[], Listener]) -> str:
    sends = sender(it)
    if sends is None:
        raise NothingToSay("not tried: the receiver is somebody else's, whose key is not ours to use")
    return probe(it, sends, hears())


def probe(it: Stack, sends: Sender, listener: Listener) -> str:
    """Sent again every two seconds until one is heard: the listener's own rule may not work yet."""
    sent: dict[str, float] = {}
    began = time.monotonic()
    while time.monotonic() - began < PROBE_SECONDS:
        try:
            at = time.monotonic()
            id_, answered = sends.probe()
        except NoAnswerError as error:
            fix = f"is its address right, and can this machine reach it? Else {look_and_up(it.name)}"
            raise Wrong(str(error), fix) from None
        if answered.status != 200:
            raise Wrong(f"the public URL answered {answered}", fix_of(answered, it.name))
        sent[id_] = at
        for event in listener.receive(REPEATED_AFTER_SECONDS):
            if (found := probe_id(event)) in sent:
                return f"from the public URL to the bus in {(time.monotonic() - sent[found]) * 1000:.0f} ms"
    raise Wrong(
        f"{len(sent)} probes were answered 200, and none was on the bus within {PROBE_SECONDS:.0f} s",
        "does the function put events on another bus (its EVENT_BUS_NAME)? " + look_and_up(it.name),
    )


def fix_of(answered: Answered, name: str) -> str:
    """For each answer that the receiver, or what is before it, can give."""
    says = f"see what the function says ({logs(name)})"
    match answered.status:
        case 202:
            return f"PutEvents does not take events now, and they are parked: {says}; is it denied, or is the bus gone?"
        case 401:
            return (
                "the receiver checks with another key than its secret has: has somebody changed the secret in the last"
                f" minutes? Raise signingKeyRotation in the stack's file, then make up STACK={name}"
            )
        case 403:
            return "a fresh event counts as stale: compare this machine's clock with the right time"
        case 404:
            return f"the route is gone: {look_and_up(name)}"
        case 413:
            return (
                "the receiver takes no event at all: somebody changed its code, which a refresh does not see: delete"
                f" the function by hand, then {look_and_up(name)}"
            )
        case 429:
            return "ingress.throttle is reached: raise it, or see who sends so much"
        case 503 if "key" in answered.message:
            return f"the secret is empty, or the function may not read it: {says}; then {look_and_up(name)}"
        case 503 if "bus" in answered.message:
            return f"PutEvents fails: {says}; is it denied, or is the bus gone? Then {look_and_up(name)}"
        case 500 | 502 | 503 | 504:
            return f"the function fails before it can answer: {says}; then {look_and_up(name)}"
        case _:
            return f"nothing that this program builds answers so: {look_and_up(name)}"


def show(console: Console, step: Step, first: bool) -> None:
    if first:
        console.line(console.bold(step.side))
    mark = {True: console.green("✓"), False: console.red("✗"), None: console.dim("–")}[step.ok]
    console.line(f"  {mark} {step.name:<18} {step.told}  {console.dim(f'{step.seconds:.2f} s')}")
    if step.ok is False:
        console.line(f"    {console.yellow('fix')}  {step.fix}")
