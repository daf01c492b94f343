"""Amazon CloudWatch: metric alarm, dashboard."""

from typing import Any

from ..rules import at_least, at_most, at_most_one, each, is_arn, is_json, length, matches, multiple_of, one_of
from ..table import Call, Kind, Prop, Props, Tagging, Type

TAGGING = Tagging(
    read="list_tags_for_resource",
    add="tag_resource",
    remove="untag_resource",
    key={"ResourceARN": "arn"},
    pairs=True,
)
_SIZES = [f"{size}{unit}" for unit in ("bytes", "bits") for size in ("kilo", "mega", "giga", "tera")]
_AMOUNTS = ("Bytes", "Bits", *(size.capitalize() for size in _SIZES))
UNITS = (
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
    *(form for amount in _AMOUNTS for form in (amount, f"{amount}/Second")),
)
"""Those that CloudWatch knows."""

NOT_FOUND = frozenset({"ResourceNotFound"})
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
EXTENDED = r"^((p|tm|wm|tc|ts)(\d{1,2}(\.\d{1,2})?|100)|IQM|(TM|WM|PR|TC|TS)\((\d+(\.\d+)?%?)?:(\d+(\.\d+)?%?)?\))$"
OPERATORS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
NAMESPACE = (length(1, 255), matches(r"[^:].*"))
DIMENSIONS = Prop("Dimensions", Kind.MAP)
UNIT = Prop("Unit", rules=(one_of(*UNITS),))


def _actions(aws: str, *rules: Any) -> Prop:
    return Prop(aws, Kind.LIST, unordered=True, rules=(*rules, each(is_arn)))


def _alarm(params: Props) -> Props:
    """As AWS wants it: dimensions in a list, a metric beside its statistic, and either a threshold or a band."""
    if "ThresholdMetricId" in params:
        del params["Threshold"]
    if "Dimensions" in params:
        params["Dimensions"] = _pairs(params["Dimensions"])
    for query in params.get("Metrics", ()):
        query.setdefault("ReturnData", False)  # without it, AWS takes true
        if stat := query.get("MetricStat"):
            metric = {name: stat.pop(name) for name in ("Namespace", "MetricName", "Dimensions") if name in stat}
            stat["Metric"] = metric | {"Dimensions": _pairs(metric.get("Dimensions", {}))}
    return params


def _found(answer: Props, _: Props) -> Props | None:
    """The same, the other way round."""
    if not answer["MetricAlarms"]:
        return None
    alarm = answer["MetricAlarms"][0]
    return {
        **alarm,
        "Dimensions": _map(alarm.get("Dimensions")),
        "Metrics": [{**query, "MetricStat": _flat(query.get("MetricStat"))} for query in alarm.get("Metrics", ())],
    }


def _flat(stat: Props | None) -> Props | None:
    if stat is None:
        return None
    return {**stat, **stat["Metric"], "Dimensions": _map(stat["Metric"].get("Dimensions"))}


def _pairs(dimensions: Props) -> list[Props]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _map(dimensions: list[Props] | None) -> Props:
    return {each["Name"]: each["Value"] for each in dimensions or ()}


def _one_statistic(props: Props) -> str | None:
    given = [name for name in ("statistic", "extendedStatistic") if props.get(name)]
    return None if not props.get("metricName") or given else "one of statistic, extendedStatistic is required"


def _metric_or_expression(props: Props) -> str | None:
    queries = props.get("metricQueries")
    both = isinstance(queries, list) and any(
        isinstance(query, dict) and query.get("metric") and query.get("expression") for query in queries
    )
    return "one of metricQueries has both expression and metric: give one of them" if both else None


