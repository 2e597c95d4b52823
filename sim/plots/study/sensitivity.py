"""Which setting matters for which number: a panel for each number, a row for each setting."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.core.estimates import Scale, scale_of
from sim.plots import style
from sim.plots.files import draw_file

__all__ = ["PER_PICTURE", "Importances", "Panel", "draw_importances", "draw_sensitivity",
           "sensitivity_data"]  # fmt: skip

Floats = npt.NDArray[np.float64]

PER_PICTURE: Final = 6
"""Most numbers in one picture."""
MAX_ROWS: Final = 20
"""Most settings in one picture: those that matter most for any number."""
COLUMNS: Final = 3
ROW: Final = 0.21
"""Height of a setting, inches."""


@dataclass(frozen=True)
class Panel:
    """One number; arrays [K] are in the order of the rows."""

    title: str
    scale: Scale | None
    """How values are written; None for Sobol's shares of the variance."""
    main: Floats
    """mu* or the total index."""
    low: Floats
    high: Floats
    side: Floats
    """sigma or the first-order index."""
    above: npt.NDArray[np.bool_]
    """Whether it clearly does more than luck."""
    luck: float
    """The index of luck."""


@dataclass(frozen=True)
class Importances:
    """One picture."""

    method: str
    settings: tuple[str, ...]
    """Rows from top to bottom, the common beginning of the paths left out."""
    prefix: str
    """That beginning; may be empty."""
    panels: tuple[Panel, ...]
    origin: str
    level: float
    left_out: int
    """Settings that have no row."""
    reason: str | None = None


def sensitivity_data(content: Mapping[str, Any]) -> tuple[Importances, ...]:
    """Pictures of up to six numbers, from the ``sensitivity.json`` of a study."""
    method = str(content["method"])
    main, side = ("mu_star", "sigma") if method == "morris" else ("total", "first")
    numbers = [number for number in content["numbers"] if number["settings"]]
    paths = [variable["path"] for variable in content["variables"]]
    # A setting stands as high as it does relative to the most important one of any number.
    weight = dict.fromkeys(paths, 0.0)
    for number in numbers:
        most = max(row[main] for row in number["settings"][:-1])
        for row in number["settings"][:-1]:
            share = row[main] / most if most > 0 else 0.0
            weight[row["setting"]] = max(weight[row["setting"]], share)
    order = sorted(paths, key=lambda path: -weight[path])[:MAX_ROWS]
    prefix = str(content["prefix"])
    panels = [_panel(number, order, main, side, method) for number in numbers]
    each = content["worlds"]
    worlds = f"{each} world{'s' * (each != 1)} a sample"
    groups = [panels[i : i + PER_PICTURE] for i in range(0, len(panels), PER_PICTURE)]
    return tuple(
        Importances(
            method=method,
            settings=tuple(path.removeprefix(prefix) for path in order),
            prefix=prefix,
            panels=tuple(group),
            origin=f"{content['scenario']}, seed {content['seed']}, "
            f"{content['samples']} samples, {worlds}",
            level=float(content["level"]),
            left_out=len(paths) - len(order),
            reason=None if group else "No number differs between the runs.",
        )
        for group in groups or [[]]
    )


def _panel(
    number: Mapping[str, Any], order: Sequence[str], main: str, side: str, method: str
) -> Panel:
    rows = {row["setting"]: row for row in number["settings"]}
    luck = number["settings"][-1]
    chosen = [rows[path] for path in order]

    def column(name: str) -> Floats:
        return np.array([row[name] for row in chosen], dtype=np.float64)

    largest = float(max(luck[f"{main}_high"], column(f"{main}_high").max()))
    label = number["label"]
    return Panel(
        title=f"{label[:1].upper()}{label[1:]}",
        scale=scale_of(number["unit"], None, largest) if method == "morris" else None,
        main=column(main),
        low=column(f"{main}_low"),
        high=column(f"{main}_high"),
        side=column(side),
        above=np.array([bool(row["above_luck"]) for row in chosen]),
        luck=float(luck[main]),
    )


# ---- drawing --------------------------------------------------------------------------------


