"""Each alarm's definition, as it comes out of the program, against metrics: healthy, missing, late, another's."""

import json

import pytest

from tests.support.alarms import Alarm, Key
from tests.support.aws_metrics import documented
from tests.support.graph import ENVIRON, ORG, PROJECT, Graph, run

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:on-call"
FORWARD = {f"{PROJECT}:forwardTo": json.dumps(["arn:aws:events:us-east-1:222222222222:event-bus/consumers"])}
PARTNER = {
    "genesys:region": "eu-central-1",
    f"{PROJECT}:delivery": "partner",
    f"{PROJECT}:topics": json.dumps(["v2.users.{id}.presence"]),
}
EVENT_SOURCE = f"aws.partner/genesys.com/cloud/{ORG}/genesys-dev"

HEARTBEATS = Key.of(
    "AWS/Events", "MatchedEvents", EventBusName="genesys-dev", RuleName="genesys-dev-heartbeat-received"
)
EVENTS = Key.of("GenesysEventBridge", "Events", Stack="dev")
PARTNER_EVENTS = Key.of("AWS/Events", "Events", EventSourceName=EVENT_SOURCE)
TAP = Key.of("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="genesys-dev-tap-dead-letters")
FORWARDED = Key.of("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="genesys-dev-forward-1-dead-letters")
PARKED = Key.of("GenesysEventBridge", "ParkedAge", Stack="dev")
QUEUED = Key.of("AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName="genesys-dev-parking")
ERRORS = Key.of("AWS/ApiGateway", "5xx", ApiId="id-of-ingress")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EVENTBRIDGE_URL", raising=False)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def webhook(_environment: None) -> Graph:
    return run({f"{PROJECT}:tap": "true", **FORWARD})


@pytest.fixture
def partner(_environment: None) -> Graph:
    return run({f"{PROJECT}:tap": "true", **FORWARD}, least=PARTNER)


def alarm(graph: Graph, kind: str) -> Alarm:
    found = Alarm(graph.one(ALARM, kind).inputs)
    assert graph.one(ALARM, kind).inputs["name"] == f"genesys-dev-{kind}"
    return found


# Which there are, and whom they tell.


def test_five_in_webhook_and_two_in_partner(webhook: Graph, partner: Graph) -> None:
    kinds = ["heartbeat-missing", "silence", "dead-letters", "parked-age", "ingress-errors"]
    assert {each.name for each in webhook.of(ALARM)} == set(kinds)
    assert webhook.exports["alarms"] == [f"genesys-dev-{kind}" for kind in kinds]
    assert partner.exports["alarms"] == ["genesys-dev-silence", "genesys-dev-dead-letters"]


def test_they_tell_the_topic_when_they_go_off_and_when_it_is_over() -> None:
    for each in run({f"{PROJECT}:alarmTopicArn": TOPIC}).of(ALARM):
        assert each.inputs["alarmActions"] == each.inputs["okActions"] == [TOPIC]


def test_without_a_topic_they_are_there_and_tell_nobody(webhook: Graph) -> None:
    for each in webhook.of(ALARM):
        assert not each.inputs.get("alarmActions")
        assert not each.inputs.get("okActions")


def test_no_silence_is_no_alarm() -> None:
    assert "silence" not in {each.name for each in run({f"{PROJECT}:silenceHours": "0"}).of(ALARM)}


def test_where_nothing_is_sent_to_there_are_no_dead_letters() -> None:
    assert {each.name for each in run(least=PARTNER).of(ALARM)} == {"silence"}


def test_somebody_elses_receiver_has_no_alarms_of_ours() -> None:
    graph = run({f"{PROJECT}:ingress": json.dumps({"url": "https://receiver.example.com"}), f"{PROJECT}:tap": "true"})
    assert {each.name for each in graph.of(ALARM)} == {"dead-letters"}


def test_every_metric_has_dimensions_that_somebody_writes(webhook: Graph, partner: Graph) -> None:
    for graph in (webhook, partner):
        for each in graph.of(ALARM):
            for key in Alarm(each.inputs).reads:
                if key.namespace != "GenesysEventBridge":
                    assert documented(key.namespace, key.name, {name for name, _ in key.dimensions}), key


# Heartbeats.


@pytest.mark.parametrize("fills_nothing", [True, False])
@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([1, 1, 1, 1, 1, 1, 1], "OK"),
        ([1, 1, 1, 1, 1, 1, None], "OK"),  # late, or never sent: EventBridge's metrics are best effort
        ([1, 1, 1, 1, 1, None, None], "OK"),
        ([1, 1, 1, None, 1, None, 1], "OK"),
        ([1, 1, 1, 1, None, None, None], "ALARM"),
        ([1, 1, None, 1, None, 1, None], "ALARM"),
        ([None, None, None, None, 1, 1, 1], "OK"),  # it is over after three
        ([None] * 7, "ALARM"),
        ([2, 0, 2, 0, 1, 1, 1], "OK"),  # a beat early, a beat late
    ],
)
def test_a_heartbeat_is_missed_when_three_of_five_are(
    webhook: Graph, last: list[float | None], state: str, fills_nothing: bool
) -> None:
    found = alarm(webhook, "heartbeat-missing")
    assert found.state({HEARTBEATS: last}, fills_nothing=fills_nothing) == state
    assert found.period == 300


@pytest.mark.parametrize(
    "dimensions", [{"RuleName": "genesys-dev-heartbeat-received"}, {"EventBusName": "genesys-dev"}]
)
def test_heartbeats_of_another_series_are_none(webhook: Graph, dimensions: dict[str, str]) -> None:
    others = Key.of("AWS/Events", "MatchedEvents", **dimensions)
    assert alarm(webhook, "heartbeat-missing").state({others: [1] * 7}) == "ALARM"


def test_a_period_is_as_long_as_the_time_between_two_heartbeats() -> None:
    assert alarm(run({f"{PROJECT}:heartbeatMinutes": "60"}), "heartbeat-missing").period == 3600


# Silence.


@pytest.mark.parametrize("delivery", ["webhook", "partner"])
@pytest.mark.parametrize("fills_nothing", [True, False])
def test_silence_is_no_event_in_all_hours(delivery: str, fills_nothing: bool, request: pytest.FixtureRequest) -> None:
    found, key = (
        alarm(request.getfixturevalue(delivery), "silence"),
        EVENTS if delivery == "webhook" else PARTNER_EVENTS,
    )

    def state(points: list[float | None]) -> str:
        return found.state({key: points}, fills_nothing=fills_nothing)

    assert found.period * found.periods == 24 * 3600
    assert state([7.0] * 26) == "OK"
    assert state([7, 7, 7, *[None] * 23]) == "OK", "an event, 23 hours ago"
    assert state([7, 7, *[None] * 24]) == "ALARM"
    assert state([None] * 26) == "ALARM"
    assert state([*[None] * 25, 1]) == "OK", "one event ends it"
    assert found.state({Key.of(key.namespace, key.name, Stack="prod"): [7.0] * 26}) == "ALARM"


@pytest.mark.parametrize("hours", [1, 25, 168])
def test_silence_may_last_up_to_a_week(hours: int) -> None:
    found = alarm(run({f"{PROJECT}:silenceHours": str(hours)}), "silence")
    assert found.period * found.periods == hours * 3600
    assert found.state({EVENTS: [5.0, *[None] * (hours - 1)]}) == "OK"
    assert found.state({EVENTS: [5.0, *[None] * hours]}) == "ALARM"


# Dead letters.


@pytest.mark.parametrize("delivery", ["webhook", "partner"])
def test_one_dead_letter_in_any_queue_is_an_alarm(delivery: str, request: pytest.FixtureRequest) -> None:
    found = alarm(request.getfixturevalue(delivery), "dead-letters")
    assert set(found.reads) == {TAP, FORWARDED}
    assert found.state({TAP: [0, 0, 0], FORWARDED: [0, 0, 0]}) == "OK"
    assert found.state({TAP: [0, 0, 0], FORWARDED: [0, 0, 1]}) == "ALARM"
    assert found.state({TAP: [0, 0, 3]}) == "ALARM", "the other queue was never used: it has no metrics"
    assert found.state({FORWARDED: [1, 0, 0], TAP: [0, 0, 0]}) == "OK", "sent again"
    assert found.state({FORWARDED: [1, 1, None]}, before="ALARM") == "ALARM", "one late point"
    other = Key.of("AWS/SQS", TAP.name, QueueName="genesys-prod-tap-dead-letters")
    assert found.state({other: [5, 5, 5], TAP: [0, 0, 0]}) == "OK"


def test_dead_letters_that_nobody_touches_are_not_forgotten(webhook: Graph) -> None:
    """SQS sends no metrics of a queue that nothing happened to for six hours."""
    found = alarm(webhook, "dead-letters")
    assert found.state({}, before="ALARM") == "ALARM"
    assert found.state({}, before="OK") == "OK"


def test_ten_queues_are_not_too_many() -> None:
    buses = [f"arn:aws:events:us-east-1:222222222222:event-bus/{number}" for number in range(9)]
    graph = run({f"{PROJECT}:tap": "true", f"{PROJECT}:forwardTo": json.dumps(buses)})
    assert len(alarm(graph, "dead-letters").reads) == 10


# What is parked.


def test_parked_events_may_wait_a_quarter_of_an_hour(webhook: Graph) -> None:
    found = alarm(webhook, "parked-age")
    assert set(found.reads) == {PARKED, QUEUED}
    assert set(found.reads.values()) == {"Maximum"}
    assert found.state({QUEUED: [0, 0, 0]}) == "OK"
    assert found.state({}) == "OK", "nothing was ever parked"
    assert found.state({QUEUED: [600, 750, 890]}) == "OK"
    assert found.state({QUEUED: [600, 750, 901]}) == "ALARM", "the ingress does not even take them out"
    assert found.state({QUEUED: [0, 0, 0], PARKED: [600, 900, 1200]}) == "ALARM", "SQS forgot it after three receives"
    assert found.state({PARKED: [1200, 1500, None]}) == "ALARM", "one late point"
    assert found.state({PARKED: [1200, None, None], QUEUED: [0, 0, 0]}) == "OK", "drained"
    assert found.state({Key.of("GenesysEventBridge", "ParkedAge", Stack="prod"): [9000.0] * 3}) == "OK"


# Errors of the public URL.


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([0, 0, 0, 0, 0, 0, 0], "OK"),
        ([None] * 7, "OK"),  # no request, no error
        ([0, 0, 0, 0, 0, 0, 9], "OK"),  # an instance crashed: Genesys Cloud tries again
        ([None, None, 1, None, None, None, None], "OK"),
        ([0, 0, 0, 0, 2, 2, 2], "ALARM"),
        ([None, None, None, None, 2, 2, 2], "ALARM"),
        ([0, 0, 0, 1, 1, None, 1], "ALARM"),  # one late point
        ([0, 0, 1, 1, 0, 0, 0], "OK"),  # it is over
    ],
)
def test_the_url_fails_when_it_does_in_three_minutes_of_five(
    webhook: Graph, last: list[float | None], state: str
) -> None:
    found = alarm(webhook, "ingress-errors")
    assert found.reads == {ERRORS: "Sum"}
    assert found.state({ERRORS: last}) == state
    assert found.period == 60, "an alarm after five minutes would be one about events that are lost"
    assert found.state({Key.of("AWS/ApiGateway", "5XXError", ApiId="id-of-ingress"): [9.0] * 7}) == "OK", "a REST API's"


