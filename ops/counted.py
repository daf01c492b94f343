"""What was counted of the requests that came to the public URL: rejected, stale, throttled, signed with the old key.

Each is a line of the dashboard as well. Here it is a ✗, since somebody who looks once a day has to be told.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eventbridge.metrics import OURS

from .aws import Answer, AwsError, asking
from .moments import told as moment
from .stack import Stack
from .steps import NothingToSay, Wrong

# The ingress' reasons, by what becomes of the request. Of these, no 4xx is sent again.
TAKEN = ("accepted", "parked")
STRANGERS = ("not_signed", "signature_garbled", "key_wrong")
"""Genesys Cloud signs what it sends: these are not its events."""
AGAIN = ("keys_unreadable", "keys_read_too_often", "bus_late", "not_parked", "failed")
"""503: sent again, and counted by Genesys Cloud where that was in vain."""
STALE = "stale"
TRANSFORM = "take the `transform` that changes the events' envelope out of the subscription"
LOST = {
    "signature_wrong": "if failed deliveries has some answered 401, raise signingKeyRotation in the stack's file, then"
    " make up STACK={}; if not, a stranger sent them, or verify did"
    " while the two sides' keys differed",
    "not_json": TRANSFORM,
    "not_an_event": TRANSFORM,
    "no_event": TRANSFORM,
    "bad_timestamp": TRANSFORM,
    "malformed": TRANSFORM,
    "too_large": "nothing helps: no bus takes an event of 1 MB",
}
"""If it was Genesys Cloud's, it is lost: what to do."""


@dataclass(frozen=True)
class Series:
    name: str
    dimensions: Mapping[str, str]


class Counted:
    def __init__(self, stack: Stack, hours: int) -> None:
        self.stack, self._hours = stack, hours

    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("requests", self.requests),
            ("stale events", self.stale),
            ("throttled", self.throttled),
            ("previous key", self.previous_key),
        ]

    def requests(self) -> str:
        """By reason."""
        reasons = [*TAKEN, *STRANGERS, *AGAIN, *LOST]
        counts = dict(zip(reasons, self._of_late([self._by(reason) for reason in reasons]), strict=True))
        found = {reason: count for reason, count in counts.items() if count}
        lost = {reason: count for reason, count in found.items() if reason in LOST}
        if lost:
            most = max(lost, key=lambda reason: lost[reason])
            raise Wrong(
                f"of the last {self._hours} h's requests, these were rejected, and are lost if they were Genesys"
                f" Cloud's: {listed(lost)}",
                LOST[most].format(self.stack.name),
            )
        return listed(found) or f"none in the last {self._hours} h"

    def stale(self) -> str:
        [count] = self._of_late([self._by(STALE)])
        if count:
            raise Wrong(
                f"{count:,} requests of the last {self._hours} h were older than ingress.maxAgeMinutes, or from the"
                " future, and are lost",
                "compare this machine's clock with the right time; if Genesys Cloud delivers late, raise"
                f" ingress.maxAgeMinutes in the stack's file, then make up STACK={self.stack.name}; else somebody sends"
                " recorded requests again",
            )
        return "none"

    def throttled(self) -> str:
        [count] = self._of_late([Series(f"{self.stack.settings.bus_name}-throttled", {})])
        if count:
            raise Wrong(
                f"{count:,} requests of the last {self._hours} h were turned away with 429: more came than"
                " ingress.throttle allows",
                f"raise ingress.throttle in the stack's file, then make up STACK={self.stack.name}; what Genesys Cloud"
                " gave up for it is among failed deliveries",
            )
        return "none"

    def previous_key(self) -> str:
        """Retries use it right after a rotation. Late in the overlap, the webhook never got the new one."""
        overlap = timedelta(minutes=self.stack.settings.ingress.key_overlap_minutes)
        if not overlap:
            return "is not accepted: keyOverlapMinutes is 0"
        if (created := self._made("AWSCURRENT")) is None:
            raise NothingToSay("there is no key")
        late, ends, now = created + overlap / 2, created + overlap, datetime.now(UTC)
        if now >= ends:
            return "is over"
        if self._made("AWSPREVIOUS") is None:
            return "there is none"
        if now < late:
            return f"is good until {moment(ends)}, and would be late from {moment(late)} on"
        since = up(late, 300)
        used = [Series("AcceptedByPreviousKey", {"Stack": self.stack.name})]
        [found] = self._sums(used, since, 300) if since < now else [{}]
        if found:
            raise Wrong(
                f"{sum(found.values()):,} requests were signed with it in the second half of keyOverlapMinutes, the"
                f" last about {moment(max(found))}: it is refused from {moment(ends)} on",
                f"make up STACK={self.stack.name} before that: the webhook has not got the new key",
            )
        return "was not used late"

    def _made(self, stage: str) -> datetime | None:
        """When the key was that has this stage, if one has."""
        secret = self.stack.outputs["signingSecretArn"]
        try:
            with asking():
                answer = self.stack.aws.secrets.get_secret_value(SecretId=secret, VersionStage=stage)
        except AwsError as error:
            if error.not_found:
                return None
            raise
        created: datetime = answer["CreatedDate"]
        return created

    def _by(self, reason: str) -> Series:
        return Series("Requests", {"Stack": self.stack.name, "Reason": reason})

    def _of_late(self, series: list[Series]) -> list[int]:
        """Of the last hours, the first of them from its beginning."""
        since = (datetime.now(UTC) - timedelta(hours=self._hours)).replace(minute=0, second=0, microsecond=0)
        return [sum(found.values()) for found in self._sums(series, since, 3600)]

    def _sums(self, series: list[Series], since: datetime, period: int) -> list[dict[datetime, int]]:
        """Of each, what there is more than nothing of, by the beginning of its period."""
        queries = [
            {"Id": f"m{number}", "MetricStat": {"Metric": metric(each), "Period": period, "Stat": "Sum"}}
            for number, each in enumerate(series)
        ]
        found: dict[str, dict[datetime, int]] = {str(each["Id"]): {} for each in queries}
        for page in self._pages(queries, since):
            for each in page.get("MetricDataResults") or []:
                values = zip(each["Timestamps"], each["Values"], strict=True)
                found[each["Id"]] |= {at: round(value) for at, value in values if value}
        return list(found.values())

    def _pages(self, queries: list[Answer], since: datetime) -> Iterator[Answer]:
        until = datetime.now(UTC)
        more: dict[str, str] = {}
        while True:
            with asking():
                page = self.stack.aws.metrics.get_metric_data(
                    MetricDataQueries=queries, StartTime=since, EndTime=until, **more
                )
            yield page
            if not (token := page.get("NextToken")):
                return
            more = {"NextToken": str(token)}


def metric(series: Series) -> Answer:
    dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions.items()]
    return {"Namespace": OURS, "MetricName": series.name, "Dimensions": dimensions}


def listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def up(moment: datetime, seconds: int) -> datetime:
    """To the next whole period: what began before is not looked at."""
    return datetime.fromtimestamp(-(-moment.timestamp() // seconds) * seconds, UTC)
