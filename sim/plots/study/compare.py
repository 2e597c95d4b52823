"""A comparison: what each arm changes, world by world, with the interval and the zero line."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.core.estimates import Scale, scale_of
from sim.plots import style
from sim.plots.study.worlds import tick_text

__all__ = ["MAX_LINES", "Change", "Changes", "Line", "compare_data", "draw_compare"]

Floats = npt.NDArray[np.float64]

MAX_LINES: Final = 16
"""Most differences in one picture."""
LEFT: Final = 0.03
RIGHT: Final = 0.96
"""Where panels begin and end, as a share of the picture's width."""


@dataclass(frozen=True)
class Line:
    """One number of one arm against the first."""

    arm: str
    steps: Floats
    """[W] differences of pairs; empty when worlds are not paired."""
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Change:
    """One number, all arms."""

    label: str
    lines: tuple[Line, ...]
    scale: Scale


@dataclass(frozen=True)
class Changes:
    """Several numbers over the same worlds."""

    changes: tuple[Change, ...]
    first: str
    arms: tuple[str, ...]
    """All but the first."""
    worlds: int
    paired: bool
    level: float
    seed: int
    more: int
    """Numbers that are not drawn."""


def compare_data(content: Mapping[str, Any]) -> Changes:
    """The first contrasts of the ``compare.json`` of a study, together by number."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for contrast in content["contrasts"]:
        rows.setdefault(contrast["path"], []).append(contrast)
    arms = tuple(content["arms"][1:])
    kept = list(rows.values())[: max(1, MAX_LINES // len(arms))]
    return Changes(
        changes=tuple(_change(row) for row in kept),
        first=content["first"],
        arms=arms,
        worlds=int(content["worlds"]),
        paired=bool(content["paired"]),
        level=float(content["level"]),
        seed=int(content["seed"]),
        more=len(rows) - len(kept),
    )


def _change(row: list[Mapping[str, Any]]) -> Change:
    lines = tuple(
        Line(
            one["arm"],
            np.array([v for v in one["differences"] if v is not None], dtype=np.float64),
            one["difference"],
            one["low"],
            one["high"],
        )
        for one in row
    )
    halves = [(o.high - o.low) / 2 for o in lines if o.low is not None and o.high is not None]
    largest = [abs(o[name]) for o in row for name in ("before", "after") if o[name] is not None]
    # the finest interval decides on the digits, so that lines can be compared
    half = min((half for half in halves if half > 0), default=None)
    return Change(row[0]["label"], lines, scale_of(row[0]["unit"], half, max(largest, default=0.0)))


def draw_compare(data: Changes, figure: Figure) -> None:
    """A panel for each number with a scale of its own, a line for each arm, zero in all."""
    many = len(data.arms)
    panel = 0.5 + 0.24 * many
    height = 0.98 + panel * len(data.changes)
    figure.set_size_inches(7.0, height)
    dots = "Dots: one world each; bar" if data.paired else "Bar"
    where = "in the same" if data.paired else "without pairs,"
    more = f" {data.more} more numbers are in compare.json." if data.more else ""
    style.head(
        figure,
        f"{_and(data.arms)} against {data.first}",
        f"Differences {where} {data.worlds} worlds, seed {data.seed} and others. {dots}: "
        f"{100 * data.level:g}\u00a0% interval of the mean.{more}",
    )
    for text in figure.texts:  # the head stands as far from the top as in other pictures
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * 4.5 / height))
    left = LEFT if many == 1 else 0.2
    for place, change in enumerate(data.changes):
        bottom = 1 - (0.9 + panel * place + panel - 0.26) / height
        axes = figure.add_axes((left, bottom, RIGHT - left, 0.24 * many / height))
        _draw_change(axes, change, left)


def _and(names: tuple[str, ...]) -> str:
    """``a``, ``a and b``, ``a, b and c``, or how many they are."""
    text = " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
    if len(text) <= 34:
        return text
    return f"{len(names)} variants" if len(names) > 1 else f"{text[:31]}..."


def _draw_change(axes: Axes, change: Change, left: float) -> None:
    factor, count = change.scale.factor, len(change.lines)
    said = _said(change) if count == 1 else ""
    label = textwrap.shorten(change.label, 92 - max(36, len(said)), placeholder=" ...")
    top = 1.0 + 0.16 / count
    axes.text(
        (LEFT - left) / (RIGHT - left), top, label, transform=axes.transAxes, fontsize=8.8,
        va="bottom",
    )  # fmt: skip
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, count - 0.4)
    arms = [line.arm for line in change.lines]
    names = [arm if len(arm) <= 16 else f"{arm[:14]}..." for arm in arms]
    axes.set_yticks(range(count), names[::-1] if count > 1 else [""])
    axes.tick_params(axis="y", length=0)
    axes.axvline(0.0, color=style.ORANGE, lw=1.2, ls="--", zorder=1)
    low, high = 0.0, 0.0
    for row, line in enumerate(change.lines):
        y = float(count - 1 - row)
        steps = line.steps * factor
        axes.plot(
            steps, y + 0.3 * _heights(steps.size), ls="none", marker="o", ms=2.9,
            mfc=style.MIDDLE_BLUE, mec="none", alpha=0.7, clip_on=False,
        )  # fmt: skip
        ends = [v * factor for v in (line.low, line.difference, line.high) if v is not None]
        if len(ends) == 3:
            axes.plot(ends, [y] * 3, color=style.INK, lw=2.4, solid_capstyle="butt")
            axes.plot(ends[1], y, marker="D", ms=4.2, mfc="white", mec=style.INK)
        low, high = min([low, *ends, *steps]), max([high, *ends, *steps])
    if low == high:
        axes.set_xlim(-1.0, 1.0)
        known = any(line.difference is not None for line in change.lines)
        axes.set_xticks([0.0], ["no difference in any world" if known else "too few worlds"])
        return
    axes.text(1.0, top, said, transform=axes.transAxes, fontsize=8.8, va="bottom", ha="right")
    room = 0.04 * (high - low)
    axes.set_xlim(low - room, high + room)
    steps_of_axis = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    # a tick beside the last dot would be cut off at the edge of the picture
    ticks = [float(tick) for tick in steps_of_axis if low <= tick <= high]
    unit = change.scale.points
    axes.set_xticks(
        ticks,
        [
            f"{'+' if tick > 0 else ''}{tick_text(tick)}{unit}" if abs(tick) > room * 1e-6 else "0"
            for tick in ticks
        ],
    )


def _said(change: Change) -> str:
    """The difference of the only arm, with its interval."""
    one, scale = change.lines[0], change.scale
    if one.difference is None:
        return "too few worlds"
    return f"{scale.change(one.difference)}  ({scale.changes(one.low, one.high)})"


def _heights(count: int) -> Floats:
    """Places across a line, so that dots of like values do not hide each other."""
    return np.tile([0.0, 0.7, -0.7, 0.35, -0.35, 1.0, -1.0], count // 7 + 1)[:count]
