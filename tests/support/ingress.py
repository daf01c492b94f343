"""The ingress with a clock, secrets and a bus of our own, and requests as HTTP API makes them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from ingress.authentication import Authentication
from ingress.aws import Entry, PutEventsResult, SecretValue
from ingress.bus import Bus
from ingress.deadline import Deadline
from ingress.drain import Drain, Failures, Message
from ingress.keys import Keys
from ingress.metrics import Metrics
from ingress.parking import Parking
from ingress.receiver import Receiver, Request, Response
from ingress.topics import Topics

KEY = "a signing key, 32 bytes or longer"
HEARTBEAT_KEY = "the key of the heartbeat"
SIGNING, HEARTBEAT = "arn:signing", "arn:heartbeat"
QUEUE_URL, QUEUE_ARN = "https://sqs/parking", "arn:aws:sqs:us-east-1:123456789012:parking"
SOURCE = "genesys.com/cloud/bb14bed0-f8f9-445d-b9d1-10cecb8569d6"
CONVERSATION = "2f7bf00a-0fc2-4d6a-9b56-92238191433e"
NOW = datetime(2026, 2, 18, 14, 1, 12, tzinfo=UTC)


class Clock:
    """Both of the ingress's clocks; it goes on when told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Secrets:
    """Secrets Manager: versions by stage. `errors` are raised by reads of that stage; a read takes `slow` seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[tuple[str, str], SecretValue] = {}
        self.reads: list[tuple[str, str]] = []
        self.errors: dict[str, Exception] = {}
        self.slow = 0.0

    def rotate(self, arn: str, text: str | None, created: float | None = None) -> None:
        """Make it the current version, and the current one the previous."""
        if current := self._values.get((arn, "AWSCURRENT")):
            self._values[arn, "AWSPREVIOUS"] = current
        value: SecretValue = {"CreatedDate": datetime.fromtimestamp(created or self._clock(), UTC)}
        if text is not None:
            value["SecretString"] = text
        self._values[arn, "AWSCURRENT"] = value

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> SecretValue:
        self.reads.append((SecretId, VersionStage))
        self._clock.advance(self.slow)
        if VersionStage in self.errors:
            raise self.errors[VersionStage]
        if (value := self._values.get((SecretId, VersionStage))) is None:
            raise aws_error("ResourceNotFoundException")
        return value


Answer = Callable[[Sequence[Entry]], Sequence[str | None]]
"""From a call's entries to their error codes, or an exception."""


class Events:
    """EventBridge: takes everything, but what the next of `answers` says; the last of them goes on for ever."""

    def __init__(self) -> None:
        self.calls: list[list[Entry]] = []
        self.on_bus: list[Entry] = []
        self.answers: list[Answer] = []

    def put_events(self, *, Entries: Sequence[Entry]) -> PutEventsResult:
        self.calls.append(list(Entries))
        answer = (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]) if self.answers else taken
        codes = answer(Entries)
        self.on_bus += [entry for entry, code in zip(Entries, codes, strict=True) if code is None]
        return {"Entries": [{"ErrorCode": code} if code else {"EventId": "1"} for code in codes]}


def taken(entries: Sequence[Entry]) -> Sequence[str | None]:
    return [None] * len(entries)


def failing(code: str) -> Answer:
    """Every entry fails with that code."""
    return lambda entries: [code] * len(entries)


def raising(error: Exception) -> Answer:
    def answer(entries: Sequence[Entry]) -> Sequence[str | None]:
        raise error

    return answer


