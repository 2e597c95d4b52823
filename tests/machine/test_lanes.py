"""Vector registers against plain words: the same numbers, whatever the place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.machine.compiled import njit
from sim.machine.lanes import (
    FOUND,
    GROUP,
    STEP,
    change_one,
    dot,
    highest_of_group,
    look_in_group,
    lowest_bit,
    more_dot,
    put_in_group,
    search_group,
)

KEEP = np.float32(0.97)
WHOLE = st.integers(-(2**62), 2**62)


@njit()
def _look(data, place, wanted):
    return look_in_group(data, place, wanted)


@njit()
def _search(data, place, wanted):
    return search_group(data, place, wanted)


@njit()
def _lowest(bits):
    return lowest_bit(bits)


@njit()
def _highest(values, first):
    return highest_of_group(values, first)


@njit()
def _put(values, first, place, value):
    return put_in_group(values, first, place, value)


@njit()
def _change(ids, weights, u, first, wanted, amount):
    change_one(ids, weights, u, first, wanted, amount, KEEP)


@njit()
def _dot(a, i, b, j, length):
    return dot(a, i, b, j, length)


@given(st.lists(st.integers(-1, 9), min_size=40, max_size=40), st.integers(0, 24))
def test_a_group_tells_what_is_found_and_what_is_empty(values: list[int], place: int) -> None:
    seen = _look(np.array(values, np.int32), place, np.int32(4))
    group = values[place : place + GROUP]
    assert [bool(seen >> i & 1) for i in range(GROUP)] == [v == 4 for v in group]
    assert [bool(seen >> GROUP + i & 1) for i in range(GROUP)] == [v < 0 for v in group]
    assert bool(seen & FOUND) == (4 in group)
    if -1 in group:
        assert _lowest(seen >> GROUP) == group.index(-1)
    found, ends = _search(np.array(values, np.int32), place, np.int32(4))
    assert (found, ends) == (4 in group, 4 in group or -1 in group)


@given(
    st.lists(WHOLE, min_size=48, max_size=48), st.integers(0, 32), st.integers(0, GROUP - 1), WHOLE
)
def test_the_best_of_a_group(values: list[int], first: int, place: int, value: int) -> None:
    keys = np.array(values, np.int64)
    assert _highest(keys, first) == max(values[first : first + GROUP])
    values[first + place] = value
    assert _put(keys, first, place, value) == max(values[first : first + GROUP])
    assert keys.tolist() == values


@given(
    st.lists(st.integers(0, 12), min_size=8, max_size=8, unique=True), st.integers(0, 8),
    st.lists(
        st.sampled_from([0.0, -0.0, 0.25, -0.25]) | st.floats(-1, 1, width=32), min_size=8,
        max_size=8,
    ),
    st.sampled_from([0, 8, 16]), st.sampled_from([4, -1]),
    st.sampled_from([0.25 * float(KEEP), -0.1]) | st.floats(-1, 1, width=32),
)  # fmt: skip
@example([0, 1, 2, 3, 5, 6, 7, 8], 8, [0.25] * 8, 0, 4, 0.25 * float(KEEP))  # as weak: it goes
def test_one_affinity_changes_and_all_fade(
    ids: list[int], used: int, weights: list[float], first: int, wanted: int, amount: float
) -> None:
    ids = [i if n < used else -1 for n, i in enumerate(ids)]
    rows, held = np.full((3, 24), 7, np.int32), np.full((3, 24), 0.5, np.float32)
    rows[1, first : first + 8], held[1, first : first + 8] = ids, weights
    other_rows, other = rows.copy(), held.copy()
    change = np.float32(amount)
    if wanted >= 0:
        some, their = other_rows[1, first : first + 8], other[1, first : first + 8]
        their *= KEEP
        # the first with the least weight goes, one without an id before all others
        sizes = [-1.0 if i < 0 else abs(float(w)) for i, w in zip(ids, their, strict=True)]
        place = ids.index(wanted) if wanted in ids else sizes.index(min(sizes))
        if wanted in ids or min(sizes) <= abs(float(change)):
            if wanted not in ids:
                some[place], their[place] = wanted, 0.0
            bound = np.float32(1.0 if amount > 0.0 else -1.0)
            their[place] += abs(change) * (bound - their[place])
    _change(rows, held, 1, first, wanted, change)
    assert rows.tolist() == other_rows.tolist()
    assert held.tobytes() == other.tobytes()


@pytest.mark.parametrize("dims", [16, 32, 48, 144])
def test_inner_products_of_rows(dims: int) -> None:
    random = np.random.default_rng(dims)
    a = random.integers(-127, 128, (5, dims)).astype(np.int8)
    b = random.integers(-16384, 16385, (1, dims)).astype(np.int16)
    for row in range(5):
        assert more_dot(a, row, b, 0, dims) == int(a[row, STEP:].astype(int) @ b[0, STEP:])
        assert _dot(a, row, a, 0, dims) == int(a[row].astype(int) @ a[0])
