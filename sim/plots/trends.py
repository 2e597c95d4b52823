"""Sounds and challenges that rise within hours, peak and end: their momentum, hour by hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.analysis.tables import Tables
from sim.analysis.trends import born_during
from sim.plots import style

__all__ = ["Curve", "Trends", "draw_trends", "trends_data"]

TITLE: Final = "What trends, from its first hour to its end"
_ROOM: Final = 1.65
"""Height of a panel over its highest peak."""
_MOST: Final = 6
"""Curves of a panel that stand out."""
_LOOKS: Final = (
    (style.BLUE, "-"), (style.ORANGE, "-"), (style.INK, "--"), (style.MIDDLE_BLUE, "-."),
    (style.GREY, ":"), (style.GREY, "-"),
)  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """One sound or challenge while it stood on the list."""

    label: str
    time_s: NDArray[np.float64]
    momentum: NDArray[np.float64]


@dataclass(frozen=True)
class Trends:
    """The panels of a run."""

    panels: tuple[tuple[str, tuple[Curve, ...]], ...]
    """(name, curves with the highest peaks, highest first)"""
    hours_to_peak: float | None
    """median over those born during the run and a day or more before its end, sounds and challenges
    together; of later ones the peak is not known yet"""
    born: int
    origin: str
    longest_s: float
    reason: str | None = None


def _curves(trends: pl.DataFrame, kind: str, names: dict[int, str]) -> tuple[Curve, ...]:
    rows = trends.filter((pl.col("kind") == kind) & pl.col("number").is_in(list(names)))
    top = rows.group_by("number").agg(pl.col("momentum").max()).sort("momentum", "number")
    found = []
    for number in reversed(top["number"].to_list()[-_MOST:]):
        mine = rows.filter(pl.col("number") == number).sort("time_s")
        found.append(Curve(names[number], mine["time_s"].to_numpy(), mine["momentum"].to_numpy()))
    return tuple(found)


def _old_enough(tables: Tables) -> pl.Expr:
    """Which began a day or more before the end."""
    return pl.col("born_s") <= tables.duration_s - 86_400.0


def trends_data(tables: Tables) -> Trends:
    """The sounds and challenges born during the run with the highest momentum."""
    origin = style.origin(tables)
    if tables.sounds is None or tables.hashtags is None or tables.trends is None:
        return Trends((), None, 0, origin, tables.duration_s, "The run has no table of trends.")
    sounds = born_during(tables.sounds)
    challenges = born_during(tables.hashtags.filter(pl.col("challenge")))
    panels = []
    for name, kind, frame, key in (
        ("Sounds", "sound", sounds, "sound"), ("Challenges", "hashtag", challenges, "hashtag"),
    ):  # fmt: skip
        rows = zip(frame[key].to_list(), frame["category"].cast(pl.String).to_list(), strict=True)
        names = {number: f"{number}, {category}" for number, category in rows}
        panels.append((name, _curves(tables.trends, kind, names)))
    known = [frame.filter(_old_enough(tables)) for frame in (sounds, challenges)]
    rise = np.concatenate(
        [(frame["peak_s"] - frame["born_s"]).drop_nulls().to_numpy() for frame in known]
    )
    reason = None if len(rise) else "Nothing that began a day or more before the end was listed."
    hours = float(np.median(rise)) / 3_600.0 if len(rise) else None
    return Trends(tuple(panels), hours, len(rise), origin, tables.duration_s, reason)


def draw_trends(data: Trends, figure: Figure) -> None:
    """A panel for sounds, and one for challenges."""
    if data.reason is not None:
        style.empty(figure, TITLE, data.origin, data.reason)
        return
    assert data.hours_to_peak is not None
    style.head(
        figure,
        f"Of {data.born} trends, half had most new uses within {data.hours_to_peak:.2g} hours",
        "Momentum is the decayed number of recent uses and views; drawn while listed, highest "
        f"peaks first; {data.origin}.",
    )
    unit_s, unit = style.time_unit(data.longest_s)
    for place, (name, curves) in enumerate(data.panels):
        axes = figure.add_axes((0.08 + 0.48 * place, 0.15, 0.42, 0.6))
        for curve, (color, line) in zip(curves, _LOOKS, strict=False):
            axes.plot(
                curve.time_s / unit_s, curve.momentum, color=color, ls=line, lw=1.5,
                label=curve.label,
            )  # fmt: skip
        axes.set_title(name, fontsize="medium", loc="left")
        axes.set_xlim(0, data.longest_s / unit_s)
        peak = max((float(curve.momentum.max()) for curve in curves), default=1.0)
        axes.set_ylim(0, _ROOM * max(peak, 1e-9))  # the legend stands above all curves
        axes.set_xlabel(f"time ({unit})")
        if place == 0:
            axes.set_ylabel("momentum (uses)")
        if curves:
            axes.legend(loc="upper left", fontsize="x-small", title="number, category",
                        title_fontsize="x-small")  # fmt: skip
