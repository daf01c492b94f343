"""Lines that AWS's services write to log groups on behalf of the stack."""

import time
from collections.abc import Sequence

from . import metric_filters
from .environment import ACCOUNT, REGION
from .inside import cloudwatch_logs


def exists(group: str) -> bool:
    return group in cloudwatch_logs._log_groups


def write(group: str, stream: str, lines: Sequence[str]) -> None:
    """To a group that exists; a stream is made when it doesn't."""
    where = {"logGroupName": group, "logStreamName": stream}
    if stream not in cloudwatch_logs._log_groups[group]["streams"]:
        cloudwatch_logs._create_log_stream(where)
    now = int(time.time() * 1000)
    cloudwatch_logs._put_log_events(where | {"logEvents": [{"timestamp": now, "message": line} for line in lines]})
    metric_filters.read(group, lines)


def group_of(arn: str) -> str:
    """`arn:aws:logs:…:log-group:<name>`, with or without `:*`."""
    return arn.partition(":log-group:")[2].removesuffix(":*")


def arn(group: str, stream: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"
