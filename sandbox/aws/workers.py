"""Lambda's workers: each has its function's role, writes only to a log group that exists, and ends when it is idle.

AWS ends idle environments too, after minutes. Here all but one of a function go after seconds: one takes about 46 MB.
"""

import asyncio
import hashlib
import time

from . import embedded_metrics, function_metrics, logs, metric_filters
from .authorization import Authorization
from .calls import Calls
from .environment import ACCOUNT
from .inside import Json, lambda_runtime, lambda_svc, sts
from .operations import role_name

SERVICE = "lambda.amazonaws.com"
WRITES = ("logs:CreateLogStream", "logs:PutLogEvents")
SPARE_SECONDS = 10.0
LAST_SECONDS = 300.0
LOOK_SECONDS = 2.0


def install(calls: Calls, authorization: Authorization) -> None:
    """Take the place of ministack's functions."""
    emit_logs = lambda_svc._emit_lambda_logs

    def credentials(config: Json) -> dict[str, str]:
        """A session of the function's role, whose key tells the call record who calls."""
        role, function = str(config["Role"]), str(config["FunctionArn"])
        digest = hashlib.sha256(f"{role} {function}".encode()).hexdigest()
        key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest
        name = f"{role_name(role)}/{config['FunctionName']}"
        session = {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}", "UserId": f"AROA{digest[:16].upper()}:{name}"}
        sts.register_session(key, session | {"SecretAccessKey": secret, "SessionToken": token})
        calls.add("sts:AssumeRole", SERVICE, 200, role, function)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    def emit(function: Json, request_id: str, text: str, error: bool, duration_ms: int, **options: object) -> None:
        """A role without logs:CreateLogGroup makes no group. That none does is ours: no function here should."""
        config = function.get("config") or function
        function_metrics.invoked(str(config["FunctionName"]), failed=error, milliseconds=duration_ms)
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        if not logs.exists(group):
            return
        if not authorization.role_may(str(config["Role"]), WRITES, logs.arn(group, "*")):
            return
        emit_logs(function, request_id, text, error, duration_ms, **options)
        lines = text.splitlines()
        embedded_metrics.read(lines)
        metric_filters.read(group, lines)
        for operation in WRITES:
            calls.add(operation, role_name(str(config["Role"])), 200, logs.arn(group, "*"))

    lambda_runtime.execution_credentials = credentials
    lambda_svc._emit_lambda_logs = emit


def reap(now: float) -> int:
    """End idle workers: those that a function can spare soon, its last one later; how many."""
    ended = []
    with lambda_runtime._lock:
        for key, pool in list(lambda_runtime._workers.items()):
            kept = [worker for worker in pool if worker.in_use or now - worker.last_used < SPARE_SECONDS]
            idle = sorted((worker for worker in pool if worker not in kept), key=lambda worker: worker.last_used)
            if not kept and idle and now - idle[-1].last_used < LAST_SECONDS:
                kept.append(idle.pop())
            ended += idle
            if kept:
                lambda_runtime._workers[key] = kept
            else:
                del lambda_runtime._workers[key]
    lambda_runtime.kill_workers(ended)
    return len(ended)


async def reap_for_ever() -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await asyncio.to_thread(reap, time.time())


def end_all() -> None:
    lambda_runtime.reset()
