"""The access log of a stage: the `$context.…` variables of its format, written to its log group.

The policy that lets WRITER do so is no business of a stack's: API Gateway makes it when the stage is made.
"""

import json
import re
import time
from typing import Any

from starlette.responses import Response

from . import logs
from .api_request import ApiRequest
from .calls import Calls
from .environment import ACCOUNT

WRITER = "delivery.logs.amazonaws.com"
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")


def write(request: ApiRequest, response: Response, calls: Calls) -> None:
    settings = request.stage.get("accessLogSettings") or {}
    group = logs.group_of(str(settings.get("destinationArn", "")))
    if logs.exists(group):
        stream = f"{request.api_id}-{request.stage_name}"
        logs.write(group, stream, [line(str(settings.get("format", "")), request, response)])
        calls.add("logs:PutLogEvents", WRITER, 200, logs.arn(group, stream), request.stage_arn)


def line(template: str, request: ApiRequest, response: Response) -> str:
    """A variable without a value is `-`. Values are escaped as in a JSON string, so that a JSON line stays one."""
    known = variables(request, response)

    def value(found: re.Match[str]) -> str:
        text = known.get(found[1])
        return "-" if text is None else json.dumps(str(text), ensure_ascii=False)[1:-1]

    return _VARIABLE.sub(value, template)


def variables(request: ApiRequest, response: Response) -> dict[str, Any]:
    """Those that a request without an authorizer has."""
    error = json.loads(bytes(response.body))["message"] if request.function_status is None else None
    return {
        "accountId": ACCOUNT,
        "apiId": request.api_id,
        "dataProcessed": len(response.body),
        "domainName": request.http.headers.get("host"),
        "domainPrefix": request.api_id,
        "error.message": error,
        "error.messageString": json.dumps(error) if error else None,
        "extendedRequestId": request.id,
        "httpMethod": request.http.method,
        "identity.sourceIp": request.address,
        "identity.userAgent": request.http.headers.get("user-agent"),
        "integration.error": request.integration_error,
        "integration.integrationStatus": request.integration_status,
        "integration.latency": request.integration_ms,
        "integration.status": request.function_status,
        "integrationErrorMessage": request.integration_error,
        "integrationLatency": request.integration_ms,
        "integrationStatus": request.integration_status,
        "path": request.path,
        "protocol": request.protocol,
        "requestId": request.id,
        "requestTime": request.time,
        "requestTimeEpoch": int(request.started * 1000),
        "responseLatency": round((time.time() - request.started) * 1000),
        "responseLength": len(response.body),
        "routeKey": request.route_key,
        "stage": request.stage_name,
        "status": response.status_code,
    }
