"""How many videos entered each cold-start pool, and how far those that ended there got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sim.analysis.intervals import Share
from sim.analysis.pools import pool_survival
from sim.analysis.tables import Tables, mature
from sim.plots import style

__all__ = ["LEVELS", "PoolReach", "ReachByPool", "draw_reach_by_pool", "reach_by_pool_data"]

Floats = npt.NDArray[np.float64]

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
CHAR: Final = 0.0205
"""Width of a character of a bar's label, as a share of the left panel."""

MAX_DOTS: Final = 8
"""Up to so many videos are drawn one by one instead of as quantiles."""


@dataclass(frozen=True)
class PoolReach:
    """One pool."""

    pool: int
    entered: Share
    """Videos that entered it, of those that entered pool 1."""
    reach: Floats
    """[N] reach of the videos whose highest pool it is, rising, users."""
    quantiles: Floats
    """[5] of that reach at LEVELS; empty when there is none."""


@dataclass(frozen=True)
class ReachByPool:
    """Pools of mature ordinary uploads."""

    pools: tuple[PoolReach, ...]
    population: str
    """Which videos these are, in words."""
    origin: str
    reason: str | None = None


def reach_by_pool_data(tables: Tables) -> ReachByPool:
    """Survival through the pools, and reach by highest pool entered."""
    uploads = mature(tables)
    pools = []
    for level in pool_survival(uploads):
        reach = uploads.filter(pl.col("pool") == level.pool)["reach"].sort()
        values = reach.to_numpy().astype(np.float64)
        quantiles = np.quantile(values, LEVELS) if values.size else np.empty(0)
        pools.append(PoolReach(level.pool, level.entered, values, quantiles))
    reason = None
    if not uploads.height:
        reason = "No ordinary upload is old enough."
    elif not pools:
        reason = "No ordinary upload was in a cold-start pool."
    return ReachByPool(tuple(pools), style.population(tables), style.origin(tables), reason)


def draw_reach_by_pool(data: ReachByPool, figure: Figure) -> None:
    """One row a pool: how many entered on the left, their reach on the right."""
    if data.reason is not None:
        style.empty(figure, "Reach by cold-start pool", data.origin, data.reason)
        return
    first, last = data.pools[0], data.pools[-1]
    title = "All videos stayed in the first pool"
    if last.pool > 1:
        part = style.percent(last.entered.share or 0.0)
        title = f"{part} of the videos in pool 1 get to pool {last.pool}"
    style.head(
        figure,
        title,
        f"{first.entered.total:,} ordinary uploads that entered a pool, {data.population}; "
        f"{data.origin}. Shares with their 95 % interval; right: line 5 to 95 %, bar 25 to 75 %, "
        "mark median.",
    )
    rows = np.arange(len(data.pools))
    height = 0.62
    left = figure.add_axes((0.085, 0.125, 0.395, 0.635))
    right = figure.add_axes((0.56, 0.125, 0.40, 0.635), sharey=left)
    left.grid(True, axis="x")
    left.grid(False, axis="y")
    right.grid(True, axis="x")
    right.grid(False, axis="y")

    entered = [one.entered.count for one in data.pools]
    left.barh(rows, entered, height, color=style.MIDDLE_BLUE, edgecolor=style.BLUE, lw=0.8)
    widest = 0.0
    for row, one in zip(rows, data.pools, strict=True):
        share = one.entered
        text = f"{share.count:,}"
        if one.pool > 1:
            low, high = 100 * (share.low or 0.0), 100 * (share.high or 0.0)
            text += f" = {style.percent(share.share or 0.0)} ({low:.2g} to {high:.2g})"
        widest = max(widest, share.count / (1.0 - len(text) * CHAR - 0.03))
        left.annotate(
            text,
            (share.count, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    left.set_yticks(rows, [f"pool {one.pool}" for one in data.pools])
    left.set_ylim(max(3, len(data.pools)) - 0.4, -0.6)
    left.set_xlim(0, widest)
    left.xaxis.get_major_locator().set_params(nbins=5, integer=True)  # type: ignore[call-arg]
    style.counts_on_axis(left.xaxis)
    left.set_xlabel("videos")
    left.set_title("entered the pool", loc="left", fontsize=9)

    _reach(data, right, rows)
    right.tick_params(axis="y", labelleft=False, length=0)
    right.set_xlabel("reach (users)")
    right.set_title("reach of those that got no further", loc="left", fontsize=9)


def _reach(data: ReachByPool, axes: Axes, rows: npt.NDArray[np.int64]) -> None:
    whiskers, boxes, medians, dots = [], [], [], []
    for row, one in zip(rows, data.pools, strict=True):
        if one.reach.size > MAX_DOTS:
            q = np.maximum(one.quantiles, 0.8)
            whiskers.append([(q[0], row), (q[4], row)])
            boxes.append([(q[1], row), (q[3], row)])
            medians.append((q[2], row))
        else:
            dots += [(max(0.8, value), row) for value in one.reach]
    axes.add_collection(LineCollection(whiskers, colors=style.INK, linewidths=1.0), autolim=False)
    axes.add_collection(
        LineCollection(boxes, colors=style.MIDDLE_BLUE, linewidths=9, capstyle="butt"),
        autolim=False,
    )
    if medians:
        x, y = zip(*medians, strict=True)
        axes.plot(x, y, ls="none", marker="|", ms=13, mew=2.4, color=style.INK)
    if dots:
        x, y = zip(*dots, strict=True)
        axes.plot(x, y, ls="none", marker="o", ms=3.6, mfc="white", mec=style.INK, mew=0.9)
    widest = max((float(one.reach[-1]) for one in data.pools if one.reach.size), default=10.0)
    ends = [x for line in whiskers for x, _ in line] + [x for x, _ in dots]
    style.log_counts(axes, "x", widest, low=min(ends, default=1.0))
