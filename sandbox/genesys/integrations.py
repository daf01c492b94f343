"""`/api/v2/integrations`: the platform's way to EventBridge, an integration of type `amazon-eventbridge-source`.

Paths, fields, states, permissions and the version lock are the platform's, by its SDK and its Terraform provider.

Unknown, so ours: whether names are unique (they aren't here: no document says so); limits of lengths; that fields that
don't exist are refused; that `config` is left out until `expand=config.current` asks for it; that a PUT without a name
keeps it, and without notes empties them; that properties are checked by the PUT and all four needed; that a topic which
is not in availabletopics, or not for EventBridge, is refused; that no two integrations can have a suffix in a region,
whatever the account; the codes of these refusals; that DELETED and RESTORED can't be asked for, and that an enabled one
can be deleted; that sortBy does nothing; what a deleted one looks like while it can still be found.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .entities import checked, page
from .errors import ApiError, Problem, invalid
from .partner import Source
from .reader import Reader, Rule, Wrong, json_object, one_of, text, texts, whole
from .requests import json_body, require
from .topics import listed
from .wire import Object, timestamp

if TYPE_CHECKING:
    from .cloud import Cloud

PATH = "/api/v2/integrations"
PERMISSION = "integrations:integration"
PERMISSIONS = frozenset(f"{PERMISSION}:{verb}" for verb in ("add", "delete", "edit", "view"))
EVENTBRIDGE = "amazon-eventbridge-source"
STATES = ("ACTIVE", "ACTIVATING", "INACTIVE", "DEACTIVATING", "ERROR")
MOST_IDS = 100
SUFFIX = re.compile(r"[A-Za-z0-9._-]{1,64}")
ACCOUNT = re.compile(r"\d{12}", re.ASCII)
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")


@dataclass(frozen=True)
class Type:
    """A kind of integration. The platform has many more."""

    id: str
    name: str
    description: str

    def to_json(self) -> Object:
        uri = f"{PATH}/types/{self.id}"
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "provider": "clients",
            "category": "Integrations",
            "configPropertiesSchemaUri": f"{uri}/configschemas/properties",
            "configAdvancedSchemaUri": f"{uri}/configschemas/advanced",
            "credentials": {},
            "nonInstallable": False,
            "userPermissions": [],
            "vendorOAuthClientIds": [],
            "selfUri": uri,
        }


# The second is there because a list is not of one type alone. All but the ids and the first name is ours.
TYPES = {
    type.id: type
    for type in (
        Type(EVENTBRIDGE, "Amazon EventBridge Source", "Sends the organisation's events to a partner event source"),
        Type("webhook", "Webhook", "Takes events in"),
    )
}
# The real one is in no public document; this is what is documented of the four properties.
PROPERTIES_SCHEMA: Object = {
    "id": f"{EVENTBRIDGE}-properties",
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "Amazon EventBridge Source",
    "type": "object",
    "required": ["awsAccountId", "awsAccountRegion", "eventSourceSuffix", "eventFilter"],
    "properties": {
        "awsAccountId": {"type": "string", "pattern": f"^{ACCOUNT.pattern}$"},
        "awsAccountRegion": {"type": "string", "pattern": f"^{REGION.pattern}$"},
        "eventSourceSuffix": {"type": "string", "pattern": f"^{SUFFIX.pattern}$"},
        "eventFilter": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Status:
    """How the platform says that it is doing. `message` is why it is ERROR."""

    code: str
    changed: str
    message_code: str = ""
    message: str = ""

    def to_json(self) -> Object:
        shown: Object = {
            "code": self.code,
            "effective": self.code.capitalize(),
            "lastUpdated": self.changed,
        }
        if self.message:
            shown["detail"] = {
                "localizableMessageCode": self.message_code,
                "message": self.message,
                "messageWithParams": self.message,
                "messageParams": {},
            }
        return shown


@dataclass(kw_only=True)
class Integration:
    """`source` is the partner event source that was made for it, and is still there."""

    id: str
    name: str
    type: Type
    status: Status
    found_from: float
    found_until: float = float("inf")
    intended_state: str = "DISABLED"
    version: int = 1
    properties: Object = field(default_factory=dict)
    advanced: Object = field(default_factory=dict)
    credentials: Object = field(default_factory=dict)
    notes: str = ""
    source: Source | None = None

    @property
    def uri(self) -> str:
        return f"{PATH}/{self.id}"

    @property
    def event_filter(self) -> list[str]:
        """The topics whose events it sends to its source: none, if its type has no source."""
        return cast(list[str], self.properties.get("eventFilter", [])) if self.type.id == EVENTBRIDGE else []

    @property
    def deleted(self) -> bool:
        return self.intended_state == "DELETED"

    def wanted_source(self, cloud: "Cloud") -> Source | None:
        """The source that its configuration speaks of."""
        return source_of(self.properties, cloud) if self.type.id == EVENTBRIDGE else None

    def to_json(self, expanded: set[str]) -> Object:
        shown: Object = {
            "id": self.id,
            "name": self.name,
            "integrationType": self.type.to_json(),
            "notes": self.notes,
            "intendedState": self.intended_state,
            "reportedState": self.status.to_json(),
            "attributes": {},
            "selfUri": self.uri,
        }
        if "config.current" in expanded:
            shown["config"] = {"current": self.config_to_json()}
        return shown

    def config_to_json(self) -> Object:
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "properties": self.properties,
            "advanced": self.advanced,
            "notes": self.notes,
            "credentials": self.credentials,
            "selfUri": f"{self.uri}/config/current",
        }


class Integrations:
    """All of the organisation. What happens behind them is in `activation.py`.

    The door sets `conflict_status`, with which a wrong version is refused (both are known: 409, and 400 with a text),
    and `deletion_seconds`, for which a deleted one can still be read.
    """

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self.items: dict[str, Integration] = {}
        self.conflict_status = 409
        self.deletion_seconds = 0.0

    def reset(self) -> None:
        self.items.clear()
        self.conflict_status, self.deletion_seconds = 409, 0.0

    def routes(self) -> list[Route]:
        one, current = PATH + "/{id}", PATH + "/{id}/config/current"
        types = PATH + "/types"
        return [
            Route(types, self._types, methods=["GET"]),
            Route(types + "/{type}", self._type, methods=["GET"]),
            Route(types + "/{type}/configschemas/{kind}", self._schema, methods=["GET"]),
            Route(PATH, self._list, methods=["GET"]),
            Route(PATH, self._create, methods=["POST"]),
            Route(one, self._get, methods=["GET"]),
            Route(one, self._patch, methods=["PATCH"]),
            Route(one, self._delete, methods=["DELETE"]),
            Route(current, self._get_config, methods=["GET"]),
            Route(current, self._put_config, methods=["PUT"]),
        ]

    async def _list(self, request: Request) -> JSONResponse:
        self._allow(request, "view")
        ids = listed(request, "ids")
        if len(ids) > MOST_IDS:
            raise invalid([Problem("ids", "invalid.value", f"ids must be at most {MOST_IDS}")])
        type_id = request.query_params.get("integrationType")
        state = request.query_params.get("reportedState", "").upper()
        if state not in ("", *STATES):
            raise invalid([Problem("reportedState", "invalid.value", f"reportedState must be {', '.join(STATES)}")])
        return page(
            request,
            [
                integration
                for integration in self._found()
                if (not ids or integration.id in ids)
                and type_id in (None, "", integration.type.id)
                and state in ("", integration.status.code)
            ],
            lambda integration: integration.to_json(listed(request, "expand")),
        )

    async def _create(self, request: Request) -> JSONResponse:
        self._allow(request, "add")
        reader = Reader(await json_body(request))
        reader.ignore("id", "selfUri")
        chosen = reader.nested("integrationType")
        chosen.ignore(*TYPES[EVENTBRIDGE].to_json())
        type_id = chosen.take("id", one_of(*TYPES))
        name = reader.take("name", text(1, 256), "")
        checked(reader)
        integration = Integration(
            id=str(uuid.uuid4()),
            name=name or TYPES[type_id].name,
            type=TYPES[type_id],
            status=Status("INACTIVE", timestamp(self._cloud.now())),
            found_from=self._cloud.now() + self._cloud.lag_seconds,
        )
        self.items[integration.id] = integration
        return JSONResponse(integration.to_json(listed(request, "expand")))

    async def _get(self, request: Request) -> JSONResponse:
        self._allow(request, "view")
        return JSONResponse(self._find(request).to_json(listed(request, "expand")))

    async def _patch(self, request: Request) -> JSONResponse:
        self._allow(request, "edit")
        self._find_to_change(request)
        reader = Reader(await json_body(request))
        reader.ignore("id", "integrationType", "config", "reportedState", "attributes", "selfUri")
        state = reader.take("intendedState", one_of("ENABLED", "DISABLED"), "")
        name = reader.take("name", text(1, 256), "")
        notes = reader.take("notes", text(0, 10_000), None)
        checked(reader)
        integration = self._find_to_change(request)  # it may have been deleted meanwhile
        integration.name = name or integration.name
        integration.notes = integration.notes if notes is None else notes
        if state:
            integration.intended_state = state
            (self._cloud.activation.enable if state == "ENABLED" else self._cloud.activation.disable)(integration)
        return JSONResponse(integration.to_json(listed(request, "expand")))

    async def _delete(self, request: Request) -> JSONResponse:
        self._allow(request, "delete")
        integration = self._find_to_change(request)
        integration.intended_state = "DELETED"
        integration.found_until = self._cloud.now() + self.deletion_seconds
        self._cloud.activation.remove(integration)
        return JSONResponse(integration.to_json(listed(request, "expand")))

    async def _get_config(self, request: Request) -> JSONResponse:
        self._allow(request, "view")
        return JSONResponse(self._find(request).config_to_json())

    async def _put_config(self, request: Request) -> JSONResponse:
        self._allow(request, "edit")
        self._find_to_change(request)
        reader = Reader(await json_body(request))
        integration = self._find_to_change(request)
        reader.ignore("id", "selfUri")
        version = reader.take("version", whole(1, 2**31 - 1))
        name = reader.take("name", text(1, 256), integration.name)
        notes = reader.take("notes", text(0, 10_000), "")
        advanced = reader.take("advanced", json_object, Object())
        credentials = reader.take("credentials", json_object, Object())
        if integration.type.id == EVENTBRIDGE:
            properties = self._properties(reader.nested("properties"))
        else:
            properties = reader.take("properties", json_object, Object())
        checked(reader)
        if version != integration.version:
            raise self._conflict()
        if integration.type.id == EVENTBRIDGE:
            self._refuse_double(integration, properties)
        integration.name, integration.notes = name, notes
        integration.properties, integration.advanced, integration.credentials = properties, advanced, credentials
        integration.version += 1
        if integration.intended_state == "ENABLED":
            self._cloud.activation.enable(integration)
        return JSONResponse(integration.config_to_json())

    def _properties(self, reader: Reader) -> Object:
        def known_topics(value: object) -> list[str]:
            topics = self._cloud.topics.items
            if not texts(value) or not all(id in topics and topics[id].on_eventbridge for id in texts(value)):
                raise Wrong("a list of topics, with {id}, of those that are available on EventBridge")
            return texts(value)

        return {  # sorted, as the platform gives them back
            "awsAccountId": reader.take("awsAccountId", matching(ACCOUNT, "12 digits")),
            "awsAccountRegion": reader.take("awsAccountRegion", matching(REGION, "a region such as us-east-1")),
            "eventFilter": reader.take("eventFilter", known_topics),
            "eventSourceSuffix": reader.take(
                "eventSourceSuffix", matching(SUFFIX, "1 to 64 letters, digits, dots, hyphens and underscores")
            ),
        }

    def _conflict(self) -> ApiError:
        message = "The version supplied does not match the current version of the integration configuration"
        return ApiError(self.conflict_status, "general.conflict" if self.conflict_status == 409 else "", message)

    def _refuse_double(self, integration: Integration, properties: Object) -> None:
        source = source_of(properties, self._cloud)
        taken = [
            (wanted.region, wanted.name)
            for other in self.items.values()
            if other is not integration and not other.deleted and (wanted := other.wanted_source(self._cloud))
        ]
        if source and (source.region, source.name) in taken:
            name = "properties.eventSourceSuffix"
            raise invalid([Problem(name, "duplicate.value", f"{name} is that of another integration")])

    async def _types(self, request: Request) -> JSONResponse:
        self._allow(request, "view")  # which permission it asks for is unknown
        return page(request, list(TYPES.values()), Type.to_json)

    async def _type(self, request: Request) -> JSONResponse:
        self._allow(request, "view")
        return JSONResponse(type_named(request).to_json())

    async def _schema(self, request: Request) -> JSONResponse:
        self._allow(request, "view")
        type = type_named(request)
        kind = request.path_params["kind"]
        if kind not in ("properties", "advanced"):
            raise ApiError(404)
        if kind == "properties" and type.id == EVENTBRIDGE:
            return JSONResponse(PROPERTIES_SCHEMA)
        return JSONResponse({"id": f"{type.id}-{kind}", "type": "object", "properties": {}})

    def _allow(self, request: Request, verb: str) -> None:
        require(request, f"{PERMISSION}:{verb}", self._cloud.scopes)

    def _found(self) -> Iterator[Integration]:
        now = self._cloud.now()
        return (
            integration
            for integration in self.items.values()
            if integration.found_from <= now < integration.found_until
        )

    def _find(self, request: Request) -> Integration:
        for integration in self._found():
            if integration.id == request.path_params["id"]:
                return integration
        raise ApiError(404)

    def _find_to_change(self, request: Request) -> Integration:
        integration = self._find(request)
        if integration.deleted:
            raise ApiError(404)
        return integration


def source_of(properties: Object, cloud: "Cloud") -> Source | None:
    """`aws.partner/genesys.com/cloud/<organisation>/<suffix>`; None of an integration not configured yet."""
    if not properties.get("eventSourceSuffix"):
        return None
    return Source(
        str(properties["awsAccountId"]),
        str(properties["awsAccountRegion"]),
        f"aws.partner/genesys.com/cloud/{cloud.settings.org_id}/{properties['eventSourceSuffix']}",
    )


def type_named(request: Request) -> Type:
    type = TYPES.get(request.path_params["type"])
    if type is None:
        raise ApiError(404)
    return type


def matching(pattern: re.Pattern[str], what: str) -> Rule[str]:
    def rule(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Wrong(what)
        return value

    return rule
