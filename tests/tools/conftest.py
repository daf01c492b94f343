"""Fixtures of the tests of the tool chain."""

from tests.support.tools import health, tiny

__all__ = ["health", "tiny"]
