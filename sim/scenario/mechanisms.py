"""Settings of mechanisms that are off until they are calibrated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.config import Config
from sim.core.units import Duration, Number, Share

__all__ = ["BoredomConfig", "SharingConfig"]

Weariness = Annotated[float, Field(ge=0, le=5)]


class BoredomConfig(Config):
    """What is seen often appeals less; off until it is calibrated."""

    creator: Weariness = Field(
        default=0.0, description="appeal lost per recent video of the same creator, sd; assumption"
    )
    topic: Weariness = Field(
        default=0.0, description="appeal lost per recent video of the same topic, sd; assumption"
    )
    sound: Weariness = Field(
        default=0.0, description="appeal lost per recent video with the same sound, sd; assumption"
    )
    half_life: Duration = Field(
        default=6 * 3_600.0, ge=60, description="time after which half is forgotten; assumption"
    )


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
