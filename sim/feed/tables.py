"""Predicted value of each video, from its own counts: the ``smoothed`` predictor.

The predicted probability of action a on video v by user u is

    p = r + s k r (1 - r),   r = (count_va + n0 r_a) / (impressions_v + n0)

with the platform-wide rate r_a, n0 impressions of prior, the affinity k in [-1, 1] and the
action's sign s: the logistic function to first order, which stays within [0, 1]. A value model
that is linear in p is then base[v] + k * lift[v]: two numbers a video, made at each refresh, and
one multiplication a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTIONS
from sim.core.compiled import njit
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, WATCH_MS, WIDTH

__all__ = ["SIGNS", "Rates", "ScoreTables", "platform_rates", "refresh_tables", "smoothed"]

SIGNS = np.array([float(a.sign) for a in ACTIONS])
"""signs [A] of the actions."""

_START_RATES = {
    "completion": 0.2, "skip": 0.35, "loop": 0.05, "like": 0.05, "comment": 0.002,
    "share": 0.002, "save": 0.004, "follow": 0.002, "sound_tap": 0.004, "not_interested": 0.001,
}  # fmt: skip
_START_WATCH_S = 8.0
_START_IMPRESSIONS = 1_000.0
"""What the platform assumes before its first impression, and how much that weighs."""


@dataclass(frozen=True)
class Rates:
    """Platform-wide rates per impression."""

    action: NDArray[np.float64]
    """action [A] probability of each action"""
    watch_s: float
    """mean seconds watched"""


@dataclass
class ScoreTables:
    """base [V] and lift [V] of every video, float32."""

    base: NDArray[np.float32]
    lift: NDArray[np.float32]


def platform_rates(totals: NDArray[np.int64]) -> Rates:
    """Rates over all impressions so far, given the sums [F] of all counters."""
    impressions = float(totals[IMPRESSIONS]) + _START_IMPRESSIONS
    start = np.array([_START_RATES[a.name] for a in ACTIONS])
    counts = totals[FIRST_ACTION:WIDTH].astype(np.float64)
    watch = totals[WATCH_MS] / 1000.0 + _START_WATCH_S * _START_IMPRESSIONS
    return Rates((counts + start * _START_IMPRESSIONS) / impressions, watch / impressions)


@njit()
def smoothed(count, impressions, prior, rate):
    """A rate per impression, drawn towards ``rate`` with the weight of ``prior`` impressions."""
    return (float(count) + prior * rate) / (float(impressions) + prior)


@njit()
def refresh_tables(
    videos, counts, prior, rates, watch_rate, weights, watch_weight, signs, base, lift
):
    """Recompute base and lift of the given ``videos``; ``weights`` [A], one per action."""
    for i in range(videos.size):
        v = videos[i]
        impressions = counts[v, IMPRESSIONS]
        watch = smoothed(float(counts[v, WATCH_MS]) / 1000.0, impressions, prior, watch_rate)
        level = watch_weight * watch
        # half of the expected watch time moves with affinity (assumption)
        slope = watch_weight * watch * 0.5
        for a in range(weights.size):
            if weights[a] != 0.0:
                r = smoothed(counts[v, FIRST_ACTION + a], impressions, prior, rates[a])
                level += weights[a] * r
                slope += weights[a] * signs[a] * r * (1.0 - r)
        base[v] = np.float32(level)
        lift[v] = np.float32(slope)
