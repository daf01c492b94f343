"""What a request to an AWS API is: the operation as IAM names it, who makes it, and what it is about.

ARNs are those that AWS holds against policies, as its Service Authorization Reference has them, where ministack has
another or none. CloudWatch Logs asks of a group as `<group>:log-stream:`, and of all groups as a group without a name:
so its refusals say. Which ARN a call about a connection, or an API destination, has after it was made is not known (AWS
puts an id behind the name): here it is the name alone.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote

from .environment import ACCOUNT, REGION
from .inside import Json, iam, iam_actions, lambda_svc, responses, router, sts
from .sources import arn as source_arn
from .sources import partner_of

ROOT = "root"
_ANONYMOUS = "anonymous"
_EVENTS = f"arn:aws:events:{REGION}:{ACCOUNT}:"
_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
_ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
_DASHBOARD = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/"


class Operation(NamedTuple):
    service: str
    name: str
    """As IAM names it: `events:PutEvents`. API Gateway's is `apigateway:` and the method."""
    key: str
    """The same, except that API Gateway's tells the kind of resource: `apigateway:POST /v2/apis/{}/routes`."""
    principal: str
    resources: tuple[str, ...]
    """ARNs, as far as they are known from the request. `*` where IAM knows no resource."""
    roles: tuple[str, ...] = ()
    """ARNs of the roles that it hands to the service, which takes iam:PassRole on each."""
    conditions: Mapping[str, str] = MappingProxyType({})
    """Values of the service's own condition keys, whose names are in lower case."""


def identify(
    method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes, data: Json
) -> Operation | None:
    """None for what is no call of an AWS API, such as ministack's own pages. `data` is a JSON body, read."""
    if "authorization" not in headers and "x-amz-target" not in headers:
        return None
    parameters = dict(query)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) | parameters
    service = router.detect_service(method, path, headers, parameters)
    name = _mapping_action(service, method, path) or iam_actions.extract_iam_action(
        service, method, path, headers, body, parameters
    )
    if name is None:
        return None
    if service == "sqs":
        name = name.removesuffix("Batch")  # IAM knows but the one
    principal = principal_of(router.extract_access_key_id(headers, parameters))
    action = name.partition(":")[2]
    if service == "events":
        principal = _partner(action, data) or principal
        return Operation(service, name, name, principal, _events_resources(action, data), _roles(name, data))
    if service == "apigateway":
        resource = re.sub("^/v2", "", path)
        if resource.startswith("/tags/"):
            resource = "/tags/" + quote(resource.removeprefix("/tags/"), safe="")
        return Operation(
            service, name, f"{name} {_template(path)}", principal, (f"arn:aws:apigateway:{REGION}::{resource}",)
        )
    if service == "logs":
        return Operation(service, name, name, principal, (_logs_resource(action, data),))
    if service == "monitoring":
        return Operation(service, name, name, principal, _cloudwatch_resources(action, data))
    resource = iam_actions.extract_resource_arn(service, method, path, headers, body, parameters, REGION, ACCOUNT)
    if name == "lambda:CreateFunction":
        resource = _function_arn(str(data.get("FunctionName", "")))
    conditions = {"lambda:functionarn": _mapped(path, data)} if name.endswith("EventSourceMapping") else {}
    return Operation(service, name, name, principal, (resource,), _roles(name, data), conditions)


def principal_of(access_key: str) -> str:
    """Whose key it is: a role's name, a user's, or `root`, which any key is that nobody was given."""
    if not access_key:
        return _ANONYMOUS
    session = sts._sessions.get(access_key)
    if session:
        return role_name(str(session.get("Arn", "")))
    user = iam._access_keys.get(access_key)
    return str(user["UserName"]) if user else ROOT


def role_name(arn: str) -> str:
    """Of `arn:aws:iam::…:role/path/<name>` or `arn:aws:sts::…:assumed-role/<name>/<session>`."""
    resource = arn.split(":", 5)[-1]
    parts = resource.split("/")
    return parts[1] if parts[0] == "assumed-role" else parts[-1]


def bus_arn(name_or_arn: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else f"{_EVENTS}event-bus/{name_or_arn}"


def rule_arn(name: str, bus: str) -> str:
    bus = bus.rpartition("event-bus/")[2]
    return f"{_EVENTS}rule/{name}" if bus == "default" else f"{_EVENTS}rule/{bus}/{name}"


def _mapping_action(service: str, method: str, path: str) -> str | None:
    """Of Lambda's event source mappings ministack knows making and listing alone."""
    head, _, id_ = path.rstrip("/").partition("/event-source-mappings/")
    if service != "lambda" or not id_ or "/" in id_ or "/functions" in head:
        return None
    verb = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}.get(method)
    return f"lambda:{verb}EventSourceMapping" if verb else None


