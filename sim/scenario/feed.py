"""Settings of the recommender: the stages of the feed and their built-in components."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sim.core import sources
from sim.core.actions import ACTION_NAMES
from sim.core.config import Config, FrozenDict
from sim.core.sources import CUSTOM_SOURCE
from sim.core.units import Count, Duration, Multiple, Number, Share, amount, shown, suggest
from sim.scenario.cold_start import ColdStart, NoColdStart, Pools, Thompson
from sim.scenario.components import Choice, Component, Custom, is_custom

__all__ = [
    "SOURCES",
    "WATCH",
    "WATCH_PERCENTILE",
    "WEIGHT_NAMES",
    "Blocked",
    "ColdStart",
    "FeedConfig",
    "FilterSpec",
    "Ineligible",
    "LearningConfig",
    "NoColdStart",
    "Oracle",
    "Own",
    "PerturbConfig",
    "Pools",
    "PredictSpec",
    "ScoreSpec",
    "Seen",
    "SelectSpec",
    "Smoothed",
    "Spaced",
    "Thompson",
    "TooOld",
    "Value",
]

SOURCES: Final = tuple(s.name for s in sources.SOURCES if s.feed and s.name != CUSTOM_SOURCE)
"""Built-in candidate sources, in canonical order."""

WATCH: Final = "watch"
"""Key of the weight per second of expected watch time, beside the action names."""
WATCH_PERCENTILE: Final = "watch_percentile"
"""Key of the weight of the expected watch percentile (see ``sim.feed.percentile``)."""
WEIGHT_NAMES: Final = (*ACTION_NAMES, WATCH, WATCH_PERCENTILE)
"""Columns of a row of weights of the value model."""

# ---- filters --------------------------------------------------------------------------------


class Seen(Component):
    """Drops what this user was shown before."""

    use: Literal["seen"] = "seen"


class Own(Component):
    """Drops the user's own videos."""

    use: Literal["own"] = "own"


class Ineligible(Component):
    """Drops videos that may not be recommended."""

    use: Literal["ineligible"] = "ineligible"


class TooOld(Component):
    """Drops videos above an age."""

    use: Literal["too_old"] = "too_old"
    max_age: Duration = Field(
        default=30 * 86_400.0, gt=0, description="oldest age that may be shown; assumption"
    )


class Blocked(Component):
    """Drops videos of creators whom the user has blocked."""

    use: Literal["blocked"] = "blocked"


FilterSpec = Annotated[
    Seen | Own | Ineligible | TooOld | Blocked | Custom,
    Choice("filter", Seen, Own, Ineligible, TooOld, Blocked),
]

# ---- predict, score, select -----------------------------------------------------------------

Counted = Annotated[Number, Field(ge=0, le=10)]


class Smoothed(Component):
    """Counts of a video's actions, pulled towards the platform's mean, times affinity."""

    use: Literal["smoothed"] = "smoothed"
    prior: Annotated[float | Multiple, amount(float, gt=0, le=1e9)] = Field(
        default=50.0,
        description="strength of the mean, impressions, or a multiple of "
        "``catalogue.mean_impressions`` such as ``0.25x``; assumption",
    )
    topics: Counted = Field(
        default=1.0,
        description="how much of what is believed about the person by topics counts in affinity; 0 "
        "leaves it out of the score, though it is still learned; 1 by the meaning of affinity",
    )
    sound: Counted = Field(default=1.0, description="the same of the sound")
    hashtag: Counted = Field(default=1.0, description="the same of the hashtags")
    creator: Counted = Field(default=1.0, description="the same of the creator")


class Oracle(Component):
    """What people will do, by the truth: an upper bound that no feed can reach."""

    use: Literal["oracle"] = "oracle"


class Value(Component):
    """The value model: sum of weight times predicted probability over the actions."""

    use: Literal["value"] = "value"


