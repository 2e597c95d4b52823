"""Two scenarios in worlds of their own: the difference of means when nothing can be paired."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from sim.study.statistics.intervals import Interval, sample, student
from sim.study.statistics.paired import Difference

__all__ = ["unpaired_difference"]


def unpaired_difference(
    before: npt.ArrayLike, after: npt.ArrayLike, level: float = 0.95
) -> Difference:
    """Compare two samples of worlds, [W1] and [W2], that have nothing in common.

        b - a ± t(level, f) · √(s_a²/W1 + s_b²/W2)

    with Welch's degrees of freedom f. ``pairs`` is the smaller number of worlds; what only pairs
    can say is None. Samples without any spread give an interval of no width, and a ``p`` of 0, or
    of 1 when their means are equal.

    Source: Welch 1947, Biometrika 34:28. Raises ``ValueError`` for fewer than 2 worlds in either.
    """
    a, b = sample(before), sample(after)
    student(level, 1)
    of_a, of_b = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    difference = float(b.mean() - a.mean())
    error, half, p = sqrt(of_a + of_b), 0.0, float(difference == 0)
    if error > 0:
        free = (of_a + of_b) ** 2 / (of_a**2 / (a.size - 1) + of_b**2 / (b.size - 1))
        half = float(stdtrit(free, (1 + level) / 2)) * error
        p = min(1.0, 2 * float(stdtr(free, -abs(difference) / error)))
    return Difference(
        before=float(np.mean(a)),
        after=float(np.mean(b)),
        difference=difference,
        interval=Interval(difference, difference - half, difference + half, level),
        relative=None,
        p=p,
        pairs=min(a.size, b.size),
        variance_saved=None,
    )
