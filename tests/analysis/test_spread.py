"""Paths, growth, time to reach, pools, luck."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.luck import within_creator
from sim.analysis.pools import pool_survival, waiting_share
from sim.analysis.spread import counts_at, growth, quantiles, time_to_reach

PATHS = pl.DataFrame(
    {
        "video": [7, 7, 7, 3, 3],
        "age_s": [10.0, 20.0, 30.0, 5.0, 25.0],
        "views": [1, 4, 8, 100, 200],
        "reach": [1, 3, 8, 90, 180],
    }
)


def test_counts_are_those_of_the_last_snapshot() -> None:
    found = counts_at(PATHS, [3, 7, 99], [0.0, 5.0, 24.9, 25.0, 1e6])
    assert found.tolist() == [[0, 100, 100, 200, 200], [0, 0, 4, 4, 8], [0, 0, 0, 0, 0]]
    assert counts_at(PATHS.head(0), [3], [1.0]).tolist() == [[0.0]]
    assert counts_at(PATHS, [], [1.0]).shape == (0, 1)


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 30))
def test_counts_at_agrees_with_a_plain_loop(seed: int, videos: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "video": rng.integers(0, videos, rows),
            "age_s": rng.permutation(100)[:rows].astype(float),
            "views": rng.integers(0, 9, rows),
        }
    )
    ages = [-5.0, 0.0, 17.0, 50.0, 99.0, 150.0]
    found = counts_at(frame, list(range(videos)), ages)
    for v in range(videos):
        own = frame.filter(pl.col("video") == v).sort("age_s")
        for j, age in enumerate(ages):
            before = own.filter(pl.col("age_s") <= age)["views"].to_list()
            assert found[v, j] == (before[-1] if before else 0)


def test_quantiles() -> None:
    fan = quantiles(np.array([[0.0, 1.0], [0.0, 3.0]]), (0.0, 0.5, 1.0))
    assert fan.tolist() == [[0, 1], [0, 2], [0, 3]]
    assert quantiles(np.zeros((0, 3))).shape == (5, 3)


def test_growth_of_a_straight_line() -> None:
    ages = np.arange(0.0, 101.0)
    frame = pl.DataFrame({"video": 1, "age_s": ages, "views": (10 * ages).astype(int)})
    curve = growth(frame, [1, 2], 100.0, steps=100)
    assert curve.videos == 1
    assert curve.half_s == pytest.approx(50.0)
    np.testing.assert_allclose(curve.share, ages / 100)


def test_half_of_the_growth_lies_between_two_ages() -> None:
    frame = pl.DataFrame({"video": 1, "age_s": [0.0, 10.0, 20.0, 30.0], "views": [0, 40, 80, 100]})
    assert growth(frame, [1], 30.0, steps=3).half_s == pytest.approx(12.5)
    late = frame.with_columns(views=pl.Series([0, 20, 55, 100]))
    assert growth(late, [1], 30.0, steps=3).half_s == pytest.approx(10 + 10 * 30 / 35)


def test_growth_without_views_says_so() -> None:
    curve = growth(PATHS, [99], 30.0)
    assert (curve.videos, curve.half_s) == (0, None)
    assert np.isnan(curve.share).all()


def test_time_to_reach() -> None:
    found = time_to_reach(PATHS, [3, 7], 90)
    assert (found.reached.count, found.reached.total) == (1, 2)
    assert found.median_s == 5.0
    both = time_to_reach(PATHS, [3, 7], 2)
    assert both.median_s == pytest.approx(12.5)
    assert time_to_reach(PATHS, [3, 7], 10**6).median_s is None
    assert time_to_reach(PATHS, [], 1).reached.share is None


def test_pool_survival() -> None:
    videos = pl.DataFrame(
        {
            "pool": [0, 1, 1, 2, 4],
            "pool_state": ["none", "waiting", "stopped", "stopped", "promoted"],
        }
    )
    levels = pool_survival(videos)
    assert [level.entered.count for level in levels] == [4, 2, 1, 1]
    assert [level.entered.share for level in levels] == [1.0, 0.5, 0.25, 0.25]
    assert [level.conditional.share for level in levels] == [1.0, 0.5, 0.5, 1.0]
    assert waiting_share(videos).share == 0.25
    assert pool_survival(videos.head(1)) == ()
    more = pool_survival(videos, pools=6)
    assert more[:4] == levels
    assert [(level.pool, level.entered.count) for level in more[4:]] == [(5, 0), (6, 0)]
    assert [level.entered.share for level in more[4:]] == [0.0, 0.0]
    assert [level.conditional.share for level in more[4:]] == [0.0, None]
    assert pool_survival(videos, pools=2) == levels
    nobody = pool_survival(videos.head(1), pools=2)
    assert [level.entered.count for level in nobody] == [0, 0]
    assert [level.entered.share for level in nobody] == [None, None]
    assert pool_survival(videos.head(0)) == ()


def test_spread_within_creators() -> None:
    # Creator 1: log10 = 0, 2 -> variance 2; creator 2: 1, 1, 1 -> 0; creator 3 has one post.
    videos = pl.DataFrame({"creator": [1, 1, 2, 2, 2, 3, 3], "views": [1, 100, 10, 10, 10, 5, 0]})
    luck = within_creator(videos, min_posts=2)
    assert luck.sd_mean == pytest.approx(np.sqrt(2) / 2)
    assert luck.creators == 2
    assert luck.sd_pooled == pytest.approx(np.sqrt(2 / 3))
    assert (luck.posts, luck.unseen) == (5, 1)
    assert within_creator(videos, min_posts=3).sd_mean == 0.0
    empty = within_creator(videos.head(0))
    assert (empty.sd_mean, empty.sd_pooled) == (None, None)
