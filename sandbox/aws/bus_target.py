"""An event bus as target: its rules and archives get the event, which stays what it was: id, account, source, time.

So it is on AWS within a region, says LocalStack, which has compared (its pull request 11027). AWS lets an event go from
bus to bus once; code and text of the refusal were seen on AWS in October 2026 by others, of three buses in one account.
Not known: whether a target bus that is gone counts as a missing resource, as here and as AWS's guide says of targets in
general, or loses the event, as PutEvents does; and whether an event replayed on the second bus may be sent on (here it
may). Buses of other accounts and regions take nothing here.
"""

import json

from .inside import eventbridge
from .invocation import Invocation, is_here
from .outcome import Outcome, no_resource

_FORWARDED = "_Forwarded"


def forward(invocation: Invocation) -> Outcome:
    event = invocation.event
    if event.get(_FORWARDED):
        return Outcome(
            400,
            "THIRD_ACCOUNT_HOP_DETECTED",
            f"Event ingestion rejected for event {event['EventId']} because an event can be sent to an event bus"
            " target only once. This event was previously delivered to an event bus target.",
        )
    bus = invocation.resource.removeprefix("event-bus/")
    if not is_here(invocation.arn) or bus not in eventbridge._event_buses:
        return no_resource(f"Event bus {bus} does not exist.")
    forwarded = {**event, "EventBusName": bus}
    if invocation.changed:
        if not _is_object(invocation.payload):
            return Outcome(400, "INVALID_JSON", "The input of an event bus target is no JSON object.")
        forwarded["Detail"] = invocation.payload
    eventbridge._dispatch_event({**forwarded, _FORWARDED: True})
    eventbridge._archive_event(forwarded)
    return Outcome(200)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
