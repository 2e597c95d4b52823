"""What people who join find in their first videos, with ticked interests and without."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist
from typing import Any, Final

import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter

from sim.analysis.control import ranked_over_random
from sim.analysis.intervals import Z95
from sim.analysis.newcomers import parts_of
from sim.analysis.tables import Tables, rows_where
from sim.analysis.watch import ratio
from sim.core.stages import FIRST_VIDEOS
from sim.plots import style

__all__ = ["Curve", "Newcomers", "draw_newcomers", "finding", "joined", "newcomers_data"]

TITLE: Final = "First videos of people who joined"
_WORDS: Final = (
    "ticked interests", "ticked none", "ranked, all people", "chance, all people",
    "people there from the start",
)  # fmt: skip
_TICKED, _NONE, _RANKED, _CHANCE, _START = _WORDS
_LEVEL: Final = 0.05
"""Chance that any part is called a lead when there is none, all parts together."""


@dataclass(frozen=True)
class Curve:
    """A group of newcomers, part by part of their first videos; parts without people left out."""

    first: list[int]
    """number of the first video of each part"""
    last: list[int]
    match: list[float]
    match_se: list[float]
    """standard error over people; 0 where there is one person"""
    completed: list[float]
    completed_se: list[float]
    people: int
    """in the first part"""


@dataclass(frozen=True)
class Newcomers:
    """Both groups, and what to compare them with."""

    ticked: Curve
    unticked: Curve
    ranked: float | None
    """mean match of ranked places, all people"""
    chance: float | None
    """mean match of what chance drew, all people"""
    completed: float | None
    """share that people who were there from the start watched to the end, whole run"""
    origin: str
    reason: str | None = None


def joined(tables: Tables) -> bool:
    """Whether the run has a table of newcomers."""
    return tables.newcomers is not None


def newcomers_data(tables: Tables) -> Newcomers:
    """Match and completion of both groups by number of videos."""
    ticked, unticked = (_curve(tables, group) for group in ("ticked", "unticked"))
    match = ranked_over_random(tables.control)["match"]
    start = rows_where(tables.users, pl.col("joined_s") <= 0.0)
    reason = None if ticked.first or unticked.first else "Nobody joined after the warm-up."
    return Newcomers(
        ticked, unticked, match["ranked"], match["control"],
        ratio(int(start["completions"].sum()), int(start["impressions"].sum())),
        style.origin(tables), reason,
    )  # fmt: skip


def _curve(tables: Tables, group: str) -> Curve:
    """The parts of a group that do not overlap."""
    rows = [] if tables.newcomers is None else [row for _, row in parts_of(tables.newcomers, group)]
    rows = [row for row in rows[: len(FIRST_VIDEOS)] if row["people"]]
    return Curve(
        [row["from"] for row in rows], [row["to"] for row in rows],
        [row["match"] for row in rows], [row["match_se"] or 0.0 for row in rows],
        [row["completed"] for row in rows], [row["completed_se"] or 0.0 for row in rows],
        rows[0]["people"] if rows else 0,
    )  # fmt: skip


def finding(data: Newcomers) -> str:
    """After how many videos those who ticked none are where the others began; or no difference."""
    one, other = data.ticked, data.unticked
    if min(one.people, other.people) < 2:
        return TITLE
    gaps = _clear(one, other)
    if not any(gaps):
        return "No clear difference between who ticked interests and who did not"
    if gaps[0] <= 0:
        return "Ticked interests change the match of some of the first videos"
    z, start, error = _z(one, other), one.match[0], one.match_se[0]
    below = [
        start - match > z * hypot(error, se)
        for match, se in zip(other.match, other.match_se, strict=True)
    ]
    if False not in below:
        return f"After {other.last[-1]} videos who ticked none are below where others began"
    needed = other.last[below.index(False) - 1]
    return f"Who ticked nothing needs over {needed} videos to be where others began"


def _z(one: Curve, other: Curve) -> float:
    """Standard errors beyond which a difference is clear, for all parts together."""
    parts = max(len(one.last), len(other.last))
    return NormalDist().inv_cdf(1.0 - _LEVEL / (2 * parts))


def _clear(one: Curve, other: Curve) -> list[int]:
    """Part by part: 1 where ``one`` has clearly the better match, -1 the worse, else 0."""
    parts = min(len(one.last), len(other.last))
    found = []
    for part in range(parts):
        gap = one.match[part] - other.match[part]
        half = _z(one, other) * hypot(one.match_se[part], other.match_se[part])
        found.append(0 if abs(gap) <= half else 1 if gap > 0 else -1)
    return found


def _how_long(data: Newcomers) -> str:
    """Up to which video those who ticked are clearly ahead; empty when they never are."""
    gaps = _clear(data.ticked, data.unticked)
    leads = gaps.index(0) if 0 in gaps else len(gaps)
    if not leads or -1 in gaps:
        return ""
    return f"the gap in match is clear up to video {data.ticked.last[leads - 1]}; "


def draw_newcomers(data: Newcomers, figure: Figure) -> None:
    """Two panels: the match that the feed does not see, and how much is watched to the end."""
    if data.reason is not None:
        style.empty(figure, TITLE, data.origin, data.reason)
        return
    style.head(
        figure,
        finding(data),
        f"Of those who joined after the warm-up {data.ticked.people:,} ticked interests at "
        f"sign-up and {data.unticked.people:,} none; bars are 95 % intervals over people; "
        f"{_how_long(data)}{data.origin}.",
    )
    first, second = (figure.add_axes((left, 0.26, 0.395, 0.53)) for left in (0.08, 0.585))
    for axes, name, label in (
        (first, "match", "match of interests and topics (cosine)"),
        (second, "completed", "watched to the end (share of videos)"),
    ):
        _draw_curves(axes, data, name)
        axes.set_ylabel(label)
        _number_axis(axes)
    second.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    second.yaxis.set_major_formatter(PercentFormatter(1.0, 0, " %"))
    if data.ranked is not None:
        first.axhline(data.ranked, color=style.GREY, lw=1.2, ls="--", label=_RANKED)
    if data.chance is not None:
        first.axhline(data.chance, color=style.GREY, lw=1.2, ls=":", label=_CHANCE)
    if data.completed is not None:
        second.axhline(data.completed, color=style.INK, lw=1.2, ls="-.", label=_START)
    found = [axes.get_legend_handles_labels() for axes in (first, second)]
    known = {
        label: handle
        for handles, labels in found
        for handle, label in zip(handles, labels, strict=True)
    }
    order = [label for label in _WORDS if label in known]
    figure.legend(
        [known[label] for label in order], order, loc="lower center", ncol=3,
        bbox_to_anchor=(0.5, 0.01),
    )  # fmt: skip


def _draw_curves(axes: Any, data: Newcomers, name: str) -> None:
    """Each part at the geometric middle of its numbers, the groups a little apart."""
    for curve, color, marker, dash, words, shift in (
        (data.ticked, style.BLUE, "o", "-", _TICKED, 0.96),
        (data.unticked, style.ORANGE, "D", "--", _NONE, 1.04),
    ):
        at = [shift * sqrt(a * b) for a, b in zip(curve.first, curve.last, strict=True)]
        half = [Z95 * error for error in getattr(curve, f"{name}_se")]
        axes.errorbar(
            at, getattr(curve, name), yerr=half, color=color, marker=marker, ls=dash, ms=5, lw=1.6,
            elinewidth=1.4, capsize=2.5, label=words,
        )  # fmt: skip


def _number_axis(axes: Any) -> None:
    """A logarithmic axis of running numbers, with ticks where the parts end."""
    ends = (1, *FIRST_VIDEOS)
    axes.set_xscale("log")
    axes.set_xlim(0.9, 1.15 * ends[-1])
    axes.xaxis.set_major_locator(FixedLocator(list(ends)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{end}" for end in ends])
    axes.set_xlabel("number of the video in a person's life")
