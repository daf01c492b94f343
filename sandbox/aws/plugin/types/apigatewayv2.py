"""API Gateway v2: HTTP API, integration, route, stage."""

from ..rules import between, is_arn, length, one_of
from ..table import Call, Kind, Prop, Seen, Tagging, Type

TAGGING = Tagging(read="get_tags", add="tag_resource", remove="untag_resource", key={"ResourceArn": "arn"})

API = Type(
    "aws:apigatewayv2/api:Api",
    "apigatewayv2",
    own={
        "name": Prop("Name", autonamed=True, rules=(length(1, 128),)),
        "protocolType": Prop("ProtocolType", required=True, replaces=True, rules=(one_of("HTTP"),)),
        "apiKeySelectionExpression": Prop("ApiKeySelectionExpression", default="$request.header.x-api-key"),
        "description": Prop("Description", rules=(length(0, 1024),)),
        "disableExecuteApiEndpoint": Prop("DisableExecuteApiEndpoint", Kind.BOOL, default=False),
        "ipAddressType": Prop("IpAddressType", computed=True, rules=(one_of("ipv4", "dualstack"),)),
        "routeSelectionExpression": Prop("RouteSelectionExpression", default="$request.method $request.path"),
        "version": Prop("Version", rules=(length(1, 64),)),
    },
    key={"ApiId": "id"},
    id=lambda _, answer: answer["ApiId"],
    create=(Call("create_api"),),
    read=Call("get_api"),
    update=(Call("update_api"),),
    delete=(Call("delete_api"),),
    outputs={
        "apiEndpoint": "ApiEndpoint",
        "arn": lambda seen: seen.cloud.arn("apigateway", f"/apis/{seen.props['id']}", account=False),
        "executionArn": lambda seen: seen.cloud.arn("execute-api", seen.props["id"]),
    },
    tagging=TAGGING,
)

INTEGRATION = Type(
    "aws:apigatewayv2/integration:Integration",
    "apigatewayv2",
    own={
        "apiId": Prop(required=True, replaces=True),
        "connectionType": Prop("ConnectionType", default="INTERNET", rules=(one_of("INTERNET", "VPC_LINK"),)),
        "credentialsArn": Prop("CredentialsArn", rules=(is_arn,)),
        "description": Prop("Description"),
        "integrationMethod": Prop("IntegrationMethod", computed=True),  # POST, for a function
        "integrationType": Prop("IntegrationType", required=True, replaces=True, rules=(one_of("AWS_PROXY"),)),
        "integrationUri": Prop("IntegrationUri"),
        "payloadFormatVersion": Prop("PayloadFormatVersion", default="1.0", rules=(one_of("1.0", "2.0"),)),
        "timeoutMilliseconds": Prop("TimeoutInMillis", Kind.INT, computed=True, rules=(between(50, 30_000),)),
    },
    key={"ApiId": "apiId", "IntegrationId": "id"},
    id=lambda _, answer: answer["IntegrationId"],
    create=(Call("create_integration"),),
    read=Call("get_integration"),
    update=(Call("update_integration"),),
    delete=(Call("delete_integration"),),
    outputs={"integrationResponseSelectionExpression": "IntegrationResponseSelectionExpression"},
)

ROUTE = Type(
    "aws:apigatewayv2/route:Route",
    "apigatewayv2",
    own={
        "apiId": Prop(required=True, replaces=True),
        "routeKey": Prop("RouteKey", required=True),
        "apiKeyRequired": Prop("ApiKeyRequired", Kind.BOOL, default=False),
        "authorizationType": Prop("AuthorizationType", default="NONE", rules=(one_of("NONE", "AWS_IAM"),)),
        "operationName": Prop("OperationName", rules=(length(1, 64),)),
        "target": Prop("Target", rules=(length(1, 128),)),
    },
    key={"ApiId": "apiId", "RouteId": "id"},
    id=lambda _, answer: answer["RouteId"],
    create=(Call("create_route"),),
    read=Call("get_route"),
    update=(Call("update_route"),),
    delete=(Call("delete_route"),),
)


def _invoke_url(seen: Seen) -> str:
    api = seen.cloud.call("apigatewayv2", "get_api", {"ApiId": seen.props["apiId"]})
    name = seen.props["name"]
    return f"{api['ApiEndpoint']}/{'' if name == '$default' else name}"


STAGE = Type(
    "aws:apigatewayv2/stage:Stage",
    "apigatewayv2",
    own={
        "apiId": Prop(required=True, replaces=True),
        "name": Prop("StageName", replaces=True, autonamed=True, rules=(length(1, 128),)),
        "accessLogSettings": Prop(
            "AccessLogSettings",
            Kind.BLOCK,
            fields={
                "destinationArn": Prop("DestinationArn", required=True, rules=(is_arn,)),
                "format": Prop("Format", required=True),
            },
        ),
        "autoDeploy": Prop("AutoDeploy", Kind.BOOL, default=False),
        "defaultRouteSettings": Prop(
            "DefaultRouteSettings",
            Kind.BLOCK,
            computed=True,
            fields={
                "dataTraceEnabled": Prop("DataTraceEnabled", Kind.BOOL, default=False),
                "detailedMetricsEnabled": Prop("DetailedMetricsEnabled", Kind.BOOL, default=False),
                "loggingLevel": Prop("LoggingLevel", computed=True, rules=(one_of("ERROR", "INFO", "OFF"),)),
                "throttlingBurstLimit": Prop("ThrottlingBurstLimit", Kind.INT),
                "throttlingRateLimit": Prop("ThrottlingRateLimit", Kind.NUMBER),
            },
        ),
        "deploymentId": Prop("DeploymentId", computed=True),
        "description": Prop("Description", rules=(length(0, 1024),)),
        "stageVariables": Prop("StageVariables", Kind.MAP),
    },
    key={"ApiId": "apiId", "StageName": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_stage"),),
    read=Call("get_stage"),
    update=(Call("update_stage"),),
    delete=(Call("delete_stage"),),
    outputs={
        "arn": lambda seen: seen.cloud.arn(
            "apigateway", f"/apis/{seen.props['apiId']}/stages/{seen.props['name']}", account=False
        ),
        "executionArn": lambda seen: seen.cloud.arn("execute-api", f"{seen.props['apiId']}/{seen.props['name']}"),
        "invokeUrl": _invoke_url,
    },
    tagging=TAGGING,
)

TYPES = (API, INTEGRATION, ROUTE, STAGE)
