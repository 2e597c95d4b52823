"""Settings of what people do: the truth side of a scenario.

The defaults of the watch and act groups were fitted by ``docs/fitting/fit_behaviour.py`` to the
cited facts; facts computed from real exposures rest on KuaiRand-Pure (Gao et al., CIKM 2022,
doi 10.1145/3511808.3557624). What no fact speaks about is called an assumption.

"Spread" always means: the world gives each user a standard normal deviate, and this number
scales it. Hazards and odds are multiplicative, so spreads of them are on the scale of ln.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from sim.core.config import Config

__all__ = [
    "ActConfig",
    "BehaviourConfig",
    "CreateConfig",
    "InterestConfig",
    "SessionConfig",
    "WatchConfig",
]

Slope = Annotated[float, Field(ge=-5, le=5)]
Spread = Annotated[float, Field(ge=0, le=5)]
Share = Annotated[float, Field(ge=0, le=1)]
Odds = Annotated[float, Field(ge=0, le=10)]
Factor = Annotated[float, Field(ge=0, le=1000)]
Hours = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1000)], ...], Field(min_length=24, max_length=24)
]
Curve = Annotated[
    tuple[tuple[float, Annotated[float, Field(gt=0, le=1000)]], ...],
    Field(min_length=1, max_length=39),
]


def _rising(name: str, curve: Curve) -> None:
    """Refuse a curve that does not start at 0 or whose positions do not rise."""
    positions = [x for x, _ in curve]
    if positions[0] != 0:
        raise ValueError(f"{name} must start at 0; got {positions[0]:g}")
    for a, b in pairwise(positions):
        if b <= a:
            raise ValueError(f"{name} must rise from row to row; got {a:g} before {b:g}")


class InterestConfig(Config):
    """How much a video appeals to a person; the sum is about standard normal in a feed."""

    affinity: Slope = Field(
        2.0,
        description="appeal gained from no to full match of interests and topics, sd; assumption",
    )
    affinity_center: Share = Field(
        0.4, description="affinity of an ordinary exposure in a feed, cosine 0 to 1; assumption"
    )
    quality: Slope = Field(
        0.45, description="appeal per sd of the video's quality, sd; fitted to W12 (video share)"
    )
    taste: Slope = Field(
        0.66,
        description="appeal per sd of the fixed taste of this person for this video, sd; "
        "assumption, chosen so that the variance of appeal is about 1",
    )
    locale_gap: Slope = Field(
        0.5, description="appeal lost when the video is from another locale, sd; assumption"
    )


class WatchConfig(Config):
    """When a person swipes on: a hazard over the seconds played."""

    hazard: Curve = Field(
        (
            (0.0, 0.04),
            (0.5, 0.09),
            (1.0, 0.27),
            (2.0, 0.2),
            (3.0, 0.13),
            (5.0, 0.09),
            (8.0, 0.05),
            (12.0, 0.035),
            (20.0, 0.03),
            (60.0, 0.02),
            (120.0, 0.012),
        ),
        description="baseline hazard of swiping, rows of (from second, per second); the last "
        "row goes on for ever; fitted to W1, W2",
    )
    duration_factor: Curve = Field(
        ((0.0, 1.1), (20.0, 1.1), (75.0, 0.9), (300.0, 1.1)),
        description="factor on the hazard by duration, rows of (duration in s, factor), linear "
        "between rows; fitted to W1, W4",
    )
    ending_s: float = Field(
        2.0,
        gt=0,
        le=60,
        description="how long before its end a video is seen to be ending, s; KuaiRand log (W3)",
    )
    ending_hazard: float = Field(
        0.12,
        ge=0,
        le=10,
        description="hazard added over these last seconds, in all; fitted to W3",
    )
    ending_appeal: Slope = Field(
        0.5,
        description="fall of ln of that added hazard per sd of appeal; assumption",
    )
    replay: Curve = Field(
        (
            (0.0, 0.14),
            (0.5, 0.3),
            (1.0, 0.5),
            (2.0, 0.3),
            (3.0, 0.17),
            (5.0, 0.12),
            (8.0, 0.1),
            (20.0, 0.08),
        ),
        description="baseline hazard of swiping once the video has started again, rows of "
        "(seconds since its first end, per second); fitted to W3, W6",
    )
    early_appeal: Slope = Field(
        0.2, description="fall of ln hazard per sd of appeal, first 3 s; fitted to W12, W1"
    )
    late_appeal: Slope = Field(
        0.5, description="fall of ln hazard per sd of appeal, after 3 s; fitted to W12, W4"
    )
    hook: Slope = Field(
        0.2, description="fall of ln hazard per sd of hook, first 3 s; fitted to W12 (skip)"
    )
    early_patience: Spread = Field(
        0.45, description="sd over users of ln hazard in the first 3 s; fitted to W12 (skip)"
    )
    late_patience: Spread = Field(
        0.35, description="sd over users of ln hazard after 3 s; fitted to W12 (finish)"
    )
    replay_appeal: Slope = Field(
        0.3, description="fall of ln hazard per sd of appeal during replays; assumption"
    )
    max_plays: float = Field(
        20, ge=1, le=1000, description="most plays of one video in one impression; assumption"
    )

    @model_validator(mode="after")
    def _curves_rise(self) -> WatchConfig:
        _rising("hazard", self.hazard)
        _rising("duration_factor", self.duration_factor)
        _rising("replay", self.replay)
        if not any(start == 3 for start, _ in self.hazard):
            raise ValueError("hazard needs a row that starts at 3 s, where the hook ends")
        return self


class ActConfig(Config):
    """What a person does about a video: odds = level x shape(watch ratio) x warmth."""

    like: Odds = Field(0.05, description="level of like, odds; fitted to E2 (6.76 per 100 views)")
    comment: Odds = Field(
        0.001, description="level of comment, odds; fitted to E2 (0.183 per 100 views)"
    )
    share: Odds = Field(
        0.001, description="level of share, odds; fitted to E2 (0.228 per 100 views)"
    )
    save: Odds = Field(0.002, description="level of save, odds; fitted to E4 (0.379 per 100 views)")
    follow: Odds = Field(
        0.001, description="level of follow, odds; fitted to E4 (0.231 per 100 views)"
    )
    sound_tap: Odds = Field(
        0.003, description="level of sound tap, odds; assumption (0.5 per 100 views)"
    )
    not_interested: Odds = Field(
        0.0008, description="level of not interested, odds; fitted to E4 (0.080 per 100 views)"
    )
    like_shape: Curve = Field(
        ((0.0, 0.3), (0.2, 0.8), (0.4, 1.0), (0.65, 1.3), (1.25, 1.8), (1.75, 2.5), (2.5, 3.2)),
        description="factor on the odds of like by watch ratio, rows of (watch ratio, factor), "
        "linear between rows, used for share, save, follow and sound tap too; fitted to W11",
    )
    comment_shape: Curve = Field(
        ((0.0, 0.2), (0.2, 0.8), (1.25, 2.0), (2.5, 8.0)),
        description="factor on the odds of comment by watch ratio, rows as in like_shape; "
        "fitted to W11",
    )
    appeal: Slope = Field(0.5, description="rise of ln odds per sd of appeal; assumption")
    generosity_spread: Spread = Field(
        1.5, description="sd over users of ln odds of acting; fitted to W12 (like), W13"
    )
    followed: Factor = Field(
        1.5, description="factor on the odds for a followed creator; sign from E12, size assumption"
    )
    dislike_appeal: Slope = Field(
        1.0, description="fall of ln odds of not interested per sd of appeal; assumption"
    )

    @model_validator(mode="after")
    def _curves_rise(self) -> ActConfig:
        _rising("like_shape", self.like_shape)
        _rising("comment_shape", self.comment_shape)
        return self


class SessionConfig(Config):
    """When people come, how long they stay, and where they look."""

    gap_min_s: float = Field(
        0.25, gt=0.2, le=60, description="shortest time between two videos, s; assumption"
    )
    gap_mean_s: float = Field(
        0.5, ge=0, le=600, description="mean of the exponential part of that time, s; assumption"
    )
    leave: float = Field(
        0.016,
        gt=0,
        le=1,
        description="hazard of leaving after a video of ordinary appeal, per video; fitted to W17",
    )
    leave_start: Factor = Field(
        2.0,
        description="added share of that hazard after the first video, falling as 1 / number of "
        "videos: some visits are brief; fitted to W15",
    )
    leave_appeal: Slope = Field(
        0.3, description="fall of ln leaving hazard per sd of appeal of the video; assumption"
    )
    leave_skip: Factor = Field(
        1.3, description="factor on the leaving hazard after a skip; assumption"
    )
    sessions_per_day: float = Field(
        1.2,
        gt=0,
        le=200,
        description="intensity of sessions of the median user, per day; fitted to W16 and an "
        "assumed 55 % of users active on a day",
    )
    activity_spread: Spread = Field(
        1.4, description="sd over users of ln intensity of sessions; fitted to W15, W16"
    )
    activity_min: float = Field(
        0.03, gt=0, le=100, description="lowest intensity of sessions, per day; assumption"
    )
    activity_max: float = Field(
        20.0, gt=0, le=1000, description="highest intensity of sessions, per day; W17 (8 to 19)"
    )
    rest_s: float = Field(
        60.0, ge=1, le=86400, description="shortest time between two sessions, s; assumption"
    )
    hours: Hours = Field(
        (
            3.93, 2.41, 1.61, 0.98, 0.79, 0.85, 1.57, 2.46, 3.21, 4.03, 4.53, 5.16,
            5.99, 5.76, 5.30, 5.30, 5.70, 6.12, 5.71, 5.23, 5.38, 5.57, 6.35, 6.05,
        ),
        description="relative intensity of session starts by local hour, from midnight; W19",
    )  # fmt: skip
    chronotype_spread_h: float = Field(
        1.5, ge=0, le=12, description="sd over users of their daily shift, hours; assumption"
    )
    following_share: Share = Field(
        0.05,
        description="share of feed requests that open the following surface, for a user who "
        "follows many; For You has 75 to 90 % of views (F11), following is the smaller rest",
    )
    following_half: float = Field(
        10.0,
        gt=0,
        le=10_000,
        description="followed creators at which that share is at half, creators; assumption",
    )

    @model_validator(mode="after")
    def _order(self) -> SessionConfig:
        if self.activity_min >= self.activity_max:
            raise ValueError(
                f"activity_min must be below activity_max; got {self.activity_min:g} and "
                f"{self.activity_max:g}"
            )
        return self


class CreateConfig(Config):
    """When creators post."""

    hours: Hours = Field(
        (
            0.5, 0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 0.6, 1.2, 2.2, 4.4, 7.6,
            6.0, 4.5, 4.6, 5.6, 8.1, 10.4, 13.5, 14.1, 10.0, 5.6, 3.0, 1.0,
        ),
        description="relative intensity of posting by the creator's local hour, from midnight; "
        "W20, hours between its points interpolated",
    )  # fmt: skip
    rest_s: float = Field(
        600.0, ge=1, le=86400, description="shortest time between two posts, s; assumption"
    )


class BehaviourConfig(Config):
    """Everything people do."""

    interest: InterestConfig = Field(
        default_factory=InterestConfig, description="what makes a video appeal to a person"
    )
    watch: WatchConfig = Field(default_factory=WatchConfig, description="how long people watch")
    act: ActConfig = Field(default_factory=ActConfig, description="what they do about a video")
    session: SessionConfig = Field(
        default_factory=SessionConfig, description="when they come and leave"
    )
    create: CreateConfig = Field(default_factory=CreateConfig, description="when creators post")
