"""Engagement rate by views for small and large accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from sim.analysis.engagement import MIN_VIEWS, Tier, tiers
from sim.analysis.tables import Tables, mature
from sim.plots import style

__all__ = ["EngagementByTier", "draw_engagement_by_tier", "engagement_by_tier_data"]

SIDE: Final = 0.09
"""How far the two marks of a tier stand to the left and right of its middle."""


@dataclass(frozen=True)
class EngagementByTier:
    """Follower tiers with at least one video."""

    tiers: tuple[Tier, ...]
    rated: int
    """Videos in the means."""
    population: str
    """Which videos these are, in words."""
    origin: str
    reason: str | None = None


def engagement_by_tier_data(tables: Tables) -> EngagementByTier:
    """Engagement of mature ordinary uploads by followers of the author at upload."""
    found = tuple(tier for tier in tiers(mature(tables)) if tier.videos)
    rated = sum(tier.rated for tier in found)
    reason = None
    if not rated:
        reason = f"No ordinary upload is old enough and has {MIN_VIEWS} views."
    return EngagementByTier(found, rated, style.population(tables), style.origin(tables), reason)


def _finding(data: EngagementByTier) -> str:
    """What the first and the last tier with an interval say."""
    known = [
        (t.mean, t.mean_low, t.mean_high)
        for t in data.tiers
        if t.mean is not None and t.mean_low is not None and t.mean_high is not None
    ]
    if len(known) < 2:
        return "Engagement by size of the account"
    (first, first_low, first_high), (last, last_low, last_high) = known[0], known[-1]
    change = f"from {first:.2g} % to {last:.2g} % with followers"
    if last_high < first_low:
        return f"Engagement falls {change}"
    if last_low > first_high:
        return f"Engagement rises {change}"
    return "No clear change of engagement with the size of the account"


def draw_engagement_by_tier(data: EngagementByTier, figure: Figure) -> None:
    """Mean over videos with its interval, and all videos of the tier together."""
    if data.reason is not None:
        style.empty(figure, "Engagement by size of the account", data.origin, data.reason)
        return
    style.head(
        figure,
        _finding(data),
        f"{data.rated:,} ordinary uploads with at least {MIN_VIEWS} views, {data.population}; "
        f"{data.origin}. Bars: 95 % interval, videos taken as independent.",
    )
    axes = figure.add_axes((0.09, 0.185, 0.88, 0.615))
    places = range(len(data.tiers))
    tops = [0.0]
    for x, tier in zip(places, data.tiers, strict=True):
        if tier.mean_low is not None and tier.mean_high is not None:
            axes.plot([x - SIDE] * 2, [tier.mean_low, tier.mean_high], color=style.BLUE, lw=2.0)
            tops.append(tier.mean_high)
    means = [
        (x - SIDE, t.mean) for x, t in zip(places, data.tiers, strict=True) if t.mean is not None
    ]
    totals = [
        (x + SIDE, t.total) for x, t in zip(places, data.tiers, strict=True) if t.total is not None
    ]
    tops += [y for _, y in means + totals]
    axes.plot(
        *zip(*totals, strict=True),
        ls="none",
        marker="D",
        ms=6,
        mfc="white",
        mec=style.ORANGE,
        mew=1.4,
        label="all videos of the tier together",
    )
    axes.plot(
        *zip(*means, strict=True),
        ls="none",
        marker="o",
        ms=6.5,
        color=style.BLUE,
        label=f"mean over videos with at least {MIN_VIEWS} views",
    )
    axes.set_xlim(-0.6, len(data.tiers) - 0.4)
    axes.set_ylim(0, max(tops) * 1.25 or 1.0)
    labels = [f"{tier.label}\nn = {tier.rated:,}" for tier in data.tiers]
    axes.set_xticks(list(places), labels)
    axes.set_xlabel("followers of the author when posting (n: videos in the mean)")
    axes.set_ylabel("engagement rate by views (%)")
    axes.legend(loc="upper right", handlelength=1.2, ncols=2, columnspacing=1.5)
