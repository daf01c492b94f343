"""Plays the engine's part against the provider classes: one `Process` is one provider process, in this one."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import httpx
import pytest
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.runtime import rpc

from genesys_provider import session
from genesys_provider.lifecycle import Props, Provider
from sandbox.genesys.testing import Served

ORG = "bb14bed0-f8f9-445d-b9d1-10cecb8569d6"
ENVIRON = {
    "GENESYS_CLIENT_ID": "sandbox-client",
    "GENESYS_CLIENT_SECRET": "sandbox-secret",
    "GENESYS_ORG_ID": ORG,
}
CLASS = "the pickled class"  # what Pulumi keeps as __provider
UNKNOWN = rpc.UNKNOWN  # how an output that isn't known yet travels


def travel(props: Mapping[str, Any], keep_unknowns: bool = False) -> Props:
    """The properties as they arrive on the other side of gRPC: numbers are floats, what is None isn't there."""
    found: Props = rpc.deserialize_properties(asyncio.run(rpc.serialize_properties(dict(props), {})), keep_unknowns)
    return found


@dataclass(frozen=True)
class State:
    """What Pulumi's state holds of one resource."""

    id: str
    inputs: Props
    outputs: Props


class Refused(Exception):
    """`check` found something wrong. One text for each."""

    @property
    def problems(self) -> list[str]:
        return list(self.args)


class Process:
    """A provider process from its configuration on. Making another one forgets all that this one knew."""

    def __init__(self, patch: pytest.MonkeyPatch, config: Mapping[str, object], environ: Mapping[str, str]) -> None:
        patch.setattr(session, "_connection", None)
        patch.setattr(session, "_client", None)
        patch.setattr(session, "_claimed", {})
        patch.setattr(session, "_declared", set())
        patch.setattr(session, "end_with_engine", lambda: None)  # this process is pytest's
        for name in ENVIRON:
            patch.delenv(name, raising=False)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.setattr(sys, "tracebacklimit", 1000, raising=False)
        self._config = {f"genesys:{key}": value for key, value in config.items()}

    def configured(self, provider: Provider) -> Provider:
        provider.configure(ConfigureRequest(Config(self._config, "project")))
        return provider

    def check(self, provider: Provider, props: Mapping[str, Any], state: State | None = None) -> Props:
        """The inputs that this program's properties become. Raises Refused."""
        olds = state.inputs if state else {}
        result = self.configured(provider).check(travel(olds, True), travel({**props, "__provider": CLASS}, True))
        if result.failures:
            raise Refused(*(failure.reason for failure in result.failures))
        return travel(result.inputs, True)

    def changes(self, provider: Provider, props: Mapping[str, Any], state: State) -> bool:
        """Whether `preview` shows an update. Nothing here is ever replaced."""
        news = self.check(provider, props, state)
        result = self.configured(provider).diff(state.id, travel(state.outputs), travel(news, True))
        assert not result.replaces
        return bool(result.changes)

    def up(self, provider: Provider, props: Mapping[str, Any], state: State | None = None) -> State:
        """`pulumi up` of one resource."""
        inputs = self.check(provider, props, state)
        if state is None:
            created = self.configured(provider).create(travel(inputs))
            return State(created.id, inputs, travel({**(created.outs or {}), "__provider": CLASS}))
        if not self.changes(provider, props, state):
            return replace(state, inputs=inputs)  # as the engine: outputs stay as they are
        updated = self.configured(provider).update(state.id, travel(state.outputs), travel(inputs))
        return State(state.id, inputs, travel({**(updated.outs or {}), "__provider": CLASS}))

    def refresh(self, provider: Provider, state: State) -> State | None:
        """`pulumi refresh` of one resource; None when it is gone."""
        result = self.configured(provider).read(state.id, travel(state.outputs))
        if not result.id:
            return None
        assert result.outs is not None
        assert result.inputs is not None
        return State(result.id, travel(result.inputs), travel({**result.outs, "__provider": CLASS}))

    def destroy(self, provider: Provider, state: State) -> None:
        self.configured(provider).delete(state.id, travel(state.outputs))


