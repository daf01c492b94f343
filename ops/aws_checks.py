"""The AWS side of `verify`: from the API destination, or the partner's event source, to the rules' targets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property

from eventbridge.metrics import OURS
from genesys_provider.webhook import without_trailing_slash

from .aws import Answer, AwsError, asking
from .counted import Counted
from .genesys_checks import bare
from .stack import Stack
from .steps import Check, NothingToSay, Wrong, logs, look_and_up

SIDE = "AWS"
OLDEST_PARKED_SECONDS = 900.0  # a queue that drains is empty again long before
COUNTED = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


def checks(stack: Stack, hours: int = 24) -> list[Check]:
    return [Check(SIDE, name, look) for name, look in Side(stack, hours).checks()]


class Side:
    def __init__(self, stack: Stack, hours: int) -> None:
        self.stack, self.aws, self.outputs, self._hours = stack, stack.aws, stack.outputs, hours

    @property
    def mend(self) -> str:
        return look_and_up(self.stack.name)

    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        """Those that this stack has something for."""
        found: list[tuple[str, Callable[[], str]]] = [("bus", self.bus), ("rules", self.rules)]
        if "archiveName" in self.outputs:
            found.append(("archive", self.archive))
        if self.stack.partner:
            found.insert(0, ("event source", self.event_source))
        else:
            found += [("destination", self.destination), ("connection", self.connection)]
        if "functionName" in self.outputs:  # with somebody else's receiver, the rest is theirs
            found += [("secrets", self.secrets), ("function", self.function), ("parked events", self.parked)]
            found += Counted(self.stack, self._hours).checks()
        if self.outputs.get("alarms"):
            found.append(("alarms", self.alarms))
        return [*found, ("dead letters", self.dead_letters)]

    # The bus and what is on it

    def event_source(self) -> str:
        name = self.outputs["eventSourceName"]
        found = self._found(lambda: self.aws.events.describe_event_source(Name=name))
        if found is None:
            raise Wrong(f"{name} is not there: Genesys Cloud took it back", self.mend)
        state = found.get("State")
        if state == "PENDING":
            raise Wrong(f"{name} is PENDING: all its events are dropped", f"{self.mend}: that activates it")
        if state != "ACTIVE":
            raise Wrong(
                f"{name} is {state}: Genesys Cloud took it back, and its bus gets nothing from it",
                f"{self.mend}; delete the bus in AWS by hand only if `up` says DELETED still",
            )
        return f"{name} is ACTIVE"

    @cached_property
    def _bus(self) -> Answer | None:
        return self._found(lambda: self.aws.events.describe_event_bus(Name=self.stack.bus_name))

    def bus(self) -> str:
        if self._bus is None:
            raise Wrong(f"bus {self.stack.bus_name} is gone: somebody deleted it, and its rules with it", self.mend)
        return self.stack.bus_name

    def rules(self) -> str:
        """Each is enabled and has its target, which is there; the heartbeat's schedule is on the default bus."""
        on_bus = [(each["rule"], each["target"]) for each in self.outputs.get("rules", {}).values()]
        if received := self.outputs.get("heartbeatReceivedRule"):
            on_bus.append((received, ""))
        scheduled = self.outputs.get("heartbeatRule")
        if self._bus is None and on_bus:
            raise NothingToSay("not looked at: there is no bus")
        for name, target in on_bus:
            self._rule(name, self.stack.bus_name, target)
        if scheduled:
            self._rule(scheduled, "default", self.outputs.get("destinationArn", ""))
        names = [name for name, _ in on_bus] + ([scheduled] if scheduled else [])
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} enabled" if names else "there are none"

    def _rule(self, name: str, bus: str, target: str) -> None:
        """`target`: an ARN that is one of the rule's targets; empty where it is not exported, and any will do."""
        rule = self._found(lambda: self.aws.events.describe_rule(Name=name, EventBusName=bus))
        if rule is None:
            raise Wrong(f"rule {name} is gone: somebody deleted it", self.mend)
        if rule.get("State") != "ENABLED":
            enable = f"{self.stack.settings.aws_cli} events enable-rule --name {name} --event-bus-name {bus}"
            raise Wrong(f"rule {name} is {rule.get('State')}: its target gets nothing", enable)
        with asking():
            targets = self.aws.events.list_targets_by_rule(Rule=name, EventBusName=bus).get("Targets") or []
        arns = [str(each["Arn"]) for each in targets]
        if not arns or (target and target not in arns):
            raise Wrong(f"rule {name} has lost its target {target}".rstrip(), self.mend)
        for arn in [target] if target else arns:
            self._target(name, arn)

    def _target(self, rule: str, arn: str) -> None:
        """A queue of this account is there. A bus of `forwardTo` and what others have are not ours to look at."""
        _, _, service, _, account, queue = arn.split(":", 5)
        if service != "sqs" or account != self.stack.account:
            return
        if self._found(lambda: self.aws.sqs.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=account)) is None:
            raise Wrong(f"queue {queue}, the target of rule {rule}, is gone: somebody deleted it", self.mend)

    def archive(self) -> str:
        name = self.outputs["archiveName"]
        if self._found(lambda: self.aws.events.describe_archive(ArchiveName=name)) is None:
            raise Wrong(f"archive {name} is gone: somebody deleted it, and what was in it", self.mend)
        return name

    # The API destination and its connection

    def destination(self) -> str:
        wanted = self.outputs["destinationUrl"]
        name = self.outputs["destinationArn"].partition(":api-destination/")[2].split("/")[0]
        found = self._found(lambda: self.aws.events.describe_api_destination(Name=name))
        if found is None:
            raise Wrong(f"API destination {name} is gone: somebody deleted it", self.mend)
        url = str(found.get("InvocationEndpoint") or "")
        if without_trailing_slash(url) != without_trailing_slash(wanted):
            raise Wrong(f"API destination {name} points at {bare(url)}, not at {bare(wanted)}", self.mend)
        self._deauthorized(str(found.get("ConnectionArn") or "").partition(":connection/")[2].split("/")[0])
        if found.get("ApiDestinationState") != "ACTIVE":
            raise Wrong(f"API destination {name} is {found.get('ApiDestinationState')}: it calls nobody", self.mend)
        return bare(url)

    def _deauthorized(self, connection: str) -> None:
        """A destination is INACTIVE when its connection is not authorised: that is told once, by the connection."""
        if connection and self._connection and self._connection.get("ConnectionState") != "AUTHORIZED":
            raise NothingToSay("it is as good as its connection")

    @cached_property
    def _connection(self) -> Answer | None:
        name = self.outputs.get("connectionName") or self.stack.settings.bus_name
        return self._found(lambda: self.aws.events.describe_connection(Name=name))

    def connection(self) -> str:
        if self._connection is None:
            raise Wrong("the connection is gone: somebody deleted it", self.mend)
        state, name = self._connection.get("ConnectionState"), self._connection.get("Name")
        if state == "DEAUTHORIZED":
            raise Wrong(
                f"connection {name} is DEAUTHORIZED: the receiver answered 401 or 407, and AWS took its key away, so"
                " that no heartbeat goes out",
                f"raise apiKeyRotation in the stack's file, then make up STACK={self.stack.name}: a plain `up` sees no"
                " difference",
            )
        if state != "AUTHORIZED":
            raise Wrong(f"connection {name} is {state}", "wait a minute and look again")
        return f"{name} is AUTHORIZED"

    # The receiver

    def secrets(self) -> str:
        """That there is something in them, never what."""
        for what, rotation, arn in (
            ("signing key", "signingKeyRotation", self.outputs.get("signingSecretArn", "")),
            ("heartbeat's key", "apiKeyRotation", self.outputs.get("heartbeatSecretArn", "")),
        ):
            fix = f"raise {rotation} in the stack's file, then make up STACK={self.stack.name}"
            secret = self._found(lambda arn=arn: self.aws.secrets.get_secret_value(SecretId=arn))  # type: ignore[misc]
            if secret is None:
                raise Wrong(
                    f"the {what}'s secret has no value, or is gone", f"{self.mend}; if only the value is gone, {fix}"
                )
            if not str(secret.get("SecretString") or "").strip():
                raise Wrong(f"the {what}'s secret is empty: nothing it is for is let in", fix)
        return "both keys are there"

    def function(self) -> str:
        name = self.outputs["functionName"]
        found = self._found(lambda: self.aws.functions.get_function_configuration(FunctionName=name))
        if found is None:
            raise Wrong(f"function {name} is gone: somebody deleted it", self.mend)
        self._needs(name, str(found.get("Role")).rpartition("/")[2])
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if state == "Inactive":
            return f"{name} is asleep until the next request"  # AWS puts one to sleep that nobody called for weeks
        if state != "Active":
            raise Wrong(f"function {name} is {state}: {found.get('StateReason') or 'no reason given'}", self.mend)
        if update == "Failed":
            why = found.get("LastUpdateStatusReason") or "no reason given"
            raise Wrong(f"the last update of function {name} failed: {why}", self.mend)
        return f"{name} is Active"

    def _needs(self, function: str, role: str) -> None:
        """Without either, AWS calls the function Active still."""
        if self._found(lambda: self.aws.roles.get_role(RoleName=role)) is None:
            raise Wrong(
                f"role {role} of function {function} is gone: somebody deleted it, and nothing it does works", self.mend
            )
        group = f"/aws/lambda/{function}"
        if self._found(lambda: self.aws.logs.describe_log_streams(logGroupName=group, limit=1)) is None:
            raise Wrong(
                f"log group {group} is gone: somebody deleted it, and nothing is logged or counted of what the function"
                " does",
                self.mend,
            )

    def parked(self) -> str:
        """What PutEvents did not take in time, and the mapping that brings it to the bus."""
        url = self.outputs.get("parkingQueueUrl")
        if not url:
            raise NothingToSay("this stack has no parking queue yet: `up` makes one")
        name = self.outputs["functionName"]
        with asking():
            mappings = self.aws.functions.list_event_source_mappings(FunctionName=name).get("EventSourceMappings") or []
        queue = url.rpartition("/")[2]
        states = [each.get("State") for each in mappings if str(each.get("EventSourceArn")).endswith(f":{queue}")]
        if not states:
            raise Wrong(f"nothing drains {queue}: its event source mapping is gone", self.mend)
        if states[0] not in ("Enabled", "Creating", "Enabling", "Updating"):
            raise Wrong(f"nothing drains {queue}: its event source mapping is {states[0]}", self.mend)
        count = self._count(url)
        if count is None:
            raise Wrong(f"queue {queue} is gone: somebody deleted it", self.mend)
        if not count:
            return "none"
        age = self._age(queue)
        if age is not None and age > OLDEST_PARKED_SECONDS:
            raise Wrong(
                f"{count:,} events are parked, the oldest for {age / 60:.0f} minutes: they do not get to the bus",
                f"see what the function says ({logs(self.stack.name)}): PutEvents refuses them; they are kept for 14"
                f" days in {queue}",
            )
        told = "their age is not known yet" if age is None else f"the oldest for {age:.0f} s"
        return f"{count:,}, {told}"

    def _age(self, queue: str) -> float | None:
        """Of the oldest message, in seconds, as was last told.

        By the queue's own metric, which forgets a message that was received three times, and by the ingress', which
        tells of those that it looked at.
        """
        now = datetime.now(UTC)
        told = [
            ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue}),
            (OURS, "ParkedAge", {"Stack": self.stack.name}),
        ]
        queries = [
            {"Id": f"age{number}", "MetricStat": {"Metric": metric(*each), "Period": 60, "Stat": "Maximum"}}
            for number, each in enumerate(told)
        ]
        with asking():
            answer = self.aws.metrics.get_metric_data(
                MetricDataQueries=queries, StartTime=now - timedelta(minutes=15), EndTime=now
            )
        newest = [each["Values"][0] for each in answer.get("MetricDataResults") or [] if each.get("Values")]
        return max(map(float, newest), default=None)

    # What tells of it

    def alarms(self) -> str:
        """That they are there. What they look at has steps of its own."""
        names = self.outputs["alarms"]
        with asking():
            found = self.aws.metrics.describe_alarms(AlarmNames=names).get("MetricAlarms") or []
        there = {each["AlarmName"] for each in found}
        if gone := [name for name in names if name not in there]:
            raise Wrong(f"gone, and tell nobody any more: {', '.join(gone)}", self.mend)
        return f"{len(names)}, none is gone"

    # What could not be delivered to a target

    def dead_letters(self) -> str:
        queues = {name: each["deadLetters"] for name, each in self.outputs.get("rules", {}).items()}
        if not queues:
            raise NothingToSay("this stack has no dead-letter queues")
        found = {name: self._count(url) for name, url in queues.items()}
        for name, count in found.items():
            if count is None:
                raise Wrong(f"the dead-letter queue of {name} is gone: somebody deleted it", self.mend)
        if any(found.values()):
            told = ", ".join(f"{name}: {count:,}" for name, count in found.items() if count)
            raise Wrong(
                f"events that a target did not take: {told}",
                f"make dead-letters STACK={self.stack.name} ARGS=explain says why, and how to send them again",
            )
        return "none"

    def _count(self, url: str) -> int | None:
        """Messages in the queue, under way ones too; None without a queue."""
        answer = self._found(lambda: self.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTED)))
        return None if answer is None else sum(int(answer["Attributes"].get(name, 0)) for name in COUNTED)

    def _found(self, ask: Callable[[], Answer]) -> Answer | None:
        """The answer, or None when there is no such thing."""
        try:
            with asking():
                return ask()
        except AwsError as error:
            if error.not_found:
                return None
            raise


def metric(namespace: str, name: str, dimensions: dict[str, str]) -> Answer:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
