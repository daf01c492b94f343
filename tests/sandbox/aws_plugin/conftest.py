"""One AWS emulator and one configured plugin for all tests of a process; each test names its own resources."""

import uuid
from collections.abc import Iterator

import pytest

from tests.support.aws_plugin import Emulator, Plugin, emulator, plugin


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="session")
def aws(cloud: Emulator) -> Iterator[Plugin]:
    with plugin(cloud.config(allowedAccountIds='["000000000000"]', defaultTags='{"tags": {"owner": "us"}}')) as client:
        yield client


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t-{uuid.uuid4().hex[:8]}"
