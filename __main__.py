"""The whole graph: what AWS gets and then, pointing at it, what Genesys Cloud gets."""

import pulumi
from pulumi import ResourceOptions

import eventbridge as eb
import genesys_provider as genesys
from settings import from_pulumi

s = from_pulumi()
prefix, tags = s.bus_name, s.tags
protected = ResourceOptions(protect=s.protect)

signing_key = genesys.SigningKey("signing-key", genesys.SigningKeyArgs(rotation=s.signing_key_rotation))
api_key = genesys.SigningKey("api-key", genesys.SigningKeyArgs(rotation=s.api_key_rotation))

bus = eb.Bus("bus", eb.BusArgs(prefix=prefix, tags=tags), protected)
pulumi.export("busArn", bus.arn)
commands: dict[str, pulumi.Input[str]] = {"state of the webhook": f"make refresh STACK={pulumi.get_stack()}"}
if s.tap:
    tap = eb.Tap("tap", eb.TapArgs(prefix=prefix, tags=tags, bus_name=bus.name, source=s.source))
    pulumi.export("tapQueueUrl", tap.queue_url)
    commands["events"] = pulumi.Output.concat("aws sqs receive-message --queue-url ", tap.queue_url)

# An API destination only sends: what receives at its URL is built here, unless somebody else's receiver is named.
url: pulumi.Input[str] | None = s.ingress.url
receiver: list[pulumi.Resource] = []
if url is None:
    ingress = eb.Ingress(
        "ingress",
        eb.IngressArgs(
            prefix=prefix,
            tags=tags,
            bus_name=bus.name,
            bus_arn=bus.arn,
            source=s.source,
            signing_key=signing_key.key,
            heartbeat_key=api_key.key,
            key_overlap_minutes=s.key_overlap_minutes,
            max_age_minutes=s.ingress.max_age_minutes,
            topics=s.topics,
            throttle_rate=s.ingress.throttle_rate,
            throttle_burst=s.ingress.throttle_burst,
            log_days=s.log_days,
            secret_recovery_days=7 if s.protect else 0,
        ),
        protected,
    )
    url, receiver = ingress.url, [ingress]
    commands["logs of the receiver"] = pulumi.Output.concat("aws logs tail --follow ", ingress.log_group_name)

# Both wait for the whole receiver, not for its URL alone: what is sent there must find it finished.
ready = ResourceOptions(depends_on=receiver)
destination = eb.Destination("destination", eb.DestinationArgs(prefix=prefix, url=url, api_key=api_key.key), ready)
pulumi.export("destinationArn", destination.arn)
pulumi.export("destinationUrl", destination.invocation_endpoint)
if receiver:  # somebody else's gets no key of ours
    heartbeat = eb.HeartbeatArgs(prefix=prefix, tags=tags, destination_arn=destination.arn, minutes=s.heartbeat_minutes)
    eb.Heartbeat("heartbeat", heartbeat, ready)

webhook = genesys.Webhook(
    "webhook",
    genesys.WebhookArgs(destination_url=destination.invocation_endpoint, signing_key=signing_key.key),
    ready,
)
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
    for each in s.subscriptions
}
pulumi.export("subscriptionIds", {name: each.id for name, each in subscriptions.items()})
pulumi.export("commands", commands)
