"""End a server of the sandbox together with the process that owns it, however that one ended.

A test run that is killed can stop nothing any more; its servers notice by themselves.
"""

import os
import select
import signal
import threading
import time

OWNER = "SANDBOX_OWNER_PID"


def end_with_owner() -> None:
    """Watch the process named by SANDBOX_OWNER_PID, if it is set. The first thing a server does."""
    owner = os.environ.get(OWNER)
    if owner:
        end_with(int(owner))


def end_with(pid: int, grace_seconds: float = 5.0) -> None:
    """Watch process `pid` from a daemon thread. When it is gone this process gets a SIGTERM, so that it ends in good
    order, and `grace_seconds` later a SIGKILL, with its whole process group if it leads one."""
    try:
        owner = os.pidfd_open(pid)  # holds on to that very process: a pid can be given to another one later
    except ProcessLookupError:
        owner = None
    threading.Thread(target=_watch, args=(owner, grace_seconds), name=f"end-with-{pid}", daemon=True).start()


def _watch(owner: int | None, grace_seconds: float) -> None:
    if owner is not None:
        gone = select.poll()
        gone.register(owner, select.POLLIN)
        gone.poll()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
