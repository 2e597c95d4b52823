"""Which settings matter for which number of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.plots import style
from sim.plots.study.panels import MAX_PANELS, keep_head, panel_title

__all__ = ["Importance", "Shares", "draw_importance", "importance_data"]

Floats = npt.NDArray[np.float64]

MAX_ROWS: Final = 16
"""Most settings of the picture."""


@dataclass(frozen=True)
class Shares:
    """How much each setting matters for one number."""

    label: str
    share: Floats
    """[K] in the order of the rows, adding up to 1 over all settings"""


@dataclass(frozen=True)
class Importance:
    """Which settings matter for which number."""

    settings: tuple[str, ...]
    """Rows from top to bottom."""
    panels: tuple[Shares, ...]
    left_out: int
    trials: int
    origin: str
    reason: str | None = None


def importance_data(content: Mapping[str, Any]) -> Importance:
    """The importances of a search, the largest first, from its ``tune.json``."""
    found: Mapping[str, Mapping[str, float]] = content["importances"]
    origin = f"{content['scenario']}, seed {content['seed']}"
    told = sum(t["estimates"] is not None for t in content["trials"])
    if not found:
        reason = "There are too few trials to tell which settings matter."
        return Importance((), (), 0, told, origin, reason)
    labels = {x["path"]: x["label"] for x in (*content["constraints"], *content["objectives"])}
    first = next(iter(found.values()))
    order = sorted(first, key=lambda path: -first[path])
    rows = order[:MAX_ROWS]
    return Importance(
        settings=tuple(rows),
        panels=tuple(
            Shares(str(labels[path]), np.array([shares[row] for row in rows]))
            for path, shares in list(found.items())[:MAX_PANELS]
        ),
        left_out=len(order) - len(rows),
        trials=told,
        origin=origin,
    )


def draw_importance(data: Importance, figure: Figure) -> None:
    """Bars side by side, one panel a number."""
    title = "Which settings make a trial good"
    if data.reason is not None:
        style.empty(figure, title, data.origin, data.reason)
        return
    height = 1.55 + 0.24 * len(data.settings)
    figure.set_size_inches(style.SIZE[0], height)
    more = f" {data.left_out} settings that matter less are left out." if data.left_out else ""
    style.head(
        figure,
        title,
        f"PED-ANOVA: how the best tenth of {data.trials} trials differs from all; {data.origin}. "
        f"It says that a setting matters, not how much it does.{more}",
    )
    keep_head(figure, height)
    left = min(0.40, 0.05 + 0.0117 * max(len(name) for name in data.settings))
    width = (0.975 - left) / len(data.panels)
    inner = 0.24 * len(data.settings)
    most = max(float(panel.share.max()) for panel in data.panels)
    for i, panel in enumerate(data.panels):
        axes = figure.add_axes((left + i * width, 0.36 / height, width - 0.03, inner / height))
        places = np.arange(len(data.settings))
        axes.barh(places, 100 * panel.share, height=0.62, color=style.BLUE, lw=0)
        axes.set_ylim(len(data.settings) - 0.45, -0.55)
        axes.set_xlim(0, 108 * most)
        axes.set_yticks(places, data.settings if i == 0 else [])
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", visible=True)
        axes.xaxis.set_major_locator(MaxNLocator(max(2, 6 // len(data.panels)), integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
        axes.tick_params(labelsize=7.8)
        panel_title(axes, panel.label, width)
