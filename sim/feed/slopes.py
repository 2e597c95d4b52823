"""Slopes: how much more likely each action is, for what a person is expected to like.

A belief says what signal a person will give beyond others. How that shifts the odds of an action is
learned from places that no score fills, controls and test audiences: where scores decide, what a
person is believed to like stands beside what everybody likes, and the one hides the other.

The slope of an action is the regression of its log-odds on the expected signal, in its first order:
covariance over variance, divided by r (1 - r) with its rate r. A slope of 1 with the sign of the
action counts as much as PRIOR impressions. The slope of the watch percentile, which comes last, is
what a unit of the expected signal adds to it. Sums are of whole numbers, so they have no order.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTIONS
from sim.feed.percentile import RANK_ONE
from sim.feed.tables import SIGNS
from sim.machine.compiled import njit

__all__ = ["START_SLOPES", "SUMS", "count_guess", "guess_of", "learned_slopes"]

_ACTIONS: Final = len(ACTIONS)
_RANK: Final = 3 + 2 * _ACTIONS
SUMS: Final = _RANK + 2
"""Impressions, sum and sum of squares of the expected signals; then for each action how often it
was done, and the sum of the expected signals where it was; the sum of the watch percentiles, and of
their products with the expected signals."""
_ONE: Final = 1_024.0
"""An expected signal of 1 in these sums."""
_PRIOR: Final = 2_000.0
_USUAL_VARIANCE: Final = 0.04
"""Impressions that the slopes of the beginning count, and their variance of the expected signal
(assumptions)."""
START_SLOPES = np.append(SIGNS, 0.25)
"""slopes [A + 1] before the first impression (assumption)."""
_LARGEST: Final = 3.0
"""Bound of a slope: in first order a larger one would leave [0, 1] (assumption)."""


@njit(forceinline=True)
def guess_of(expected: Any) -> Any:
    """An expected signal as a whole number; within [-1, 1], as an affinity is."""
    bounded = min(max(float(expected), -1.0), 1.0)
    return np.int64(np.floor(bounded * _ONE + 0.5))


@njit()
def count_guess(sums: Any, guess: Any, actions: Any, rank: Any) -> None:
    """Add an impression of a place that no score filled to ``sums`` [SUMS]; ``rank`` is its watch
    percentile in 1 / RANK_ONE.
    """
    sums[0] += 1
    sums[1] += guess
    sums[2] += guess * guess
    for a in range(_ACTIONS):
        done = (actions >> a) & 1
        sums[3 + a] += done
        sums[3 + _ACTIONS + a] += done * guess
    sums[_RANK] += rank
    sums[_RANK + 1] += rank * guess


def learned_slopes(sums: NDArray[np.int64]) -> NDArray[np.float64]:
    """slopes [A + 1] by the sums of the run so far."""
    n = float(max(int(sums[0]), 1))
    mean = float(sums[1]) / n / _ONE
    squares = float(sums[2]) / _ONE**2 - n * mean * mean
    done, together = sums[3 : 3 + _ACTIONS] / 1.0, sums[3 + _ACTIONS : _RANK] / _ONE
    rate = done / n
    odds = rate * (1.0 - rate)
    weight = _PRIOR * _USUAL_VARIANCE
    start = np.array([a.start_rate * (1.0 - a.start_rate) for a in ACTIONS])
    above = weight * start * SIGNS + (together - mean * done)
    below = weight * start + squares * odds
    ranks, products = float(sums[_RANK]) / RANK_ONE, float(sums[_RANK + 1]) / RANK_ONE / _ONE
    rise = (weight * START_SLOPES[-1] + products - mean * ranks) / (weight + squares)
    slopes = np.clip(above / below, -_LARGEST, _LARGEST)
    return np.append(slopes, min(max(rise, -1.0), 1.0))
