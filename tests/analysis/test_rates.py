"""Engagement, intervals and inequality against closed forms."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.engagement import (
    FOLLOWER_TIERS,
    engagement_by_followers,
    engagement_by_followers_median,
    engagement_by_views,
    engagement_mean,
    tiers,
)
from sim.analysis.inequality import gini, lorenz, top_share
from sim.analysis.intervals import wilson

values = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)


def test_engagement_by_views() -> None:
    assert engagement_by_views(4_500, 300, 200, 50_000) == pytest.approx(10.0)
    assert engagement_by_views(0, 0, 0, 0) is None


def test_engagement_by_followers() -> None:
    assert engagement_by_followers(12_000, 800, 10, 20_000) == pytest.approx(6.4)
    assert engagement_by_followers(1, 1, 0, 10) is None
    assert engagement_by_followers(1, 1, 10, 0) is None


def _videos(followers: list[int], views: list[int], likes: list[int]) -> pl.DataFrame:
    n = len(views)
    return pl.DataFrame(
        {
            "creator": list(range(n)),
            "followers_at_upload": followers,
            "views": views,
            "likes": likes,
            "comments": [0] * n,
            "shares": [0] * n,
        }
    )


def test_tiers_cover_all_videos_once_and_average_over_videos() -> None:
    videos = _videos([0, 1, 4_999, 5_000, 2_000_000], [200, 400, 50, 200, 200], [20, 8, 5, 2, 0])
    found = tiers(videos)
    assert [t.low for t in found] == list(FOLLOWER_TIERS)
    assert sum(t.videos for t in found) == videos.height
    by_label = {t.label: t for t in found}
    assert by_label["0"].mean == pytest.approx(10.0)
    assert by_label["1-5K"].videos == 1
    assert by_label["1-5K"].rated == 0
    assert by_label["1-5K"].mean is None
    assert by_label["1-5K"].total == pytest.approx(10.0)
    assert by_label["5-20K"].mean == pytest.approx(1.0)
    assert by_label["1M+"].mean == 0.0


def test_mean_over_videos_has_the_interval_of_student() -> None:
    mean, low, high = engagement_mean(_videos([0, 0], [100, 100], [1, 3]))
    # n = 2: mean 2, sd √2, standard error 1, t(0.975, 1) = 12.7062; the low end is cut at 0.
    assert mean == pytest.approx(2.0)
    assert low == 0.0
    assert high == pytest.approx(2.0 + 12.7062, abs=1e-3)


def test_engagement_by_followers_is_a_median_over_creators() -> None:
    videos = _videos([0, 0, 0], [10, 10, 10], [5, 10, 40]).with_columns(
        creator=pl.Series([1, 1, 2])
    )
    creators = pl.DataFrame({"creator": [1, 2, 3], "followers_end": [100, 200, 5]})
    # creator 1: (15 / 2) / 100 = 7.5 %; creator 2: 40 / 200 = 20 %
    assert engagement_by_followers_median(videos, creators) == (pytest.approx(13.75), 2)


def test_wilson_known_value() -> None:
    found = wilson(1, 10)
    assert found.share == pytest.approx(0.1)
    assert found.low == pytest.approx(0.017876, abs=1e-5)
    assert found.high == pytest.approx(0.404150, abs=1e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_stays_within_its_bounds(a: int, b: int) -> None:
    count, total = min(a, b), max(a, b)
    found = wilson(count, total)
    if total == 0:
        assert (found.share, found.low, found.high) == (None, None, None)
        return
    assert found.low is not None
    assert found.high is not None
    assert found.share is not None
    assert 0.0 <= found.low <= found.share <= found.high <= 1.0
    assert found.high > found.low


def test_wilson_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError, match=r"0\.\.total"):
        wilson(3, 2)


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_wilson_covers_the_truth_as_often_as_it_says(p: float) -> None:
    n, trials = 100, 4_000
    counts = np.random.default_rng(5).binomial(n, p, trials)
    ends = {k: wilson(int(k), n) for k in np.unique(counts)}
    hits = sum((ends[k].low or 0) <= p <= (ends[k].high or 0) for k in counts)
    # Coverage moves with p because counts are whole; it stays near 95 % for these.
    assert 0.92 <= hits / trials <= 0.985


def test_gini_closed_forms() -> None:
    assert gini([3, 3, 3, 3]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert gini([1, 3]) == pytest.approx(0.25)
    assert gini([]) is None
    assert gini([0, 0]) is None


def test_gini_of_a_pareto_sample_is_near_theory() -> None:
    alpha = 3.0
    sample = (1 - np.random.default_rng(1).random(200_000)) ** (-1 / alpha)
    assert gini(sample) == pytest.approx(1 / (2 * alpha - 1), abs=0.01)


@given(values, st.integers(1, 1_000))
def test_gini_range_scale_and_copies(x: list[int], scale: int) -> None:
    g = gini(x)
    if g is None:
        assert sum(x) == 0
        return
    assert 0.0 <= g < 1.0
    assert gini([scale * v for v in x]) == pytest.approx(g, abs=1e-9)
    assert gini(x + x) == pytest.approx(g, abs=1e-9)


@given(values)
def test_lorenz_is_convex_and_agrees_with_gini(x: list[int]) -> None:
    items, held = lorenz(x)
    g = gini(x)
    if g is None:
        assert items.size == 0
        return
    assert (items[0], held[0]) == (0.0, 0.0)
    assert (items[-1], held[-1]) == (1.0, 1.0)
    slopes = np.diff(held) / np.diff(items)
    assert (slopes >= -1e-12).all()
    assert (np.diff(slopes) >= -1e-9).all()
    assert 1 - 2 * np.trapezoid(held, items) == pytest.approx(g, abs=1e-9)


def test_lorenz_thinned_lies_on_the_whole_curve() -> None:
    x = np.random.default_rng(2).lognormal(3, 2, 20_000)
    items, held = lorenz(x, points=100)
    whole_items, whole_held = lorenz(x, points=None)
    assert items.size < 120
    assert (items[0], items[-1], held[-1]) == (0.0, 1.0, 1.0)
    np.testing.assert_allclose(held, np.interp(items, whole_items, whole_held), atol=1e-12)


def test_top_share() -> None:
    assert top_share([1] * 99 + [101], 0.01) == pytest.approx(101 / 200)
    assert top_share([1, 9], 0.01) == pytest.approx(0.02 * 0.9)
    assert top_share([1, 2, 3], 1.0) == pytest.approx(1.0)
    assert top_share([0], 0.01) is None
    with pytest.raises(ValueError, match="part"):
        top_share([1], 0.0)


def test_values_that_are_no_amounts_are_refused() -> None:
    for bad in ([1.0, -1.0], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="finite and not negative"):
            gini(bad)
