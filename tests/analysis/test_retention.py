"""Retention: who came on which day, in cohorts that are known by hand."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.analysis import summarise
from sim.analysis.retention import cohort_names, cohorts, retention_summary, share_on
from sim.core.stages import DAYS
from sim.plots.retention import retention_data

DAY = 86_400.0


def _tables(synthetic: ModuleType, days: float, people: list[tuple[float, int, int]]) -> Any:
    """A run of so many days with people who (joined on day, came, gone)."""
    made = synthetic.make_tables(seed=1, users=max(len(people), 60))
    joined, came, gone = zip(*people, strict=True)
    users = made.users.head(len(people)).with_columns(
        joined_s=pl.Series(np.array(joined) * DAY),
        came=pl.Series(came, dtype=pl.Int64),
        gone=pl.Series(gone, dtype=pl.Int8),
    )
    return replace(made, users=users, users_count=len(people), duration_s=days * DAY)


def test_a_day_counts_for_those_for_whom_it_is_over(synthetic: ModuleType) -> None:
    tables = _tables(synthetic, 4.0, [
        (0.0, 0b1111, 0), (0.0, 0b0001, 2), (0.0, 0b0010, 0),
        (0.5, 0b0011, 0),   # three days are over: 0, 1, 2
        (1.5, 0b0001, 1),   # two
        (3.5, 0b0001, 0),   # none
    ])  # fmt: skip
    settled, joined = cohorts(tables)
    assert [settled.people, joined.people] == [3, 3]
    assert [share_on(settled, day) for day in range(4)] == [(2, 3), (2, 3), (1, 3), (1, 3)]
    assert [share_on(joined, day) for day in range(4)] == [(2, 2), (1, 2), (0, 1), (0, 0)]
    found = retention_summary(tables)
    assert found["settled"]["day_1"] == pytest.approx(2 / 3)
    assert found["settled"]["lost_share"] == pytest.approx(1 / 3)
    assert found["joined"]["paused_share"] == pytest.approx(1 / 3)
    assert found["joined"]["day_3"] is found["joined"]["day_3_low"] is None
    assert found["joined"]["day_1_low"] < 0.5 < found["joined"]["day_1_high"]


def test_weeks_of_joining_are_told_apart_in_long_runs(synthetic: ModuleType) -> None:
    people = [(0.0, 1, 0), (1.0, 1, 0), (6.9, 1, 0), (7.0, 1, 0), (20.0, 1, 0)]
    found = retention_summary(_tables(synthetic, 21.0, people))
    assert list(found) == ["settled", "joined", "joined_week_1", "joined_week_2", "joined_week_3"]
    assert [row["people"] for row in found.values()] == [1, 4, 2, 1, 1]
    assert list(found) == cohort_names(21.0 * DAY, joining=True)
    assert len(cohort_names(21.1 * DAY, joining=True)) == 6
    assert cohort_names(7.0 * DAY, joining=True) == ["settled", "joined"]
    assert cohort_names(70.0 * DAY, joining=False) == ["settled"]
    assert list(retention_summary(_tables(synthetic, 7.0, people[:3]))) == ["settled", "joined"]


def test_nobody_joined(synthetic: ModuleType) -> None:
    assert list(summarise(synthetic.make_tables(seed=1))["retention"]) == ["settled"]


def test_a_bit_set_fits_its_column() -> None:
    assert np.iinfo(np.int64).max == (1 << DAYS) - 1


def _crowd(share: float, n: int, joined: float) -> list[tuple[float, int, int]]:
    """People of whom a share came on each later day."""
    return [(joined, 0b1111111 if i < share * n else 1, 0) for i in range(n)]


def test_the_title_says_how_newcomers_come_back(synthetic: ModuleType) -> None:
    from sim.plots.retention import _finding

    def title(share: float, n: int) -> str:
        crowd = _crowd(0.6, 400, 0.0) + _crowd(share, n, 0.25)
        return _finding(retention_data(_tables(synthetic, 6.0, crowd)))

    assert title(0.2, 200) == "On day 4, 20 % of newcomers come, and 60 % of the others"
    assert title(0.55, 110).startswith("No clear difference on day 4: ")
    assert title(0.2, 99) == "Who comes back"  # too few to speak of


def test_days_of_few_people_are_not_drawn(synthetic: ModuleType) -> None:
    few = _crowd(0.6, 400, 0.0) + _crowd(0.5, 19, 0.25)
    assert len(retention_data(_tables(synthetic, 6.0, few)).curves) == 1
    assert retention_data(_tables(synthetic, 0.5, few)).reason is not None
