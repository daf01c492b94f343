"""For pytest as mutmut runs it: which tests have to notice a mutant, and how it gets into modules that are imported.

mutmut forks a process for each mutant from one that has imported everything already, and counts for a function only
the tests that call it themselves. What runs at import, as `text_problem(1, 128)` of a `Field` does, would never be
seen mutated.
"""

import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from mutmut.mutation.trampoline import get_mutant_under_test
from mutmut.state import state

# Others reach these modules too, and take longer.
TESTS = {
    "auth": ("auth", "client"),
    "client": ("client", "ratelimit", "error_table", "eventbridge_source"),
    "lifecycle": ("lifecycle", "eventbridge_source", "resources", "signing_key", "subscription", "webhook"),
    "ratelimit": ("ratelimit", "client"),
    "responses": ("responses", "client", "error_table", "eventbridge_source"),
    "retry": ("retry", "ratelimit", "client", "eventbridge_source"),
    "session": ("session", "lifecycle"),
}
OURS, EVERYTHING = ("genesys_provider", "tests"), "genesys_provider.client"

KILLERS = Path(__file__).parents[2] / "killers"  # which test noticed which mutant

_at_import: set[str] = set()
_wanted: list[str] = []  # the tests for this mutant, in mutmut's order


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> None:
    """Note what is called at import, and import again when that is what a mutant changes."""
    # Chosen after collection: a test that pytest doesn't find by its id would look as if it noticed every mutant.
    _wanted[:] = [arg for arg in args if "::" in arg and not arg.startswith("-")]
    args[:] = [arg for arg in args if arg not in _wanted] + sorted({name.split("::")[0] for name in _wanted})
    mutant = get_mutant_under_test()
    if mutant == "stats":
        importlib.import_module(EVERYTHING)
        _at_import.update(state()._stats)
    elif mutant.partition("__mutmut_")[0] in _at_import:
        for name in [name for name in sys.modules if name.split(".")[0] in OURS and name != __name__]:
            del sys.modules[name]
        try:
            importlib.import_module(EVERYTHING)
        except Exception:
            killed(mutant, "the import")  # pytest would say that its command was wrong


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _wanted:
        by_name = {plain(item.nodeid): item for item in items}
        items[:] = [by_name[plain(name)] for name in _wanted]


def plain(name: str) -> str:
    """A test's id as it is the first time: each collection in one process escapes it anew."""
    return re.sub(r"\\+", r"\\", name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Before mutmut takes the functions that this test has called."""
    called, test = state()._stats, item.path.stem.removeprefix("test_")
    called.update(_at_import)
    called.intersection_update({name for name in called if test in TESTS[name.split(".")[1]]})
    yield


def pytest_collectreport(report: pytest.CollectReport) -> None:
    pytest_runtest_logreport(report)


def pytest_runtest_logreport(report: pytest.CollectReport | pytest.TestReport) -> None:
    """One failure is the verdict: nothing need be torn down in a process that is there for one mutant."""
    mutant = get_mutant_under_test()
    if report.failed and "__mutmut_" in mutant:
        killed(mutant, report.nodeid)


def killed(mutant: str, by: str) -> NoReturn:
    with KILLERS.open("a", encoding="utf-8") as file:
        file.write(f"{mutant}\t{by}\n")
    os._exit(1)
