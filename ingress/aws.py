"""The clients, and the shape of what is asked of them."""

import gc
from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, Protocol, TypedDict

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# One try each: the request's deadline decides about repeats. The connection is kept, and kept alive, between requests.
CONFIG = Config(connect_timeout=0.5, read_timeout=1.5, retries={"total_max_attempts": 1}, tcp_keepalive=True)

FAILURES = (ClientError, BotoCoreError, TimeoutError)
"""What a call may raise that says nothing about the request."""


class Entry(TypedDict):
    """An entry of PutEvents."""

    EventBusName: str
    Source: str
    DetailType: str
    Detail: str
    Time: datetime
    Resources: NotRequired[list[str]]


class EntryResult(TypedDict, total=False):
    EventId: str
    ErrorCode: str


class PutEventsResult(TypedDict):
    Entries: list[EntryResult]


class SecretValue(TypedDict):
    CreatedDate: datetime
    SecretString: NotRequired[str]


class EventsClient(Protocol):
    def put_events(self, *, Entries: Sequence[Entry]) -> PutEventsResult: ...


class SecretsClient(Protocol):
    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> SecretValue: ...


class QueueClient(Protocol):
    def send_message(self, *, QueueUrl: str, MessageBody: str) -> object: ...


def connect() -> tuple[EventsClient, SecretsClient]:
    gc.freeze()  # what is loaded stays: looking through it for garbage would take a fifth of the time that clients take
    return boto3.client("events", config=CONFIG), boto3.client("secretsmanager", config=CONFIG)


def connect_queue() -> QueueClient:
    """Not made with the others: only an outage needs it, and every cold start would wait for it."""
    client: QueueClient = boto3.client("sqs", config=CONFIG)
    return client


def code(error: Exception) -> str:
    """AWS's code for the error, or its class: what a log may hold, unlike the message."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
