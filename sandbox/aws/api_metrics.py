"""`AWS/ApiGateway` of HTTP APIs: each request by API, by stage, and by route where the stage wants details.

Names and dimensions by AWS's guide ("Working with metrics for HTTP APIs"): errors are `4xx` and `5xx`, not `4XXError`
as of REST APIs, and there is none for throttled requests. Ours: that these count as 4xx, and that each request puts a
0 where it is no error, as the guide says of REST APIs, so that an average is a rate.
"""

import time

from starlette.responses import Response

from . import metrics
from .api_request import ApiRequest

NAMESPACE = "AWS/ApiGateway"


def put(request: ApiRequest, response: Response) -> None:
    status, latency = response.status_code, (time.time() - request.started) * 1000
    by_stage = {"ApiId": request.api_id, "Stage": request.stage_name}
    dimensions = [{"ApiId": request.api_id}, by_stage]
    if request.route_key and (request.stage.get("defaultRouteSettings") or {}).get("detailedMetricsEnabled"):
        dimensions.append({**by_stage, "Route": request.route_key})
    for each in dimensions:
        metrics.put(NAMESPACE, "Count", each)
        metrics.put(NAMESPACE, "4xx", each, 400 <= status < 500)
        metrics.put(NAMESPACE, "5xx", each, status >= 500)
        metrics.put(NAMESPACE, "DataProcessed", each, len(response.body), "Bytes")
        metrics.put(NAMESPACE, "Latency", each, latency, "Milliseconds")
        if request.integration_ms is not None:
            metrics.put(NAMESPACE, "IntegrationLatency", each, request.integration_ms, "Milliseconds")
