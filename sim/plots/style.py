"""One look for all pictures: size, type, colours that also work in grey, titles, labels.

Colours come in pairs of dark and light, so that neighbours differ in lightness as well as
in hue; lines differ in dashes and marks too. Nothing here keeps state between pictures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator, NullLocator

from sim.analysis.tables import Tables

__all__ = [
    "BLUE",
    "DPI",
    "GREY",
    "INK",
    "LIGHT_BLUE",
    "MIDDLE_BLUE",
    "ORANGE",
    "PALE",
    "count",
    "counts_on_axis",
    "empty",
    "head",
    "hours_on_axis",
    "log_counts",
    "new_figure",
    "origin",
    "percent",
    "population",
    "spread_out",
    "style",
    "time_unit",
]

SIZE: Final = (7.0, 4.5)
"""Width and height, inches."""
DPI: Final = 160

INK: Final = "#1b1b1b"
GREY: Final = "#6b6b6b"
PALE: Final = "#d9d9d9"
BLUE: Final = "#0b4f8a"
MIDDLE_BLUE: Final = "#6aa5d8"
LIGHT_BLUE: Final = "#c9dff2"
ORANGE: Final = "#c4500a"

RC: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "text.color": INK,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "foryou",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}

TITLE_CHARS: Final = 68
SUBTITLE_CHARS: Final = 112


@contextmanager
def style() -> Iterator[None]:
    """Draw inside this with the project's settings; the user's own are left as they were."""
    with matplotlib.rc_context(RC):  # type: ignore[arg-type]  # its stub lists names as literals
        yield


def new_figure() -> Figure:
    """An empty figure with a canvas of its own; pyplot does not know of it."""
    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def head(figure: Figure, title: str, subtitle: str) -> None:
    """Title (what is seen) and subtitle (population, n, seed), on the left above the axes."""
    figure.text(
        0.02,
        0.965,
        textwrap.shorten(title, TITLE_CHARS, placeholder=" ..."),
        fontsize=12,
        fontweight="bold",
        va="top",
    )
    lines = textwrap.wrap(
        subtitle, SUBTITLE_CHARS, max_lines=2, placeholder=" ...", break_on_hyphens=False
    )
    figure.text(0.02, 0.905, "\n".join(lines), fontsize=8.3, color=GREY, va="top", linespacing=1.35)


def empty(figure: Figure, title: str, subtitle: str, reason: str) -> None:
    """A picture that says why there is nothing to see."""
    head(figure, title, subtitle)
    figure.text(
        0.5, 0.45, textwrap.fill(reason, 60), ha="center", va="center", color=GREY, fontsize=11
    )


def origin(tables: Tables) -> str:
    """Scenario and seed, for the end of a subtitle."""
    seed = "" if tables.seed is None else f", seed {tables.seed}"
    name = textwrap.shorten(tables.name, 40, placeholder="...") or "run"
    return f"{name}{seed}"


def population(tables: Tables) -> str:
    """What mature ordinary uploads are, for a subtitle."""
    unit, name = time_unit(tables.min_age_s)
    return f"posted after the warm-up and at least {tables.min_age_s / unit:.3g} {name} old"


def count(value: float) -> str:
    """A number for text: 1,234 or 12.3K or 4.5M, three digits that matter."""
    size = abs(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "K")):
        if size >= limit:
            scale = 1e3 if unit == "K" else limit
            return (
                f"{value / scale:.3g}{unit}"
                if size < 1e3 * scale
                else f"{value / scale:,.0f}{unit}"
            )
    if size >= 10 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.2g}"


def percent(share: float) -> str:
    """A share for text, in percent with digits for its size."""
    value = 100.0 * share
    digits = f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"
    return f"{digits} %"


def _tick(value: float, _: object = None) -> str:
    size = abs(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if size >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def counts_on_axis(axis: Any) -> None:
    """Tick labels such as 200, 5K, 2M."""
    axis.set_major_formatter(FuncFormatter(_tick))


def log_counts(
    axes: Axes, which: str, high: float, low: float = 1.0, with_zero: bool = False
) -> None:
    """A logarithmic axis of counts from ``low`` (or 0, linear below 1) to ``high``.

    Ticks at powers of ten, and at 2 and 5 times them when there would be fewer than three.
    """
    axis = axes.yaxis if which == "y" else axes.xaxis
    set_scale = axes.set_yscale if which == "y" else axes.set_xscale
    set_limits = axes.set_ylim if which == "y" else axes.set_xlim
    top = max(10.0, 5.0 * low, high) * 1.5
    bottom = 0.8 * max(1.0, low)
    if with_zero:
        set_scale("symlog", linthresh=1.0, linscale=0.35)
        bottom = -0.15
    else:
        set_scale("log")
    set_limits(bottom, top)
    ticks = [10.0**k for k in range(16) if bottom <= 10.0**k <= top]
    if len(ticks) < 3:
        steps = [m * 10.0**k for k in range(16) for m in (1, 2, 5)]
        ticks = [tick for tick in steps if bottom <= tick <= top]
    axis.set_major_locator(FixedLocator([0.0, *ticks] if with_zero else ticks))
    axis.set_minor_locator(NullLocator())
    counts_on_axis(axis)


def time_unit(longest_s: float) -> tuple[float, str]:
    """Seconds in the unit that a time axis up to ``longest_s`` should have, and its name."""
    if longest_s > 10 * 86_400.0:
        return 86_400.0, "days"
    return (3_600.0, "hours") if longest_s > 2 * 3_600.0 else (60.0, "minutes")


def hours_on_axis(axes: Axes, longest: float, unit: str) -> None:
    """Ticks at numbers that people divide time by, at most nine."""
    steps: dict[str, tuple[float, ...]] = {
        "minutes": (1, 2, 5, 10, 15, 20, 30),
        "hours": (1, 2, 3, 6, 12, 24, 48),
        "days": (1, 2, 5, 7, 14, 28, 91, 182, 365),
    }
    fitting = [step for step in steps[unit] if longest / step <= 8.01]
    axes.xaxis.set_major_locator(MultipleLocator(fitting[0] if fitting else longest / 8))


def spread_out(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move label ``places`` as little as needed to be ``gap`` apart within [low, high].

    Keeps their order. When they cannot all fit, they are evenly spaced over the range.
    """
    n = len(places)
    if n == 0:
        return []
    if (n - 1) * gap >= high - low:
        step = (high - low) / max(1, n - 1)
        ranks = sorted(range(n), key=lambda i: places[i])
        even = [0.0] * n
        for rank, i in enumerate(ranks):
            even[i] = low + rank * step
        return even
    order = sorted(range(n), key=lambda i: places[i])
    # Groups of touching labels, each centred on the mean of where its labels want to be.
    groups: list[list[int]] = []

    def start(group: list[int]) -> float:
        wanted = sum(places[i] - k * gap for k, i in enumerate(group)) / len(group)
        return min(max(wanted, low), high - (len(group) - 1) * gap)

    for i in order:
        groups.append([i])
        while len(groups) > 1 and start(groups[-2]) + len(groups[-2]) * gap > start(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    result = [0.0] * n
    for group in groups:
        for k, i in enumerate(group):
            result[i] = start(group) + k * gap
    return result