_PUT_ALARM = Call("put_metric_alarm", whole=True, shape=_alarm)
ALARM = Type(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "cloudwatch",
    own={
        "name": Prop("AlarmName", replaces=True, autonamed=True, rules=(length(1, 255),)),
        "actionsEnabled": Prop("ActionsEnabled", Kind.BOOL, default=True),
        "alarmActions": _actions("AlarmActions"),
        "alarmDescription": Prop("AlarmDescription", rules=(length(0, 1024),)),
        # These two are optional in pulumi-aws, for alarms by PromQL, which the stand-in hasn't.
        "comparisonOperator": Prop("ComparisonOperator", required=True, rules=(one_of(*OPERATORS),)),
        "evaluationPeriods": Prop("EvaluationPeriods", Kind.INT, required=True, rules=(at_least(1),)),
        "datapointsToAlarm": Prop("DatapointsToAlarm", Kind.INT, rules=(at_least(1),)),
        "dimensions": DIMENSIONS,
        "evaluateLowSampleCountPercentiles": Prop(
            "EvaluateLowSampleCountPercentile", computed=True, rules=(one_of("evaluate", "ignore"),)
        ),
        "extendedStatistic": Prop("ExtendedStatistic", rules=(matches(EXTENDED),)),
        "insufficientDataActions": _actions("InsufficientDataActions", at_most(5)),
        "metricName": Prop("MetricName", rules=(length(1, 255),)),
        "metricQueries": Prop(
            "Metrics",
            Kind.BLOCKS,
            unordered=True,
            fields={
                "accountId": Prop("AccountId", rules=(length(1, 255),)),
                "expression": Prop("Expression", rules=(length(1, 1024),)),
                "id": Prop("Id", required=True, rules=(length(1, 255),)),
                "label": Prop("Label"),
                "metric": Prop(
                    "MetricStat",
                    Kind.BLOCK,
                    fields={
                        "dimensions": DIMENSIONS,
                        "metricName": Prop("MetricName", required=True, rules=(length(1, 255),)),
                        "namespace": Prop("Namespace", rules=NAMESPACE),
                        "period": Prop("Period", Kind.INT, required=True, rules=(multiple_of(60, 1, 5, 10, 20, 30),)),
                        "stat": Prop("Stat", required=True, rules=(matches(f"^({'|'.join(STATISTICS)})$|{EXTENDED}"),)),
                        "unit": UNIT,
                    },
                ),
                "period": Prop("Period", Kind.INT, rules=(multiple_of(60, 1, 5, 10, 20, 30),)),
                "returnData": Prop("ReturnData", Kind.BOOL, default=False),
            },
        ),
        "namespace": Prop("Namespace", rules=NAMESPACE),
        "okActions": _actions("OKActions", at_most(5)),
        "period": Prop("Period", Kind.INT, rules=(multiple_of(60, 10, 20, 30),)),
        "statistic": Prop("Statistic", rules=(one_of(*STATISTICS),)),
        "threshold": Prop("Threshold", Kind.NUMBER, default=0.0),
        "thresholdMetricId": Prop("ThresholdMetricId", rules=(length(1, 255),)),
        "treatMissingData": Prop(
            "TreatMissingData", default="missing", rules=(one_of("breaching", "ignore", "missing", "notBreaching"),)
        ),
        "unit": UNIT,
    },
    rules=(
        *(
            at_most_one(name, "metricQueries")
            for name in ("metricName", "namespace", "dimensions", "period", "statistic", "extendedStatistic")
        ),
        at_most_one("statistic", "extendedStatistic"),
        at_most_one("threshold", "thresholdMetricId"),
        _one_statistic,
        _metric_or_expression,
    ),
    key={"AlarmName": "name"},
    id=lambda props, _: props["name"],
    create=(_PUT_ALARM,),
    read=Call(
        "describe_alarms",
        shape=lambda params: {"AlarmNames": [params["AlarmName"]], "AlarmTypes": ["MetricAlarm"]},
    ),
    find=_found,
    update=(_PUT_ALARM,),
    delete=(Call("delete_alarms", shape=lambda params: {"AlarmNames": [params["AlarmName"]]}),),
    gone=NOT_FOUND,
    outputs={"arn": "AlarmArn"},
    tagging=TAGGING,
)

_PUT_DASHBOARD = Call("put_dashboard", whole=True)
DASHBOARD = Type(
    "aws:cloudwatch/dashboard:Dashboard",
    "cloudwatch",
    own={
        "dashboardBody": Prop("DashboardBody", Kind.JSON, required=True, rules=(is_json,)),
        "dashboardName": Prop(
            "DashboardName", required=True, replaces=True, rules=(length(1, 255), matches(r"^[0-9A-Za-z_-]+$"))
        ),
    },
    key={"DashboardName": "dashboardName"},
    id=lambda props, _: props["dashboardName"],
    create=(_PUT_DASHBOARD,),
    read=Call("get_dashboard"),
    update=(_PUT_DASHBOARD,),
    delete=(Call("delete_dashboards", shape=lambda params: {"DashboardNames": [params["DashboardName"]]}),),
    gone=NOT_FOUND,
    outputs={"dashboardArn": "DashboardArn"},
)

TYPES = (ALARM, DASHBOARD)
