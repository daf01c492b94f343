"""What /proc says of processes: who belongs to a server, how much memory they take, and how to end them all."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICK_SECONDS = 0.02


class Process(NamedTuple):
    """One process for good: its pid may be given to another one later, which then has another start time."""

    pid: int
    started: int
    """Clock ticks since the machine's boot."""


class _Stat(NamedTuple):
    process: Process
    state: str
    parent: int
    session: int


def find(pid: int) -> Process | None:
    """The process that has this pid now; None when there is none, or only its unreaped remains."""
    stat = _stat(pid)
    return None if stat is None or stat.state in "ZX" else stat.process


def alive(process: Process) -> bool:
    return find(process.pid) == process


def command_line(process: Process) -> list[str]:
    return _read(process, "cmdline").split("\0")[:-1]


def environment(process: Process) -> list[str]:
    """`NAME=value` as the process was started with; empty for a process of somebody else."""
    return _read(process, "environ").split("\0")[:-1]


def family(leader: Process) -> set[Process]:
    """The processes of the session that `leader` leads, and its descendants, with itself. Empty when it is gone."""
    if not alive(leader):
        return set()
    stats = list(_all())
    members = {leader.pid}
    while True:
        more = {stat.process.pid for stat in stats if stat.session == leader.pid or stat.parent in members} - members
        if not more:
            return {stat.process for stat in stats if stat.process.pid in members}
        members |= more


def left_of_session(session: int) -> set[Process]:
    """The processes of a session, whose leader may be gone."""
    return {stat.process for stat in _all() if stat.session == session}


def memory(processes: Iterable[Process]) -> int:
    """Bytes that these processes take together: proportional set size, so what they share counts once."""
    return sum(_pss(process) for process in processes)


def send(processes: Iterable[Process], number: signal.Signals) -> None:
    for process in processes:
        if alive(process):
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look until it is so, or the seconds are over; says whether it was."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(TICK_SECONDS)
    return True


def _all() -> Iterator[_Stat]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            stat = _stat(int(entry.name))
            if stat is not None and stat.state not in "ZX":
                yield stat


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    state, parent, _, session, *rest = text.rpartition(")")[2].split()  # the name before it may hold anything
    return _Stat(Process(pid, int(rest[15])), state, int(parent), int(session))


def _read(process: Process, name: str) -> str:
    try:
        return (PROC / str(process.pid) / name).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _pss(process: Process) -> int:
    for line in _read(process, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
