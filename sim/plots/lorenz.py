"""How unequally views are spread over videos and over creators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sim.analysis.inequality import gini, lorenz, top_share
from sim.analysis.tables import Tables, mature
from sim.plots import style

__all__ = ["Curve", "Lorenz", "draw_lorenz", "lorenz_data"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One Lorenz curve."""

    items: Floats
    """Share of items, from those with the fewest views."""
    held: Floats
    """Share of all views that they hold."""
    n: int
    gini: float
    top1: float
    """Share of views held by the top 1 % of items."""
    top10: float
    """Share of views held by the top 10 % of items."""


@dataclass(frozen=True)
class Lorenz:
    """Views of mature ordinary uploads over videos and over their creators."""

    videos: Curve | None
    creators: Curve | None
    population: str
    """Which videos these are, in words."""
    origin: str
    reason: str | None = None


def _curve(views: Floats) -> Curve | None:
    items, held = lorenz(views)
    coefficient, top1, top10 = gini(views), top_share(views, 0.01), top_share(views, 0.10)
    if coefficient is None or top1 is None or top10 is None:
        return None
    return Curve(items, held, int(views.size), coefficient, top1, top10)


def lorenz_data(tables: Tables) -> Lorenz:
    """Lorenz curves with their Gini coefficients and top-1 % shares."""
    uploads = mature(tables)
    by_creator = uploads.group_by("creator").agg(pl.col("views").sum())["views"]
    videos = _curve(uploads["views"].to_numpy().astype(np.float64))
    creators = _curve(by_creator.to_numpy().astype(np.float64))
    reason = None if videos else "No ordinary upload is old enough and has a view."
    return Lorenz(videos, creators, style.population(tables), style.origin(tables), reason)


def draw_lorenz(data: Lorenz, figure: Figure) -> None:
    """Both curves below the line of equal shares; the numbers stand in the empty half."""
    if data.videos is None or data.creators is None:
        style.empty(figure, "Inequality of views", data.origin, data.reason or "")
        return
    # One percent of fewer than a hundred videos is not even one video.
    part, top = (1, data.videos.top1) if data.videos.n >= 100 else (10, data.videos.top10)
    style.head(
        figure,
        f"The top {part} % of videos hold {style.percent(top)} of the views",
        f"{data.videos.n:,} ordinary uploads by {data.creators.n:,} creators, {data.population}; "
        f"{data.origin}",
    )
    axes = figure.add_axes((0.10, 0.125, 0.86, 0.70))
    axes.grid(True, axis="both")
    axes.plot([0, 1], [0, 1], color=style.GREY, lw=1.0, ls=":", label="equal shares: Gini 0")
    v, c = data.videos, data.creators
    axes.fill_between(v.items, v.held, v.items, color=style.LIGHT_BLUE, lw=0, alpha=0.6)
    axes.plot(v.items, v.held, color=style.BLUE, lw=2.2, label=f"over videos: Gini {v.gini:.2f}")
    axes.plot(
        c.items,
        c.held,
        color=style.ORANGE,
        lw=1.8,
        ls="--",
        label=f"over creators: Gini {c.gini:.2f}",
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.set_xlabel("share of videos (of creators), from the least viewed")
    axes.set_ylabel("share of all views that they hold")
    axes.legend(loc="upper left", handlelength=2.8, bbox_to_anchor=(0.01, 0.99))
