"""Settings of probes: videos that the scenario plants, their twins, and what is forced on them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from sim.core.config import Config
from sim.core.units import Count, Duration, Number, format_duration
from sim.scenario.population import Slug

__all__ = ["FORCED", "InjectConfig", "ProbeConfig", "TwinsConfig"]

StandardScore = Number
Score = Annotated[StandardScore, Field(ge=-10, le=10)]
Topic = Annotated[Count, Field(ge=0, le=63)]
Length = Annotated[Duration, Field(ge=1, le=36_000)]
Sound = Literal["original", "library", "trending"]
Gives = Literal["entertains", "teaches", "inspires"]
Call = Literal["none", "question", "poll", "sticker"]
Form = Literal["plain", "photo", "effects", "voice_over"]

FORCED: Final = ("impressions", "likes", "skips")
"""What can be forced on a video: that people see it, and what they do about it."""


class InjectConfig(Config):
    """Forced events: people whom chance chooses are shown the video, whatever the feed says."""

    after: Duration = Field(default=0.0, description="time since the post, s")
    impressions: Count = Field(
        default=0, ge=0, description="people who are shown it and do as they like, users"
    )
    likes: Count = Field(
        default=0,
        ge=0,
        description="people who are shown it, watch it to the end and like it, users",
    )
    skips: Count = Field(
        default=0, ge=0, description="people who are shown it and swipe on within a second, users"
    )

    @property
    def people(self) -> int:
        """People who are shown it."""
        return self.impressions + self.likes + self.skips

    def __str__(self) -> str:
        counts = [f"{getattr(self, name):,} {name}" for name in FORCED if getattr(self, name)]
        return f"{' and '.join(counts)} after {format_duration(self.after)}"


class TwinsConfig(Config):
    """One attribute and its values: every video of the probe is posted once with each.

    Twins are the same video, posted at the same moment by accounts that differ in nothing else, and
    whoever meets two of them meets them with the same luck. The first value is what the others are
    compared with.
    """

    followers: tuple[Annotated[Count, Field(ge=0)], ...] | None = Field(
        default=None, min_length=2, max_length=16, description="followers of the account, users"
    )
    quality: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="quality, sd"
    )
    hook: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="strength of the first seconds, sd"
    )
    video_duration: tuple[Length, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="duration of the video"
    )
    topic: tuple[Topic, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="main topic, from 0"
    )
    sound: tuple[Sound, ...] | None = Field(
        default=None, min_length=2, max_length=3, description="sound"
    )
    hold: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="how well the story is told, sd"
    )
    polish: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="technical quality, sd"
    )
    authenticity: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="how genuine it seems, sd"
    )
    originality: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="how little it follows others, sd"
    )
    cover: tuple[Score, ...] | None = Field(
        default=None, min_length=2, max_length=16, description="how much the cover draws, sd"
    )
    value: tuple[Gives, ...] | None = Field(
        default=None, min_length=2, max_length=3, description="what it gives"
    )
    call: tuple[Call, ...] | None = Field(
        default=None, min_length=2, max_length=4, description="what it asks people to do"
    )
    form: tuple[Form, ...] | None = Field(
        default=None, min_length=2, max_length=4, description="how it is made"
    )
    selling: tuple[bool, ...] | None = Field(
        default=None, min_length=2, max_length=2, description="whether it sells something"
    )
    inject: tuple[tuple[InjectConfig, ...], ...] | None = Field(
        default=None, min_length=2, max_length=16, description="forced events; [] for none"
    )

    @property
    def named(self) -> tuple[str, ...]:
        """The attributes with values: one, in a scenario that is right."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def attribute(self) -> str:
        """What the twins differ in."""
        return self.named[0]

    @property
    def values(self) -> tuple[object, ...]:
        """Its values."""
        found: tuple[object, ...] = getattr(self, self.attribute)
        return found

    @property
    def labels(self) -> tuple[str, ...]:
        """The values in words, for tables and plots."""
        return tuple(_label(self.attribute, value) for value in self.values)


def _label(attribute: str, value: object) -> str:
    """A value in words."""
    if attribute == "video_duration" and isinstance(value, int | float):
        return format_duration(value)
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)


class ProbeConfig(Config):
    """Videos that the scenario plants, each by an account of its own."""

    name: Slug = Field(description="name of the probe, unique")
    count: Count = Field(
        default=1, ge=1, le=100_000, description="videos, one account each (twins count as one)"
    )
    followers: Count = Field(
        default=0, ge=0, description="followers of each account, drawn from the users, users"
    )
    post_at: Duration = Field(description="time of the first post, since the start")
    spread: Duration = Field(default=0.0, description="posts are spread evenly over this time")
    quality: StandardScore | None = Field(
        default=None, ge=-10, le=10, description="quality, sd; without it as other creators' posts"
    )
    hook: StandardScore | None = Field(
        default=None,
        ge=-10,
        le=10,
        description="strength of the first seconds, sd; without it as others",
    )
    video_duration: Duration | None = Field(
        default=None, ge=1, le=36_000, description="duration of the videos; without it as others"
    )
    topic: Count | None = Field(
        default=None,
        ge=0,
        le=63,
        description="main topic, from 0; without it as other creators choose",
    )
    seed: Count | None = Field(
        default=None,
        ge=0,
        le=2**63 - 1,
        description="draws topics, quality, hook, length, caption and hashtags of the videos apart "
        "from the world's seed: the n-th video is then the same one in every world; without it "
        "each world has videos of its own",
    )
    sound: Sound | None = Field(
        default=None,
        description="sound: ``original`` is created with the video, ``library`` any known one, "
        "``trending`` one that trends when it is posted; without it as other creators choose",
    )
    hold: StandardScore | None = Field(
        default=None,
        ge=-10,
        le=10,
        description="how well the story is told to its end, sd; "
        "without it as other creators' posts, as all that follows",
    )
    polish: StandardScore | None = Field(
        default=None, ge=-10, le=10, description="technical quality, sd"
    )
    authenticity: StandardScore | None = Field(
        default=None, ge=-10, le=10, description="how genuine it seems, sd"
    )
    originality: StandardScore | None = Field(
        default=None, ge=-10, le=10, description="how little it follows others, sd"
    )
    cover: StandardScore | None = Field(
        default=None, ge=-10, le=10, description="how much the cover draws the eye, sd"
    )
    value: Gives | None = Field(default=None, description="what it gives")
    call: Call | None = Field(default=None, description="what it asks people to do")
    form: Form | None = Field(default=None, description="how it is made")
    selling: bool | None = Field(default=None, description="whether it sells something")
    inject: tuple[InjectConfig, ...] = Field(default=(), max_length=64, description="forced events")
    twins: TwinsConfig | None = Field(
        default=None, description="an attribute in which copies of each video differ"
    )

    @property
    def labels(self) -> tuple[str, ...]:
        """The twins of a video in words; one without a name where there are none."""
        return self.twins.labels if self.twins else ("",)

    def variants(self) -> tuple[ProbeConfig, ...]:
        """The probe as each of its twins has it: itself, where there are none."""
        if self.twins is None:
            return (self,)
        return tuple(
            ProbeConfig.model_validate({**self._plain(), self.twins.attribute: value}, context=None)
            for value in self.twins.values
        )

    def _plain(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in type(self).model_fields if name != "twins"}

    @property
    def videos(self) -> int:
        """Videos that are posted, twins included."""
        return self.count * len(self.labels)
