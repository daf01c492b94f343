"""An emulator of Genesys Cloud on one port: login, API, a delivery engine, and `/_sandbox/*`, the door for tests.

What it knows of the real platform comes from its SDK and public documents. `/api/v2/events/webhooks` and
`/api/v2/events/subscriptions` are not part of Genesys Cloud: the tutorial that this project follows made them up. They
are here in profile `seed`; profile `strict` answers 404 there, as the real platform does.
"""

from .app import create_app
from .settings import Settings

__all__ = ["Settings", "create_app"]