def _roles(name: str, data: Json) -> tuple[str, ...]:
    """Of the operations by which this program hands over roles; others' roles are not looked for."""
    match name:
        case "lambda:CreateFunction" | "lambda:UpdateFunctionConfiguration":
            found = [data.get("Role")]
        case "events:PutRule":
            found = [data.get("RoleArn")]
        case "events:PutTargets":
            found = [each.get("RoleArn") for each in data.get("Targets") or [] if isinstance(each, dict)]
        case _:
            found = []
    return tuple(dict.fromkeys(str(role) for role in found if role))


def _events_resources(action: str, data: Json) -> tuple[str, ...]:
    name = str(data.get("Name", ""))
    if action == "PutEvents":
        entries = [entry for entry in data.get("Entries") or [] if isinstance(entry, dict)]
        return tuple(dict.fromkeys(bus_arn(entry.get("EventBusName") or "default") for entry in entries)) or ("*",)
    if action.endswith(("EventSource", "EventSourceAccounts")):
        source = str(data.get("EventSourceName") or name)
        return (source_arn(source, responses.get_region()),)
    if "ResourceARN" in data:
        return (str(data["ResourceARN"]),)
    if action == "CreateArchive":
        return (f"{_EVENTS}archive/{data.get('ArchiveName')}", str(data.get("EventSourceArn")))
    if action == "StartReplay":
        to = data.get("Destination")
        bus = to.get("Arn") if isinstance(to, dict) else None
        return (f"{_EVENTS}replay/{data.get('ReplayName')}", str(data.get("EventSourceArn")), str(bus))
    if action == "CreateApiDestination":
        return (f"{_EVENTS}api-destination/{name}", str(data.get("ConnectionArn")))
    if action.endswith(("Rule", "Targets", "TargetsByRule")):
        rule = str(data.get("Rule") or name)
        return (rule_arn(rule, str(data.get("EventBusName") or "default")),)
    if action.endswith("EventBus") or action in {"PutPermission", "RemovePermission"}:
        return (bus_arn(str(data.get("EventBusName") or name or "default")),)
    kinds = {"Connection": "connection", "ApiDestination": "api-destination", "Archive": "archive", "Replay": "replay"}
    for ending, kind in kinds.items():
        if action.endswith(ending):
            return (f"{_EVENTS}{kind}/{data.get('ArchiveName') or data.get('ReplayName') or name}",)
    return ("*",)


def _partner(action: str, data: Json) -> str:
    """Who makes a call of the half of EventBridge's API that is a SaaS partner's, by the source it is about."""
    if action == "PutPartnerEvents":
        entries = [entry for entry in data.get("Entries") or [] if isinstance(entry, dict)]
        return partner_of(str(entries[0].get("Source"))) if entries else ""
    if "PartnerEventSource" not in action:
        return ""
    names = (data.get(member) for member in ("Name", "EventSourceName", "NamePrefix"))
    return partner_of(str(next(filter(None, names), "")))


def _logs_resource(action: str, data: Json) -> str:
    if arn := data.get("resourceArn") or data.get("logGroupIdentifier"):
        return str(arn)
    group = data.get("logGroupName")
    if group or action == "DescribeLogGroups":
        return f"{_LOGS}{group or ''}:log-stream:{data.get('logStreamName') or ''}"
    return "*"


def _cloudwatch_resources(action: str, data: Json) -> tuple[str, ...]:
    """DescribeAlarms is about all of them, whichever it names."""
    if action == "DescribeAlarms":
        return (f"{_ALARM}*",)
    if "ResourceARN" in data:
        return (str(data["ResourceARN"]),)
    alarms = [data["AlarmName"]] if "AlarmName" in data else data.get("AlarmNames") or []
    dashboards = [data["DashboardName"]] if "DashboardName" in data else data.get("DashboardNames") or []
    found = [f"{_ALARM}{name}" for name in alarms] + [f"{_DASHBOARD}{name}" for name in dashboards]
    return tuple(dict.fromkeys(found)) or ("*",)


def _function_arn(name_or_arn: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else _FUNCTION + name_or_arn


def _mapped(path: str, data: Json) -> str:
    """The function of an event source mapping, which is named when it is made."""
    mapping = lambda_svc._esms.get(path.rstrip("/").rpartition("/")[2])
    return str(mapping["FunctionArn"]) if mapping else _function_arn(str(data.get("FunctionName", "")))


def _template(path: str) -> str:
    """`/v2/apis/a1/routes/r1` → `/v2/apis/{}/routes/{}`."""
    version, *segments = unquote(path).strip("/").split("/")
    kinds = [segment if place % 2 == 0 else "{}" for place, segment in enumerate(segments)]
    return "/" + "/".join([version, *kinds])
