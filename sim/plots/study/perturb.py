"""Perturbed weights: what each weight did to each outcome, in one world and in separate ones."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sim.plots import style
from sim.plots.study.worlds import tick_text

__all__ = ["MAX_PANELS", "Line", "Panel", "Screening", "draw_perturb", "perturb_data"]

MAX_PANELS: Final = 9
"""Most outcomes in one picture."""
COLUMNS: Final = 3
LEFT: Final = 0.14
RIGHT: Final = 0.975
"""Where panels begin and end, as a share of the picture's width."""
GAP: Final = 0.035
"""Between panels, as a share of the picture's width."""
WIDTH: Final = 7.0
"""Of the picture, inches."""
CHAR: Final = 0.075
"""Width of a character of the labels on axes, with some air, inches."""

Ends = tuple[float, float, float]
"""Value, low and high, %."""


@dataclass(frozen=True)
class Line:
    """One weight in one panel."""

    weight: str
    within: Ends | None
    """Users with the weight up against users with it down, in one world."""
    separate: Ends | None
    """Worlds with the weight up against worlds with it down."""


@dataclass(frozen=True)
class Panel:
    """One outcome."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Screening:
    """What a study of perturbed weights found."""

    panels: tuple[Panel, ...]
    scenario: str
    users: int
    worlds: int
    seed: int
    size: float
    """Share of a weight by which it went up or down."""
    level: float
    checked: bool
    """Whether any weight was measured in separate worlds."""
    still: tuple[str, ...]
    """Labels of outcomes that no weight moved at all; they are not drawn."""
    more: int
    """Outcomes that would not fit."""


def perturb_data(content: Mapping[str, Any]) -> Screening:
    """Panels from the ``perturb.json`` of a study; outcomes that nothing moved are left out."""
    separate = {(c["weight"], c["outcome"]): _ends(c, "separate") for c in content["checks"]}
    panels, still = [], []
    for name in content["outcomes"]:
        effects = [e for e in content["effects"] if e["outcome"] == name]
        lines = tuple(
            Line(e["weight"], _ends(e, "effect"), separate.get((e["weight"], name)))
            for e in effects
        )
        ends = [x for line in lines for of in (line.within, line.separate) for x in of or ()]
        if any(ends):
            panels.append(Panel(effects[0]["label"], lines))
        else:
            still.append(effects[0]["label"])
    return Screening(
        panels=tuple(panels[:MAX_PANELS]),
        scenario=content["scenario"],
        users=int(content["users"]),
        worlds=int(content["worlds"]),
        seed=int(content["seed"]),
        size=float(content["size"]),
        level=float(content["level"]),
        checked=bool(content["checked"]),
        still=tuple(still),
        more=max(0, len(panels) - MAX_PANELS),
    )


def _ends(row: Mapping[str, Any], name: str) -> Ends | None:
    if row[name] is None:
        return None
    value, low, high = (100.0 * float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return value, low, high


def draw_perturb(data: Screening, figure: Figure) -> None:
    """A panel an outcome with a scale of its own, a line a weight, zero in all."""
    size = f"{100 * data.size:g}\u00a0%"
    worlds = "1 world" if data.worlds == 1 else f"{data.worlds} worlds"
    title = "Effects of weights on what users do"
    subtitle = (
        f"Each weight {size} up against {size} down, in % of the outcome, with "
        f"{100 * data.level:g}\u00a0% intervals. {_name(data.scenario)}, {data.users:,} users, "
        f"{worlds}, seed {data.seed}.{_left_out(data)}"
    )
    if not data.panels:
        style.empty(figure, title, subtitle, "No weight moved any of these outcomes.")
        return
    weights = len(data.panels[0].lines)
    columns = min(COLUMNS, len(data.panels))
    rows = -(-len(data.panels) // columns)
    panel, above = 0.20 + 0.21 * weights, 0.62
    height = 1.0 + rows * (panel + above)
    figure.set_size_inches(WIDTH, height)
    style.head(figure, title, subtitle)
    for text in figure.texts:  # the head stands as far from the top as in other pictures
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * 4.5 / height))
    width = (RIGHT - LEFT - GAP * (columns - 1)) / columns
    for place, one in enumerate(data.panels):
        row, column = divmod(place, columns)
        bottom = 1 - (0.98 + row * (panel + above) + panel + 0.22) / height
        axes = figure.add_axes((LEFT + column * (width + GAP), bottom, width, panel / height))
        _draw_panel(axes, one, width * WIDTH, named=column == 0)
    if data.checked:
        marks = [_mark(False), _mark(True)]
        figure.legend(
            handles=marks, loc="upper right", bbox_to_anchor=(RIGHT + 0.01, 1 - 0.04 / height),
            ncols=2, handlelength=2.2, columnspacing=1.4, borderaxespad=0.0,
        )  # fmt: skip


def _name(scenario: str) -> str:
    return textwrap.shorten(scenario, 40, placeholder="...") or "scenario"


def _left_out(data: Screening) -> str:
    """What is not drawn, and why."""
    told = ""
    if data.still:
        told += f" Moved by no weight: {', '.join(data.still)}."
    if data.more:
        told += f" {data.more} more outcomes are in perturb.json."
    return told


def _mark(separate: bool) -> Line2D:
    """The mark of one way, for the legend."""
    if separate:
        return Line2D([], [], label="in separate worlds", **_SEPARATE)
    return Line2D([], [], label="in one world", **_WITHIN)


_WITHIN: Final[dict[str, Any]] = {
    "color": style.BLUE, "lw": 2.2, "marker": "o", "ms": 4.4, "mfc": style.BLUE,
    "mec": style.BLUE, "solid_capstyle": "butt",
}  # fmt: skip
_SEPARATE: Final[dict[str, Any]] = {
    "color": style.ORANGE, "lw": 1.1, "marker": "D", "ms": 4.2, "mfc": "white",
    "mec": style.ORANGE, "solid_capstyle": "butt",
}  # fmt: skip
"""The two ways differ in thickness, in the shape of the mark and in its filling."""


def _draw_panel(axes: Axes, panel: Panel, inches: float, *, named: bool) -> None:
    axes.set_title(textwrap.shorten(panel.label, 26, placeholder="..."), loc="left", fontsize=9)
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    count = len(panel.lines)
    axes.set_ylim(-0.6, count - 0.4)
    names = [line.weight for line in panel.lines][::-1]
    axes.set_yticks(range(count), names if named else [""] * count)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0.0, color=style.GREY, lw=1.0, ls="--", zorder=1)
    low, high = 0.0, 0.0
    for row, line in enumerate(panel.lines):
        axes.axhline(row, color=style.PALE, lw=0.5, zorder=0)
        y = count - 1.0 - row
        apart = 0.19 if line.separate is not None else 0.0
        for of, at, look in (
            (line.within, y + apart, _WITHIN),
            (line.separate, y - apart, _SEPARATE),
        ):
            if of is None:
                continue
            value, start, end = of
            whisker = {k: look[k] for k in ("color", "lw", "solid_capstyle")}
            axes.plot([start, end], [at, at], **whisker)
            mark = {k: look[k] for k in ("marker", "ms", "mfc", "mec")}
            axes.plot(value, at, ls="none", **mark)
            low, high = min(low, start), max(high, end)
    room = 0.05 * (high - low)
    axes.set_xlim(low - room, high + room)
    _set_ticks(axes, low - room, high + room, inches)


def _set_ticks(axes: Axes, low: float, high: float, inches: float) -> None:
    """As many ticks as have room below a panel of this width, and none that meets the next."""
    scale = (high - low) / inches
    edge = (GAP * WIDTH / 2 - 0.02) * scale  # half of the gap belongs to each neighbour
    best: dict[float, str] = {}
    for most in (2, 3, 4, 5, 6):
        steps = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        ticks = {float(t): _tick(float(t), low, high) for t in steps if low <= t <= high}
        half = {t: len(text) * CHAR / 2 * scale for t, text in ticks.items()}
        ticks = {
            t: text
            for t, text in ticks.items()
            if low - edge <= t - half[t] and t + half[t] <= high + edge
        }
        places = list(ticks)
        apart = all(b - a >= half[a] + half[b] for a, b in pairwise(places))
        if not best or (apart and len(best) < len(ticks) <= 5):
            best = ticks
    axes.set_xticks(list(best), list(best.values()))


def _tick(tick: float, low: float, high: float) -> str:
    """``+0.5``; exactly ``0`` for what is 0 but for rounding."""
    if abs(tick) <= (high - low) * 1e-6:
        return "0"
    return f"{'+' if tick > 0 else ''}{tick_text(tick)}"
