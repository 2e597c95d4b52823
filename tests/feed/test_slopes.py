"""Slopes of actions are found where chance decided."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.actions import ACTIONS, bit
from sim.feed.slopes import SUMS, count_guess, guess_of, learned_slopes
from sim.feed.tables import SIGNS

NAMES = [action.name for action in ACTIONS]


def test_before_anything_is_seen_they_are_the_signs() -> None:
    np.testing.assert_array_equal(learned_slopes(np.zeros(SUMS, np.int64)), [*SIGNS, 0.25])


def test_known_slopes_are_found_again() -> None:
    """Log-odds of -2 + 1.5 k for a completion and -1 - 0.8 k for a skip."""
    rng = np.random.default_rng(3)
    expected = rng.normal(0.1, 0.25, 60_000)
    sums = np.zeros(SUMS, np.int64)
    luck = rng.random((2, expected.size))
    for k, a, b in zip(expected, *luck, strict=True):
        actions = bit("completion") if a < 1 / (1 + np.exp(2 - 1.5 * k)) else 0
        actions |= bit("skip") if b < 1 / (1 + np.exp(1 + 0.8 * k)) else 0
        count_guess(sums, guess_of(k), actions, round(1_000 * min(max(0.5 + 0.4 * k, 0), 1)))
    assert sums[0] == expected.size
    *slopes, rise = learned_slopes(sums).tolist()
    assert rise == pytest.approx(0.4, abs=0.02)
    found = dict(zip(NAMES, slopes, strict=True))
    assert found["completion"] == pytest.approx(1.5, abs=0.2)
    assert found["skip"] == pytest.approx(-0.8, abs=0.15)


def test_a_slope_is_bounded() -> None:
    sums = np.zeros(SUMS, np.int64)
    for k in (-0.25, 0.25) * 20_000:
        count_guess(sums, guess_of(k), bit("like") if k > 0 else bit("skip"), 500)
    found = dict(zip(NAMES, learned_slopes(sums)[:-1].tolist(), strict=True))
    assert found["like"] == 3.0
    assert found["skip"] == -3.0


def test_an_expectation_is_a_whole_number_within_bounds() -> None:
    assert [guess_of(x) for x in (0.0, 0.5, -2.0, 2.0)] == [0, 512, -1_024, 1_024]