def draw_sensitivity(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """``sensitivity.png``, and ``sensitivity_2.png`` and so on when there are many numbers."""
    pictures = sensitivity_data(content)
    return [
        draw_file(
            folder / ("sensitivity.png" if i == 1 else f"sensitivity_{i}.png"),
            draw_importances,
            picture,
        )
        for i, picture in enumerate(pictures, start=1)
    ]


def draw_importances(data: Importances, figure: Figure) -> None:
    """Dots with intervals; what luck does is a grey band from zero."""
    morris = data.method == "morris"
    title = "Which setting matters for which number"
    if data.reason is not None:
        style.empty(figure, title, data.origin, data.reason)
        return
    columns = min(COLUMNS, len(data.panels))
    rows = math.ceil(len(data.panels) / columns)
    inner = ROW * len(data.settings) + 0.12
    step = inner + 0.92
    height = 1.22 + step * rows
    figure.set_size_inches(style.SIZE[0], height)
    what = "Morris: change over the whole range" if morris else "Sobol: share of the variance"
    begin = f" Settings are below {data.prefix.rstrip('.')}." if data.prefix else ""
    less = f" {data.left_out} settings with less effect are left out." if data.left_out else ""
    style.head(figure, title, f"{what}; {data.origin}.{begin}{less}")
    for text in figure.texts:  # the head stands as far from the top as in other pictures
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * style.SIZE[1] / height))
    left = min(0.34, 0.05 + 0.0113 * max(len(name) for name in (*data.settings, "settings")))
    width = (0.975 - left) / columns
    for i, panel in enumerate(data.panels):
        row, column = divmod(i, columns)
        top = 1 - (1.20 + step * row) / height
        axes = figure.add_axes(
            (left + column * width, top - inner / height, width - 0.03, inner / height)
        )
        _draw_panel(axes, panel, len(data.settings))
        axes.set_title(
            "\n".join(textwrap.wrap(panel.title, int(13 + 48 * (width - 0.03)), max_lines=2,
                                    placeholder=" ...")),
            fontsize=8.3, loc="left", pad=4.0,
        )  # fmt: skip
        axes.set_yticks(range(len(data.settings)), data.settings if column == 0 else [])
        unit = "" if panel.scale is None else panel.scale.points.strip()
        axes.set_xlabel(unit or ("share of variance" if not morris else "change"), fontsize=8.0)
    _legend(figure, data, height)


def _draw_panel(axes: Axes, panel: Panel, rows: int) -> None:
    factor = 1.0 if panel.scale is None else panel.scale.factor
    places = np.arange(rows)
    axes.axvspan(0.0, panel.luck * factor, color=style.PALE, alpha=0.75, lw=0, zorder=0)
    axes.hlines(places, panel.low * factor, panel.high * factor, color=style.BLUE, lw=1.6, zorder=2)
    for chosen, fill in ((panel.above, style.BLUE), (~panel.above, "white")):
        axes.plot(
            panel.main[chosen] * factor, places[chosen], ls="none", marker="o", ms=5.2, mfc=fill,
            mec=style.BLUE, mew=1.2, zorder=4,
        )  # fmt: skip
    axes.plot(
        panel.side * factor, places, ls="none", marker="D", ms=3.4, mfc="white", mec=style.ORANGE,
        mew=1.0, zorder=3,
    )  # fmt: skip
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_ylim(rows - 0.45, -0.55)
    low = min(0.0, float(np.nanmin(panel.side)) * factor)
    axes.set_xlim(low * 1.08, None)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.5g}"))
    axes.tick_params(labelsize=7.8)


def _legend(figure: Figure, data: Importances, height: float) -> None:
    morris = data.method == "morris"
    main = "mu*" if morris else "total index"
    bar = f"with {100 * data.level:g} % interval"
    dot: dict[str, Any] = {
        "ls": "none", "marker": "o", "ms": 5.2, "mec": style.BLUE, "mew": 1.2
    }  # fmt: skip
    diamond: dict[str, Any] = {"ls": "none", "marker": "D", "ms": 3.4, "mec": style.ORANGE}
    handles: list[Artist] = [
        Line2D([], [], mfc=style.BLUE, label=f"{main} {bar}, above luck", **dot),
        Line2D([], [], mfc="white", label="not above luck", **dot),
        Line2D([], [], mfc="white", label="sigma" if morris else "first order", **diamond),
        Patch(color=style.PALE, alpha=0.75, lw=0, label="luck: other worlds"),
    ]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.012, 0.02 / height),
        ncols=4,
        columnspacing=1.2,
        handletextpad=0.4,
        handlelength=1.2,
        fontsize=8.0,
    )
