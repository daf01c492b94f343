"""Tables of figures that tests print at the end of a run, gathered from all of its processes."""

from collections.abc import Callable, Iterable

import pytest
from rich.console import Console
from rich.table import Table

KEY = "table"

# The test's place, table, row, column, and what stands there: numbers of one place in a table are added up.
Cell = tuple[int, str, str, str, int | str]
Report = Callable[[str, str, str, int | str], None]


def tables(cells: Iterable[Cell]) -> list[Table]:
    """A table for each title; rows and columns in the order of the tests."""
    found: dict[str, dict[tuple[str, str], int | str]] = {}
    for _, title, row, column, value in sorted(cells, key=lambda cell: cell[0]):
        places = found.setdefault(title, {})
        before = places.get((row, column), 0)
        places[row, column] = before + value if isinstance(before, int) and isinstance(value, int) else value
    result = []
    for title, places in found.items():
        columns = list(dict.fromkeys(column for _, column in places))
        table = Table(title=title, title_justify="left")
        table.add_column("", no_wrap=True)
        for column in columns:
            table.add_column(column)
        for row in dict.fromkeys(row for row, _ in places):
            table.add_row(row, *(str(places.get((row, column), "")) for column in columns))
        result.append(table)
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    cells = [value for each in reports for key, value in each.user_properties if key == KEY]
    for table in tables(cells):
        console = Console(width=130, force_terminal=False)
        with console.capture() as text:
            console.print(table)
        terminalreporter.write(text.get())
