"""The public URL behind the API destination: HTTP API, function, the two keys it checks, its queue and its logs."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pulumi
import pulumi_aws as aws

from . import metrics, policies
from .bus import Bus
from .component import Base, Component
from .parking import Parking, ParkingArgs

METHOD, PATH = "POST", "/genesys"
TIMEOUT = 6  # seconds of the function
CODE = Path(__file__).parent.parent / "ingress"

# Never a caller's address or a header: only what tells whether the path works.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "integrationStatus": "$context.integrationStatus",
    "integrationLatency": "$context.integrationLatency",
}


class Limits(Protocol):
    """How much, how long, how old."""

    @property
    def throttle_rate(self) -> float:
        """Requests a second, over time."""

    @property
    def throttle_burst(self) -> int:
        """Requests at once."""

    @property
    def max_age_minutes(self) -> int:
        """Older events are refused."""

    @property
    def key_overlap_minutes(self) -> int:
        """How long the previous signing key is accepted after a rotation; 0 for a leaked key."""

    @property
    def log_days(self) -> int:
        """How long logs are kept, as CloudWatch takes it."""

    @property
    def topics(self) -> list[str]:
        """Topic templates known beside those of the ingress itself."""


@dataclass(kw_only=True)
class Keys:
    """By what the sender of a request is known. Both secret."""

    signing: pulumi.Input[str]
    """The key with which Genesys Cloud signs."""
    heartbeat: pulumi.Input[str]
    """The key that a heartbeat bears."""


@dataclass(kw_only=True)
class IngressArgs:
    base: Base
    bus: Bus
    """The bus that gets the events."""
    source: str
    """The events' source on the bus."""
    keys: Keys
    limits: Limits