def aws_error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Queue:
    """SQS: the bodies of the messages in the parking queue. `errors` are raised by the next sends, each that many times
    as it is in there."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.errors: list[Exception] = []
        self.connections = 0

    def connect(self) -> "Queue":
        self.connections += 1
        return self

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> object:
        assert QueueUrl == QUEUE_URL
        if self.errors:
            raise self.errors.pop(0)
        assert len(MessageBody.encode()) <= 1024 * 1024, "SQS refuses that"
        self.bodies.append(MessageBody)
        return {}


@dataclass
class World:
    """A receiver and all that is around it."""

    overlap: float = 3600
    max_age: float = 3600
    topics: Sequence[str] = ()
    clock: Clock = field(default_factory=Clock)
    events: Events = field(default_factory=Events)
    queue: Queue = field(default_factory=Queue)

    def __post_init__(self) -> None:
        self.secrets = Secrets(self.clock)
        self.secrets.rotate(SIGNING, KEY)
        self.secrets.rotate(HEARTBEAT, HEARTBEAT_KEY)
        self.receiver = self.instance()

    def instance(self) -> Receiver:
        """A receiver with caches of its own: Lambda has many."""
        return Receiver(
            authentication=Authentication(
                signing=Keys(self.secrets, SIGNING, self.overlap, self.clock),
                heartbeat=Keys(self.secrets, HEARTBEAT, 0, self.clock),
            ),
            bus=Bus(self.events, "bus", self.clock.advance, self.clock),
            parking=Parking(self.queue.connect, QUEUE_URL, self.clock.advance),
            topics=Topics(self.topics),
            metrics=Metrics("GenesysEventBridge", "test"),
            source=SOURCE,
            stack="test",
            max_age=self.max_age,
            clock=self.clock,
        )

    def drain(self, *messages: Message) -> list[str]:
        """Let Lambda bring these messages, or all that are in the queue, which takes them out, to the instance that
        receives too; which it shall bring again, by their ids, or back in the queue."""
        if messages:
            return [each["itemIdentifier"] for each in self._drain(list(messages))["batchItemFailures"]]
        bodies, self.queue.bodies = self.queue.bodies, []
        failures = self._drain([parked(body, str(number)) for number, body in enumerate(bodies)])["batchItemFailures"]
        self.queue.bodies += [bodies[int(each["itemIdentifier"])] for each in failures]
        return [each["itemIdentifier"] for each in failures]

    def _drain(self, messages: list[Message]) -> Failures:
        drain = Drain(
            bus=self.receiver.bus,
            parking=Parking(self.queue.connect, QUEUE_URL, self.clock.advance),
            topics=Topics(self.topics),
            metrics=Metrics("GenesysEventBridge", "test"),
            source=SOURCE,
            queue_arn=QUEUE_ARN,
            clock=self.clock,
        )
        return drain.drain({"Records": messages}, Deadline.of_drain(self.clock))

    def post(self, request: Request, receiver: Receiver | None = None) -> Response:
        return (receiver or self.receiver).receive(request, self.deadline())

    def deadline(self) -> Deadline:
        return Deadline(self.clock(), self.clock)


def parked(body: str, id_: str = "message-1", arn: str = "") -> Message:
    """A record with that body, as Lambda brings it."""
    attributes: Any = {"SentTimestamp": str(int(NOW.timestamp() * 1000)), "ApproximateReceiveCount": "1"}
    return {"messageId": id_, "body": body, "eventSourceARN": arn or QUEUE_ARN, "attributes": attributes}


def signed(body: bytes | str, key: str = KEY, **more: Any) -> Request:
    """The request with that body, as Genesys Cloud sends it."""
    raw = body.encode() if isinstance(body, str) else body
    return request(raw, {"x-hub-signature-256": signature(raw, key)}, **more)


def signature(body: bytes, key: str = KEY) -> str:
    return "sha256=" + base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def request(body: bytes, headers: Mapping[str, str], base64_encoded: bool = False) -> Request:
    return {
        "headers": {"content-type": "application/json", **headers},
        "body": base64.b64encode(body).decode() if base64_encoded else body.decode(),
        "isBase64Encoded": base64_encoded,
        "requestContext": {"requestId": "request-1"},
    }


def heartbeat(key: str = HEARTBEAT_KEY, body: bytes = b'{"heartbeat":true}') -> Request:
    return request(body, {"x-heartbeat-key": key})


def event(topic: str = f"v2.detail.events.conversation.{CONVERSATION}.acd.end", **body: Any) -> dict[str, Any]:
    """An event as Genesys Cloud sends them."""
    return {
        "topicName": topic,
        "version": "2",
        "eventBody": {"eventTime": 1771423271004, "conversationId": CONVERSATION, "mediaType": "VOICE", **body},
        "metadata": {"CorrelationId": "7272d362-23b2-4c14-9d40-dc7b7683153a"},
        "timestamp": "2026-02-18T14:01:11.204Z",
    }


def text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def message(response: Response) -> str:
    answer: dict[str, str] = json.loads(response["body"])
    assert list(answer) == ["message"]
    return answer["message"]
