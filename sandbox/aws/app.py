"""The ASGI application."""

import json
from typing import Any

from ministack.app import app as ministack


def create_app(instance: str) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/_sandbox/health":
            body = json.dumps({"service": "aws", "instance": instance, "ready": True}).encode()
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
            )
            await send({"type": "http.response.body", "body": body})
            return
        await ministack(scope, receive, send)
        if scope["type"] == "lifespan":
            from ministack.core import lambda_runtime

            lambda_runtime.reset()

    return app
