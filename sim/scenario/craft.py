"""Settings of what videos are made of, beside their topic, length, hook and sound."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from sim.core.config import Config
from sim.core.units import Duration, Share

__all__ = ["CALLS", "FORMS", "VALUES", "AccessConfig", "CraftConfig"]

VALUES: Final = ("entertains", "teaches", "inspires")
CALLS: Final = ("none", "question", "poll", "sticker")
FORMS: Final = ("plain", "photo", "effects", "voice_over")
"""What a video gives, asks for, and how it is made; the position is the code in arrays."""

Times = Annotated[float, Field(ge=0, le=20)]
Loading = Annotated[float, Field(ge=0, le=0.9)]
Effect = Annotated[float, Field(ge=-3, le=3)]


class CraftConfig(Config):
    """How videos are made, and what that does; shares are of posts.

    Factors on odds are divided by their mean over posts, and shifts are taken from their mean, so
    that an ordinary post stays as it is.
    """

    polish: Loading = Field(
        default=0.3,
        description="share of quality, as a correlation, that is technical: light, cut, sound; "
        "assumption",
    )
    question: Share = Field(default=0.10, description="captions with a question; assumption")
    question_comments: Times = Field(
        default=1.8, description="factor on the odds of a comment by a question; assumption"
    )
    poll: Share = Field(default=0.02, description="posts with a poll or a quiz; assumption")
    poll_comments: Times = Field(
        default=1.4, description="factor on the odds of a comment by a poll; assumption"
    )
    sticker: Share = Field(
        default=0.04, description="posts with a sticker that asks for something; assumption"
    )
    sticker_comments: Times = Field(
        default=1.2, description="factor on the odds of a comment by such a sticker; assumption"
    )
    teach_saves: Times = Field(
        default=1.6, description="factor on the odds of a save where a video teaches; assumption"
    )
    inspire_shares: Times = Field(
        default=1.4, description="factor on the odds of a share where it inspires; assumption"
    )
    inspire_follows: Times = Field(
        default=1.2, description="factor on the odds of a follow where it inspires; assumption"
    )
    authentic_comments: Effect = Field(
        default=0.1,
        description="rise of ln odds of a comment per sd of authenticity; assumption",
    )
    authentic_follows: Effect = Field(
        default=0.1,
        description="rise of ln odds of a follow per sd of authenticity; assumption",
    )
    original_follows: Effect = Field(
        default=0.2,
        description="rise of ln odds of a follow per sd of originality: trends bring reach, "
        "originals bring followers; assumption",
    )
    selling: Share = Field(default=0.08, description="posts that sell something; assumption")
    selling_quality: Effect = Field(
        default=-0.3, description="what selling adds to quality, sd; assumption"
    )
    selling_shares: Times = Field(
        default=0.7, description="factor on the odds of a share by selling; assumption"
    )
    photo: Share = Field(
        default=0.06, description="photo posts, of the length people look at; assumption"
    )
    photo_hold: Effect = Field(
        default=0.2, description="what photos add to hold, sd: one looks at them all; assumption"
    )
    effects: Share = Field(default=0.2, description="posts with effects; assumption")
    effects_hook: Effect = Field(
        default=0.15, description="what effects add to the hook, sd; assumption"
    )
    voice_over: Share = Field(default=0.15, description="posts with a voice-over; assumption")
    voice_over_hold: Effect = Field(
        default=0.15, description="what a voice-over adds to hold, sd; assumption"
    )
    promises: Share = Field(
        default=0.1, description="covers that promise more than the video has; assumption"
    )

    @model_validator(mode="after")
    def _together(self) -> CraftConfig:
        for names in (("question", "poll", "sticker"), ("photo", "effects", "voice_over")):
            total = sum(getattr(self, name) for name in names)
            if total > 1.0:
                raise ValueError(
                    f"{', '.join(names[:-1])} and {names[-1]} are shares of the same posts and may "
                    f"be 1 together; got {total:g}"
                )
        return self


class AccessConfig(Config):
    """Who may see a video, answer it and join in, and what is taken down; shares are of posts."""

    followers_only: Share = Field(
        default=0.01, description="posts that followers alone may see; assumption"
    )
    friends_only: Share = Field(
        default=0.01, description="posts that the surface Friends alone shows; assumption"
    )
    comments_closed: Share = Field(default=0.03, description="posts without comments; assumption")
    duets_closed: Share = Field(
        default=0.15, description="posts of which nobody can make a duet or a stitch; assumption"
    )
    refused: Share = Field(
        default=0.003, description="posts that are not eligible and never shown; assumption"
    )
    taken_down: Share = Field(
        default=0.003, description="posts that are taken down after a while; assumption"
    )
    taken_down_after: Duration = Field(
        default=86_400.0, gt=0, description="mean time until that, s; assumption"
    )

    @model_validator(mode="after")
    def _together(self) -> AccessConfig:
        total = self.followers_only + self.friends_only + self.refused
        if total > 1.0:
            raise ValueError(
                "followers_only, friends_only and refused are shares of the same posts and may be "
                f"1 together; got {total:g}"
            )
        return self
