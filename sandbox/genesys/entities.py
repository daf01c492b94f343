"""What all collections of entities have in common: create, get, list by pages, replace, delete."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .errors import ApiError, Problem, invalid
from .reader import Reader
from .requests import json_body, require
from .wire import Object, timestamp

if TYPE_CHECKING:
    from .cloud import Cloud

PAGE_SIZE, LARGEST_PAGE = 25, 100
PAGING = ("pageSize", "pageNumber")
# Set by the platform. Clients put back what they got, so a body may have them; they are not looked at.
READ_ONLY = ("id", "dateCreated", "dateModified", "selfUri")


@dataclass(kw_only=True)
class Entity:
    """`id`, dates and the time from which it can be found are set by the collection."""

    id: str = ""
    name: str
    created: str = ""
    modified: str = ""
    found_from: float = 0

    def fields(self) -> Object:
        """What clients see beside id, name, dates and URI."""
        raise NotImplementedError


E = TypeVar("E", bound=Entity)
T = TypeVar("T")


class Read(Protocol[E]):
    """Makes an entity of a body, which is whole. `old` is the one it replaces. Raises the 400."""

    def __call__(self, body: Object, cloud: "Cloud", old: E | None, /) -> E: ...


class Collection(Generic[E]):
    """The entities of one kind, in the order of their creation, and the routes to them.

    Needs the permissions `<permission>:read` and `<permission>:write`.
    """

    def __init__(self, cloud: "Cloud", path: str, permission: str, read: Read[E]) -> None:
        self._cloud = cloud
        self._path = path
        self._permission = permission
        self._read = read
        self.items: dict[str, E] = {}

    def routes(self) -> list[Route]:
        return [
            Route(self._path, self._list, methods=["GET"]),
            Route(self._path, self._create, methods=["POST"]),
            Route(self._path + "/{id}", self._get, methods=["GET"]),
            Route(self._path + "/{id}", self._replace, methods=["PUT"]),
            Route(self._path + "/{id}", self._delete, methods=["DELETE"]),
        ]

    def find(self, request: Request) -> E:
        """The entity that the path names. Raises the 404."""
        entity = self.items.get(request.path_params["id"])
        if entity is None or not self._is_found(entity):
            raise ApiError(404)
        return entity

    def _is_found(self, entity: E) -> bool:
        return entity.found_from <= self._cloud.now()

    def allow(self, request: Request, verb: str) -> None:
        require(request, f"{self._permission}:{verb}", self._cloud.scopes)

    def to_json(self, entity: E) -> Object:
        return {
            "id": entity.id,
            "name": entity.name,
            **entity.fields(),
            "dateCreated": entity.created,
            "dateModified": entity.modified,
            "selfUri": f"{self._path}/{entity.id}",
        }

    async def _list(self, request: Request) -> JSONResponse:
        self.allow(request, "read")
        return page(request, [entity for entity in self.items.values() if self._is_found(entity)], self.to_json)

    async def _create(self, request: Request) -> JSONResponse:
        self.allow(request, "write")
        entity = self._read(await json_body(request), self._cloud, None)
        self._refuse_double(entity)
        entity.id = str(uuid.uuid4())
        entity.created = entity.modified = self._now()
        entity.found_from = self._cloud.now() + self._cloud.lag_seconds
        self.items[entity.id] = entity
        return JSONResponse(self.to_json(entity), 201)

    async def _get(self, request: Request) -> JSONResponse:
        self.allow(request, "read")
        return JSONResponse(self.to_json(self.find(request)))

    async def _replace(self, request: Request) -> JSONResponse:
        self.allow(request, "write")
        self.find(request)
        body = await json_body(request)
        old = self.find(request)  # it may have been deleted meanwhile
        entity = self._read(body, self._cloud, old)
        entity.id, entity.created, entity.modified = old.id, old.created, self._now()
        self._refuse_double(entity)
        self.items[entity.id] = entity
        return JSONResponse(self.to_json(entity))

    async def _delete(self, request: Request) -> Response:
        self.allow(request, "write")
        del self.items[self.find(request).id]
        return Response(status_code=204)

    def _refuse_double(self, entity: E) -> None:
        # 409 as the tutorial has it; most of the real platform answers 400 duplicate.name. It compares names as they
        # are; whether the invented API would mind case is unknown.
        if any(other.name == entity.name and other.id != entity.id for other in self.items.values()):
            raise ApiError(
                409, "duplicate.name", "The name already exists.", problems=[Problem("name", "duplicate.name", "")]
            )

    def _now(self) -> str:
        return timestamp(self._cloud.now())


def page(request: Request, entities: Sequence[T], to_json: Callable[[T], Object]) -> JSONResponse:
    """The page that the query asks for, in the platform's envelope, and no more of them written out. Raises the 400."""
    size = _whole(request.query_params, "pageSize", PAGE_SIZE, LARGEST_PAGE)
    number = _whole(request.query_params, "pageNumber", 1, 2**31 - 1)
    last = max(1, -(-len(entities) // size))
    shown = [to_json(entity) for entity in entities[(number - 1) * size : number * size]]

    others = [(name, value) for name, value in request.query_params.multi_items() if name not in PAGING]

    def uri(to: int) -> str:
        return f"{request.url.path}?{urlencode([('pageSize', size), ('pageNumber', to), *others])}"

    body: Object = {
        "entities": shown,
        "pageSize": size,
        "pageNumber": number,
        "total": len(entities),
        "pageCount": -(-len(entities) // size),
        "firstUri": uri(1),
        "lastUri": uri(last),
        "selfUri": uri(number),
    }
    if number < last:
        body["nextUri"] = uri(number + 1)
    if 1 < number <= last + 1:
        body["previousUri"] = uri(number - 1)
    return JSONResponse(body)


def checked(reader: Reader) -> None:
    """Raises the 400 when the reader found something wrong."""
    if reader.problems:
        raise invalid(reader.problems)


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 20) or not 1 <= int(text) <= most:
        raise invalid([Problem(name, "invalid.value", f"{name} must be a whole number from 1 to {most}")])
    return int(text)
