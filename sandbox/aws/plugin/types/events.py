"""Amazon EventBridge: bus, archive, connection, API destination, rule, target."""

from ..rules import at_least_one, at_most_one, between, differs, is_arn, is_json, length, matches, one_of
from ..table import Call, Kind, Prop, Props, Tagging, Type, named

TAGGING = Tagging(
    read="list_tags_for_resource",
    add="tag_resource",
    remove="untag_resource",
    key={"ResourceARN": "arn"},
    pairs=True,
)
NAME = r"^[0-9A-Za-z_.-]+$"
DESCRIPTION = Prop("Description", rules=(length(0, 512),))
DEAD_LETTERS = Prop("DeadLetterConfig", Kind.BLOCK, fields={"arn": Prop("Arn", rules=(is_arn,))})

BUS = Type(
    "aws:cloudwatch/eventBus:EventBus",
    "events",
    own={
        "name": Prop("Name", replaces=True, autonamed=True, rules=(length(1, 256), differs("default"))),
        "description": DESCRIPTION,
        "eventSourceName": Prop(
            "EventSourceName",
            replaces=True,
            write_only=True,  # the real plugin doesn't read it either
            rules=(length(1, 256), matches(r"^aws\.partner(/[.\-_A-Za-z0-9]+){2,}$")),
        ),
        "kmsKeyIdentifier": Prop("KmsKeyIdentifier", rules=(length(1, 2048),)),
        "deadLetterConfig": DEAD_LETTERS,
    },
    key={"Name": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_event_bus"),),
    read=Call("describe_event_bus"),
    update=(Call("update_event_bus"),),
    delete=(Call("delete_event_bus"),),
    outputs={"arn": "Arn"},
    tagging=TAGGING,
)

_PARAMETERS = {
    "isValueSecret": Prop("IsValueSecret", Kind.BOOL, default=False),
    "key": Prop("Key"),
    "value": Prop("Value", secret=True, write_only=True),
}
CONNECTION = Type(
    "aws:cloudwatch/eventConnection:EventConnection",
    "events",
    own={
        "name": Prop("Name", replaces=True, autonamed=True, rules=(length(1, 64), matches(NAME))),
        "description": DESCRIPTION,
        "authorizationType": Prop(
            "AuthorizationType",
            required=True,
            rules=(one_of("API_KEY"),),  # BASIC and OAUTH have no use here
        ),
        "authParameters": Prop(
            "AuthParameters",
            Kind.BLOCK,
            required=True,
            fields={
                "apiKey": Prop(
                    "ApiKeyAuthParameters",
                    Kind.BLOCK,
                    required=True,
                    fields={
                        "key": Prop("ApiKeyName", required=True, rules=(length(1, 512),)),
                        "value": Prop(
                            "ApiKeyValue", required=True, secret=True, write_only=True, rules=(length(1, 512),)
                        ),
                    },
                ),
                "invocationHttpParameters": Prop(
                    "InvocationHttpParameters",
                    Kind.BLOCK,
                    fields={
                        "bodies": Prop("BodyParameters", Kind.BLOCKS, fields=_PARAMETERS),
                        "headers": Prop("HeaderParameters", Kind.BLOCKS, fields=_PARAMETERS),
                        "queryStrings": Prop("QueryStringParameters", Kind.BLOCKS, fields=_PARAMETERS),
                    },
                ),
            },
        ),
    },
    key={"Name": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_connection"),),
    read=Call("describe_connection"),
    # Authorization and its parameters go together, always: AWS takes neither alone.
    update=(Call("update_connection", whole=True, shape=lambda params: {"Description": "", **params}),),
    delete=(Call("delete_connection"),),
    ready=lambda seen: seen["ConnectionState"] in ("AUTHORIZED", "DEAUTHORIZED"),
    outputs={"arn": "ConnectionArn", "secretArn": "SecretArn"},
)

DESTINATION = Type(
    "aws:cloudwatch/eventApiDestination:EventApiDestination",
    "events",
    own={
        "name": Prop("Name", replaces=True, autonamed=True, rules=(length(1, 64), matches(NAME))),
        "description": DESCRIPTION,
        "connectionArn": Prop("ConnectionArn", required=True, rules=(is_arn,)),
        "httpMethod": Prop(
            "HttpMethod", required=True, rules=(one_of("POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"),)
        ),
        "invocationEndpoint": Prop("InvocationEndpoint", required=True),
        "invocationRateLimitPerSecond": Prop(
            "InvocationRateLimitPerSecond", Kind.INT, default=300, rules=(between(1, 2**31 - 1),)
        ),
    },
    key={"Name": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_api_destination"),),
    read=Call("describe_api_destination"),
    update=(Call("update_api_destination"),),
    delete=(Call("delete_api_destination"),),
    outputs={"arn": "ApiDestinationArn"},
)

ARCHIVE = Type(
    "aws:cloudwatch/eventArchive:EventArchive",
    "events",
    own={
        "name": Prop("ArchiveName", replaces=True, autonamed=True, rules=(length(1, 48), matches(NAME))),
        "description": DESCRIPTION,
        "eventPattern": Prop("EventPattern", Kind.JSON, rules=(is_json, length(1, 4096))),
        "eventSourceArn": Prop("EventSourceArn", required=True, replaces=True, rules=(is_arn,)),
        "kmsKeyIdentifier": Prop("KmsKeyIdentifier", rules=(length(1, 2048),)),
        "retentionDays": Prop("RetentionDays", Kind.INT, default=0),  # for ever
    },
    key={"ArchiveName": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_archive"),),
    read=Call("describe_archive"),
    update=(Call("update_archive"),),
    delete=(Call("delete_archive"),),
    ready=lambda seen: seen["State"] in ("ENABLED", "DISABLED"),
    outputs={"arn": "ArchiveArn"},
)

# AWS forgets what a put leaves out, the emulator keeps the description.
_PUT_RULE = Call("put_rule", whole=True, shape=lambda params: {"Description": "", **params})
RULE = Type(
    "aws:cloudwatch/eventRule:EventRule",
    "events",
    own={
        **named("Name", length(1, 64), matches(NAME)),
        "description": DESCRIPTION,
        "eventBusName": Prop("EventBusName", replaces=True, default="default", rules=(length(1, 1600),)),
        "eventPattern": Prop("EventPattern", Kind.JSON, rules=(is_json, length(1, 4096))),
        "scheduleExpression": Prop("ScheduleExpression", rules=(length(0, 256),)),
        "roleArn": Prop("RoleArn", rules=(is_arn,)),
        "state": Prop("State", computed=True, rules=(one_of("ENABLED", "DISABLED"),)),
        "forceDestroy": Prop(kind=Kind.BOOL, default=False),
    },
    rules=(at_least_one("scheduleExpression", "eventPattern"), at_most_one("name", "namePrefix")),
    key={"Name": "name", "EventBusName": "eventBusName"},
    id=lambda props, _: _on_bus(props, "/", props["name"]),
    create=(_PUT_RULE,),
    read=Call("describe_rule"),
    update=(_PUT_RULE,),
    delete=(Call("delete_rule"),),
    outputs={"arn": "Arn"},
    tagging=TAGGING,
)

_PUT_TARGET = Call(
    "put_targets",
    whole=True,
    shape=lambda params: {
        "Rule": params.pop("Rule"),
        "EventBusName": params.pop("EventBusName"),
        "Targets": [params],
    },
)
TARGET = Type(
    "aws:cloudwatch/eventTarget:EventTarget",
    "events",
    own={
        "rule": Prop("Rule", required=True, replaces=True, rules=(length(1, 64), matches(NAME))),
        "eventBusName": Prop("EventBusName", replaces=True, default="default", rules=(length(1, 1600),)),
        "targetId": Prop("Id", replaces=True, computed=True, autonamed=True, rules=(length(1, 64), matches(NAME))),
        "arn": Prop("Arn", required=True, rules=(is_arn,)),
        "roleArn": Prop("RoleArn", rules=(is_arn,)),
        "input": Prop("Input", rules=(is_json, length(0, 8192))),
        "inputPath": Prop("InputPath", rules=(length(0, 256),)),
        "inputTransformer": Prop(
            "InputTransformer",
            Kind.BLOCK,
            fields={
                "inputPaths": Prop("InputPathsMap", Kind.MAP),
                "inputTemplate": Prop("InputTemplate", required=True, rules=(length(1, 8192),)),
            },
        ),
        "httpTarget": Prop(
            "HttpParameters",
            Kind.BLOCK,
            fields={
                "headerParameters": Prop("HeaderParameters", Kind.MAP),
                "pathParameterValues": Prop("PathParameterValues", Kind.LIST),
                "queryStringParameters": Prop("QueryStringParameters", Kind.MAP),
            },
        ),
        "retryPolicy": Prop(
            "RetryPolicy",
            Kind.BLOCK,
            fields={
                "maximumEventAgeInSeconds": Prop("MaximumEventAgeInSeconds", Kind.INT, rules=(between(0, 86400),)),
                "maximumRetryAttempts": Prop("MaximumRetryAttempts", Kind.INT, rules=(between(0, 185),)),
            },
        ),
        "deadLetterConfig": DEAD_LETTERS,
        "sqsTarget": Prop("SqsParameters", Kind.BLOCK, fields={"messageGroupId": Prop("MessageGroupId")}),
        "forceDestroy": Prop(kind=Kind.BOOL, default=False),
    },
    rules=(at_most_one("input", "inputPath", "inputTransformer"),),
    key={"Rule": "rule", "EventBusName": "eventBusName"},
    id=lambda props, _: _on_bus(props, "-", props["rule"], props["targetId"]),
    create=(_PUT_TARGET,),
    read=Call("list_targets_by_rule", shape=lambda params: {**params, "Limit": 100}),
    find=lambda answer, props: _target(answer, props),
    update=(_PUT_TARGET,),
    delete=(
        Call(
            "remove_targets",
            send=("targetId",),
            shape=lambda params: {"Ids": [params.pop("Id")], **params},
        ),
    ),
)


def _on_bus(props: Props, separator: str, *parts: str) -> str:
    """An id in which the default bus isn't named."""
    bus = props["eventBusName"]
    return separator.join(parts if bus == "default" else (bus, *parts))


def _target(answer: Props, props: Props) -> Props | None:
    found = (each for each in answer["Targets"] if each["Id"] == props["targetId"])
    return next(({**each, "Rule": props["rule"], "EventBusName": props["eventBusName"]} for each in found), None)


TYPES = (BUS, ARCHIVE, CONNECTION, DESTINATION, RULE, TARGET)
