"""The calls about archives and replays that ministack answers unlike AWS, or refuses with other words.

Refusals are those that AWS was recorded with, but for those marked `ours`; that a rule in FilterArns may be one that
doesn't exist is ours, too.

Whether a bus with an archive can be deleted is not documented: AWS's reference asks for the bus's rules to be gone, no
more, so that it can be here, and its archive stays.
"""

import re

from .errors import AwsError, not_found, not_valid, unsatisfied
from .exchange import Answer, Handler, Request, page
from .inside import Json, eventbridge, responses
from .replays import Replay

MOST_AT_ONCE = 10
_NAME = re.compile(r"[\.\-_A-Za-z0-9]+")
_LONGEST_NAME = 64
_LONGEST = {"ArchiveName": 48, "Description": 512, "EventPattern": 4096}
_BUS = re.compile(r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/.+")
_FILTERS = ("NamePrefix", "EventSourceArn", "State")
_STATES = ("CANCELLED", "CANCELLING", "COMPLETED", "FAILED", "RUNNING", "STARTING")
_LISTED = (
    *("ArchiveName", "EventSourceArn", "State", "StateReason", "RetentionDays", "SizeBytes", "EventCount"),
    "CreationTime",
)


async def create_archive(request: Request) -> Answer:
    _check_archive_members(request.data)
    source = str(request.data.get("EventSourceArn") or "")
    name, error = eventbridge._event_bus_name_from_ref(source)
    if error or not _BUS.fullmatch(source) or (name != "default" and name not in eventbridge._event_buses):
        raise not_found(f"Event bus {source.rpartition('event-bus/')[2]}")
    return await request.forward()


async def update_archive(request: Request) -> Answer:
    _check_archive_members(request.data)
    return await request.forward()


async def describe_archive(request: Request) -> Answer:
    name = str(request.data.get("ArchiveName") or "")
    record = eventbridge._archives.get(name)
    if record is None:
        raise not_found(f"Archive {name}")
    return Answer.of(request.archives.described(record))


async def list_archives(request: Request) -> Answer:
    answer = await request.forward()
    if answer.ok:
        names = [listed["ArchiveName"] for listed in answer.data["Archives"]]
        described = [request.archives.described(eventbridge._archives[name]) for name in names]
        answer.change(Archives=[{name: one[name] for name in _LISTED if name in one} for one in described])
    return answer


async def start_replay(request: Request) -> Answer:
    data = request.data
    destination = dict(data.get("Destination") or {})
    name, start, end = _check_name(data), float(data.get("EventStartTime") or 0), float(data.get("EventEndTime") or 0)
    archive = _check_archive(data, _check_bus(destination))
    if end <= start:
        raise not_valid("EventEndTime", "EventStartTime must be before EventEndTime.")
    others = request.replays.shown()
    if any(replay.name == name for replay in others):
        raise AwsError("ResourceAlreadyExistsException", f"Replay {name} already exists.")
    if sum(replay.ended is None for replay in others) >= MOST_AT_ONCE:
        raise AwsError("LimitExceededException", f"The account has {MOST_AT_ONCE} replays that are active.")  # ours
    replay = Replay(
        name,
        responses.get_account_id(),
        responses.get_region(),
        str(data.get("Description") or ""),
        str(data["EventSourceArn"]),
        destination,
        start,
        end,
    )
    answer = Answer.of({"ReplayArn": replay.arn, "ReplayStartTime": replay.started, "State": replay.state})
    request.replays.start(replay, archive)
    return answer


async def describe_replay(request: Request) -> Answer:
    return Answer.of(request.replays.find(_check_name(request.data)).described())


async def list_replays(request: Request) -> Answer:
    data = request.data
    if sum(bool(data.get(name)) for name in _FILTERS) > 1:
        raise AwsError(
            "ValidationException",
            "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.",
        )
    prefix, archive, state = (str(data.get(name) or "") for name in _FILTERS)
    if state and state not in _STATES:
        raise unsatisfied(state, "state", f"Member must satisfy enum value set: [{', '.join(_STATES)}]")
    found = [
        replay.listed()
        for replay in request.replays.shown()
        if replay.name.startswith(prefix) and archive in ("", replay.archive_arn) and state in ("", replay.state)
    ]
    return page(request, "Replays", found)


async def cancel_replay(request: Request) -> Answer:
    replay = request.replays.find(_check_name(request.data))
    request.replays.cancel(replay)
    return Answer.of({"ReplayArn": replay.arn, "State": "CANCELLING"})


HANDLERS: dict[str, Handler] = {
    "events:CreateArchive": create_archive,
    "events:UpdateArchive": update_archive,
    "events:DescribeArchive": describe_archive,
    "events:ListArchives": list_archives,
    "events:StartReplay": start_replay,
    "events:DescribeReplay": describe_replay,
    "events:ListReplays": list_replays,
    "events:CancelReplay": cancel_replay,
}


def _check_archive_members(data: Json) -> None:
    name = str(data.get("ArchiveName") or "")
    if not _NAME.fullmatch(name):
        raise unsatisfied(name, "archiveName", f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    for member, longest in _LONGEST.items():
        value = str(data.get(member) or "")
        if len(value) > longest:
            at = member[0].lower() + member[1:]
            raise unsatisfied(value, at, f"Member must have length less than or equal to {longest}")
    days = data.get("RetentionDays", 0)
    if not isinstance(days, int) or days < 0:
        raise unsatisfied(days, "retentionDays", "Member must have value greater than or equal to 0")


def _check_name(data: Json) -> str:
    name = str(data.get("ReplayName") or "")
    if not _NAME.fullmatch(name):
        raise unsatisfied(name, "replayName", f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    if len(name) > _LONGEST_NAME:
        raise unsatisfied(name, "replayName", f"Member must have length less than or equal to {_LONGEST_NAME}")
    return name


def _check_bus(destination: Json) -> str:
    """Its ARN. The bus is looked for before the archive: which comes first on AWS was not recorded."""
    arn = str(destination.get("Arn") or "")
    if not _BUS.fullmatch(arn):
        raise not_valid("Destination.Arn", "Must contain an event bus ARN.")
    name, error = eventbridge._event_bus_name_from_ref(arn)
    if error or (name != "default" and name not in eventbridge._event_buses):
        raise not_found(f"Event bus {arn.partition(':event-bus/')[2]}")
    return arn


def _check_archive(data: Json, bus: str) -> Json:
    arn = str(data.get("EventSourceArn") or "")
    name, error = eventbridge._archive_name_from_ref(arn)
    archive: Json | None = None if error else eventbridge._archives.get(name)
    if archive is None:
        raise not_valid("EventSourceArn", f"Archive {arn.rpartition('/')[2]} does not exist.")
    if archive["EventSourceArn"] != bus:
        raise not_valid("Destination.Arn", "Cross event bus replay is not permitted.")
    return archive
