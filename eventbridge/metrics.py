"""The metrics that alarms and dashboard look at: AWS's own, by the dimensions that AWS documents, and the ingress'."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

OURS = "GenesysEventBridge"
"""Namespace of what the ingress counts."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One time series. With one dimension too few or too many it is another one, which nobody ever writes to."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Sum"


def of_rule(name: str, rule_name: pulumi.Input[str], bus_name: pulumi.Input[str] | None = None) -> Metric:
    """EventBridge's of a rule. Without a bus it is the default bus's: a rule on another has both dimensions."""
    bus = {} if bus_name is None else {"EventBusName": bus_name}
    return Metric(namespace="AWS/Events", name=name, dimensions={**bus, "RuleName": rule_name})


def of_partner(source_name: pulumi.Input[str]) -> Metric:
    """How many events of a partner event source EventBridge has taken in."""
    return Metric(namespace="AWS/Events", name="Events", dimensions={"EventSourceName": source_name})


def of_queue(name: str, queue_name: pulumi.Input[str]) -> Metric:
    """SQS's: levels, of which the highest counts."""
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": queue_name}, statistic="Maximum")


def of_api(name: str, api_id: pulumi.Input[str]) -> Metric:
    """An HTTP API's, which are called `4xx` and `5xx`; a REST API's have other names."""
    return Metric(namespace="AWS/ApiGateway", name=name, dimensions={"ApiId": api_id})


def of_function(name: str, function_name: pulumi.Input[str], statistic: str = "Sum") -> Metric:
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": function_name}, statistic=statistic)


def of_ingress(name: str, stack: str, statistic: str = "Sum", **dimensions: str) -> Metric:
    return Metric(namespace=OURS, name=name, dimensions={"Stack": stack, **dimensions}, statistic=statistic)
