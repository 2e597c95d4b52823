"""Intervals around a number that several worlds gave: the worlds are the sample.

Inside one world videos compete for the same screens and ride the same trends, so they are no
independent sample of anything. Worlds with different seeds are. Each function here takes one value
a world.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, ndtri, stdtrit

from sim.analysis.intervals import wilson

__all__ = ["Interval", "mean_interval", "sample", "share_interval", "student", "worlds_needed"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A number with a confidence interval."""

    value: float
    """The estimate."""
    low: float
    high: float
    level: float
    """Share of such intervals that contain the true number, such as 0.95."""

    @property
    def half_width(self) -> float:
        """Half the distance between the two ends."""
        return (self.high - self.low) / 2

    def excludes(self, number: float) -> bool:
        """Whether ``number`` lies outside."""
        return not self.low <= number <= self.high


def sample(values: npt.ArrayLike, least: int = 2) -> Floats:
    """The values as floats [W], one a world.

    Raises ``ValueError`` for another shape, for fewer than ``least`` of them, and for a value
    that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"values must be a list, one a world; got the shape {array.shape}")
    if array.size < least:
        raise ValueError(f"needs at least {least} worlds; got {array.size}")
    if not np.isfinite(array).all():
        raise ValueError(
            f"values must be finite; world {int(np.argmin(np.isfinite(array)))} is not"
        )
    return array


def student(level: float, freedom: float) -> float:
    """Two-sided point of Student's t: |t| stays below it with probability ``level``.

    Raises ``ValueError`` when ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, such as 0.95; got {level}")
    return float(stdtrit(freedom, (1 + level) / 2))


def mean_interval(values: npt.ArrayLike, level: float = 0.95) -> Interval:
    """The mean over worlds with Student's interval.

        mean ± t(level, W - 1) · s / √W

    Exact for normal values; close for others once the worlds are many, by the central limit
    theorem. When values are skewed and worlds few it covers less than it says; how much was
    measured, see ``docs/explanation/statistics.md``. When all values are the same, the interval is
    that point: such a sample cannot show its spread.

    Source: Student 1908, Biometrika 6:1. Raises ``ValueError`` for fewer than 2 worlds.
    """
    x = sample(values)
    point = student(level, x.size - 1)
    mean = float(x.mean())
    half = point * float(x.std(ddof=1)) / sqrt(x.size)
    return Interval(mean, mean - half, mean + half, level)


def share_interval(counts: npt.ArrayLike, totals: npt.ArrayLike, level: float = 0.95) -> Interval:
    """The share Σ counts / Σ totals over all worlds, with a Wilson interval that minds the worlds.

    Wilson's interval takes all videos as independent. Here its normal point z is replaced by

        max(z, t(level, W - 1) · √d)     d = variance of the share between worlds
                                             / variance if the videos were independent

    ``d`` is the design effect of cluster samples; the variance between worlds is that of a ratio
    estimator. This keeps what is good about Wilson's interval: it stays within 0..1 and has a width
    when nobody, or everybody, has the property. In these two cases nothing is known of ``d``, and
    the interval is Wilson's own. It is never narrower than that; where videos compete for a fixed
    number of places, so that worlds differ less than chance would have it, ``mean_interval`` of the
    worlds' shares is narrower.

    ``counts`` and ``totals`` are whole numbers [W]: videos with the property, and videos.

    Sources: Wilson 1927, J. Am. Stat. Assoc. 22:209; the design effect, Kish 1965, Survey
    Sampling; the two together, Franco, Little, Louis and Slud 2019, J. Surv. Stat. Methodol. 7:334.
    Raises ``ValueError`` for fewer than 2 worlds, for impossible counts, and without any video.
    """
    c, n = sample(counts), sample(totals)
    if c.size != n.size:
        raise ValueError(f"as many counts as totals; got {c.size} and {n.size}")
    if (c != np.floor(c)).any() or (n != np.floor(n)).any() or (c < 0).any() or (c > n).any():
        raise ValueError("counts must be whole numbers within 0..total in each world")
    count, total = int(c.sum()), int(n.sum())
    if total == 0:
        raise ValueError("a share needs videos; there are none in any world")
    worlds = c.size
    share = count / total
    point = float(ndtri((1 + level) / 2))
    t = student(level, worlds - 1)
    if 0 < count < total:
        between = worlds / (worlds - 1) * float(((c - share * n) ** 2).sum()) / total**2
        effect = between / (share * (1 - share) / total)
        point = max(point, t * sqrt(effect))
    found = wilson(count, total, point)
    assert found.low is not None
    assert found.high is not None
    return Interval(share, found.low, found.high, level)


def worlds_needed(
    values: npt.ArrayLike, half_width: float, level: float = 0.95, assurance: float | None = None
) -> int:
    """How many worlds give a mean whose interval is no wider than ± ``half_width``.

    The smallest W with t(level, W - 1) · s / √W <= half_width. ``s`` is the spread of ``values``, a
    first few worlds; it is itself uncertain, and about half of the studies that are planned so
    come out wider than planned. With an ``assurance``, such as 0.8, the upper limit of s
    at that confidence takes its place.

    Source: Kupper and Hafner 1989, Am. Stat. 43:101. Raises ``ValueError`` for fewer than 2
    worlds and a half width that is not positive.
    """
    x = sample(values)
    student(level, 1)
    if not (isfinite(half_width) and half_width > 0):
        raise ValueError(f"half_width must be positive; got {half_width}")
    spread = float(x.std(ddof=1))
    if assurance is not None:
        if not 0 < assurance < 1:
            raise ValueError(f"assurance must be between 0 and 1, such as 0.8; got {assurance}")
        # chdtri(v, p) is the point that a chi-square exceeds with probability p.
        spread *= sqrt((x.size - 1) / float(chdtri(x.size - 1, assurance)))

    def enough(worlds: int) -> bool:
        return student(level, worlds - 1) * spread / sqrt(worlds) <= half_width

    high = 2
    while not enough(high):
        high *= 2
        if high > 2**52:
            return high
    low = high // 2 if high > 2 else 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