class Ingress(Component):
    """`url` is complete only when the component is: depend on the component, not on the URL alone."""

    url: pulumi.Output[str]
    api_id: pulumi.Output[str]
    function_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    access_log_group_name: pulumi.Output[str]
    parking_queue_url: pulumi.Output[str]
    parking_queue_name: pulumi.Output[str]
    signing_secret_arn: pulumi.Output[str]
    heartbeat_secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        self._name = name
        self._args = args
        parking = Parking(f"{name}-parking", ParkingArgs(base=args.base, timeout=TIMEOUT), self.child())
        signing_key = self._secret("signing-key", args.keys.signing)
        heartbeat_key = self._secret("heartbeat-key", args.keys.heartbeat)
        function, policy = self._function(signing_key, heartbeat_key, parking)
        parking.drain(function, policy)
        api = self._api(function)
        self.url = api.api_endpoint.apply(lambda endpoint: endpoint + PATH)
        self.api_id = api.id
        self.function_name = function.name
        self.parking_queue_url = parking.queue_url
        self.parking_queue_name = parking.queue_name
        self.signing_secret_arn = signing_key.secret_id
        self.heartbeat_secret_arn = heartbeat_key.secret_id
        self.register_outputs({"url": self.url, "logGroupName": self.log_group_name})

    def _secret(self, kind: str, value: pulumi.Input[str]) -> aws.secretsmanager.SecretVersion:
        """A secret of its own for each key, so that rotating one leaves the other's previous version alone."""
        secret = aws.secretsmanager.Secret(
            f"{self._name}-{kind}",
            name_prefix=f"{self._args.base.prefix}-{kind}-",  # a name can't be used again while a deleted secret waits
            recovery_window_in_days=7 if self._args.base.protect else 0,
            tags=self._args.base.tags,
            opts=self.lasting(),
        )
        return aws.secretsmanager.SecretVersion(
            f"{self._name}-{kind}",
            secret_id=secret.arn,
            secret_string=pulumi.Output.secret(value),
            opts=self.child(),
        )

    def _function(
        self,
        signing_key: aws.secretsmanager.SecretVersion,
        heartbeat_key: aws.secretsmanager.SecretVersion,
        parking: Parking,
    ) -> tuple[aws.lambda_.Function, aws.iam.RolePolicy]:
        """The function, and what its role may do."""
        args = self._args
        function_name = f"{args.base.prefix}-ingress"
        log_group = aws.cloudwatch.LogGroup(
            self._name,
            name=f"/aws/lambda/{function_name}",
            retention_in_days=args.limits.log_days,
            tags=args.base.tags,
            opts=self.child(),
        )
        self.log_group_name = log_group.name
        role = aws.iam.Role(
            self._name,
            name=function_name,
            description="The function that receives the events of Genesys Cloud",
            assume_role_policy=self.account.apply(
                lambda account: json.dumps(policies.trust("lambda.amazonaws.com", account))
            ),
            tags=args.base.tags,
            opts=self.child(),
        )
        policy = aws.iam.RolePolicy(
            self._name,
            name="ingress",
            role=role.name,
            policy=pulumi.Output.all(
                args.bus.arn, [signing_key.secret_id, heartbeat_key.secret_id], log_group.arn, parking.queue_arn
            ).apply(lambda arns: json.dumps(policies.ingress(*arns))),
            opts=self.child(),
        )
        files = code_files(CODE)
        function = aws.lambda_.Function(
            self._name,
            name=function_name,
            description="Receives the events of Genesys Cloud and puts them on the bus",
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler="ingress.handler.handle",
            code=pulumi.AssetArchive({path: pulumi.FileAsset(str(file)) for path, file in files.items()}),
            source_code_hash=code_hash(files),
            memory_size=512,
            timeout=TIMEOUT,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={
                    "EVENT_BUS_NAME": args.bus.name,
                    "EVENT_SOURCE": args.source,
                    "PARKING_QUEUE_URL": parking.queue_url,
                    "PARKING_QUEUE_ARN": parking.queue_arn,
                    # The versions are not read: a new one makes new instances, which start with the new keys.
                    "SIGNING_SECRET_ARN": signing_key.secret_id,
                    "SIGNING_SECRET_VERSION": signing_key.version_id,
                    "HEARTBEAT_SECRET_ARN": heartbeat_key.secret_id,
                    "HEARTBEAT_SECRET_VERSION": heartbeat_key.version_id,
                    "KEY_OVERLAP_MINUTES": str(args.limits.key_overlap_minutes),
                    "MAX_AGE_MINUTES": str(args.limits.max_age_minutes),
                    "TOPICS": json.dumps(args.limits.topics),
                    "METRICS_NAMESPACE": metrics.OURS,
                    "STACK": pulumi.get_stack(),
                }
            ),
            tags=args.base.tags,
            opts=self.child(log_group, policy),
        )
        return function, policy

    def _api(self, function: aws.lambda_.Function) -> aws.apigatewayv2.Api:
        args = self._args
        api = aws.apigatewayv2.Api(
            self._name,
            name=args.base.prefix,
            description="Where Genesys Cloud posts its events",
            protocol_type="HTTP",
            tags=args.base.tags,
            opts=self.lasting(),
        )
        integration = aws.apigatewayv2.Integration(
            self._name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=function.arn,
            payload_format_version="2.0",
            timeout_milliseconds=7000,
            opts=self.child(),
        )
        route = aws.apigatewayv2.Route(
            self._name,
            api_id=api.id,
            route_key=f"{METHOD} {PATH}",
            target=integration.id.apply(lambda id_: f"integrations/{id_}"),
            opts=self.child(),
        )
        access_log = aws.cloudwatch.LogGroup(
            f"{self._name}-access",
            # AWS lists each group outside /aws/vendedlogs in one policy of the account, whose length is limited.
            name=f"/aws/vendedlogs/apigateway/{args.base.prefix}",
            retention_in_days=args.limits.log_days,
            tags=args.base.tags,
            opts=self.child(),
        )
        self.access_log_group_name = access_log.name
        aws.apigatewayv2.Stage(
            self._name,
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=args.limits.throttle_rate,
                throttling_burst_limit=args.limits.throttle_burst,
                detailed_metrics_enabled=True,
            ),
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=access_log.arn, format=json.dumps(ACCESS_LOG)
            ),
            tags=args.base.tags,
            opts=self.child(route),
        )
        aws.lambda_.Permission(
            self._name,
            function=function.name,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=api.execution_arn.apply(lambda arn: f"{arn}/*/{METHOD}{PATH}"),
            opts=self.child(),
        )
        return api


def code_files(folder: Path) -> dict[str, Path]:
    """Path in the archive → file, of every Python file of the package, and nothing else (no caches)."""
    return {f"{folder.name}/{file.relative_to(folder).as_posix()}": file for file in sorted(folder.rglob("*.py"))}


def code_hash(files: Mapping[str, Path]) -> str:
    """Changes when a file's path or content does, and only then, however the archive is packed."""
    digest = hashlib.sha256()
    for path, file in files.items():
        digest.update(f"{path}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return base64.b64encode(digest.digest()).decode()
