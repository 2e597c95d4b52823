"""Settings of events: what the platform does at a moment of a run."""

from __future__ import annotations

from pydantic import Field, model_validator

from sim.core.config import Config
from sim.core.units import Duration
from sim.scenario.feed import Weights

__all__ = ["EventConfig"]


class EventConfig(Config):
    """One thing that the platform does, from the first refresh at this time on; say one."""

    at: Duration = Field(ge=0, description="when")
    weights: Weights | None = Field(
        default=None,
        description="weights of the value model that change: those that are named, and the rest "
        "stay (see ``feed.weights``)",
    )
    take_down: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="the probe whose videos are taken down, those that are there by then: nobody "
        "is shown them any more, but in slates that are made already",
    )

    @model_validator(mode="after")
    def _one(self) -> EventConfig:
        if (self.weights is None) == (self.take_down is None):
            raise ValueError("say one of weights and take_down")
        return self
