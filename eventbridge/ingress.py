"""The public URL behind the API destination: HTTP API, function, the two keys it checks, and its logs."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from . import policies
from .component import Component, ComponentArgs

ROUTE = "POST /genesys"
PATH = "/genesys"
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


@dataclass(kw_only=True)
class IngressArgs(ComponentArgs):
    bus_name: pulumi.Input[str]
    bus_arn: pulumi.Input[str]
    source: str
    """The events' source on the bus."""
    signing_key: pulumi.Input[str]
    """The key with which Genesys Cloud signs. Secret."""
    heartbeat_key: pulumi.Input[str]
    """The key that a heartbeat bears. Secret."""
    key_overlap_minutes: int = 1440
    """How long the previous signing key is accepted after a rotation; 0 for a leaked key."""
    max_age_minutes: int = 60
    """Older events are refused."""
    topics: list[str] = field(default_factory=list)
    """Topic templates known beside those of the ingress itself."""
    throttle_rate: float = 500
    """Requests a second, over time."""
    throttle_burst: int = 1000
    """Requests at once."""
    log_days: int = 30
    secret_recovery_days: int = 0
    """How long a deleted secret can be brought back: 0, or 7 to 30."""


class Ingress(Component):
    """`url` is complete only when the component is: depend on the component, not on the URL alone."""

    url: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._name = name
        self._args = args
        function = self._function(
            signing_key=self._secret("signing-key", args.signing_key),
            heartbeat_key=self._secret("heartbeat-key", args.heartbeat_key),
        )
        self.url = self._api(function).api_endpoint.apply(lambda endpoint: endpoint + PATH)
        self.register_outputs({"url": self.url, "logGroupName": self.log_group_name})

    def _secret(self, kind: str, value: pulumi.Input[str]) -> aws.secretsmanager.SecretVersion:
        """A secret of its own for each key, so that rotating one leaves the other's previous version alone."""
        secret = aws.secretsmanager.Secret(
            f"{self._name}-{kind}",
            name_prefix=f"{self._args.prefix}-{kind}-",  # a name can't be used again while a deleted secret waits
            recovery_window_in_days=self._args.secret_recovery_days,
            tags=self._args.tags,
            opts=self.child(),
        )
        return aws.secretsmanager.SecretVersion(
            f"{self._name}-{kind}",
            secret_id=secret.arn,
            secret_string=pulumi.Output.secret(value),
            opts=self.child(),
        )

    def _function(
        self, signing_key: aws.secretsmanager.SecretVersion, heartbeat_key: aws.secretsmanager.SecretVersion
    ) -> aws.lambda_.Function:
        args = self._args
        function_name = f"{args.prefix}-ingress"
        log_group = aws.cloudwatch.LogGroup(
            self._name,
            name=f"/aws/lambda/{function_name}",
            retention_in_days=args.log_days,
            tags=args.tags,
            opts=self.child(),
        )
        self.log_group_name = log_group.name
        role = aws.iam.Role(
            self._name,
            name=function_name,
            description="The function that receives the events of Genesys Cloud",
            assume_role_policy=pulumi.Output.all(
                aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=self)).partition,
                aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region,
                aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id,
            ).apply(lambda at: json.dumps(function_trust(function_name, *at))),
            tags=args.tags,
            opts=self.child(),
        )
        policy = aws.iam.RolePolicy(
            self._name,
            name="ingress",
            role=role.name,
            policy=pulumi.Output.all(
                args.bus_arn, [signing_key.secret_id, heartbeat_key.secret_id], log_group.arn
            ).apply(lambda arns: json.dumps(policies.ingress(*arns))),
            opts=self.child(),
        )
        files = code_files(CODE)
        return aws.lambda_.Function(
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
            timeout=6,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={
                    "EVENT_BUS_NAME": args.bus_name,
                    "EVENT_SOURCE": args.source,
                    # The versions are not read: a new one makes new instances, which start with the new keys.
                    "SIGNING_SECRET_ARN": signing_key.secret_id,
                    "SIGNING_SECRET_VERSION": signing_key.version_id,
                    "HEARTBEAT_SECRET_ARN": heartbeat_key.secret_id,
                    "HEARTBEAT_SECRET_VERSION": heartbeat_key.version_id,
                    "KEY_OVERLAP_MINUTES": str(args.key_overlap_minutes),
                    "MAX_AGE_MINUTES": str(args.max_age_minutes),
                    "TOPICS": json.dumps(args.topics),
                    "METRICS_NAMESPACE": "GenesysEventBridge",
                    "STACK": pulumi.get_stack(),
                }
            ),
            tags=args.tags,
            opts=self.child(log_group, policy),
        )

    def _api(self, function: aws.lambda_.Function) -> aws.apigatewayv2.Api:
        args = self._args
        api = aws.apigatewayv2.Api(
            self._name,
            name=args.prefix,
            description="Where Genesys Cloud posts its events",
            protocol_type="HTTP",
            tags=args.tags,
            opts=self.child(),
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
            route_key=ROUTE,
            target=integration.id.apply(lambda id_: f"integrations/{id_}"),
            opts=self.child(),
        )
        access_log = aws.cloudwatch.LogGroup(
            f"{self._name}-access",
            name=f"/aws/apigateway/{args.prefix}",
            retention_in_days=args.log_days,
            tags=args.tags,
            opts=self.child(),
        )
        aws.apigatewayv2.Stage(
            self._name,
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=args.throttle_rate,
                throttling_burst_limit=args.throttle_burst,
                detailed_metrics_enabled=True,
            ),
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=access_log.arn, format=json.dumps(ACCESS_LOG)
            ),
            tags=args.tags,
            opts=self.child(route),
        )
        aws.lambda_.Permission(
            self._name,
            function=function.name,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=api.execution_arn.apply(lambda arn: f"{arn}/*/{ROUTE.replace(' ', '')}"),
            opts=self.child(),
        )
        return api


def function_trust(function_name: str, partition: str, region: str, account: str) -> policies.Policy:
    """Its ARN is spelt out: the role is there before the function."""
    arn = f"arn:{partition}:lambda:{region}:{account}:function:{function_name}"
    return policies.trust("lambda.amazonaws.com", arn, account)


def code_files(folder: Path) -> dict[str, Path]:
    """Path in the archive → file, of every Python file of the package, and nothing else (no caches)."""
    return {f"{folder.name}/{file.relative_to(folder).as_posix()}": file for file in sorted(folder.rglob("*.py"))}


def code_hash(files: Mapping[str, Path]) -> str:
    """Changes when a file's path or content does, and only then: the engine itself can't compare archives."""
    digest = hashlib.sha256()
    for path, file in files.items():
        digest.update(f"{path}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return base64.b64encode(digest.digest()).decode()
