"""Lambda's workers: what a function sees, where its lines go, and when its processes end."""

import json
from typing import Any

import pytest

from tests.support.aws_sandbox import ACCOUNT, Aws, make_function, refusal

CALLS_AWS = """
import json, os, boto3

def handle(event, context):
    print("a line of the function")
    who = boto3.client("sts").get_caller_identity()["Arn"]
    boto3.client("events").put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}"}])
    return {"who": who, "environment": dict(os.environ)}
"""
GROUP = "/aws/lambda/worker"


def invoke(aws: Aws, payload: Any = None) -> Any:
    answer = aws.client("lambda").invoke(FunctionName="worker", Payload=json.dumps(payload or {}))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.load(answer["Payload"])


def log_groups(aws: Aws) -> list[str]:
    return list(aws.door("GET", "aws/resources")["logGroups"])


def test_a_function_is_its_role_and_sees_nothing_of_the_user(aws: Aws) -> None:
    make_function(aws, CALLS_AWS, Environment={"Variables": {"OWN": "1"}})
    answer = invoke(aws)
    assert answer["who"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/worker"
    environment = answer["environment"]
    assert (environment["OWN"], environment["AWS_REGION"]) == ("1", "us-east-1")
    assert environment["AWS_ENDPOINT_URL"] == aws.url
    assert environment["TMPDIR"].startswith(str(aws.directory))
    (put,) = aws.calls("events:PutEvents")
    assert put["principal"] == "worker"
    (assumed,) = aws.calls("sts:AssumeRole")
    assert (assumed["principal"], assumed["resource"]) == (
        "lambda.amazonaws.com",
        f"arn:aws:iam::{ACCOUNT}:role/worker",
    )
    assert assumed["source"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:worker"


@pytest.mark.parametrize("of", ["create_function", "update_function_configuration"])
def test_an_environment_of_more_than_4_kb_is_refused(of: str, aws: Aws) -> None:
    longest = '"' + "x" * (4096 - len(r'{"OWN":"\""}'))
    make_function(aws, Environment={"Variables": {"OWN": longest}})
    too_much = {"Variables": {"OWN": longest + "x"}}
    if of == "create_function":
        text = refusal(lambda: make_function(aws, name="another", Environment=too_much))
    else:
        call = aws.client("lambda").update_function_configuration
        text = refusal(call, FunctionName="worker", Environment=too_much)
    assert text.startswith(
        "InvalidParameterValueException: Lambda was unable to configure your environment variables because the"
        ' environment variables you have provided exceeded the 4KB limit. String measured: {"OWN":"\\"xxx'
    )
    found = aws.client("lambda").list_functions()["Functions"]
    assert [each["Environment"]["Variables"]["OWN"] for each in found] == [longest]


def test_a_log_group_does_not_appear_by_itself(aws: Aws) -> None:
    make_function(aws, CALLS_AWS)
    invoke(aws)
    assert log_groups(aws) == []


def test_lines_go_to_the_group_that_exists_and_do_not_bring_it_back(aws: Aws) -> None:
    make_function(aws, CALLS_AWS)
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    invoke(aws)
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=GROUP)["events"]]
    assert "a line of the function" in lines
    (written,) = aws.calls("logs:PutLogEvents")
    assert written["principal"] == "worker"
    assert written["resource"].startswith(f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}:")
    logs.delete_log_group(logGroupName=GROUP)
    invoke(aws)
    aws.client("lambda").delete_function(FunctionName="worker")
    assert log_groups(aws) == []


def test_a_group_of_the_functions_own_choice(aws: Aws) -> None:
    aws.client("logs").create_log_group(logGroupName="mine")
    make_function(aws, CALLS_AWS, LoggingConfig={"LogGroup": "mine"})
    invoke(aws)
    events = aws.client("logs").filter_log_events(logGroupName="mine")["events"]
    assert "a line of the function" in [event["message"] for event in events]
    assert log_groups(aws) == ["mine"]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The pools of workers, and those that were ended."""
    from sandbox.aws import workers
    from sandbox.aws.inside import lambda_runtime

    class Pool:
        def __init__(self) -> None:
            self.pools: dict[str, list[Any]] = {}
            self.ended: list[Any] = []

        def reap(self, now: float) -> int:
            return workers.reap(now)

    one = Pool()
    monkeypatch.setattr(lambda_runtime, "_workers", one.pools)
    monkeypatch.setattr(lambda_runtime, "kill_workers", one.ended.extend)
    return one


class Worker:
    def __init__(self, last_used: float, in_use: bool = False) -> None:
        self.last_used = last_used
        self.in_use = in_use


def test_idle_workers_end_all_but_one_soon_and_that_one_later(pool: Any) -> None:
    busy, old, new = Worker(0, in_use=True), Worker(0), Worker(5)
    pool.pools |= {"busy": [busy, old], "idle": [Worker(0), new]}
    assert pool.reap(now=9) == 0
    assert pool.reap(now=16) == 2
    assert pool.pools == {"busy": [busy], "idle": [new]}
    assert pool.reap(now=304) == 0
    assert pool.reap(now=306) == 1
    assert pool.pools == {"busy": [busy]}
