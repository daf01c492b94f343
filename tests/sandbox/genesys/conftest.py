"""One emulator for the tests of a worker, as new for each test."""

from collections.abc import Iterator

import pytest

from sandbox.genesys import Settings
from sandbox.genesys.testing import serve
from tests.support.genesys_emulator import Emulator, Receiver, receiver


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[Emulator]:
    with serve(Settings(token_seconds=600)) as served:
        emulator = Emulator(served)
        with emulator.api, emulator.plain:
            yield emulator


@pytest.fixture
def emulator(one_emulator: Emulator) -> Emulator:
    """Logged in, with its call log empty, its deliveries' waits shortened."""
    one_emulator.door("POST", "reset")
    one_emulator.door("POST", "retry-scale", factor=0.001)
    one_emulator.log_in()
    one_emulator.door("DELETE", "calls")
    return one_emulator


@pytest.fixture
def target() -> Iterator[Receiver]:
    with receiver() as running:
        yield running
