"""Whether policies allow a call, where the sandbox is started with SANDBOX_AWS_AUTH=true: a second opinion on them.

ministack's evaluator decides, about calls that ministack never sees too: those that are answered here, and what AWS's
services do among themselves. `root` may do everything, and so may partners with their half of EventBridge, whose rights
are not this account's to give; a role that is gone may do nothing. Connections count as encrypted, which on loopback
they aren't.

Who hands a role to a service needs iam:PassRole on it, asked for after the call itself. That is not another call: the
call record has none of it, as CloudTrail hasn't.

Not held against policies: log groups' and buses' resource policies; what a role may be assumed by somebody else than
EventBridge (Lambda and the log delivery just do); conditions on anything but the source, its account, encryption,
iam:PassedToService and lambda:FunctionArn, which ministack takes for unmet; what AWS asks besides of who tags while
making something, who makes a connection, and who has an HTTP API write an access log.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from .environment import ACCOUNT, REGION
from .errors import AwsError
from .inside import iam, iam_evaluator
from .operations import ROOT, Operation, role_name

KEPT = 1000
_HANDING_OVER = "iam:PassRole"
_ALWAYS = "sts:GetCallerIdentity"  # no policy is needed for it, and none takes it away
_OLD = {"iam", "sts", "sqs"}
"""Those that call it AccessDenied, without `Exception`."""


class Authorization:
    """`enforced` or not: then everything is allowed."""

    def __init__(self, enforced: bool = False) -> None:
        self.enforced = enforced
        self.refusals: deque[dict[str, str]] = deque(maxlen=KEPT)
        """Who might not do what with which resource."""

    def check(self, operation: Operation) -> None:
        """Raise AWS's refusal of a call of its API."""
        if operation.name == _ALWAYS or "PartnerEvent" in operation.name:
            return
        for resource in operation.resources:
            if not self.may(operation.principal, operation.name, resource, operation.conditions):
                raise _denied(operation, operation.name, resource)
        to = {"iam:passedtoservice": f"{operation.service}.amazonaws.com"}
        for role in operation.roles:
            if not self.may(operation.principal, _HANDING_OVER, role, to):
                raise _denied(operation, _HANDING_OVER, role)

    def may(
        self, principal: str, action: str, resource: str, conditions: Mapping[str, str] = MappingProxyType({})
    ) -> bool:
        """A role, or a user, by its name: by its own policies and the resource's."""
        if not self.enforced or principal == ROOT:
            return True
        is_role = principal in iam._roles
        if not is_role and principal not in iam._users:
            return self._told(False, principal, action, resource)
        gather = iam_evaluator._gather_role_policies if is_role else iam_evaluator._gather_user_policies
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{principal}/it" if is_role else iam._users[principal]["Arn"]
        context = _context(arn, "AssumedRole" if is_role else "User", action, resource)
        context.service_context.update(conditions)
        own = iam_evaluator.evaluate(context, gather(principal, ACCOUNT))
        both = iam_evaluator.combine_resource_policy(own, context, _policy_of(action, resource), ACCOUNT)
        return self._told(both.decision == "Allow", principal, action, resource)

    def role_may(self, role: str, actions: Iterable[str], resource: str) -> bool:
        return all(self.may(role_name(role), action, resource) for action in actions)

    def service_may(self, service: str, action: str, resource: str, source: str) -> bool:
        """A service on behalf of the resource `source`: by the policy of what it calls."""
        return self._service_may(_policy_of(action, resource), service, action, resource, source)

    def may_assume(self, service: str, role: str, source: str) -> bool:
        """By the role's trust policy."""
        found = iam._roles.get(role_name(role)) or {}
        trust = found.get("AssumeRolePolicyDocument")
        return self._service_may(trust, service, "sts:AssumeRole", role, source)

    def _service_may(self, policy: Any, service: str, action: str, resource: str, source: str) -> bool:
        if not self.enforced:
            return True
        context = _context(service, "Service", action, resource)
        context.service_context.update({"aws:sourcearn": source, "aws:sourceaccount": ACCOUNT})
        decided = iam_evaluator.evaluate_resource_policy(policy, context, service)
        return self._told(decided.decision == "Allow", service, action, resource)

    def _told(self, allowed: bool, principal: str, action: str, resource: str) -> bool:
        if not allowed:
            self.refusals.append({"principal": principal, "operation": action, "resource": resource})
        return allowed


def _context(principal: str, kind: str, action: str, resource: str) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type=kind,
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
    )


def _policy_of(action: str, resource: str) -> Any:
    found = iam_evaluator._resource_policy(action.partition(":")[0], resource)
    return found[0] if found else None


def _denied(operation: Operation, action: str, resource: str) -> AwsError:
    """Which policy it was, AWS says too; that is not told here, and a role is named without its session."""
    code = "AccessDenied" if operation.service in _OLD else "AccessDeniedException"
    status = 400 if operation.service in {"events", "secretsmanager", "logs"} else 403
    user = iam._users.get(operation.principal) or {"Arn": operation.principal}
    message = f"User: {user['Arn']} is not authorized to perform: {action} on resource: {resource}"
    return AwsError(code, message, status)
