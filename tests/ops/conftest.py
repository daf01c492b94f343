from collections.abc import Iterator

import pytest

from tests.support.aws_sandbox import Aws, emptied_fixture, server_fixture
from tests.support.ops import Both, both

aws_server = server_fixture()
aws = emptied_fixture()


@pytest.fixture
def deployed(aws: Aws) -> Iterator[Both]:
    with both(aws) as it:
        yield it
