"""Partner event sources: the half of the API that a SaaS partner uses, and the half of its customer.

Anybody may be the partner here, unsigned too, and is recorded by the name in the source's (`genesys.com`): AWS lets
registered partners only. The two halves and what the states mean are AWS's (`sources`), as are the codes. Of the texts
only two were found, "Event source … does not exist." and the one of ActivateEventSource without a bus; the others are
ours, and so is the code of an entry whose source doesn't exist.
"""

import re

from . import bus_metrics, put_events
from .errors import AwsError, not_found, unsatisfied
from .exchange import Answer, Handler, Request, page
from .inside import Json, eventbridge, responses
from .sources import Source, arn

SOURCE_NAME = re.compile(r"aws\.partner(/[\.\-_A-Za-z0-9]+){2,}")
MAX_ENTRIES = 20
_ACCOUNT = re.compile(r"\d{12}")


async def create_partner_event_source(request: Request) -> Answer:
    """A name is taken once, whoever it is for: so the reference says of the event's name in it."""
    name, account = check_source(request.data), _check_account(request.data)
    region = responses.get_region()
    if request.sources.offered(name, region):
        raise AwsError("ResourceAlreadyExistsException", f"Event source {name} already exists.")
    with responses.request_scope(account, region):
        has_bus = name in eventbridge._event_buses
    request.sources.add(name, account, region, has_bus=has_bus)
    return Answer.of({"EventSourceArn": arn(name, region)})


async def describe_partner_event_source(request: Request) -> Answer:
    source = _offered(request, check_source(request.data))
    return Answer.of({"Arn": source.arn, "Name": source.name})


async def list_partner_event_sources(request: Request) -> Answer:
    """As the reference has it, of the region that is asked."""
    region, prefix = responses.get_region(), str(request.data.get("NamePrefix", ""))
    found = [source for source in request.sources if source.region == region and source.state != "DELETED"]
    shown = [{"Arn": source.arn, "Name": source.name} for source in found if source.name.startswith(prefix)]
    return page(request, "PartnerEventSources", shown)


async def list_partner_event_source_accounts(request: Request) -> Answer:
    source = _offered(request, check_source(request.data, "EventSourceName"))
    return page(request, "PartnerEventSourceAccounts", [{"Account": source.account, **_status(source)}])


async def delete_partner_event_source(request: Request) -> Answer:
    """The reference has no error for one that doesn't exist."""
    name, account = check_source(request.data), _check_account(request.data)
    source = request.sources.offered(name, responses.get_region())
    if source and source.account == account:
        request.sources.delete(source)
    return Answer.of({})


async def put_partner_events(request: Request) -> Answer:
    region = responses.get_region()

    def take(entry: Json) -> Json:
        if refused := put_events.refused(entry):
            return refused
        source = request.sources.offered(str(entry["Source"]), region)
        if source is None:
            message = f"Event source {entry['Source']} does not exist."
            return put_events.refusal("ResourceNotFoundException", message)
        if source.state == "PENDING":
            return {"EventId": put_events.new_id()}
        with responses.request_scope(source.account, source.region):
            bus_metrics.ingested(source.name)
            return {"EventId": put_events.publish(entry, source.name, source.account, source.region)}

    for place, entry in enumerate(request.data.get("Entries") or [], 1):
        if entry.get("Source"):
            check_source(entry, "Source", f"entries.{place}.member.source")
    return put_events.answer(request, MAX_ENTRIES, take)


async def describe_event_source(request: Request) -> Answer:
    return Answer.of(_shown(_found(request)))


async def list_event_sources(request: Request) -> Answer:
    prefix = str(request.data.get("NamePrefix", ""))
    found = request.sources.shown(responses.get_account_id(), responses.get_region())
    return page(request, "EventSources", [_shown(source) for source in found if source.name.startswith(prefix)])


async def activate_event_source(request: Request) -> Answer:
    name = check_source(request.data)
    source = request.sources.find(name, responses.get_account_id(), responses.get_region())
    if source is None or not source.has_bus:
        raise not_found(f"Event source {name} or event bus {name}")
    _expect(source, "PENDING")
    source.activate()
    return Answer.of({})


async def deactivate_event_source(request: Request) -> Answer:
    source = _found(request)
    _expect(source, "ACTIVE")
    source.suspend()
    return Answer.of({})


HANDLERS: dict[str, Handler] = {
    "events:CreatePartnerEventSource": create_partner_event_source,
    "events:DescribePartnerEventSource": describe_partner_event_source,
    "events:ListPartnerEventSources": list_partner_event_sources,
    "events:ListPartnerEventSourceAccounts": list_partner_event_source_accounts,
    "events:DeletePartnerEventSource": delete_partner_event_source,
    "events:PutPartnerEvents": put_partner_events,
    "events:DescribeEventSource": describe_event_source,
    "events:ListEventSources": list_event_sources,
    "events:ActivateEventSource": activate_event_source,
    "events:DeactivateEventSource": deactivate_event_source,
}


def check_source(data: Json, member: str = "Name", at: str | None = None) -> str:
    """A source's name in the request, if it is a right one."""
    name = str(data.get(member) or "")
    if not SOURCE_NAME.fullmatch(name):
        at = at or member[0].lower() + member[1:]
        raise unsatisfied(name, at, f"Member must satisfy regular expression pattern: {SOURCE_NAME.pattern}")
    return name


def _check_account(data: Json) -> str:
    account = str(data.get("Account") or "")
    if not _ACCOUNT.fullmatch(account):
        raise unsatisfied(account, "account", f"Member must satisfy regular expression pattern: {_ACCOUNT.pattern}")
    return account


def _offered(request: Request, name: str) -> Source:
    source = request.sources.offered(name, responses.get_region())
    if source is None:
        raise not_found(f"Event source {name}")
    return source


def _found(request: Request) -> Source:
    name = check_source(request.data)
    source = request.sources.find(name, responses.get_account_id(), responses.get_region())
    if source is None:
        raise not_found(f"Event source {name}")
    return source


def _expect(source: Source, state: str) -> None:
    if source.state != state:
        raise AwsError("InvalidStateException", f"Event source {source.name} is {source.state}, not {state}.")


def _shown(source: Source) -> Json:
    return {"Arn": source.arn, "CreatedBy": source.partner, "Name": source.name, **_status(source)}


def _status(source: Source) -> Json:
    """That only a PENDING one has a time to expire is ours."""
    expires = {} if source.expires is None else {"ExpirationTime": source.expires}
    return {"State": source.state, "CreationTime": source.created, **expires}
