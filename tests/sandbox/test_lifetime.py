"""A server ends when the process that owns it is gone, and not before."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.launcher import ROOT
from sandbox.processes import find, wait_until

SERVER = """
import signal, sys, time
from sandbox.lifetime import end_with, end_with_owner
if sys.argv[1:]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    import os; end_with(int(os.environ["SANDBOX_OWNER_PID"]), grace_seconds=0.2)
else:
    end_with_owner()
print("up", flush=True)
time.sleep(600)
"""


@contextmanager
def started(*command: str, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is ended with the test, also one that fails."""
    environment = {**os.environ, **environ}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def server(owner: "subprocess.Popen[bytes] | None", *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    pid = str(owner.pid) if owner else ""
    with started(sys.executable, "-c", SERVER, *arguments, SANDBOX_OWNER_PID=pid) as process:
        assert process.stdout
        if owner is None or owner.returncode is None:
            assert process.stdout.readline() == b"up\n"
        yield process


def test_it_ends_with_its_owner_even_one_not_reaped() -> None:
    with started("sleep", "600") as owner, server(owner) as served:
        assert served.poll() is None
        owner.kill()  # not waited for: it stays as a zombie
        assert served.wait(10) == -signal.SIGTERM


def test_one_that_ignores_the_signal_is_killed() -> None:
    with started("sleep", "600") as owner, server(owner, "stubborn") as served:
        owner.kill()
        assert served.wait(10) == -signal.SIGKILL


def test_an_owner_that_was_gone_already_ends_it_too() -> None:
    with started("sleep", "600") as owner:
        owner.kill()
        owner.wait()
        with server(owner) as served:
            assert served.wait(10) == -signal.SIGTERM


def test_without_an_owner_it_goes_on() -> None:
    with server(None) as served:
        assert not wait_until(lambda: served.poll() is not None, 0.3)
        assert find(served.pid)
        threads = list(Path(f"/proc/{served.pid}/task").iterdir())
        assert len(threads) == 1, "nothing watches"
