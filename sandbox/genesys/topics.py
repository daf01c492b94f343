"""`/api/v2/notifications/availabletopics`: what the organisation can be told of, from `topics.json`.

Unknown, so ours: that a topic has its id alone until more is asked for, that an expansion which doesn't exist is
refused, and the words in `topicParameters` (one for each placeholder).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .errors import Problem, invalid
from .requests import authenticate
from .wire import Object

if TYPE_CHECKING:
    from .cloud import Cloud

PATH = "/api/v2/notifications/availabletopics"
PLACEHOLDER = "{id}"
EVENTBRIDGE = {"EventBridge", "All"}
UNKNOWN = {  # of every topic here: asked for, they stay out
    "enforced",
    "permissionDetails",
    "publicApiTemplateUriPaths",
    "requiresAnyValidator",
    "requiresCurrentUser",
    "requiresCurrentUserOrPermission",
    "requiresDivisionPermissions",
    "requiresPermissions",
    "schema",
}


@dataclass(frozen=True)
class Topic:
    """`id` is the template: with `{id}` where a concrete topic names an entity."""

    id: str
    description: str = ""
    transports: tuple[str, ...] = ("EventBridge",)
    visibility: str = "Public"

    @property
    def on_eventbridge(self) -> bool:
        return not EVENTBRIDGE.isdisjoint(self.transports)

    def fields(self) -> Object:
        return {
            "description": self.description,
            "visibility": self.visibility,
            "transports": list(self.transports),
            "topicParameters": [parameter(before) for before in self.id.split(f".{PLACEHOLDER}")[:-1]],
        }


class Topics:
    """Those of the organisation, by id. The door may add some and take some away."""

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self.items: dict[str, Topic] = {}
        self.reset()

    def reset(self) -> None:
        self.items = {topic.id: topic for topic in known()}

    def routes(self) -> list[Route]:
        return [Route(PATH, self._list, methods=["GET"])]

    def to_json(self) -> list[Object]:
        return [{"id": topic.id, **topic.fields()} for topic in self.items.values()]

    async def _list(self, request: Request) -> JSONResponse:
        authenticate(request)  # it asks for no permission
        expanded = listed(request, "expand")
        if wrong := expanded - UNKNOWN - Topic("").fields().keys():
            raise invalid([Problem("expand", "invalid.value", f"expand must not have {', '.join(sorted(wrong))}")])
        preview = request.query_params.get("includePreview", "true").lower() != "false"
        return JSONResponse(
            {
                "entities": [
                    {"id": topic.id, **{name: value for name, value in topic.fields().items() if name in expanded}}
                    for topic in self.items.values()
                    if preview or topic.visibility != "Preview"
                ]
            }
        )


def known() -> list[Topic]:
    content = json.loads(Path(__file__).with_name("topics.json").read_text())
    return [
        Topic(topic["id"], topic["description"], tuple(topic["transports"]))
        for topic in cast(list[dict[str, str]], content["topics"])
    ]


def template_of(topic: str, templates: Iterable[str]) -> str | None:
    """The first template that the concrete topic is of."""
    return next((template for template in templates if _pattern(template).fullmatch(topic)), None)


def listed(request: Request, name: str) -> set[str]:
    """The values of a query parameter, which may be given several times, or once with commas."""
    return {part for value in request.query_params.getlist(name) for part in value.split(",") if part}


def parameter(before: str) -> str:
    """What a placeholder stands for, by what stands before it: `v2.routing.queues` is a `queue id`."""
    noun = before.rpartition(".")[2]
    return f"{noun.removesuffix('s')} id"


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^.]+".join(re.escape(part) for part in template.split(PLACEHOLDER)))
