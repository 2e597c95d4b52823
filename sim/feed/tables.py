"""Predicted value of each video, from its own counts: the ``smoothed`` predictor.

The predicted probability of action a on video v by user u is

    p = r + s k r (1 - r),   r = (count_va + n0 r_a) / (impressions_v + n0)

with the platform-wide rate r_a, n0 impressions of prior, the affinity k in [-1, 1] and the
action's slope s (``sim.feed.slopes``): the logistic function to first order. A value model
that is linear in p is then base[v] + k * lift[v]: two numbers a video, made at each refresh, and
one multiplication a candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTIONS
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, WATCH_MS, WIDTH
from sim.core.registry import entry_of
from sim.feed.percentile import LENGTHS_S, RANK_ONE, length_class
from sim.machine.aligned import LINE
from sim.machine.borrow import ROWS_AHEAD, prefetch, prefetch_at
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario.components import Component, Custom
from sim.scenario.feed import Oracle, Smoothed

__all__ = [
    "PRIORS", "SIGNS", "START_RATES", "Rates", "ScoreTables", "base_and_lift", "mean_signals",
    "platform_rates", "prior_of", "refresh_tables", "refresh_usual", "smoothed",
]  # fmt: skip

SIGNS = np.array([float(a.sign) for a in ACTIONS])
"""signs [A] of the actions."""

START_RATES = np.array([a.start_rate for a in ACTIONS])
"""rates [A] that the platform assumes before its first impression."""
_START_WATCH_S = 8.0
_START_IMPRESSIONS = 1_000.0
_START_OF_LENGTH = 200.0
"""Seconds watched that the platform assumes before its first impression, and how many impressions
its assumptions weigh, and for each class of lengths; those about actions stand in the action
table."""


@dataclass(frozen=True)
class Rates:
    """Platform-wide rates per impression."""

    action: NDArray[np.float64]
    """action [A] probability of each action"""
    watch_s: float
    """mean seconds watched"""
    watch_percentile: float
    """mean watch percentile"""

    @property
    def row(self) -> NDArray[np.float64]:
        """row [W] all of them, a column for each of WEIGHT_NAMES."""
        return np.array([*self.action, self.watch_s, self.watch_percentile])


class ScoreTables(Table, name="scores", owner="video", side=Side.BELIEF):
    """What the value model makes of every video."""

    base: NDArray[np.float32] = column(np.float32, "score at affinity 0", line="card", lively=True)
    lift: NDArray[np.float32] = column(
        np.float32, "what each unit of affinity adds to the score", line="card", lively=True
    )
    usual: NDArray[np.float32] = column(np.float32, "signal that people usually give it")
    arms: NDArray[np.float32] = column(
        np.float32, "base and lift under the weights of each arm; there are no arms when all users "
        "have the same weights (see ``sim.feed.arms``)", shape=("G", 2),
    )  # fmt: skip


def base_and_lift(
    tables: ScoreTables, arm: NDArray[np.int8], video: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(base, lift) of each ``video``, in the ``arm`` of who is to see it (same shape)."""
    if tables.arms.shape[1] == 0:
        return tables.base[video], tables.lift[video]
    rows = tables.arms[video, arm]
    return rows[..., 0], rows[..., 1]


def platform_rates(totals: NDArray[np.int64], ranks: int) -> Rates:
    """Rates over all impressions so far, given the sums [F] of all counters and of the ranks."""
    impressions = float(totals[IMPRESSIONS]) + _START_IMPRESSIONS
    counts = totals[FIRST_ACTION:WIDTH].astype(np.float64)
    watch = totals[WATCH_MS] / 1000.0 + _START_WATCH_S * _START_IMPRESSIONS
    middle = ranks / RANK_ONE + 0.5 * _START_IMPRESSIONS
    return Rates(
        (counts + START_RATES * _START_IMPRESSIONS) / impressions, watch / impressions,
        middle / impressions,
    )  # fmt: skip


PRIORS: Final[Mapping[str, Callable[[Any], float]]] = {
    Smoothed.tag(): lambda wanted: float(wanted.prior),
    # it needs none, but the lists of sources are in the order of the base
    Oracle.tag(): lambda wanted: float(Smoothed.model_fields["prior"].default),  # noqa: ARG005
    # compiled scores are told base and lift, whatever predicts
    Custom.tag(): lambda wanted: float(Smoothed.model_fields["prior"].default),  # noqa: ARG005
}
"""Impressions of prior with which base and lift are made, by the predictor in the scenario."""


