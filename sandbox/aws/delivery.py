"""EventBridge's deliveries: matched by rules, tried again, put into dead-letter queues, recorded and counted.

What fails for good by itself, or until the target's RetryPolicy is exhausted (`trial`), goes to the target's
dead-letter queue; without one it is dropped.
"""

import asyncio
import contextlib
import contextvars
import threading
import time
import uuid
from collections.abc import Collection, Iterator
from typing import Any

from . import bus_metrics, dead_letters, targets
from .authorization import Authorization
from .calls import Calls
from .environment import ACCOUNT, REGION
from .inside import Json, eventbridge, responses
from .invocation import Invocation
from .operations import role_name
from .outcome import Outcome
from .target_faults import TargetFaults
from .targets import SERVICE, Kind
from .trial import Delivery, Trial

_PARTNERS = "aws.partner/"
_collected: contextvars.ContextVar[list[Trial] | None] = contextvars.ContextVar("collected", default=None)


class Deliveries:
    SCALE = 0.1

    _loop: asyncio.AbstractEventLoop

    def __init__(self, calls: Calls, authorization: Authorization) -> None:
        self._calls = calls
        self._authorization = authorization
        self._waiting: dict[Trial, asyncio.TimerHandle] = {}
        self._stopped = threading.Event()
        self.faults = TargetFaults()
        self.scale = self.SCALE
        """Of the waits between attempts."""

    def install(self) -> None:
        """Take the place of ministack's functions."""
        invoke_target = eventbridge._invoke_target

        def invoke(target: Json, event: Json, rule: Json, view: Any = None) -> None:
            kind = targets.kind_of(str(target.get("Arn", "")))
            if kind is None:
                invoke_target(target, event, rule, view)
            else:
                self._deliver(Invocation.of(target, rule, event, view), kind)

        eventbridge._invoke_target = invoke
        eventbridge._dispatch_event = self.dispatch

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """With the loop that ministack runs in: attempts that wait are made there."""
        self._loop = loop

    def stop(self) -> None:
        """Give up what is being tried again; new ones may begin."""
        self._stopped.set()
        self._stopped = threading.Event()
        for trial, timer in self._waiting.items():
            timer.cancel()
            trial.end()
        self._waiting.clear()

    def dispatch(self, event: Json, view: Any = None, only: Collection[str] = ()) -> None:
        """Deliver an event to the targets of the rules of its bus that match it, or of those of them that are named."""
        view = view or eventbridge._pattern_event_view(event)
        bus = event.get("EventBusName") or "default"
        matching = [
            (key, rule)
            for key, rule in eventbridge._rules.items()
            if rule["EventBusName"] == bus
            and rule.get("State") == "ENABLED"
            and rule.get("EventPattern")
            and (not only or rule["Arn"] in only)
            and eventbridge._matches_pattern_view(rule["EventPattern"], view, f"rule {key}")
        ]
        source = str(event.get("Source"))
        bus_metrics.matched(bus, [rule for _, rule in matching], source if source.startswith(_PARTNERS) else "")
        for key, rule in matching:
            for target in list(eventbridge._targets.get(key) or []):
                eventbridge._invoke_target(target, event, rule, view)

    def fire(self, rule_name: str) -> list[Delivery]:
        """Invoke a scheduled rule's targets now, and wait until that is done. Raises LookupError."""
        with responses.request_scope(ACCOUNT, REGION):
            key = eventbridge._rule_key(rule_name, "default")
            rule = eventbridge._rules.get(key)
            if rule is None or not rule.get("ScheduleExpression"):
                raise LookupError(f"no scheduled rule {rule_name} on the default bus")
            event = {
                "EventId": str(uuid.uuid4()),
                "Source": "aws.events",
                "DetailType": "Scheduled Event",
                "Detail": "{}",
                "EventBusName": "default",
                "Time": int(time.time()),
                "Resources": [rule["Arn"]],
                "Account": ACCOUNT,
                "Region": REGION,
            }
            view = eventbridge._pattern_event_view(event)
            with self._collecting() as collected:
                for target in list(eventbridge._targets.get(key) or []):
                    eventbridge._invoke_target(target, event, rule, view)
        return [trial.done.result() for trial in collected]

    @contextlib.contextmanager
    def _collecting(self) -> Iterator[list[Trial]]:
        trials: list[Trial] = []
        token = _collected.set(trials)
        try:
            yield trials
        finally:
            _collected.reset(token)

    def _deliver(self, invocation: Invocation, kind: Kind) -> None:
        account, region = responses.get_account_id(), responses.get_region()
        trial = Trial(invocation, kind, Delivery(invocation.arn), account, region, self._stopped)
        if (collected := _collected.get()) is not None:
            collected.append(trial)
        if _fires_first(invocation):
            bus_metrics.triggered(invocation.rule)
        bus_metrics.created()
        self._begin(trial)

    def _begin(self, trial: Trial) -> None:
        """An attempt, in a thread of its own where it may take long."""
        if trial.kind.slow:
            threading.Thread(target=self._attempt, args=(trial,), name="deliver", daemon=True).start()
        else:
            self._attempt(trial)

    def _attempt(self, trial: Trial) -> None:
        with responses.request_scope(trial.account, trial.region):
            outcome = self._outcome(trial)
            delivery, rule = trial.delivery, trial.invocation.rule
            again = delivery.attempts > 0
            delivery.attempts += outcome.called
            delivery.status, delivery.error = outcome.status, outcome.code or None
            self._record(trial.invocation, trial.kind, outcome, again=again)
            if trial.stopped.is_set():
                trial.end()
                return
            bus_metrics.attempted(rule, again=again, delivered=outcome.delivered)
            if outcome.passing:
                delivery.exhausted = trial.exhausted()
                if delivery.exhausted is None:
                    self._try_again(trial)
                    return
            bus_metrics.invoked(rule, delivered=outcome.delivered)
            if not outcome.delivered:
                self._bury(trial, outcome)
            trial.end()

    def _outcome(self, trial: Trial) -> Outcome:
        invocation = trial.invocation
        return (
            targets.missing_role(invocation)
            or targets.refused(invocation, trial.kind, self._authorization)
            or self.faults.take(invocation.arn)
            or trial.kind.attempt(invocation)
        )

    def _record(self, invocation: Invocation, kind: Kind, outcome: Outcome, *, again: bool) -> None:
        """A role is assumed once for a delivery; it makes the calls, else EventBridge itself does."""
        if not outcome.called:
            return
        denied = outcome.code == "FAILED_TO_ASSUME_ROLE"
        if invocation.role and not again:
            self._calls.add("sts:AssumeRole", SERVICE, 403 if denied else 200, invocation.role, invocation.rule_arn)
        if denied:
            return
        principal = role_name(invocation.role) if invocation.role else SERVICE
        for operation in kind.operations:
            resource = targets.resource_of(invocation)
            self._calls.add(operation, principal, outcome.status, resource, invocation.rule_arn)

    def _try_again(self, trial: Trial) -> None:
        wait = trial.wait()
        seconds = wait * self.scale
        trial.not_waited += wait - seconds

        def wait_here() -> None:
            if trial.stopped.is_set():
                trial.end()
            else:
                self._waiting[trial] = self._loop.call_later(seconds, resume)

        def resume() -> None:
            del self._waiting[trial]
            self._begin(trial)

        self._loop.call_soon_threadsafe(wait_here)

    def _bury(self, trial: Trial, outcome: Outcome) -> None:
        invocation, delivery = trial.invocation, trial.delivery
        queue = dead_letters.queue_of(invocation)
        if not queue:
            return
        retries = max(delivery.attempts - 1, 0)
        sent = (
            targets.refused_queue(queue, invocation, self._authorization)
            or self.faults.take(queue)
            or dead_letters.send(invocation, outcome, retries, delivery.exhausted)
        )
        self._calls.add("sqs:SendMessage", SERVICE, sent.status, queue, invocation.rule_arn)
        bus_metrics.dead_lettered(invocation.rule, sent=sent.delivered)


def _fires_first(invocation: Invocation) -> bool:
    """Whether this is the first target of a scheduled rule that fires: such a rule matches no event."""
    rule = invocation.rule
    if not rule.get("ScheduleExpression") or invocation.event.get("Source") != "aws.events":
        return False
    key = eventbridge._rule_key(rule["Name"], rule.get("EventBusName") or "default")
    return bool((eventbridge._targets.get(key) or [None])[0] is invocation.target)
