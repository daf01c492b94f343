"""The ASGI app of the AWS side: the test door, the HTTP APIs, and everything else to the AWS APIs."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import apis, door, events, function_metrics, mappings, metrics, queue_metrics, workers
from .authorization import Authorization
from .cloud import Cloud
from .gateway import Gateway
from .http_api import HttpApi
from .inside import app as ministack


def create_app(instance: str, *, enforced: bool = False) -> ASGIApp:
    """`enforced`: calls are held against policies."""
    cloud = Cloud(instance, ministack.app, Authorization(enforced))
    workers.install(cloud.calls, cloud.authorization)
    cloud.deliveries.install()
    cloud.archives.install()
    events.install()
    mappings.install(cloud.calls, cloud.authorization)
    metrics.install()
    function_metrics.install()
    doors = door.create(cloud)
    http_api = HttpApi(ministack.app, cloud.calls, cloud.faults, cloud.throttle)
    gateway = Gateway(
        ministack.app, cloud.calls, cloud.authorization, cloud.faults, cloud.sources, cloud.archives, cloud.replays
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(cloud, receive, send)
        elif scope["type"] != "http":
            await ministack.app(scope, receive, send)
        elif scope["path"].startswith("/_sandbox/"):
            await doors(scope, receive, send)
        elif scope["path"].startswith(apis.PATH + "/"):
            await http_api(scope, receive, send)
        else:
            await gateway(scope, receive, send)

    return app


async def _live(cloud: Cloud, receive: Receive, send: Send) -> None:
    """Start ministack, and at the end leave no worker and no file of theirs behind. Its own end is of no use here."""
    await receive()
    ready: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    told: list[Message] = [{"type": "lifespan.startup"}]

    async def tell() -> Message:
        return told.pop() if told else await asyncio.Future[Any]()

    async def hear(message: Any) -> None:
        ready.set_result(message)

    async def run() -> None:
        await cloud.ministack({"type": "lifespan"}, tell, hear)

    tasks = [
        asyncio.create_task(run()),
        asyncio.create_task(workers.reap_for_ever()),
        asyncio.create_task(queue_metrics.look_for_ever()),
    ]
    cloud.deliveries.start(asyncio.get_running_loop())
    await send(await ready)
    await receive()
    for task in tasks:
        task.cancel()
    cloud.replays.clear()
    cloud.deliveries.stop()
    await asyncio.to_thread(workers.end_all)
    await send({"type": "lifespan.shutdown.complete"})
