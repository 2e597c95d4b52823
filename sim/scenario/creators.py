"""Settings of creators: how often they post, how evenly, and what they make of their numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.config import Config
from sim.core.units import Duration, Number, Share, WeeklyRate

__all__ = ["CreatorsConfig", "ReactConfig"]


class ReactConfig(Config):
    """What creators make of their own numbers; off, they post as at the start for ever.

    A creator looks back at each post when it is old enough, and sees its views alone. How it went
    is the logarithm of its views over what the creator is used to.
    """

    enabled: bool = Field(
        default=False, description="whether creators look back at their posts; assumption"
    )
    after: Duration = Field(
        default=86_400.0,
        ge=3_600,
        description="age of a post when its creator looks; assumption",
    )
    hope: Annotated[Number, Field(ge=0, le=1e9)] = Field(
        default=50.0,
        description="views that somebody hopes for who has no post yet, views; assumption",
    )
    memory: Annotated[Number, Field(ge=1, le=1_000)] = Field(
        default=5.0, description="posts of which what one is used to is the mean, posts; assumption"
    )
    drive: Annotated[Number, Field(ge=0, le=2)] = Field(
        default=0.1,
        description="rise of ln posts a week after a post that went far better than usual, and "
        "fall after one that went far worse; assumption",
    )
    keep: Share = Field(
        default=0.9,
        lt=1,
        description="share of the drive that is left after one more post: it comes back to usual; "
        "assumption",
    )
    pause: Share = Field(
        default=0.02,
        description="probability of a pause after a post that went as usual; assumption",
    )
    pause_length: Duration = Field(
        default=7 * 86_400.0, ge=3_600, description="mean length of a pause; assumption"
    )
    quit: Share = Field(
        default=0.002,
        description="probability to quit after a post that went as usual; assumption",
    )
    failure: Annotated[Number, Field(ge=0, le=5)] = Field(
        default=0.7,
        description="rise of ln of both probabilities per unit of ln views below what one is used "
        "to; assumption",
    )
    come_back: Share = Field(
        default=0.2, description="share of those who quit who come back some day; assumption"
    )
    away: Duration = Field(
        default=30 * 86_400.0, ge=3_600, description="mean time until they do; assumption"
    )
    shift: Annotated[Number, Field(ge=0, le=20)] = Field(
        default=1.5,
        description="ln of views over the usual from which a post about something else becomes "
        "what one posts about; assumption",
    )


class CreatorsConfig(Config):
    """What tells creators apart."""

    posts_per_week: WeeklyRate = Field(
        default=3.9, ge=0, le=7_000, description="posts of the median creator, per week; K3"
    )
    posts_spread: Number = Field(
        default=0.55,
        ge=0,
        le=5,
        description="sd over creators of ln posts per week; K3 (p10 1.8, p90 7.4)",
    )
    popularity_sigma: Number = Field(
        default=2.1,
        ge=0,
        le=5,
        description="sd over creators of ln attraction of the first followers; F14 "
        "(p25 10, p50 48, p75 221, p99 4,374 followers)",
    )
    trend_uptake: Share = Field(
        default=0.15,
        description="share of library sounds that are taken from what trends; assumption",
    )
    react: ReactConfig = Field(
        default_factory=ReactConfig, description="what creators make of their own numbers"
    )