# The evaluator itself, against AWS's tables: `0` is within the threshold, `X` beyond it, `-` missing.

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
FEW = "INSUFFICIENT_DATA"
KEEPS = "before"


@pytest.mark.parametrize(
    ("datapoints", "points", "states"),
    [
        (3, "0-X-X", ("OK", "OK", "OK", "OK")),
        (3, "0----", ("OK", "OK", "OK", "OK")),
        (3, "-----", (FEW, KEEPS, "ALARM", "OK")),
        (3, "0XX-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (3, "--X--", ("ALARM", KEEPS, "ALARM", "OK")),
        (3, "----X", (FEW, KEEPS, "ALARM", "OK")),
        (2, "0-X-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "00X0X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0-X--", ("OK", "OK", "ALARM", "OK")),
        (2, "----0", ("OK", "OK", "ALARM", "OK")),
        (2, "---X-", ("ALARM", KEEPS, "ALARM", "OK")),
    ],
)
def test_the_evaluator_does_what_awss_tables_say(datapoints: int, points: str, states: tuple[str, ...]) -> None:
    for treatment, state in zip(TREATMENTS, states, strict=True):
        found = Alarm(
            {
                "namespace": "N",
                "metricName": "M",
                "dimensions": {},
                "statistic": "Sum",
                "period": 300,
                "evaluationPeriods": 3,
                "datapointsToAlarm": datapoints,
                "threshold": 0.5,
                "comparisonOperator": "GreaterThanThreshold",
                "treatMissingData": treatment,
            }
        )
        series = {Key.of("N", "M"): [{"0": 0.0, "X": 1.0, "-": None}[point] for point in points]}
        assert found.state(series, before=KEEPS) == state, treatment


def test_missing_data_alone_would_tell_of_missed_heartbeats_two_periods_late(webhook: Graph) -> None:
    """Why the alarms on what stops coming have FILL: without it, CloudWatch takes older points for the missing ones."""
    inputs = dict(webhook.one(ALARM, "heartbeat-missing").inputs)
    metric, whole = inputs["metricQueries"]
    plain = Alarm({**inputs, "metricQueries": [metric, {**whole, "expression": "m1"}]})
    assert plain.state({HEARTBEATS: [1, 1, 1, 1, None, None, None]}) == "OK"
    assert plain.state({HEARTBEATS: [1, 1, None, None, None, None, None]}) == "ALARM"
