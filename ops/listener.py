"""Hearing what is on the bus, through a queue and a rule of one's own.

SQS is no fan-out: who reads another's queue takes its events away. So each listener has its own, `<bus>-listen-…`,
which are removed when it ends. What was killed leaves them behind, with a tag that says until when they are good: the
next listener on that bus sweeps them.
"""

import contextlib
import json
import secrets
import signal
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from eventbridge import policies

from .aws import Answer, Aws, AwsError, asking
from .errors import OpsError
from .probe import DETAIL_TYPE, SOURCE
from .stack import Stack

TAG = "expires"
GOOD_FOR = timedelta(minutes=15)
RENEWED_EVERY_SECONDS = 60.0
RETENTION_SECONDS = 300  # whole events lie here: no longer than it takes to read them
AT_ONCE = 10  # what SQS hands out
REMEMBERED = 10_000

Event = dict[str, Any]  # an event as EventBridge delivers it
Pattern = Mapping[str, object]


class DeafError(OpsError):
    """It hears nothing any more, and why."""


@dataclass(frozen=True)
class Names:
    """`own`: what both the rule and the queue are called."""

    own: str
    bus: str
    bus_arn: str

    @property
    def rule_arn(self) -> str:
        return f"{self.bus_arn.replace(':event-bus/', ':rule/', 1)}/{self.own}"

    @property
    def queue_arn(self) -> str:
        return f"{self.bus_arn.partition(':event-bus/')[0].replace(':events:', ':sqs:', 1)}:{self.own}"


class Listener:
    """A context manager: in it, `receive` gives what arrives. Whether the rule works already, only a probe can tell."""

    def __init__(self, stack: Stack, pattern: Pattern | None = None) -> None:
        """`pattern`: what is wanted beside probes. Without one, every event of Genesys Cloud."""
        self._aws: Aws = stack.aws
        self._prefix = f"{stack.settings.bus_name}-listen-"
        self._names = Names(self._prefix + secrets.token_hex(4), stack.bus_name, stack.bus_arn)
        self._account = stack.account
        self._pattern = heard(pattern or {"source": [stack.source]})
        self._queue_url = ""
        self._renewed = 0.0
        self._seen: OrderedDict[str, None] = OrderedDict()

    def __enter__(self) -> Self:
        self._sweep()
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._remove()

    def receive(self, wait_seconds: int) -> list[Event]:
        """What arrives within that time, at once when something does. Raises DeafError when nothing can any more."""
        try:
            with asking():
                self._keep()
                answer = self._aws.sqs.receive_message(
                    QueueUrl=self._queue_url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=wait_seconds
                )
                messages = answer.get("Messages") or []
                if messages:
                    entries = [
                        {"Id": str(place), "ReceiptHandle": str(each["ReceiptHandle"])}
                        for place, each in enumerate(messages)
                    ]
                    self._aws.sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except AwsError as error:
            raise DeafError(self._why(error)) from None
        return [event for each in messages if self._is_new(event := json.loads(each["Body"]))]

    def _is_new(self, event: Event) -> bool:
        """A queue may hand a message out twice. What Genesys Cloud sends twice has another id."""
        id_ = str(event.get("id"))
        if id_ in self._seen:
            return False
        self._seen[id_] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _why(self, error: AwsError) -> str:
        if error.not_found:
            return f"the queue or the rule {self._names.own} is gone: somebody deleted it"
        return str(error)

    def _make(self) -> None:
        names, tags = self._names, {TAG: expiry()}
        with asking():
            made = self._aws.sqs.create_queue(
                QueueName=names.own,
                Attributes={
                    "MessageRetentionPeriod": str(RETENTION_SECONDS),
                    "SqsManagedSseEnabled": "true",
                    "Policy": json.dumps(policies.queue(names.queue_arn, names.rule_arn, self._account)),
                },
                tags=tags,
            )
            self._queue_url = str(made["QueueUrl"])
            self._aws.events.put_rule(
                Name=names.own,
                EventBusName=names.bus,
                EventPattern=json.dumps(self._pattern),
                Description="Somebody listens; removed when they stop",
                Tags=as_list(tags),
            )
            self._aws.events.put_targets(
                Rule=names.own, EventBusName=names.bus, Targets=[{"Id": "listener", "Arn": names.queue_arn}]
            )
        self._renewed = time.monotonic()

    def _keep(self) -> None:
        """Put the expiry off, which also shows whether the rule is still there and enabled."""
        now = time.monotonic()
        if now - self._renewed < RENEWED_EVERY_SECONDS:
            return
        names, tags = self._names, {TAG: expiry()}
        rule = self._aws.events.describe_rule(Name=names.own, EventBusName=names.bus)
        if rule.get("State") != "ENABLED":
            raise DeafError(f"the rule {names.own} is {rule.get('State')}: somebody changed it")
        self._aws.events.tag_resource(ResourceARN=names.rule_arn, Tags=as_list(tags))
        self._aws.sqs.tag_queue(QueueUrl=self._queue_url, Tags=tags)
        self._renewed = now

    def _remove(self) -> None:
        with undisturbed():
            remove_rule(self._aws, self._names.own, self._names.bus)
            if self._queue_url:
                remove_queue(self._aws, self._queue_url)

    def _sweep(self) -> None:
        """Remove what others left and did not renew. Who may not list or delete simply leaves it."""
        bus, now = self._names.bus, datetime.now(UTC)
        with contextlib.suppress(AwsError), asking():
            rules = self._aws.events.list_rules(EventBusName=bus, NamePrefix=self._prefix).get("Rules") or []
            for rule in rules:
                tags = self._aws.events.list_tags_for_resource(ResourceARN=rule["Arn"]).get("Tags") or []
                if is_over({each["Key"]: each["Value"] for each in tags}, now):
                    remove_rule(self._aws, rule["Name"], bus)
        with contextlib.suppress(AwsError), asking():
            for url in self._aws.sqs.list_queues(QueueNamePrefix=self._prefix).get("QueueUrls") or []:
                if is_over(self._aws.sqs.list_queue_tags(QueueUrl=url).get("Tags") or {}, now):
                    remove_queue(self._aws, url)


def heard(wanted: Pattern) -> Answer:
    """An event pattern for what is wanted and for probes, which are told apart by who reads."""
    return {"$or": [dict(wanted), {"source": [SOURCE], "detail-type": [DETAIL_TYPE]}]}


def expiry() -> str:
    return (datetime.now(UTC) + GOOD_FOR).isoformat(timespec="seconds")


def is_over(tags: Mapping[str, str], now: datetime) -> bool:
    """Whether the tag says so. What has none is nobody's leftover that is known here."""
    try:
        return datetime.fromisoformat(tags[TAG]) < now
    except (KeyError, ValueError, TypeError):
        return False


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def remove_rule(aws: Aws, name: str, bus: str) -> None:
    """What is gone, or can't be removed, is left to the next sweep."""
    with contextlib.suppress(AwsError), asking():
        aws.events.remove_targets(Rule=name, EventBusName=bus, Ids=["listener"])
    with contextlib.suppress(AwsError), asking():
        aws.events.delete_rule(Name=name, EventBusName=bus)


def remove_queue(aws: Aws, url: str) -> None:
    with contextlib.suppress(AwsError), asking():
        aws.sqs.delete_queue(QueueUrl=url)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not leave half of it behind."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
