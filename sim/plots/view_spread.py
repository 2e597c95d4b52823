"""How the views of the probes grew: quantiles over videos, and the single paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sim.analysis.intervals import Share, wilson
from sim.analysis.spread import counts_at, quantiles
from sim.analysis.tables import Tables
from sim.plots import style

__all__ = ["LEVELS", "ProbeSpread", "ViewSpread", "draw_view_spread", "view_spread_data"]

Floats = npt.NDArray[np.float64]

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
STEPS: Final = 160
MAX_PANELS: Final = 4
MIN_FAN: Final = 8
"""Videos from which quantiles are drawn; fewer are shown as single paths alone."""
MAX_PATHS: Final = 150
"""Single paths drawn: every k-th video by final views, so that they span the whole range."""


@dataclass(frozen=True)
class ProbeSpread:
    """One probe."""

    name: str
    ages_s: Floats
    """[T] age; up to that of the youngest video at the end of the run, s."""
    views: Floats
    """[N, T] views of each video."""
    fan: Floats
    """[5, T] quantiles over videos at LEVELS."""
    viral: Share


@dataclass(frozen=True)
class ViewSpread:
    """All probes that have a path, the largest first."""

    probes: tuple[ProbeSpread, ...]
    viral: str
    """What counts as viral, in words."""
    origin: str
    reason: str | None = None


def view_spread_data(tables: Tables) -> ViewSpread:
    """Views of each probe's videos at equal ages, with the quantiles at LEVELS."""
    result = []
    for name in tables.probes["probe"].unique(maintain_order=True).to_list():
        rows = tables.probes.filter(pl.col("probe") == name)
        horizon = tables.duration_s - float(rows["uploaded_s"].max())  # type: ignore[arg-type]
        if horizon <= 0:
            continue
        ages = np.linspace(0.0, horizon, STEPS + 1)
        views = counts_at(tables.paths, rows["video"].to_list(), ages)
        viral = wilson(int(rows["viral"].fill_null(False).sum()), rows.height)
        result.append(ProbeSpread(str(name), ages, views, quantiles(views, LEVELS), viral))
    result.sort(key=lambda one: -one.views.shape[0])
    origin = style.origin(tables)
    reason = None
    if not result:
        reason = (
            "The scenario plants no probes."
            if tables.probes.height == 0
            else "The probes were posted when the run ended."
        )
    return ViewSpread(tuple(result), str(tables.viral), origin, reason)


