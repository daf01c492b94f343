"""One event for one target of a rule, as all kinds of targets get it."""

import json
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

from .inside import Json, eventbridge, responses


@dataclass(frozen=True)
class Invocation:
    target: Json
    rule: Json
    event: Json
    """As ministack keeps it on its bus."""
    envelope: Json
    """The event as consumers see it."""
    payload: str
    """What the target gets of it."""

    @classmethod
    def of(cls, target: Json, rule: Json, event: Json, view: Any = None) -> "Invocation":
        view = view or eventbridge._pattern_event_view(event)
        return cls(target, rule, event, dict(view.event_with_detail()), _payload(target, rule, view))

    @property
    def arn(self) -> str:
        return str(self.target.get("Arn", ""))

    @property
    def resource(self) -> str:
        """The last part of the ARN."""
        return self.arn.split(":", 5)[-1]

    @property
    def rule_arn(self) -> str:
        return str(self.rule.get("Arn", ""))

    @property
    def role(self) -> str:
        return str(self.target.get("RoleArn") or "")

    @property
    def changed(self) -> bool:
        """Whether the target gets something else than the event."""
        return any(self.target.get(member) for member in ("Input", "InputPath", "InputTransformer"))


def is_here(arn: str) -> bool:
    """Whether it is in the account and the region in whose scope this is called."""
    return arn.split(":", 5)[3:5] == [responses.get_region(), responses.get_account_id()]


def _payload(target: Json, rule: Json, view: Any) -> str:
    if target.get("InputTransformer"):
        return str(eventbridge._apply_input_transformer(target["InputTransformer"], rule, view))
    if target.get("Input"):
        return str(target["Input"])
    event = view.event_with_detail()
    path = [part for part in str(target.get("InputPath") or "").strip("$.").split(".") if part]
    try:
        return json.dumps(reduce(getitem, path, event))
    except (KeyError, TypeError, IndexError):
        return json.dumps(event)  # as ministack has it
