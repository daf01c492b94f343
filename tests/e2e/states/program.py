"""What the recorded states are of. A program stays as it is when the package under it is upgraded: so does this one."""

import pulumi

from genesys_provider import SigningKey, SigningKeyArgs, Subscription, SubscriptionArgs, Webhook, WebhookArgs

key = SigningKey("key", SigningKeyArgs(rotation=2))
webhook = Webhook(
    "hook",
    WebhookArgs(
        destination_url="https://example.com/in",
        signing_key=key.key,
        description="of a former release",
        header_overrides={"X-Tenant": "a secret"},
    ),
)
Subscription(
    "queues",
    SubscriptionArgs(
        webhook_id=webhook.id,
        event_types=["routing.queueEvent", "conversation.event"],
        attributes={"queueId": "a-queue"},
        transform={"pick": ["a", 1, 1.5]},
    ),
)
pulumi.export("webhookId", webhook.id)
