"""What the sandbox uses of ministack's inside, and nothing else of it: one exact version, checked when it is imported.

ministack publishes no interface for these, so another version may have moved them: better to say so at the start.
"""

from importlib.metadata import version
from types import ModuleType
from typing import Any

from .errors import Unsuitable

__all__ = [
    "Json",
    "apigateway",
    "app",
    "cloudwatch",
    "cloudwatch_logs",
    "concurrency",
    "eventbridge",
    "iam",
    "iam_actions",
    "iam_evaluator",
    "lambda_runtime",
    "lambda_svc",
    "responses",
    "router",
    "secretsmanager",
    "sqs",
    "sts",
]

VERSION = "1.5.33"
Json = dict[str, Any]
"""An object of an AWS API: open by nature."""


if (_found := version("ministack")) != VERSION:
    raise Unsuitable(f"ministack {_found} is installed, {VERSION} is needed: install requirements-dev.txt again")

from ministack import app  # type: ignore[import-untyped]  # noqa: E402
from ministack.core import (  # type: ignore[import-untyped]  # noqa: E402
    concurrency,
    iam_actions,
    iam_evaluator,
    lambda_runtime,
    responses,
    router,
)
from ministack.services import (  # type: ignore[import-untyped]  # noqa: E402
    apigateway,
    cloudwatch,
    cloudwatch_logs,
    eventbridge,
    iam,
    lambda_svc,
    secretsmanager,
    sqs,
    sts,
)

_USED: dict[ModuleType, str] = {
    app: "app",
    concurrency: "run_reentrant",
    iam_actions: "extract_iam_action extract_resource_arn",
    lambda_runtime: "_lock _workers execution_credentials kill_workers reset",
    responses: "get_account_id get_region request_scope set_request_account_id set_request_region",
    router: "detect_service extract_access_key_id extract_region",
    apigateway: "_apis _extract_path_params _integrations _match_route _routes _stages",
    cloudwatch: "_alarms _composite_alarms _dashboards _dims_from_list _store_datum",
    cloudwatch_logs: "_create_log_stream _log_groups _metric_filters _put_log_events",
    eventbridge: (
        "_api_destination_send_sync _api_destinations _apply_input_transformer _archive_event _archive_name_from_ref"
        " _archives _build_api_destination_request _connection_auth_headers _connections _deauthorize_connection"
        " _dispatch_event _event_bus_name_from_ref _event_buses _invoke_target _matches_pattern_view"
        " _pattern_event_view _resolve_http_parameters _resolve_taggable_events_arn _rule_key _rules _targets"
    ),
    iam: "_access_keys _roles _users",
    iam_evaluator: (
        "EvalContext _gather_role_policies _gather_user_policies _resource_policy combine_resource_policy evaluate"
        " evaluate_resource_policy"
    ),
    lambda_svc: (
        "_emit_lambda_logs _emit_lambda_metrics _esm_wake _esms _execute_function_with_config_scope"
        " _execution_record_for_config _functions _get_func_record_for_ref_in_scope invoke_async_with_retry"
    ),
    secretsmanager: "_resolve _secrets",
    sqs: (
        "_Err _act_send_message _delete_messages_for_esm _queue_by_arn _queues _queues_lock _receive_messages_for_esm"
    ),
    sts: "_sessions register_session",
}
if _missing := [
    f"{module.__name__}.{name}"
    for module, names in _USED.items()
    for name in names.split()
    if not hasattr(module, name)
]:
    raise Unsuitable(f"this ministack {VERSION} is not as published, it lacks {', '.join(_missing)}: install it again")
