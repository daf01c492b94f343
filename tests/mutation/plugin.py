"""For pytest as mutmut runs it: which tests have to notice a mutant, and how it gets into modules that are imported.

mutmut forks a process for each mutant from one that has imported everything already, and counts for a function only
the tests that call it themselves. What runs at import, as `text_problem(1, 128)` of a `Field` does, would never be
seen mutated.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

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

KILLERS = Path(__file__).with_name("killers")  # which test noticed which mutant

_at_import: set[str] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Note what is called at import, and import again when that is what a mutant changes."""
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
            os._exit(1)  # killed; pytest would say that its command was wrong


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Before mutmut takes the functions that this test has called."""
    called, test = state()._stats, item.path.stem.removeprefix("test_")
    called.update(_at_import)
    called.intersection_update({name for name in called if test in TESTS[name.split(".")[1]]})
    yield


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One failure is the verdict: nothing need be torn down in a process that is there for one mutant."""
    mutant = get_mutant_under_test()
    if report.failed and "__mutmut_" in mutant:
        with KILLERS.open("a", encoding="utf-8") as file:
            file.write(f"{mutant}\t{report.nodeid}\n")
        os._exit(1)
