"""Intervals around shares."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

__all__ = ["Z95", "Share", "wilson"]

Z95: Final = 1.959963984540054
"""Two-sided 95 % point of the standard normal."""


@dataclass(frozen=True)
class Share:
    """A share of items with its interval; all three None when there are no items."""

    count: int
    """Items that have the property."""
    total: int
    """Items looked at."""
    share: float | None
    """count / total, 0..1."""
    low: float | None
    high: float | None


def wilson(count: int, total: int, z: float = Z95) -> Share:
    """The share ``count / total`` with its Wilson score interval.

        (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)

    The interval takes the items as independent. Videos inside one world are not: they
    compete for the same screens and ride the same trends. It is therefore the
    uncertainty of this world's share, and too narrow as a statement about the scenario;
    for that, run many worlds.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209. Raises ``ValueError`` for
    impossible counts.
    """
    if not 0 <= count <= total:
        raise ValueError(f"count must be within 0..total; got {count} of {total}")
    if total == 0:
        return Share(0, 0, None, None, None)
    p = count / total
    spread = z * z / total
    centre = p + spread / 2
    half = z * sqrt(p * (1 - p) / total + spread / (4 * total))
    # At the two ends the formula is exactly 0 and 1; rounding must not move it past them.
    low = 0.0 if count == 0 else max(0.0, (centre - half) / (1 + spread))
    high = 1.0 if count == total else min(1.0, (centre + half) / (1 + spread))
    return Share(count, total, p, low, high)
