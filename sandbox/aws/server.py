"""The server process: its environment, its one listener on loopback, and its end, which leaves nothing behind."""

import os
import shutil
import signal
import sys
import tempfile
import uuid
from pathlib import Path

import uvicorn

from .environment import contained


def main() -> None:
    port = int(os.environ.get("SANDBOX_AWS_PORT", "4566"))
    instance = os.environ.get("SANDBOX_INSTANCE") or str(uuid.uuid4())
    temporary = Path(os.environ.get("SANDBOX_DIR", ".sandbox")).resolve() / "tmp"
    environ = contained(os.environ, port, temporary)
    os.environ.clear()
    os.environ.update(environ)
    temporary.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(temporary)

    from .app import create_app  # ministack reads its environment when it is imported

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it once more when it has shut down
    try:
        uvicorn.run(
            create_app(instance),
            host="127.0.0.1",
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,  # ministack sets it
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,
        )
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
