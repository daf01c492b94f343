"""What watches the path: which alarms and which lines of the dashboard a stack has."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from . import alarms, metrics
from .alarms import Alarm, Alarms, AlarmsArgs
from .bus import Bus
from .component import Base, Component
from .consumer import Consumer
from .dashboard import Dashboard, DashboardArgs, Line, Search
from .heartbeat import Heartbeat
from .heartbeat_received import HeartbeatReceived
from .ingress import Ingress
from .metrics import Metric
from .throttles import Throttles, ThrottlesArgs


@dataclass(kw_only=True)
class Receiver:
    """What receives, where that is built here."""

    ingress: Ingress
    heartbeat: Heartbeat
    received: HeartbeatReceived
    minutes: int
    """Between two heartbeats."""

    @property
    def described(self) -> dict[str, pulumi.Output[str]]:
        """What the program exports of it."""
        return {
            "functionName": self.ingress.function_name,
            "logGroup": self.ingress.log_group_name,
            "parkingQueueUrl": self.ingress.parking_queue_url,
            "signingSecretArn": self.ingress.signing_secret_arn,
            "heartbeatSecretArn": self.ingress.heartbeat_secret_arn,
            "heartbeatRule": self.heartbeat.rule_name,
            "heartbeatReceivedRule": self.received.rule_name,
        }


@dataclass(kw_only=True)
class WatchArgs:
    base: Base
    bus: Bus
    region: pulumi.Input[str]
    consumers: Sequence[Consumer]
    """Of the bus."""
    receiver: Receiver | None = None
    partner_source: pulumi.Input[str] | None = None
    """Name of the event source, where a partner writes to the bus."""
    silence_hours: int
    """There is an alarm when no event came for so long; 0: there is none."""
    topic_arn: str | None
    """Who is told of alarms."""
    verify: str
    """The command that looks at what no metric tells."""


class Watch(Component):
    """With neither a receiver of ours nor a partner, nobody here sees an event come: somebody else's receiver does."""

    alarms: list[pulumi.Output[str]]
    dashboard: pulumi.Output[str]

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        stack = pulumi.get_stack()
        throttled: Metric | None = None
        if args.receiver:
            log = args.receiver.ingress.access_log_group_name
            throttled = Throttles(
                "throttles", ThrottlesArgs(base=args.base, access_log_group_name=log), self.child()
            ).metric
        wanted = AlarmsArgs(base=args.base, alarms=alarms_of(args, stack), topic_arn=args.topic_arn)
        self.alarms = Alarms("alarms", wanted, self.child()).names
        shown = DashboardArgs(
            base=args.base,
            region=args.region,
            lines=lines_of(args, stack, throttled),
            elsewhere="What to do for each line stands beside it; the whole run book is `docs/operations.md`. No metric"
            " tells whether Genesys Cloud's side is enabled and ACTIVE, and which deliveries it gave up:"
            f" `{args.verify}` does.",
        )
        self.dashboard = Dashboard("dashboard", shown, self.child()).dashboard_name
        self.register_outputs({"alarms": self.alarms, "dashboard": self.dashboard})


def events_of(args: WatchArgs, stack: str) -> Metric | None:
    """Events of Genesys Cloud that came, heartbeats and probes not among them."""
    if args.partner_source is not None:
        return metrics.of_partner(args.partner_source)
    return metrics.of_ingress("Events", stack) if args.receiver else None


def alarms_of(args: WatchArgs, stack: str) -> list[Alarm]:
    found: list[Alarm] = []
    receiver, events = args.receiver, events_of(args, stack)
    if receiver:
        found.append(alarms.heartbeat_missing(args.bus.name, receiver.received.rule_name, receiver.minutes))
    if events and args.silence_hours:
        found.append(alarms.silence(events, args.silence_hours))
    if args.consumers:
        found.append(alarms.dead_letters([consumer.dead_letters.queue_name for consumer in args.consumers]))
    if receiver:
        found.append(alarms.parked_age(receiver.ingress.parking_queue_name, stack))
        found.append(alarms.ingress_errors(receiver.ingress.api_id))
    return found


