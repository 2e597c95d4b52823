"""Estimates as text: as many digits as their interval gives meaning to."""

from __future__ import annotations

import pytest

from sim.core.estimates import chance, scale_of, times


@pytest.mark.parametrize(
    ("unit", "half", "largest", "value", "said", "change"),
    [
        ("share", 0.0123, 0.3, 0.2345, "23.4 %", "+23.4 points"),
        ("percent", 0.01, 8.0, 8.2346, "8.235 %", "+8.235 points"),
        ("min", 0.25, 40.0, 43.21, "43.21 min", "+43.21 min"),
        ("s", 1_000.0, 90_000.0, 86_400.0, "24.00 h", "+24.00 h"),
        ("count", 1_500.0, 2e6, 1_234_567.0, "1,234,567", "+1,234,567"),
        ("0..1", None, 0.5, 0.5, "0.500", "+0.500"),
        ("users", 0.0, 32.0, 32.0, "32.0", "+32.0"),
        ("share", 0.5, 1.0, -0.0001, "0 %", "0 points"),
    ],
)
def test_digits_follow_the_interval(
    unit: str, half: float | None, largest: float, value: float, said: str, change: str
) -> None:
    scale = scale_of(unit, half, largest)
    assert scale.value(value) == said
    assert scale.change(value) == change
    assert scale.value(None) == "–"
    assert scale.interval(None, None) == scale.changes(1.0, None) == ""


@pytest.mark.parametrize(
    ("p", "said"), [(None, ""), (0.0, "<0.001"), (0.0312, "0.031"), (0.5, "0.50"), (1.0, "1.00")]
)
def test_chances_in_words(p: float | None, said: str) -> None:
    assert chance(p) == said


@pytest.mark.parametrize(("factor", "said"), [(0.84, "0.8×"), (5.31, "5.3×"), (118.0, "118×")])
def test_factors_in_words(factor: float, said: str) -> None:
    assert times(factor) == said
