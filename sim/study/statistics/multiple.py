"""Many comparisons at once: some look like effects by chance alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["holm", "say_comparisons"]

Floats = npt.NDArray[np.float64]


def _probabilities(p_values: npt.ArrayLike) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or p.size == 0:
        raise ValueError(f"needs a list of at least one p-value; got the shape {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values must be within 0..1")
    return p


def holm(p_values: npt.ArrayLike) -> Floats:
    """p-values [M] adjusted for being M together, in the order given.

    Calling those below 0.05 effects, the probability of one false call or more is at most 5 %,
    however the comparisons depend on each other.

        p_(i) -> max over j <= i of min(1, (M - j + 1) p_(j))       sorted upwards, i from 1

    Source: Holm 1979, Scand. J. Stat. 6:65. Raises ``ValueError`` for an empty list and for what
    is no probability.
    """
    p = _probabilities(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def say_comparisons(p_values: npt.ArrayLike, level: float = 0.95) -> str:
    """One or two sentences: how many comparisons, how many below 1 - level, how many after Holm.

    Raises ``ValueError`` as ``holm`` does.
    """
    p = _probabilities(p_values)
    limit = 1 - level
    plain, held = int((p < limit).sum()), int((holm(p) < limit).sum())
    if p.size == 1:
        return "1 comparison was made; nothing had to be corrected."
    return (
        f"{p.size} comparisons were made. {plain} of them {'has' if plain == 1 else 'have'} "
        f"p < {limit:.3g}, {held} after Holm's correction; without any effect "
        f"{p.size * limit:.2g} would be expected."
    )
