"""AWS Lambda: function, permission, event source mapping of a queue."""

import json

from ..rules import at_most, between, each, is_arn, length, matches, one_of
from ..table import Call, Kind, Prop, Props, Seen, Tagging, Type, named

LATEST = "$LATEST"
CODE = ("architectures", "code", "sourceCodeHash")
CONFIGURATION = (
    "description",
    "environment",
    "handler",
    "loggingConfig",
    "memorySize",
    "role",
    "runtime",
    "timeout",
)


def _invoke_arn(seen: Seen, function: str, path: str = "2015-03-31", end: str = "invocations") -> str:
    return seen.cloud.arn("apigateway", f"path/{path}/functions/{function}/{end}").replace(
        f":{seen.cloud.account}:path", ":lambda:path"
    )


def _with_variables(params: Props) -> Props:
    """An environment that has been emptied says so: AWS keeps what isn't mentioned."""
    if "Environment" not in params:
        return params
    return {**params, "Environment": {"Variables": {}, **params["Environment"]}}


FUNCTION = Type(
    "aws:lambda/function:Function",
    "lambda",
    own={
        "name": Prop("FunctionName", replaces=True, autonamed=True, rules=(length(1, 64), matches(r"^[\w-]+$"))),
        "architectures": Prop(
            "Architectures", Kind.LIST, computed=True, rules=(each(one_of("arm64", "x86_64")), at_most(1))
        ),
        "code": Prop("ZipFile", Kind.ARCHIVE, required=True, write_only=True),
        "description": Prop("Description"),
        "environment": Prop("Environment", Kind.BLOCK, fields={"variables": Prop("Variables", Kind.MAP)}),
        "handler": Prop("Handler", required=True, rules=(length(1, 128),)),
        "loggingConfig": Prop(
            "LoggingConfig",
            Kind.BLOCK,
            computed=True,
            fields={
                "applicationLogLevel": Prop("ApplicationLogLevel", computed=True),
                "logFormat": Prop("LogFormat", required=True, rules=(one_of("JSON", "Text"),)),
                "logGroup": Prop("LogGroup", computed=True),
                "systemLogLevel": Prop("SystemLogLevel", computed=True),
            },
        ),
        "memorySize": Prop("MemorySize", Kind.INT, default=128, rules=(between(128, 10_240),)),
        "packageType": Prop("PackageType", replaces=True, default="Zip", rules=(one_of("Zip"),)),
        "publish": Prop(kind=Kind.BOOL, default=False),
        "role": Prop("Role", required=True, rules=(is_arn,)),
        "runtime": Prop("Runtime", required=True),
        "skipDestroy": Prop(kind=Kind.BOOL, default=False),
        "sourceCodeHash": Prop(computed=True),
        "timeout": Prop("Timeout", Kind.INT, default=3, rules=(between(1, 900),)),
    },
    key={"FunctionName": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_function", shape=lambda params: {"Code": {"ZipFile": params.pop("ZipFile")}, **params}),),
    read=Call("get_function"),
    find=lambda answer, _: answer["Configuration"],
    ready=lambda seen: (
        seen.get("State", "Active") != "Pending" and seen.get("LastUpdateStatus", "Successful") != "InProgress"
    ),
    update=(
        Call("update_function_configuration", send=CONFIGURATION, shape=_with_variables),
        Call("update_function_code", send=("code", "architectures"), on=("sourceCodeHash",)),
    ),
    delete=(Call("delete_function", when=lambda props: not props.get("skipDestroy")),),
    outputs={
        "arn": "FunctionArn",
        "codeSha256": "CodeSha256",
        "invokeArn": lambda seen: _invoke_arn(seen, seen.answer["FunctionArn"]),
        "lastModified": "LastModified",
        "qualifiedArn": lambda seen: f"{seen.answer['FunctionArn']}:{LATEST}",
        "qualifiedInvokeArn": lambda seen: _invoke_arn(seen, f"{seen.answer['FunctionArn']}:{LATEST}"),
        "responseStreamingInvokeArn": lambda seen: _invoke_arn(
            seen, seen.answer["FunctionArn"], "2021-11-15", "response-streaming-invocations"
        ),
        "sourceCodeSize": "CodeSize",
        "version": lambda _: LATEST,
    },
    changing={
        "codeSha256": CODE,
        "lastModified": (*CODE, *CONFIGURATION),
        "sourceCodeSize": CODE,
    },
    tagging=Tagging(read="list_tags", add="tag_resource", remove="untag_resource", key={"Resource": "arn"}),
)


def _statement(answer: Props, props: Props) -> Props | None:
    """The statement of the function's policy, under the names of the call that adds it."""
    statements = json.loads(answer["Policy"])["Statement"]
    found = next((each for each in statements if each["Sid"] == props["statementId"]), None)
    if found is None:
        return None
    who = found["Principal"]
    equal = found.get("Condition", {}).get("StringEquals", {})
    return {
        "Action": found["Action"],
        "EventSourceToken": equal.get("lambda:EventSourceToken"),
        "FunctionName": props["function"],
        "Principal": who if isinstance(who, str) else who.get("AWS") or who.get("Service"),
        "PrincipalOrgID": equal.get("aws:PrincipalOrgID"),
        "SourceAccount": equal.get("AWS:SourceAccount"),
        "SourceArn": found.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
        "StatementId": found["Sid"],
    }


PERMISSION = Type(
    "aws:lambda/permission:Permission",
    "lambda",
    own={
        **named("StatementId", length(1, 100), matches(r"^[\w-]+$"), name="statementId"),
        "action": Prop(
            "Action", required=True, replaces=True, rules=(matches(r"^(lambda:[*]|lambda:[a-zA-Z]+|[*])$"),)
        ),
        "eventSourceToken": Prop("EventSourceToken", replaces=True),
        "function": Prop("FunctionName", required=True, replaces=True),
        "principal": Prop("Principal", required=True, replaces=True),
        "principalOrgId": Prop("PrincipalOrgID", replaces=True),
        "sourceAccount": Prop("SourceAccount", replaces=True, rules=(matches(r"^\d{12}$"),)),
        "sourceArn": Prop("SourceArn", replaces=True, rules=(is_arn,)),
    },
    key={"FunctionName": "function"},
    id=lambda props, _: props["statementId"],
    create=(Call("add_permission"),),
    read=Call("get_policy"),
    find=_statement,
    delete=(Call("remove_permission", send=("statementId",)),),
)

MAPPING_UPDATES = (
    "batchSize",
    "enabled",
    "functionName",
    "functionResponseTypes",
    "maximumBatchingWindowInSeconds",
    "scalingConfig",
)


def _mapping(answer: Props, props: Props) -> Props:
    """With what it is made from, as far as AWS tells it in other words.

    AWS knows the function by its ARN, and pulumi-aws shows that one and takes the name for the same. Here the name that
    was given stays.
    """
    arn, given = answer["FunctionArn"], props.get("functionName")
    name = given if given and arn.endswith(f":function:{given}") else arn
    return {**answer, "FunctionName": name, "Enabled": answer["State"] in ("Enabled", "Enabling")}


EVENT_SOURCE_MAPPING = Type(
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "lambda",
    own={
        "batchSize": Prop("BatchSize", Kind.INT, default=10, rules=(between(1, 10_000),)),  # AWS's default for queues
        "enabled": Prop("Enabled", Kind.BOOL, default=True),
        "eventSourceArn": Prop("EventSourceArn", required=True, replaces=True, rules=(matches("^arn:[^:]+:sqs:"),)),
        "functionName": Prop("FunctionName", required=True),
        "functionResponseTypes": Prop(
            "FunctionResponseTypes", Kind.LIST, rules=(each(one_of("ReportBatchItemFailures")),)
        ),
        "maximumBatchingWindowInSeconds": Prop(
            "MaximumBatchingWindowInSeconds", Kind.INT, default=0, rules=(between(0, 300),)
        ),
        "scalingConfig": Prop(
            "ScalingConfig",
            Kind.BLOCK,
            fields={"maximumConcurrency": Prop("MaximumConcurrency", Kind.INT, rules=(between(2, 1000),))},
        ),
    },
    key={"UUID": "id"},
    id=lambda _, answer: answer["UUID"],
    create=(Call("create_event_source_mapping"),),
    read=Call("get_event_source_mapping"),
    find=_mapping,
    ready=lambda seen: seen["State"] not in ("Creating", "Enabling", "Disabling", "Updating"),
    update=(Call("update_event_source_mapping", send=MAPPING_UPDATES),),
    delete=(Call("delete_event_source_mapping"),),
    outputs={
        "arn": "EventSourceMappingArn",
        "functionArn": "FunctionArn",
        "lastModified": "LastModified",
        "lastProcessingResult": "LastProcessingResult",
        "state": "State",
        "stateTransitionReason": "StateTransitionReason",
        "uuid": "UUID",
    },
    changing={"functionArn": ("functionName",), "lastModified": MAPPING_UPDATES, "state": ("enabled",)},
    tagging=Tagging(read="list_tags", add="tag_resource", remove="untag_resource", key={"Resource": "arn"}),
)

TYPES = (FUNCTION, PERMISSION, EVENT_SOURCE_MAPPING)
