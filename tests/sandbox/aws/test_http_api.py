"""The data plane of HTTP APIs: what the function sees, what the caller sees, and what the access log says."""

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from tests.support.aws_sandbox import ACCOUNT, Api, Aws, make_api, make_function
from tests.support.waiting import until

CODE = """
import json, os, time

def handle(event, context):
    order = json.loads(event["headers"].get("x-order", "{}"))
    time.sleep(order.get("sleep", 0))
    if "raise" in order:
        raise ValueError(order["raise"])
    if "exit" in order:
        os._exit(1)
    if "return" in order:
        return order["return"]
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}
"""
GROUP = "/aws/apigateway/api"
FORMAT = {
    "id": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "length": "$context.responseLength",
    "integration": "$context.integrationStatus",
    "function": "$context.integration.status",
    "latency": "$context.integrationLatency",
    "error": "$context.integrationErrorMessage",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "agent": "$context.identity.userAgent",
    "none": "$context.authorizer.error",
}
STAGE = {
    "AccessLogSettings": {
        "DestinationArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}:*",
        "Format": json.dumps(FORMAT),
    }
}
NOT_OURS = "Check your Lambda function code and try again."


@pytest.fixture(scope="module")
def function(aws_server: Aws) -> str:
    aws_server.door("POST", "reset", {})
    aws_server.client("logs").create_log_group(logGroupName=GROUP)
    return make_function(aws_server, CODE)


@pytest.fixture(scope="module")
def api(aws_server: Aws, function: str) -> Api:
    return make_api(aws_server, function, stage=STAGE)


def post(api: Api, order: Any = None, content: bytes = b"{}", **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if order is not None:
        headers["x-order"] = json.dumps(order)
    return httpx.post(api.url, content=content, headers=headers, timeout=30)


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.text


def failed(status: int, text: str) -> tuple[int, str]:
    return status, json.dumps({"message": text}, separators=(",", ":"))


def access_log(aws: Aws) -> list[dict[str, str]]:
    events = aws.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    return [json.loads(event["message"]) for event in events]


def logged(aws: Aws, answer: httpx.Response) -> dict[str, str]:
    request_id = answer.headers["apigw-requestid"]
    (line,) = until(lambda: [line for line in access_log(aws) if line["id"] == request_id], "the access log's line")
    return dict(line)


def test_the_address_of_an_api_is_one_that_resolves_everywhere(aws_server: Aws, api: Api) -> None:
    endpoint = f"{aws_server.url}/_aws/execute-api/{api.id}"
    client = aws_server.client("apigatewayv2")
    assert client.get_api(ApiId=api.id)["ApiEndpoint"] == endpoint
    assert client.update_api(ApiId=api.id, Description="x")["ApiEndpoint"] == endpoint
    assert endpoint in [each["ApiEndpoint"] for each in client.get_apis()["Items"]]


def test_what_the_function_sees(api: Api) -> None:
    answer = httpx.post(
        f"{api.url}?a=1&a=2&b=%20",
        content="{}",
        headers=[
            ("Content-Type", "application/json"),
            ("User-Agent", "me"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("Cookie", "c=1; d=2"),
        ],
        timeout=30,
    )
    event = answer.json()
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "POST /genesys",
        "rawPath": "/genesys",
        "rawQueryString": "a=1&a=2&b=%20",
        "cookies": ["c=1", "d=2"],
        "queryStringParameters": {"a": "1,2", "b": " "},
        "body": "{}",
        "isBase64Encoded": False,
    }
    assert (headers["x-twice"], headers["x-forwarded-for"]) == ("1,2", "127.0.0.1")
    assert "cookie" not in headers
    assert context["http"] == {
        "method": "POST",
        "path": "/genesys",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "me",
    }
    assert (context["apiId"], context["stage"], context["accountId"]) == (api.id, "$default", ACCOUNT)
    assert context["requestId"] == answer.headers["apigw-requestid"]


@pytest.mark.parametrize(
    ("content_type", "content", "text"),
    [
        ("application/json; charset=utf-8", '{"ä": "\u2028👩"}'.encode(), '{"ä": "\u2028👩"}'),
        ("text/plain", b"x", "x"),
        ("application/octet-stream", b"x", None),
        ("application/x-www-form-urlencoded", b"a=1", None),
        ("", b"x", None),
        ("application/json", b'{"a": "\xff\xfe"}', None),  # never lost, never replaced
    ],
)
def test_a_body_comes_as_text_or_as_base64(api: Api, content_type: str, content: bytes, text: str | None) -> None:
    event = post(api, content=content, content_type=content_type).json()
    assert event["isBase64Encoded"] is (text is None)
    assert event["body"] == (base64.b64encode(content).decode() if text is None else text)


def test_without_a_body_there_is_none(api: Api) -> None:
    event = post(api, content=b"").json()
    assert (event.get("body"), event["isBase64Encoded"]) == (None, False)


@pytest.mark.parametrize(
    ("reply", "status", "content", "content_type"),
    [
        ({"statusCode": 202, "body": "é"}, 202, "é".encode(), "text/plain; charset=utf-8"),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, 200, b"\0\xff", "text/plain; charset=utf-8"),
        ({"statusCode": 503, "headers": {"retry-after": 1, "Content-Type": "a/b"}}, 503, b"", "a/b"),
        ({"anything": "else"}, 200, b'{"anything": "else"}', "application/json"),
        ("a text", 200, b"a text", "application/json"),
    ],
)
def test_what_the_caller_sees(api: Api, reply: Any, status: int, content: bytes, content_type: str) -> None:
    answer = post(api, {"return": reply})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (status, content, content_type)


