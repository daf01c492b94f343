"""API Gateway's control plane for HTTP APIs, where AWS refuses or answers what ministack doesn't."""

import os

from .errors import AwsError
from .exchange import Answer, Handler, Request
from .inside import apigateway

PATH = "/_aws/execute-api"
"""Where APIs are served: a host name of each API's own doesn't resolve on every machine."""


async def create_api(request: Request) -> Answer:
    answer = await request.forward()
    if answer.ok and answer.data["protocolType"] == "HTTP":
        api = apigateway._apis[answer.data["apiId"]]
        api["apiEndpoint"] = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{PATH}/{answer.data['apiId']}"
        answer.change(apiEndpoint=api["apiEndpoint"])
    return answer


async def create_route(request: Request) -> Answer:
    key = request.data.get("routeKey")
    if any(route["routeKey"] == key for route in apigateway._routes.get(_api_id(request), {}).values()):
        raise AwsError("ConflictException", f"Route with key {key} already exists for this API", 409)
    return await request.forward()


async def create_stage(request: Request) -> Answer:
    if request.data.get("stageName") in apigateway._stages.get(_api_id(request), {}):
        raise AwsError("ConflictException", "Stage already exists", 409)
    return await request.forward()


async def delete_integration(request: Request) -> Answer:
    integration = request.path.rstrip("/").rpartition("/")[2]
    for route in apigateway._routes.get(_api_id(request), {}).values():
        if route.get("target") == f"integrations/{integration}":
            raise AwsError(
                "ConflictException",
                f"Cannot delete Integration '{integration}'. Integration is referenced by route {route['routeId']}.",
                409,
            )
    return await request.forward()


HANDLERS: dict[str, Handler] = {
    "apigateway:POST /v2/apis": create_api,
    "apigateway:POST /v2/apis/{}/routes": create_route,
    "apigateway:POST /v2/apis/{}/stages": create_stage,
    "apigateway:DELETE /v2/apis/{}/integrations/{}": delete_integration,
}


def _api_id(request: Request) -> str:
    return request.path.split("/")[3]
