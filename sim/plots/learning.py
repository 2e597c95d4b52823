"""What the feed has learned of people, by videos seen and by age of video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from matplotlib.figure import Figure

from sim.analysis.control import ranked_over_random
from sim.analysis.regret import regret_summary
from sim.analysis.tables import Tables
from sim.core.stages import STAGE_NAMES
from sim.plots import style

__all__ = ["Learning", "draw_learning", "learning_data"]

TITLE: Final = "What ranking finds for people, by videos seen"


@dataclass(frozen=True)
class Learning:
    """Ranked places and controls of the same slates, by stage of the person."""

    stages: tuple[str, ...]
    """Stages of people with impressions of both."""
    ranked: list[float]
    """Mean match of interests and topics in ranked places, a stage each."""
    control: list[float]
    """The same of what chance drew."""
    by_person: dict[str, float]
    """Share of the gap between chance and an oracle that the ranking closes, by stage."""
    by_video: dict[str, float]
    """The same by age of the video."""
    places: int
    """Ranked places that the oracle was shown."""
    impressions: int
    """Of controls."""
    origin: str
    reason: str | None = None


def learning_data(tables: Tables) -> Learning:
    """Match of ranked videos and of those that chance drew, and how near the best they come."""
    found, regret = ranked_over_random(tables.control), regret_summary(tables.regret)
    known = {
        name: stage for name in STAGE_NAMES
        if (stage := found["stages"][name])["control_impressions"] and stage["ranked_impressions"]
    }  # fmt: skip
    reason = None if known else "No place of For You was filled by chance after the warm-up."

    def series(kind: str) -> list[float]:
        return [float(stage["match"][kind]) for stage in known.values()]

    def closed(kind: str) -> dict[str, float]:
        rows = regret[kind].items()
        return {name: row["closed"] for name, row in rows if row["closed"] is not None}

    return Learning(
        tuple(known), series("ranked"), series("control"), closed("stages"), closed("ages"),
        regret["places"], int(found["control_impressions"]), style.origin(tables), reason,
    )  # fmt: skip


def _finding(data: Learning) -> str:
    """How much of the way to the best it goes for people it knows little and well."""
    found = list(data.by_person.values())
    if len(found) < 2:
        return TITLE
    first, last = (style.percent(share) for share in (found[0], found[-1]))
    return f"Ranking goes {first} of the way to the best at first, {last} later"


def draw_learning(data: Learning, figure: Figure) -> None:
    """Three panels: the match that the feed does not see, and how near the best it comes."""
    if data.reason is not None:
        style.empty(figure, TITLE, data.origin, data.reason)
        return
    style.head(
        figure,
        _finding(data),
        f"Ranked places, {data.impressions:,} controls in the same slates, and {data.places:,} "
        f"places shown to an oracle; {data.origin}.",
    )
    lefts = (0.08, 0.42, 0.735)
    first, second, third = (figure.add_axes((left, 0.19, 0.245, 0.60)) for left in lefts)
    _draw_match(first, data)
    _draw_closed(second, data.by_person, "videos seen before, at least")
    second.set_ylabel("way from chance to the oracle (share)")
    _draw_closed(third, data.by_video, "age of the video")


def _draw_match(axes: Any, data: Learning) -> None:
    """Cosine of ranked places and of controls."""
    places = list(range(len(data.stages)))
    for values, color, marker, words in (
        (data.ranked, style.BLUE, "o", "ranked"),
        (data.control, style.ORANGE, "D", "drawn by chance"),
    ):
        axes.plot(places, values, color=color, marker=marker, ms=6, lw=1.8, label=words)
    top = max([*data.ranked, *data.control])
    axes.set_ylim(0, 1.3 * top if top > 0 else 1.0)
    _label(axes, data.stages, "videos seen before, at least")
    axes.set_ylabel("match of interests and topics (cosine)")
    axes.legend(loc="upper left", fontsize="small")


def _draw_closed(axes: Any, closed: dict[str, float], label: str) -> None:
    """Share of the way from chance (0) to the oracle (1)."""
    values = list(closed.values())
    axes.plot(list(range(len(values))), values, color=style.BLUE, marker="o", ms=6, lw=1.8)
    axes.axhline(0.0, color=style.GREY, lw=1)
    axes.set_ylim(min([0.0, *values]) - 0.02, 1.0)
    _label(axes, tuple(closed), label)


def _label(axes: Any, names: tuple[str, ...], label: str) -> None:
    axes.set_xlim(-0.4, max(len(names), 1) - 0.6)
    # a stage of people ends where the next begins, so its beginning is enough
    short = [name.partition("-")[0] if name in STAGE_NAMES else name for name in names]
    axes.set_xticks(list(range(len(names))), short, fontsize=9)
    axes.set_xlabel(label)
