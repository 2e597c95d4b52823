"""Estimates with their intervals, with as many digits as the interval gives meaning to."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10

__all__ = ["Scale", "chance", "scale_of", "times"]


@dataclass(frozen=True)
class Scale:
    """How the numbers of one row are written."""

    factor: float
    unit: str
    """What stands behind a value, with its space; may be empty."""
    points: str
    """What stands behind a difference: percent become points."""
    decimals: int

    def value(self, number: float | None) -> str:
        """``23.1 %``; a dash for no number."""
        return "–" if number is None else f"{self._digits(number)}{self.unit}"

    def plain(self, number: float | None) -> str:
        """A spread, in the unit of differences: ``4.5 points``; a dash for no number."""
        return "–" if number is None else f"{self._digits(number)}{self.points}"

    def interval(self, low: float | None, high: float | None) -> str:
        """``20.2 to 26.1 %``; empty for no interval."""
        if low is None or high is None:
            return ""
        return f"{self._digits(low)} to {self._digits(high)}{self.unit}"

    def change(self, number: float | None) -> str:
        """``+1.20 points``; a dash for no number."""
        return "–" if number is None else f"{self._digits(number, '+')}{self.points}"

    def changes(self, low: float | None, high: float | None) -> str:
        """``-0.30 to +2.70 points``; empty for no interval."""
        if low is None or high is None:
            return ""
        return f"{self._digits(low, '+')} to {self._digits(high, '+')}{self.points}"

    def _digits(self, number: float, sign: str = "") -> str:
        scaled = round(number * self.factor, self.decimals) + 0.0  # no minus before a zero
        return f"{scaled:{sign if scaled else ''},.{self.decimals}f}"


def scale_of(unit: str, half_width: float | None, largest: float) -> Scale:
    """The scale for values up to ``largest`` whose interval is ``half_width`` to each side.

    The half width is written with two digits that matter, the value just as finely.
    """
    factor, name, points = _unit(unit, abs(largest))
    scaled = abs(largest) * factor
    if half_width is not None and isfinite(half_width) and half_width * factor > 1e-12:
        decimals = 1 - floor(log10(half_width * factor))
    else:
        decimals = 2 - floor(log10(scaled)) if scaled > 1e-12 else 0
    return Scale(factor, name, points, min(max(decimals, 0), 6))


def _unit(unit: str, largest: float) -> tuple[float, str, str]:
    """Factor, text behind a value, text behind a difference."""
    match unit:
        case "share" | "part":
            return 100.0, " %", " points"
        case "percent":
            return 1.0, " %", " points"
        case "s":
            for name, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
                if largest >= 2 * size:
                    return 1.0 / size, f" {name}", f" {name}"
            return 1.0, " s", " s"
        case "min" | "h":
            return 1.0, f" {unit}", f" {unit}"
        case _:
            return 1.0, "", ""


def times(factor: float) -> str:
    """``0.8×``, ``5.3×``, ``14×``, ``120×``."""
    return f"{factor:.1f}×" if factor < 9.95 else f"{factor:.0f}×"


def chance(p: float | None) -> str:
    """A probability of an error: ``0.031``, ``<0.001``; empty for none."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.2g}" if p < 0.0995 else f"{p:.2f}"
