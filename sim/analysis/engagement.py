"""Engagement rates, and how they change with the size of an account."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import polars as pl

from sim.analysis.tables import rows_where

__all__ = [
    "FOLLOWER_TIERS",
    "MIN_VIEWS",
    "TIER_LABELS",
    "Tier",
    "engagement_by_followers",
    "engagement_by_followers_median",
    "engagement_by_views",
    "engagement_mean",
    "engagement_total",
    "tiers",
]

FOLLOWER_TIERS: Final = (0, 1, 10, 100, 1_000, 5_000, 20_000, 100_000, 1_000_000)
"""Lower ends of the follower tiers. From 1,000 up these are the tiers of E1; the lower ones
are an assumption, for worlds in which nobody has a thousand followers."""

MIN_VIEWS: Final = 100
"""Views from which a single video's rate is used in a mean over videos (E1)."""

TIER_LABELS: Final = (
    "0", "1-9", "10-99", "100-999", "1-5K", "5-20K", "20-100K", "100K-1M", "1M+",
)  # fmt: skip
"""Names of the tiers. They are parts of dotted paths, so they hold no dot."""


def engagement_by_views(likes: float, comments: float, shares: float, views: float) -> float | None:
    """Engagement rate by views, percent: 100 · (likes + comments + shares) / views.

    None without views. 50,000 views with 4,500 likes, 300 comments, 200 shares: 10.0.
    """
    return 100.0 * (likes + comments + shares) / views if views > 0 else None


def engagement_by_followers(
    likes: float, comments: float, posts: float, followers: float
) -> float | None:
    """Engagement rate by followers, percent: 100 · ((likes + comments) / posts) / followers.

    None without posts or followers. 12,000 likes and 800 comments over 10 posts with
    20,000 followers: 6.4.
    """
    if posts <= 0 or followers <= 0:
        return None
    return 100.0 * ((likes + comments) / posts) / followers


def engagement_total(videos: pl.DataFrame) -> float | None:
    """Engagement rate by views of all ``videos`` together, percent (aggregate, as in E2)."""
    sums = videos.select("likes", "comments", "shares", "views").sum().row(0)
    return engagement_by_views(*sums)


def _rates(videos: pl.DataFrame, min_views: int) -> pl.DataFrame:
    engaged = pl.col("likes") + pl.col("comments") + pl.col("shares")
    return rows_where(videos, pl.col("views") >= max(1, min_views)).select(
        "followers_at_upload", rate=100.0 * engaged / pl.col("views")
    )


def _mean_with_interval(rates: pl.Series) -> tuple[float | None, float | None, float | None]:
    """Mean and its 95 % interval by Student's t; no interval for a single item."""
    n = rates.len()
    if n == 0:
        return None, None, None
    mean = float(rates.mean())  # type: ignore[arg-type]
    if n == 1:
        return mean, None, None
    # Imported here: SciPy takes longer to load than all else that this file does.
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.975)) * float(rates.std()) / sqrt(n)  # type: ignore[arg-type]
    return mean, max(0.0, mean - half), mean + half


def engagement_mean(
    videos: pl.DataFrame, min_views: int = MIN_VIEWS
) -> tuple[float | None, float | None, float | None]:
    """Mean over videos of the engagement rate by views, percent, with its 95 % interval.

    Videos with fewer than ``min_views`` views are left out: their rate is mostly noise.
    The interval takes videos as independent, as ``wilson`` does.
    """
    return _mean_with_interval(_rates(videos, min_views)["rate"])


def engagement_by_followers_median(
    videos: pl.DataFrame, creators: pl.DataFrame
) -> tuple[float | None, int]:
    """Median over creators of the engagement rate by followers, percent; and how many.

    Creators with at least one of ``videos`` and one follower at the end. Only ``videos``
    count as posts.
    """
    posts = videos.group_by("creator").agg(
        pl.len().alias("n"), engaged=pl.col("likes").sum() + pl.col("comments").sum()
    )
    rates = (
        posts.join(creators.select("creator", "followers_end"), on="creator")
        .filter(pl.col("followers_end") > 0)
        .select(rate=100.0 * pl.col("engaged") / pl.col("n") / pl.col("followers_end"))
    )["rate"]
    median = rates.median()
    return (float(median) if isinstance(median, int | float) else None), rates.len()


@dataclass(frozen=True)
class Tier:
    """Videos whose author had between two numbers of followers when posting."""

    label: str
    low: int
    """Fewest followers, included."""
    high: int | None
    """Most followers, excluded; None for no limit."""
    videos: int
    """Videos in the tier."""
    rated: int
    """Videos with at least the wanted number of views; the mean is over these."""
    mean: float | None
    """Mean engagement rate by views, percent."""
    mean_low: float | None
    mean_high: float | None
    total: float | None
    """Engagement rate by views of all videos of the tier together, percent."""


def tiers(videos: pl.DataFrame, min_views: int = MIN_VIEWS) -> tuple[Tier, ...]:
    """Engagement rate by views for each follower tier (definition of E1, any age)."""
    ends: list[int | None] = [*FOLLOWER_TIERS[1:], None]
    result = []
    for label, low, high in zip(TIER_LABELS, FOLLOWER_TIERS, ends, strict=True):
        inside = pl.col("followers_at_upload") >= low
        if high is not None:
            inside &= pl.col("followers_at_upload") < high
        group = rows_where(videos, inside)
        rates = _rates(group, min_views)["rate"]
        mean, mean_low, mean_high = _mean_with_interval(rates)
        total = engagement_total(group)
        result.append(
            Tier(label, low, high, group.height, rates.len(), mean, mean_low, mean_high, total)
        )
    return tuple(result)
