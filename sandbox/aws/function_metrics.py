"""`AWS/Lambda` of each invocation, whoever invokes, by FunctionName: Invocations, Errors, Duration, Throttles.

ministack puts them for its Invoke API alone, and counts a throttled call as an invocation, which AWS doesn't.
"""

from . import metrics
from .inside import lambda_svc

NAMESPACE = "AWS/Lambda"


def install() -> None:
    """Take the place of a function of ministack's, which a throttled call reaches twice: first with no duration."""

    def emit(name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: ARG001
        if throttle and not duration_ms:
            metrics.put(NAMESPACE, "Throttles", {"FunctionName": name})

    lambda_svc._emit_lambda_metrics = emit


def invoked(name: str, *, failed: bool, milliseconds: float) -> None:
    dimensions = {"FunctionName": name}
    metrics.put(NAMESPACE, "Invocations", dimensions)
    metrics.put(NAMESPACE, "Errors", dimensions, failed)
    metrics.put(NAMESPACE, "Throttles", dimensions, 0)
    metrics.put(NAMESPACE, "Duration", dimensions, milliseconds, "Milliseconds")