def prior_of(wanted: Component) -> float:
    """Impressions of prior under the predictor ``feed.predict`` of a scenario, settled."""
    return entry_of("predictor", PRIORS, wanted.tag())(wanted)


@njit()
def smoothed(count, impressions, prior, rate):
    """A rate per impression, drawn towards ``rate`` with the weight of ``prior`` impressions."""
    return (float(count) + prior * rate) / (float(impressions) + prior)


@njit(forceinline=True)
def _value(row, ranks, prior, rates, weights, slopes):
    """(base, lift) of a video with the counters ``row`` [F] and the sum of its watch percentiles.

    ``rates`` and ``weights`` [W] have a column for each of WEIGHT_NAMES.
    """
    impressions = row[IMPRESSIONS]
    actions = weights.size - 2
    watch = smoothed(float(row[WATCH_MS]) / 1000.0, impressions, prior, rates[actions])
    base = weights[actions] * watch
    # half of the expected watch time moves with affinity (assumption)
    lift = weights[actions] * watch * 0.5
    middle = smoothed(float(ranks) / RANK_ONE, impressions, prior, rates[actions + 1])
    base += weights[actions + 1] * middle
    lift += weights[actions + 1] * slopes[actions]
    for a in range(actions):
        if weights[a] != 0.0:
            r = smoothed(row[FIRST_ACTION + a], impressions, prior, rates[a])
            base += weights[a] * r
            lift += weights[a] * slopes[a] * r * (1.0 - r)
    return np.float32(base), np.float32(lift)


@njit()
def refresh_tables(
    videos, counts, ranks, prior, rates, weights, arm_weights, slopes, base, lift, arms
):
    """Recompute base, lift and arms of the given ``videos``.

    ``ranks`` [V] are sums of watch percentiles; ``rates`` and ``weights`` [W] have a column for
    each of WEIGHT_NAMES, and so has ``arm_weights`` [G, W] for ``arms`` [V, G, 2]; ``slopes``
    [A + 1].
    """
    for i in range(videos.size):
        if i + ROWS_AHEAD < videos.size:
            prefetch(counts, videos[i + ROWS_AHEAD])
            prefetch_at(counts, videos[i + ROWS_AHEAD], LINE)
            prefetch(ranks, videos[i + ROWS_AHEAD])
        v = videos[i]
        base[v], lift[v] = _value(counts[v], ranks[v], prior, rates, weights, slopes)
        for g in range(arms.shape[1]):
            arms[v, g, 0], arms[v, g, 1] = _value(
                counts[v], ranks[v], prior, rates, arm_weights[g], slopes
            )


@njit()
def mean_signals(counts, count, duration_s, signals, start):
    """Mean signal [classes] of videos of each length; ``start`` [A] are the rates assumed at first.

    ``signals`` [A] are those of the actions, over the first ``count`` videos.
    """
    sums = np.zeros((LENGTHS_S.size + 1, signals.size + 1), np.int64)
    for v in range(count):
        row = length_class(duration_s[v])
        sums[row, 0] += counts[v, IMPRESSIONS]
        for a in range(signals.size):
            sums[row, 1 + a] += counts[v, FIRST_ACTION + a]
    found = np.zeros(sums.shape[0])
    for row in range(sums.shape[0]):
        for a in range(signals.size):
            done = float(sums[row, 1 + a]) + _START_OF_LENGTH * start[a]
            found[row] += signals[a] * done / (float(sums[row, 0]) + _START_OF_LENGTH)
    return found


@njit()
def refresh_usual(videos, counts, duration_s, by_length, prior, signals, usual):
    """The signal that people usually give each of ``videos``, drawn to that of its length."""
    for i in range(videos.size):
        if i + ROWS_AHEAD < videos.size:
            prefetch(counts, videos[i + ROWS_AHEAD])
            prefetch(duration_s, videos[i + ROWS_AHEAD])
        v = videos[i]
        total = 0.0
        for a in range(signals.size):
            total += signals[a] * float(counts[v, FIRST_ACTION + a])
        rate = by_length[length_class(duration_s[v])]
        usual[v] = np.float32((total + prior * rate) / (float(counts[v, IMPRESSIONS]) + prior))
