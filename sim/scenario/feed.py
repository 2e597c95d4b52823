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
from sim.scenario.components import Choice, Component, Custom, is_custom

__all__ = [
    "SOURCES",
    "WATCH",
    "WATCH_PERCENTILE",
    "WEIGHT_NAMES",
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


FilterSpec = Annotated[
    Seen | Own | Ineligible | TooOld | Custom, Choice("filter", Seen, Own, Ineligible, TooOld)
]

# ---- predict, score, select -----------------------------------------------------------------


class Smoothed(Component):
    """Counts of a video's actions, pulled towards the platform's mean, times affinity."""

    use: Literal["smoothed"] = "smoothed"
    prior: Annotated[float | Multiple, amount(float, gt=0, le=1e9)] = Field(
        default=50.0,
        description="strength of the mean, impressions, or a multiple of "
        "``catalogue.mean_impressions`` such as ``0.25x``; assumption",
    )


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

# ---- cold start -----------------------------------------------------------------------------


class NoColdStart(Component):
    """New videos get no help."""

    KEY = "policy"
    policy: Literal["none"] = "none"


class Pools(Component):
    """Staged pools: a video is shown to a first audience and promoted if it beats its peers."""

    KEY = "policy"
    policy: Literal["pools"] = "pools"
    first: Annotated[int | Multiple, amount(int, ge=1, le=10_000_000)] = Field(
        default=100,
        description="impressions in the first pool, or a multiple of "
        "``catalogue.mean_impressions`` such as ``0.1x``; X1 (100 to 1,000)",
    )
    growth: Number = Field(
        default=4.0, ge=1, le=1000, description="size of a pool over the one before; X2 (3 to 15)"
    )
    promote: Share = Field(
        default=0.10,
        description="share of a pool that goes on, best first; assumption, so that all pools "
        "together need no more places than are kept",
    )
    audience: Literal["matched", "even"] = Field(
        default="matched",
        description="who tests a new video: of some waiting videos that are drawn evenly a person "
        "is shown those that suit them best as far as is believed (``matched``), or any (``even``);"
        " assumption, since an evenly drawn audience says little of whom a video is for",
    )
    levels: Count = Field(
        default=4, ge=1, le=20, description="number of pools; X2 (eight, the later ones by hand)"
    )
    slots: Share = Field(
        default=0.10, description="share of slate positions kept for videos in pools; assumption"
    )
    fill: Duration = Field(
        default=6 * 3_600.0,
        le=30 * 86_400,
        description="time in which a pool fills at the earliest, evenly; assumption, so that about "
        "a third of the views come on the first day (V9)",
    )


class Thompson(Component):
    """Thompson sampling: kept places go to new videos whose value was drawn highest."""

    KEY = "policy"
    policy: Literal["thompson"] = "thompson"
    slots: Share = Field(
        default=0.10, description="share of slate positions kept for new videos; assumption"
    )
    share: Share = Field(
        default=0.25,
        gt=0,
        description="share of the new videos that are shown at a time, best draws first; "
        "assumption",
    )
    until: Annotated[int | Multiple, amount(int, ge=1, le=10_000_000)] = Field(
        default=200,
        description="impressions of a test audience after which a video is on its own, or a "
        "multiple of ``catalogue.mean_impressions``; assumption",
    )
    age: Duration = Field(
        default=2 * 86_400.0,
        gt=0,
        le=30 * 86_400,
        description="age at which it is on its own; assumption",
    )
    audience: Literal["matched", "even"] = Field(
        default="matched",
        description="who tests a new video: of some waiting videos that are drawn evenly a person "
        "is shown those that suit them best as far as is believed (``matched``), or any (``even``);"
        " assumption, since an evenly drawn audience says little of whom a video is for",
    )
    prior: Number = Field(
        default=20.0,
        gt=0,
        le=1e6,
        description="impressions that the creator's past counts for a video, and the platform's "
        "mean for a creator; assumption",
    )
    noise: Number = Field(
        default=1.0, gt=0, le=1e6, description="sd of the value of an impression; assumption"
    )


ColdStart = Annotated[
    NoColdStart | Pools | Thompson,
    Choice("cold-start policy", NoColdStart, Pools, Thompson, default="pools", custom=False),
]

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
        default=(Seen(), Own(), Ineligible(), TooOld()),
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
