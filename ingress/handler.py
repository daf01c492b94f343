"""Where Lambda enters: what the function needs from its environment and from AWS, built once, and the first clock."""

import json
import os
import time
from collections.abc import Mapping

from . import STARTED, aws
from .authentication import Authentication
from .bus import Bus
from .deadline import Deadline
from .drain import Batch, Drain, Failures
from .keys import Keys
from .metrics import Metrics
from .parking import Parking
from .receiver import Receiver, Request, Response
from .topics import Topics


def handle(event: Request | Batch, _context: object) -> Response | Failures:
    """Answer one HTTP API request (payload format 2.0), or empty one batch of the parking queue."""
    since = waiting_since()
    if "Records" in event:  # HTTP API has no such member, whatever is sent to it
        return drain.drain(event, Deadline.of_drain())
    return receiver.receive(event, Deadline(since))


def waiting_since() -> float:
    """When the sender of this request began to wait: before the code was loaded, if the request made Lambda load it.

    Lambda also starts processes ahead of any request; their first one comes later, and has waited for nothing.
    """
    global cold
    now, was_cold = time.monotonic(), cold
    cold = False
    return STARTED if was_cold and now - READY < AT_ONCE else now


def build(environ: Mapping[str, str]) -> tuple[Receiver, Drain]:
    events, secrets = aws.connect()
    overlap = 60 * float(environ["KEY_OVERLAP_MINUTES"])
    bus = Bus(events, environ["EVENT_BUS_NAME"])
    parking = Parking(aws.connect_queue, environ["PARKING_QUEUE_URL"])
    topics = Topics(json.loads(environ["TOPICS"]))
    metrics = Metrics(environ["METRICS_NAMESPACE"], environ["STACK"])
    source = environ["EVENT_SOURCE"]
    receiver = Receiver(
        authentication=Authentication(
            signing=Keys(secrets, environ["SIGNING_SECRET_ARN"], overlap),
            heartbeat=Keys(secrets, environ["HEARTBEAT_SECRET_ARN"], overlap=0),
        ),
        bus=bus,
        parking=parking,
        topics=topics,
        metrics=metrics,
        source=source,
        stack=environ["STACK"],
        max_age=60 * float(environ["MAX_AGE_MINUTES"]),
    )
    return receiver, Drain(
        bus=bus,
        parking=parking,
        topics=topics,
        metrics=metrics,
        source=source,
        queue_arn=environ["PARKING_QUEUE_ARN"],
    )


AT_ONCE = 0.5  # seconds between the end of loading and a request that waited for it

receiver, drain = build(os.environ)
cold = True
READY = time.monotonic()
