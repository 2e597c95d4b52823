"""The whole scenario as one frozen tree of settings, in seconds and shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.core.config import Config
from sim.core.units import Count, Duration, Multiple, Share, amount
from sim.scenario.behaviour import BehaviourConfig
from sim.scenario.checks import cross_checks
from sim.scenario.creators import CreatorsConfig
from sim.scenario.events import EventConfig
from sim.scenario.feed import FeedConfig
from sim.scenario.population import CatalogueConfig, PopulationConfig, Slug
from sim.scenario.probes import ProbeConfig
from sim.scenario.tune import TuneConfig

__all__ = ["MAX_DURATION", "RecordConfig", "Scenario", "ViralConfig"]

MAX_DURATION = 3_653 * 86_400.0
"""Longest duration of a scenario, s: ten years."""


class ViralConfig(Config):
    """What counts as viral: a reach or a number of impressions, one of both.

    In a file or a change that is laid over another, the one that it states takes the other's place.
    """

    reach: Share | None = Field(
        default=0.01,
        gt=0,
        description="reach, as a share of the users, from which a video is viral; left out where "
        "``impressions`` is given",
    )
    impressions: Annotated[int | Multiple, amount(int, ge=1, le=1_000_000_000)] | None = Field(
        default=None,
        description="impressions from which a video is viral, or a multiple of "
        "``catalogue.mean_impressions`` such as ``10x``; in place of ``reach``",
    )
    age: Duration | None = Field(
        default=None,
        gt=0,
        le=MAX_DURATION,
        description="age by which a probe has to be viral, to the precision of "
        "``record.timeline``; without it at the end, whatever its age. Of ordinary "
        "uploads only the end is known, so ``reach.viral_share`` of the summary is of those "
        "that are mature, at the end",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_of_both(cls, data: Any) -> Any:
        """Without the default of ``reach`` where ``impressions`` stands for it."""
        if not isinstance(data, Mapping) or data.get("impressions") is None:
            return data
        if data.get("reach") is not None:
            raise PydanticCustomError(
                "two_criteria", "has reach and impressions; state one of both, and remove the other"
            )
        return {**data, "reach": None}

    @model_validator(mode="after")
    def _at_least_one(self) -> ViralConfig:
        if self.reach is None and self.impressions is None:
            raise PydanticCustomError("no_criterion", "needs reach or impressions")
        return self


class RecordConfig(Config):
    """What is written down."""

    timeline: Duration = Field(
        default=600.0, gt=0, le=MAX_DURATION, description="width of the bins of the timeline"
    )
    events: bool = Field(default=False, description="keep every impression in events.parquet")
    regret: Share = Field(
        default=0.0005,
        description="share of the requests of For You that are compared with what an oracle would "
        "have chosen from the same candidates; it changes nothing else",
    )
    tracked: Count = Field(
        default=200,
        ge=0,
        le=1_000_000,
        description="ordinary uploads, the first after the warm-up, whose paths are kept, videos",
    )


class Scenario(Config):
    """One simulated platform; with the seed it fixes a world."""

    name: Slug = Field(description="name of the scenario")
    question: str = Field(default="", max_length=2_000, description="what it is to answer")
    description: str = Field(
        default="", max_length=20_000, description="anything a reader should know"
    )
    seed: Count = Field(default=0, ge=0, le=2**63 - 1, description="fixes every random draw")
    duration: Duration = Field(
        gt=0, le=MAX_DURATION, description="simulated time, warm-up included"
    )
    warmup: Duration = Field(
        default=0.0, description="first part of the duration, which summary numbers leave out"
    )
    refresh: Duration = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="time between two refreshes of counters and models; what one user does is "
        "visible to others from the next refresh on; assumption",
    )
    population: PopulationConfig = Field(
        default=PopulationConfig(), description="who is on the platform"
    )
    creators: CreatorsConfig = Field(
        default=CreatorsConfig(), description="what tells creators apart"
    )
    catalogue: CatalogueConfig = Field(default=CatalogueConfig(), description="what is posted")
    behaviour: BehaviourConfig = Field(default=BehaviourConfig(), description="what people do")
    feed: FeedConfig = Field(default=FeedConfig(), description="what the recommender does")
    probes: tuple[ProbeConfig, ...] = Field(
        default=(), max_length=1_000, description="planted videos, whose fate is the result"
    )
    events: tuple[EventConfig, ...] = Field(
        default=(), max_length=1_000, description="what the platform does at a moment"
    )
    viral: ViralConfig = Field(default=ViralConfig(), description="what counts as viral")
    record: RecordConfig = Field(default=RecordConfig(), description="what is written down")
    tune: TuneConfig | None = Field(
        default=None, description="a search for better settings; changes no run"
    )

    @model_validator(mode="after")
    def _cross_checks(self) -> Scenario:
        findings = cross_checks(self)
        if findings:
            text = "; ".join(f"{finding.path}: {finding.message}" for finding in findings)
            context: dict[str, Any] = {"text": text, "findings": findings}
            raise PydanticCustomError("cross_checks", "{text}", context)
        return self
