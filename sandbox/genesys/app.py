"""The emulator as one ASGI app."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from .cloud import Cloud
from .delivery import Delivery
from .door import Door
from .entities import page
from .errors import ApiError
from .exchange import SCOPE_KEY
from .front import Front
from .requests import authenticate
from .settings import Settings


def create_app(settings: Settings | None = None) -> Starlette:
    """Its `state.cloud` is all that it knows. Serve it with `testing.serve`: delivery needs a running event loop."""
    cloud = Cloud(settings or Settings())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await cloud.engine.close()
        await cloud.activation.close()

    async def organization(request: Request) -> JSONResponse:
        authenticate(request)
        return JSONResponse(
            {
                "id": cloud.settings.org_id,
                "name": "Sandbox",
                "defaultLanguage": "en-us",
                "defaultCountryCode": "US",
                "thirdPartyOrgName": "sandbox",
                "domain": "sandbox",
                "version": 1,
                "state": "active",
                "selfUri": "/api/v2/organizations/me",
            }
        )

    async def deliveries(request: Request) -> JSONResponse:
        cloud.webhooks.allow(request, "read")
        webhook = cloud.webhooks.find(request)
        return page(request, cloud.engine.of_webhook(webhook.id), Delivery.to_json)

    routes: list[BaseRoute] = [
        Route("/oauth/token", cloud.tokens.endpoint, methods=["POST"]),
        Route("/api/v2/organizations/me", organization, methods=["GET"]),
        *cloud.integrations.routes(),
        *cloud.topics.routes(),
        Door(cloud).mount(),
    ]
    if cloud.settings.profile == "seed":
        routes += [
            *cloud.webhooks.routes(),
            Route("/api/v2/events/webhooks/{id}/deliveries", deliveries, methods=["GET"]),
            *cloud.subscriptions.routes(),
        ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Front, cloud=cloud)],
        exception_handlers={ApiError: refused, HTTPException: no_route, Exception: broken},
    )
    app.router.redirect_slashes = False
    app.state.cloud = cloud
    return app


def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  # what it is registered for
    return error.response(correlation_id(request))


def no_route(request: Request, error: Exception) -> Response:
    """404 and 405. Whether the platform asks for a token first on a path that it doesn't have is unknown."""
    assert isinstance(error, HTTPException)  # noqa: S101
    return ApiError(error.status_code, headers=error.headers).response(correlation_id(request))


def broken(request: Request, _: Exception) -> Response:
    return ApiError(500).response(correlation_id(request))


def correlation_id(request: Request) -> str:
    exchange = request.scope.get(SCOPE_KEY)
    return exchange.correlation_id if exchange else ""
