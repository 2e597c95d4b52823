"""Settings of trends: what creators take up, how long it lives, and how the platform finds it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.core.config import Config
from sim.core.units import Duration, Number, Share

__all__ = ["TrendsConfig"]


class TrendsConfig(Config):
    """Sounds, hashtags and challenges rise by being used and seen, age, and end.

    Momentum is the number of recent uses, and of recent views at so many a use, of which half are
    forgotten after ``memory``. Creators take up what stands on the list of what trends, in
    proportion to its momentum times 2 to the power of its age over its life.
    """

    detector: Literal["level", "difference", "acceleration"] = Field(
        default="level",
        description="what the list of what trends is ordered by, hour by hour: the momentum, how "
        "much it has grown since the last look, or how much faster than the time before",
    )
    memory: Duration = Field(
        default=21_600.0,
        ge=600,
        description="time after which half of momentum is forgotten; "
        "assumption, S6 and S7 speak of days",
    )
    views_a_use: Annotated[Number, Field(ge=1, le=1e9)] = Field(
        default=200.0, description="views that count as much as one use; assumption"
    )
    sound_life: Duration = Field(
        default=5 * 86_400.0,
        ge=3_600,
        description="age at which a sound draws half of what its momentum says; assumption",
    )
    challenges: Annotated[Number, Field(ge=0, le=10_000)] = Field(
        default=3.0,
        description="challenges that begin in a day, on the whole platform: a format with a "
        "hashtag of its own; assumption",
    )
    challenge_share: Share = Field(
        default=0.05,
        description="share of posts that join a challenge; creators differ as in their uptake of "
        "sounds; assumption",
    )
    challenge_pull: Annotated[Number, Field(ge=0, le=3)] = Field(
        default=0.8,
        description="sd over challenges of ln of how much they draw; assumption",
    )
    challenge_life: Duration = Field(
        default=4 * 86_400.0,
        ge=3_600,
        description="median over challenges of the age at which they draw half of what their "
        "momentum says; S6 (half of trending hashtags gone in 5 days)",
    )
    challenge_lives: Annotated[Number, Field(ge=0, le=3)] = Field(
        default=1.5,
        description="sd over challenges of ln of that age; S6 (27 % live beyond two weeks)",
    )
    challenge_fit: Share = Field(
        default=0.7,
        description="share of those who join one that take one about what they post about, where "
        "there is one; assumption",
    )
    trending_tags: Share = Field(
        default=0.08,
        description="share of posts that carry the hashtag of a challenge without joining it; "
        "assumption",
    )
    unfitting_tags: Share = Field(
        default=0.05,
        description="share of posts with a hashtag of another topic, by which the platform "
        "misreads them a little; assumption",
    )
