"""Pools: who enters, who moves on, who stops."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sim.core.actions import ACTION_INDEX, ACTION_NAMES
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, WATCH_MS, WIDTH
from sim.core.errors import ForyouError
from sim.feed.cold_start import (
    GRADUATED,
    NONE,
    POLICIES,
    STOPPED,
    WAITING,
    NoColdStart,
    PoolPolicy,
    Pools,
    cold_start_of,
)
from sim.scenario import feed as spec
from sim.testing.worlds import tiny_platform

LIKE = FIRST_ACTION + ACTION_INDEX["like"]
WEIGHTS = np.zeros(len(ACTION_NAMES))
WEIGHTS[ACTION_INDEX["like"]] = 1.0


def cold(rows: int, *, levels: int = 3, promote: float = 0.2) -> Pools:
    return Pools(PoolPolicy(levels, 100.0, 5.0, promote, 0.1), rows)


def counts_of(impressions: list[int], likes: list[float]) -> np.ndarray:
    counts = np.zeros((len(impressions), WIDTH), np.int64)
    counts[:, IMPRESSIONS] = impressions
    counts[:, LIKE] = likes
    return counts


def test_new_videos_wait_in_the_first_pool() -> None:
    state = cold(10)
    state.enter(np.array([4, 7]))
    assert state.waiting.tolist() == [4, 7]
    assert state.pool[[4, 7]].tolist() == [1, 1]
    assert state.open_to_all[[4, 7]].tolist() == [0, 0]
    # the first catalogue never was in a pool
    assert state.pool[0] == 0
    assert state.state[0] == NONE
    assert state.open_to_all[0] == 1


def test_nothing_happens_before_the_pool_is_full() -> None:
    state = cold(1)
    state.enter(np.array([0]))
    assert state.step(counts_of([99], [99]), WEIGHTS, 0.0, 0.5) == 0
    assert state.state[0] == WAITING
    assert state.step(counts_of([100], [99]), WEIGHTS, 0.0, 0.5) == 1
    assert (state.pool[0], state.open_to_all[0], state.state[0]) == (2, 1, WAITING)


def test_below_the_threshold_a_video_stops_and_stays_closed() -> None:
    state = cold(1)
    state.enter(np.array([0]))
    assert state.step(counts_of([100], [10]), WEIGHTS, 0.0, 0.5) == 0
    assert (state.pool[0], state.open_to_all[0], state.state[0]) == (1, 0, STOPPED)
    assert state.waiting.size == 0


def test_each_pool_counts_its_own_impressions_and_is_growth_times_as_large() -> None:
    state = cold(1)
    state.enter(np.array([0]))
    state.step(counts_of([110], [100]), WEIGHTS, 0.0, 0.5)
    # 500 more, not 500 in all; value is that of the new impressions
    assert state.step(counts_of([609], [600]), WEIGHTS, 0.0, 0.5) == 0
    assert state.pool[0] == 2
    assert state.step(counts_of([610], [600]), WEIGHTS, 0.0, 0.5) == 1
    assert state.pool[0] == 3
    assert state.step(counts_of([610 + 2_500], [600]), WEIGHTS, 0.0, 0.5) == 0
    assert (state.state[0], state.pool[0], state.open_to_all[0]) == (STOPPED, 3, 1)


def test_the_last_pool_is_left_as_promoted() -> None:
    state = cold(1, levels=1)
    state.enter(np.array([0]))
    assert state.step(counts_of([100], [80]), WEIGHTS, 0.0, 0.5) == 1
    assert (state.state[0], state.pool[0], state.open_to_all[0]) == (GRADUATED, 1, 1)


@pytest.mark.parametrize("promote", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("level", [0.02, 40.0])
def test_a_share_is_promoted_whatever_the_level_of_values(promote: float, level: float) -> None:
    """Relative thresholds: no number has to be tuned to a population."""
    n = 3_000
    state = cold(n, promote=promote)
    likes = np.random.default_rng(2).random(n) * level * 10_000
    promoted = 0
    for start in range(0, n, 50):
        videos = np.arange(start, start + 50)
        state.enter(videos)
        counts = counts_of([0] * n, [0] * n)
        counts[videos, IMPRESSIONS] = 10_000
        counts[videos, LIKE] = likes[videos]
        promoted += state.step(counts, WEIGHTS, 0.0, 1e9)
        state.waiting = state.waiting[:0]
    # the threshold is a quantile of the last 200, so it has a noise of its own
    assert abs(promoted / n - promote) < 5 * np.sqrt(promote * (1 - promote) / n) + 0.02


def test_watch_time_counts_with_its_weight() -> None:
    state = cold(2, levels=1)
    state.enter(np.array([0, 1]))
    counts = counts_of([100, 100], [0, 0])
    counts[:, WATCH_MS] = [900_000, 1_100_000]
    state.step(counts, WEIGHTS, 0.1, 1.0)
    assert state.state.tolist() == [STOPPED, GRADUATED]


def test_growing_keeps_what_is_known() -> None:
    state = cold(3)
    state.enter(np.array([2]))
    state.grow(8)
    assert len(state.pool) == len(state.open_to_all) == len(state.state) == 8
    assert state.state.tolist() == [0, 0, WAITING, 0, 0, 0, 0, 0]
    assert state.open_to_all.tolist() == [1, 1, 0, 1, 1, 1, 1, 1]


def test_policies_are_those_that_a_scenario_can_name() -> None:
    assert set(POLICIES) == {spec.NoColdStart.tag(), spec.Pools.tag()}
    pools = cold_start_of(spec.Pools(levels=2, first=7, slots=0.25), 5)
    assert isinstance(pools, Pools)
    assert pools.policy == PoolPolicy(2, 7.0, 5.0, 0.2, 0.25)
    assert pools.reserved == 0.25
    none = cold_start_of(spec.NoColdStart(), 5)
    assert isinstance(none, NoColdStart)
    assert none.reserved == 0.0
    assert len(none.pool) == len(pools.pool) == 5


def test_an_unknown_policy_is_an_error() -> None:
    with pytest.raises(ForyouError, match='unknown cold-start policy "pool"; did you mean "pools"'):
        cold_start_of(SimpleNamespace(policy="pool"))


def test_without_the_policy_videos_compete_at_once() -> None:
    state = NoColdStart(3)
    state.enter(np.array([0, 1]))
    assert state.waiting.size == 0
    assert not state.pool.any()
    assert state.open_to_all.all()
    live = tiny_platform(feed={"cold_start": {"policy": "none"}}, duration=4 * 3600.0)
    cold_start = live.platform.view.cold
    assert not cold_start.state.any()
    uploaded = live.world.videos.uploaded_s[: live.world.videos.count]
    assert set(np.flatnonzero(uploaded >= 0)[:3].tolist()) <= set(
        live.platform.view.index.fresh.tolist()
    )


def test_a_played_platform_has_consistent_pools() -> None:
    live = tiny_platform()
    cold_start, count = live.platform.view.cold, live.world.videos.count
    uploaded = live.world.videos.uploaded_s[:count]
    assert ((cold_start.pool[:count] > 0) == (uploaded >= 0)).all()
    assert (
        sorted(cold_start.waiting.tolist())
        == np.flatnonzero(cold_start.state[:count] == WAITING).tolist()
    )
    assert cold_start.pool.max() <= 3
    assert live.platform.promotions > 0
    closed = (cold_start.pool[:count] == 1) & (cold_start.state[:count] != GRADUATED)
    np.testing.assert_array_equal(cold_start.open_to_all[:count] == 0, closed)
