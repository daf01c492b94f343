"""CloudWatch Logs: log group, metric filter."""

from ..rules import at_most_one, length, matches, one_of
from ..table import Call, Kind, Prop, Props, Tagging, Type, named
from .cloudwatch import UNITS

GROUP_NAME = matches(r"^[0-9A-Za-z_./#-]+$")
DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

GROUP = Type(
    "aws:cloudwatch/logGroup:LogGroup",
    "logs",
    own={
        **named("logGroupName", length(1, 512), GROUP_NAME),
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

_METRIC = (length(1, 255), matches(r"^[^:*$]*$"))


def _filter(params: Props) -> Props:
    """As AWS wants it: a list of one transformation, whose default is a number."""
    metric = params.pop("metricTransformations")
    if "defaultValue" in metric:
        metric["defaultValue"] = float(metric["defaultValue"])
    return {**params, "metricTransformations": [metric]}


def _found(answer: Props, props: Props) -> Props | None:
    """The same, the other way round."""
    for each in answer["metricFilters"]:
        if each["filterName"] == props["name"]:
            metric = dict(each["metricTransformations"][0])
            if "defaultValue" in metric:
                metric["defaultValue"] = f"{metric['defaultValue']:.17g}"
            return {**each, "metricTransformations": metric}
    return None


def _is_number(value: str) -> str | None:
    try:
        float(value)
    except ValueError:
        return "is no number"
    return None


_PUT_FILTER = Call("put_metric_filter", whole=True, shape=_filter)
METRIC_FILTER = Type(
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "logs",
    own={
        "name": Prop("filterName", replaces=True, autonamed=True, rules=(length(1, 512), matches(r"^[^:*]+$"))),
        "applyOnTransformedLogs": Prop("applyOnTransformedLogs", Kind.BOOL, computed=True),
        "logGroupName": Prop("logGroupName", required=True, replaces=True, rules=(length(1, 512), GROUP_NAME)),
        "metricTransformation": Prop(
            "metricTransformations",
            Kind.BLOCK,
            required=True,
            fields={
                "defaultValue": Prop("defaultValue", rules=(_is_number,)),
                "dimensions": Prop("dimensions", Kind.MAP),
                "name": Prop("metricName", required=True, rules=_METRIC),
                "namespace": Prop("metricNamespace", required=True, rules=_METRIC),
                "unit": Prop("unit", default="None", rules=(one_of(*UNITS),)),
                "value": Prop("metricValue", required=True, rules=(length(0, 100),)),
            },
        ),
        "pattern": Prop("filterPattern", required=True, rules=(length(1, 1024),)),
    },
    key={"logGroupName": "logGroupName", "filterName": "name"},
    id=lambda props, _: props["name"],
    create=(_PUT_FILTER,),
    read=Call(
        "describe_metric_filters",
        shape=lambda params: {"logGroupName": params["logGroupName"], "filterNamePrefix": params["filterName"]},
    ),
    find=_found,
    update=(_PUT_FILTER,),
    delete=(Call("delete_metric_filter"),),
)

TYPES = (GROUP, METRIC_FILTER)
