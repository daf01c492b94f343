"""The functions of pulumi-aws: what they answer, by their token."""

from collections.abc import Callable, Mapping

from .cloud import Cloud
from .table import Props


def caller_identity(cloud: Cloud) -> Props:
    who = cloud.identity
    return {"accountId": who["Account"], "arn": who["Arn"], "id": who["Account"], "userId": who["UserId"]}


def region(cloud: Cloud) -> Props:
    return {
        "description": cloud.region,  # AWS's own name of it, such as "US East (N. Virginia)", is not looked up
        "endpoint": f"ec2.{cloud.region}.{_suffix(cloud)}",
        "id": cloud.region,
        "name": cloud.region,
        "region": cloud.region,
    }


def partition(cloud: Cloud) -> Props:
    suffix = _suffix(cloud)
    return {
        "dnsSuffix": suffix,
        "id": cloud.partition,
        "partition": cloud.partition,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _suffix(cloud: Cloud) -> str:
    return "amazonaws.com.cn" if cloud.partition == "aws-cn" else "amazonaws.com"


INVOKES: Mapping[str, Callable[[Cloud], Props]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getRegion:getRegion": region,
}
