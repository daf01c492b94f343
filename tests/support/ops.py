"""A stack for `ops` in process: what the program makes, made by hand on both emulators, with the ingress's own code."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import settings
from eventbridge.heartbeat_received import PATTERN as HEARTBEATS
from eventbridge.ingress import CODE, code_files
from genesys_provider.client import Client
from genesys_provider.connection import resolve
from ops.aws import Aws
from ops.stack import Outputs, RuleOutput, Stack
from ops.steps import Step
from ops.verify import steps_of
from sandbox.genesys.testing import serve
from tests.support.aws_sandbox import ACCOUNT, make_api, make_role
from tests.support.aws_sandbox import Aws as Sandbox
from tests.support.provider import ENVIRON, ORG, Emulator

PROJECT = "genesys-eventbridge"
BUS = "genesys-it"
BUS_ARN = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{BUS}"
SOURCE = f"genesys.com/cloud/{ORG}"
SERVICES = ("events", "sqs", "secretsmanager", "lambda", "cloudwatch", "sts", "iam", "logs")
SIGNING_KEY = "a signing key, 32 bytes or longer"
DRAINS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
ALARM = {
    "Namespace": "AWS/SQS",
    "MetricName": "ApproximateNumberOfMessagesVisible",
    "Statistic": "Maximum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 0.0,
}
WEBHOOKS, SUBSCRIPTIONS = "/api/v2/events/webhooks", "/api/v2/events/subscriptions"


@dataclass
class Both:
    """The stack, and the two emulators behind it."""

    stack: Stack
    aws: Sandbox
    genesys: Emulator
    config: dict[str, str]

    def step(self, name: str, side: str | None = None) -> Step:
        """That step of a whole verify."""
        [found] = [each for each in steps_of(self.stack) if each.name == name and side in (None, each.side)]
        return found

    def change(self, path: str, **fields: Any) -> None:
        """What somebody does by hand."""
        entity = self.stack.genesys.get(path)
        server = ("id", "selfUri", "dateCreated", "dateModified", "lastDeliveryStatus")
        body = {name: value for name, value in {**entity, **fields}.items() if name not in server}
        self.stack.genesys.put(path, body)

    @property
    def webhook(self) -> str:
        return f"{WEBHOOKS}/{self.stack.outputs['webhookId']}"

    def emit(self, kind: str = "acd.start") -> Any:
        return self.genesys.door("POST", "emit?wait=1", {"kind": kind})

    def listeners(self) -> list[str]:
        """Rules and queues of listeners that are there."""
        rules = self.aws.client("events").list_rules(EventBusName=BUS, NamePrefix=f"{BUS}-listen-")["Rules"]
        queues = self.aws.client("sqs").list_queues(QueueNamePrefix=f"{BUS}-listen-").get("QueueUrls", [])
        return [*(str(rule["Name"]) for rule in rules), *queues]


@contextmanager
def both(aws: Sandbox, **config: str) -> Iterator[Both]:
    """`delivery: webhook`, deployed. `config`: more of the stack's config, by its keys in the project."""
    with serve() as served:
        genesys = Emulator.of(served)
        full = {
            "aws:region": "us-east-1",
            "aws:accessKey": "test",
            "aws:secretKey": "test",
            "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, aws.url)]),
            "genesys:loginUrl": served.url,
            "genesys:apiUrl": served.url,
            f"{PROJECT}:busName": BUS,
            f"{PROJECT}:subscriptions": json.dumps([{"name": "queues", "eventTypes": ["routing.queueEvent"]}]),
            **{f"{PROJECT}:{key}": value for key, value in config.items()},
        }
        client = Client(resolve(lambda key: full.get(f"genesys:{key}"), ENVIRON))
        outputs = on_genesys(client, on_aws(aws))
        yield Both(
            Stack("it", outputs, settings.load(full, ENVIRON, PROJECT, "it"), Aws(full), client), aws, genesys, full
        )
        genesys.http.close()


def on_genesys(client: Client, outputs: Outputs) -> Outputs:
    webhook = {
        "name": "it-webhook",
        "destinationUrl": outputs["destinationUrl"],
        "signingKey": SIGNING_KEY,
        "retryPolicy": {"retryCount": 0, "retryIntervalSeconds": 1},
    }
    made = client.post(WEBHOOKS, webhook, look=lambda: None)
    subscription = {
        "name": "it-queues",
        "webhookId": made["id"],
        "filter": {"eventType": ["routing.queueEvent"]},
        "deliveryMode": "PUSH",
    }
    queues = client.post(SUBSCRIPTIONS, subscription, look=lambda: None)
    return {**outputs, "webhookId": made["id"], "subscriptionIds": {"queues": queues["id"]}}


