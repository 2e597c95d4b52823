"""What the feed has learned of people, by how many videos they have seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from matplotlib.figure import Figure

from sim.analysis.control import ranked_over_random
from sim.analysis.tables import Tables
from sim.core.stages import STAGE_NAMES
from sim.plots import style

__all__ = ["Learning", "draw_learning", "learning_data"]

TITLE: Final = "What ranking finds for people, by videos seen"
_PANELS: Final = (
    ("match", "match of interests and topics (cosine)"),
    ("completion", "watched to the end (share)"),
)


@dataclass(frozen=True)
class Learning:
    """Ranked places and controls of the same slates, by stage of the person."""

    stages: tuple[str, ...]
    """Stages with impressions of both."""
    ranked: dict[str, list[float]]
    """Number of each panel, a stage each."""
    control: dict[str, list[float]]
    impressions: int
    """Of controls."""
    origin: str
    reason: str | None = None


def learning_data(tables: Tables) -> Learning:
    """Match and completion of ranked videos and of those that chance drew."""
    found = ranked_over_random(tables.control)
    known = {
        name: stage for name in STAGE_NAMES
        if (stage := found["stages"][name])["control_impressions"] and stage["ranked_impressions"]
    }  # fmt: skip
    reason = None if known else "No place of For You was filled by chance after the warm-up."

    def series(kind: str) -> dict[str, list[float]]:
        return {name: [float(s[name][kind]) for s in known.values()] for name, _ in _PANELS}

    return Learning(
        tuple(known), series("ranked"), series("control"), int(found["control_impressions"]),
        style.origin(tables), reason,
    )  # fmt: skip


def _finding(data: Learning) -> str:
    """Whether ranked videos fit better the longer the feed has known a person."""
    ranked, control = data.ranked["match"], data.control["match"]
    if len(ranked) < 2:
        return TITLE
    first, last = ranked[0] - control[0], ranked[-1] - control[-1]
    return f"Ranking adds {first:.2f} to the match at first and {last:.2f} later"


def draw_learning(data: Learning, figure: Figure) -> None:
    """Two panels: the truth that the feed does not see, and what people do."""
    if data.reason is not None:
        style.empty(figure, TITLE, data.origin, data.reason)
        return
    style.head(
        figure,
        _finding(data),
        f"Ranked places and {data.impressions:,} controls in the same slates of For You; "
        f"{data.origin}.",
    )
    places = list(range(len(data.stages)))
    for number, (name, label) in enumerate(_PANELS):
        axes: Any = figure.add_axes((0.09 + 0.49 * number, 0.185, 0.40, 0.615))
        for series, color, marker, words in (
            (data.ranked[name], style.BLUE, "o", "ranked"),
            (data.control[name], style.ORANGE, "D", "drawn by chance"),
        ):
            axes.plot(places, series, color=color, marker=marker, ms=6, lw=1.8, label=words)
        top = max([*data.ranked[name], *data.control[name]])
        axes.set_ylim(0, 1.3 * top if top > 0 else 1.0)
        axes.set_xlim(-0.4, len(places) - 0.6)
        axes.set_xticks(places, data.stages)
        axes.set_xlabel("videos that the person had seen before")
        axes.set_ylabel(label)
        if number == 0:
            axes.legend(loc="upper left", ncols=2)
