"""Pictures of a sweep: a line with intervals, a heat map, or a panel for each setting."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from sim.core.estimates import Scale
from sim.plots import style
from sim.plots.files import draw_file
from sim.plots.response import Along, Bars, Heat, Response, response_data

__all__ = ["draw_response", "draw_sweep"]

MAX_CELLS: Final = 12
"""Most values of a setting for which a heat map has room for numbers."""
COLOURS: Final = LinearSegmentedColormap.from_list("sweep", ["#f4f8fc", "#6aa5d8", "#0b3f70"])
"""Light to dark, so that more is darker in grey too."""


def draw_sweep(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """A picture for each number of a ``sweep.json``, named by its path."""
    return [
        draw_file(
            folder / f"{metric['path'].replace('.', '_')}.png",
            draw_response,
            response_data(content, metric["path"]),
        )
        for metric in content["metrics"]
    ]


def draw_response(data: Response, figure: Figure) -> None:
    """A heat map for two settings on a grid, lines for one, small panels for more."""
    if data.reason is not None:
        style.empty(figure, data.title, data.origin, data.reason)
    elif data.heat is not None:
        _draw_heat(data, data.heat, figure)
    elif len(data.along) == 1:
        _draw_line(data, data.along[0], figure)
    else:
        _draw_panels(data, figure)


def _head(data: Response, note: str, figure: Figure, height: float) -> None:
    """Title and subtitle at their usual distance from the top, whatever the height (inches)."""
    figure.set_size_inches(style.SIZE[0], height)
    style.head(figure, data.title, f"{data.origin}. {note}.")
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * style.SIZE[1] / height))


def _draw_line(data: Response, along: Along, figure: Figure) -> None:
    """The mean, and below it the difference, which has the narrower interval."""
    than = along.difference
    height = 5.6 if than is not None else style.SIZE[1]
    below = "; below: differences of the same worlds" if than is not None else ""
    if than is not None and along.dots[0].size:
        below += ", pale: samples"
    _head(data, f"{_bars_are(data)}; dashed: the scenario as it is{below}", figure, height)
    bottom, top = (0.5 + 0.13 * _tick_lines(along)) / height, 1 - 0.98 / height
    middle = top - (0.56 if than is not None else 1.0) * (top - bottom)
    axes = figure.add_axes((0.12, middle, 0.84, top - middle))
    _draw_bars(axes, along, along.mean)
    if data.base is not None:
        mean, low, high = data.base
        axes.axhspan(low, high, color=style.PALE, alpha=0.45, lw=0, zorder=0)
        axes.axhline(mean, color=style.INK, lw=1.0, ls="--", zorder=1)
    _value_axis(axes, data.scale, sign=False)
    axes.set_ylabel("mean over worlds" + _in_unit(data.scale.unit))
    last = axes
    if than is not None:
        axes.tick_params(labelbottom=False)
        last = figure.add_axes((0.12, bottom, 0.84, middle - bottom - 0.12 / height))
        _draw_dots(last, along)
        _draw_bars(last, along, than)
        last.axhline(0.0, color=style.INK, lw=1.0, ls="--", zorder=1)
        _value_axis(last, data.scale, sign=True)
        last.set_ylabel("difference" + _in_unit(data.scale.points))
        for each in (axes, last):
            each.yaxis.set_label_coords(-0.095, 0.5)
    last.set_xlabel(along.label)


def _draw_panels(data: Response, figure: Figure) -> None:
    """A panel for each setting, all with one scale."""
    columns = min(3, len(data.along))
    rows = math.ceil(len(data.along) / columns)
    lines = max(_tick_lines(along) for along in data.along)
    step = 1.95 + 0.12 * lines
    height = 1.15 + step * rows
    sampled = data.along[0].dots[0].size > 0
    what = (
        "pale: samples; dark: means of neighbours, whatever else varied"
        if sampled
        else "dots: means over all values of the other settings"
    )
    if data.left_out:
        what += f"; {data.left_out} settings with less effect left out"
    _head(data, f"{_bars_are(data)}; {what}", figure, height)
    compared = all(along.difference is not None for along in data.along)
    width = 0.87 / columns
    limits = _limits(data, compared)
    for i, along in enumerate(data.along):
        row, column = divmod(i, columns)
        top = 1 - (0.98 + step * row) / height
        axes = figure.add_axes(
            (0.115 + column * width, top - 1.42 / height, width - 0.035, 1.42 / height)
        )
        _draw_dots(axes, along)
        shown = along.difference if compared and along.difference is not None else along.mean
        _draw_bars(axes, along, shown)
        base = 0.0 if compared else None if data.base is None else data.base[0]
        if base is not None:
            axes.axhline(base, color=style.INK, lw=1.0, ls="--", zorder=1)
        axes.set_ylim(*limits)
        _value_axis(axes, data.scale, sign=compared)
        axes.set_xlabel(_shortened(along.label, 30), fontsize=8.0)
        axes.tick_params(labelsize=7.5)
        if column:
            axes.tick_params(labelleft=False)
    what = "difference from the scenario as it is" if compared else "mean over worlds"
    unit = data.scale.points if compared else data.scale.unit
    words = textwrap.fill(what + _in_unit(unit), 27 * rows)
    figure.text(
        0.012, 1 - (0.98 + 0.5 * (step * (rows - 1) + 1.42)) / height, words, rotation=90,
        va="center", ha="left", multialignment="center", fontsize=8.6,
    )  # fmt: skip


def _bars_are(data: Response) -> str:
    return f"Bars: {100 * data.level:g} % intervals over worlds"


def _limits(data: Response, compared: bool) -> tuple[float, float]:
    """One scale for all panels."""
    known = [np.zeros(1)] if compared else []
    for along in data.along:
        bars = along.difference if compared and along.difference is not None else along.mean
        known += [bars.value, bars.low, bars.high, along.dots[1]]
    flat = np.concatenate(known)
    low, high = float(np.nanmin(flat)), float(np.nanmax(flat))
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def _in_unit(unit: str) -> str:
    return f" ({unit.strip()})" if unit.strip() else ""


def _shortened(text: str, most: int) -> str:
    """The end of a path, which tells more than its beginning."""
    return text if len(text) <= most else "…" + text[-(most - 1) :]


def _draw_dots(axes: Axes, along: Along) -> None:
    """The samples of a Latin hypercube, if there are any."""
    if along.dots[0].size:
        axes.plot(
            *along.dots, ls="none", marker="o", ms=3.0, mfc=style.LIGHT_BLUE,
            mec=style.MIDDLE_BLUE, mew=0.5, zorder=2,
        )  # fmt: skip


def _draw_bars(axes: Axes, along: Along, bars: Bars) -> None:
    """Values with intervals, and a dotted line where the scenario stands."""
    known = ~np.isnan(bars.low)
    axes.vlines(
        along.at[known], bars.low[known], bars.high[known], color=style.BLUE, lw=1.8, zorder=3
    )
    joined = "-" if along.numeric else "none"
    axes.plot(
        along.at, bars.value, ls=joined, lw=1.2, marker="o", ms=5.0, color=style.BLUE, zorder=4
    )
    base = along.as_it_is
    if base is not None and along.at.min() <= base <= along.at.max():
        axes.axvline(base, color=style.INK, lw=0.8, ls=":", zorder=1)
    _setting_axis(axes, along)


def _setting_axis(axes: Axes, along: Along) -> None:
    if not along.numeric:
        axes.set_xlim(-0.6, along.at.size - 0.4)
        axes.set_xticks(along.at, [_broken(text) for text in along.texts])
        return
    if along.log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    if along.at.size <= 6 and not along.dots[0].size:
        axes.xaxis.set_major_locator(FixedLocator(along.at.tolist()))
    elif along.log:
        low, high = along.at.min(), along.at.max()
        steps = [m * 10.0**k for k in range(-12, 16) for m in (1, 2, 5)]
        inside = [step for step in steps if low * 0.999 <= step <= high * 1.001]
        axes.xaxis.set_major_locator(FixedLocator(inside[:: max(1, math.ceil(len(inside) / 6))]))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def _broken(text: str, width: int = 16) -> str:
    """A word or a mapping in up to three short lines."""
    return "\n".join(textwrap.wrap(text, width, max_lines=3, placeholder=" ..."))


def _tick_lines(along: Along) -> int:
    """Lines of the longest label of a value."""
    if along.numeric:
        return 1
    return max((_broken(text).count("\n") + 1 for text in along.texts), default=1)


def _value_axis(axes: Axes, scale: Scale, sign: bool) -> None:
    """Ticks in the unit of the scale, which stands in the label."""
    factor = scale.factor
    locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(
        FixedLocator([tick / factor for tick in locator.tick_values(low * factor, high * factor)])
    )
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(
        FuncFormatter(
            lambda value, _: f"{round(value * factor, 9) + 0.0:{'+' if sign and value else ''},.5g}"
        )
    )


def _draw_heat(data: Response, heat: Heat, figure: Figure) -> None:
    rows, columns = heat.mean.shape
    height = min(9.0, max(style.SIZE[1], 1.75 + 0.52 * rows))
    room = rows <= MAX_CELLS and columns <= MAX_CELLS
    what = (
        "small: difference from the scenario as it is, bold where its "
        f"{100 * data.level:g} % interval leaves out 0"
        if room
        else "dark is more"
    )
    box = " (box)" if heat.as_it_is.any() else ""
    _head(data, f"Mean over worlds; {what.replace('it is,', f'it is{box},')}", figure, height)
    across = [_broken(text, max(6, 80 // columns)) for text in heat.columns]
    upwards = [_broken(text, 18) for text in heat.rows]
    lines = max(text.count("\n") + 1 for text in across)
    bottom, top = (0.59 + 0.13 * lines) / height, 1 - 1.0 / height
    longest = max(len(line) for text in upwards for line in text.split("\n"))
    left = min(0.30, 0.10 + 0.0105 * longest)
    axes = figure.add_axes((left, bottom, 0.86 - left, top - bottom))
    factor = data.scale.factor
    image = axes.imshow(heat.mean * factor, cmap=COLOURS, aspect="auto", origin="lower")
    axes.grid(False)
    axes.set_xticks(range(columns), across)
    axes.set_yticks(range(rows), upwards)
    axes.tick_params(length=0)
    axes.set_ylabel(heat.labels[0])
    axes.set_xlabel(heat.labels[1])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if np.nanmax(heat.mean) > np.nanmin(heat.mean):
        bar = figure.colorbar(image, cax=figure.add_axes((0.885, bottom, 0.022, top - bottom)))
        bar.outline.set_visible(False)
        bar.ax.set_title(data.scale.unit.strip(), fontsize=8.5, loc="left")
        bar.ax.grid(False)
    for row in range(rows):
        for column in range(columns):
            if heat.as_it_is[row, column]:
                _box(axes, row, column)
            if room:
                _cell(axes, data, heat, row, column, image.norm(heat.mean * factor))


def _box(axes: Axes, row: int, column: int) -> None:
    """A frame that can be seen on pale and on dark cells."""
    for colour, width in (("white", 4.0), (style.INK, 1.6)):
        axes.add_patch(
            Rectangle(
                (column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=colour, lw=width,
                zorder=3,
            )
        )  # fmt: skip


def _cell(axes: Axes, data: Response, heat: Heat, row: int, column: int, shade: Any) -> None:
    """The mean, and below it the difference."""
    mean, than = heat.mean[row, column], heat.difference[row, column]
    if math.isnan(mean):
        axes.text(column, row, "–", ha="center", va="center", color=style.GREY)
        return
    colour = "white" if shade[row, column] > 0.55 else style.INK
    columns = heat.mean.shape[1]
    size = 8.6 if columns <= 6 else 7.2 if columns <= 9 else 6.0
    bare, change = (
        Scale(scale.factor, "", "", scale.decimals) for scale in (data.scale, data.changes)
    )
    lift = 0.0 if math.isnan(than) else 0.16
    axes.text(
        column, row + lift, bare.value(mean), ha="center", va="center", color=colour, fontsize=size
    )
    if not math.isnan(than):
        axes.text(
            column, row - 0.22, change.change(than), ha="center", va="center", color=colour,
            fontsize=size - 1.3, fontweight="bold" if heat.clear[row, column] else "normal",
        )  # fmt: skip
