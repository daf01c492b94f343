"""The function behind the public URL: takes what Genesys Cloud posts, and puts it on the event bus."""

import time

STARTED = time.monotonic()
"""When this process began to load the code, which is the first that it can know of a cold start."""
