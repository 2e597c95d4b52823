"""A search trial by trial: how it went on, and what each setting did."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from sim.core.estimates import Scale, scale_of
from sim.plots import style
from sim.plots.study.tune_confirmed import confirmed_data, draw_confirmed
from sim.plots.study.tune_front import draw_front, front_data
from sim.plots.study.tune_importance import draw_importance, importance_data

__all__ = [
    "MAX_SLICES",
    "PICTURES",
    "History",
    "Slice",
    "Slices",
    "draw_history",
    "draw_slices",
    "history_data",
    "slices_data",
]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MAX_SLICES: Final = 12
"""Most settings in one picture."""
COLUMNS: Final = 4


@dataclass(frozen=True)
class History:
    """The first objective over the trials; arrays [N] are in the order of trials."""

    label: str
    number: npt.NDArray[np.int64]
    value: Floats
    """Estimate of the objective, NaN where the trial failed."""
    whole: Flags
    """Whether all worlds were played."""
    feasible: Flags
    best: Floats
    """Best so far of those with all worlds that keep the constraints; the start before."""
    start: float
    scale: Scale
    maximise: bool
    origin: str
    reason: str | None = None


@dataclass(frozen=True)
class Slice:
    """One setting; arrays [N] are in the order of trials."""

    label: str
    place: Floats
    """Value of the setting, or the position of its choice."""
    choice: tuple[str, ...]
    log: bool
    start: float | None
    """Where the search started; None when that is outside."""


@dataclass(frozen=True)
class Slices:
    """What each setting was and what came of it."""

    history: History
    slices: tuple[Slice, ...]
    left_out: int


def history_data(content: Mapping[str, Any]) -> History:
    """The course of a search, from the ``tune.json`` of a study."""
    objective = content["objectives"][0]
    trials = content["trials"]
    value = np.array([math.nan if t["estimates"] is None else t["estimates"][0] for t in trials])
    whole = np.array([t["state"] == "complete" for t in trials], np.bool_)
    feasible = np.array([bool(t["feasible"]) for t in trials], np.bool_)
    start = float(objective["start"])
    maximise = objective["goal"] == "maximise"
    best, best_so_far = [], start
    for x, counts in zip(value, whole & feasible, strict=True):
        if counts:
            best_so_far = max(best_so_far, x) if maximise else min(best_so_far, x)
        best.append(best_so_far)
    known = np.isfinite(value)
    largest = float(np.abs(value[known]).max()) if known.any() else abs(start)
    return History(
        label=str(objective["label"]),
        number=np.array([t["trial"] for t in trials], np.int64),
        value=value,
        whole=whole,
        feasible=feasible,
        best=np.array(best, np.float64),
        start=start,
        scale=scale_of(objective["unit"], None, max(largest, abs(start))),
        maximise=maximise,
        origin=f"{content['scenario']}, seed {content['seed']}, {content['worlds']} worlds a trial",
        reason=None if known.any() else "No trial gave a number.",
    )


def slices_data(content: Mapping[str, Any]) -> Slices:
    """The settings of a search, the most important first, from its ``tune.json``."""
    objective = content["objectives"][0]["path"]
    weight = content["importances"].get(objective, {})
    vary = sorted(content["vary"], key=lambda v: -weight.get(v["path"], 0.0))
    chosen = vary[:MAX_SLICES]
    return Slices(
        history_data(content),
        tuple(_slice(v, content["trials"]) for v in chosen),
        len(vary) - len(chosen),
    )


def _slice(v: Mapping[str, Any], trials: list[Mapping[str, Any]]) -> Slice:
    values = [t["params"][v["path"]] for t in trials]
    if v["choice"]:
        # choices are told apart by what stands in the file, which the texts follow in order
        known = list(dict.fromkeys(map(_word, values)))
        order = [c for c in v["choice"] if c in known]
        order += [c for c in known if c not in order]
        place = np.array([order.index(_word(x)) for x in values], np.float64)
        start = float(order.index(v["start"])) if v["start"] in order else None
        return Slice(v["label"], place, tuple(order), False, start)
    start = None if v["start_value"] is None else float(v["start_value"])
    return Slice(v["label"], np.array(values, np.float64), (), bool(v["log"]), start)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


# ---- drawing ----------------------------------------------------------------------------------


def draw_history(data: History, figure: Figure) -> None:
    """Trials as marks, the best so far as a line."""
    title = "The search, trial by trial"
    if data.reason is not None:
        style.empty(figure, title, data.origin, data.reason)
        return
    last = float(data.best[-1])
    found = last != data.start
    if found:
        title = f"The search went from {data.scale.value(data.start)} to {data.scale.value(last)}"
    style.head(
        figure,
        title,
        f"{data.label}; {data.origin}. Estimates in the worlds of the search: the best of many "
        "looks better than it is.",
    )
    axes = figure.add_axes((0.12, 0.20, 0.85, 0.62))
    factor = data.scale.factor
    axes.axhline(data.start * factor, color=style.INK, lw=1.0, ls=":")
    axes.step(data.number, data.best * factor, where="post", color=style.INK, lw=1.4, zorder=3)
    _marks(axes, data.number.astype(np.float64), data, 20.0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.set_xlabel("trial")
    axes.set_ylabel(_axis_label("objective", data.scale))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlim(-0.02 * max(len(data.number), 1) - 0.5, 1.02 * float(data.number[-1]) + 0.5)
    _legend(figure, data, with_best=True)


def draw_slices(data: Slices, figure: Figure) -> None:
    """A panel for each setting: every trial a mark."""
    history = data.history
    title = "What each setting did"
    if history.reason is not None:
        style.empty(figure, title, history.origin, history.reason)
        return
    columns = min(COLUMNS, len(data.slices))
    rows = math.ceil(len(data.slices) / columns)
    height = 1.36 + 1.72 * rows
    figure.set_size_inches(style.SIZE[0], height)
    more = f" {data.left_out} settings that matter less are left out." if data.left_out else ""
    style.head(
        figure,
        title,
        f"{history.label}; {history.origin}. All other settings vary too; a dotted line is the "
        f"start.{more}",
    )
    for text in figure.texts:  # the head stands as far from the top as in other pictures
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * style.SIZE[1] / height))
    left, right = 0.105, 0.985
    width = (right - left) / columns
    for i, one in enumerate(data.slices):
        row, column = divmod(i, columns)
        axes = figure.add_axes(
            (
                left + column * width,
                1 - (1.04 + 1.72 * row + 1.2) / height,
                width - 0.025,
                1.2 / height,
            )
        )
        _draw_slice(axes, one, history)
        if column == 0:
            axes.set_ylabel(_axis_label("objective", history.scale), fontsize=8.0)
        else:
            axes.tick_params(labelleft=False)
    _legend(figure, history, with_best=False)


def _draw_slice(axes: Axes, one: Slice, history: History) -> None:
    place = one.place
    if one.choice:
        # spread a little, so that marks of one choice do not hide each other
        place = place + 0.5 * ((np.arange(place.size) * 0.618034) % 1.0 - 0.5)
        axes.set_xticks(range(len(one.choice)), [_short(c, 9) for c in one.choice])
        axes.set_xlim(-0.5, len(one.choice) - 0.5)
    _marks(axes, place, history, 11.0)
    if one.log:
        axes.set_xscale("log")
        low, high = float(place.min()), float(place.max())
        ticks = [m * 10.0**k for k in range(-9, 10) for m in (1, 2, 5)]
        inside = [tick for tick in ticks if low <= tick <= high]
        step = max(1, math.ceil(len(inside) / 4))
        axes.xaxis.set_major_locator(FixedLocator(inside[::step] or [low]))
        axes.xaxis.set_minor_locator(NullLocator())
    elif not one.choice:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    if not one.choice:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if one.start is not None:
        axes.axvline(one.start, color=style.INK, lw=1.0, ls=":")
    axes.axhline(history.start * history.scale.factor, color=style.INK, lw=0.8, ls=":")
    axes.tick_params(labelsize=7.5)
    axes.set_title(_short(one.label, 27), fontsize=7.8, loc="left", pad=3.0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def _short(text: str, most: int) -> str:
    """The end of a long path is what tells it from others."""
    return text if len(text) <= most else "..." + text[-(most - 3) :]


def _marks(axes: Axes, x: Floats, data: History, size: float) -> None:
    """Every trial at ``x``: the ones with all worlds in front."""
    y = data.value * data.scale.factor
    known = np.isfinite(y)
    early = known & ~data.whole
    sound = known & data.whole & data.feasible
    broken = known & data.whole & ~data.feasible
    axes.scatter(x[early], y[early], s=0.6 * size, marker="o", fc="white", ec=style.GREY, lw=0.7)
    axes.scatter(x[broken], y[broken], s=size, marker="x", c=style.ORANGE, lw=1.1, zorder=4)
    axes.scatter(x[sound], y[sound], s=size, marker="o", c=style.BLUE, lw=0, zorder=5)


def _axis_label(words: str, scale: Scale) -> str:
    return f"{words},{scale.unit}" if scale.unit else words


def _legend(figure: Figure, data: History, *, with_best: bool) -> None:
    dot: dict[str, Any] = {"ls": "none", "marker": "o"}
    handles = [Line2D([], [], mfc=style.BLUE, mec=style.BLUE, ms=4.6, label="all worlds", **dot)]
    if (data.whole & ~data.feasible).any():
        handles.append(
            Line2D([], [], ls="none", marker="x", mec=style.ORANGE, ms=5.0, mew=1.1,
                   label="breaks a constraint")
        )  # fmt: skip
    if (np.isfinite(data.value) & ~data.whole).any():
        handles.append(
            Line2D([], [], mfc="white", mec=style.GREY, ms=3.8, label="stopped early", **dot)
        )
    if with_best:
        handles.append(Line2D([], [], color=style.INK, lw=1.4, label="best so far"))
        handles.append(Line2D([], [], color=style.INK, lw=1.0, ls=":", label="start"))
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.03 / height), ncols=5,
        columnspacing=1.4, handletextpad=0.5, handlelength=1.6, fontsize=8.0,
    )  # fmt: skip


PICTURES: Final[
    Mapping[str, tuple[Callable[[Mapping[str, Any]], Any], Callable[[Any, Figure], None]]]
] = MappingProxyType(
    {
        "history": (history_data, draw_history),
        "slices": (slices_data, draw_slices),
        "front": (front_data, draw_front),
        "importance": (importance_data, draw_importance),
        "confirmed": (confirmed_data, draw_confirmed),
    }
)
"""All pictures of a search by the name of their file: ``tune.json`` to numbers, and drawing."""