def lines_of(args: WatchArgs, stack: str, throttled: Metric | None) -> list[Line]:
    found: list[Line] = []
    events = events_of(args, stack)
    if args.receiver and throttled:
        found += receiver_lines(args.receiver, stack, throttled)
    if events:
        found.append(
            Line(
                title="Events on the bus",
                anchor="silence",
                do=f"None, though people are calling: `{args.verify}`.",
                metrics=[events],
            )
        )
    if args.receiver:
        found += heartbeat_lines(args.receiver, args.bus)
    if args.consumers:
        found += consumer_lines(args.consumers, args.bus)
    return found


def receiver_lines(receiver: Receiver, stack: str, throttled: Metric) -> list[Line]:
    ingress = receiver.ingress
    return [
        Line(
            title="Requests, accepted and rejected, by reason",
            anchor="rejected",
            do="All but accepted, parked and 503s are lost events, or strangers. `signature_wrong`: two keys.",
            metrics=[Search(metric=metrics.of_ingress("Requests", stack), by="Reason")],
        ),
        Line(
            title="Stale: older than maxAgeMinutes, or from the future",
            anchor="stale",
            do="Somebody sends old events again, or Genesys Cloud is late: then raise `ingress.maxAgeMinutes`.",
            metrics=[metrics.of_ingress("Requests", stack, Reason="stale")],
        ),
        Line(
            title="Throttled by the HTTP API: 429",
            anchor="throttled",
            do="Genesys Cloud tries these again for five minutes. Raise `ingress.throttle`.",
            metrics=[throttled],
        ),
        Line(
            title="Errors of the public URL and of the function",
            anchor="ingress-errors",
            do="The function's log names the reason of each 503, and each crash.",
            metrics=[
                metrics.of_api("5xx", ingress.api_id),
                metrics.of_function("Errors", ingress.function_name),
                metrics.of_function("Throttles", ingress.function_name),
            ],
        ),
        Line(
            title="Signed with the previous key",
            anchor="previous-key",
            do="Still some after half of `keyOverlapMinutes`: `up` did not reach the webhook. Run it again.",
            metrics=[metrics.of_ingress("AcceptedByPreviousKey", stack)],
        ),
        Line(
            title="Parked, and brought back",
            anchor="parked-age",
            do="Parked and nothing drained: EventBridge takes no events, or the function may not put them there.",
            metrics=[metrics.of_ingress("Parked", stack), metrics.of_ingress("Drained", stack)],
        ),
        Line(
            title="Seconds that the oldest parked event waits",
            anchor="parked-age",
            do="It has 14 days. Growing: as above. Falling: it is over.",
            metrics=[
                metrics.of_ingress("ParkedAge", stack, "Maximum"),
                metrics.of_queue("ApproximateAgeOfOldestMessage", ingress.parking_queue_name),
            ],
        ),
    ]


def heartbeat_lines(receiver: Receiver, bus: Bus) -> list[Line]:
    return [
        Line(
            title="Heartbeats on the bus",
            anchor="heartbeat-missing",
            do=f"One every {receiver.minutes} min. None: from the API destination to the bus, something is broken.",
            metrics=[metrics.of_rule("MatchedEvents", receiver.received.rule_name, bus.name)],
        ),
        Line(
            title="Heartbeats that EventBridge could not send",
            anchor="connection",
            do="The connection is de-authorized, mostly. Raise `apiKeyRotation` and run `up`.",
            metrics=[metrics.of_rule("FailedInvocations", receiver.heartbeat.rule_name)],
        ),
    ]


def consumer_lines(consumers: Sequence[Consumer], bus: Bus) -> list[Line]:
    names = ("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq")
    return [
        Line(
            title="Targets that did not take events",
            anchor="targets",
            do="Sent to the dead-letter queue: see there. *Failed to be sent* there: lost, but for the archive.",
            metrics=[metrics.of_rule(name, each.rule_name, bus.name) for each in consumers for name in names],
        ),
        Line(
            title="Dead letters",
            anchor="dead-letters",
            do="`ops dead-letters` says why, and sends them again to that target only.",
            metrics=[
                metrics.of_queue("ApproximateNumberOfMessagesVisible", each.dead_letters.queue_name)
                for each in consumers
            ],
        ),
    ]
