"""What a search found: what can be had at the price of what, which settings matter, what holds."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.core.estimates import Scale, scale_of
from sim.plots import style

__all__ = [
    "Claim",
    "Confirmation",
    "Front",
    "Importance",
    "Shares",
    "confirmed_data",
    "draw_confirmed",
    "draw_front",
    "draw_importance",
    "front_data",
    "importance_data",
]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MAX_PANELS: Final = 4
"""Most panels side by side."""
MAX_ROWS: Final = 16
"""Most settings of the picture of importances."""


# ---- the front --------------------------------------------------------------------------------


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


# ---- importances ------------------------------------------------------------------------------


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
    _keep_head(figure, height)
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
        _panel_title(axes, panel.label, width)


# ---- confirmation -----------------------------------------------------------------------------


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
    _keep_head(figure, height)
    names = [f"{name} *" if i == data.best else name for i, name in enumerate(data.names)]
    left = 0.03 + 0.0117 * max(len(name) for name in names)
    width = (0.975 - left) / len(data.claims)
    for i, claim in enumerate(data.claims):
        axes = figure.add_axes((left + i * width, 0.74 / height, width - 0.03, inner / height))
        _draw_claim(axes, claim)
        axes.set_yticks(range(rows), names if i == 0 else [])
        _panel_title(axes, claim.label, width)
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


def _panel_title(axes: Axes, label: str, width: float) -> None:
    text = f"{label[:1].upper()}{label[1:]}"
    most = max(int((width - 0.02) / 0.0086), 8)
    lines = textwrap.wrap(text, most, max_lines=2, placeholder=" ...")
    axes.set_title("\n".join(lines), fontsize=8.3, loc="left", pad=4.0)


def _keep_head(figure: Figure, height: float) -> None:
    """The head stands as far from the top as in other pictures."""
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * style.SIZE[1] / height))
