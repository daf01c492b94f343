import signal
from collections.abc import Callable, Iterator

import pytest

from ops import __main__ as command_line
from ops.stack import Stack
from tests.support.aws_sandbox import Aws, emptied_fixture, server_fixture
from tests.support.ops import Both, both

aws_server = server_fixture()
aws = emptied_fixture()


@pytest.fixture
def deployed(aws: Aws) -> Iterator[Both]:
    with both(aws) as it:
        yield it


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """A command for that stack, in process; its exit code."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]

    def run(stack: Stack, command: str, *arguments: str) -> int:
        monkeypatch.setattr("ops.stack.read", lambda *_: stack)
        return command_line.main([command, "--stack", stack.name, *arguments])

    yield run
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
