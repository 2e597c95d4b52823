"""How far from chance to an oracle the ranking goes, by videos seen and by age of video."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from sim.analysis.tables import rows_where
from sim.core.stages import AGE_NAMES, AGES_S, STAGE_NAMES, STAGES

__all__ = ["regret_summary"]

_WORTHS: Final = ("shown", "best", "random")


def regret_summary(regret: pl.DataFrame) -> dict[str, Any]:
    """What ranked places are worth, and the share of the gap between chance and oracle closed.

    Worths are means per place, in units of the score.
    """
    by_person = rows_where(regret, pl.col("by") == "person")
    by_age = rows_where(regret, pl.col("by") == "video")

    def each(rows: pl.DataFrame, names: Any, limits: Any) -> dict[str, Any]:
        found = zip(names, limits, strict=True)
        return {name: _compared(rows_where(rows, pl.col("from") == first)) for name, first in found}

    return {
        **_compared(by_person),
        "stages": each(by_person, STAGE_NAMES, STAGES),
        "ages": each(by_age, AGE_NAMES, AGES_S),
    }


def _compared(rows: pl.DataFrame) -> dict[str, Any]:
    places = int(rows["places"].sum())
    sums = {name: float(rows[name].sum()) for name in _WORTHS}
    gap = sums["best"] - sums["random"]
    return {
        "places": places,
        **{name: worth / places if places else None for name, worth in sums.items()},
        "closed": (sums["shown"] - sums["random"]) / gap if places and gap > 0.0 else None,
    }