class Spaced(Component):
    """Best score first, with creators and sounds kept apart."""

    use: Literal["spaced"] = "spaced"
    creator_gap: Count = Field(
        default=1,
        ge=0,
        le=64,
        description="positions between two videos of one creator; assumption",
    )
    sound_gap: Count = Field(
        default=1,
        ge=0,
        le=64,
        description="positions between two videos with one sound; assumption",
    )


PredictSpec = Annotated[
    Smoothed | Oracle | Custom, Choice("predictor", Smoothed, Oracle, default="smoothed")
]
ScoreSpec = Annotated[Value | Custom, Choice("score", Value)]
SelectSpec = Annotated[Spaced | Custom, Choice("selector", Spaced, default="spaced")]

# ---- weights and sources --------------------------------------------------------------------


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> PydanticCustomError:
    hint = suggest(name, known) or "known are " + ", ".join(known)
    return PydanticCustomError(
        "unknown_name", "{message}", {"message": f"unknown {kind} {shown(name)}; {hint}"}
    )


def _action(name: str) -> str:
    if name not in ACTION_NAMES:
        raise _unknown("action", name, ACTION_NAMES)
    return name


def _weighted(name: str) -> str:
    if name not in WEIGHT_NAMES:
        raise _unknown("action", name, WEIGHT_NAMES)
    return name


def _source(name: str) -> str:
    if name not in SOURCES and not is_custom(name):
        raise _unknown("source", name, SOURCES)
    return name


def _ordered(items: dict[str, float]) -> FrozenDict[str, float]:
    """Built-in names in their own order, then others by name: equal mappings iterate alike."""
    names = (*WEIGHT_NAMES, *SOURCES)
    rank = {name: i for i, name in enumerate(names)}
    order = sorted(items, key=lambda name: (rank.get(name, len(names)), name))
    return FrozenDict({name: items[name] for name in order})


Weight = Annotated[Number, Field(ge=-1e6, le=1e6)]
Spread = Annotated[Number, Field(ge=0.001, le=1)]
Weights = Annotated[
    dict[Annotated[str, AfterValidator(_weighted)], Weight], AfterValidator(_ordered)
]
Signals = Annotated[dict[Annotated[str, AfterValidator(_action)], Weight], AfterValidator(_ordered)]
SourceWeights = Annotated[
    dict[Annotated[str, AfterValidator(_source)], Annotated[Number, Field(ge=0, le=1e6)]],
    Field(min_length=1, max_length=64),
    AfterValidator(_ordered),
]


class LearningConfig(Config):
    """How the platform's belief about a user follows what the user does.

    A signal counts by how much it differs from what anybody would have given that video. What each
    topic adds to it is estimated as a regression is: with few videos the belief stays near that
    of the sign-up, with many it is what they say.
    """

    enabled: bool = Field(
        default=True, description="whether it does; without it the belief is that of the sign-up"
    )
    ticked: Number = Field(
        default=0.4,
        ge=0,
        le=1,
        description="what a ticked topic adds to the signal, before anything is seen (divided by "
        "the square root of how many are ticked); assumption, tried on logs of this model",
    )
    spread: Number = Field(
        default=0.17,
        gt=0,
        le=1,
        description="sd over people of what a topic adds, which is the doubt before anything is "
        "seen; assumption, tried on logs of this model",
    )
    noise: Number = Field(
        default=1.2,
        gt=0,
        le=100,
        description="sd of a signal about what is expected of this person and this video; "
        "assumption, tried on logs of this model",
    )
    drift: Number = Field(
        default=0.03,
        ge=0,
        le=1,
        description="doubt that is left after any number of videos, because tastes may drift, sd; "
        "assumption",
    )
    sound_spread: Spread = Field(
        default=0.14,
        description="sd over people of what a sound adds to the signal; measured in this model, as "
        "their taste for it times the slope of the signal: 0.11 where chance chose the video, 0.19 "
        "where scores did",
    )
    hashtag_spread: Spread = Field(
        default=0.05,
        description="sd over people of what a hashtag adds; measured likewise: 0.04 and 0.06",
    )
    creator_spread: Spread = Field(
        default=0.16,
        description="sd over people of what a creator adds; measured likewise: 0.12 and 0.21",
    )
    posts: Number = Field(
        default=1.0,
        ge=0,
        le=3,
        description="signal that a post of their own counts as, on its topics; 0 for none; "
        "assumption: what a completed video that few complete counts",
    )
    place: Number = Field(
        default=1.0,
        ge=0,
        le=3,
        description="how much of what people of the same locale and device are believed to like "
        "beyond others somebody who joins is believed to like, as a multiple of the best estimate; "
        "0 for none; assumption: the estimate",
    )
    signals: Signals = Field(
        default=_ordered(
            {
                "completion": 1.0,
                "skip": -1.0,
                "loop": 1.0,
                "like": 2.0,
                "comment": 2.0,
                "share": 2.0,
                "save": 2.0,
                "follow": 3.0,
                "sound_tap": 2.0,
                "not_interested": -3.0,
                "profile_visit": 1.0,
                "hashtag_tap": 2.0,
                "block": -3.0,
                "unfollow": -2.0,
            }
        ),
        description="strength of each action as a signal, relative; order from P5 "
        "(follow > like > watch), sizes assumption; one that is not named counts 0",
    )


