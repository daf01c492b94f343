"""All that the emulated platform knows. It lives in memory only."""

import time
import uuid

from . import integrations, subscriptions, webhooks
from .activation import Activation
from .calls import Calls
from .delivery import Engine
from .entities import Collection
from .faults import Faults
from .integrations import Integrations
from .oauth import Tokens
from .ratelimit import RateLimit
from .settings import Settings
from .topics import Topics

SCOPES = integrations.PERMISSIONS | {
    f"{permission}:{verb}"
    for permission in (webhooks.PERMISSION, subscriptions.PERMISSION)
    for verb in ("read", "write")
}


class Cloud:
    """`scopes` are the permissions of the one OAuth client there is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.instance = settings.instance
        self.ahead_seconds = 0.0
        self.lag_seconds = 0.0  # until what was created is found; how long that may be on the platform is unknown
        self.scopes = set(SCOPES)
        self.calls = Calls()
        self.faults = Faults()
        self.tokens = Tokens(settings, self.now)
        self.rate_limit = RateLimit(self.now)
        self.webhooks = Collection(self, webhooks.PATH, webhooks.PERMISSION, webhooks.read)
        self.subscriptions = Collection(self, subscriptions.PATH, subscriptions.PERMISSION, subscriptions.read)
        self.engine = Engine(self.webhooks.items, self.subscriptions.items)
        self.topics = Topics(self)
        self.integrations = Integrations(self)
        self.activation = Activation(self)

    def now(self) -> float:
        """Seconds since 1970 by the platform's clock, which the door can put forward.

        It counts for tokens, the rate limit and entities' dates. Events bear the real time, which is their receiver's.
        """
        return time.time() + self.ahead_seconds

    def reset(self, instance: str = "") -> None:
        """Forget everything, as if started anew as that instance (default: a new one)."""
        self.instance = instance or str(uuid.uuid4())
        self.ahead_seconds = self.lag_seconds = 0.0
        self.scopes = set(SCOPES)
        self.calls.clear()
        self.faults.clear()
        self.tokens.revoke()
        self.rate_limit.reset()
        self.engine.reset()
        self.webhooks.items.clear()
        self.subscriptions.items.clear()
        self.activation.reset()
        self.integrations.reset()
        self.topics.reset()
