"""`python -m tests.mutation`: mutation testing of what must never be wrong. `make test-full` runs it.

mutmut changes one thing at a time in the modules that pyproject.toml names, and runs the tests that reach it. A mutant
that no test notices is a behaviour that no test asserts: it is killed by a test, or explained in survivors.toml. This
command lists each, and ends with 1 when an explanation is missing, or is there for a mutant that survives no more.

It works on a copy outside the checkout: arguments are patterns of mutants' names, such as `genesys_provider.auth.*`.
"""

import ast
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tools.engine import Progress, say

ROOT = Path(__file__).parents[2]
EXPLANATIONS = Path(__file__).with_name("survivors.toml")
COPIED = ("pyproject.toml", "genesys_provider", "sandbox", "tests")
CHILDREN = 2
KILLERS = "mutants/killers"
"""Where plugin.py notes which test noticed which mutant."""

KILLED = {"killed", "timeout"}
SURVIVED = {"survived", "no tests"}


class MutationError(Exception):
    """Why there is no result, in one line."""


@dataclass(frozen=True)
class Place:
    """A mutant by what it changes, whatever its number is: numbers move with every line of code."""

    function: str
    diff: str

    def __str__(self) -> str:
        return f"{self.function}\n{self.diff}"


@dataclass(frozen=True)
class Mutant:
    name: str
    status: str
    place: Place
    killer: str = ""


