"""Tests can be interrupted, and what they start too, even where a shell in the background has them ignore it."""

import signal
from collections.abc import Callable

import pytest

from tests.support.report import KEY, Report, pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def report(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Report:
    """Puts a cell into a table that the run prints at its end."""
    place = request.session.items.index(request.node)
    return lambda title, row, column, value: record_property(KEY, (place, title, row, column, value))
