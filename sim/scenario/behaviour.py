"""Settings of what people do: the truth side of a scenario.

The defaults of the watch and act groups were fitted by ``docs/fitting/fit_behaviour.py`` to the
cited facts; then hazards, levels, leaving and sessions by ``docs/fitting/in_the_loop.py`` on what
the default feed shows, since the facts are of what a real one had chosen. Facts computed from real
exposures rest on KuaiRand-Pure (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624). What no fact
speaks about is called an assumption.

"Spread" always means: the world gives each user a standard normal deviate, and this number
scales it. Hazards and odds are multiplicative, so spreads of them are on the scale of ln.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from sim.core.config import Config
from sim.scenario.mechanisms import (
    BoredomConfig,
    BrowseConfig,
    NotificationsConfig,
    SatisfactionConfig,
    SharingConfig,
)

__all__ = [
    "ActConfig",
    "BehaviourConfig",
    "BoredomConfig",
    "CreateConfig",
    "InterestConfig",
    "NotificationsConfig",
    "SatisfactionConfig",
    "SessionConfig",
    "SharingConfig",
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
        default=2.75,
        description="appeal gained from no to full match of interests and topics, sd; assumption, "
        "chosen so that the variance of appeal over random exposures is about 1",
    )
    affinity_center: Share = Field(
        default=0.57,
        description="affinity at which the match adds nothing, cosine 0 to 1; about that of what "
        "the default feed shows, so that appeal is near 0 there: a third of a sd above; "
        "assumption, since watching and acting are fitted in the loop, whatever it is",
    )
    quality: Slope = Field(
        default=0.4,
        description="appeal per sd of the video's quality, sd; assumption, below the 0.55 that "
        "W12 (video share) gives alone: people differ in what they like more than videos in worth",
    )
    taste: Slope = Field(
        default=0.2,
        description="appeal per sd of the fixed taste of this person for this video, which says "
        "nothing about any other video, sd; assumption, less than what lasts",
    )
    creator_taste: Spread = Field(
        default=0.45,
        description="sd of the lasting taste of a person for a creator, sd of appeal; assumption: "
        "people come back to creators, and no fact says how much of that is the topic",
    )
    sound_taste: Spread = Field(
        default=0.4,
        description="sd of the lasting taste of a person for a sound, sd of appeal; assumption: a "
        "little less than for a creator",
    )
    hashtag_taste: Spread = Field(
        default=0.25,
        description="sd of the lasting taste of a person for three hashtags together, sd of "
        "appeal; a video with fewer has less of it; assumption: topics say most of it already",
    )
    locale_gap: Slope = Field(
        default=0.5, description="appeal lost when the video is from another locale, sd; assumption"
    )


class WatchConfig(Config):
    """When a person swipes on: a hazard over the seconds played."""

    hazard: Curve = Field(
        default=(
            (0.0, 0.03055),
            (0.5, 0.1047),
            (1.0, 0.2994),
            (1.5, 0.2846),
            (2.0, 0.2338),
            (2.5, 0.1995),
            (3.0, 0.1061),
            (4.0, 0.11),
            (5.0, 0.09908),
            (6.0, 0.0967),
            (7.0, 0.09237),
            (8.0, 0.08359),
            (10.0, 0.07384),
            (12.0, 0.06709),
            (15.0, 0.0671),
            (20.0, 0.07786),
            (25.0, 0.0775),
            (30.0, 0.06304),
            (40.0, 0.08149),
            (60.0, 0.07328),
            (80.0, 0.07281),
            (120.0, 0.0715),
            (180.0, 0.04601),
        ),
        description="baseline hazard of swiping, rows of (from second, per second); the last "
        "row goes on for ever; fitted to W1, W2 in the loop",
    )  # fmt: skip
    duration_factor: Curve = Field(
        default=(
            (0.0, 1.073),
            (7.0, 1.073),
            (8.0, 1.264),
            (13.0, 1.099),
            (18.0, 1.125),
            (26.0, 0.9748),
            (37.0, 1.052),
            (50.0, 0.8932),
            (72.0, 0.7452),
            (104.0, 0.8345),
            (148.0, 0.9881),
            (231.0, 1.272),
            (347.0, 0.9526),
        ),
        description="factor on the hazard by duration, rows of (duration in s, factor), linear "
        "between rows; fitted to W4, W1 in the loop",
    )  # fmt: skip
    ending_s: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="how long before its end a video is seen to be ending, s; KuaiRand log (W3)",
    )
    ending_hazard: float = Field(
        default=0.3975,
        ge=0,
        le=10,
        description="hazard added over these last seconds, in all; fitted to W3",
    )
    ending_appeal: Slope = Field(
        default=0.3,
        description="fall of ln of that added hazard per sd of appeal; assumption",
    )
    replay: Curve = Field(
        default=(
            (0.0, 0.271),
            (0.5, 0.3861),
            (1.0, 0.6788),
            (1.5, 0.6078),
            (2.0, 0.3493),
            (3.0, 0.2344),
            (4.0, 0.1903),
            (5.0, 0.1498),
            (7.0, 0.1327),
            (10.0, 0.118),
            (14.0, 0.1006),
            (20.0, 0.07993),
            (30.0, 0.05749),
            (50.0, 0.03215),
        ),
        description="baseline hazard of swiping once the video has started again, rows of "
        "(seconds since its first end, per second); fitted to W3, W6",
    )
    replay_factor: Curve = Field(
        default=(
            (0.0, 0.856),
            (7.0, 0.856),
            (8.0, 0.892),
            (13.0, 0.9),
            (18.0, 0.92),
            (26.0, 0.884),
            (37.0, 0.969),
            (66.0, 1.093),
            (177.0, 1.211),
        ),
        description="factor on that hazard by duration, rows of (duration in s, factor), linear "
        "between rows: short videos loop longer; fitted to W6",
    )
    early_appeal: Slope = Field(
        default=0.2, description="fall of ln hazard per sd of appeal, first 3 s; fitted to W12, W1"
    )
    late_appeal: Slope = Field(
        default=1.191,
        description="fall of ln hazard per sd of appeal, after 3 s; fitted to W12, W4",
    )
    hook: Slope = Field(
        default=0.398,
        description="fall of ln hazard per sd of hook, first 3 s; fitted to W12 (skip)",
    )
    hold: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0.2,
        description="appeal that an sd of hold is worth after the first 3 s, sd; assumption",
    )
    early_patience: Spread = Field(
        default=0.738,
        description="sd over users of ln hazard in the first 3 s; fitted to W12 (skip)",
    )
    late_patience: Spread = Field(
        default=0.771, description="sd over users of ln hazard after 3 s; fitted to W12 (finish)"
    )
    replay_appeal: Slope = Field(
        default=0.2, description="fall of ln hazard per sd of appeal during replays; assumption"
    )
    max_plays: float = Field(
        default=20.0,
        ge=1,
        le=1000,
        description="most plays of one video in one impression; assumption",
    )

    @model_validator(mode="after")
    def _curves_rise(self) -> WatchConfig:
        _rising("hazard", self.hazard)
        _rising("duration_factor", self.duration_factor)
        _rising("replay", self.replay)
        _rising("replay_factor", self.replay_factor)
        if not any(start == 3 for start, _ in self.hazard):
            raise ValueError("hazard needs a row that starts at 3 s, where the hook ends")
        return self


class ActConfig(Config):
    """What a person does about a video: odds = level x shape(watch ratio) x warmth."""

    like: Odds = Field(
        default=0.01155, description="level of like, odds; fitted to E2 (6.76 per 100 views)"
    )
    comment: Odds = Field(
        default=5.018e-05, description="level of comment, odds; fitted to E2 (0.183 per 100 views)"
    )
    share: Odds = Field(
        default=8.206e-05, description="level of share, odds; fitted to E2 (0.228 per 100 views)"
    )
    save: Odds = Field(
        default=0.0001631, description="level of save, odds; fitted to E4 (0.379 per 100 views)"
    )
    follow: Odds = Field(
        default=0.0001128, description="level of follow, odds; fitted to E4 (0.231 per 100 views)"
    )
    sound_tap: Odds = Field(
        default=0.0002626, description="level of sound tap, odds; assumption (0.5 per 100 views)"
    )
    not_interested: Odds = Field(
        default=0.001162,
        description="level of not interested, odds; fitted to E4 (0.080 per 100 views)",
    )
    report: Odds = Field(
        default=0.0,
        description="level of report, odds; 0 until it is calibrated: nobody reports; assumption",
    )
    profile_visit: Odds = Field(
        default=0.001367,
        description="level of profile visit, odds; fitted to E5 (2.11 per 100 impressions)",
    )
    hashtag_tap: Odds = Field(
        default=6.096e-05, description="level of hashtag tap, odds; assumption (0.15 per 100 views)"
    )
    block: Odds = Field(
        default=8.666e-06,
        description="level of block, odds; assumption: one impression in some 100,000, a "
        "hundredth of not interested",
    )
    parent_tap: Odds = Field(
        default=0.01219,
        description="level of opening the parent of a duet or a stitch, odds; assumption",
    )
    unfollow: Odds = Field(
        default=0.0008666,
        description="level of unfollow, odds for a video of ordinary appeal by a followed creator; "
        "assumption",
    )
    like_shape: Curve = Field(
        default=(
            (0.0, 0.112),
            (0.18, 0.57),
            (0.39, 0.649),
            (0.64, 0.991),
            (0.92, 0.991),
            (1.09, 0.991),
            (1.74, 1.585),
            (3.1, 2.736),
        ),
        description="factor on the odds of like by watch ratio, rows of (watch ratio, factor), "
        "linear between rows, used for share, save, follow and sound tap too; fitted to W11",
    )
    comment_shape: Curve = Field(
        default=(
            (0.0, 0.1),
            (0.18, 0.31),
            (0.39, 0.942),
            (0.64, 0.942),
            (0.92, 0.942),
            (1.09, 0.942),
            (1.74, 4.837),
            (3.1, 10.034),
        ),
        description="factor on the odds of comment by watch ratio, rows as in like_shape; "
        "fitted to W11",
    )
    appeal: Slope = Field(default=0.9, description="rise of ln odds per sd of appeal; assumption")
    generosity_spread: Spread = Field(
        default=2.634, description="sd over users of ln odds of acting; fitted to W12 (like), W13"
    )
    common_trait: Spread = Field(
        default=0.6,
        description="sd over videos of ln odds of like, comment, share, save and follow alike, "
        "beside appeal; fitted to E9 and to the spread of like rates in E6",
    )
    like_trait: Spread = Field(
        default=0.3, description="sd over videos of ln odds of a like alone; fitted to E9"
    )
    comment_trait: Spread = Field(
        default=0.2, description="sd over videos of ln odds of a comment alone; fitted to E9"
    )
    share_trait: Spread = Field(
        default=0.45, description="sd over videos of ln odds of a share alone; fitted to E9"
    )
    save_trait: Spread = Field(
        default=0.35, description="sd over videos of ln odds of a save alone; fitted to E9"
    )
    follow_trait: Spread = Field(
        default=0.3, description="sd over videos of ln odds of a follow alone; fitted to E9"
    )
    followed: Factor = Field(
        default=1.5,
        description="factor on the odds for a followed creator; sign from E12, size assumption",
    )
    dislike_appeal: Slope = Field(
        default=1.0, description="fall of ln odds of not interested per sd of appeal; assumption"
    )

    @model_validator(mode="after")
    def _curves_rise(self) -> ActConfig:
        _rising("like_shape", self.like_shape)
        _rising("comment_shape", self.comment_shape)
        return self


class SessionConfig(Config):
    """When people come, how long they stay, and where they look."""

    gap_min_s: float = Field(
        default=0.25, gt=0.2, le=60, description="shortest time between two videos, s; assumption"
    )
    gap_mean_s: float = Field(
        default=0.5,
        ge=0,
        le=600,
        description="mean of the exponential part of that time, s; assumption",
    )
    leave: float = Field(
        default=0.01549,
        gt=0,
        le=1,
        description="hazard of leaving after a video of ordinary appeal, per video; fitted to W17",
    )
    leave_start: Factor = Field(
        default=1.0,
        description="added share of that hazard after the first video, falling as 1 / number of "
        "videos: some visits are brief; fitted to W15",
    )
    leave_appeal: Slope = Field(
        default=0.3,
        description="fall of ln leaving hazard per sd of appeal of the video; assumption",
    )
    leave_skip: Factor = Field(
        default=1.3, description="factor on the leaving hazard after a skip; assumption"
    )
    sessions_per_day: float = Field(
        default=0.9978,
        gt=0,
        le=200,
        description="intensity of sessions of the median user, per day; fitted to W16 and an "
        "assumed 55 % of users active on a day",
    )
    activity_spread: Spread = Field(
        default=1.75, description="sd over users of ln intensity of sessions; fitted to W15, W16"
    )
    activity_min: float = Field(
        default=0.03, gt=0, le=100, description="lowest intensity of sessions, per day; assumption"
    )
    activity_max: float = Field(
        default=20.0,
        gt=0,
        le=1000,
        description="highest intensity of sessions, per day; W17 (8 to 19)",
    )
    rest_s: float = Field(
        default=60.0,
        ge=1,
        le=86400,
        description="shortest time between two sessions, s; assumption",
    )
    hours: Hours = Field(
        default=(
            3.36, 1.68, 1.18, 0.63, 0.48, 0.51, 1.40, 2.43, 3.07, 4.18, 4.44, 5.28,
            6.95, 6.00, 4.90, 4.91, 5.74, 6.66, 5.75, 4.78, 5.28, 5.42, 7.48, 7.48,
        ),
        description="relative intensity of session starts by local hour, from midnight; fitted "
        "so that exposures follow W19 once sessions last and people differ in their hours",
    )  # fmt: skip
    chronotype_spread_h: float = Field(
        default=1.2,
        ge=0,
        le=12,
        description="sd over users of their daily shift, hours; assumption",
    )
    following_share: Share = Field(
        default=0.09,
        description="share of feed requests that open the following surface, for a user who "
        "follows many; For You has 75 to 90 % of views (F11), following is the smaller rest",
    )
    following_half: float = Field(
        default=10.0,
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
        default=(
            0.5, 0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 0.6, 1.2, 2.2, 4.4, 7.6,
            6.0, 4.5, 4.6, 5.6, 8.1, 10.4, 13.5, 14.1, 10.0, 5.6, 3.0, 1.0,
        ),
        description="relative intensity of posting by the creator's local hour, from midnight; "
        "W20, hours between its points interpolated",
    )  # fmt: skip
    rest_s: float = Field(
        default=600.0, ge=1, le=86400, description="shortest time between two posts, s; assumption"
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
    browse: BrowseConfig = Field(
        default_factory=BrowseConfig, description="pages that people open beside their feed"
    )
    boredom: BoredomConfig = Field(
        default_factory=BoredomConfig, description="what people have seen too often lately"
    )
    satisfaction: SatisfactionConfig = Field(
        default_factory=SatisfactionConfig, description="what a session was like, and what follows"
    )
    notifications: NotificationsConfig = Field(
        default_factory=NotificationsConfig, description="what reaches people who are away"
    )
    sharing: SharingConfig = Field(
        default_factory=SharingConfig, description="links that people send each other"
    )
