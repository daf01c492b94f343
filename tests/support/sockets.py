"""Who listens on this machine, and where."""

from pathlib import Path
from typing import NamedTuple

LISTENS = "0A"


class Listener(NamedTuple):
    address: str
    """As /proc/net has it: hexadecimal, of IPv4 in the machine's order of bytes."""
    port: int
    inode: str


LOOPBACK = "0100007F"
"""127.0.0.1."""
LOOPBACK_OF_IPV6 = "0000000000000000FFFF00000100007F"
"""The same, of a socket of IPv6: gRPC has such."""


def listening() -> list[Listener]:
    """Every listening socket of IPv4 and IPv6."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
            if state == LISTENS:
                address, port = local.split(":")
                found.append(Listener(address, int(port, 16), inode))
    return found


def listening_of(pid: int) -> list[Listener]:
    """Those of one process."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:  # closed since it was listed
            continue
    return [listener for listener in listening() if listener.inode in inodes]
