"""Two scenarios in the same worlds: paired differences on common random numbers.

World k of both has the same seed, so the same people with the same luck. What the two worlds share
cancels in the difference, which is then a smaller number with a narrower interval than two
separate means would give.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from sim.study.statistics.intervals import Interval, mean_interval, sample, student
from sim.study.statistics.jackknife import jackknife_half_width, without_each

__all__ = ["Difference", "paired_difference", "relative_difference", "variance_saved"]

Floats = npt.NDArray[np.float64]

_NOTHING = 1e-12
"""A mean this small beside the values is 0."""


@dataclass(frozen=True)
class Difference:
    """What a change did to one number, over the same worlds before and after."""

    before: float
    """Mean over worlds."""
    after: float
    difference: float
    """after - before"""
    interval: Interval
    """The difference with its interval, from the pairs."""
    relative: Interval | None
    """(after - before) / |before|: 0.5 is half as much again. None when ``before`` is not clearly
    other than 0."""
    p: float
    """Probability of a difference at least as large if there were none, both sides."""
    pairs: int
    """Worlds."""
    variance_saved: Interval | None
    """How many times smaller pairing made the variance of the difference; None when that cannot be
    said."""


def paired_difference(
    before: npt.ArrayLike, after: npt.ArrayLike, level: float = 0.95
) -> Difference:
    """Compare the same worlds before and after a change; both [W], in the same order.

    The interval and ``p`` are Student's, over the differences of pairs. They are those of one
    comparison: with several, say so and correct (``holm``). Pairs that all differ by the same
    amount give an interval of no width, and a ``p`` of 0, or of 1 when that amount is 0.

    Raises ``ValueError`` for fewer than 2 pairs.
    """
    a, b = _pairs(before, after)
    change = b - a
    interval = mean_interval(change, level)
    error = float(change.std(ddof=1)) / sqrt(change.size)
    # Without any spread, the test statistic is 0 / 0 for no difference and infinite for one.
    t = 0.0 if interval.value == 0 else abs(interval.value) / error if error > 0 else inf
    p = min(1.0, 2 * float(stdtr(change.size - 1, -t)))
    return Difference(
        before=float(a.mean()),
        after=float(b.mean()),
        difference=interval.value,
        interval=interval,
        relative=relative_difference(a, b, level),
        p=p,
        pairs=change.size,
        variance_saved=variance_saved(a, b, level),
    )


def relative_difference(
    before: npt.ArrayLike, after: npt.ArrayLike, level: float = 0.95
) -> Interval | None:
    """(mean after - mean before) / |mean before| with Fieller's interval for paired values.

    The interval holds each ratio r for which the values after - r · before could have the mean 0
    by Student's test. It is exact for normal values and, unlike a mean of ratios, bears worlds with
    a ``before`` near 0. When 0 is a possible mean of ``before`` there is no such interval, and the
    result is None.

    Source: Fieller 1954, J. R. Stat. Soc. B 16:175. Raises ``ValueError`` for fewer than 2 pairs.
    """
    a, b = _pairs(before, after)
    mean = float(a.mean())
    square = student(level, a.size - 1) ** 2 / a.size
    # A mean that is 0 but for rounding has no multiples either.
    if abs(mean) <= _NOTHING * float(np.abs([a, b]).max()):
        return None
    # In units of the mean before, so that its own mean is 1.
    a, b = a / mean, b / mean
    ratio = float(b.mean())
    covariance = square * np.cov(a, b)
    # (ratio - r)² <= t² var(b - r a) / W is lead r² - 2 half r + last <= 0 with
    lead = 1 - float(covariance[0, 0])
    half = ratio - float(covariance[0, 1])
    last = ratio**2 - float(covariance[1, 1])
    if lead <= 0:
        return None
    # At r = ratio the left side is not positive; a square below 0 is rounding.
    root = sqrt(max(0.0, half**2 - lead * last))
    low, high = (half - root) / lead - 1, (half + root) / lead - 1
    if mean < 0:
        return Interval(1 - ratio, -high, -low, level)
    return Interval(ratio - 1, low, high, level)


def variance_saved(
    before: npt.ArrayLike, after: npt.ArrayLike, level: float = 0.95
) -> Interval | None:
    """How many times smaller the variance of the difference is for pairing.

        (var before + var after) / var(after - before)

    The numerator is the variance that the difference of as many unpaired worlds would have. Above 1
    pairing helps; 5 means that unpaired runs would need five times as many worlds.

    The interval is the jackknife's on the logarithm. With few pairs it covers better than the
    bootstrap, and needs no draws; heavy tails make either too narrow. None with fewer than 3 pairs,
    when neither varies, and when the difference does not vary, whether in all pairs or in all but
    one.

    Source: Miller 1968, Ann. Math. Stat. 39:567 (jackknife of log variances). Raises ``ValueError``
    for fewer than 2 pairs.
    """
    a, b = _pairs(before, after)
    student(level, 1)
    if a.size < 3:
        return None
    saved, without = _saved(a, b), without_each(a.size)
    others = _saved(a[without], b[without])
    if not (np.isfinite(saved) and np.isfinite(others).all()):
        return None
    half = float(jackknife_half_width(np.log(others), level))
    value = float(saved)
    return Interval(value, value * exp(-half), value * exp(half), level)


def _pairs(before: npt.ArrayLike, after: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = sample(before), sample(after)
    if a.size != b.size:
        raise ValueError(f"pairs need as many values before as after; got {a.size} and {b.size}")
    return a, b


def _saved(a: Floats, b: Floats) -> Floats:
    """The ratio of variances along the last axis; NaN where one is no more than rounding."""
    apart = a.var(axis=-1, ddof=1) + b.var(axis=-1, ddof=1)
    together = (b - a).var(axis=-1, ddof=1)
    rounding = (16 * float(np.finfo(np.float64).eps) * float(np.abs([a, b]).max())) ** 2
    known = (apart > rounding) & (together > rounding)
    return np.asarray(np.divide(apart, together, where=known, out=np.full(known.shape, np.nan)))
