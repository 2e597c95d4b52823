"""Settings of the cold start: what helps new videos to their first audience."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.core.units import Count, Duration, Multiple, Number, Share, amount
from sim.scenario.components import Choice, Component

__all__ = ["ColdStart", "NoColdStart", "Pools", "Thompson"]


class NoColdStart(Component):
    """New videos get no help."""

    KEY = "policy"
    policy: Literal["none"] = "none"


class Pools(Component):
    """Staged pools: a video is shown to a first audience and promoted if it beats its peers."""

    KEY = "policy"
    policy: Literal["pools"] = "pools"
    first: Annotated[int | Multiple, amount(int, ge=1, le=10_000_000)] = Field(
        default=100,
        description="impressions in the first pool, or a multiple of "
        "``catalogue.mean_impressions`` such as ``0.1x``; X1 (100 to 1,000)",
    )
    growth: Number = Field(
        default=4.0, ge=1, le=1000, description="size of a pool over the one before; X2 (3 to 15)"
    )
    promote: Share = Field(
        default=0.10,
        description="share of a pool that goes on, best first; assumption, so that all pools "
        "together need no more places than are kept",
    )
    audience: Literal["matched", "even"] = Field(
        default="matched",
        description="who tests a new video: of some waiting videos that are drawn evenly a person "
        "is shown those that suit them best as far as is believed (``matched``), or any (``even``);"
        " assumption, since an evenly drawn audience says little of whom a video is for",
    )
    levels: Count = Field(
        default=4, ge=1, le=20, description="number of pools; X2 (eight, the later ones by hand)"
    )
    slots: Share = Field(
        default=0.10, description="share of slate positions kept for videos in pools; assumption"
    )
    fill: Duration = Field(
        default=6 * 3_600.0,
        le=30 * 86_400,
        description="time in which a pool fills at the earliest, evenly; assumption, so that about "
        "a third of the views come on the first day (V9)",
    )


class Thompson(Component):
    """Thompson sampling: kept places go to new videos whose value was drawn highest."""

    KEY = "policy"
    policy: Literal["thompson"] = "thompson"
    slots: Share = Field(
        default=0.10, description="share of slate positions kept for new videos; assumption"
    )
    share: Share = Field(
        default=0.25,
        gt=0,
        description="share of the new videos that are shown at a time, best draws first; "
        "assumption",
    )
    until: Annotated[int | Multiple, amount(int, ge=1, le=10_000_000)] = Field(
        default=200,
        description="impressions of a test audience after which a video is on its own, or a "
        "multiple of ``catalogue.mean_impressions``; assumption",
    )
    age: Duration = Field(
        default=2 * 86_400.0,
        gt=0,
        le=30 * 86_400,
        description="age at which it is on its own; assumption",
    )
    audience: Literal["matched", "even"] = Field(
        default="matched",
        description="who tests a new video: of some waiting videos that are drawn evenly a person "
        "is shown those that suit them best as far as is believed (``matched``), or any (``even``);"
        " assumption, since an evenly drawn audience says little of whom a video is for",
    )
    prior: Number = Field(
        default=20.0,
        gt=0,
        le=1e6,
        description="impressions that the creator's past counts for a video, and the platform's "
        "mean for a creator; assumption",
    )
    noise: Number = Field(
        default=1.0, gt=0, le=1e6, description="sd of the value of an impression; assumption"
    )


ColdStart = Annotated[
    NoColdStart | Pools | Thompson,
    Choice("cold-start policy", NoColdStart, Pools, Thompson, default="pools", custom=False),
]
