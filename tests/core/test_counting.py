"""Counters in vector registers against plain words."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from sim.core.counting import count_impression
from sim.core.counts import (
    FIRST_ACTION,
    IMPRESSIONS,
    LOW,
    REACH,
    VIEWS,
    WATCH_MS,
    WIDTH,
    pack,
    unpack,
)
from sim.machine.compiled import njit

ACTIONS = WIDTH - FIRST_ACTION
MOST = 2**31 - 1


@njit()
def _count(
    videos: Any, v: int, users: Any, u: int, cells: Any, c: int, impression: tuple[int, ...]
) -> None:
    views, watch_ms, reach, actions = impression
    count_impression(videos, v, users, u, cells, c, views, watch_ms, reach, actions)


def _row(impression: tuple[int, ...]) -> np.ndarray:
    """What one impression adds, word by word."""
    views, watch_ms, reach, actions = impression
    row = np.zeros(WIDTH, np.int64)
    row[[IMPRESSIONS, VIEWS, WATCH_MS, REACH]] = 1, views, watch_ms, reach
    row[FIRST_ACTION:] = [(actions >> a) & 1 for a in range(ACTIONS)]
    return row


IMPRESSION = st.tuples(
    st.integers(0, 1_000), st.integers(0, MOST), st.integers(0, 1), st.integers(0, 2**ACTIONS - 1)
)


@given(st.lists(IMPRESSION, max_size=12))
@example([(1, MOST, 1, 2**ACTIONS - 1)] * 5)
@example([(1, LOW, 0, 0), (1, 1, 0, 0)])
def test_every_table_counts_the_same(impressions: list[tuple[int, ...]]) -> None:
    random = np.random.default_rng(len(impressions))
    before = random.integers(0, 2**29, (3, WIDTH))
    before[:, WATCH_MS] *= 1_000
    videos, users, cells = pack(before), pack(before), before.copy()
    for impression in impressions:
        _count(videos, 0, users, 1, cells, 2, impression)
    added = np.zeros((3, WIDTH), np.int64)
    for impression in impressions:
        added[0] += _row(impression)
    np.testing.assert_array_equal(unpack(videos), before + added)
    np.testing.assert_array_equal(unpack(users), before + added[[1, 0, 2]])
    np.testing.assert_array_equal(cells, before + added[[2, 1, 0]])
    # the low part of watch time never grows beyond its bits
    assert (videos[:, WATCH_MS] >= 0).all()
    assert (videos[:, WATCH_MS] <= LOW).all()
    assert (videos[:, WIDTH + 1 :] == 0).all()
