"""Event source mappings of queues: what AWS refuses, what becomes of a batch, and in whose name the queue is read."""

import json
from typing import Any

import pytest

from tests.support.aws_sandbox import ACCOUNT, Aws, make_function, make_role, refusal
from tests.support.waiting import until

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:parking"
ALL = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
FAILS_THE_ODD = """
def handle(event, context):
    failed = [{"itemIdentifier": each["messageId"]} for each in event["Records"] if int(each["body"]) % 2]
    return {"batchItemFailures": failed}
"""
CRASHES = "import os\ndef handle(event, context):\n    os._exit(1)\n"
RAISES = "def handle(event, context):\n    raise RuntimeError('no')\n"
SLEEPS = "import time\ndef handle(event, context):\n    time.sleep(5)\n"


def allow(aws: Aws, *actions: str, resource: str = QUEUE) -> None:
    statement = {"Effect": "Allow", "Action": [f"sqs:{action}" for action in actions], "Resource": [resource]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    aws.client("iam").put_role_policy(
        RoleName=make_role(aws).rpartition("/")[2], PolicyName="queue", PolicyDocument=json.dumps(document)
    )


def make_queue(aws: Aws, seconds: int = 36) -> str:
    url = aws.client("sqs").create_queue(QueueName="parking", Attributes={"VisibilityTimeout": str(seconds)})
    return str(url["QueueUrl"])


def make_mapping(aws: Aws, code: str = FAILS_THE_ODD, **options: Any) -> str:
    """A queue whose messages the function gets; its URL."""
    url = make_queue(aws)
    function = make_function(aws, code, **options)
    allow(aws, *ALL)
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=QUEUE, FunctionName=function, BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    return url


def send(aws: Aws, url: str, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def counts(aws: Aws, url: str) -> tuple[int, int]:
    """How many messages are visible, and how many are not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def made(aws: Aws, **more: Any) -> dict[str, Any]:
    return {"call": aws.client("lambda").create_event_source_mapping, "EventSourceArn": QUEUE, **more}


def test_a_queue_that_does_not_exist(aws: Aws) -> None:
    function = make_function(aws)
    allow(aws, *ALL)
    assert refusal(**made(aws, FunctionName=function)) == (
        "InvalidParameterValueException: Error occurred while ReceiveMessage. SQS Error Code:"
        " AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist."
    )
    assert not aws.door("GET", "aws/resources")["mappings"]


def test_a_queue_that_shows_messages_again_before_the_function_must_have_ended(aws: Aws) -> None:
    function = make_function(aws, Timeout=6)
    allow(aws, *ALL)
    make_queue(aws, seconds=5)
    for name in (function, "worker"):
        assert refusal(**made(aws, FunctionName=name)) == (
            "InvalidParameterValueException:"
            " Queue visibility timeout: 5 seconds is less than Function timeout: 6 seconds"
        )


@pytest.mark.parametrize("missing", ALL)
def test_a_role_that_may_not_read_the_queue(aws: Aws, missing: str) -> None:
    function = make_function(aws)
    make_queue(aws)
    told = f"The function execution role does not have permissions to call {missing} on SQS"
    allow(aws, *(action for action in ALL if action != missing))
    assert refusal(**made(aws, FunctionName=function)) == f"InvalidParameterValueException: {told}"
    allow(aws, *ALL, resource=f"{QUEUE}-2")
    assert "does not have permissions to call ReceiveMessage" in refusal(**made(aws, FunctionName=function))
    allow(aws, *ALL)
    aws.client("lambda").create_event_source_mapping(EventSourceArn=QUEUE, FunctionName=function)
    assert aws.door("GET", "aws/resources")["mappings"] == ["parking -> worker"]


def test_a_second_mapping_of_the_same(aws: Aws) -> None:
    make_mapping(aws)
    functions = aws.client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert refusal(**made(aws, FunctionName="worker")) == (
        f'ResourceConflictException: The event source arn (" {QUEUE} ") and function (" worker ") provided mapping'
        f" already exists. Please update or delete the existing mapping with UUID {mapping['UUID']}"
    )
    assert functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=3)["BatchSize"] == 3


def test_a_change_is_checked_too(aws: Aws) -> None:
    make_mapping(aws)
    functions = aws.client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    make_function(aws, name="slow", Timeout=60)
    assert "Queue visibility timeout: 36 seconds" in refusal(
        functions.update_event_source_mapping, UUID=mapping["UUID"], FunctionName="slow"
    )


def test_what_the_answer_names_stays_and_the_rest_is_deleted(aws: Aws) -> None:
    url = make_mapping(aws)
    send(aws, url, "1", "2", "3", "4")
    until(lambda: counts(aws, url) == (0, 2), "two are deleted, two wait for their time-out", 20)


@pytest.mark.parametrize(
    ("code", "seconds"), [(CRASHES, 6), (RAISES, 6), (SLEEPS, 1)], ids=["crash", "exception", "time-out"]
)
def test_after_a_crash_an_exception_or_a_timeout_the_whole_batch_stays(aws: Aws, code: str, seconds: int) -> None:
    url = make_mapping(aws, code, Timeout=seconds)
    send(aws, url, "2")
    functions = aws.client("lambda")

    def result() -> str:
        (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
        return str(mapping["LastProcessingResult"])

    until(lambda: result() == "FAILED", "the batch fails", 20)
    assert counts(aws, url) == (0, 1)


def test_the_queue_is_read_in_the_functions_name(aws: Aws) -> None:
    url = make_mapping(aws)
    aws.door("DELETE", "aws/calls")
    send(aws, url, "2")
    until(lambda: aws.calls("sqs:DeleteMessage"), "it is deleted", 20)
    for action in ALL:
        (call,) = aws.calls(f"sqs:{action}")
        assert (call["principal"], call["resource"]) == ("worker", QUEUE)
        assert call["source"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:worker"


def test_what_waits_can_be_made_visible_at_once(aws: Aws) -> None:
    url = make_mapping(aws)
    send(aws, url, "1")
    until(lambda: counts(aws, url) == (0, 1), "it fails and waits", 20)
    calls = len(aws.calls("sqs:ReceiveMessage"))
    assert aws.door("POST", "aws/queue-visible", {"queue": "parking"})["messages"] == 1
    until(lambda: len(aws.calls("sqs:ReceiveMessage")) > calls, "it comes again", 20)


def test_calls_about_a_mapping_are_recorded_as_iam_names_them(aws: Aws) -> None:
    make_mapping(aws)
    functions = aws.client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.get_event_source_mapping(UUID=mapping["UUID"])
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    for verb in ("Create", "Get", "Update", "Delete"):
        (call,) = aws.calls(f"lambda:{verb}EventSourceMapping")
        assert call["principal"] == "root"
        if verb != "Create":
            assert call["resource"] == mapping["EventSourceMappingArn"]
