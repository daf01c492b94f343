"""The AWS side of the sandbox for tests: a server of its own on a free port, clients, and things to build on it.

In a conftest: `aws_server = server_fixture()` for the server, one for the whole session, and
`aws = emptied_fixture()` for the same, emptied for each test.
"""

import contextlib
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.launcher import free_port
from tests.support.serving import serving
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
ANSWERS_200 = "def handle(event, context):\n    return {'statusCode': 200, 'body': 'fine'}\n"


@dataclass(frozen=True)
class Aws:
    url: str
    directory: Path
    process: subprocess.Popen[bytes]

    @cache  # noqa: B019  # as long as the server
    def client(self, service: str, unchecked: bool = False) -> Any:
        """`unchecked` sends what the SDK itself would refuse, too."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=30, parameter_validation=not unchecked),
        )

    @cache  # noqa: B019
    def unchecked_client(self, service: str) -> Any:
        """One that sends what its own model doesn't allow."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    def door(self, method: str, path: str, body: object = None) -> Any:
        """What the test door says at `/_sandbox/<path>`."""
        answer = httpx.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def calls(self, operation: str | None = None) -> list[dict[str, Any]]:
        found = self.door("GET", "aws/calls")
        return [call for call in found if operation in (None, call["operation"])]

    def fault(self, operation: str, **details: Any) -> None:
        self.door("POST", "aws/faults", {"operation": operation, **details})

    def log(self) -> str:
        return (self.directory / "log").read_text()


def server_fixture() -> Any:
    @pytest.fixture(scope="session")
    def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
        with serve(tmp_path_factory.mktemp("aws")) as aws:
            yield aws

    return server


def emptied_fixture() -> Any:
    @pytest.fixture
    def emptied(aws_server: Aws) -> Aws:
        aws_server.door("POST", "reset", {})
        return aws_server

    return emptied


@contextlib.contextmanager
def serve(directory: Path, environ: Mapping[str, str] | None = None, port: int | None = None) -> Iterator[Aws]:
    """`python -m sandbox.aws`, ended afterwards, and in any case together with this process."""
    port = port or free_port()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SANDBOX_"))}
    variables |= {
        "SANDBOX_AWS_PORT": str(port),
        "SANDBOX_DIR": str(directory),
        "SANDBOX_OWNER_PID": str(os.getpid()),
        **(environ or {}),
    }
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.aws"],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    aws = Aws(f"http://127.0.0.1:{port}", directory, process)
    try:
        until(lambda: _healthy(aws), f"{aws.url} answers: {aws.log()}")
        yield aws
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """`<code>: <message>` of an error that AWS answers."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def make_function(aws: Aws, code: str = ANSWERS_200, name: str = "worker", **options: Any) -> str:
    """A function with this code; its ARN."""
    created = aws.client("lambda").create_function(
        FunctionName=name,
        Role=make_role(aws),
        Runtime="python3.13",
        Handler="module.handle",
        Code={"ZipFile": zipped(code)},
        **{"Timeout": 6, **options},
    )
    return str(created["FunctionArn"])


def zipped(code: str) -> bytes:
    """As `module.py`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("module.py", code)
    return archive.getvalue()


def make_role(aws: Aws, name: str = "worker") -> str:
    iam = aws.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


@dataclass(frozen=True)
class Api:
    id: str
    url: str


def make_api(
    aws: Aws,
    function_arn: str,
    *,
    route: str = "POST /genesys",
    permission: str | None = "*/POST/genesys",
    timeout_ms: int = 30_000,
    stage: Mapping[str, Any] | None = None,
    stage_name: str = "$default",
) -> Api:
    """An HTTP API with one route to the function. `permission` is the part of its source ARN after the API's id."""
    api = aws.client("apigatewayv2")
    created = api.create_api(Name="api", ProtocolType="HTTP")
    integration = api.create_integration(
        ApiId=created["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationMethod="POST",
        IntegrationUri=function_arn,
        PayloadFormatVersion="2.0",
        TimeoutInMillis=timeout_ms,
    )
    target = f"integrations/{integration['IntegrationId']}"
    api.create_route(ApiId=created["ApiId"], RouteKey=route, Target=target)
    api.create_stage(**{"ApiId": created["ApiId"], "StageName": stage_name, "AutoDeploy": True, **(stage or {})})
    if permission:
        aws.client("lambda").add_permission(
            FunctionName=function_arn,
            StatementId=created["ApiId"],
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{created['ApiId']}/{permission}",
        )
    return Api(created["ApiId"], created["ApiEndpoint"] + "/genesys")


def make_tap(aws: Aws, bus: str, pattern: Mapping[str, Any] | None = None) -> Callable[[], list[dict[str, Any]]]:
    """A queue that gets the bus's events; what it returns takes them out."""
    events, sqs = aws.client("events"), aws.client("sqs")
    url = sqs.create_queue(QueueName="tap")["QueueUrl"]
    events.put_rule(Name="tap", EventBusName=bus, EventPattern=json.dumps(pattern or {"source": [{"prefix": ""}]}))
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:tap"
    events.put_targets(Rule="tap", EventBusName=bus, Targets=[{"Id": "tap", "Arn": arn}])

    def take() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return take


def metric(aws: Aws, name: str, *, namespace: str = "AWS/Events", **dimensions: str) -> float:
    """What CloudWatch has of a metric, with exactly these dimensions, added up over the last hour."""
    now = time.time()
    query = {
        "Id": "m",
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
    answer = aws.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=now - 3600, EndTime=now + 60)
    return float(sum(answer["MetricDataResults"][0]["Values"]))


@dataclass
class Receiver:
    """An endpoint that notes what it gets and answers with the statuses in `answers`, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        receiver.url = f"http://127.0.0.1:{port}/hook"
        yield receiver


def _healthy(aws: Aws) -> bool:
    assert aws.process.poll() is None, aws.log()
    try:
        return httpx.get(f"{aws.url}/_sandbox/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
