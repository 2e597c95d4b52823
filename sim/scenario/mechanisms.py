"""Settings of mechanisms that each have a file of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.config import Config
from sim.core.units import Duration, Number, Share

__all__ = ["BoredomConfig", "NotificationsConfig", "SatisfactionConfig", "SharingConfig"]

Effect = Annotated[float, Field(ge=0, le=5)]
Weariness = Annotated[float, Field(ge=0, le=5)]


class BoredomConfig(Config):
    """What is seen often appeals less; with all three at 0 nobody gets bored."""

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
    half_life: Duration = Field(
        default=6 * 3_600.0, ge=60, description="time after which half is forgotten; assumption"
    )


class SatisfactionConfig(Config):
    """What a session was like, and what follows from that."""

    enabled: bool = Field(
        default=True, description="whether it counts what a session was like; assumption"
    )
    usual: Annotated[Number, Field(ge=-5, le=5)] = Field(
        default=-0.15,
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
    """Links that people send each other; off until it is calibrated."""

    contacts: Annotated[Number, Field(ge=0, le=1_000)] = Field(
        default=0.0,
        description="contacts a person has on average, people; 0 switches links off; assumption",
    )
    recipients: Annotated[Number, Field(ge=1, le=5)] = Field(
        default=2.0, description="contacts who get a link when somebody shares, mean; assumption"
    )
    delay: Duration = Field(
        default=1_800.0, ge=0, description="mean time until a link can be read; assumption"
    )
    opened: Share = Field(
        default=0.6, description="probability that a link is ever opened; assumption"
    )
