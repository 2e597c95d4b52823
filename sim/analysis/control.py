"""Ranked over random: what people do with what was ranked, beside what chance drew for them.

Both are places of the same slates, those that have a control (``sim.feed.control``): the same
people at the same hour. So what is compared are the videos, and not who watches more of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

import polars as pl

from sim.analysis.intervals import Z95
from sim.analysis.tables import rows_where
from sim.core.actions import ACTIONS
from sim.core.stages import STAGE_NAMES, STAGES

__all__ = ["Lift", "lift", "ranked_over_random"]


@dataclass(frozen=True)
class Lift:
    """A rate with ranking over the rate without."""

    control: float | None
    """per impression of controls"""
    ranked: float | None
    """per impression of ranked places beside them"""
    ratio: float | None
    low: float | None
    high: float | None


def lift(ranked: int, of_ranked: int, control: int, of_control: int) -> Lift:
    """Ratio of two shares with its 95 % interval on the log scale (Katz et al. 1978).

    Impressions are taken as independent; several belong to one person, so it is a little too
    narrow. Where one of the counts is 0 there is no interval.
    """
    if of_ranked == 0 or of_control == 0:
        return Lift(
            control / of_control if of_control else None,
            ranked / of_ranked if of_ranked else None, None, None, None,
        )  # fmt: skip
    a, b = ranked / of_ranked, control / of_control
    if control == 0 or ranked == 0:
        return Lift(b, a, a / b if control else None, None, None)
    error = Z95 * sqrt(1 / ranked - 1 / of_ranked + 1 / control - 1 / of_control)
    return Lift(b, a, a / b, a / b * exp(-error), a / b * exp(error))


def ranked_over_random(control: pl.DataFrame) -> dict[str, Any]:
    """The table of a run's controls: all actions, over all and by how many videos were seen."""
    stages = {
        name: _compared(rows_where(control, pl.col("seen_from") == first))
        for name, first in zip(STAGE_NAMES, STAGES, strict=True)
    }
    return {**_compared(control), "stages": stages}


def _compared(rows: pl.DataFrame) -> dict[str, Any]:
    counts = {
        kind: _sums(rows_where(rows, pl.col("kind") == kind)) for kind in ("control", "ranked")
    }
    chance, ranked = counts["control"], counts["ranked"]
    of_chance, of_ranked = int(chance["impressions"]), int(ranked["impressions"])
    tree: dict[str, Any] = {"control_impressions": of_chance, "ranked_impressions": of_ranked}
    for action in ACTIONS:
        found = lift(int(ranked[action.plural]), of_ranked, int(chance[action.plural]), of_chance)
        tree[action.name] = {
            "control": found.control, "ranked": found.ranked, "ratio": found.ratio,
            "ratio_low": found.low, "ratio_high": found.high,
        }  # fmt: skip
    fits = [n["match"] / n["impressions"] if n["impressions"] else None for n in (chance, ranked)]
    tree["match"] = {"control": fits[0], "ranked": fits[1]}
    by_chance, by_rank = (
        n["watch_s"] / n["impressions"] if n["impressions"] else None for n in (chance, ranked)
    )
    tree["watch_s"] = {
        "control": by_chance, "ranked": by_rank,
        "ratio": by_rank / by_chance if by_chance and by_rank is not None else None,
    }  # fmt: skip
    return tree


def _sums(rows: pl.DataFrame) -> dict[str, float]:
    names = ["impressions", "watch_s", "match", *(action.plural for action in ACTIONS)]
    return {name: float(rows[name].sum()) for name in names}
