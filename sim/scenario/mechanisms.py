"""Settings of mechanisms that each have a file of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sim.core.config import Config
from sim.core.units import Duration, Number, Share

__all__ = [
    "BoredomConfig", "BrowseConfig", "NotificationsConfig", "SatisfactionConfig", "SharingConfig",
]  # fmt: skip

Effect = Annotated[float, Field(ge=0, le=5)]
Weariness = Annotated[float, Field(ge=0, le=5)]


class BrowseConfig(Config):
    """Pages that people open beside their feed."""

    friends: Share = Field(
        default=0.05,
        description="share of feed requests that open Friends, for a user with many friends who "
        "post; assumption, F11 leaves 11.5 % of views to surfaces that it does not name",
    )
    friends_half: Annotated[Number, Field(gt=0, le=10_000)] = Field(
        default=5.0,
        description="friends who post at which that share is at half, accounts; assumption",
    )
    search: Share = Field(
        default=0.04146,
        description="share of feed requests that are a search; fitted to F11 (1.1 % of views)",
    )
    search_sound: Share = Field(
        default=0.1, description="share of searches that look for a rising sound; assumption"
    )
    search_hashtag: Share = Field(
        default=0.3,
        description="share of searches that look for a hashtag; the others look for a topic; "
        "assumption",
    )
    open: Share = Field(
        default=0.689,
        description="share of profile visits on which videos are opened; fitted to F11 (2.0 % of "
        "views on profiles)",
    )

    covers: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.6,
        description="probability that an ordinary cover is opened, on the pages that show covers; "
        "1 opens all; assumption",
    )
    cover: Effect = Field(
        default=0.8, description="rise of ln odds of that per sd of the cover; assumption"
    )
    let_down: Effect = Field(
        default=0.3,
        description="appeal lost by a video that was opened for a cover which promised more, sd; "
        "assumption",
    )

    @model_validator(mode="after")
    def _together(self) -> BrowseConfig:
        if self.search_sound + self.search_hashtag > 1.0:
            raise ValueError(
                "search_sound and search_hashtag are shares of the same searches and may be 1 "
                f"together; got {self.search_sound:g} and {self.search_hashtag:g}"
            )
        return self


class BoredomConfig(Config):
    """What is seen often appeals less; with all four at 0 nobody gets bored."""

    creator: Weariness = Field(
        default=0.05, description="appeal lost per recent video of the same creator, sd; assumption"
    )
    topic: Weariness = Field(
        default=0.002,
        description="appeal lost per recent video with the same strongest topic, sd; assumption",
    )
    sound: Weariness = Field(
        default=0.03, description="appeal lost per recent video with the same sound, sd; assumption"
    )
    format: Weariness = Field(
        default=0.03,
        description="appeal lost per recent video of the same challenge, sd; assumption",
    )
    half_life: Duration = Field(
        default=6 * 3_600.0, ge=60, description="time after which half is forgotten; assumption"
    )


class SatisfactionConfig(Config):
    """What a session was like, and what follows from that."""

    enabled: bool = Field(
        default=True, description="whether it counts what a session was like; assumption"
    )
    usual: Annotated[Number, Field(ge=-5, le=5)] = Field(
        default=0.2,
        description="appeal from which a mood is counted, sd: that of what the default feed shows "
        "in the scenario baseline, so that moods are about 0 there; assumption",
    )
    memory: Annotated[Number, Field(ge=1, le=1_000)] = Field(
        default=12.0, description="videos of which the mood is the mean, videos; assumption"
    )
    leave: Effect = Field(
        default=0.2, description="fall of ln leaving hazard per sd of mood; assumption"
    )
    back: Effect = Field(
        default=0.2,
        description="rise of ln sessions a day until the next one per sd of mood; assumption",
    )
    habit_mood: Effect = Field(
        default=0.2,
        description="rise of ln sessions a day in the long run per sd of mood; assumption",
    )
    pace: Share = Field(
        default=0.05,
        description="part of the way that a habit goes with each session; W18: half an hour a "
        "day, some three sessions, is near twice that after a month",
    )
    newcomer: Annotated[Number, Field(ge=1, le=100)] = Field(
        default=2.0,
        description="how many times as often somebody comes to whom it is a habit as on the first "
        "day; W18",
    )
    lost: Share = Field(
        default=0.0005,
        description="probability that a person stays away after a session of usual mood to whom "
        "it is a habit; assumption",
    )
    lost_mood: Effect = Field(
        default=1.0, description="fall of ln of that probability per sd of mood; assumption"
    )
    lost_habit: Effect = Field(
        default=1.5,
        description="fall of ln of that probability per unit of habit: newcomers are lost sooner; "
        "assumption",
    )
    for_good: Share = Field(
        default=0.5, description="share of those who stay away that never come back; assumption"
    )
    pause: Duration = Field(
        default=14 * 86_400.0,
        ge=3_600,
        description="mean time that the others stay away; assumption",
    )


class NotificationsConfig(Config):
    """What reaches people while they are away."""

    enabled: bool = Field(default=True, description="whether there are notifications; assumption")
    reply: Share = Field(
        default=0.2, description="probability that a comment is answered; assumption"
    )
    reply_delay: Duration = Field(
        default=3_600.0, ge=0, description="mean time until it is; assumption"
    )
    post: Share = Field(
        default=0.05,
        description="share of follows that have the bell on: a notification of each post; "
        "assumption",
    )
    opened: Share = Field(
        default=0.3, description="probability that a notification is ever opened; assumption"
    )
    brings: Share = Field(
        default=0.1,
        description="probability that a notification, or a link, brings back somebody who is away; "
        "who comes for it opens it, unless opened is smaller; assumption",
    )
    delay: Duration = Field(default=600.0, ge=0, description="mean time until it does; assumption")


class SharingConfig(Config):
    """Links that people send each other."""

    contacts: Annotated[Number, Field(ge=0, le=1_000)] = Field(
        default=15.0,
        description="contacts a person has on average, people; 0 switches links off; assumption",
    )
    recipients: Annotated[Number, Field(ge=1, le=5)] = Field(
        default=2.0,
        description="contacts who get a link when somebody shares, mean; heavy-tailed; assumption",
    )
    pass_on: Annotated[Number, Field(ge=0, le=1_000)] = Field(
        default=3.0, description="factor on the odds to share what a contact sent; assumption"
    )
    delay: Duration = Field(
        default=1_800.0, ge=0, description="mean time until a link can be read; assumption"
    )
    opened: Share = Field(
        default=0.6, description="probability that a link is ever opened; assumption"
    )
