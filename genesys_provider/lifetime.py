"""End this process when the engine that started it is gone.

After a SIGKILL of `pulumi` its plugin processes live on; one that sleeps in a back-off would post later, beside the
next `pulumi up`. The engine is the only reader of a plugin's standard output, so that pipe tells. The parent process
does not: the official CLI starts plugins through a shell that stays, and lives on too.
"""

import os
import select
import threading

STDOUT = 1
GONE = select.POLLERR | select.POLLHUP


def orphaned() -> bool:
    """Whether nobody can read this process's standard output any more."""
    return _reader_gone(0)


def end_with_engine() -> None:
    """Wait in a daemon thread for the engine to be gone, and end this process at once when it is."""
    threading.Thread(target=_wait, name="end-with-engine", daemon=True).start()


def _wait() -> None:
    if _reader_gone(None):
        os._exit(1)  # not sys.exit: other threads may be about to send what must not be sent


def _reader_gone(milliseconds: int | None) -> bool:
    watch = select.poll()  # one of its own: threads can't share one
    watch.register(STDOUT, 0)  # 0: nothing but the end is of interest
    return any(event & GONE for _, event in watch.poll(milliseconds))
