"""The locks of a backend of files: who holds a stack, and whether that process is still there."""

import json
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lock:
    """Who holds a stack."""

    pid: int
    host: str
    user: str
    since: str

    @classmethod
    def read(cls, file: Path) -> "Lock":
        lock = json.loads(file.read_text(encoding="utf-8"))
        return cls(lock["pid"], lock["hostname"], lock["username"], lock["timestamp"].split(".")[0])

    def left_behind(self) -> bool:
        """Whether its process was one of this machine, and is gone."""
        return self.host == socket.gethostname() and not runs_pulumi(self.pid)


def runs_pulumi(pid: int) -> bool:
    """Whether that process is still an engine: its number may be another's by now, or a dead child's, not reaped."""
    try:
        name, state = re.findall(r"\((.*)\) (\S)", Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"))[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
    else:
        return "pulumi" in name and state != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
