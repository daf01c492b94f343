import os
import signal
import subprocess
import sys
from pathlib import Path

from genesys_provider.lifetime import orphaned

ROOT = Path(__file__).parents[2]
CHILD = """
import time
from genesys_provider.lifetime import end_with_parent
end_with_parent()
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""


def test_a_process_ends_when_the_one_that_started_it_is_killed() -> None:
    """The child holds the pipe: its end is the end of the pipe."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
        rest, _ = parent.communicate(timeout=10)
        assert rest == b""
    finally:
        parent.kill()
        parent.wait(10)


def test_it_lives_as_long_as_its_parent() -> None:
    code = CHILD.replace("time.sleep(60)", "time.sleep(0.5)\nprint('alive', flush=True)")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == "ready\nalive\n"


def test_this_one_is_not_orphaned() -> None:
    assert not orphaned()
    assert os.getppid() > 0
