"""The pictures in the docs: nothing from elsewhere in them, and nothing of the machine they were made on."""

import re

import pytest

from tests.support.graph import ROOT
from tools.pictures import picture


def outside(svg: str) -> list[str]:
    return re.findall(
        r"(?:https?:)?//[^\s\"'<)]+|url\([^#)][^)]*\)|@font-face", svg.replace("http://www.w3.org/2000/svg", "")
    )


def test_a_picture_loads_nothing() -> None:
    svg = picture("\x1b[32m✓\x1b[0m token", "make verify")
    assert "✓" in svg
    assert [each for each in outside(svg) if "textualize" not in each] == []


@pytest.mark.parametrize("name", ["verify", "tail"])
def test_each_picture_is_shown_and_shows_nothing_of_the_machine(name: str) -> None:
    svg = (ROOT / f"docs/{name}.svg").read_text(encoding="utf-8")
    found = [each for each in outside(svg) if "textualize" not in each and "127.0.0.1:4566" not in each]
    assert found == []
    assert not re.search(r"/(tmp|home|root|work|Users)/|Traceback", svg)
    assert f"docs/{name}.svg" in (ROOT / "README.md").read_text(encoding="utf-8")
