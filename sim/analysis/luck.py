"""How far videos of one creator differ: the part of success that is not the account."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import polars as pl

from sim.analysis.tables import rows_where

__all__ = ["MIN_POSTS", "Luck", "within_creator"]

MIN_POSTS: Final = 5
"""Posts from which a creator's own spread is used in the mean over creators. F1 has 30; runs
of a few days have no such creators. Assumption."""


@dataclass(frozen=True)
class Luck:
    """Standard deviation of log10(views) around the creator's own mean."""

    sd_mean: float | None
    """Mean over creators of their own standard deviation (as F1), log10 units."""
    creators: int
    """Creators in that mean."""
    sd_pooled: float | None
    """√(Σ squares / Σ (posts-1)) over all creators with two posts or more, log10 units."""
    posts: int
    """Posts in the pooled number."""
    unseen: int
    """Videos without a view, left out of both."""


def within_creator(videos: pl.DataFrame, min_posts: int = MIN_POSTS) -> Luck:
    """Spread of log10(views) within creators (F1: 0.467). Videos without views are left out."""
    seen = rows_where(videos, pl.col("views") > 0).select("creator", y=pl.col("views").log10())
    groups = (
        seen.group_by("creator")
        .agg(n=pl.len(), var=pl.col("y").var())
        .filter(pl.col("n") >= 2)
        .sort("creator")
        .rechunk()
    )
    many = rows_where(groups, pl.col("n") >= max(2, min_posts))
    freedom = int((groups["n"].cast(pl.Int64) - 1).sum())
    squares = float((groups["var"] * (groups["n"].cast(pl.Int64) - 1)).sum())
    mean = many["var"].sqrt().mean()
    return Luck(
        sd_mean=float(mean) if isinstance(mean, int | float) else None,
        creators=many.height,
        sd_pooled=sqrt(squares / freedom) if freedom > 0 else None,
        posts=int(groups["n"].sum()),
        unseen=videos.height - seen.height,
    )
