"""`make bench`: stack local against an empty program, by the same engine, turn and turn about.

Prints seconds (median of the rounds), their ratio, and what the sandbox takes in memory once events went through it.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.launcher import Sandbox, free_port
from tools import demo
from tools.stack import ROOT, Stack

ROUNDS = 5
ROUNDS_FROM_NOTHING = 3
QUIET = ("--skip-preview", "--suppress-outputs")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, clouds(Path(folder, "clouds")) as sandbox:
        ours = stack(ROOT, Path(folder, "ours"), sandbox)
        empty = stack(empty_project(Path(folder, "empty-project")), Path(folder, "empty"), sandbox)
        both = (ours, empty)
        for each in both:
            each.run("up", *QUIET)  # warms the caches of all of them, and is not counted

        rows = {
            "up from nothing": rounds(ROUNDS_FROM_NOTHING, both, ["up", *QUIET], before=["destroy", *QUIET]),
            "up, nothing to do": rounds(ROUNDS, both, ["up"]),
            "preview, nothing to do": rounds(ROUNDS, both, ["preview"]),
            "refresh": rounds(ROUNDS, both, ["refresh", *QUIET]),
        }
        deliver(ours, sandbox)
        memory = sum(status.memory for status in sandbox.status())
        workers = sum(status.workers for status in sandbox.status())

    print(f"{'':24} {'this project':>14} {'empty program':>14} {'ratio':>7}")
    for name, (mine, its) in rows.items():
        print(f"{name:24} {mine:12.2f} s {its:12.2f} s {mine / its:6.1f}x")
    print(f"\nsandbox, after three events: {memory / 1e6:.0f} MB (PSS, {workers} function workers)")
    return 0


def rounds(
    count: int, stacks: tuple[Stack, Stack], command: list[str], before: list[str] | None = None
) -> tuple[float, float]:
    """Median seconds of the command on either stack; `before` is run each time and not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(count):
        for each, seconds in zip(stacks, taken, strict=True):
            if before:
                run(each, before)
            began = time.perf_counter()
            run(each, command)
            seconds.append(time.perf_counter() - began)
    return statistics.median(taken[0]), statistics.median(taken[1])


def run(each: Stack, command: list[str]) -> None:
    code, text = each.run(*command)
    if code:
        sys.exit(f"error: pulumi {' '.join(command)} in {each.project.name} failed:\n{text}")


def deliver(ours: Stack, sandbox: Sandbox) -> None:
    happened = {demo.emit(sandbox, kind): time.monotonic() for kind in demo.KINDS}
    if len(list(demo.arrivals(sandbox, ours.outputs()["tapQueueUrl"], happened))) != len(happened):
        sys.exit("error: not every event arrived")


@contextmanager
def clouds(directory: Path) -> Iterator[Sandbox]:
    with Sandbox(directory, free_port(), free_port(), owner=os.getpid()) as sandbox:
        yield sandbox


def stack(project: Path, directory: Path, sandbox: Sandbox) -> Stack:
    directory.mkdir()
    ports = {"SANDBOX_AWS_PORT": str(sandbox.ports["aws"]), "SANDBOX_GENESYS_PORT": str(sandbox.ports["genesys"])}
    return Stack("local", project=project, directory=directory, environ=ports)


def empty_project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
    (folder / "__main__.py").write_text("")
    return folder


if __name__ == "__main__":
    sys.exit(main())
