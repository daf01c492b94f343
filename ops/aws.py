"""AWS as the stack's own provider is configured for it, and its errors as one line."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from eventbridge import secrets
from eventbridge.access import AccessError
from eventbridge.access_config import parse
from genesys_provider.redaction import hide, redact

from .errors import OpsError, StackError

Answer = dict[str, Any]  # what AWS says: whoever asks knows which members it has
CREDENTIALS = "set AWS_PROFILE, or log in with what gives you credentials (`aws sso login`)"
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
WRONG_KEYS = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
LONGEST_ANSWER = 30.0  # seconds, and longer than a queue is listened to at once


class AwsError(OpsError):
    """What AWS refused, and why: one line, without credentials, as AWS may quote what it was sent.

    `code` is AWS's own, or the class of what went wrong on this side.
    """

    def __init__(self, text: str, code: str) -> None:
        super().__init__(redact(secrets.redact(text)))
        self.code = code

    @property
    def not_found(self) -> bool:
        return any(part in self.code for part in ("NotFound", "NonExistentQueue", "QueueDoesNotExist", "NoSuchEntity"))

    @property
    def credentials(self) -> bool:
        return self.code in EXPIRED | WRONG_KEYS | {"NoCredentialsError"}


class Events(Protocol):
    def describe_event_bus(self, *, Name: str) -> Answer: ...
    def describe_event_source(self, *, Name: str) -> Answer: ...
    def describe_rule(self, *, Name: str, EventBusName: str) -> Answer: ...
    def describe_connection(self, *, Name: str) -> Answer: ...
    def describe_api_destination(self, *, Name: str) -> Answer: ...
    def list_rules(self, *, EventBusName: str, NamePrefix: str) -> Answer: ...
    def list_targets_by_rule(self, *, Rule: str, EventBusName: str) -> Answer: ...
    def list_tags_for_resource(self, *, ResourceARN: str) -> Answer: ...
    def tag_resource(self, *, ResourceARN: str, Tags: list[dict[str, str]]) -> Answer: ...
    def put_rule(
        self, *, Name: str, EventBusName: str, EventPattern: str, Description: str, Tags: list[dict[str, str]]
    ) -> Answer: ...
    def put_targets(self, *, Rule: str, EventBusName: str, Targets: list[dict[str, str]]) -> Answer: ...
    def remove_targets(self, *, Rule: str, EventBusName: str, Ids: list[str]) -> Answer: ...
    def delete_rule(self, *, Name: str, EventBusName: str) -> Answer: ...
    def describe_archive(self, *, ArchiveName: str) -> Answer: ...
    def describe_replay(self, *, ReplayName: str) -> Answer: ...
    def cancel_replay(self, *, ReplayName: str) -> Answer: ...
    def put_events(self, *, Entries: list[Answer]) -> Answer: ...
    def start_replay(
        self,
        *,
        ReplayName: str,
        Description: str,
        EventSourceArn: str,
        EventStartTime: datetime,
        EventEndTime: datetime,
        Destination: Answer,
    ) -> Answer: ...


class Sqs(Protocol):
    def create_queue(self, *, QueueName: str, Attributes: dict[str, str], tags: dict[str, str]) -> Answer: ...
    def delete_queue(self, *, QueueUrl: str) -> Answer: ...
    def list_queues(self, *, QueueNamePrefix: str) -> Answer: ...
    def list_queue_tags(self, *, QueueUrl: str) -> Answer: ...
    def tag_queue(self, *, QueueUrl: str, Tags: dict[str, str]) -> Answer: ...
    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Answer: ...
    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str) -> Answer: ...
    def send_message(self, *, QueueUrl: str, MessageBody: str) -> Answer: ...
    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        WaitTimeSeconds: int,
        VisibilityTimeout: int = ...,
        MessageAttributeNames: list[str] = ...,
        MessageSystemAttributeNames: list[str] = ...,
    ) -> Answer: ...
    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, object]]) -> Answer: ...
    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> Answer: ...
    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> Answer: ...


class Secrets(Protocol):
    def get_secret_value(self, *, SecretId: str, VersionStage: str = ...) -> Answer: ...


class Functions(Protocol):
    def get_function_configuration(self, *, FunctionName: str) -> Answer: ...
    def list_event_source_mappings(self, *, FunctionName: str) -> Answer: ...
    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Answer: ...


class Roles(Protocol):
    def get_role(self, *, RoleName: str) -> Answer: ...


class Logs(Protocol):
    def describe_log_streams(self, *, logGroupName: str, limit: int) -> Answer: ...


class Metrics(Protocol):
    def describe_alarms(self, *, AlarmNames: list[str]) -> Answer: ...
    def get_metric_data(
        self, *, MetricDataQueries: list[Answer], StartTime: object, EndTime: object, NextToken: str = ...
    ) -> Answer: ...


class Aws:
    """The clients that are used here, made when they are. Their calls belong inside `asking`."""

    def __init__(self, config: Mapping[str, str]) -> None:
        """`config`: the stack's, by full key; of it `aws:*` is used. Without a region, AWS_REGION or boto3's own."""
        self.region = config.get("aws:region") or os.environ.get("AWS_REGION", "")
        try:
            access = parse({key.removeprefix("aws:"): text for key, text in config.items() if key.startswith("aws:")})
        except AccessError as error:
            raise StackError(str(error)) from None
        self._endpoints: dict[str, str] = {}
        for each in json.loads(config.get("aws:endpoints") or "[]"):
            self._endpoints |= each
        self._endpoints |= access.endpoints
        self._verify = False if access.insecure else None
        self._clients: dict[str, Any] = {}
        self._hidden: object = None
        try:
            with asking():
                self._session = access.session(self.region)
                self.region = self.region or self._session.region_name or ""
        except (AwsError, AccessError) as error:
            raise StackError(str(error)) from None

    @property
    def events(self) -> Events:
        found: Events = self._client("events")
        return found

    @property
    def sqs(self) -> Sqs:
        found: Sqs = self._client("sqs")
        return found

    @property
    def secrets(self) -> Secrets:
        found: Secrets = self._client("secretsmanager")
        return found

    @property
    def functions(self) -> Functions:
        found: Functions = self._client("lambda")
        return found

    @property
    def roles(self) -> Roles:
        found: Roles = self._client("iam")
        return found

    @property
    def logs(self) -> Logs:
        found: Logs = self._client("logs")
        return found

    @property
    def metrics(self) -> Metrics:
        found: Metrics = self._client("cloudwatch")
        return found

    def at(self, region: str) -> "Aws":
        """The same account's, in another region."""
        other = copy(self)
        other.region, other._clients = region, {}
        return other

    def account(self) -> str:
        with asking():
            return str(self._client("sts").get_caller_identity()["Account"])

    def _client(self, service: str) -> Any:
        with asking():
            self._hide_credentials()
            if service not in self._clients:
                self._clients[service] = self._made(service)
        return self._clients[service]

    def _made(self, service: str) -> Any:
        try:
            return self._session.client(
                service,  # type: ignore[call-overload]  # its overloads are one per service
                region_name=self.region,
                endpoint_url=self._endpoints.get(service),
                verify=self._verify,
                config=Config(connect_timeout=5, read_timeout=LONGEST_ANSWER, retries={"mode": "standard"}),
            )
        except ValueError as error:  # botocore's for an endpoint that is no URL, whoever set it
            raise AwsError(f"{error}: correct {service} in aws:endpoints, or AWS_ENDPOINT_URL", "ValueError") from None

    def _hide_credentials(self) -> None:
        """As they are now: those of a role are renewed."""
        found = self._session.get_credentials()
        if found is None:
            return
        frozen = found.get_frozen_credentials()
        if frozen != self._hidden:
            self._hidden = frozen
            hide(*(each for each in (frozen.secret_key, frozen.token) if each and len(each) >= secrets.SHORTEST))


