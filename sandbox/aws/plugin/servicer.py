"""The engine's protocol ↔ plain Python. What each call means is in the engine's provider.proto."""

import functools
import importlib.metadata
import traceback
from collections.abc import Callable
from typing import NoReturn, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from . import config, lifecycle
from .check import check
from .cloud import Cloud
from .diff import Change, Difference, diff
from .errors import OFFICIAL, HalfMade, PluginError
from .invokes import INVOKES
from .table import Props, Type
from .types import TYPES
from .values import Path, redacted, secrets_of, unknown
from .wire import decode, encode

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
Context = grpc.ServicerContext


def answers(
    method: Callable[["Servicer", Request], Response],
) -> Callable[["Servicer", Request, Context], Response]:
    """The method as gRPC calls it. What goes wrong in it is one line to the engine, never a traceback or a secret."""

    @functools.wraps(method)
    def answer(self: "Servicer", request: Request, context: Context) -> Response:
        try:
            return method(self, request)
        except PluginError as error:
            _fail(context, request, error)
        except Exception as error:  # a mistake of ours: what kind and where, but not with which values
            at = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{at.filename.rpartition('/')[2]}:{at.lineno}"
            _fail(context, request, PluginError(f"{type(error).__name__} in the stand-in for pulumi-aws, {place}"))

    return answer


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider: configured once, then asked by several threads of the server."""

    _cloud: Cloud | None = None

    @answers
    def Handshake(self, _: provider_pb2.ProviderHandshakeRequest) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @answers
    def Attach(self, _: plugin_pb2.PluginAttach) -> Empty:
        return Empty()

    @answers
    def Cancel(self, _: Empty) -> Empty:
        return Empty()  # what has begun is short, and its end must be known

    @answers
    def GetPluginInfo(self, _: Empty) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi-aws"))

    @answers
    def GetSchema(self, _: provider_pb2.GetSchemaRequest) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    @answers
    def GetMapping(self, _: provider_pb2.GetMappingRequest) -> provider_pb2.GetMappingResponse:
        return provider_pb2.GetMappingResponse()

    @answers
    def GetMappings(self, _: provider_pb2.GetMappingsRequest) -> provider_pb2.GetMappingsResponse:
        return provider_pb2.GetMappingsResponse()

    @answers
    def CheckConfig(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Everything that Configure would refuse: what is refused here is told once, there by each resource."""
        inputs, _ = decode(request.news)
        wrong = config.wrong(inputs)
        if not wrong and not unknown(inputs):
            try:
                self._admitted(inputs)
            except PluginError as error:
                wrong = [str(error)]
        # Without a property, so that the CLI prints no value; each line names its own.
        failures = [provider_pb2.CheckFailure(reason=text) for text in wrong]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @answers
    def DiffConfig(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Only another region is another place; endpoints, keys and tags are the same one."""
        olds, _ = decode(request.old_inputs)
        news, _ = decode(request.news)
        changed = [name for name in sorted(olds.keys() | news.keys()) if olds.get(name) != news.get(name)]
        changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=changes, diffs=changed, replaces=[name for name in changed if name == "region"]
        )

    @answers
    def Configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        inputs, _ = decode(request.args)
        if wrong := config.wrong(inputs):
            raise PluginError("; ".join(wrong))
        self._admitted(inputs)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @answers
    def Invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        if request.tok not in INVOKES:
            raise PluginError(f"{request.tok} is not known to the stand-in for pulumi-aws; {OFFICIAL}")
        if given := sorted(decode(request.args)[0]):
            raise PluginError(f"{request.tok}: the stand-in for pulumi-aws takes no {', '.join(given)}; {OFFICIAL}")
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").MergeFrom(encode(INVOKES[request.tok](self.cloud)))  # a keyword of Python
        return response

    @answers
    def Check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        type_ = _type(request.urn)
        olds, _ = decode(request.olds)
        news, secrets = decode(request.news)
        inputs, secrets, failures = check(
            type_,
            news,
            olds,
            secrets,
            name=request.urn.rpartition("::")[2],
            seed=request.randomSeed,
            region=self.cloud.region,
            tags=dict(self.cloud.tags),
        )
        return provider_pb2.CheckResponse(
            inputs=encode(inputs, secrets),
            failures=[provider_pb2.CheckFailure(property=path, reason=wrong) for path, wrong in failures],
        )

    @answers
    def Diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        state, _ = decode(request.olds)
        news, _ = decode(request.news)
        return _difference(diff(_type(request.urn), state, news, request.ignoreChanges))

    @answers
    def Create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        type_ = _type(request.urn)
        inputs, secrets = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_state(type_, lifecycle.foreseen(type_, inputs), secrets))
        id_, state = lifecycle.create(type_, self.cloud, inputs)
        return provider_pb2.CreateResponse(id=id_, properties=_state(type_, state, secrets))

    @answers
    def Read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        type_ = _type(request.urn)
        before, secrets = decode(request.properties)
        inputs, more = decode(request.inputs)
        if not before:
            raise PluginError(f"{type_.token}: the stand-in for pulumi-aws imports nothing; {OFFICIAL}")
        state = lifecycle.read(type_, self.cloud, request.id, before)
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=_state(type_, state, secrets | more),
            inputs=_state(type_, lifecycle.inputs_of(type_, state, inputs), secrets | more),
        )

    @answers
    def Update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        type_ = _type(request.urn)
        before, _ = decode(request.olds)
        inputs, secrets = decode(request.news)
        changed = diff(type_, before, inputs, request.ignoreChanges).names
        if request.preview:
            state = lifecycle.foreseen(type_, inputs, before, changed)
        else:
            state = lifecycle.update(type_, self.cloud, request.id, before, inputs, changed)
        return provider_pb2.UpdateResponse(properties=_state(type_, state, secrets))

    @answers
    def Delete(self, request: provider_pb2.DeleteRequest) -> Empty:
        state, _ = decode(request.properties)
        lifecycle.delete(_type(request.urn), self.cloud, request.id, state)
        return Empty()

    @answers
    def Construct(self, request: provider_pb2.ConstructRequest) -> provider_pb2.ConstructResponse:
        raise PluginError(f"{request.type}: the stand-in for pulumi-aws has no components; {OFFICIAL}")

    @answers
    def Call(self, request: provider_pb2.CallRequest) -> provider_pb2.CallResponse:
        raise PluginError(f"{request.tok}: the stand-in for pulumi-aws has no methods; {OFFICIAL}")

    @property
    def cloud(self) -> Cloud:
        if self._cloud is None:
            raise PluginError("the stand-in for pulumi-aws is not configured")
        return self._cloud

    def _admitted(self, inputs: Props) -> None:
        """Be at the cloud of that config from now on, if it is there and lets us in."""
        wanted = config.parse(inputs)
        if self._cloud is None or self._cloud.config != wanted:
            cloud = Cloud(wanted)
            cloud.admit()
            self._cloud = cloud


def _type(urn: str) -> Type:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in TYPES:
        raise PluginError(f"{token} is not known to the stand-in for pulumi-aws; {OFFICIAL}")
    return TYPES[token]


def _state(type_: Type, state: Props, secrets: set[Path]) -> Struct:
    described = {path for name, prop in type_.props.items() for path in secrets_of(prop, state.get(name), (name,))}
    return encode(state, secrets | described)


_KINDS = {
    (Change.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Change.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Change.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Change.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def _difference(found: Difference) -> provider_pb2.DiffResponse:
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if found.changes else none,
        diffs=sorted(found.names),
        replaces=sorted(found.replaces),
        detailedDiff={path: provider_pb2.PropertyDiff(kind=_KINDS[kind]) for path, kind in found.changes.items()},
        hasDetailedDiff=True,
        deleteBeforeReplace=found.delete_first,
    )


def _fail(context: Context, request: Message, error: PluginError) -> NoReturn:
    text = _without_secrets(str(error), request)
    if isinstance(error, HalfMade) and isinstance(request, provider_pb2.CreateRequest):
        state = _state(_type(request.urn), error.state, decode(request.properties)[1])
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text)
        status.details.add().Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=error.id, properties=state, reasons=[text], inputs=request.properties
            )
        )
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, text)


def _without_secrets(text: str, request: Message) -> str:
    for field in ("properties", "news", "olds", "args"):
        if isinstance(struct := getattr(request, field, None), Struct):
            props, secrets = decode(struct)
            text = redacted(text, props, secrets)
    return text
