"""The API destination, whose URL Genesys Cloud posts to, and the connection whose key a heartbeat bears."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .component import Base, Component

KEY_HEADER = "X-Heartbeat-Key"


@dataclass(kw_only=True)
class DestinationArgs:
    base: Base
    url: pulumi.Input[str]
    """The public https URL behind which events are received."""
    api_key: pulumi.Input[str]
    """What EventBridge shows at that URL, in `X-Heartbeat-Key`. Secret."""


class Destination(Component):
    """An API destination only sends: that events can come in at its URL is the work of whatever is behind it."""

    arn: pulumi.Output[str]
    connection_name: pulumi.Output[str]
    invocation_endpoint: pulumi.Output[str]

    def __init__(self, name: str, args: DestinationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.base, opts)
        connection = aws.cloudwatch.EventConnection(
            name,
            name=args.base.prefix,
            description="The key that a heartbeat bears",
            authorization_type="API_KEY",
            auth_parameters=aws.cloudwatch.EventConnectionAuthParametersArgs(
                api_key=aws.cloudwatch.EventConnectionAuthParametersApiKeyArgs(
                    key=KEY_HEADER, value=pulumi.Output.secret(args.api_key)
                )
            ),
            opts=self.child(),
        )
        destination = aws.cloudwatch.EventApiDestination(
            name,
            name=args.base.prefix,
            description="Where Genesys Cloud posts its events, and the heartbeat goes",
            invocation_endpoint=args.url,
            http_method="POST",
            invocation_rate_limit_per_second=1,  # a heartbeat needs no more
            connection_arn=connection.arn,
            opts=self.child(),
        )
        self.arn = destination.arn
        self.connection_name = connection.name
        self.invocation_endpoint = destination.invocation_endpoint
        self.register_outputs({"arn": self.arn, "invocationEndpoint": self.invocation_endpoint})
