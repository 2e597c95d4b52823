"""How unequally something is spread: Gini, Lorenz, the share of the top."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["LORENZ_POINTS", "gini", "lorenz", "top_share"]

Floats = npt.NDArray[np.float64]

LORENZ_POINTS: Final = 400
"""Most points that a Lorenz curve is drawn with; more cannot be seen."""


def _sorted(values: npt.ArrayLike) -> Floats:
    array = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if array.size and (not np.isfinite(array).all() or array[0] < 0):
        raise ValueError("values must be finite and not negative")
    return array


def gini(values: npt.ArrayLike) -> float | None:
    """Gini coefficient of non-negative values, in [0, 1); None without any positive value.

        G = Σ_i (2i - n - 1) x_(i) / (n Σ x)        x sorted upwards, i from 1

    0 when all are equal, (n-1)/n when one has everything.
    """
    x = _sorted(values)
    total = x.sum()
    if x.size == 0 or total <= 0:
        return None
    n = x.size
    ranks = 2.0 * np.arange(1, n + 1) - n - 1
    return max(0.0, float(ranks @ (x / total)) / n)


def lorenz(values: npt.ArrayLike, points: int | None = LORENZ_POINTS) -> tuple[Floats, Floats]:
    """Lorenz curve: (share of items from the smallest up, their share of the total).

    Both run from 0 to 1 and the curve is convex. ``points`` thins it to about that many,
    denser towards the top where it bends; None keeps one point an item. Two empty arrays
    without any positive value.
    """
    x = _sorted(values)
    total = x.sum()
    if x.size == 0 or total <= 0:
        return np.empty(0), np.empty(0)
    held = np.concatenate([[0.0], np.cumsum(x) / total])
    held[-1] = 1.0
    items = np.arange(x.size + 1) / x.size
    if points is None or x.size < points:
        return items, held
    even = np.linspace(0, x.size, points // 2)
    top = x.size - np.geomspace(1, x.size, points // 2)
    keep = np.unique(np.concatenate([even, top, [x.size]]).round().astype(np.int64))
    return items[keep], held[keep]


def top_share(values: npt.ArrayLike, part: float = 0.01) -> float | None:
    """Share of the total that the largest ``part`` of the items hold; None without a total.

    1 - L(1 - part) with the Lorenz curve L, linear between items: with fewer than
    1/part items it is that part of the largest one.
    """
    if not 0 < part <= 1:
        raise ValueError(f"part must be within (0, 1]; got {part}")
    items, held = lorenz(values, points=None)
    return float(1.0 - np.interp(1.0 - part, items, held)) if items.size else None
