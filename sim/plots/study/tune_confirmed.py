"""What a search promised, and what fresh worlds gave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.core.estimates import Scale, scale_of
from sim.plots import style
from sim.plots.study.panels import MAX_PANELS, keep_head, panel_title

__all__ = ["Claim", "Confirmation", "confirmed_data", "draw_confirmed"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Claim:
    """One number of all candidates: arrays [K] are in their order."""

    label: str
    scale: Scale
    search: Floats
    """What the search said."""
    fresh: Floats
    """What fresh worlds gave; NaN for none."""
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Confirmation:
    """The candidates in the worlds of the search and in fresh ones."""

    names: tuple[str, ...]
    best: int | None
    """Place of the best in ``names``."""
    claims: tuple[Claim, ...]
    worlds: int
    level: float
    origin: str
    reason: str | None = None


def confirmed_data(content: Mapping[str, Any]) -> Confirmation:
    """What was promised and what held, from the ``tune.json`` of a search."""
    tested = content["candidates"]
    trials = {t["trial"]: t for t in content["trials"]}
    claims = []
    for objective in content["objectives"]:
        rows = [_by_path(c["numbers"], objective["path"]) for c in tested]
        claims.append(
            _claim(f"Change of: {objective['label']}", objective["unit"],
                   [row["search_difference"] for row in rows], rows, "difference")
        )  # fmt: skip
    for i, constraint in enumerate(content["constraints"]):
        rows = [c["bounds"][i] for c in tested]
        search = [trials[c["trial"]]["margins"][i] for c in tested]
        words = "above the lower" if constraint["lower"] else "below the upper"
        label = f"{constraint['label']}: distance {words} bound"
        claims.append(_claim(label, constraint["unit"], search, rows, "margin"))
    numbers = [c["trial"] for c in tested]
    return Confirmation(
        names=tuple(f"trial {number}" for number in numbers),
        best=numbers.index(content["best"]) if content["best"] in numbers else None,
        claims=tuple(claims[:MAX_PANELS]),
        worlds=int(content["fresh_worlds"]),
        level=float(content["level"]),
        origin=f"{content['scenario']}, seed {content['seed']}",
        reason=None if tested else "No trial was worth a test on fresh worlds.",
    )


def _by_path(numbers: list[Mapping[str, Any]], path: str) -> Mapping[str, Any]:
    return next(number for number in numbers if number["path"] == path)


def _claim(
    label: str, unit: str, search: list[float], rows: list[Mapping[str, Any]], name: str
) -> Claim:
    def column(key: str) -> Floats:
        return np.array([math.nan if row[key] is None else row[key] for row in rows], np.float64)

    fresh, low, high = column(name), column("low"), column("high")
    shown = np.array([*search, *fresh, *low, *high], np.float64)
    shown = np.abs(shown[np.isfinite(shown)])
    scale = scale_of(unit, None, float(shown.max()) if shown.size else 0.0)
    return Claim(label, scale, np.array(search, np.float64), fresh, low, high)


def draw_confirmed(data: Confirmation, figure: Figure) -> None:
    """A row a candidate: an open mark for the search, a filled one with its interval for fresh."""
    title = "What the search promised and what fresh worlds gave"
    if data.reason is not None:
        style.empty(figure, title, data.origin, data.reason)
        return
    rows = len(data.names)
    inner = 0.34 * rows + 0.1
    height = 1.92 + inner
    figure.set_size_inches(style.SIZE[0], height)
    together = f", for all {rows} together" if rows > 1 else ""
    star = " The best on fresh worlds has a star." if data.best is not None else ""
    style.head(
        figure,
        title,
        f"Over the start in the same worlds; {data.worlds} fresh worlds; bars: "
        f"{100 * data.level:g} % intervals{together}; {data.origin}.{star}",
    )
    keep_head(figure, height)
    names = [f"{name} *" if i == data.best else name for i, name in enumerate(data.names)]
    left = 0.03 + 0.0117 * max(len(name) for name in names)
    width = (0.975 - left) / len(data.claims)
    for i, claim in enumerate(data.claims):
        axes = figure.add_axes((left + i * width, 0.74 / height, width - 0.03, inner / height))
        _draw_claim(axes, claim)
        axes.set_yticks(range(rows), names if i == 0 else [])
        panel_title(axes, claim.label, width)
    handles = [
        Line2D([], [], ls="none", marker="o", ms=5, mfc="white", mec=style.GREY, label="search"),
        Line2D([], [], color=style.BLUE, marker="o", ms=5, label="fresh worlds"),
    ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.02 / height), ncols=2,
        columnspacing=1.4, handletextpad=0.5, handlelength=1.8, fontsize=8.0,
    )  # fmt: skip


def _draw_claim(axes: Axes, claim: Claim) -> None:
    places, factor = np.arange(claim.fresh.size), claim.scale.factor
    axes.axvline(0.0, color=style.INK, lw=1.0)
    axes.hlines(places, factor * claim.low, factor * claim.high, color=style.BLUE, lw=1.8)
    axes.plot(factor * claim.fresh, places, ls="none", marker="o", ms=5.4, color=style.BLUE)
    axes.plot(factor * claim.search, places, ls="none", marker="o", ms=5.4, mfc="none",
              mec=style.GREY, mew=1.2)  # fmt: skip
    axes.set_ylim(claim.fresh.size - 0.45, -0.55)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    axes.set_xlabel(claim.scale.points.strip() or "change")
    axes.tick_params(labelsize=7.8)
