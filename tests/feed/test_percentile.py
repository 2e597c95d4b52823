"""Watch percentiles: cells of time, ranks, and that no length has an advantage."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.actions import bit
from sim.feed.percentile import (
    BINS,
    CELLS,
    LENGTHS_S,
    MIDDLE_S,
    RANK_ONE,
    RANKED,
    TEST,
    first_times,
    length_class,
    rank_at,
    ranks_of,
    time_cell,
)
from sim.feed.plain.percentile import time_cells
from sim.record.events import EVENT

DONE = bit("completion")


def test_both_implementations_find_the_same_cells() -> None:
    rng = np.random.default_rng(5)
    events = np.zeros(20_000, EVENT)
    durations = np.append(LENGTHS_S, rng.lognormal(3.0, 1.2, 490))
    events["video"] = rng.integers(0, len(durations), len(events))
    events["watch_ms"] = np.append(np.arange(2_000), np.exp(rng.uniform(0, 19, 18_000)))
    whole = events["watch_ms"] >= 1_000 * durations[events["video"]]
    events["actions"] = np.where(whole, DONE, bit("like"))
    filled = np.arange(len(events)) % 3
    one_by_one = [
        time_cell(int(e["watch_ms"]), float(durations[e["video"]]), int(e["actions"]), kind)
        for e, kind in zip(events, filled.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(time_cells(events, durations, filled), one_by_one)
    assert max(one_by_one[::3]) < CELLS // 3 <= min(one_by_one[1::3])
    assert max(one_by_one[1::3]) < 2 * CELLS // 3 <= min(one_by_one[2::3])
    assert len(set(one_by_one)) > 500


def test_longer_watches_are_never_in_a_lower_cell() -> None:
    for duration in (5.0, 20.0, 44.0, 300.0):
        swiped = [time_cell(ms, duration, 0, RANKED) for ms in range(0, int(1_000 * duration), 50)]
        looped = [
            time_cell(int(1_000 * duration * p), duration, DONE, RANKED) for p in (1.0, 1.5, 2, 5)
        ]
        for cells in (swiped, looped):
            assert (np.diff(cells) >= 0).all()
        row = length_class(duration)
        assert row == np.searchsorted(LENGTHS_S, duration, side="right")
        assert {cell // BINS for cell in swiped + looped} == {row}


def test_who_saw_the_end_is_ranked_by_plays_whatever_the_length() -> None:
    """Two videos of one class, 32 s and 39.9 s, watched once: the same cell."""
    assert time_cell(32_000, 32.0, DONE, TEST) == time_cell(39_900, 39.9, DONE, TEST)
    assert time_cell(64_000, 32.0, DONE, TEST) == time_cell(79_800, 39.9, DONE, TEST)


def test_a_rank_is_the_share_that_watched_less_and_half_of_the_same() -> None:
    times = np.zeros(CELLS, np.int64)
    times[:BINS][[3, 5, 9]] = 10, 60, 30
    ranks = ranks_of(times)[:BINS] / RANK_ONE
    assert ranks[[2, 3, 4, 5, 7, 9, 20]].tolist() == [0.0, 0.05, 0.1, 0.4, 0.7, 0.85, 1.0]
    # the mean over those who made the ranks is one half, in every class
    rng = np.random.default_rng(2)
    times = rng.integers(0, 50, CELLS)
    means = (times * ranks_of(times)).reshape(-1, BINS).sum(1) / times.reshape(-1, BINS).sum(1)
    np.testing.assert_allclose(means / RANK_ONE, 0.5, atol=1e-3)


def test_before_the_first_impression_a_longer_watch_has_a_higher_rank() -> None:
    ranks = ranks_of(first_times())
    for middle in MIDDLE_S:
        seconds = np.array([0.3, 1.5, 0.5 * middle, 0.9 * middle, 2.0 * middle])
        found = rank_at(ranks, seconds, np.full(5, middle))
        assert found[0] == pytest.approx(0.0, abs=1e-9)
        assert (np.diff(found[:4]) > 0).all()
        assert found[4] == 1.0
