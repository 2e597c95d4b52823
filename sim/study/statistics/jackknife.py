"""The jackknife over worlds: how much a number depends on each single world."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

from sim.study.statistics.intervals import student

__all__ = ["jackknife_half_width", "without_each"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def without_each(worlds: int) -> Ints:
    """Numbers of the worlds that stay when one is left out, for each one [worlds, worlds - 1]."""
    others = np.arange(worlds - 1, dtype=np.int64)
    return others + (others >= np.arange(worlds)[:, None])


def jackknife_half_width(left_out: npt.ArrayLike, level: float = 0.95) -> Floats:
    """Half the width of an interval around a smooth function of a sample of worlds.

        t(level, W - 1) · √((W-1)/W · Σ (θ_i - mean θ)²)

    ``left_out`` [W, ...] has the estimates θ_i without one world each; the result is [...]. For
    variances and averages over pairs of worlds this covers better than the bootstrap when worlds
    are few. It fails for what jumps when one world goes, such as a median.

    Source: Tukey 1958, Ann. Math. Stat. 29:614; for averages over pairs Arvesen 1969, Ann. Math.
    Stat. 40:2076. Raises ``ValueError`` for fewer than 3 worlds: without one of two there is
    nothing left to pair.
    """
    x = np.asarray(left_out, dtype=np.float64)
    worlds = x.shape[0] if x.ndim else 0
    if worlds < 3:
        raise ValueError(f"needs at least 3 worlds; got {worlds}")
    spread = np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=0))
    return np.asarray(student(level, worlds - 1) * sqrt((worlds - 1) / worlds) * spread)
