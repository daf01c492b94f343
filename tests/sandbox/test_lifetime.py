"""A server ends when the process that owns it is gone, and not before."""

import os
import signal
import subprocess
import sys
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


def server(owner: int | None, *arguments: str) -> "subprocess.Popen[bytes]":
    environ = {**os.environ, "SANDBOX_OWNER_PID": "" if owner is None else str(owner)}
    started = subprocess.Popen(
        [sys.executable, "-c", SERVER, *arguments],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert started.stdout
    assert started.stdout.readline() == b"up\n"
    return started


def owner() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "600"])


def test_it_ends_with_its_owner_even_one_not_reaped() -> None:
    with owner() as own, server(own.pid) as served:
        assert served.poll() is None
        own.kill()  # not waited for: it stays as a zombie
        assert served.wait(10) == -signal.SIGTERM


def test_one_that_ignores_the_signal_is_killed() -> None:
    with owner() as own, server(own.pid, "stubborn") as served:
        own.kill()
        assert served.wait(10) == -signal.SIGKILL


def test_an_owner_that_was_gone_already_ends_it_too() -> None:
    with owner() as own:
        own.kill()
        own.wait()
        environ = {**os.environ, "SANDBOX_OWNER_PID": str(own.pid)}
        with subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL
        ) as served:
            assert served.wait(10) == -signal.SIGTERM


def test_without_an_owner_it_goes_on() -> None:
    with server(None) as served:
        assert not wait_until(lambda: served.poll() is not None, 0.3)
        assert find(served.pid)
        threads = list(Path(f"/proc/{served.pid}/task").iterdir())
        assert len(threads) == 1, "nothing watches"
        served.kill()
