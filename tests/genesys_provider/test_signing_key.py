import base64

import pytest

from genesys_provider.signing_key import SigningKeyProvider
from tests.support.provider import UNKNOWN, Emulator, Process, Refused, State

PROVIDER = SigningKeyProvider()
ONE, TWO = {"rotation": 1, "key": None}, {"rotation": 2, "key": None}


def test_a_key_is_32_random_bytes(process: Process) -> None:
    keys = {process.up(PROVIDER, ONE).outputs["key"] for _ in range(20)}
    assert len(keys) == 20
    assert all(len(base64.urlsafe_b64decode(key + "=")) == 32 for key in keys)


def test_it_stays_the_same_until_rotation_is_raised(process: Process) -> None:
    state = process.up(PROVIDER, ONE)
    assert not process.changes(PROVIDER, ONE, state)
    assert process.up(PROVIDER, ONE, state) == state
    assert process.changes(PROVIDER, TWO, state)
    rotated = process.up(PROVIDER, TWO, state)
    assert rotated.outputs["key"] != state.outputs["key"]
    assert rotated.id == state.id, "in place: what depends on it is not replaced"
    assert process.up(PROVIDER, TWO, rotated) == rotated


def test_rotation_cannot_be_lowered(process: Process) -> None:
    state = process.up(PROVIDER, TWO)
    with pytest.raises(Refused) as refused:
        process.up(PROVIDER, ONE, state)
    assert refused.value.problems == ["rotation can't be lowered: it is at 2; raise it to get a new key"]


@pytest.mark.parametrize("rotation", [0, -1, 1.5, "2", True, None, float("inf")])
def test_rotation_is_a_whole_number_from_1(rotation: object, process: Process) -> None:
    with pytest.raises(Refused) as refused:
        process.check(PROVIDER, {"rotation": rotation})
    [problem] = refused.value.problems
    assert problem.startswith("rotation is ")
    assert problem.endswith("; write a whole number from 1 up")


def test_an_unknown_rotation_is_a_change(process: Process) -> None:
    state = process.up(PROVIDER, ONE)
    process.check(PROVIDER, {"rotation": UNKNOWN}, state)
    assert process.changes(PROVIDER, {"rotation": UNKNOWN}, state)


def test_a_refresh_keeps_the_key(process: Process) -> None:
    state = process.up(PROVIDER, TWO)
    assert process.refresh(PROVIDER, state) == state


def test_a_class_that_moved_keeps_the_key(process: Process) -> None:
    state = process.up(PROVIDER, ONE)
    state = State(state.id, state.inputs, {**state.outputs, "__provider": "the class's old place"})
    assert process.changes(PROVIDER, ONE, state)
    assert process.up(PROVIDER, ONE, state).outputs["key"] == state.outputs["key"]


def test_it_calls_nobody(process: Process, emulator: Emulator) -> None:
    state = process.up(PROVIDER, ONE)
    process.refresh(PROVIDER, state)
    process.destroy(PROVIDER, process.up(PROVIDER, TWO, state))
    assert emulator.calls() == []
