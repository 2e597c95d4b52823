"""Where views came from, over the time of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.analysis.tables import Tables, bin_width_s
from sim.analysis.watch import shares_by
from sim.plots import style

__all__ = ["ViewsBySource", "bands", "draw_views_by_source", "views_by_source_data"]

Floats = npt.NDArray[np.float64]

MAX_BINS: Final = 120
"""Bins that can be told apart in the picture; finer ones are put together."""

LONG_S: Final = 10 * 86_400.0
"""Runs longer than this are shown in whole days, s."""
LONG_BIN_S: Final = 86_400.0

LOOK: Final[dict[str, tuple[str, str]]] = {
    "interest": ("#0b4f8a", ""),
    "following": ("#b5d4ee", ""),
    "trending": ("#b0430a", ""),
    "fresh": ("#fbd08b", "///"),
    "random": ("#565656", ""),
    "sound": ("#cfe8c8", "..."),
    "hashtag": ("#1f7a3d", ""),
    "custom": ("#e6cfe6", "xxx"),
    "link": ("#f2ee9b", "+++"),
}
"""Fill and hatch of each source, bottom to top: dark and light take turns."""
_REST: Final = ("#d9d9d9", "\\\\\\")
"""Those of the small sources that have no look of their own, which share a band."""


@dataclass(frozen=True)
class ViewsBySource:
    """Views per hour by source."""

    sources: tuple[str, ...]
    """Bottom to top; sources without a view are left out."""
    edges_s: Floats
    """[T+1] ends of the bins, s."""
    per_hour: Floats
    """[S, T] views per hour."""
    share: dict[str, float]
    """Share of views after the warm-up."""
    warmup_s: float
    origin: str
    reason: str | None = None


def views_by_source_data(tables: Tables) -> ViewsBySource:
    """The timeline by source over all surfaces, in at most MAX_BINS equal bins."""
    width = bin_width_s(tables)
    fine = max(1, int(np.ceil(tables.duration_s / width - 1e-9)))
    merge = -(-fine // MAX_BINS)
    if tables.duration_s > LONG_S and LONG_BIN_S % width == 0:
        # Bins of some hours would show the daily curve as a comb; whole days do not.
        day = int(LONG_BIN_S // width)
        merge = -(-merge // day) * day
    bins = -(-fine // merge)
    edges = np.minimum(np.arange(bins + 1) * merge * width, tables.duration_s)
    present = tables.timeline.filter(pl.col("views") > 0)["source"].unique().to_list()
    rank = {name: i for i, name in enumerate(LOOK)}
    sources = tuple(sorted(present, key=lambda name: (rank.get(name, len(LOOK)), name)))
    per_hour = np.zeros((len(sources), bins))
    for i, name in enumerate(sources):
        rows = tables.timeline.filter(pl.col("source") == name)
        place = np.floor(rows["time_s"].to_numpy() / (merge * width) + 1e-9).astype(np.int64)
        views = np.bincount(
            np.clip(place, 0, bins - 1), weights=rows["views"].to_numpy(), minlength=bins
        )
        per_hour[i] = views / (np.diff(edges) / 3600.0)
    return ViewsBySource(
        sources=sources,
        edges_s=edges,
        per_hour=per_hour,
        share=shares_by(tables, "source"),
        warmup_s=tables.warmup_s,
        origin=style.origin(tables),
        reason=None if sources else "Nothing was viewed.",
    )


def bands(data: ViewsBySource) -> list[tuple[str, Floats, float]]:
    """(name, views per hour [T], share after the warm-up) of each band, bottom to top.

    Two or more sources without a look of their own share the last one: alike they could not be
    told apart.
    """
    rows = list(zip(data.sources, data.per_hour, strict=True))
    rest = [(name, rate) for name, rate in rows if name not in LOOK]
    found = [(n, r, data.share.get(n, 0.0)) for n, r in rows if n in LOOK or len(rest) == 1]
    if len(rest) > 1:
        together = np.sum([rate for _, rate in rest], axis=0)
        share = sum(data.share.get(name, 0.0) for name, _ in rest)
        found.append((f"{len(rest)} others", together, share))
    return found


def draw_views_by_source(data: ViewsBySource, figure: Figure) -> None:
    """Stacked steps; names and shares at the right end, moved apart."""
    if data.reason is not None:
        style.empty(figure, "Views by source", data.origin, data.reason)
        return
    title = "Views by source"
    if data.share:
        first, share = next(iter(data.share.items()))
        title = f"The largest source of views is '{first}': {style.percent(share)}"
    style.head(
        figure,
        title,
        "Views of all videos on all surfaces, by the source that proposed the video; shares are "
        f"after the warm-up; {data.origin}",
    )
    axes = figure.add_axes((0.10, 0.125, 0.705, 0.675))
    longest = float(data.edges_s[-1])
    unit, name = style.time_unit(longest)
    x = data.edges_s / unit
    base = np.zeros(data.per_hour.shape[1])
    for source, rate, _ in bands(data):
        colour, hatch = LOOK.get(source, _REST)
        axes.stairs(
            base + rate,
            x,
            baseline=base,
            fill=True,
            facecolor=colour,
            edgecolor="#8a8a8a" if hatch else "white",
            hatch=hatch or None,
            lw=0.0,
        )
        base = base + rate
    peak = float(base.max()) * 1.12
    axes.set_xlim(0, x[-1])
    axes.set_ylim(0, peak)
    if data.warmup_s > 0:
        axes.axvline(data.warmup_s / unit, color=style.INK, lw=1.0, ls="--")
        near_left = data.warmup_s < 0.2 * longest
        axes.annotate(
            "measured from here" if near_left else "warm-up",
            (data.warmup_s / unit, peak),
            xytext=(4 if near_left else -4, -4),
            textcoords="offset points",
            ha="left" if near_left else "right",
            va="top",
            fontsize=8,
            color=style.GREY,
        )
    style.hours_on_axis(axes, longest / unit, name)
    style.counts_on_axis(axes.yaxis)
    axes.set_xlabel(f"time since the start of the run ({name})")
    axes.set_ylabel("views per hour")
    _labels(data, figure)


def _labels(data: ViewsBySource, figure: Figure) -> None:
    """A swatch, the name and the share of each source, in the order of the stack."""
    axes = figure.add_axes((0.82, 0.125, 0.17, 0.675))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    shown = bands(data)
    step = min(0.09, 0.95 / len(shown))
    for i, (source, _, share) in enumerate(shown):
        colour, hatch = LOOK.get(source, _REST)
        y = 0.02 + i * step
        axes.add_patch(
            Rectangle(
                (0.0, y),
                0.13,
                0.7 * step,
                facecolor=colour,
                edgecolor="#8a8a8a",
                hatch=hatch or None,
                lw=0.4,
            )
        )
        axes.text(
            0.18, y + 0.33 * step, f"{source} {style.percent(share)}", va="center", fontsize=8.3
        )
