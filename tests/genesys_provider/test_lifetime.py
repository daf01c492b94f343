import signal
import subprocess
import sys
from pathlib import Path

from genesys_provider.lifetime import orphaned

ROOT = Path(__file__).parents[2]
PLUGIN = """
import sys, time
from genesys_provider.lifetime import end_with_engine
end_with_engine()
print("ready", flush=True)
time.sleep(60)
"""
# As the official launcher does it, a shell stays in between. The engine reads what the plugin prints.
ENGINE = """
import subprocess, sys, time
plugin = subprocess.Popen(["sh", "-c", '"$0" -c "$1"; true', sys.executable, sys.argv[1]], stdout=subprocess.PIPE)
sys.stderr.write(plugin.stdout.readline().decode())
sys.stderr.flush()
time.sleep(60)
"""


def test_a_plugin_ends_when_its_engine_is_killed() -> None:
    """Plugin and shell hold the engine's standard error: when both are gone it ends."""
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, PLUGIN], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        assert engine.stderr
        assert engine.stderr.readline() == b"ready\n"
        engine.send_signal(signal.SIGKILL)
        _, rest = engine.communicate(timeout=10)
        assert rest == b""
    finally:
        engine.kill()
        engine.wait(10)


def test_it_lives_as_long_as_its_engine() -> None:
    code = PLUGIN.replace("time.sleep(60)", "time.sleep(0.5)\nprint('alive', flush=True)")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == "ready\nalive\n"


def test_nothing_is_sent_once_the_engine_is_gone() -> None:
    assert not orphaned()
    code = """
import sys
from genesys_provider.lifetime import orphaned
sys.stdin.read()
sys.stderr.write(str(orphaned()))
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin
    assert child.stdout
    assert child.stderr
    child.stdout.close()
    child.stdin.close()
    assert child.stderr.read() == b"True"
    child.stderr.close()
    child.wait(10)
