"""Numbers and times as a newcomer reads them."""

from __future__ import annotations

__all__ = ["amount", "clock", "number", "rough_span", "roughly", "span"]

_UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))


def number(value: float) -> str:
    """Write a count in at most about five characters: ``812``, ``4.1k``, ``2.3M``."""
    if value < 999.5:
        return f"{value:.0f}"
    for limit, divisor, letter in ((999_500.0, 1e3, "k"), (999.5e6, 1e6, "M"), (1e300, 1e9, "G")):
        if value < limit:
            scaled = value / divisor
            return f"{scaled:.1f}{letter}" if scaled < 99.95 else f"{scaled:.0f}{letter}"
    return f"{value:.2g}"


def amount(value: float, unit: str = "") -> str:
    """Write a value with three significant digits, counts whole, and its unit.

    ``unit`` is ``share`` or ``part`` for a fraction of one, ``s`` for seconds, or a word to put
    behind.
    """
    if unit in ("share", "part"):
        percent = 100.0 * value
        return f"{percent:.3g} %" if percent >= 1 else f"{percent:.2g} %"
    if unit == "s":
        return span(value)
    whole = value == int(value) or abs(value) >= 999.5
    text = f"{value:,.0f}" if whole else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def roughly(value: float) -> str:
    """Write an estimated count with two digits that matter: ``450,000``, ``8.9 million``."""
    digits = len(f"{value:.0f}")
    rounded = round(value, min(2 - digits, 0))
    for limit, name in ((1e9, "billion"), (1e6, "million")):
        if rounded >= limit:
            return f"{rounded / limit:,.10g} {name}"
    return f"{rounded:,.0f}"


def rough_span(seconds: float) -> str:
    """Write an estimated time in one unit, whole: ``12 s``, ``90 min``, ``3 h``."""
    for name, size, enough in (("s", 1.0, 100.0), ("min", 60.0, 100.0), ("h", 3_600.0, 48.0)):
        if seconds < enough * size:
            return f"{max(seconds / size, 1.0):.0f} {name}"
    return f"{seconds / 86_400.0:,.0f} d"


def span(seconds: float) -> str:
    """Write a length of time with its two largest units: ``1 d 6 h``, ``25 s``."""
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    if rest < 60.0:
        return f"{sign}{rest:.3g} s"
    rest = float(round(rest))
    parts: list[str] = []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:.0f} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return sign + " ".join(parts)


def clock(seconds: float) -> str:
    """Write a simulated time as day and time of day, the first day being day 1."""
    minutes = int(seconds // 60)
    return f"day {minutes // 1440 + 1} {minutes // 60 % 24:02d}:{minutes % 60:02d}"
