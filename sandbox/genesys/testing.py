"""The emulator within a test's own process: uvicorn in a thread, on a free port."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from .app import create_app
from .cloud import Cloud
from .server import HOST, build
from .settings import Settings

START_SECONDS = 10.0


@dataclass(frozen=True)
class Served:
    """Where it listens, and what it knows: to look at; to change it, use `/_sandbox/*`, which is its own thread's."""

    url: str
    cloud: Cloud


@contextlib.contextmanager
def serve(settings: Settings | None = None) -> Iterator[Served]:
    app = create_app(settings)
    # With its protocol named, else asyncio doesn't set TCP_NODELAY and each answer waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind((HOST, 0))
        server = build(app, 0)
        thread = threading.Thread(target=server.run, args=([listener],), name="genesys", daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + START_SECONDS
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise RuntimeError("the emulator does not start")
                time.sleep(0.005)
            yield Served(f"http://{HOST}:{listener.getsockname()[1]}", app.state.cloud)
        finally:
            server.should_exit = True
            thread.join(START_SECONDS)
