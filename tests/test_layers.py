"""Who may import whom: the product runs without tests and sandbox, and its halves know nothing of each other."""

import ast
import sys
from pathlib import Path

import pytest

from tests.support.graph import ROOT

OURS = {"genesys_provider", "eventbridge", "ingress", "ops", "sandbox", "tools", "tests", "bench", "settings"}
MAY_IMPORT = {
    "__main__.py": {"genesys_provider", "eventbridge", "settings"},
    "settings.py": {"genesys_provider"},
    "genesys_provider": set(),
    "eventbridge": set(),
    "ingress": set(),
    "ops": {"settings", "genesys_provider", "eventbridge"},
    "sandbox": {"genesys_provider"},
    "tools": {"sandbox", "genesys_provider"},
    "bench": {"sandbox", "tools"},
}
PACKAGES = {
    "genesys_provider": {"pulumi", "httpx", "stamina"},
    "eventbridge": {"pulumi", "pulumi_aws", "boto3", "botocore"},
    "ingress": {"boto3", "botocore"},
    "ops": {"boto3", "botocore"},
}
ONE_PLACE = {"httpx": "genesys_provider/_http.py"}


def sources(part: str) -> list[Path]:
    found = ROOT / part
    return [found] if found.suffix else sorted(found.rglob("*.py"))


def imported(file: Path) -> set[str]:
    """Top-level names of what the file imports from outside its own package."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_those_below_it(part: str) -> None:
    for file in sources(part):
        foreign = imported(file) & OURS - MAY_IMPORT[part] - {part}
        assert not foreign, f"{file.relative_to(ROOT)} imports {foreign}"


@pytest.mark.parametrize("part", PACKAGES)
def test_a_half_needs_no_more_packages_than_it_should(part: str) -> None:
    for file in sources(part):
        packages = imported(file) - OURS - sys.stdlib_module_names
        assert packages <= PACKAGES[part], f"{file.relative_to(ROOT)} imports {packages - PACKAGES[part]}"


@pytest.mark.parametrize("package", ONE_PLACE)
def test_what_may_be_exchanged_is_imported_in_one_place(package: str) -> None:
    where = {str(file.relative_to(ROOT)) for part in PACKAGES for file in sources(part) if package in imported(file)}
    assert where == {ONE_PLACE[package]}


def test_the_provider_tells_nothing_but_what_was_redacted() -> None:
    told = [file.name for file in sources("genesys_provider") if "pulumi.log." in file.read_text(encoding="utf-8")]
    assert told == ["log.py"]
