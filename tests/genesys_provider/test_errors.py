import traceback

import pytest

from genesys_provider.errors import ConfigError, GenesysError, NotFound, OwnershipError, boundary, one_line_errors
from genesys_provider.redaction import hide


@pytest.fixture(autouse=True)
def _one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.tracebacklimit", 1000, raising=False)
    one_line_errors()


class Provider:
    @boundary
    def create(self, error: Exception) -> None:
        """What it does."""
        try:
            int("hunter2 inside")
        except ValueError as inner:
            raise error from inner


def printed(error: Exception) -> str:
    try:
        Provider().create(error)
    except Exception:
        return traceback.format_exc()
    raise AssertionError("it was swallowed")


@pytest.mark.parametrize("kind", [GenesysError, ConfigError, OwnershipError, NotFound])
def test_every_error_leaves_as_one_line_without_what_led_to_it(kind: type[GenesysError]) -> None:
    assert printed(kind("POST /a:\n 404")) == "GenesysError: POST /a: 404\n"


def test_a_defect_leaves_the_same_way_and_says_that_it_is_one() -> None:
    text = printed(ZeroDivisionError("by\nzero"))
    assert text == (
        "GenesysError: ZeroDivisionError in Provider.create: by zero (a defect in genesys_provider: report it)\n"
    )


def test_no_hidden_value_leaves() -> None:
    hide("hunter2")
    assert printed(GenesysError("with hunter2")) == "GenesysError: with [secret]\n"
    assert "hunter2" not in printed(ValueError("with hunter2"))


def test_the_method_stays_what_it_was() -> None:
    assert Provider.create.__doc__ == "What it does."
