"""Vector registers against plain words: the same numbers, whatever the place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.compiled import njit
from sim.core.lanes import (
    FOUND,
    GROUP,
    STEP,
    dot,
    fade_and_find,
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
def _fade(ids, weights, u, first, wanted):
    return fade_and_find(ids, weights, u, first, wanted, KEEP)


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
    st.lists(st.integers(-1, 12), min_size=8, max_size=8),
    st.lists(
        st.sampled_from([0.0, -0.0, 0.25, -0.25]) | st.floats(-1, 1, width=32), min_size=8,
        max_size=8,
    ),
    st.sampled_from([0, 8, 16]),
)  # fmt: skip
def test_affinities_fade_and_one_is_found(ids: list[int], weights: list[float], first: int) -> None:
    rows, held = np.full((3, 24), 7, np.int32), np.full((3, 24), 0.5, np.float32)
    rows[1, first : first + 8], held[1, first : first + 8] = ids, weights
    faded = held.copy()
    faded[1, first : first + 8] *= KEEP
    place, weakest, size = _fade(rows, held, 1, first, 4)
    np.testing.assert_array_equal(held, faded)
    assert place == (ids.index(4) if 4 in ids else 8)
    # the number of the first with the least weight, one without an id before all others
    sizes = [-1.0 if i < 0 else abs(float(w)) for i, w in zip(ids, faded[1, first:], strict=False)]
    assert weakest == sizes.index(min(sizes))
    bits = -1 if min(sizes) < 0 else int(np.float32(min(sizes)).view(np.int32))
    assert size == bits


@pytest.mark.parametrize("dims", [16, 32, 48, 144])
def test_inner_products_of_rows(dims: int) -> None:
    random = np.random.default_rng(dims)
    a = random.integers(-127, 128, (5, dims)).astype(np.int8)
    b = random.integers(-16384, 16385, (1, dims)).astype(np.int16)
    for row in range(5):
        assert more_dot(a, row, b, 0, dims) == int(a[row, STEP:].astype(int) @ b[0, STEP:])
        assert _dot(a, row, a, 0, dims) == int(a[row].astype(int) @ a[0])
