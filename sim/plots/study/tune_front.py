"""What a search found can be had, and at the price of what."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.core.estimates import Scale, scale_of
from sim.plots import style

__all__ = ["Front", "draw_front", "front_data"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Front:
    """Two numbers of every trial with all worlds, as changes over the start."""

    labels: tuple[str, str]
    """Across and up."""
    scales: tuple[Scale, Scale]
    x: Floats
    """[N] change of the first constraint's number, or of the second objective"""
    y: Floats
    """[N] change of the first objective"""
    feasible: Flags
    on_front: Flags
    bound: float | None
    """Where the constraint ends, as a change across; None without one."""
    tested: tuple[tuple[float, float, float, float, float, float], ...]
    """Of each candidate: across and up in the search, across and up on fresh worlds, and the
    interval of the latter."""
    best: int | None
    """Place of the best in ``tested``."""
    origin: str
    flat: bool = True
    """Whether the front has no more than these two numbers, so that a line shows it."""
    reason: str | None = None


def front_data(content: Mapping[str, Any]) -> Front:
    """The trade-off of a search, from its ``tune.json``."""
    up = content["objectives"][0]
    several = len(content["objectives"]) > 1
    others = content["objectives"][1:] if several else content["constraints"]
    origin = f"{content['scenario']}, seed {content['seed']}, {content['worlds']} worlds a trial"
    whole = [t for t in content["trials"] if t["state"] == "complete"]
    reason = None
    if not others:
        reason = "With one objective and no constraint there is no trade-off to show."
    elif not whole:
        reason = "No trial was played to its end."
    if reason is not None:
        nothing = np.empty(0)
        scale = scale_of("", None, 0.0)
        return Front(("", ""), (scale, scale), nothing, nothing, nothing > 0, nothing > 0, None,
                     (), None, origin, reason=reason)  # fmt: skip
    across = others[0]
    x = np.array([t["means"][across["path"]] - across["start"] for t in whole])
    y = np.array([t["means"][up["path"]] - up["start"] for t in whole])
    bound = None
    if not several:
        bound = across["bound"] * (across["start"] if across["relative"] else 1.0)
        bound -= across["start"]
    known = {t["trial"]: (a, b) for t, a, b in zip(whole, x, y, strict=True)}
    tested = []
    for candidate in content["candidates"]:
        numbers = {number["path"]: number for number in candidate["numbers"]}
        one, two = numbers[across["path"]], numbers[up["path"]]
        if one["difference"] is not None and two["difference"] is not None:
            place = known[candidate["trial"]]
            tested.append((*place, one["difference"], two["difference"], two["low"], two["high"]))
    trials = [c["trial"] for c in content["candidates"]]
    front = set(content["front"])
    return Front(
        labels=(str(across["label"]), str(up["label"])),
        scales=(
            scale_of(across["unit"], None, float(np.abs(x).max())),
            scale_of(up["unit"], None, float(np.abs(y).max())),
        ),
        x=x,
        y=y,
        feasible=np.array([bool(t["feasible"]) for t in whole], np.bool_),
        on_front=np.array([t["trial"] in front for t in whole], np.bool_),
        bound=bound,
        tested=tuple(tested),
        best=trials.index(content["best"]) if content["best"] in trials else None,
        origin=origin,
        flat=len(content["objectives"]) <= 2,
    )


def draw_front(data: Front, figure: Figure) -> None:
    """Trials as marks, the front as a line, candidates on fresh worlds as squares."""
    title = "What can be had, and at what price"
    if data.reason is not None:
        style.empty(figure, title, data.origin, data.reason)
        return
    tail = "a thin line leads from the estimate of the search" if data.tested else ""
    style.head(
        figure, title, f"Changes over the start; {data.origin}" + (f"; {tail}." if tail else ".")
    )
    axes = figure.add_axes((0.13, 0.20, 0.84, 0.575))
    a, b = (scale.factor for scale in data.scales)
    axes.grid(True, axis="both")
    axes.axhline(0.0, color=style.GREY, lw=0.8)
    axes.axvline(0.0, color=style.GREY, lw=0.8)
    axes.scatter(a * data.x[~data.feasible], b * data.y[~data.feasible], s=18, marker="x",
                 c=style.ORANGE, lw=1.0)  # fmt: skip
    axes.scatter(a * data.x[data.feasible], b * data.y[data.feasible], s=18, c=style.MIDDLE_BLUE,
                 lw=0)  # fmt: skip
    order = np.argsort(data.x[data.on_front], kind="stable")
    x, y = a * data.x[data.on_front][order], b * data.y[data.on_front][order]
    line = 1.3 if data.flat else 0.0
    axes.plot(x, y, color=style.BLUE, lw=line, marker="o", ms=4.2, zorder=4)
    if data.bound is not None:
        axes.axvline(a * data.bound, color=style.INK, lw=1.2, ls="--", zorder=2)
    for i, (x0, y0, x1, y1, low, high) in enumerate(data.tested):
        chosen = i == data.best
        axes.plot([a * x0, a * x1], [b * y0, b * y1], color=style.INK, lw=0.6, zorder=5)
        axes.vlines(a * x1, b * low, b * high, color=style.INK, lw=1.4, zorder=6)
        axes.plot(a * x1, b * y1, marker="s", ms=6.0, mec=style.INK, mew=1.1, zorder=7,
                  mfc=style.INK if chosen else "white")  # fmt: skip
    axes.plot(0.0, 0.0, marker="D", ms=6.0, mfc="white", mec=style.INK, mew=1.2, zorder=8)
    across = textwrap.shorten(_change(data.labels[0], data.scales[0]), 94, placeholder=" ...")
    axes.set_xlabel(f"Across: {across}", fontsize=8.5)
    up = textwrap.shorten(_change(data.labels[1], data.scales[1]), 100, placeholder=" ...")
    axes.set_title(f"Up: {up}", fontsize=8.5, loc="left", pad=5.0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(7))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    _front_legend(figure, data)


def _front_legend(figure: Figure, data: Front) -> None:
    def mark(label: str, **how: Any) -> Line2D:
        return Line2D([], [], **{"ls": "none", "ms": 5.0, "label": label, **how})

    handles = [mark("start", marker="D", mfc="white", mec=style.INK)]
    if data.feasible.any():
        handles.append(mark("trial", marker="o", mfc=style.MIDDLE_BLUE, mec=style.MIDDLE_BLUE))
    if (~data.feasible).any():
        handles.append(mark("breaks a constraint", marker="x", mec=style.ORANGE, mew=1.1))
    line = "-" if data.flat else "none"
    handles.append(mark("front", marker="o", ls=line, color=style.BLUE, ms=4.2))
    if data.bound is not None:
        handles.append(mark("bound", ls="--", color=style.INK))
    if data.tested:
        handles.append(mark("fresh worlds", marker="s", mfc="white", mec=style.INK))
    if data.best is not None:
        handles.append(mark("best there", marker="s", mfc=style.INK, mec=style.INK))
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.005), ncols=7,
        columnspacing=1.2, handletextpad=0.4, handlelength=1.5, fontsize=8.0,
    )  # fmt: skip


def _change(label: str, scale: Scale) -> str:
    unit = scale.points.strip()
    return f"{label}, {unit}" if unit else label
