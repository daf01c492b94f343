"""`python -m sandbox up|down|status|reset`."""

import argparse
import signal
import sys
import threading

from .launcher import SERVICES, TITLES, Sandbox, SandboxError

COMMANDS = {
    "up": "start both clouds and wait until they are ready",
    "down": "end both, with everything they started",
    "status": "where they listen and how much memory they take; ends with 1 when they do not run",
    "reset": "make both forget everything, and Pulumi's state of them too",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Both clouds on this machine.",
        epilog="environment: SANDBOX_AWS_PORT (4566), SANDBOX_GENESYS_PORT (4580), SANDBOX_DIR (.sandbox)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, description=text)
    command = parser.parse_args().command
    try:
        sandbox = Sandbox.from_environ()
        return {"up": up, "down": down, "status": status, "reset": reset}[command](sandbox)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def up(sandbox: Sandbox) -> int:
    # Noted instead of raised: an exception between the start of a server and the note of its pid would lose it.
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: interrupted.set())
    started = sandbox.start(interrupted.is_set)
    instance = sandbox.status()[0].instance
    print(f"sandbox {'is up' if started else 'already runs'} (instance {instance})")
    for service in SERVICES:
        print(f"  {TITLES[service]:<14}{sandbox.url(service)}   log: {sandbox.log(service)}")
    return 0


def down(sandbox: Sandbox) -> int:
    print("sandbox stopped" if sandbox.stop() else "sandbox was not running")
    return 0


def status(sandbox: Sandbox) -> int:
    found = sandbox.status()
    lines = []
    for item in found:
        line = f"{TITLES[item.service]:<14}{item.url}   "
        if item.pid:
            health = "ready" if item.running else "not ready"
            line += f"{health}   pid {item.pid} + {item.workers} workers   {item.memory / 2**20:.0f} MB"
            line += f"   instance {item.instance}"
        else:
            line += "not running"
        lines.append(line)
    lines.append(f"{'together':<14}{sum(item.memory for item in found) / 2**20:.0f} MB")
    print("\n".join(lines))  # at once: `| head -1` closes the pipe after the first
    return 0 if all(item.running for item in found) else 1


def reset(sandbox: Sandbox) -> int:
    instance = sandbox.reset()
    print(
        f"sandbox reset (instance {instance})" if instance else "sandbox is not running; state of stack local removed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