def main(patterns: list[str]) -> int:
    try:
        explained = explanations(EXPLANATIONS.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            copy(Path(folder))
            run(Path(folder), patterns)
            mutants = results(Path(folder))
            if doubtful := [mutant.name for mutant in killed_though_explained(mutants, explained)]:
                run(Path(folder), doubtful)  # by a test that failed for another reason, on a busy machine?
                mutants = results(Path(folder))
    except MutationError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return report(mutants, explained, whole=not patterns)


def modules() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names: list[str] = config["tool"]["mutmut"]["only_mutate"]
    return names


# The copy


def copy(folder: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    (folder / KILLERS).parent.mkdir()
    (folder / KILLERS).touch()
    (folder / "tmp").mkdir()  # of the tests: those that are killed leave it as it is
    for name in modules():
        file = folder / name
        file.write_text(decorated_at_the_end(file.read_text(encoding="utf-8")), encoding="utf-8")


def decorated_at_the_end(source: str) -> str:
    """The same module, with functions decorated by assignments behind everything: mutmut leaves out what is decorated.

    Without this, no method of a life cycle that Pulumi calls would be mutated, as each is a `@boundary`.
    """
    lines, assignments = source.splitlines(), []
    for prefix, function in functions(ast.parse(source)):
        for decorator in reversed(function.decorator_list):
            text, name = ast.unparse(decorator), f"{prefix}{function.name}"
            if text not in ("staticmethod", "classmethod"):  # those mutmut knows
                lines[decorator.lineno - 1 : decorator.end_lineno] = [""] * (
                    (decorator.end_lineno or decorator.lineno) - decorator.lineno + 1
                )
                assignments.append(f"{name} = {text}({name})")
    return "\n".join([*lines, *assignments, ""])


def functions(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods, each with what stands before its name."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.", method) for method in node.body if isinstance(method, ast.FunctionDef))


# The run


def run(folder: Path, patterns: list[str]) -> None:
    """Raises MutationError when mutmut could not do its work, as when the tests fail without any mutant."""
    mutmut = Path(sys.executable).with_name("mutmut")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MUTMUT_"))}
    said: list[str] = []
    with (
        Progress() as progress,
        subprocess.Popen(
            [mutmut, "run", "--max-children", str(CHILDREN), *patterns],
            cwd=folder,
            env={**environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": "", "TMPDIR": str(folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running,
    ):
        try:
            for line in running.stdout or ():  # universal newlines: a status that is overwritten is a line too
                if text := line.strip():
                    progress.show(status(text))
                    said.append(text)
        finally:
            if running.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
    if running.returncode:
        raise MutationError("mutmut failed:\n" + "\n".join(said[-40:]))


def status(line: str) -> str:
    """What mutmut says it is doing, without its pictures."""
    if found := re.search(r"(\d+)/(\d+) .*🙁 (\d+)", line):
        return "mutants: {} of {}, {} survived".format(*found.groups())
    return f"mutants: {line.lstrip('⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ').lower()}"


def results(folder: Path) -> list[Mutant]:
    """What became of each mutant that was tested."""
    mutants = []
    with contextlib.chdir(folder):
        killers = dict(line.split("\t") for line in Path(KILLERS).read_text(encoding="utf-8").splitlines())
        for name in modules():
            data = SourceFileMutationData(path=name)
            data.load()
            if not data.exit_code_by_key:
                raise MutationError(f"{name} has no mutants")
            for key, code in data.exit_code_by_key.items():
                if code is not None:
                    killer, status = killers.get(key, ""), status_by_exit_code[code]
                    if status == "killed" and not killer:
                        status = "failed without a test that did"  # pytest could not do its work
                    mutants.append(Mutant(key, status, place(name, key), killer))
    return mutants


def place(module: str, key: str) -> Place:
    function, of_class = orig_function_and_class_names_from_key(key)
    diff = get_diff_for_mutant(key, path=module).splitlines()[2:]
    return Place(
        f"{module}: {f'{of_class}.' if of_class else ''}{function}", normal(line for line in diff if line[:1] in "+-")
    )


def normal(lines: Iterable[str]) -> str:
    """Lines of a diff without their indentation, which moves too."""
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


# The verdict


def explanations(text: str) -> dict[Place, str]:
    """Why each of these survives, from a text in which they stand as `report` prints them."""
    found = {}
    for entry in tomllib.loads(text).get("explained", []):
        for block in entry["mutants"].strip().split("\n\n"):
            function, *diff = block.splitlines()
            found[Place(function, normal(diff))] = entry["why"]
    return found


def killed_though_explained(mutants: list[Mutant], explained: dict[Place, str]) -> list[Mutant]:
    left = {mutant.place for mutant in mutants if mutant.status in SURVIVED}
    return [mutant for mutant in mutants if mutant.place in explained and mutant.place not in left]


def report(mutants: list[Mutant], explained: dict[Place, str], *, whole: bool) -> int:
    survivors = [mutant for mutant in mutants if mutant.status in SURVIVED]
    unjudged = [mutant for mutant in mutants if mutant.status not in KILLED | SURVIVED]
    for mutant in survivors:
        why = explained.get(mutant.place, "NOT EXPLAINED: kill it by a test, or say why in survivors.toml")
        print(f"\n{mutant.place}\n  {mutant.status}: {why}")
    for mutant in unjudged:
        print(f"\n{mutant.place}\n  NO VERDICT: {mutant.status}")
    killed = {mutant.place: mutant.killer for mutant in killed_though_explained(mutants, explained)}
    gone = explained.keys() - {mutant.place for mutant in mutants} if whole else set()
    stale = [place for place in explained if place in killed or place in gone]
    for place in stale:
        now = f"KILLED by {killed[place]}" if place in killed else "GONE"
        print(f"\n{place}\n  EXPLAINED IN survivors.toml, BUT {now}")

    print()
    for module in modules():
        of_module = Counter(mutant.status for mutant in mutants if mutant.place.function.startswith(f"{module}:"))
        print(f"{module}: {of_module.total()} mutants, {figures(of_module)}")
    missing = sum(mutant.place not in explained for mutant in survivors)
    print(
        f"mutation: {len(mutants)} mutants, {figures(Counter(mutant.status for mutant in mutants))};"
        f" {missing} survivors without an explanation, {len(stale)} explanations without a survivor"
    )
    return 1 if missing or stale or unjudged or not mutants else 0


def figures(statuses: Counter[str]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
