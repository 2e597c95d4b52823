"""Parallel worlds: every world a dot, for each number; and what became of the same videos."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.analysis.intervals import wilson
from sim.core.estimates import Scale, scale_of
from sim.plots import style
from sim.scenario.viral import Viral

__all__ = [
    "MAX_STRIPS",
    "Strip",
    "Strips",
    "VideosOfWorlds",
    "draw_strips",
    "draw_videos",
    "strips_data",
    "tick_text",
    "videos_data",
]

Floats = npt.NDArray[np.float64]

MAX_STRIPS: Final = 8
"""Most numbers in one picture."""
GROUPS: Final = 12
"""Most groups of videos by quality that a share is drawn for."""


@dataclass(frozen=True)
class Strip:
    """One number over worlds."""

    label: str
    values: Floats
    """[W] one a world that has the number."""
    mean: float | None
    low: float | None
    high: float | None
    scale: Scale


@dataclass(frozen=True)
class Strips:
    """Several numbers over the same worlds."""

    strips: tuple[Strip, ...]
    worlds: int
    level: float
    origin: str
    more: int
    """Numbers that are not drawn."""


def strips_data(content: Mapping[str, Any]) -> Strips:
    """The first numbers of the ``worlds.json`` of a study."""
    chosen = content["numbers"][:MAX_STRIPS]
    return Strips(
        strips=tuple(_strip(number) for number in chosen),
        worlds=int(content["worlds"]),
        level=float(content["level"]),
        origin=f"{content['scenario']}, seed {content['seed']} and others",
        more=len(content["numbers"]) - len(chosen),
    )


def _strip(number: Mapping[str, Any]) -> Strip:
    values = np.array([v for v in number["values"] if v is not None], dtype=np.float64)
    half = None if number["low"] is None else (number["high"] - number["low"]) / 2
    scale = scale_of(number["unit"], half, float(np.abs(values).max()) if values.size else 0.0)
    return Strip(number["label"], values, number["mean"], number["low"], number["high"], scale)


def draw_strips(data: Strips, figure: Figure) -> None:
    """A row for each number with a scale of its own: worlds as dots, the mean with its interval."""
    rows = len(data.strips)
    height = 0.98 + 0.72 * rows
    figure.set_size_inches(7.0, height)
    more = f" {data.more} more numbers are in worlds.json." if data.more else ""
    style.head(
        figure,
        f"The same scenario in {data.worlds} worlds",
        f"{data.origin}. Dots: one world each; bar: {100 * data.level:g} % interval of the mean "
        f"over worlds.{more}",
    )
    for text in figure.texts:  # the head stands as far from the top as in other pictures
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * 4.5 / height))
    for row, strip in enumerate(data.strips):
        top = 1 - (0.9 + 0.72 * row) / height
        axes = figure.add_axes((0.03, top - 0.34 / height, 0.93, 0.26 / height))
        _draw_strip(axes, strip)


def _draw_strip(axes: Axes, strip: Strip) -> None:
    said = ""
    if strip.mean is not None:
        said = f"{strip.scale.value(strip.mean)}  ({strip.scale.interval(strip.low, strip.high)})"
    label = textwrap.shorten(strip.label, 92 - max(36, len(said)), placeholder=" ...")
    axes.set_title(label, loc="left", fontsize=8.8, pad=3.0)
    axes.set_title(said, loc="right", fontsize=8.8, pad=3.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.set_ylim(-1, 1)
    if strip.values.size == 0:
        axes.set_xticks([])
        axes.text(0.0, 0.0, "no world has this number", color=style.GREY, fontsize=8.5, va="center")
        return
    factor = strip.scale.factor
    shown = strip.values * factor
    axes.plot(
        shown,
        _heights(shown),
        ls="none",
        marker="o",
        ms=3.2,
        mfc=style.MIDDLE_BLUE,
        mec="none",
        alpha=0.75,
        clip_on=False,
    )
    low, high = float(shown.min()), float(shown.max())
    if strip.mean is not None and strip.low is not None and strip.high is not None:
        ends = [strip.low * factor, strip.high * factor]
        axes.plot(ends, [0, 0], color=style.INK, lw=2.6, solid_capstyle="butt", clip_on=False)
        axes.plot([strip.mean * factor], [0], marker="D", ms=4.6, mfc="white", mec=style.INK)
        low, high = min(low, ends[0]), max(high, ends[1])
    room = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_xlim(low - room, high + room)
    # a tick beside the last dot would be cut off at the edge of the picture
    wanted = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ticks = [float(tick) for tick in wanted if low <= tick <= high] or [low]
    axes.set_xticks(ticks, [f"{tick_text(tick)}{strip.scale.unit}" for tick in ticks])


def tick_text(value: float) -> str:
    """``0.25``, ``1,500``, ``2M``."""
    return style.count(value) if abs(value) >= 1e5 else f"{value:,.6g}"


def _heights(values: Floats) -> Floats:
    """Places across the strip, so that dots of like values do not hide each other."""
    order = np.argsort(values, kind="stable")
    places = np.empty(values.size)
    places[order] = np.tile([0.0, 0.5, -0.5, 0.25, -0.25, 0.75, -0.75], values.size // 7 + 1)[
        : values.size
    ]
    return places


@dataclass(frozen=True)
class VideosOfWorlds:
    """The videos of one probe over worlds."""

    probe: str
    same: bool
    """Whether a column is the same video in every world."""
    x: Floats
    """[W, V] place of the video, the most often viral one first, from 1; or its quality, sd."""
    reach: Floats
    """[W, V] users reached."""
    at: Floats
    """[G] where a share is drawn: each video, or groups of like quality."""
    share: Floats
    """[G] share of videos that went viral, 0..1."""
    low: Floats
    """[G] lower end of its 95 % Wilson interval, videos of different worlds as independent."""
    high: Floats
    went: Floats
    """[W, V] 1 for a video that went viral, else 0."""
    viral: Viral
    """What counts as viral."""
    quality_share: float | None
    """Share of the variance of log reach between videos, 0..1."""
    origin: str
    reason: str | None = None


def videos_data(
    content: Mapping[str, Any], probe: Mapping[str, Any], columns: Mapping[str, Floats]
) -> VideosOfWorlds:
    """The columns ``reach``, ``viral`` and ``quality`` [W, V] of a probe of ``worlds.json``."""
    reach = np.asarray(columns.get("reach", np.empty((0, 0))), dtype=np.float64)
    x, at, groups = reach, np.empty(0), list[Floats]()
    went = np.asarray(columns.get("viral", np.empty((0, 0))), dtype=np.float64)
    if reach.size and probe["same_videos"]:
        order = np.lexsort((-np.median(reach, axis=0), -went.mean(axis=0)))
        reach, went = reach[:, order], went[:, order]
        at = np.arange(1.0, reach.shape[1] + 1)
        x = np.broadcast_to(at, reach.shape)
        groups = list(went.T)
    elif reach.size:
        x = np.asarray(columns["quality"], dtype=np.float64)
        number = max(1, min(GROUPS, x.size // 10))
        parts = np.array_split(np.argsort(x, axis=None, kind="stable"), number)
        at = np.array([x.ravel()[part].mean() for part in parts])
        groups = [went.ravel()[part] for part in parts]
    shares = [wilson(int(group.sum()), group.size) for group in groups]
    return VideosOfWorlds(
        probe=probe["probe"],
        same=bool(probe["same_videos"]),
        x=x,
        reach=reach,
        at=at,
        share=np.array([s.share for s in shares], dtype=np.float64),
        low=np.array([s.low for s in shares], dtype=np.float64),
        high=np.array([s.high for s in shares], dtype=np.float64),
        went=went,
        viral=Viral.of_facts(content),
        quality_share=None if probe["quality"] is None else probe["quality"]["value"],
        origin=f"{content['scenario']}, seed {content['seed']} and others",
        reason=None if reach.size else "No world has a video of this probe.",
    )


def _finding(data: VideosOfWorlds) -> str:
    if data.same:
        sure, never = int((data.share == 1).sum()), int((data.share == 0).sum())
        mixed = data.share.size - sure - never
        return f"{mixed} of the same {data.share.size} videos go viral in some worlds only"
    hit = data.went.ravel()
    order = np.argsort(data.x, axis=None, kind="stable")
    third = max(1, order.size // 3)
    best, worst = hit[order[-third:]].mean(), hit[order[:third]].mean()
    return (
        f"Viral: {style.percent(float(best))} of the best third of videos, "
        f"{style.percent(float(worst))} of the worst"
    )


def draw_videos(data: VideosOfWorlds, figure: Figure) -> None:
    """Every video of every world as a dot; below, how often such videos went viral."""
    if data.reason is not None:
        style.empty(figure, f"Videos of {data.probe}", data.origin, data.reason)
        return
    worlds, videos = data.reach.shape
    share = ""
    if data.quality_share is not None:
        percent = style.percent(data.quality_share).replace(" ", "\u00a0")
        of = f"{percent} of the variance of log reach"
        share = f" {of} lies between videos." if data.same else f" Their traits explain {of}."
    style.head(
        figure,
        _finding(data),
        f"{videos:,} videos of {data.probe} in {worlds:,} worlds; {data.origin}. "
        f"Viral: {data.viral}.{share} Bars: 95\u00a0% Wilson interval.",
    )
    upper = figure.add_axes((0.10, 0.36, 0.86, 0.44))
    lower = figure.add_axes((0.10, 0.125, 0.86, 0.185), sharex=upper)
    upper.plot(
        data.x.ravel(), data.reach.ravel(), ls="none", marker="o", ms=2.3,
        mfc=style.MIDDLE_BLUE, mec="none", alpha=0.5,
    )  # fmt: skip
    least, most = float(data.reach.min()), float(data.reach.max())
    if data.viral.counter == "reach" and data.viral.age_s is None:
        upper.axhline(data.viral.least, color=style.ORANGE, lw=1.2, ls="--")
        most = max(most, float(data.viral.least))
    style.log_counts(upper, "y", most, low=max(1.0, least), with_zero=least < 1)
    upper.tick_params(labelbottom=False)
    upper.set_ylabel("reach (users)")
    lower.vlines(data.at, data.low, data.high, color=style.MIDDLE_BLUE, lw=1.6)
    lower.plot(data.at, data.share, ls="none", marker="o", ms=3.6, color=style.BLUE)
    lower.set_ylim(-0.06, 1.06)
    lower.set_yticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
    lower.set_ylabel("went viral")
    if data.same:
        lower.set_xlim(0.0, videos + 1.0)
        lower.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
        lower.set_xlabel("video, by how often it went viral; each dot above is a world")
    else:
        lower.set_xlabel(
            "quality of the video, which the platform cannot see (standard deviations)"
        )
    for axes in (upper, lower):
        axes.yaxis.set_label_coords(-0.068, 0.5)
