"""The whole graph: what AWS gets and then, pointing at it, what Genesys Cloud gets."""

import pulumi
from pulumi import Output, ResourceOptions

import eventbridge as aws
import genesys_provider as genesys
from settings import from_pulumi

settings = from_pulumi()
base = aws.Base(prefix=settings.bus_name, tags=settings.tags, protect=settings.protect)

signing_key = genesys.SigningKey("signing-key", genesys.SigningKeyArgs(rotation=settings.signing_key_rotation))
api_key = genesys.SigningKey("api-key", genesys.SigningKeyArgs(rotation=settings.api_key_rotation))

bus = aws.Bus("bus", aws.BusArgs(base=base))
pulumi.export("busArn", bus.arn)
commands: dict[str, Output[str]] = {}
if settings.tap:
    tap = aws.Tap("tap", aws.TapArgs(base=base, bus=bus, source=settings.source))
    pulumi.export("tapQueueUrl", tap.queue_url)
    commands["events"] = Output.concat(settings.aws_cli, " sqs receive-message --queue-url ", tap.queue_url)

# An API destination only sends: what receives at its URL is built here, unless somebody else's receiver is named.
url: pulumi.Input[str] | None = settings.ingress.url
receiver: list[pulumi.Resource] = []
if url is None:
    keys = aws.Keys(signing=signing_key.key, heartbeat=api_key.key)
    receives = aws.IngressArgs(base=base, bus=bus, source=settings.source, keys=keys, limits=settings.ingress)
    ingress = aws.Ingress("ingress", receives)
    url, receiver = ingress.url, [ingress]
    commands["logs"] = Output.concat(settings.aws_cli, " logs tail --follow ", ingress.log_group_name)
pulumi.export("commands", commands)

# Everything that sends waits for the whole receiver, not for its URL alone.
ready = ResourceOptions(depends_on=receiver)
destination = aws.Destination("destination", aws.DestinationArgs(base=base, url=url, api_key=api_key.key), ready)
pulumi.export("destinationArn", destination.arn)
pulumi.export("destinationUrl", destination.invocation_endpoint)
if receiver:  # nothing is sent to somebody else's: it would show our key
    beats = aws.HeartbeatArgs(base=base, destination_arn=destination.arn, minutes=settings.heartbeat_minutes)
    aws.Heartbeat("heartbeat", beats, ready)

webhook_args = genesys.WebhookArgs(
    destination_url=destination.invocation_endpoint,
    signing_key=signing_key.key,
    retry_policy=genesys.RetryPolicyArgs(retry_count=10, retry_interval_seconds=30),  # an outage of five minutes
)
webhook = genesys.Webhook("webhook", webhook_args, ready)
pulumi.export("webhookId", webhook.id)
subscriptions = {
    each.name: genesys.Subscription(
        each.name,
        genesys.SubscriptionArgs(
            webhook_id=webhook.id,
            event_types=each.event_types,
            attributes=each.attributes,
            enabled=each.enabled,
            transform=each.transform,
            adopt=each.adopt,
        ),
    )
    for each in settings.subscriptions
}
pulumi.export("subscriptionIds", {name: each.id for name, each in subscriptions.items()})