@pytest.mark.parametrize(
    "reply",
    [
        {"statusCode": "yes"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "a text"}},
        {"statusCode": 200, "headers": ["no"]},
        {"statusCode": 200, "headers": {"a": {}}},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
    ],
)
def test_a_malformed_reply_is_an_internal_error(api: Api, reply: Any) -> None:
    assert said(post(api, {"return": reply})) == failed(500, "Internal Server Error")


def test_a_failing_function_says_nothing_of_itself_but_in_the_access_log(aws_server: Aws, api: Api) -> None:
    answer = post(api, {"raise": "the secret"})
    assert said(answer) == failed(500, "Internal Server Error")
    line = logged(aws_server, answer)
    assert (line["status"], line["integration"], line["function"]) == ("500", "200", "-")
    assert line["error"] == f"The Lambda function returned the following error: the secret. {NOT_OURS}"


def test_a_function_that_dies(api: Api) -> None:
    assert said(post(api, {"exit": 1})) == failed(500, "Internal Server Error")
    assert post(api).status_code == 200


def test_a_function_that_times_out(aws_server: Aws, function: str) -> None:
    aws_server.client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    try:
        patient = make_api(aws_server, function)
        assert said(post(patient, {"sleep": 3})) == failed(500, "Internal Server Error")
    finally:
        aws_server.client("lambda").update_function_configuration(FunctionName=function, Timeout=6)


def test_a_function_that_takes_longer_than_the_integration_waits(aws_server: Aws, function: str) -> None:
    impatient = make_api(aws_server, function, timeout_ms=200, stage=STAGE)
    answer = post(impatient, {"sleep": 2})
    assert said(answer) == failed(503, "Service Unavailable")
    assert logged(aws_server, answer)["integration"] == "-"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/genesys"), ("PUT", "/genesys"), ("OPTIONS", "/genesys"), ("POST", "/genesys/"), ("POST", "/")],
)
def test_another_method_or_path_is_not_found(aws_server: Aws, api: Api, method: str, path: str) -> None:
    answer = httpx.request(method, f"{aws_server.url}/_aws/execute-api/{api.id}{path}")
    assert said(answer) == failed(404, "Not Found")
    assert logged(aws_server, answer)["route"] == "-"


def test_an_unknown_api_is_not_found(aws_server: Aws) -> None:
    answer = httpx.post(f"{aws_server.url}/_aws/execute-api/0000/genesys")
    assert said(answer) == failed(404, "Not Found")


def test_a_named_stage(aws_server: Aws, function: str) -> None:
    api = make_api(aws_server, function, stage_name="v1")
    assert said(post(api)) == failed(404, "Not Found")
    event = httpx.post(api.url.replace("/genesys", "/v1/genesys"), timeout=30).json()
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/v1/genesys", "v1")


def test_a_stage_without_a_deployment_serves_nothing(aws_server: Aws, function: str) -> None:
    api = make_api(aws_server, function, stage={"AutoDeploy": False})
    assert said(post(api)) == failed(404, "Not Found")


def test_a_body_of_ten_megabytes_is_the_limit_and_over_six_reach_no_function(aws_server: Aws, api: Api) -> None:
    too_long = b"x" * (10 * 1024 * 1024 + 1)
    aws_server.door("DELETE", "aws/calls")
    assert said(post(api, content=too_long)) == failed(413, "Request Entity Too Large")
    assert aws_server.calls() == []
    assert said(post(api, content=too_long[:-1])) == failed(413, "Request Entity Too Large")
    assert [call["status"] for call in aws_server.calls("lambda:InvokeFunction")] == [413]


