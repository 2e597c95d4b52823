"""Numbers and times as people read them."""

from __future__ import annotations

import pytest

from sim.cli.words import amount, clock, number, rough_span, roughly, span


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (812.4, "812"),
        (999.4, "999"),
        (999.6, "1.0k"),
        (4_100, "4.1k"),
        (99_949, "99.9k"),
        (99_951, "100k"),
        (999_499, "999k"),
        (999_501, "1.0M"),
        (2_345_678, "2.3M"),
        (7.2e9, "7.2G"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (25, "25 s"),
        (12.34, "12.3 s"),
        (59.9999, "60 s"),
        (60, "1 min"),
        (3_599.7, "1 h"),
        (5_400, "1 h 30 min"),
        (108_000, "1 d 6 h"),
        (86_400 + 61, "1 d"),
        (-120, "-2 min"),
    ],
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "day 1 00:00"), (86_399, "day 1 23:59"), (151_200, "day 2 18:00")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "share", "0 %"),
        (0.0123, "share", "1.23 %"),
        (0.00042, "share", "0.042 %"),
        (1.0, "share", "100 %"),
        (12_345.6, "views", "12,346 views"),
        (3.14159, "", "3.14"),
        (999.97, "", "1,000"),
        (7.0, "users", "7 users"),
        (5_400.0, "s", "1 h 30 min"),
    ],
)
def test_amount(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (7.4, "7"),
        (99.6, "100"),
        (45_678.0, "46,000"),
        (999_999.0, "1 million"),
        (8_912_345.0, "8.9 million"),
        (123_456_789.0, "120 million"),
        (4.06e9, "4.1 billion"),
        (4.06e13, "41,000 billion"),
    ],
)
def test_roughly(value: float, text: str) -> None:
    assert roughly(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (12.4, "12 s"),
        (99.0, "99 s"),
        (101.0, "2 min"),
        (5_400.0, "90 min"),
        (10_000.0, "3 h"),
        (1e6, "12 d"),
    ],
)
def test_rough_span(seconds: float, text: str) -> None:
    assert rough_span(seconds) == text
