"""How near the believed interests of people are to their true ones."""

from __future__ import annotations

from typing import Any

import polars as pl

from sim.analysis.tables import rows_where
from sim.core.stages import STAGE_NAMES, STAGES

__all__ = ["learning_summary"]


def learning_summary(users: pl.DataFrame) -> dict[str, Any]:
    """Mean cosine of all users, and of those who were shown so many videos in the run."""
    shown, stages = pl.col("impressions"), {}
    for name, first, after in zip(STAGE_NAMES, STAGES, (*STAGES[1:], None), strict=True):
        there = rows_where(users, (shown >= first) & (shown < after if after else pl.lit(True)))
        stages[name] = {"users": there.height, "belief_cosine": there["belief_cosine"].mean()}
    return {"belief_cosine": users["belief_cosine"].mean(), "stages": stages}
