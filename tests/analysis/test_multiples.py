"""Multiples of the mean and ranks: by hand, at the edges, and against uploads of the right age."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis import summarise
from sim.analysis.multiples import (
    MIN_COMPARED,
    MULTIPLES,
    above,
    compared_with,
    multiples,
    ranks,
)
from sim.analysis.tables import Tables, mature, measured

DAY = 86_400.0
counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def tables(synthetic: ModuleType) -> Tables:
    made: Tables = synthetic.make_tables(seed=5, users=12_000, sigma=2.0, probes={"newcomer": 40})
    return made


def with_probe_posts(tables: Tables, uploaded_s: list[float]) -> pl.DataFrame:
    """The first videos of the probe, posted at these times."""
    return tables.probes.head(len(uploaded_s)).with_columns(uploaded_s=pl.Series(uploaded_s))


def test_multiples_and_their_shares_by_hand() -> None:
    found = multiples([0, 10, 50, 470, 471], 10.0)
    assert found is not None
    assert found.tolist() == [0.0, 1.0, 5.0, 47.0, 47.1]
    assert [above(found, times).count for times in MULTIPLES] == [3, 2, 2, 0]
    assert above(found, 5).share == 0.6
    assert MULTIPLES == (5, 10, 47, 93)


def test_exactly_so_many_times_the_mean_counts() -> None:
    # one of 47 videos has all 27 impressions; 27 / (27 / 47) is less than 47 in floating point
    shown = [27, *[0] * 46]
    assert above(multiples(shown, sum(shown) / 47), 47).count == 1


def test_without_a_mean_there_is_no_multiple() -> None:
    assert multiples([1, 2], None) is None
    assert multiples([0, 0], 0.0) is None
    nothing = above(None, 5)
    assert (nothing.share, nothing.low, nothing.high) == (None, None, None)


def test_ranks_by_hand() -> None:
    among = np.array([0.0, 10.0, 10.0, 40.0])
    found = ranks([0, 5, 10, 40, 41], among)
    assert found is not None
    assert found.tolist() == [0.125, 0.25, 0.5, 0.875, 1.0]
    assert ranks([1], np.empty(0)) is None


@given(counts)
def test_the_mean_rank_among_oneself_is_one_half(values: list[int]) -> None:
    found = ranks(values, np.sort(np.array(values, dtype=np.float64)))
    assert found is not None
    assert found.mean() == pytest.approx(0.5)


@given(counts, st.integers(1, 1_000))
def test_both_are_the_same_in_a_larger_world(values: list[int], factor: int) -> None:
    small, large = np.array(values, float), factor * np.array(values, float)
    one, other = multiples(small, small.mean()), multiples(large, large.mean())
    if one is None:
        assert other is None
    else:
        np.testing.assert_allclose(one, other)
    np.testing.assert_array_equal(ranks(small, np.sort(small)), ranks(large, np.sort(large)))


def test_a_probe_is_compared_with_uploads_of_its_age(tables: Tables) -> None:
    day, end = 1.5 * DAY, tables.duration_s
    found = compared_with(tables, with_probe_posts(tables, [end - day, end - 0.5 * day]))
    ages = end - measured(tables)["uploaded_s"].to_numpy()
    wanted = (ages >= 0.9 * 0.5 * day) & (ages <= 1.1 * day)
    assert found.impressions.size == wanted.sum() >= MIN_COMPARED
    own = measured(tables)["impressions"].to_numpy()[wanted]
    assert found.impressions.tolist() == sorted(own)
    assert found.mean == pytest.approx(own.mean())
    assert (found.youngest_s, found.oldest_s) == (ages[wanted].min(), ages[wanted].max())


def test_with_too_few_of_its_age_the_mature_ones_take_their_place(tables: Tables) -> None:
    end = tables.duration_s
    found = compared_with(tables, with_probe_posts(tables, [end - 6 * 3600.0]))
    assert found.impressions.size == mature(tables).height
    assert found.youngest_s is not None
    assert found.youngest_s >= tables.min_age_s
    # as few of either: those of its age
    few = replace(tables, videos=tables.videos.filter(pl.col("uploaded_s") > end - DAY))
    young = compared_with(few, with_probe_posts(tables, [end - 6 * 3600.0]))
    assert mature(few).height == 0 < young.impressions.size < MIN_COMPARED
    nothing = compared_with(tables, tables.probes.head(0))
    assert nothing.impressions.size == mature(tables).height
    alone = replace(tables, videos=tables.videos.filter(pl.col("probe") != ""))
    empty = compared_with(alone, tables.probes)
    assert (empty.mean, empty.youngest_s, empty.oldest_s) == (None, None, None)


def test_the_summary_says_success_in_multiples_and_ranks(tables: Tables) -> None:
    summary = summarise(tables)
    reach, probe = summary["reach"], summary["probes"]["newcomer"]
    old = mature(tables)["impressions"].to_numpy()
    assert reach["impressions_mean"] == pytest.approx(old.mean())
    assert reach["multiple_max"] == pytest.approx(old.max() / old.mean())
    assert reach["multiple_median"] == pytest.approx(np.median(old) / old.mean())
    assert reach["above_5x_share"] == pytest.approx((old >= 5 * old.mean()).mean())
    assert 0 < reach["above_10x_share"] < reach["above_5x_share"]
    assert reach["above_5x_share_low"] < reach["above_5x_share"] < reach["above_5x_share_high"]

    own = tables.probes["impressions"].to_numpy()
    others = compared_with(tables, tables.probes)
    assert others.mean is not None
    assert probe["compared_videos"] == others.impressions.size >= MIN_COMPARED
    assert probe["compared_impressions_mean"] == others.mean
    assert probe["impressions_mean"] == pytest.approx(own.mean())
    assert probe["multiple_median"] == pytest.approx(np.median(own) / others.mean)
    each = [((others.impressions < n).sum() + (others.impressions <= n).sum()) / 2 for n in own]
    assert probe["rank_median"] == pytest.approx(np.median(each) / others.impressions.size)
    assert probe["above_5x_share"] == (own >= 5 * others.mean).mean()


def test_a_world_twice_as_large_has_the_same_multiples_and_ranks(tables: Tables) -> None:
    twice = {
        name: getattr(tables, name).with_columns(pl.col("impressions", "views", "reach") * 2)
        for name in ("videos", "probes")
    }
    one, other = summarise(tables), summarise(replace(tables, **twice))
    assert other["reach"]["views_median"] == 2 * one["reach"]["views_median"]
    for path in ("multiple_median", "multiple_max", "above_5x_share", "above_10x_share"):
        assert other["reach"][path] == one["reach"][path]
        assert other["probes"]["newcomer"][path] == one["probes"]["newcomer"][path]
    assert other["probes"]["newcomer"]["rank_median"] == one["probes"]["newcomer"]["rank_median"]


def test_nobody_was_shown_anything(tables: Tables) -> None:
    dark = {
        name: getattr(tables, name).with_columns(impressions=pl.lit(0, pl.Int64))
        for name in ("videos", "probes")
    }
    summary = summarise(replace(tables, **dark))
    for node in (summary["reach"], summary["probes"]["newcomer"]):
        assert node["multiple_median"] is None
        assert node["above_5x_share"] is None
    assert summary["probes"]["newcomer"]["rank_median"] == 0.5
