"""Success as a multiple of the mean and as a rank: numbers that do not grow with the world.

A share of the people ("seen by 1 % of users") and a number of views mean something else in a
world of another size. What a video got over what the mean video got does not, up to the limit
that nobody can be shown more than there are people to show it to.

What is counted are impressions: times put on a screen. That is what a platform has to hand out.
Views would count replays as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from sim.analysis.intervals import Share, wilson
from sim.analysis.tables import Tables, mature, measured, rows_where

__all__ = [
    "AGE_TOLERANCE",
    "MIN_COMPARED",
    "MULTIPLES",
    "Compared",
    "above",
    "compared_with",
    "multiples",
    "ranks",
]

Floats = npt.NDArray[np.float64]

MULTIPLES: Final = (5, 10, 47, 93)
"""Multiples of the mean whose shares are told. The last two are those of V1: 105,000 and 210,000
views where the mean is 2,251, which 0.36 % and 0.19 % of posts had. The others are assumptions,
for worlds too small for those."""

AGE_TOLERANCE: Final = 0.1
"""Uploads as old as a probe, give or take this share of the age. Assumption."""

MIN_COMPARED: Final = 100
"""With fewer uploads of its age a probe is compared with all mature ones, where those are more.
Assumption: views are so unequal that the mean of fewer is mostly that of a few."""


@dataclass(frozen=True)
class Compared:
    """Ordinary uploads that videos are measured against, at the end of the run."""

    impressions: Floats
    """[N] of each of them, rising."""
    youngest_s: float | None
    """Age of the youngest at the end, s; None without any."""
    oldest_s: float | None
    """Age of the oldest at the end, s."""

    @property
    def mean(self) -> float | None:
        """Mean impressions; None without any upload."""
        return float(self.impressions.mean()) if self.impressions.size else None


def compared_with(tables: Tables, probes: pl.DataFrame) -> Compared:
    """The ordinary uploads that the videos of a probe are compared with.

    Those posted after the warm-up whose age at the end is between that of the youngest video of
    the probe less ``AGE_TOLERANCE`` and that of the oldest and ``AGE_TOLERANCE`` more. They were
    posted at about the same time, so they had the same hours of the day as well. With fewer than
    ``MIN_COMPARED`` of these: all mature ordinary uploads, where those are more.
    """
    old = mature(tables)
    first, last = probes["uploaded_s"].min(), probes["uploaded_s"].max()
    if isinstance(first, float) and isinstance(last, float):
        oldest = (1.0 + AGE_TOLERANCE) * (tables.duration_s - first)
        youngest = (1.0 - AGE_TOLERANCE) * (tables.duration_s - last)
        age = tables.duration_s - pl.col("uploaded_s")
        as_old = rows_where(measured(tables), age.is_between(youngest, oldest))
        if as_old.height >= min(MIN_COMPARED, old.height):
            return _compared(tables, as_old)
    return _compared(tables, old)


def _compared(tables: Tables, uploads: pl.DataFrame) -> Compared:
    ages = tables.duration_s - uploads["uploaded_s"].to_numpy()
    return Compared(
        np.sort(uploads["impressions"].to_numpy().astype(np.float64)),
        float(ages.min()) if ages.size else None,
        float(ages.max()) if ages.size else None,
    )


def multiples(impressions: npt.ArrayLike, mean: float | None) -> Floats | None:
    """``impressions`` [N] as multiples [N] of a mean; None when there is no mean above 0."""
    return np.asarray(impressions, dtype=np.float64) / mean if mean else None


def above(found: Floats | None, times: float) -> Share:
    """Share of the multiples ``found`` that are at least ``times``, with its Wilson interval.

    Without any multiple it is a share of nothing, all None.
    """
    if found is None:
        return wilson(0, 0)
    # A multiple is a quotient of counts: 5 times must not be missed by its last digit.
    return wilson(int((found >= times * (1.0 - 1e-12)).sum()), found.size)


def ranks(impressions: npt.ArrayLike, among: Floats) -> Floats | None:
    """Rank [N], 0..1, of ``impressions`` [N] among others [M] that are sorted upwards.

    The share of the others with fewer, those with as many counted half: 0.5 is the middle, 1 is
    more than all. None when there are no others.
    """
    if among.size == 0:
        return None
    own = np.asarray(impressions, dtype=np.float64)
    fewer = np.searchsorted(among, own, side="left")
    not_more = np.searchsorted(among, own, side="right")
    return np.asarray((fewer + not_more) / (2.0 * among.size), dtype=np.float64)