class PerturbConfig(Config):
    """Weights that differ between users, to measure what each does within one world."""

    size: Share = Field(
        default=0.2, gt=0, lt=1, description="how far a weight goes up or down, of itself"
    )
    weights: tuple[Annotated[str, AfterValidator(_weighted)], ...] = Field(
        default=(),
        max_length=32,
        description="the weights that differ; all that are not 0 when empty",
    )


class FeedConfig(Config):
    """The feed: sources, filters, predict, score, select; cold start and learning."""

    slate: Count = Field(
        default=10, ge=1, le=64, description="videos a request returns; assumption"
    )
    candidates: Count = Field(
        default=200,
        ge=1,
        le=2_000,
        description="candidates of a request, at least the slate; assumption",
    )
    reindex: Duration = Field(
        default=600.0,
        gt=0,
        le=86_400,
        description="time between two builds of the retrieval indexes; counters and scores are "
        "newer (every ``refresh``); X8, assumption",
    )
    control: Share = Field(
        default=0.004,
        description="share of the places of For You that are filled evenly at random from all "
        "videos and not scored, to compare the ranking with; X4 (0.37 %)",
    )
    sources: SourceWeights = Field(
        default=_ordered(
            {
                "interest": 0.40,
                "sound": 0.08,
                "hashtag": 0.07,
                "following": 0.10,
                "fresh": 0.10,
                "trending": 0.15,
                "random": 0.10,
            }
        ),
        description="where candidates come from, relative shares; built-in names or "
        "module:Class; assumption",
    )
    filters: tuple[FilterSpec, ...] = Field(
        default=(Seen(), Own(), Ineligible(), TooOld(), Blocked()),
        max_length=64,
        description="what drops candidates, in this order",
    )
    predict: PredictSpec = Field(
        default=Smoothed(),
        description="what estimates the probability of each action and watch time",
    )
    weights: Weights = Field(
        default=_ordered(
            {
                "like": 0.6,
                "comment": 0.8,
                "share": 1.0,
                "follow": 1.2,
                "watch_percentile": 1.0,
            }
        ),
        description="the value model: weight of each action's probability, of ``watch`` per second "
        "of expected watch time, and of ``watch_percentile``, the share of impressions of "
        "similarly long videos that were watched less; one that is not named counts 0; assumption",
    )
    score: tuple[ScoreSpec, ...] = Field(
        default=(Value(),), min_length=1, max_length=64, description="what makes the score, summed"
    )
    select: SelectSpec = Field(default=Spaced(), description="what picks and orders the slate")
    cold_start: ColdStart = Field(default=Pools(), description="what helps new videos")
    learning: LearningConfig = Field(
        default=LearningConfig(), description="how the belief about users is learned"
    )
    perturb: PerturbConfig | None = Field(
        default=None,
        description="give every user weights that are a little up or down, by a keyed sign each; "
        "without it all users have the same",
    )
