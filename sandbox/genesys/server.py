"""The uvicorn server that both `python -m sandbox.genesys` and `testing.serve` run."""

import asyncio

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"


class Protocol(H11Protocol):
    """Puts the connection's transport into the scope's state, so that a fault can drop it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def build(app: ASGIApp, port: int) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=HOST,
            port=port,
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,  # shorter than that, and a client's next request may meet a closed connection
            timeout_graceful_shutdown=1,  # a request that a fault delays doesn't hold up the end
        )
    )
