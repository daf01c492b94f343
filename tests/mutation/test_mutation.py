"""The command itself: what it must not let pass, and that mutmut sees what it is meant to see."""

import shutil
from pathlib import Path

import pytest

from tests.mutation import __main__ as mutation
from tests.mutation.__main__ import Mutant, Place, decorated_at_the_end, explanations, report

PYPROJECT = """
[tool.pytest.ini_options]
addopts = "--import-mode=importlib"
pythonpath = ["."]
[tool.mutmut]
source_paths = ["genesys_provider"]
only_mutate = ["genesys_provider/client.py"]
pytest_add_cli_args_test_selection = ["tests/test_client.py"]
pytest_add_cli_args = ["-ptests.mutation.plugin"]
"""
NOT_MUTATED = """
import functools

def plain(method):
    return functools.wraps(method)(lambda *args: method(*args))
"""
CODE = """
from .errors import plain

class Shop:
    @plain
    def price(self, pieces):
        return pieces * 3

def at_most(limit):
    def problem(value):
        return value > limit
    return problem

too_many = at_most(10)

def unheard(value):
    return value + 1
"""
TESTS = r"""
import pytest
from genesys_provider.client import Shop, too_many, unheard

@pytest.mark.parametrize("pieces", [2], ids=["a back\slash"])
def test_price(pieces):
    assert Shop().price(pieces) == 6

def test_too_many():
    assert too_many(11)
    assert not too_many(10)

def test_unheard():
    assert unheard(1) is not None
"""
SURVIVORS = '''
[[explained]]
why = "nobody looks"
mutants = """
genesys_provider/client.py: unheard
- return value + 1
+ return value - 1

genesys_provider/client.py: unheard
- return value + 1
+ return value + 2
"""
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one of this shape."""
    for folder in ("genesys_provider", "sandbox", "tests/mutation"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "genesys_provider/errors.py").write_text(NOT_MUTATED)
    (tmp_path / "genesys_provider/client.py").write_text(CODE)
    (tmp_path / "tests/test_client.py").write_text(TESTS)
    shutil.copy(Path(mutation.__file__).with_name("plugin.py"), tmp_path / "tests/mutation")
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    monkeypatch.setattr(mutation, "EXPLANATIONS", tmp_path / "survivors.toml")
    (tmp_path / "survivors.toml").write_text(SURVIVORS)
    return tmp_path


@pytest.mark.full
def test_decorated_functions_and_what_runs_at_import_are_mutated_too(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(project.rglob("*"))
    assert mutation.main([]) == 0
    said = capsys.readouterr().out
    assert (
        "genesys_provider/client.py: unheard\n- return value + 1\n+ return value - 1\n  survived: nobody looks" in said
    )
    assert "Shop.price" not in said
    assert "at_most" not in said
    assert said.endswith("; 0 survivors without an explanation, 0 explanations without a survivor\n")
    assert sorted(project.rglob("*")) == before, "the checkout stays as it is"

    test = project / "tests/test_client.py"
    test.write_text(TESTS.replace("(pieces) == 6", "(pieces)").replace("assert not too_many(10)", ""))
    assert mutation.main([]) == 1
    said = capsys.readouterr().out
    assert "Shop.price\n- return pieces * 3\n+ return pieces / 3\n  survived: NOT EXPLAINED" in said
    assert "at_most\n- return value > limit\n+ return value >= limit\n  survived: NOT EXPLAINED" in said


@pytest.mark.full
@pytest.mark.parametrize("tests", [TESTS + "    assert False\n", "import nowhere\n", ""], ids=["fail", "break", "none"])
def test_without_tests_that_pass_there_is_no_result(
    tests: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests/test_client.py").write_text(tests)
    assert mutation.main([]) == 1
    assert capsys.readouterr().err.count("error: mutmut failed:\n") == 1


DECORATED = """
@a
@b(
    1,
)
def f(): ...
class C:
    @c
    def m(self): ...
    @staticmethod
    def s(): ...
"""
UNDECORATED = ["def f(): ...", "class C:", "    def m(self): ...", "    @staticmethod", "    def s(): ..."]


def test_decorators_are_put_on_at_the_end_in_their_order() -> None:
    lines = [line for line in decorated_at_the_end(DECORATED).splitlines() if line]
    assert lines == [*UNDECORATED, "f = b(1)(f)", "f = a(f)", "C.m = c(C.m)"]


@pytest.mark.full
def test_a_kill_that_contradicts_an_explanation_is_tried_again_and_names_the_test(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests/test_client.py").write_text(
        TESTS + f"    flaw = __import__('pathlib').Path({str(project / 'flaw')!r})\n"
        "    assert unheard(1) == 2 or flaw.exists() or flaw.touch()\n"
    )
    assert mutation.main([]) == 0, "the first of the two fails once"
    (project / "tests/test_client.py").write_text(TESTS + "    assert unheard(1) == 2\n")
    assert mutation.main([]) == 1
    said = capsys.readouterr().out
    assert said.count("EXPLAINED IN survivors.toml, BUT KILLED by tests/test_client.py::test_unheard\n") == 2


SURVIVOR = Place("genesys_provider/auth.py: f", "- return 1\n+ return 2")
OTHER = Place("genesys_provider/auth.py: f", "- return 1\n+ return 3")


@pytest.mark.parametrize(
    ("statuses", "explained", "verdict"),
    [
        (["killed", "timeout"], [], 0),
        (["killed", "survived"], [SURVIVOR], 0),
        (["killed", "survived"], [], 1),
        (["killed", "no tests"], [], 1),
        (["killed", "survived"], [OTHER], 1),
        (["killed", "survived"], [SURVIVOR, OTHER], 1),
        (["killed", "killed"], [SURVIVOR], 1),
        (["killed", "suspicious"], [SURVIVOR], 1),
        (["killed", "segfault"], [], 1),
        ([], [], 1),
    ],
)
def test_every_survivor_is_explained_and_every_explanation_is_of_one(
    statuses: list[str], explained: list[Place], verdict: int
) -> None:
    mutants = [Mutant(f"m{number}", status, SURVIVOR) for number, status in enumerate(statuses)]
    assert report(mutants, dict.fromkeys(explained, "because"), whole=True) == verdict


def test_an_explanation_holds_wherever_the_lines_move() -> None:
    text = '[[explained]]\nwhy = "because"\nmutants = """\n{}\n"""\n'
    inner = f"{SURVIVOR.function}\n-         return 1\n+  return 2\n\n{OTHER.function}\n{OTHER.diff}"
    assert explanations(text.format(inner)) == {SURVIVOR: "because", OTHER: "because"}
