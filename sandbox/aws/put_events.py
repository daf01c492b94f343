"""PutEvents, with AWS's checks, limits and the entry's own time; matching and targets are ministack's.

What holds for a partner's events too is used by `partner`.

AWS: entries that are wrong by themselves are refused one by one, in an answer of 200. A bus that doesn't exist takes
the event and loses it. Numbers in `detail` are read and written again, so that 1.10 arrives as 1.1, integers exactly,
beyond the 64 bits that AWS documents too. What AWS makes of those, or of 1.10, is not known here.
"""

import json
import math
import re
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from . import bus_metrics
from .environment import ACCOUNT, REGION
from .errors import AwsError, unsatisfied
from .exchange import Answer, Handler, Request
from .inside import Json, eventbridge

MAX_ENTRIES = 10
BUS = re.compile(r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+")
# AWS documents "less than 1 MB"; somebody measured that exactly 1,048,576 passes (and one more doesn't). Who goes by
# the documentation passes both.
MAX_BYTES = 1024 * 1024
MAX_DETAIL_TYPE = 128
TIME_BYTES = 14


async def put_events(request: Request) -> Answer:
    for place, entry in enumerate(request.data.get("Entries") or [], 1):
        bus = entry.get("EventBusName")
        if bus and not BUS.fullmatch(str(bus)):  # a partner's bus is the partner's to write to
            at = f"entries.{place}.member.eventBusName"
            raise unsatisfied(bus, at, f"Member must satisfy regular expression pattern: {BUS.pattern}")
    answered = answer(request, MAX_ENTRIES, _take)
    bus_metrics.failed_entries(answered.data["FailedEntryCount"])
    return answered


HANDLERS: dict[str, Handler] = {"events:PutEvents": put_events}


def answer(request: Request, most: int, take: Callable[[Json], Json]) -> Answer:
    """What is said of up to `most` entries. `take` says what becomes of one: its EventId, or an error."""
    entries = request.data.get("Entries") or []
    if not 1 <= len(entries) <= most:
        bound = f"less than or equal to {most}" if entries else "greater than or equal to 1"
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint:"
            f" Member must have length {bound}",
        )
    if sum(map(size, entries)) >= MAX_BYTES:
        raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")
    operation = request.operation
    failing = request.faults.failing(operation.name, operation.principal, entries)
    results = [
        refusal(fault.code, fault.message) if (fault := failing.get(place)) else take(entry)
        for place, entry in enumerate(entries)
    ]
    failed = sum("ErrorCode" in result for result in results)
    return Answer.of({"FailedEntryCount": failed, "Entries": results})


def refusal(code: str, message: str) -> Json:
    return {"ErrorCode": code, "ErrorMessage": message}


def size(entry: Json) -> int:
    """Bytes of an entry, as AWS counts them."""
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    counted = sum(len(str(text).encode("utf-8", "surrogatepass")) for text in texts if text)
    return counted + (TIME_BYTES if entry.get("Time") is not None else 0)


def refused(entry: Json) -> Json | None:
    """What AWS says of an entry that it doesn't take, whosoever it is."""
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            return _invalid(member, f"{member} is a required argument.")
    if len(str(entry["DetailType"])) > MAX_DETAIL_TYPE:  # refused by AWS; this text is ours
        return _invalid("DetailType", f"DetailType is longer than {MAX_DETAIL_TYPE} characters.")
    if not _is_object(entry["Detail"]):
        return refusal("MalformedDetail", "Detail is malformed.")
    return None


def publish(entry: Json, bus: str, account: str = ACCOUNT, region: str = REGION) -> str:
    """Put it on the bus; its id. AWS delivers whole seconds of the time it was given."""
    event = {
        "EventId": new_id(),
        "Source": entry["Source"],
        "DetailType": entry["DetailType"],
        "Detail": entry["Detail"],
        "EventBusName": bus,
        "Time": _seconds(entry.get("Time")),
        "Resources": list(entry.get("Resources") or []),
        "Account": account,
        "Region": region,
    }
    view = eventbridge._pattern_event_view(event)
    eventbridge._dispatch_event(event, view)
    eventbridge._archive_event(event, view)
    return str(event["EventId"])


def new_id() -> str:
    return str(uuid.uuid4())


def _take(entry: Json) -> Json:
    if refused_ := refused(entry):
        return refused_
    if str(entry["Source"]).startswith("aws."):
        return refusal("NotAuthorizedForSourceException", "Not authorized for the source.")
    bus, error = eventbridge._event_bus_name_from_ref(entry.get("EventBusName") or "default")
    # Another account's or region's bus: accepted and lost, as by a bus that doesn't exist.
    return {"EventId": new_id() if error else publish(entry, bus)}


def _invalid(member: str, reason: str) -> Json:
    return refusal("InvalidArgument", f"Parameter {member} is not valid. Reason: {reason}")


def _is_object(detail: str) -> bool:
    try:
        return isinstance(json.loads(detail, parse_constant=_no_constant, parse_float=_finite), dict)
    except (ValueError, TypeError, RecursionError):
        return False


def _no_constant(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is not JSON")


def _finite(literal: str) -> float:
    """That a number too large for a double is refused is ours: it could not be delivered as it is."""
    number = float(literal)
    if math.isinf(number):
        raise ValueError(literal)
    return number


def _seconds(moment: object) -> int:
    """An SDK sends seconds since 1970, or a text in ISO 8601."""
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return int(moment)
    if isinstance(moment, str):
        return int(datetime.fromisoformat(moment).timestamp())
    return int(time.time())
