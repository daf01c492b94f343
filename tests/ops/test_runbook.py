"""docs/operations.md has each step of `ops verify`, and what its ✗ speaks of."""

import re

import pytest

from tests.support.graph import ROOT

DOC = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
SECTION = DOC.partition("## Each ✗ of verify\n")[2].partition("\n## ")[0]
SOURCES = {
    "Genesys Cloud": ("genesys_checks.py",),
    "AWS": ("aws_checks.py", "counted.py"),
    "Whole path": ("verify.py",),
}
KEYS = ("signingKeyRotation", "apiKeyRotation", "keyOverlapMinutes", "ingress.throttle", "ingress.maxAgeMinutes")


def source(name: str) -> str:
    return (ROOT / "ops" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("side", SOURCES)
def test_each_step_has_its_row_and_each_row_its_step(side: str) -> None:
    code = "".join(map(source, SOURCES[side]))
    steps = re.findall(r'\("([a-z ]+)", self\.', code) + re.findall(r'Check\(WHOLE, "([a-z ]+)"', code)
    rows = re.findall(r"^\| `([a-z ]+)` \|", SECTION.partition(f"### {side}\n")[2].partition("\n### ")[0], re.MULTILINE)
    assert steps
    assert sorted(rows) == sorted(set(steps))


def test_what_a_fix_names_is_in_the_table_and_there() -> None:
    code = "".join(map(source, ("steps.py", *(name for names in SOURCES.values() for name in names))))
    targets = set(re.findall(r"make ([a-z-]+) STACK=", code))
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets >= {"up", "refresh", "dead-letters", "pulumi"}
    for target in targets:
        assert f"make {target} " in DOC or f"`make {target}`" in DOC
        assert re.search(rf"^{target}: ##", made, re.MULTILINE)
    for key in KEYS:
        assert (key in code) == (f"`{key}`" in SECTION), key


def test_each_place_that_the_table_points_at_exists() -> None:
    for file, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", SECTION):
        text = (ROOT / "docs" / (file or "operations.md")).read_text(encoding="utf-8")
        headings = [each.lower().replace(" ", "-") for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
        assert anchor in headings, (file, anchor)
