"""`AWS/SQS`: how full each queue is and how old its oldest message, by QueueName.

AWS looks once a minute. So does this, and whenever somebody asks CloudWatch something, so that nobody has to wait.

By AWS's guide, the age counts from when a message was sent, in a dead-letter queue from when it was moved there; and a
message that was received three times and more, and is still there, doesn't count for it. Not here: that AWS stops
putting metrics of a queue that nobody has used for six hours.
"""

import asyncio
import time

from . import metrics
from .environment import ACCOUNT, REGION
from .inside import Json, responses, sqs

NAMESPACE = "AWS/SQS"
POISONED = 3
"""Received so many times, a message no longer counts for the age."""
_moved: dict[tuple[str, str], float] = {}
"""When a dead-letter queue's message was first seen there, by queue and message."""


async def look_for_ever() -> None:
    while True:
        await asyncio.sleep(metrics.MINUTE)
        look()


def look() -> None:
    with responses.request_scope(ACCOUNT, REGION):
        now = time.time()
        there = set()
        for queue in list(sqs._queues.values()):
            name, messages = str(queue["name"]), list(queue["messages"])
            there |= {(name, str(message["id"])) for message in messages}
            _put(name, messages, now)
        for key in _moved.keys() - there:
            del _moved[key]


def _put(name: str, messages: list[Json], now: float) -> None:
    dimensions = {"QueueName": name}
    visible = sum(message["visible_at"] <= now for message in messages)
    ages = [now - _since(name, message, now) for message in messages if message["receive_count"] < POISONED]
    metrics.put(NAMESPACE, "ApproximateNumberOfMessagesVisible", dimensions, visible)
    metrics.put(NAMESPACE, "ApproximateNumberOfMessagesNotVisible", dimensions, len(messages) - visible)
    metrics.put(NAMESPACE, "ApproximateAgeOfOldestMessage", dimensions, int(max(ages, default=0)), "Seconds")


def _since(name: str, message: Json, now: float) -> float:
    if "DeadLetterQueueSourceArn" in (message.get("sys") or {}):
        return _moved.setdefault((name, str(message["id"])), now)
    return float(message["sent_at"])
