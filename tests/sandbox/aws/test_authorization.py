"""Calls held against policies, as SANDBOX_AWS_AUTH=true has it: those of the API, and those that services make."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.support.aws_sandbox import ACCOUNT, ROOT, Aws, make_function, make_role, refusal, serve, zipped

BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/b"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/b/r"
EVENTS = {"Service": "events.amazonaws.com"}
SOMEONE = f"arn:aws:iam::{ACCOUNT}:user/someone"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/passed"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with serve(tmp_path_factory.mktemp("enforced"), {"SANDBOX_AWS_AUTH": "true"}) as aws:
        yield aws


@pytest.fixture
def aws(server: Aws) -> Aws:
    server.door("POST", "reset", {})
    server.client("events").create_event_bus(Name="b")
    return server


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def for_rule(rule: str = RULE, account: str = ACCOUNT) -> dict[str, Any]:
    return {"ArnEquals": {"aws:SourceArn": rule}, "StringEquals": {"aws:SourceAccount": account}}


def may_come_in(queue: str, **condition: Any) -> str:
    return document(allow("sqs:SendMessage", queue_arn(queue), Principal=EVENTS, Condition=for_rule(**condition)))


def user(aws: Aws, service: str, *statements: dict[str, Any]) -> Any:
    """A client with the key of somebody who may do that."""
    iam = aws.client("iam")
    iam.create_user(UserName="someone")
    iam.put_user_policy(UserName="someone", PolicyName="own", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName="someone")["AccessKey"]
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def make_queue(aws: Aws, name: str, policy: str = "") -> str:
    attributes = {"Policy": policy} if policy else {}
    return str(aws.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def lies(aws: Aws, url: str) -> list[dict[str, Any]]:
    found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    messages: list[dict[str, Any]] = found.get("Messages", [])
    return messages


def rule(aws: Aws, **target: Any) -> None:
    aws.client("events").put_rule(Name="r", EventBusName="b", EventPattern=json.dumps({"source": ["s"]}))
    aws.client("events").put_targets(Rule="r", EventBusName="b", Targets=[{"Id": "t", **target}])


def put(client: Any) -> Any:
    entry = {"EventBusName": "b", "Source": "s", "DetailType": "d", "Detail": "{}"}
    return client.put_events(Entries=[entry])


def test_a_call_that_no_policy_allows_is_refused_and_does_nothing(aws: Aws) -> None:
    tap = make_queue(aws, "tap", may_come_in("tap"))
    rule(aws, Arn=queue_arn("tap"))
    someone = user(aws, "events", allow("events:PutEvents", f"{BUS}2"), allow("events:DescribeRule", "*"))
    assert refusal(lambda: put(someone)) == (
        f"AccessDeniedException: User: {SOMEONE} is not authorized to perform: events:PutEvents on resource: {BUS}"
    )
    assert lies(aws, tap) == []
    assert [(call["principal"], call["status"]) for call in aws.calls("events:PutEvents")] == [("someone", 400)]
    assert someone.describe_rule(Name="r", EventBusName="b")["Name"] == "r"
    assert aws.door("GET", "aws/refusals") == [
        {"principal": "someone", "operation": "events:PutEvents", "resource": BUS}
    ]
    put(aws.client("events"))
    assert len(lies(aws, tap)) == 1, "root may do everything"


def test_a_role_that_is_gone_may_do_nothing(aws: Aws) -> None:
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": EVENTS, "Condition": for_rule()}
    iam.create_role(RoleName="forward", AssumeRolePolicyDocument=document(trust))
    role = aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/forward", RoleSessionName="it")
    iam.delete_role(RoleName="forward")
    key = role["Credentials"]
    left = boto3.client(
        "events",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    assert refusal(lambda: put(left)).startswith("AccessDeniedException: User: forward is not authorized")


def test_everybody_may_ask_who_he_is(aws: Aws) -> None:
    assert user(aws, "sts", allow("events:PutEvents", BUS)).get_caller_identity()["Arn"].endswith(":user/someone")


def test_a_call_that_one_side_allows_is_made_and_a_deny_of_either_wins(aws: Aws) -> None:
    url = make_queue(aws, "q")
    someone = user(aws, "sqs", allow("sqs:SendMessage", queue_arn("q")))
    someone.send_message(QueueUrl=url, MessageBody="1")
    assert refusal(lambda: someone.receive_message(QueueUrl=url)).startswith(f"AccessDenied: User: {SOMEONE} is not")
    plain = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue_arn("q")}
    encrypted = plain | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    sqs = aws.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(encrypted)})
    someone.send_message(QueueUrl=url, MessageBody="2")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(plain)})
    assert refusal(lambda: someone.send_message(QueueUrl=url, MessageBody="3")).startswith("AccessDenied")


@pytest.mark.parametrize(
    ("policy", "delivered"),
    [
        (may_come_in("tap"), True),
        ("", False),
        (may_come_in("tap", rule=f"{RULE}2"), False),
        (may_come_in("tap", account="111111111111"), False),
        (document(allow("sqs:SendMessage", queue_arn("tap"), Principal={"AWS": ACCOUNT})), False),
    ],
    ids=["allowed", "none", "another rule", "another account", "another principal"],
)
def test_a_queue_takes_what_its_policy_lets_in(aws: Aws, policy: str, delivered: bool) -> None:
    tap, dead = make_queue(aws, "tap", policy), make_queue(aws, "dead", may_come_in("dead"))
    rule(aws, Arn=queue_arn("tap"), DeadLetterConfig={"Arn": queue_arn("dead")})
    put(aws.client("events"))
    assert len(lies(aws, tap)) == delivered
    letters = [each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in lies(aws, dead)]
    assert letters == ([] if delivered else ["NO_RESOURCE"])


def test_a_dead_letter_queue_too(aws: Aws) -> None:
    make_queue(aws, "tap")
    dead = make_queue(aws, "dead")
    rule(aws, Arn=queue_arn("tap"), DeadLetterConfig={"Arn": queue_arn("dead")})
    put(aws.client("events"))
    assert lies(aws, dead) == []
    assert [call["status"] for call in aws.calls("sqs:SendMessage")] == [403, 403]


@pytest.mark.parametrize(
    ("trusted", "allowed", "error"),
    [
        (RULE, f"{BUS}2", None),
        (f"{RULE}2", f"{BUS}2", "FAILED_TO_ASSUME_ROLE"),
        (RULE, BUS, "NO_PERMISSIONS"),
    ],
    ids=["both", "trust", "policy"],
)
def test_a_targets_role_must_be_assumed_and_allowed(aws: Aws, trusted: str, allowed: str, error: str | None) -> None:
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": EVENTS, "Condition": for_rule(trusted)}
    iam.create_role(RoleName="forward", AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(
        RoleName="forward", PolicyName="own", PolicyDocument=document(allow("events:PutEvents", allowed))
    )
    aws.client("events").create_event_bus(Name="b2")
    dead = make_queue(aws, "dead", may_come_in("dead"))
    role = f"arn:aws:iam::{ACCOUNT}:role/forward"
    rule(aws, Arn=f"{BUS}2", RoleArn=role, DeadLetterConfig={"Arn": queue_arn("dead")})
    put(aws.client("events"))
    letters = [each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in lies(aws, dead)]
    assert letters == ([error] if error else [])


def passing(aws: Aws, by: str, *statements: dict[str, Any]) -> Any:
    """What hands the role `passed` to a service that way, by somebody who may call everything; it is made before."""
    make_role(aws, "passed")
    service, operation = by.split(".")
    if operation == "update_function_configuration":
        make_function(aws)
    if operation == "put_targets":
        aws.client("events").put_rule(Name="r", EventBusName="b", EventPattern='{"source": ["s"]}')
    arguments: dict[str, dict[str, Any]] = {
        "create_function": {
            "FunctionName": "f",
            "Role": ROLE,
            "Runtime": "python3.13",
            "Handler": "m.h",
            "Code": {"ZipFile": zipped("")},
        },
        "update_function_configuration": {"FunctionName": "worker", "Role": ROLE},
        "put_rule": {"Name": "r", "EventBusName": "b", "EventPattern": '{"source": ["s"]}', "RoleArn": ROLE},
        "put_targets": {
            "Rule": "r",
            "EventBusName": "b",
            "Targets": [{"Id": "1", "Arn": queue_arn("q")}, {"Id": "2", "Arn": f"{BUS}2", "RoleArn": ROLE}],
        },
    }
    client = user(aws, service, allow(f"{service}:*", "*"), *statements)
    return lambda: getattr(client, operation)(**arguments[operation])


WAYS = ["lambda.create_function", "lambda.update_function_configuration", "events.put_rule", "events.put_targets"]


@pytest.mark.parametrize("by", WAYS)
def test_who_hands_a_role_to_a_service_needs_pass_role_on_it(aws: Aws, by: str) -> None:
    to = {"StringEquals": {"iam:PassedToService": f"{by.partition('.')[0]}.amazonaws.com"}}
    passing(aws, by, allow("iam:PassRole", ROLE, Condition=to))()
    assert aws.door("GET", "aws/refusals") == []
    assert aws.calls("iam:PassRole") == [], "it is no call"


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize(
    "statements",
    [
        [],
        [allow("iam:PassRole", f"{ROLE}2")],
        [allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}})],
        [allow("iam:PassRole", "*"), {"Effect": "Deny", "Action": "iam:PassRole", "Resource": ROLE}],
    ],
    ids=["no policy", "another role's", "another service", "denied"],
)
def test_without_it_the_role_is_not_handed_over(aws: Aws, by: str, statements: list[dict[str, Any]]) -> None:
    hand_over = passing(aws, by, *statements)
    said = f"AccessDeniedException: User: {SOMEONE} is not authorized to perform: iam:PassRole on resource: {ROLE}"
    assert refusal(hand_over) == said
    assert aws.door("GET", "aws/refusals") == [{"principal": "someone", "operation": "iam:PassRole", "resource": ROLE}]
    functions = [each["Role"] for each in aws.client("lambda").list_functions()["Functions"]]
    rules = aws.client("events").list_rules(EventBusName="b")["Rules"]
    assert ROLE not in functions
    assert [each for each in rules if "RoleArn" in each] == []
    assert [aws.client("events").list_targets_by_rule(Rule="r", EventBusName="b")["Targets"] for _ in rules] in (
        [],
        [[]],
    )


def test_a_call_that_hands_over_no_role_needs_none(aws: Aws) -> None:
    make_function(aws)
    someone = user(aws, "lambda", allow("lambda:UpdateFunctionConfiguration", "*"))
    assert someone.update_function_configuration(FunctionName="worker", Timeout=7)["Timeout"] == 7


HERE = f"us-east-1:{ACCOUNT}"
ARCHIVE, CONNECTION = f"arn:aws:events:{HERE}:archive/a", f"arn:aws:events:{HERE}:connection/c/1b4e28ba"
REPLAY = {
    "ReplayName": "p",
    "EventSourceArn": ARCHIVE,
    "Destination": {"Arn": BUS},
    "EventStartTime": 1,
    "EventEndTime": 2,
}
GET = {"ConnectionArn": CONNECTION, "InvocationEndpoint": "https://example.com", "HttpMethod": "GET"}
GROUP = f"arn:aws:logs:{HERE}:log-group"
ALARM, DASHBOARD = f"arn:aws:cloudwatch:{HERE}:alarm", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard"
FUNCTION = f"arn:aws:lambda:{HERE}:function:worker"
API = "arn:aws:apigateway:us-east-1::/apis/a1"
CODE = {"Role": ROLE, "Runtime": "python3.13", "Handler": "m.h", "Code": {"ZipFile": b"x"}}


@pytest.mark.parametrize(
    ("by", "arguments", "resources"),
    [
        ("events.create_archive", {"ArchiveName": "a", "EventSourceArn": BUS}, [ARCHIVE, BUS]),
        ("events.describe_archive", {"ArchiveName": "a"}, [ARCHIVE]),
        ("events.start_replay", REPLAY, [f"arn:aws:events:{HERE}:replay/p", ARCHIVE, BUS]),
        (
            "events.create_api_destination",
            {"Name": "d", **GET},
            [f"arn:aws:events:{HERE}:api-destination/d", CONNECTION],
        ),
        ("events.tag_resource", {"ResourceARN": RULE, "Tags": []}, [RULE]),
        ("lambda.create_function", {"FunctionName": "worker", **CODE}, [FUNCTION]),
        ("lambda.get_function", {"FunctionName": "worker"}, [FUNCTION]),
        ("logs.create_log_group", {"logGroupName": "g"}, [f"{GROUP}:g:log-stream:"]),
        ("logs.put_retention_policy", {"logGroupName": "g", "retentionInDays": 1}, [f"{GROUP}:g:log-stream:"]),
        ("logs.create_log_stream", {"logGroupName": "g", "logStreamName": "s"}, [f"{GROUP}:g:log-stream:s"]),
        ("logs.describe_log_groups", {"logGroupNamePrefix": "g"}, [f"{GROUP}::log-stream:"]),
        ("logs.list_tags_for_resource", {"resourceArn": f"{GROUP}:g"}, [f"{GROUP}:g"]),
        ("logs.describe_resource_policies", {}, ["*"]),
        ("cloudwatch.delete_alarms", {"AlarmNames": ["x", "y"]}, [f"{ALARM}:x", f"{ALARM}:y"]),
        ("cloudwatch.describe_alarms", {"AlarmNames": ["x"]}, [f"{ALARM}:*"]),
        ("cloudwatch.list_tags_for_resource", {"ResourceARN": f"{ALARM}:x"}, [f"{ALARM}:x"]),
        ("cloudwatch.put_dashboard", {"DashboardName": "x", "DashboardBody": "{}"}, [f"{DASHBOARD}/x"]),
        ("cloudwatch.delete_dashboards", {"DashboardNames": ["x", "y"]}, [f"{DASHBOARD}/x", f"{DASHBOARD}/y"]),
        ("cloudwatch.list_dashboards", {}, ["*"]),
        ("apigatewayv2.get_stage", {"ApiId": "a1", "StageName": "$default"}, [f"{API}/stages/$default"]),
        (
            "apigatewayv2.tag_resource",
            {"ResourceArn": API, "Tags": {"a": "b"}},
            ["arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fa1"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_call_is_about(aws: Aws, by: str, arguments: dict[str, Any], resources: list[str]) -> None:
    """Each of these has to be allowed: of all but one the call is refused, and names that one."""
    service, operation = by.split(".")
    prefix = service.removesuffix("v2")
    someone = user(aws, service, allow("sts:*", "*"))
    for lacking in resources:
        others = [f"arn:aws:{prefix}:::none", *(each for each in resources if each != lacking)]
        policy = document({"Effect": "Allow", "Action": f"{prefix}:*", "Resource": others})
        aws.client("iam").put_user_policy(UserName="someone", PolicyName="own", PolicyDocument=policy)
        assert refusal(getattr(someone, operation), **arguments).endswith(f"on resource: {lacking}")


def test_a_batch_is_allowed_by_what_allows_one(aws: Aws) -> None:
    """IAM has no action of its own for it."""
    url = make_queue(aws, "q")
    someone = user(aws, "sqs", allow("sqs:SendMessage", queue_arn("q")))
    assert someone.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "m"}])["Successful"]
    receipt = aws.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    refused = refusal(someone.delete_message_batch, QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": receipt}])
    assert "not authorized to perform: sqs:DeleteMessage on" in refused


@pytest.mark.parametrize(("named", "allowed"), [(FUNCTION, True), (f"{FUNCTION}2", False)], ids=["ours", "another's"])
def test_a_mapping_is_known_by_its_function(aws: Aws, named: str, allowed: bool) -> None:
    """It has no name, and before it is made no ARN."""
    make_function(aws)
    make_queue(aws, "q")
    policy = document(allow("sqs:*", queue_arn("q")))
    aws.client("iam").put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=policy)
    wanted = {"FunctionName": "worker", "EventSourceArn": queue_arn("q")}
    there = aws.client("lambda").create_event_source_mapping(**wanted)["UUID"]
    mappings = {"Condition": {"ArnLike": {"lambda:FunctionArn": named}}}
    someone = user(aws, "lambda", allow("lambda:*EventSourceMapping", "*", **mappings))
    make_queue(aws, "q2")
    aws.client("iam").put_role_policy(
        RoleName="worker", PolicyName="own", PolicyDocument=document(allow("sqs:*", queue_arn("q*")))
    )
    calls: list[Callable[[], Any]] = [
        lambda: someone.create_event_source_mapping(FunctionName="worker", EventSourceArn=queue_arn("q2")),
        lambda: someone.get_event_source_mapping(UUID=there),
        lambda: someone.update_event_source_mapping(UUID=there, BatchSize=2),
        lambda: someone.delete_event_source_mapping(UUID=there),
    ]
    for call in calls:
        if allowed:
            call()
        else:
            assert refusal(call).startswith("AccessDeniedException")


def test_a_setting_that_is_neither_is_refused() -> None:
    environ = {**os.environ, "SANDBOX_AWS_AUTH": "yes"}
    done = subprocess.run([sys.executable, "-m", "sandbox.aws"], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "error: SANDBOX_AWS_AUTH is 'yes'; write true or false\n")
