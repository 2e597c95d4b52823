"""Settings of the world: people, creators, and what is posted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from sim.core.categories import Category, category_at
from sim.core.config import Config
from sim.core.units import Count, Duration, Number, Share, SignedDuration
from sim.scenario.craft import AccessConfig, CraftConfig
from sim.scenario.trends import TrendsConfig

__all__ = [
    "CatalogueConfig",
    "CategoryConfig",
    "DeviceConfig",
    "LocaleConfig",
    "PopulationConfig",
    "Slug",
    "VideoDurationConfig",
]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
"""Name made of small letters, digits, ``-`` and ``_``; safe in file names."""


class LocaleConfig(Config):
    """A language region; people like videos from their own a little better."""

    name: Slug = Field(description="name of the locale")
    share: Share = Field(description="share of users, shares add up to 100 %")
    utc_offset: SignedDuration = Field(
        default=0.0, ge=-86_400, le=86_400, description="local time minus scenario time"
    )


class DeviceConfig(Config):
    """A kind of device; what people like leans a little with it."""

    name: Slug = Field(description="name of the device")
    share: Share = Field(description="share of users, shares add up to 100 %")


class CategoryConfig(Config):
    """A topic with a name."""

    name: Slug = Field(description="name of the category, unique")
    weight: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        description="how often people like it and creators choose it, relative"
    )
    teaches: Share = Field(default=0.15, description="share of its videos that teach; assumption")
    inspires: Share = Field(
        default=0.1, description="share of its videos that inspire; the rest entertains; assumption"
    )

    @model_validator(mode="after")
    def _together(self) -> CategoryConfig:
        if self.teaches + self.inspires > 1.0:
            raise ValueError(
                "teaches and inspires are shares of the same videos and may be 1 together; got "
                f"{self.teaches + self.inspires:g}"
            )
        return self


class PopulationConfig(Config):
    """Who is on the platform."""

    users: Count = Field(
        default=2_000, ge=1, le=50_000_000, description="people, creators included"
    )
    creators: Share = Field(
        default=0.08,
        description="share of users who post; at least one does; assumption "
        "(K1: 52 % ever posted, a quarter of them make 98 % of the videos)",
    )
    joining: Share = Field(
        default=0.0,
        description="share of users who join during the run, evenly over it: they follow nobody "
        "and have posted nothing; the others are there from the start; assumption",
    )
    locales: tuple[LocaleConfig, ...] = Field(
        default=(LocaleConfig(name="home", share=1.0),),
        min_length=1,
        max_length=32,
        description="language regions; assumption: one",
    )
    devices: tuple[DeviceConfig, ...] = Field(
        default=(
            DeviceConfig(name="phone", share=0.85),
            DeviceConfig(name="tablet", share=0.05),
            DeviceConfig(name="desktop", share=0.1),
        ),
        min_length=1,
        max_length=32,
        description="devices, one a person; assumption",
    )
    leaning: Number = Field(
        default=0.3,
        ge=0,
        le=3,
        description="sd, over locales and again over devices, of ln of how much a topic is liked "
        "there beyond elsewhere; 0 switches it off; assumption",
    )
    topics: Count = Field(
        default=16, ge=2, le=64, description="number of topics of interests and videos; assumption"
    )
    categories: tuple[CategoryConfig, ...] | None = Field(
        default=None,
        min_length=2,
        max_length=64,
        description="the topics by name, one each; without it comedy, dance, music, beauty, sport, "
        "animals, food, gaming, fashion, diy, education, product_reviews, travel, family, politics "
        "and energy, the k-th with weight 1 / (k + 5) and energy with 0.01; further ones have "
        "numbers; assumption",
    )
    follows: Number = Field(
        default=25.0,
        ge=0,
        le=100_000,
        description="mean number of creators that a user follows at the start, creators; "
        "assumption (F14: median 155 on a platform with many more creators)",
    )
    declared_interests: Count = Field(
        default=3,
        ge=0,
        le=64,
        description="topics that a user ticks at sign-up, topics; assumption",
    )
    ticking: Share = Field(
        default=0.7,
        description="share of users who tick interests at sign-up, drawn whatever they like; the "
        "others tick none; assumption",
    )

    @model_validator(mode="after")
    def _named(self) -> PopulationConfig:
        if self.categories is None:
            return self
        if len(self.categories) != self.topics:
            raise ValueError(
                f"{len(self.categories)} categories are named for {self.topics} topics; set "
                f"topics to {len(self.categories)}"
            )
        names = [row.name for row in self.categories]
        if len(set(names)) < len(names):
            double = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two categories have the name {double}")
        return self

    @property
    def kinds(self) -> tuple[Category, ...]:
        """The category of each topic."""
        if self.categories is None:
            return tuple(category_at(topic) for topic in range(self.topics))
        return tuple(
            Category(row.name, row.weight, row.teaches, row.inspires) for row in self.categories
        )


class VideoDurationConfig(Config):
    """How long videos are: log-normal, cut at both ends."""

    median: Duration = Field(
        default=25.0, gt=0, le=36_000, description="median duration; assumption"
    )
    spread: Number = Field(default=0.8, ge=0, le=3, description="sd of ln duration; assumption")
    min: Duration = Field(default=5.0, ge=1, le=36_000, description="shortest duration; assumption")
    max: Duration = Field(
        default=600.0, ge=1, le=36_000, description="longest duration; upload limit of 10 min"
    )


class CatalogueConfig(Config):
    """What is posted."""

    history: Duration = Field(
        default=7 * 86_400.0,
        le=366 * 86_400.0,
        description="the first catalogue is what creators posted in this time before the start; "
        "assumption",
    )
    settled: bool = Field(
        default=False,
        description="whether the first catalogue has been through the pools, where there are some, "
        "so that days are alike from the first on; without it all of it is open to all at the "
        "start, and nobody has seen it",
    )
    mean_impressions: Number | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="supply N: expected impressions a day for each post of a day, over whole "
        "days and under a feed like the default one. Accounts that "
        "post and do not watch are added to the creators among the people until there are so many "
        "posts; without it there are none (V1 was measured at about 2,250 views a post)",
    )
    duration: VideoDurationConfig = Field(
        default=VideoDurationConfig(), description="how long videos are"
    )
    craft: CraftConfig = Field(
        default_factory=CraftConfig, description="how videos are made, and what that does"
    )
    access: AccessConfig = Field(
        default_factory=AccessConfig,
        description="who may see a video, answer it and join in, and what is taken down",
    )
    duets: Share = Field(
        default=0.02,
        description="share of posts that are a duet, where a parent is found; assumption",
    )
    stitches: Share = Field(
        default=0.01, description="share of posts that are a stitch, likewise; assumption"
    )
    mentions: Share = Field(
        default=0.03,
        description="share of posts by people with friends that mention one of them; assumption",
    )
    trends: TrendsConfig = Field(
        default_factory=TrendsConfig,
        description="what creators take up of sounds, hashtags and challenges",
    )
    original_sounds: Share = Field(
        default=0.67, description="share of posts whose sound is created with them; S1"
    )
    new_library_sounds: Share = Field(
        default=0.30,
        description="share of posts on a library sound that use one nobody used before; "
        "set to meet S3 (62 % of library sounds are used once)",
    )
    sound_fit: Share = Field(
        default=0.7,
        description="share of posts on the sound of a recent post that take one whose first video "
        "was about the same topic, where there is one; assumption: videos cluster by sound",
    )
    hashtags_per_topic: Count = Field(
        default=20, ge=1, le=10_000, description="hashtags that exist for each topic; assumption"
    )
