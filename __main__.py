"""The whole graph: what AWS gets, what Genesys Cloud gets, and what joins the two."""

import pulumi
from pulumi import Output, ResourceOptions

import eventbridge as aws
import genesys_provider as genesys
from settings import Settings, from_pulumi


def main(settings: Settings) -> None:
    base = aws.Base(prefix=settings.bus_name, tags=settings.tags, protect=settings.protect)
    commands = by_partner(settings, base) if settings.delivery == "partner" else by_webhook(settings, base)
    pulumi.export("delivery", settings.delivery)
    pulumi.export("commands", commands)


def by_partner(settings: Settings, base: aws.Base) -> dict[str, Output[str]]:
    """What Genesys Cloud really offers: a partner event source in the account, and the bus that belongs to it."""
    region = aws.region()
    source = genesys.EventBridgeSource(
        "source",
        genesys.EventBridgeSourceArgs(
            aws_account_id=aws.account_id(),
            aws_region=region,
            suffix=settings.source_suffix,
            topics=settings.topics,
            adopt=settings.adopt,
        ),
    )
    waits = aws.PartnerSourceArgs(
        name=source.event_source_name, region=region, offered_by=source.id, told=source.unsettled
    )
    there = aws.PartnerSource("source", waits)
    bus = aws.Bus("bus", aws.BusArgs(base=base, partner_source=there.source_name))
    activation = genesys.EventBridgeActivationArgs(integration_id=source.id, unsettled=source.unsettled)
    genesys.EventBridgeActivation("source", activation, ResourceOptions(depends_on=bus))
    pulumi.export("integrationId", source.id)
    pulumi.export("eventSourceName", source.event_source_name)
    commands, archive, consumers = behind(bus, source.event_source_name, settings, base)
    watch(bus, consumers, archive, settings, base, partner_source=source.event_source_name)
    return commands


def by_webhook(settings: Settings, base: aws.Base) -> dict[str, Output[str]]:
    """The tutorial's shape: a webhook that points at an API destination's URL, and a receiver behind that."""
    signing_key = genesys.SigningKey("signing-key", genesys.SigningKeyArgs(rotation=settings.signing_key_rotation))
    api_key = genesys.SigningKey("api-key", genesys.SigningKeyArgs(rotation=settings.api_key_rotation))

    bus = aws.Bus("bus", aws.BusArgs(base=base))
    commands, archive, consumers = behind(bus, settings.source, settings, base)
    first: list[pulumi.Resource] = [archive, *consumers]

    # An API destination only sends: what receives at its URL is built here, unless somebody else's receiver is named.
    url: pulumi.Input[str] | None = settings.ingress.url
    ingress: aws.Ingress | None = None
    if url is None:
        keys = aws.Keys(signing=signing_key.key, heartbeat=api_key.key)
        receives = aws.IngressArgs(base=base, bus=bus, source=settings.source, keys=keys, limits=settings.ingress)
        ingress = aws.Ingress("ingress", receives, after(archive))
        url = ingress.url
        first.append(ingress)
        commands["logs"] = Output.concat(settings.aws_cli, " logs tail --follow ", ingress.log_group_name)

    # Everything that sends waits for the whole receiver, not for its URL alone, and for all that is behind the bus.
    ready = ResourceOptions(depends_on=first)
    destination = aws.Destination("destination", aws.DestinationArgs(base=base, url=url, api_key=api_key.key), ready)
    pulumi.export("destinationArn", destination.arn)
    pulumi.export("destinationUrl", destination.invocation_endpoint)
    pulumi.export("connectionName", destination.connection_name)
    receiver: aws.Receiver | None = None
    if ingress:  # nothing is sent to somebody else's: it would show our key
        minutes = settings.heartbeat_minutes
        received = aws.HeartbeatReceived(
            "heartbeat-received", aws.HeartbeatReceivedArgs(base=base, bus=bus), after(archive)
        )
        beats = aws.HeartbeatArgs(base=base, destination_arn=destination.arn, minutes=minutes)
        heartbeat = aws.Heartbeat("heartbeat", beats, ready)
        receiver = aws.Receiver(ingress=ingress, heartbeat=heartbeat, received=received, minutes=minutes)
        for name, value in receiver.described.items():
            pulumi.export(name, value)
    watch(bus, consumers, archive, settings, base, receiver=receiver)

    webhook_args = genesys.WebhookArgs(
        destination_url=destination.invocation_endpoint,
        signing_key=signing_key.key,
        adopt=settings.adopt,
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
    return commands


def behind(
    bus: aws.Bus, source: pulumi.Input[str], settings: Settings, base: aws.Base
) -> tuple[dict[str, Output[str]], aws.Archive, list[aws.Consumer]]:
    """What gets every event that is on the bus: the archive, other buses, a queue to look at. And how to use it."""
    archive = aws.Archive("archive", aws.ArchiveArgs(base=base, bus=bus, source=source, days=settings.archive_days))
    commands: dict[str, Output[str]] = {}
    consumers: dict[str, aws.Consumer] = {}
    for number, to in enumerate(settings.forward_to, 1):
        name = f"forward-{number}"
        forward = aws.Forward(name, aws.ForwardArgs(base=base, bus=bus, source=source, to=to), after(archive))
        consumers[name], commands[name] = forward, forward.permission
    if settings.tap:
        tap = aws.Tap("tap", aws.TapArgs(base=base, bus=bus, source=source), after(archive))
        consumers["tap"] = tap
        commands["events"] = Output.concat(settings.aws_cli, " sqs receive-message --queue-url ", tap.queue_url)
        pulumi.export("tapQueueUrl", tap.queue_url)
    pulumi.export("busArn", bus.arn)
    pulumi.export("eventSource", source)
    pulumi.export("archiveName", archive.archive_name)
    pulumi.export("rules", {name: consumer.described for name, consumer in consumers.items()})
    return commands, archive, list(consumers.values())


def after(archive: aws.Archive) -> ResourceOptions:
    """For all that AWS, where another stack has its name, hands over as if it had just been made: queues, alarms.

    `destroy` would delete them. Bus and archive are refused then, and the archive waits for the bus.
    """
    return ResourceOptions(depends_on=archive)


def watch(
    bus: aws.Bus,
    consumers: list[aws.Consumer],
    archive: aws.Archive,
    settings: Settings,
    base: aws.Base,
    receiver: aws.Receiver | None = None,
    partner_source: Output[str] | None = None,
) -> None:
    """Alarms, and a dashboard."""
    found = aws.Watch(
        "watch",
        aws.WatchArgs(
            base=base,
            bus=bus,
            region=aws.region(),
            consumers=consumers,
            receiver=receiver,
            partner_source=partner_source,
            silence_hours=settings.silence_hours,
            topic_arn=settings.alarm_topic_arn,
            verify=f"make verify STACK={pulumi.get_stack()}",
        ),
        after(archive),
    )
    pulumi.export("alarms", found.alarms)
    pulumi.export("dashboard", found.dashboard)


main(from_pulumi())
