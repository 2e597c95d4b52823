"""Pools: who enters, who moves on, who stops."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sim.core.actions import ACTION_INDEX, ACTION_NAMES, bit
from sim.core.counts import IMPRESSIONS
from sim.core.errors import ForyouError
from sim.core.random import key
from sim.feed.cold_start import (
    GRADUATED,
    NONE,
    STOPPED,
    WAITING,
    WORTH_ONE,
    NoColdStart,
    PoolPolicy,
    Pools,
    Tested,
    worth_of,
)
from sim.feed.policies import POLICIES, cold_start_of
from sim.scenario import feed as spec
from sim.testing.worlds import tiny_platform
from sim.world.state import VideoListing


def cold(rows: int, *, levels: int = 3, promote: float = 0.2, fill: float = 0.0) -> Pools:
    numbers = PoolPolicy(levels, 100.0, 5.0, promote, 0.1, fill, matched=False)
    state = Pools(numbers, rows, VideoListing(rows, D=16))
    settle(state)
    return state


def settle(state: Tested, usual: float = 0.5) -> None:
    """So many test audiences gave this value an impression that a few more change nothing."""
    many = 10**9
    state._tested[:] = many, usual * many * WORTH_ONE


ROOM = (5, VideoListing(5, D=16), key(1, "cold_start"))
"""Room for five videos."""


def audience(state: Pools, impressions: list[int], worth: list[float]) -> None:
    """Hand over what test audiences did: so many impressions more, worth so much together."""
    tests = np.zeros((len(state.pool), 2), np.int64)
    tests[: len(impressions), 0] = impressions
    tests[: len(worth), 1] = np.array(worth) * WORTH_ONE
    state.note(np.arange(len(impressions), dtype=np.int32), tests)
    assert not tests.any()


def test_new_videos_wait_in_the_first_pool() -> None:
    state = cold(10)
    state.enter(np.array([4, 7]), 0.0)
    assert state.waiting.tolist() == [4, 7]
    assert state.pool[[4, 7]].tolist() == [1, 1]
    assert state.open_to_all[[4, 7]].tolist() == [0, 0]
    # the first catalogue never was in a pool
    assert state.pool[0] == 0
    assert state.state[0] == NONE
    assert state.open_to_all[0] == 1


def test_nothing_happens_before_the_pool_is_full() -> None:
    state = cold(1)
    state.enter(np.array([0]), 0.0)
    audience(state, [99], [99])
    assert state.step(0.0, 0.5) == 0
    assert state.state[0] == WAITING
    audience(state, [1], [0])
    assert state.step(0.0, 0.5) == 1
    assert (state.pool[0], state.open_to_all[0], state.state[0]) == (2, 1, WAITING)


def test_below_the_threshold_a_video_stops_and_stays_closed() -> None:
    state = cold(1)
    state.enter(np.array([0]), 0.0)
    audience(state, [100], [10])
    assert state.step(0.0, 0.5) == 0
    assert (state.pool[0], state.open_to_all[0], state.state[0]) == (1, 0, STOPPED)
    assert state.waiting.size == 0


def test_each_pool_has_an_audience_of_its_own_growth_times_as_large() -> None:
    state = cold(1)
    state.enter(np.array([0]), 0.0)
    audience(state, [110], [100])
    state.step(0.0, 0.5)
    # 500 more, not 500 in all; what counts is what these thought
    audience(state, [499], [499])
    assert state.step(0.0, 0.5) == 0
    assert state.pool[0] == 2
    audience(state, [1], [1])
    assert state.step(0.0, 0.5) == 1
    assert state.pool[0] == 3
    audience(state, [2_500], [600])
    assert state.step(0.0, 0.5) == 0
    assert (state.state[0], state.pool[0], state.open_to_all[0]) == (STOPPED, 3, 1)


def test_what_is_usual_for_videos_of_that_length_does_not_count() -> None:
    """Half a minute is judged against half a minute, however well seven seconds do."""
    state = cold(600, promote=0.5)
    duration_s = np.tile([7.0, 30.0], 300)
    state._listing.duration_s[:600] = duration_s
    state._tested[:] = 0
    rng = np.random.default_rng(8)
    worth = rng.normal(0.4, 0.1, 600) + np.where(duration_s < 10, 0.3, 0.0)
    for first in range(0, 600, 20):
        state.enter(np.arange(first, first + 20), 0.0)
        tests = np.zeros((600, 2), np.int64)
        tests[first : first + 20, 0] = 100
        tests[first : first + 20, 1] = worth[first : first + 20] * 100 * WORTH_ONE
        state.note(np.arange(600, dtype=np.int32), tests)
        state.step(0.0, 0.5)
        state.waiting = state.waiting[:0]
    late = np.arange(600) >= 200  # when it is known what is usual
    promoted = [(state.pool[late & (duration_s == d)] > 1).mean() for d in (7.0, 30.0)]
    assert abs(promoted[0] - promoted[1]) < 0.15
    assert min(promoted) > 0.3


def test_the_last_pool_is_left_as_promoted() -> None:
    state = cold(1, levels=1)
    state.enter(np.array([0]), 0.0)
    audience(state, [100], [80])
    assert state.step(0.0, 0.5) == 1
    assert (state.state[0], state.pool[0], state.open_to_all[0]) == (GRADUATED, 1, 1)


@pytest.mark.parametrize("promote", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("level", [0.02, 40.0])
def test_a_share_is_promoted_whatever_the_level_of_values(promote: float, level: float) -> None:
    """Relative thresholds: no number has to be tuned to a population."""
    n = 3_000
    state = cold(n, promote=promote)
    worth = np.random.default_rng(2).random(n) * level * 10_000
    promoted = 0
    for start in range(0, n, 50):
        videos = np.arange(start, start + 50)
        state.enter(videos, 0.0)
        tests = np.zeros((n, 2), np.int64)
        tests[videos, 0], tests[videos, 1] = 10_000, worth[videos] * WORTH_ONE
        state.note(videos.astype(np.int32), tests)
        promoted += state.step(0.0, 1e9)
        state.waiting = state.waiting[:0]
    # the threshold is a quantile of the last 200, so it has a noise of its own
    assert abs(promoted / n - promote) < 5 * np.sqrt(promote * (1 - promote) / n) + 0.02


def test_a_pool_fills_evenly_over_its_time() -> None:
    """After a third of the time at most a third of the audience is looked for."""
    state = cold(2, fill=9 * 3_600.0)
    state.enter(np.array([0, 1]), 3_600.0)
    state.seek(3_600.0, 60.0, 10_000)
    assert state.seeking.tolist() == [0, 1]
    # two that are one impression behind, of ten thousand
    assert state.reserved == pytest.approx(2 / 10_000)
    audience(state, [33, 34], [0, 0])
    state.seek(3 * 3_600.0 + 3_600.0 - 60.0, 60.0, 10_000)
    assert state.seeking.tolist() == [0]
    state.seek(20 * 3_600.0, 60.0, 100)
    assert state.seeking.tolist() == [0, 1]
    assert state.reserved == 0.1  # no more than the places that are kept


def test_without_a_time_all_who_wait_look_for_an_audience() -> None:
    state = cold(2)
    state.enter(np.array([0, 1]), 0.0)
    state.seek(0.0, 60.0, 10_000)
    assert state.seeking.tolist() == [0, 1]
    assert state.reserved == 0.1


@pytest.mark.parametrize(("actions", "watch_ms", "rank", "worth"), [
    ([], 0, 0, 0.0), (["like"], 0, 0, 1.0), (["like", "skip"], 2_000, 0, 1.0 - 0.5 + 0.2),
    (["share"], 10_000, 0, 1.0), (["share"], 0, 250, 0.5), (["like"], 1_000, 500, 2.1),
])  # fmt: skip
def test_worth_is_the_sum_of_the_weights_of_what_was_done(
    actions: list[str], watch_ms: int, rank: int, worth: float
) -> None:
    weights = np.zeros(len(ACTION_NAMES) + 2)
    weights[ACTION_INDEX["like"]], weights[ACTION_INDEX["skip"]] = 1.0, -0.5
    weights[-2:] = 0.1, 2.0
    bits = sum(bit(name) for name in actions)
    assert worth_of(bits, watch_ms, rank, weights) == round(worth * WORTH_ONE)


def test_growing_keeps_what_is_known() -> None:
    state = cold(3)
    state.enter(np.array([2]), 0.0)
    state.grow(8)
    assert len(state.pool) == len(state.open_to_all) == len(state.state) == 8
    assert state.state.tolist() == [0, 0, WAITING, 0, 0, 0, 0, 0]
    assert state.open_to_all.tolist() == [1, 1, 0, 1, 1, 1, 1, 1]


def test_policies_are_those_that_a_scenario_can_name() -> None:
    tags = {part.tag() for part in (spec.NoColdStart, spec.Pools, spec.Thompson)}
    assert set(POLICIES) == tags
    pools = cold_start_of(spec.Pools(levels=2, first=7, slots=0.25), *ROOM)
    assert isinstance(pools, Pools)
    assert pools.policy == PoolPolicy(2, 7.0, 4.0, 0.1, 0.25, 21_600.0, matched=True)
    assert pools.reserved == 0.25
    none = cold_start_of(spec.NoColdStart(), *ROOM)
    assert isinstance(none, NoColdStart)
    assert none.reserved == 0.0
    assert len(none.pool) == len(pools.pool) == 5


def test_an_unknown_policy_is_an_error() -> None:
    with pytest.raises(ForyouError, match='unknown cold-start policy "pool"; did you mean "pools"'):
        cold_start_of(SimpleNamespace(policy="pool"), *ROOM)


def test_without_the_policy_videos_compete_at_once() -> None:
    state = NoColdStart(3)
    state.enter(np.array([0, 1]), 0.0)
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


def test_followers_have_no_part_in_a_test_audience() -> None:
    """What fills a pool are impressions of the source fresh, whoever else sees the video."""
    live = tiny_platform(
        probes=[{"name": "known", "count": 4, "post_at": 3_600.0, "followers": 60}],
        feed={"cold_start": {"policy": "pools", "first": 40, "slots": 0.2, "fill": 0.0}},
        behaviour={"session": {"following_share": 0.5}},
    )
    cold_start, view = live.platform.view.cold, live.platform.view
    assert isinstance(cold_start, Pools)
    planted = np.flatnonzero(live.world.video_truth.probe >= 0)[:4]
    # still in the first pool: the audience so far is less than all who saw it
    first = planted[cold_start.pool[planted] == 1]
    assert len(first) > 0
    assert (view.counts[first, IMPRESSIONS] > cold_start.shown[first]).all()
