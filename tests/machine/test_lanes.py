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
    dot,
    find_place,
    highest_of_group,
    look_in_group,
    lowest_bit,
    more_dot,
    put_in_group,
    search_group,
    word_of,
)

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
def _word(ids, words, u, first, wanted):
    return word_of(ids, words, u, first, wanted)


@njit()
def _place(ids, words, u, first, wanted):
    return find_place(ids, words, u, first, wanted)


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
        st.sampled_from([0, 256, -256, -1, 511]) | st.integers(-(2**31), 2**31 - 1),
        min_size=8, max_size=8,
    ),
    st.sampled_from([0, 8, 16]), st.sampled_from([4, -1]),
)  # fmt: skip
@example([0, 1, 2, 3, 5, 6, 7, 8], 8, [-256, *[256] * 7], 0, 4)  # the first of equal ones
def test_a_word_and_its_place(
    ids: list[int], known: int, words: list[int], first: int, wanted: int
) -> None:
    held = np.full((2, 24), 4, np.int32)
    beside = np.full((2, 24), 77, np.int32)
    held[1, first : first + 8] = [*ids[:known], *[-1] * (8 - known)]
    beside[1, first : first + 8] = words
    here = held[1, first : first + 8].tolist()
    is_there = wanted in here and wanted >= 0
    assert _word(held, beside, 1, first, wanted) == (words[here.index(wanted)] if is_there else 0)
    if wanted >= 0:
        sizes = [-1 if i < 0 else abs(w >> 8) for i, w in zip(here, words, strict=True)]
        place = here.index(wanted) if is_there else sizes.index(min(sizes))
        assert _place(held, beside, 1, first, wanted) == (place, is_there, words[place])


@pytest.mark.parametrize("dims", [16, 32, 48, 144])
def test_inner_products_of_rows(dims: int) -> None:
    random = np.random.default_rng(dims)
    a = random.integers(-127, 128, (5, dims)).astype(np.int8)
    b = random.integers(-16384, 16385, (1, dims)).astype(np.int16)
    for row in range(5):
        assert more_dot(a, row, b, 0, dims) == int(a[row, STEP:].astype(int) @ b[0, STEP:])
        assert _dot(a, row, a, 0, dims) == int(a[row].astype(int) @ a[0])
