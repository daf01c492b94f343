"""The Genesys Cloud half: dynamic resources for Pulumi.

key = SigningKey("signing-key")
webhook = Webhook("webhook", WebhookArgs(destination_url=url, signing_key=key.key))
Subscription("queues", SubscriptionArgs(webhook_id=webhook.id, event_types=["routing.queueEvent"]))
"""

from .eventbridge_activation import EventBridgeActivation, EventBridgeActivationArgs
from .eventbridge_source import EventBridgeSource, EventBridgeSourceArgs
from .signing_key import SigningKey, SigningKeyArgs
from .subscription import Subscription, SubscriptionArgs
from .webhook import RetryPolicy, RetryPolicyArgs, RetryPolicyArgsDict, Webhook, WebhookArgs

__all__ = [
    "EventBridgeActivation",
    "EventBridgeActivationArgs",
    "EventBridgeSource",
    "EventBridgeSourceArgs",
    "RetryPolicy",
    "RetryPolicyArgs",
    "RetryPolicyArgsDict",
    "SigningKey",
    "SigningKeyArgs",
    "Subscription",
    "SubscriptionArgs",
    "Webhook",
    "WebhookArgs",
]
