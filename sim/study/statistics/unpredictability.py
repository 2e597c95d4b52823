"""Would the same videos succeed again? Unpredictability and inequality as in the Music Lab.

Salganik, Dodds and Watts let people in eight separate worlds choose from the same 48 songs, and
asked how differently the songs fared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.analysis.inequality import gini
from sim.study.statistics.intervals import Interval, mean_interval
from sim.study.statistics.jackknife import jackknife_half_width

__all__ = ["Unpredictability", "gini_of_worlds", "market_shares", "unpredictability"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unpredictability:
    """How far apart the market shares of one video are in two worlds."""

    worlds: int
    videos: int
    overall: Interval
    """U, the mean over videos."""
    each: Floats
    """u_v [V]"""
    each_low: Floats
    """Lower end of the interval of each u_v [V]; these are V comparisons, not one."""
    each_high: Floats


def market_shares(values: npt.ArrayLike) -> Floats:
    """Each video's share of what its world gave to all of them [W, V].

    ``values`` [W, V]: views, reach or anything else that is counted. Raises ``ValueError`` for
    another shape, values that are negative or not finite, and a world that gave nothing.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 1:
        raise ValueError(f"values must be a table [worlds, videos]; got the shape {x.shape}")
    if not np.isfinite(x).all() or (x < 0).any():
        raise ValueError("values must be finite and not negative")
    totals = x.sum(axis=1, keepdims=True)
    if (totals == 0).any():
        empty = int(np.argmin(totals))
        raise ValueError(
            f"world {empty} gave nothing to these videos, so they have no shares there"
        )
    return np.asarray(x / totals)


def unpredictability(values: npt.ArrayLike, level: float = 0.95) -> Unpredictability:
    """Unpredictability of each video and of all.

        u_v = mean over pairs of worlds j < k of |m[j, v] - m[k, v]|        m = market shares
        U   = mean over videos of u_v

    0 when every world gives the same shares. U falls with the number of videos, since shares do:
    compare it for the same number only.

    Pairs of worlds share worlds, so they are no independent sample. The interval is the jackknife's
    over worlds: a world is left out with all its pairs. A bootstrap would pair a world with itself,
    where nothing differs; with those pairs taken out it is still too narrow for few worlds, more so
    than the jackknife. A single video whose share is heavy-tailed needs many worlds for either.
    Ends below 0 are 0.

    Sources: Salganik, Dodds and Watts 2006, Science 311:854; for the interval, Arvesen 1969, Ann.
    Math. Stat. 40:2076. Raises ``ValueError`` for fewer than 3 worlds, and as ``market_shares``
    does.
    """
    shares = market_shares(values)
    worlds, videos = shares.shape
    if worlds < 3:
        raise ValueError(f"needs at least 3 worlds; got {worlds}")
    # Differences of one world to all others, summed: without that world, these pairs are gone.
    of_world = np.stack([np.abs(shares - shares[w]).sum(axis=0) for w in range(worlds)])
    pairs_twice = of_world.sum(axis=0)
    each = pairs_twice / (worlds * (worlds - 1))
    # Rounding must not make a difference of nothing negative.
    without = np.maximum(pairs_twice - 2 * of_world, 0.0) / ((worlds - 1) * (worlds - 2))
    half = jackknife_half_width(without, level)
    overall = float(each.mean())
    half_overall = float(jackknife_half_width(without.mean(axis=1), level))
    return Unpredictability(
        worlds=worlds,
        videos=videos,
        overall=Interval(overall, max(0.0, overall - half_overall), overall + half_overall, level),
        each=each,
        each_low=np.maximum(each - half, 0.0),
        each_high=each + half,
    )


def gini_of_worlds(values: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Interval]:
    """Gini coefficient of the market shares in each world [W], and their mean over worlds.

    Raises ``ValueError`` for fewer than 2 worlds, and as ``market_shares`` does.
    """
    found = [gini(row) for row in market_shares(values)]
    known = np.array([coefficient for coefficient in found if coefficient is not None])
    return known, mean_interval(known, level)
