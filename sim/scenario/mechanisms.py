"""Settings of mechanisms that are off until they are calibrated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.config import Config
from sim.core.units import Duration

__all__ = ["BoredomConfig"]

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
