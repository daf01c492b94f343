"""The server process: its environment, its one listener on loopback, and its end, which leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from sandbox import lifetime

from .environment import contained, forget_settings
from .errors import Unsuitable

HOST = "127.0.0.1"


def main() -> None:
    lifetime.end_with_owner()
    port = int(os.environ.get("SANDBOX_AWS_PORT") or 4566)
    instance = os.environ.get("SANDBOX_INSTANCE") or str(uuid.uuid4())
    if (auth := os.environ.get("SANDBOX_AWS_AUTH") or "false") not in ("true", "false"):
        sys.exit(f"error: SANDBOX_AWS_AUTH is {auth!r}; write true or false")
    directory = Path(os.environ.get("SANDBOX_DIR") or ".sandbox").resolve()
    # Not socket.create_server: without a protocol named, asyncio sets no TCP_NODELAY, and each answer takes 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError as error:
        sys.exit(
            f"error: {HOST}:{port} can't be used ({os.strerror(error.errno or 0)}): set SANDBOX_AWS_PORT to a free port"
        )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())  # uvicorn raises it once more when it has shut down
    with listener, _temporary(directory / "tmp" / f"aws-{port}") as temporary:
        enforced, environ = auth == "true", contained(os.environ, port, temporary)
        os.environ.clear()
        os.environ.update(environ)
        tempfile.tempdir = str(temporary)
        _serve(listener, instance, enforced)


def _serve(listener: socket.socket, instance: str, enforced: bool) -> None:
    try:
        from .app import create_app  # only now: ministack reads the environment when it is imported
    except Unsuitable as error:
        sys.exit(f"error: {error}")
    app = create_app(instance, enforced=enforced)
    forget_settings(os.environ)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # ministack sends it
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,  # a request that a fault delays doesn't hold up the end
        h11_max_incomplete_event_size=256 * 1024,  # longer headers than this are answered by uvicorn, not by us
    )
    uvicorn.Server(config).run(sockets=[listener])


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A folder for this server's and its workers' files alone; whatever a killed one left there goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()
