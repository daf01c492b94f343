"""PutTargets, where AWS refuses what ministack takes.

The limits are those of AWS's reference and service model. Texts marked `ours` could not be found. Not known: whether a
bus of the same account and region needs a role, too. AWS's guide has one made in its steps and recommends it, the role
is required of other accounts' (so since March 2023) and regions' buses; here it is not required of the same.
"""

import json

from .errors import AwsError, not_valid, unsatisfied
from .exchange import Answer, Request
from .inside import Json, eventbridge
from .invocation import is_here

MOST_IN_A_CALL = 10
MOST_IN_THE_MODEL = 100
MOST_OF_A_RULE = 5
_RETRY_LIMITS = {"MaximumRetryAttempts": (0, 185), "MaximumEventAgeInSeconds": (60, 86_400)}


async def put_targets(request: Request) -> Answer:
    targets = [target for target in request.data.get("Targets") or [] if isinstance(target, dict)]
    _check_count(targets)
    for place, target in enumerate(targets, 1):
        _check_retry_policy(target, place)
        _check_role(target)
        _check_dead_letters(target)
    key = eventbridge._rule_key(request.data.get("Rule"), request.data.get("EventBusName") or "default")
    if key in eventbridge._rules:
        had = {target["Id"] for target in eventbridge._targets.get(key) or []}
        if len(had | {target.get("Id") for target in targets}) > MOST_OF_A_RULE:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return await request.forward()


def _check_count(targets: list[Json]) -> None:
    if not targets or len(targets) > MOST_IN_THE_MODEL:
        bound = f"less than or equal to {MOST_IN_THE_MODEL}" if targets else "greater than or equal to 1"
        shown = json.dumps([target.get("Id") for target in targets])
        raise unsatisfied(shown, "targets", f"Member must have length {bound}")
    if len(targets) > MOST_IN_A_CALL:
        raise not_valid("Targets", f"At most {MOST_IN_A_CALL} entries are allowed in a request.")  # ours


def _check_retry_policy(target: Json, place: int) -> None:
    policy = target.get("RetryPolicy") or {}
    for member, (least, most) in _RETRY_LIMITS.items():
        value = policy.get(member)
        if value is None or least <= value <= most:
            continue
        bound = f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
        at = f"targets.{place}.member.retryPolicy.{member[0].lower()}{member[1:]}"
        raise unsatisfied(value, at, f"Member must have value {bound}")


def _check_role(target: Json) -> None:
    arn = str(target.get("Arn", ""))
    elsewhere = ":event-bus/" in arn and not is_here(arn)
    if (":api-destination/" in arn or elsewhere) and not target.get("RoleArn"):
        raise AwsError("ValidationException", f"RoleArn is required for target {arn}.")
    if elsewhere and any(target.get(member) for member in ("Input", "InputPath", "InputTransformer")):
        message = f"Modifying the input for target {target.get('Id')} is not supported."
        raise AwsError("ValidationException", message)


def _check_dead_letters(target: Json) -> None:
    """AWS documents that it takes standard queues of the rule's region; the refusals are ours. That the queue need not
    exist is, too."""
    config = target.get("DeadLetterConfig")
    if config is None or not config.get("Arn"):
        return
    arn = str(config["Arn"])
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "sqs":
        raise not_valid("DeadLetterConfig.Arn", f"{arn} is not the ARN of an SQS queue.")
    if parts[5].endswith(".fifo"):
        raise not_valid("DeadLetterConfig.Arn", f"{arn} is a FIFO queue; only standard queues are supported.")
    if not is_here(arn):
        raise not_valid("DeadLetterConfig.Arn", f"{arn} is in another region or account than the rule.")
