"""What people watched: rates per impression, minutes a day, where views came from, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from sim.analysis.tables import Locale, Tables, bin_width_s, measured_timeline
from sim.core.actions import ACTIONS

__all__ = ["Daily", "Watch", "daily_activity", "ratio", "shares_by", "watch_summary"]

Floats = npt.NDArray[np.float64]

DAY: Final = 86_400.0
HOUR: Final = 3_600.0
HOURS: Final = 24


def ratio(part: float, whole: float) -> float | None:
    """part / whole; None when the whole is 0."""
    return part / whole if whole else None


@dataclass(frozen=True)
class Watch:
    """Totals and rates after the warm-up, over all surfaces and all videos."""

    measured_s: float
    """Time that the bins cover, s."""
    impressions: int
    views: int
    watch_s: float
    actions: dict[str, int]
    """Impressions with each action, by name."""
    completion_rate: float | None
    """Completions per impression, 0..1 (W4: all 0.155)."""
    skip_rate: float | None
    """Skips per impression, 0..1."""
    seconds_per_impression: float | None
    minutes_per_user_day: float | None
    """Watch time per user, active or not, and day since joining, min."""
    minutes_per_active_user_day: float | None
    """Watch time per day on which a user had a session, min; whole run, warm-up included."""
    sessions_per_active_user_day: float | None
    """Sessions per day on which a user had one; whole run, warm-up included."""
    active_user_share: float | None
    """Users with at least one session in the whole run, 0..1."""


def watch_summary(tables: Tables) -> Watch:
    """Rates after the warm-up from the timeline; per active day from the users' table.

    The users' table has no time in it, so the two numbers per active day are over the
    whole run.
    """
    timeline, covered = measured_timeline(tables)
    names = ["impressions", "views", "watch_s", *(a.plural for a in ACTIONS)]
    sums = dict(zip(names, timeline.select(names).sum().row(0), strict=True))
    impressions = int(sums["impressions"])
    watched = float(sums["watch_s"])
    per_user = tables.users.select("sessions", "active_days", "watch_s").sum().row(0)
    sessions, days, user_watch = float(per_user[0]), float(per_user[1]), float(per_user[2])
    # who joined later was not there for all of it
    missed = (tables.users["joined_s"] - (tables.duration_s - covered)).clip(0.0).sum()
    there = tables.users_count * covered - float(missed)
    return Watch(
        measured_s=covered,
        impressions=impressions,
        views=int(sums["views"]),
        watch_s=watched,
        actions={a.name: int(sums[a.plural]) for a in ACTIONS},
        completion_rate=ratio(int(sums["completions"]), impressions),
        skip_rate=ratio(int(sums["skips"]), impressions),
        seconds_per_impression=ratio(watched, impressions),
        minutes_per_user_day=ratio(watched / 60.0, there / DAY),
        minutes_per_active_user_day=ratio(user_watch / 60.0, days),
        sessions_per_active_user_day=ratio(sessions, days),
        active_user_share=ratio(
            int((tables.users["sessions"] > 0).sum()), float(tables.users.height)
        ),
    )


def shares_by(tables: Tables, column: str, count: str = "views") -> dict[str, float]:
    """Share of ``count`` by ``surface`` or ``source`` after the warm-up, 0..1, largest first.

    Sums to 1; empty when nothing was counted.
    """
    timeline, _ = measured_timeline(tables)
    sums = (
        timeline.group_by(column)
        .agg(pl.col(count).sum())
        .filter(pl.col(count) > 0)
        .sort([count, column], descending=[True, False])
    )
    total = float(sums[count].sum())
    return {str(name): float(value) / total for name, value in sums.iter_rows()}


@dataclass(frozen=True)
class Daily:
    """Views by hour of the local day, after the warm-up."""

    locale: Locale
    """Whose clock this is; with several locales, the largest one's."""
    rate: Floats
    """[24] views per user and hour; NaN for hours that the run never covered."""
    share: Floats | None
    """[24] share of a day's views, sums to 1 (W19); None unless all hours are covered."""
    covered_h: Floats
    """[24] hours of the run that fell into this hour of the day."""
    reason: str | None = None
    """Why there is nothing; None when there is something."""


def daily_activity(tables: Tables) -> Daily:
    """Views per user by local hour; each hour is divided by how often the run covered it.

    The timeline is not split by locale. With several locales the views are everybody's and
    the clock is that of the largest locale.
    """
    locale = max(tables.locales, key=lambda one: one.share)
    width = bin_width_s(tables)
    timeline, covered_s = measured_timeline(tables)
    none = np.full(HOURS, np.nan)
    if width > HOUR:
        reason = "the time bins are longer than an hour (record.timeline)"
        return Daily(locale, none, None, np.zeros(HOURS), reason)
    if covered_s <= 0:
        return Daily(locale, none, None, np.zeros(HOURS), "no time bin after the warm-up")

    def hours(start: Floats) -> npt.NDArray[np.int64]:
        middle = start + width / 2 + locale.utc_offset_s
        return np.floor(middle / HOUR).astype(np.int64) % HOURS

    start = np.arange(tables.duration_s - covered_s, tables.duration_s - 1e-6, width)
    lengths = np.minimum(width, tables.duration_s - start)
    covered = np.bincount(hours(start), weights=lengths, minlength=HOURS) / HOUR
    views = np.bincount(
        hours(timeline["time_s"].to_numpy().astype(np.float64)),
        weights=timeline["views"].to_numpy().astype(np.float64),
        minlength=HOURS,
    )
    rate = np.divide(views / tables.users_count, covered, out=none.copy(), where=covered > 0)
    complete = bool((covered > 0).all()) and float(rate.sum()) > 0
    return Daily(locale, rate, rate / rate.sum() if complete else None, covered)
