"""CloudWatch Logs: log group."""

from ..rules import at_most_one, length, matches, one_of
from ..table import Call, Kind, Prop, Tagging, Type, named

DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

GROUP = Type(
    "aws:cloudwatch/logGroup:LogGroup",
    "logs",
    own={
        **named("logGroupName", length(1, 512), matches(r"^[0-9A-Za-z_./#-]+$")),
        "kmsKeyId": Prop("kmsKeyId"),
        "logGroupClass": Prop(
            "logGroupClass",
            replaces=True,
            computed=True,
            rules=(one_of("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),),
        ),
        "retentionInDays": Prop("retentionInDays", Kind.INT, default=0, rules=(one_of(*DAYS),)),
        "skipDestroy": Prop(kind=Kind.BOOL, default=False),
    },
    rules=(at_most_one("name", "namePrefix"),),
    key={"logGroupName": "name"},
    id=lambda props, _: props["name"],
    create=(
        Call("create_log_group", send=("name", "kmsKeyId", "logGroupClass")),
        Call("put_retention_policy", send=("retentionInDays",), when=lambda props: props["retentionInDays"]),
    ),
    read=Call("describe_log_groups", shape=lambda params: {"logGroupNamePrefix": params["logGroupName"]}),
    find=lambda answer, props: next(
        (each for each in answer["logGroups"] if each["logGroupName"] == props["name"]), None
    ),
    update=(
        Call("put_retention_policy", send=("retentionInDays",), when=lambda props: props["retentionInDays"]),
        Call(
            "delete_retention_policy",
            send=(),
            on=("retentionInDays",),
            when=lambda props: not props["retentionInDays"],
        ),
        Call("associate_kms_key", send=("kmsKeyId",), when=lambda props: bool(props.get("kmsKeyId"))),
        Call("disassociate_kms_key", send=(), on=("kmsKeyId",), when=lambda props: not props.get("kmsKeyId")),
    ),
    delete=(Call("delete_log_group", when=lambda props: not props.get("skipDestroy")),),
    outputs={"arn": lambda seen: seen.answer["arn"].removesuffix(":*")},
    tagging=Tagging(
        read="list_tags_for_resource",
        add="tag_resource",
        remove="untag_resource",
        key={"resourceArn": "arn"},
        tags="tags",
        keys="tagKeys",
        on_create="tags",
    ),
)

TYPES = (GROUP,)
