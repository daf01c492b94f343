"""A fault run: whole life cycles in which whatever may pass goes wrong on the way."""

import random
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from genesys_provider import client, retry
from genesys_provider.errors import GenesysError
from genesys_provider.lifecycle import Props
from tests.genesys_provider.conftest import set_clock
from tests.support.fault_run import PASSING, ROUTES, Faults
from tests.support.genesys_kinds import EVERY_KIND, MARK, Kind, Settling, entities, kind_named, made_by_hand, text_of
from tests.support.provider import ENVIRON, Emulator, Process, State
from tests.support.report import Report

ANSWER_SECONDS = 0.1
PER_COMMAND = 6
ENOUGH = 100  # an error that is still there after so many tries does not pass


@pytest.fixture(params=EVERY_KIND)
def kind(request: pytest.FixtureRequest, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Kind:
    monkeypatch.setattr(client, "ANSWER_SECONDS", ANSWER_SECONDS)
    return kind_named(request.param, emulator)


@pytest.mark.parametrize("seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(8, 90))])
def test_whatever_fails_on_the_way_there_is_one_object_and_then_none(
    seed: int,
    kind: Kind,
    emulator: Emulator,
    another: Callable[..., Process],
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every other time somebody else's object has what must be unique: it is refused, and a free one is taken."""
    rng = random.Random(seed)
    retry.jitter.seed(seed)
    theirs = made_by_hand(kind, emulator, "made by hand") if seed % 2 else None
    faults = Faults(emulator, rng, slow_ms=int(ANSWER_SECONDS * 1000) + 50, longest_wait=20)
    set_clock(monkeypatch, Settling(emulator, faults.settle))
    errors: list[str] = []
    doubles = orphans = 0

    def run(command: Callable[[Process], State | None]) -> State | None:
        """Give a command again, as a user would, while its error may pass: each time a process that knows nothing."""
        faults.order([*ROUTES, *kind.routes], PER_COMMAND)
        for _ in range(ENOUGH):
            try:
                return command(another())
            except GenesysError as error:
                errors.append(traceback.format_exc())
                if not PASSING.match(str(error)):
                    raise
            finally:
                faults.settle()
        raise AssertionError(f"it does not pass: {errors[-1]}")

    def ours(state: State | None) -> list[dict[str, Any]]:
        nonlocal doubles, orphans
        everything = entities(kind, emulator)
        found = [each for each in everything if MARK in text_of(kind, each)]
        assert [each for each in everything if each not in found] == ([theirs] if theirs else [])
        doubles += max(0, len(found) - 1)
        orphans += sum(state is None or each["id"] != state.id for each in found)
        return found

    props = kind.props
    if theirs:
        refused = f"{theirs['id']}.*which no stack made: choose another `{kind.unique}`"
        with pytest.raises(GenesysError, match=refused):
            run(lambda process: process.up(kind.provider, props))
        ours(None)
        props = {**props, kind.unique: "a-free-one"}
    state = run(lambda process: process.up(kind.provider, props))
    assert state
    agree(kind, emulator, ours(state), props)
    changed = {field: kind.other[field] for field in rng.sample(sorted(kind.other), rng.randint(1, 3))}
    props = {**props, **changed, **({"signingKey": "the next key"} if kind.name == "webhook" else {})}
    state = run(lambda process: process.up(kind.provider, props, state))
    assert state
    agree(kind, emulator, ours(state), props)
    assert run(lambda process: process.refresh(kind.provider, state)) == state
    run(lambda process: process.destroy(kind.provider, state))
    ours(None)

    tracebacks = sum(error.count("\n") != 1 or not error.startswith("GenesysError: ") for error in errors)
    for column, figure in {
        "life cycles": 1,
        "faults met": faults.met,
        "requests": len(emulator.door("GET", "calls")),
        "commands that failed": len(errors),
        "doubles": doubles,
        "orphans": orphans,
        "tracebacks": tracebacks,
    }.items():
        report("fault run", "in process", column, figure)
    assert (doubles, orphans, tracebacks) == (0, 0, 0)
    assert not [error for error in errors if "the first key" in error or ENVIRON["GENESYS_CLIENT_SECRET"] in error]


def agree(kind: Kind, emulator: Emulator, found: list[dict[str, Any]], props: Props) -> None:
    """There is one, and it is as the program says."""
    [entity] = found
    told = kind.provider.from_entity(entity)
    assert {name: told[name] for name in told if name in props} == {name: props[name] for name in told if name in props}
    if "signingKey" in props:
        assert emulator.signing_key(entity["id"]) == props["signingKey"]