def on_aws(aws: Sandbox) -> Outputs:
    events, functions = aws.client("events"), aws.client("lambda")
    events.create_event_bus(Name=BUS)
    secrets = [secret(aws, "signing", SIGNING_KEY), secret(aws, "heartbeat", "the key of the heartbeat")]
    parking = queue(aws, f"{BUS}-parking", VisibilityTimeout="36")
    make_role(aws)
    statement = {"Effect": "Allow", "Action": DRAINS, "Resource": "*"}
    aws.client("iam").put_role_policy(
        RoleName="worker",
        PolicyName="drain",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{BUS}-ingress")
    function = functions.create_function(
        FunctionName=f"{BUS}-ingress",
        Role=make_role(aws),
        Runtime="python3.13",
        Handler="ingress.handler.handle",
        Code={"ZipFile": packed()},
        Timeout=6,
        Environment={
            "Variables": {
                "EVENT_BUS_NAME": BUS,
                "EVENT_SOURCE": SOURCE,
                "SIGNING_SECRET_ARN": secrets[0],
                "HEARTBEAT_SECRET_ARN": secrets[1],
                "KEY_OVERLAP_MINUTES": "0",
                "MAX_AGE_MINUTES": "60",
                "TOPICS": "[]",
                "METRICS_NAMESPACE": "GenesysEventBridge",
                "STACK": "it",
                "PARKING_QUEUE_URL": parking,
                "PARKING_QUEUE_ARN": arn_of(f"{BUS}-parking"),
            }
        },
    )
    active = {"Delay": 0.05, "MaxAttempts": 600}  # seconds
    functions.get_waiter("function_active_v2").wait(FunctionName=f"{BUS}-ingress", WaiterConfig=active)
    functions.create_event_source_mapping(
        FunctionName=f"{BUS}-ingress",
        EventSourceArn=arn_of(f"{BUS}-parking"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    api = make_api(aws, function["FunctionArn"])
    connection = events.create_connection(
        Name=BUS,
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Heartbeat-Key", "ApiKeyValue": "a key"}},
    )
    destination = events.create_api_destination(
        Name=BUS, ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=api.url, HttpMethod="POST"
    )
    events.put_rule(Name=f"{BUS}-heartbeat", ScheduleExpression="rate(5 minutes)")
    target = {"Id": "heartbeat", "Arn": destination["ApiDestinationArn"], "RoleArn": make_role(aws, "heartbeat")}
    events.put_targets(Rule=f"{BUS}-heartbeat", Targets=[target])
    queue(aws, f"{BUS}-tap")
    pattern = json.dumps({"source": [SOURCE]})
    events.put_rule(Name=f"{BUS}-tap", EventBusName=BUS, EventPattern=pattern)
    events.put_targets(Rule=f"{BUS}-tap", EventBusName=BUS, Targets=[{"Id": "tap", "Arn": arn_of(f"{BUS}-tap")}])
    queue(aws, f"{BUS}-heartbeat-received")
    events.put_rule(Name=f"{BUS}-heartbeat-received", EventBusName=BUS, EventPattern=json.dumps(HEARTBEATS))
    received = {"Id": "received", "Arn": arn_of(f"{BUS}-heartbeat-received")}
    events.put_targets(Rule=f"{BUS}-heartbeat-received", EventBusName=BUS, Targets=[received])
    events.create_archive(ArchiveName=BUS, EventSourceArn=BUS_ARN, EventPattern=pattern, RetentionDays=7)
    alarms = [f"{BUS}-{kind}" for kind in ("heartbeat-missing", "dead-letters")]
    for name in alarms:
        aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **ALARM)
    tap: RuleOutput = {
        "rule": f"{BUS}-tap",
        "target": arn_of(f"{BUS}-tap"),
        "deadLetters": queue(aws, f"{BUS}-tap-dead-letters"),
    }

    return {
        "delivery": "webhook",
        "busArn": BUS_ARN,
        "eventSource": SOURCE,
        "archiveName": BUS,
        "rules": {"tap": tap},
        "alarms": alarms,
        "destinationArn": destination["ApiDestinationArn"],
        "destinationUrl": api.url,
        "connectionName": BUS,
        "functionName": f"{BUS}-ingress",
        "parkingQueueUrl": parking,
        "signingSecretArn": secrets[0],
        "heartbeatSecretArn": secrets[1],
        "heartbeatRule": f"{BUS}-heartbeat",
        "heartbeatReceivedRule": f"{BUS}-heartbeat-received",
    }


def secret(aws: Sandbox, name: str, value: str) -> str:
    return str(aws.client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"])


def queue(aws: Sandbox, name: str, **attributes: str) -> str:
    return str(aws.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def arn_of(queue: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"


def packed() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for path, file in code_files(CODE).items():
            files.write(file, path)
    return archive.getvalue()
