"""Perturbed weights: the design of signs, who gets which, and what a ranker makes of it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from sim.core.random import key
from sim.feed.arms import arm_weights, perturbed_names, signs_of_arms, user_arms
from sim.scenario.feed import WEIGHT_NAMES, FeedConfig
from sim.testing.worlds import tiny_platform


def feed(**settings: Any) -> FeedConfig:
    return FeedConfig.model_validate(settings)


@pytest.mark.parametrize("weights", [1, 2, 3, 5, 8, 11, 20, 32])
def test_no_effect_is_mixed_with_another_or_with_two_together(weights: int) -> None:
    signs = signs_of_arms(weights).astype(int)
    arms = len(signs)
    assert arms >= 2 * weights
    assert arms & (arms - 1) == 0
    assert arms <= 128
    assert (signs.sum(axis=0) == 0).all()
    np.testing.assert_array_equal(signs.T @ signs, arms * np.eye(weights, dtype=int))
    for a, b in combinations(range(weights), 2):
        assert not (signs.T @ (signs[:, a] * signs[:, b])).any()


def test_weights_go_up_and_down_by_the_size() -> None:
    wanted = {"like": 2.0, "skip": -1.0, "watch": 0.1, "share": 0.0}
    config = feed(weights=wanted, perturb={"size": 0.25})
    names = perturbed_names(config)
    assert names == ("skip", "like", "watch")
    weights = arm_weights(config)
    for name in WEIGHT_NAMES:
        column = weights[:, WEIGHT_NAMES.index(name)]
        middle = wanted.get(name, 0.0)
        if name in names:
            np.testing.assert_allclose(np.unique(column), np.sort(middle * np.array([0.75, 1.25])))
        else:
            assert (column == 0.0).all()
    only = arm_weights(feed(weights=wanted, perturb={"weights": ["like"]}))
    assert np.unique(only, axis=0).shape == (2, len(WEIGHT_NAMES))


def test_without_perturbation_all_have_the_same_weights() -> None:
    assert arm_weights(feed()).shape == (1, len(WEIGHT_NAMES))
    assert not user_arms(key(1, "perturb"), 50, 1).any()


def test_users_are_spread_over_the_arms_by_a_keyed_draw() -> None:
    arm = user_arms(key(1, "perturb"), 32_000, 32)
    np.testing.assert_array_equal(arm[:100], user_arms(key(1, "perturb"), 100, 32))
    assert (arm[:1_000] != user_arms(key(2, "perturb"), 1_000, 32)).mean() > 0.9
    counts = np.bincount(arm, minlength=32)
    assert len(counts) == 32
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 31 + 5 * np.sqrt(62)


def test_an_arm_ranks_as_a_feed_with_its_weights_would() -> None:
    live = tiny_platform(duration=7_200.0, feed={"perturb": {"size": 0.5}})
    view = live.platform.view
    n = live.world.videos.count
    for g in (0, 7, 15):
        weights = dict(zip(WEIGHT_NAMES, view.arm_weights[g].tolist(), strict=True))
        alone = tiny_platform(duration=600.0, feed={"weights": weights}).platform
        alone.view.counts[:n], alone.view.totals[:] = view.counts[:n], view.totals
        alone.view.rates, alone.view.slopes = view.rates, view.slopes
        alone.view.percentiles[:n] = view.percentiles[:n]
        alone._next_index_s = np.inf
        alone._refresh_scores(np.arange(n, dtype=np.int32), 0.0)
        np.testing.assert_array_equal(view.tables.arms[:n, g, 0], alone.view.tables.base[:n])
        np.testing.assert_array_equal(view.tables.arms[:n, g, 1], alone.view.tables.lift[:n])
