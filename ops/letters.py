"""Reading a dead-letter queue: each letter once, and none is lost when whoever reads is killed.

SQS has no way to look without taking: what is received is hidden from others for `HELD_SECONDS`, then there again. At
the end it is there at once, unless it was done with.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any, Self

from .aws import Answer, AwsError, Sqs, asking
from .masking import without_persons

HELD_SECONDS = 300
AT_ONCE = 10
WAIT_SECONDS = 1  # with a wait, SQS asks all of its servers
NOTHING_NEW = 10  # answers in a row, as those come back that were held for too long


@dataclass(frozen=True)
class Letter:
    id: str
    body: str
    sent: datetime
    """When EventBridge gave up."""
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, message: Answer) -> "Letter":
        attributes = {
            name: str(value.get("StringValue", "")) for name, value in (message.get("MessageAttributes") or {}).items()
        }
        sent = int((message.get("Attributes") or {}).get("SentTimestamp", 0)) / 1000
        return cls(str(message["MessageId"]), str(message["Body"]), datetime.fromtimestamp(sent, UTC), attributes)

    @property
    def code(self) -> str:
        return self.attributes.get("ERROR_CODE", "")

    @property
    def message(self) -> str:
        """On one line, without what may be a person's."""
        return without_persons(self.attributes.get("ERROR_MESSAGE", ""))

    @property
    def rule_arn(self) -> str:
        return self.attributes.get("RULE_ARN", "")

    @property
    def rule(self) -> str:
        return self.rule_arn.rpartition("/")[2]

    @property
    def target(self) -> str:
        return self.attributes.get("TARGET_ARN", "")

    @property
    def retries(self) -> str:
        return self.attributes.get("RETRY_ATTEMPTS", "")

    @property
    def exhausted(self) -> str:
        """The limit of the retry policy that ended it; without one, the failure was final by itself."""
        return self.attributes.get("EXHAUSTED_RETRY_CONDITION", "")

    @property
    def event(self) -> dict[str, Any]:
        """Empty where the letter has none."""
        try:
            event = json.loads(self.body)
        except ValueError:
            return {}
        return event if isinstance(event, dict) and "detail-type" in event else {}

    @property
    def topic(self) -> str:
        text = str(self.event.get("detail-type", "?"))
        return "".join(each if each.isprintable() else "�" for each in text)


class Reader:
    """A context manager, to be gone through once: the letters of a queue."""

    def __init__(self, sqs: Sqs, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._sqs, self._url, self._clock = sqs, url, clock
        self._held: dict[str, str] = {}
        """Receipts of what was received, by id."""
        self._seen: set[str] = set()
        self._done: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._release()

    def held_by_others(self) -> int:
        """How many letters somebody else reads now, or did when killed; by SQS's estimate."""
        with asking():
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    def __iter__(self) -> Iterator[Letter]:
        nothing_new = 0
        while nothing_new < NOTHING_NEW and (messages := self._receive()):
            until = self._clock() + HELD_SECONDS / 2
            before = len(self._seen)
            for message in messages:
                letter = Letter.of(message)
                if letter.id in self._done:  # could not be deleted the last time
                    with contextlib.suppress(AwsError):
                        self.done(letter)
                elif letter.id not in self._seen and (self._clock() < until or self._keep(letter)):
                    self._seen.add(letter.id)
                    yield letter
            nothing_new = 0 if len(self._seen) > before else nothing_new + 1

    def done(self, letter: Letter) -> None:
        """Delete it. It is not handed out again in any case."""
        self._done.add(letter.id)
        with asking():
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._held[letter.id])
        del self._held[letter.id]

    def _receive(self) -> list[Answer]:
        with asking():
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=AT_ONCE,
                WaitTimeSeconds=WAIT_SECONDS,
                VisibilityTimeout=HELD_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        messages: list[Answer] = answer.get("Messages") or []
        self._held |= {str(message["MessageId"]): str(message["ReceiptHandle"]) for message in messages}
        return messages

    def _keep(self, letter: Letter) -> bool:
        """Hold it longer; False where somebody else may have it by now."""
        return not self._hide([letter.id], HELD_SECONDS)

    def _release(self) -> None:
        left = iter([id_ for id_ in self._held if id_ not in self._done])
        while some := list(islice(left, AT_ONCE)):
            self._hide(some, 0)

    def _hide(self, ids: list[str], seconds: int) -> bool:
        """Whether it failed for any: then they are there again when their time is over."""
        entries = [
            {"Id": str(place), "ReceiptHandle": self._held[id_], "VisibilityTimeout": seconds}
            for place, id_ in enumerate(ids)
        ]
        try:
            with asking():
                return bool(
                    self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries).get("Failed")
                )
        except AwsError:
            return True
