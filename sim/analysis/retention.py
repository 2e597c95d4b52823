"""Retention: who comes back on which day, by when people joined."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.analysis.intervals import wilson
from sim.analysis.tables import Tables

__all__ = [
    "RETENTION_DAYS",
    "SETTLED",
    "Cohort",
    "cohort_names",
    "cohorts",
    "retention_summary",
    "share_on",
]

RETENTION_DAYS: Final = (1, 2, 3, 7, 14, 28)
"""Days after the first that the summary has."""
SETTLED: Final = "settled"
"""Name of the cohort of those who were there from the start."""
_DAY_S: Final = 86_400.0
_WEEK: Final = 7
_GONE: Final = {"paused": 1, "lost": 2}


def cohort_names(duration_s: float, *, joining: bool) -> list[str]:
    """Names of the cohorts that a run of this length can have, where people join or do not."""
    if not joining:
        return [SETTLED]
    weeks = ceil(duration_s / (_WEEK * _DAY_S)) if duration_s > _WEEK * _DAY_S else 0
    return [SETTLED, "joined", *(f"joined_week_{number + 1}" for number in range(weeks))]


@dataclass(frozen=True)
class Cohort:
    """People who opened their accounts in the same time."""

    name: str
    came: NDArray[np.int64]
    """came [N] bit set of days with a session, 24 h each from the opening of the account"""
    days: NDArray[np.int64]
    """days [N] of each person that were over when the run ended"""
    gone: NDArray[np.int64]
    """gone [N] 0 for those who come, 1 on a long pause, 2 for good"""

    @property
    def people(self) -> int:
        """How many they are."""
        return len(self.came)


def cohorts(tables: Tables) -> list[Cohort]:
    """Those of the start, all who joined, and who joined in each week; none is empty."""
    users = tables.users
    joined = users["joined_s"].to_numpy()
    came, gone = users["came"].to_numpy(), users["gone"].to_numpy().astype(np.int64)
    days = ((tables.duration_s - joined) // _DAY_S).astype(np.int64)
    week = (joined // (_WEEK * _DAY_S)).astype(np.int64)
    later = joined > 0.0
    groups = [(SETTLED, ~later), ("joined", later)]
    if tables.duration_s > _WEEK * _DAY_S:
        groups += [
            (f"joined_week_{number + 1}", later & (week == number))
            for number in range(int(week.max(initial=0)) + 1)
        ]
    return [Cohort(name, came[some], days[some], gone[some]) for name, some in groups if some.any()]


def share_on(cohort: Cohort, day: int) -> tuple[int, int]:
    """(people who came on that day, people for whom it was over when the run ended)."""
    known = cohort.days > day
    return int(((cohort.came[known] >> day) & 1).sum()), int(known.sum())


def retention_summary(tables: Tables) -> dict[str, Any]:
    """Shares of a cohort that came on some days, and that were away for long in the end."""
    found: dict[str, Any] = {}
    for cohort in cohorts(tables):
        row: dict[str, Any] = {"people": cohort.people}
        for day in RETENTION_DAYS:
            share = wilson(*share_on(cohort, day))
            row |= {
                f"day_{day}": share.share,
                f"day_{day}_low": share.low,
                f"day_{day}_high": share.high,
            }
        for name, code in _GONE.items():
            row[f"{name}_share"] = float((cohort.gone == code).mean())
        found[cohort.name] = row
    return found
