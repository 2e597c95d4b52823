"""Who comes back: the share of people who come on a day, by when they joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.analysis.intervals import Share, wilson
from sim.analysis.retention import SETTLED, Cohort, cohorts, share_on
from sim.analysis.tables import Tables
from sim.core.stages import DAYS
from sim.plots import style

__all__ = ["Curve", "Retention", "draw_retention", "retention_data"]

TITLE: Final = "Who comes back"
_FEWEST: Final = 20
"""People of a cohort for whom a day is over, at least, for the day to be drawn."""
_COMPARED: Final = 100
"""And for the title to speak of it."""
_WEEKLY: Final = 200
"""People who joined in a week, at least, for weeks to be told apart."""
_MOST: Final = 5
"""Curves of a picture, at most."""
_LOOKS: Final = (
    (style.BLUE, "o", "-"), (style.ORANGE, "D", "-"), (style.INK, "s", "--"),
    (style.GREY, "^", ":"), (style.GREY, "v", "-."),
)  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """A cohort, day by day."""

    label: str
    days: tuple[int, ...]
    shares: tuple[Share, ...]
    """of those for whom the day is over"""


@dataclass(frozen=True)
class Retention:
    """The curves of a run."""

    curves: tuple[Curve, ...]
    origin: str
    reason: str | None = None


def _curve(cohort: Cohort, label: str, last: int) -> Curve:
    days, shares = [], []
    for day in range(min(last, DAYS - 1) + 1):
        count, known = share_on(cohort, day)
        if known >= _FEWEST:
            days.append(day)
            shares.append(wilson(count, known))
    return Curve(f"{label} ({style.count(cohort.people)})", tuple(days), tuple(shares))


def retention_data(tables: Tables) -> Retention:
    """A curve of those of the start, and one of all who joined, or of each week of many."""
    found = {cohort.name: cohort for cohort in cohorts(tables)}
    weeks = [name for name in found if name.startswith("joined_week_")]
    many = bool(weeks) and min(found[name].people for name in weeks) >= _WEEKLY
    wanted = [name for name in (SETTLED, *(weeks if many else ["joined"])) if name in found]
    last = int(tables.duration_s // 86_400.0)
    curves = []
    for name in wanted[:_MOST]:
        label = {SETTLED: "there from the start", "joined": "joined during the run"}.get(
            name, f"joined in week {name.rpartition('_')[2]}"
        )
        curve = _curve(found[name], label, last)
        if len(curve.days) > 1:
            curves.append(curve)
    reason = None if curves else "No two days of anybody are over."
    return Retention(tuple(curves), style.origin(tables), reason)


def _finding(data: Retention) -> str:
    """On the last day that is known of many newcomers: their share, beside that of the others."""
    if len(data.curves) < 2:
        return TITLE
    settled, newcomers = data.curves[0], data.curves[1]
    known_of_many = [
        (day, share)
        for day, share in zip(newcomers.days, newcomers.shares, strict=True)
        if share.total >= _COMPARED and day in settled.days and day > 0
    ]
    if not known_of_many:
        return TITLE
    day, share = known_of_many[-1]
    other = settled.shares[settled.days.index(day)]
    if share.share is None or other.share is None:
        return TITLE
    known = [s for s in (share.low, share.high, other.low, other.high) if s is not None]
    apart = known[1] < known[2] or known[3] < known[0]
    ours, theirs = style.percent(share.share), style.percent(other.share)
    if not apart:
        return f"No clear difference on day {day}: {ours} of newcomers come, {theirs} of the others"
    return f"On day {day}, {ours} of newcomers come, and {theirs} of the others"


def draw_retention(data: Retention, figure: Figure) -> None:
    """A curve a cohort, with intervals."""
    if data.reason is not None:
        style.empty(figure, TITLE, data.origin, data.reason)
        return
    style.head(
        figure, _finding(data),
        f"Days are 24 h each from the opening of the account, or the start; bars: 95 %; "
        f"{data.origin}.",
    )  # fmt: skip
    axes = figure.add_axes((0.08, 0.15, 0.88, 0.65))
    top = 0.0
    for curve, (color, marker, line) in zip(data.curves, _LOOKS, strict=False):
        middle = [100.0 * (s.share or 0.0) for s in curve.shares]
        low = [100.0 * ((s.share or 0.0) - (s.low or 0.0)) for s in curve.shares]
        high = [100.0 * ((s.high or 0.0) - (s.share or 0.0)) for s in curve.shares]
        axes.errorbar(
            curve.days, middle, yerr=(low, high), color=color, marker=marker, ls=line, ms=5,
            lw=1.6, elinewidth=1, capsize=2, label=curve.label,
        )  # fmt: skip
        top = max(top, *(a + b for a, b in zip(middle, high, strict=True)))
    axes.set_ylim(0, 1.08 * top)
    axes.set_xlim(-0.3, max(curve.days[-1] for curve in data.curves) + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("day after the first")
    axes.set_ylabel("people who came (%)")
    axes.legend(loc="best", fontsize="small")