def draw_view_spread(data: ViewSpread, figure: Figure) -> None:
    """Fan of quantiles and single paths, one panel a probe, up to four."""
    if data.reason is not None:
        style.empty(figure, "Views of the probes since upload", data.origin, data.reason)
        return
    shown = data.probes[:MAX_PANELS]
    _head(figure, data)
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    grid = figure.add_gridspec(
        rows,
        columns,
        left=0.085,
        right=0.875,
        bottom=0.115,
        top=0.80 if len(shown) == 1 else 0.77,
        wspace=0.56,
        hspace=0.42,
    )
    top = max(float(one.views.max()) for one in shown)
    longest = max(float(one.ages_s[-1]) for one in shown)
    for i, one in enumerate(shown):
        axes = figure.add_subplot(grid[i // columns, i % columns])
        _panel(axes, one, top, longest)
        if len(shown) > 1:
            viral = style.percent(one.viral.share or 0.0)
            axes.set_title(
                f"{_short(one.name)} (n = {one.views.shape[0]}, {viral} viral)",
                loc="left",
                fontsize=8.5,
            )
        if i % columns == 0:
            axes.set_ylabel("views of a video")
        if i + columns >= len(shown):
            axes.set_xlabel(f"time since upload ({style.time_unit(longest)[1]})")


def _head(figure: Figure, data: ViewSpread) -> None:
    """Title and subtitle: what the middle video got, and how many went viral."""
    if len(data.probes) == 1:
        one = data.probes[0]
        unit, name = style.time_unit(float(one.ages_s[-1]))
        after = f"{one.ages_s[-1] / unit:.3g} {name}"
        n, name = one.views.shape[0], _short(one.name)
        if n >= MIN_FAN:
            middle = style.count(float(one.fan[2, -1]))
            title = f"The middle {name} video has {middle} views after {after}"
            legend = "Bands: 5 to 95 % and 25 to 75 % of videos; thin lines: single videos."
        else:
            low, high = float(one.views[:, -1].min()), float(one.views[:, -1].max())
            got = style.count(low) if low == high else f"{style.count(low)} to {style.count(high)}"
            title = f"Views after {after} of the {name} video{'' if n == 1 else 's'}: {got}"
            legend = "One line a video."
        interval = (
            f"{style.percent(one.viral.low or 0.0)} to {style.percent(one.viral.high or 0.0)}"
        )
        subtitle = (
            f"{n} probe video{'' if n == 1 else 's'}; "
            f"{style.percent(one.viral.share or 0.0)} were {data.viral} "
            f"(95 % interval {interval}); {data.origin}. {legend}"
        )
    else:
        title = f"Views since upload, by probe ({len(data.probes)} probes)"
        more = len(data.probes) - MAX_PANELS
        left_out = ""
        if more > 0:
            left_out = f" Not drawn: {more} smaller probe{'' if more == 1 else 's'}."
        subtitle = (
            f"All videos of each probe; viral: {data.viral}; {data.origin}. Bands: 5 to 95 % and "
            f"25 to 75 % of videos; thin lines: single videos.{left_out}"
        )
    style.head(figure, title, subtitle)


def _panel(axes: Axes, one: ProbeSpread, top: float, longest: float) -> None:
    unit, name = style.time_unit(longest)
    x = one.ages_s / unit
    n = one.views.shape[0]
    order = np.argsort(one.views[:, -1], kind="stable")
    picked = order[np.linspace(0, n - 1, min(n, MAX_PATHS)).round().astype(int)]
    segments = [np.column_stack([x, one.views[i]]) for i in picked]
    few = n < MIN_FAN
    lines = LineCollection(
        segments,
        colors=style.BLUE if few else style.INK,
        linewidths=1.2 if few else 0.45,
        alpha=0.9 if few else max(0.10, min(0.40, 14.0 / n)),
        zorder=3,
    )
    axes.add_collection(lines, autolim=False)
    if not few:
        axes.fill_between(x, one.fan[0], one.fan[4], color=style.LIGHT_BLUE, lw=0, zorder=1)
        axes.fill_between(x, one.fan[1], one.fan[3], color=style.MIDDLE_BLUE, lw=0, zorder=2)
        axes.plot(x, one.fan[2], color=style.BLUE, lw=2.2, zorder=4)
    axes.set_xlim(0, longest / unit)
    style.hours_on_axis(axes, longest / unit, name)
    style.log_counts(axes, "y", top, with_zero=True)
    if few:
        different = sorted({float(views) for views in one.views[:, -1]})
        _labels(axes, x[-1], different, [""] * len(different))
    else:
        ends = [float(value) for value in one.fan[:, -1]]
        _labels(axes, x[-1], ends, ["5 %:", "25 %:", "median", "75 %:", "95 %:"])


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:22]}..."


def _labels(axes: Axes, x: float, ends: list[float], names: list[str]) -> None:
    """Names and final values of the quantiles at the right end, moved apart."""
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [float(to_axes.transform((x, end))[1]) for end in ends]
    points = axes.get_position().height * axes.get_figure().get_figheight() * 72  # type: ignore[union-attr]
    for place, end, name in zip(
        style.spread_out(places, 10.5 / points, 0.0, 1.0), ends, names, strict=True
    ):
        middle = name == "median"
        axes.annotate(
            f"{name} {style.count(end)}".strip(),
            (float(to_axes.transform((x, end))[0]), place),
            xycoords="axes fraction",
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.6,
            color=style.BLUE if middle else style.INK,
            fontweight="bold" if middle else "normal",
            annotation_clip=False,
        )