def assert_read_back(process: Process, provider: Provider, props: Mapping[str, Any]) -> None:
    """What passes `check` is made, read back without a difference, and deleted."""
    try:
        process.check(provider, props)
    except Refused:
        return
    state = process.up(provider, props)
    refreshed = process.refresh(provider, state)
    assert refreshed == state
    assert not process.changes(provider, props, refreshed)
    process.destroy(provider, state)


def printed(call: Callable[[], object]) -> str:
    """What Pulumi's provider server would send of the error that the call raises."""
    try:
        call()
    except Exception:
        return traceback.format_exc()
    raise AssertionError("no error was raised")


class Waits(list[float]):
    """A clock that jumps over each wait, and remembers it."""

    def monotonic(self) -> float:
        return time.monotonic() + sum(self)

    def sleep(self, seconds: float) -> None:
        self.append(seconds)


class Exact(Waits):
    """A clock on which nothing but waits takes time."""

    def monotonic(self) -> float:
        return sum(self)


class Together(Waits):
    """Waits that pass for the emulator too, and at the same time in all threads."""

    def __init__(self, emulator: "Emulator") -> None:
        super().__init__()
        self._emulator = emulator
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self.ahead = 0.0

    def monotonic(self) -> float:
        return self._begun + self.ahead

    def sleep(self, seconds: float) -> None:
        ends = self.monotonic() + seconds
        super().sleep(seconds)
        with self._lock:
            if (missing := ends - self.monotonic()) > 0:
                self._emulator.door("POST", "clock", {"advanceSeconds": missing})
                self.ahead += missing


@dataclass
class Emulator:
    """The Genesys emulator, with what somebody would do by hand."""

    served: Served
    http: httpx.Client

    @classmethod
    def of(cls, served: Served) -> Self:
        return cls(served, httpx.Client(base_url=served.url, trust_env=False))

    def door(self, method: str, path: str, body: object = None) -> Any:
        response = self.http.request(method, f"/_sandbox/{path}", json=body)
        assert response.is_success, response.text
        return response.json()

    def fault(self, method: str, path: str, **fault: object) -> None:
        self.door("POST", "faults", {"method": method, "path": path, **fault})

    def held(self) -> list[int]:
        """Numbers of the calls that a fault holds."""
        numbers: list[int] = self.door("GET", "held")["calls"]
        return numbers

    def calls(self) -> list[str]:
        """`METHOD path` of each since the last time, in their order."""
        found = [f"{call['method']} {call['path']}" for call in self.door("GET", "calls")]
        self.door("DELETE", "calls")
        return found

    def entities(self, kind: str) -> list[dict[str, Any]]:
        if kind == "integration":
            integrations = list(self.served.cloud.integrations.items.values())
            return [each.to_json({"config.current"}) for each in integrations if not each.deleted]
        collection = getattr(self.served.cloud, f"{kind}s")
        return [collection.to_json(entity) for entity in collection.items.values()]

    def by_hand(self, method: str, path: str, body: object = None) -> Any:
        """A call of the API that is not in the call log afterwards."""
        before = self.door("GET", "calls")
        assert not before, "look at the calls first"
        token = self.http.post(
            "/oauth/token", auth=("sandbox-client", "sandbox-secret"), data={"grant_type": "client_credentials"}
        ).json()["access_token"]
        response = self.http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert response.is_success, response.text
        self.door("DELETE", "calls")
        return response.json() if response.content else None

    def change(self, kind: str, id_: str, **fields: object) -> None:
        """Other values for some fields of an object, as set by hand."""
        path = f"/api/v2/events/{kind}s/{id_}"
        self.by_hand("PUT", path, {**self.by_hand("GET", path), **fields})

    def signing_key(self, id_: str) -> str | None:
        """What no client is told."""
        return self.served.cloud.webhooks.items[id_].signing_key
