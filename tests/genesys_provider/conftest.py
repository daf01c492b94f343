"""The emulator, a provider process on it, and time that doesn't pass while waiting."""

import functools
import ssl
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import tenacity.nap

from genesys_provider import ratelimit, redaction, retry
from sandbox.genesys.settings import Settings
from sandbox.genesys.testing import serve
from tests.support.partner_api import PartnerApi, partner_api
from tests.support.provider import ENVIRON, ORG, Emulator, Process, Together, Waits


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Seconds waited for before each repeat."""
    retry.jitter.seed(1)  # else, once in a thousand runs, all waits are short ones
    return set_clock(monkeypatch, Waits())


@pytest.fixture
def together(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Together:
    """The same, and the emulator's time passes too."""
    return set_clock(monkeypatch, Together(emulator))


W = TypeVar("W", bound=Waits)


def set_clock(patch: pytest.MonkeyPatch, clock: W) -> W:
    patch.setattr(tenacity.nap, "time", clock)
    for module in (retry, ratelimit):
        patch.setattr(module, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def _nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden", set())


@pytest.fixture(scope="session", autouse=True)
def _one_trust_store() -> Iterator[None]:
    """Each client reads all certificates there are: the dearest part of most tests here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def _aws() -> Iterator[PartnerApi]:
    with partner_api() as aws:
        yield aws


@pytest.fixture(scope="session")
def _seed(_aws: PartnerApi) -> Iterator[Emulator]:
    with serve(Settings(aws_url=_aws.url)) as served:
        emulator = Emulator.of(served)
        yield emulator
        emulator.http.close()


@pytest.fixture
def emulator(_seed: Emulator, _aws: PartnerApi) -> Emulator:
    """With the tutorial's API, and nothing in it."""
    _seed.door("POST", "reset")
    _seed.door("POST", "integrations", {"changeSeconds": 0})
    _aws.forget()
    return _seed


@pytest.fixture
def strict() -> Iterator[Emulator]:
    """With nothing but what Genesys Cloud has."""
    with serve(Settings(profile="strict")) as served:
        emulator = Emulator.of(served)
        yield emulator
        emulator.http.close()


@pytest.fixture
def process(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Process:
    return start(emulator, monkeypatch)


@pytest.fixture
def another(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Process]:
    """Starts another process, with other config or environment. The one before must not be used any more."""
    return lambda **changes: start(emulator, monkeypatch, **changes)


def start(
    emulator: Emulator,
    patch: pytest.MonkeyPatch,
    *,
    config: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
) -> Process:
    url = emulator.served.url
    return Process(
        patch, {"loginUrl": url, "apiUrl": url, "orgId": ORG, **(config or {})}, {**ENVIRON, **(environ or {})}
    )
