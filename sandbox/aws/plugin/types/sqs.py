"""Amazon SQS: queue and its policy."""

from ..rules import at_most_one, between, is_json, length, matches, one_of
from ..table import Call, Kind, Prop, Props, Tagging, Type, named

# SQS has but a name and a map of texts.
_QUEUE = ("QueueName", "QueueUrl")


def _attributes(params: Props) -> Props:
    return {name: value for name, value in params.items() if name in _QUEUE} | {
        "Attributes": {name: _text(value) for name, value in params.items() if name not in _QUEUE}
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _all(params: Props) -> Props:
    return {**params, "AttributeNames": ["All"]}


QUEUE = Type(
    "aws:sqs/queue:Queue",
    "sqs",
    own={
        **named("QueueName", length(1, 80), matches(r"^[0-9A-Za-z_-]+(\.fifo)?$")),
        "contentBasedDeduplication": Prop("ContentBasedDeduplication", Kind.BOOL, default=False),
        "deduplicationScope": Prop("DeduplicationScope", computed=True, rules=(one_of("messageGroup", "queue"),)),
        "delaySeconds": Prop("DelaySeconds", Kind.INT, default=0, rules=(between(0, 900),)),
        "fifoQueue": Prop("FifoQueue", Kind.BOOL, replaces=True, default=False),
        "fifoThroughputLimit": Prop(
            "FifoThroughputLimit", computed=True, rules=(one_of("perQueue", "perMessageGroupId"),)
        ),
        "kmsDataKeyReusePeriodSeconds": Prop(
            "KmsDataKeyReusePeriodSeconds", Kind.INT, computed=True, rules=(between(60, 86_400),)
        ),
        "kmsMasterKeyId": Prop("KmsMasterKeyId"),
        "maxMessageSize": Prop("MaximumMessageSize", Kind.INT, default=1_048_576, rules=(between(1024, 1_048_576),)),
        "messageRetentionSeconds": Prop(
            "MessageRetentionPeriod", Kind.INT, default=345_600, rules=(between(60, 1_209_600),)
        ),
        "policy": Prop("Policy", Kind.POLICY, computed=True, rules=(is_json,)),
        "receiveWaitTimeSeconds": Prop("ReceiveMessageWaitTimeSeconds", Kind.INT, default=0, rules=(between(0, 20),)),
        "redriveAllowPolicy": Prop("RedriveAllowPolicy", Kind.JSON, computed=True, rules=(is_json,)),
        "redrivePolicy": Prop("RedrivePolicy", Kind.JSON, computed=True, rules=(is_json,)),
        "sqsManagedSseEnabled": Prop("SqsManagedSseEnabled", Kind.BOOL, computed=True),
        "visibilityTimeoutSeconds": Prop("VisibilityTimeout", Kind.INT, default=30, rules=(between(0, 43_200),)),
    },
    rules=(at_most_one("name", "namePrefix"), at_most_one("kmsMasterKeyId", "sqsManagedSseEnabled")),
    key={"QueueUrl": "id"},
    id=lambda _, answer: answer["QueueUrl"],
    create=(Call("create_queue", shape=lambda params: _attributes(_without_fifo(params))),),
    read=Call("get_queue_attributes", shape=_all),
    find=lambda answer, props: {**answer["Attributes"], "QueueName": props["id"].rpartition("/")[2]},
    update=(Call("set_queue_attributes", shape=_attributes),),
    delete=(Call("delete_queue"),),
    outputs={"arn": "QueueArn", "url": lambda seen: seen.props["id"]},
    tagging=Tagging(
        read="list_queue_tags",
        add="tag_queue",
        remove="untag_queue",
        key={"QueueUrl": "id"},
        on_create="tags",
    ),
)


def _without_fifo(params: Props) -> Props:
    """A standard queue has no such attributes: AWS takes not even a false one."""
    fifo = params.get("FifoQueue")
    return {
        name: value for name, value in params.items() if fifo or name not in ("FifoQueue", "ContentBasedDeduplication")
    }


_PUT_POLICY = Call("set_queue_attributes", send=("policy",), shape=_attributes)
POLICY = Type(
    "aws:sqs/queuePolicy:QueuePolicy",
    "sqs",
    own={
        "policy": Prop("Policy", Kind.POLICY, required=True, rules=(is_json,)),
        "queueUrl": Prop(required=True, replaces=True),
    },
    key={"QueueUrl": "queueUrl"},
    id=lambda props, _: props["queueUrl"],
    create=(_PUT_POLICY,),
    read=Call("get_queue_attributes", shape=_all),
    find=lambda answer, _: answer["Attributes"] if answer["Attributes"].get("Policy") else None,
    update=(_PUT_POLICY,),
    delete=(Call("set_queue_attributes", shape=lambda params: {**params, "Attributes": {"Policy": ""}}),),
)

TYPES = (QUEUE, POLICY)