def test_two_megabytes_pass(api: Api) -> None:
    content = b'"' + b"x" * (2 * 1024 * 1024) + b'"'
    assert post(api, content=content).json()["body"] == content.decode()


def test_request_line_and_headers_are_limited(api: Api) -> None:
    assert said(post(api, x_long="x" * 10_240)) == failed(431, "Request Header Fields Too Large")
    assert post(api, x_long="x" * 9_000).status_code == 200


def test_without_the_permission_for_its_route_an_api_does_not_reach_the_function(
    aws_server: Aws, function: str
) -> None:
    for permission, statuses in [
        ("*/POST/genesys", (200,)),
        ("$default/POST/*", (200,)),
        ("*/GET/genesys", (500,)),
        ("v1/POST/genesys", (500,)),
        (None, (500,)),
    ]:
        api = make_api(aws_server, function, permission=permission, stage=STAGE)
        answer = post(api)
        if permission:
            aws_server.client("lambda").remove_permission(FunctionName=function, StatementId=api.id)
            assert said(post(api)) == failed(500, "Internal Server Error"), "removed"
        assert (answer.status_code,) == statuses, permission
    assert logged(aws_server, answer)["error"].startswith("The IAM role configured on the integration or API Gateway")


def test_the_stage_throttles(aws_server: Aws, function: str) -> None:
    settings = {"DefaultRouteSettings": {"ThrottlingBurstLimit": 3, "ThrottlingRateLimit": 0.05}}
    api = make_api(aws_server, function, stage=settings, permission=None)

    async def flood() -> list[tuple[int, str]]:
        async with httpx.AsyncClient(timeout=30) as client:
            return [said(each) for each in await asyncio.gather(*(client.post(api.url) for _ in range(20)))]

    answers = asyncio.run(flood())
    assert answers.count(failed(429, "Too Many Requests")) == 17
    assert answers.count(failed(500, "Internal Server Error")) == 3  # no permission: the bucket comes before it


def test_more_requests_than_workers_wait_for_one(aws_server: Aws, function: str) -> None:
    patient = make_api(aws_server, function)

    async def flood() -> list[int]:
        headers = {"x-order": json.dumps({"sleep": 0.1})}
        async with httpx.AsyncClient(timeout=30, headers=headers) as client:
            return [each.status_code for each in await asyncio.gather(*(client.post(patient.url) for _ in range(12)))]

    assert asyncio.run(flood()) == [200] * 12


def test_the_access_log(aws_server: Aws, api: Api) -> None:
    answer = post(api, user_agent='an "agent"')
    line = logged(aws_server, answer)
    assert 0 <= int(line.pop("latency")) < 5000
    assert line.pop("time").endswith(" +0000")
    assert line == {
        "id": answer.headers["apigw-requestid"],
        "route": "POST /genesys",
        "status": "200",
        "length": str(len(answer.content)),
        "integration": "200",
        "function": "200",
        "error": "-",
        "ip": "127.0.0.1",
        "method": "POST",
        "agent": 'an "agent"',
        "none": "-",
    }


def test_a_fault_at_the_door_of_the_api(aws_server: Aws, api: Api) -> None:
    aws_server.fault("execute-api:Invoke", status=503)
    aws_server.door("DELETE", "aws/calls")
    assert said(post(api)) == failed(503, "Service Unavailable")
    assert aws_server.calls("lambda:InvokeFunction") == []
    assert post(api).status_code == 200


def test_the_call_record_shows_the_route_on_whose_behalf_the_function_is_invoked(
    aws_server: Aws, api: Api, function: str
) -> None:
    aws_server.door("DELETE", "aws/calls")
    post(api)
    (call,) = aws_server.calls("lambda:InvokeFunction")
    assert (call["principal"], call["resource"], call["status"]) == ("apigateway.amazonaws.com", function, 200)
    assert call["source"] == f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api.id}/$default/POST/genesys"


def test_routes_stages_and_integrations(aws_server: Aws, api: Api) -> None:
    client = aws_server.client("apigatewayv2")
    (route,) = client.get_routes(ApiId=api.id)["Items"]
    integration = route["Target"].removeprefix("integrations/")
    for call, arguments in [
        (client.create_route, {"RouteKey": "POST /genesys"}),
        (client.create_stage, {"StageName": "$default"}),
        (client.delete_integration, {"IntegrationId": integration}),
    ]:
        with pytest.raises(client.exceptions.ConflictException):
            call(ApiId=api.id, **arguments)