@contextmanager
def asking() -> Iterator[None]:
    """What AWS answers, or why it can't be asked, as an AwsError."""
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise AwsError(words(error), code_of(error)) from None


def code_of(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    if isinstance(error, PartialCredentialsError | CredentialRetrievalError):
        return "NoCredentialsError"
    return type(error).__name__


def words(error: Exception) -> str:
    """One line: what went wrong, and what to do where that is known."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return f"no AWS credentials: {CREDENTIALS}"
    if isinstance(error, ProfileNotFound):
        return f"{str(error).rstrip('.')}: correct aws:profile, AWS_PROFILE or ~/.aws/config"
    if type(error) is HTTPClientError:  # quotes what it could not send, a header with a token in it say
        return f"the request to AWS could not be sent: {CREDENTIALS}"
    if isinstance(error, ResponseParserError):  # quotes all that came
        return (
            "what answered is not AWS, or was cut off: look at aws:endpoints, and at proxies (HTTPS_PROXY) in between"
        )
    text = re.sub(r"^An error occurred \((\w[\w.]*)\) when calling the (\w+) operation:? *", r"\2: \1: ", str(error))
    text = " ".join(text.split()).rstrip(".")
    if isinstance(error, ParamValidationError):
        text = re.sub(r", value: .*?(?=, (?:type|valid)|$)", "", text)  # it quotes what would have been sent
    code = code_of(error)
    if code in EXPIRED:
        return f"{text}: your AWS credentials have expired: {CREDENTIALS}"
    if code in WRONG_KEYS:
        return f"{text}: AWS does not know these credentials: {CREDENTIALS}"
    if isinstance(error, EndpointConnectionError) and urlsplit(text.partition('"')[2].partition('"')[0]).hostname in (
        "127.0.0.1",
        "localhost",
    ):
        return f"{text}: is the sandbox running? (`make sandbox`)"
    return text
