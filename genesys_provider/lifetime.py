"""End this process when the process that started it is gone.

After a SIGKILL of `pulumi` its plugin processes live on; one that sleeps in a back-off would post later, beside the
next `pulumi up`. So each plugin watches its parent. A launcher in between must `exec`, else the watch is on a shell.
"""

import os
import threading
import time

_parent = os.getppid()


def orphaned() -> bool:
    """Whether the process that started this one is gone (its children are handed to another parent)."""
    return os.getppid() != _parent


def end_with_parent(interval: float = 0.1) -> None:
    """Watch the parent from a daemon thread, every `interval` seconds, and end this process at once when it is gone."""
    threading.Thread(target=_watch, args=(interval,), name="end-with-parent", daemon=True).start()


def _watch(interval: float) -> None:
    while not orphaned():
        time.sleep(interval)
    os._exit(1)  # not sys.exit: other threads may be in a request that must not be sent
