"""Every built-in component passes the contract of its stage."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from sim.core.errors import ComponentError
from sim.core.random import uniform
from sim.feed.builtin import BuiltinSource, Ineligible, Own, Seen, Smoothed, Spaced, TooOld, Value
from sim.feed.compiled import CompiledScore
from sim.feed.component import Candidates, GivenPrediction
from sim.feed.plain.components import PlainSmoothed, PlainSource, PlainSpaced
from sim.feed.view import FeedView, Requests
from sim.testing.contracts import (
    CompiledScoreContract,
    FilterContract,
    PredictorContract,
    ScorerContract,
    SelectorContract,
    SourceContract,
)

WEIGHTS = np.linspace(-1.0, 1.0, 10)


class TestInterest(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("interest")


class TestSound(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("sound")


class TestHashtag(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("hashtag")


class TestFollowing(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("following")


class TestFresh(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("fresh")


class TestTrending(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("trending")


class TestRandom(SourceContract):
    def component(self) -> BuiltinSource:
        return BuiltinSource.named("random")


class TestPlainInterest(SourceContract):
    def component(self) -> PlainSource:
        return PlainSource.named("interest")


class TestPlainSound(SourceContract):
    def component(self) -> PlainSource:
        return PlainSource.named("sound")


class TestPlainFollowing(SourceContract):
    def component(self) -> PlainSource:
        return PlainSource.named("following")


class TestPlainRandom(SourceContract):
    def component(self) -> PlainSource:
        return PlainSource.named("random")


class TestSeen(FilterContract):
    def component(self) -> Seen:
        return Seen()


class TestOwn(FilterContract):
    def component(self) -> Own:
        return Own()


class TestIneligible(FilterContract):
    def component(self) -> Ineligible:
        return Ineligible()


class TestTooOld(FilterContract):
    def component(self) -> TooOld:
        return TooOld(86_400.0)


class TestSmoothed(PredictorContract):
    def component(self) -> Smoothed:
        return Smoothed(20.0)


class TestPlainSmoothed(PredictorContract):
    def component(self) -> PlainSmoothed:
        return PlainSmoothed(20.0)


class TestValue(ScorerContract):
    def component(self) -> Value:
        return Value()


@numba.njit
def lucky(score: Any, candidate: Any, size: Any = 0.2) -> Any:
    spread = size / (1.0 + candidate.likes + candidate.affinity**2)
    return score + spread * uniform(candidate.stream, 10_000_000 + candidate.video)


class TestCompiled(CompiledScoreContract):
    def component(self) -> CompiledScore:
        return CompiledScore("lucky", lucky, {"size": 3})


class TestSpaced(SelectorContract):
    def component(self) -> Spaced:
        return Spaced(1, 1)


class TestPlainSpaced(SelectorContract):
    def component(self) -> PlainSpaced:
        return PlainSpaced(1, 1)


class TestSpacedWithoutRules(SelectorContract):
    def component(self) -> Spaced:
        return Spaced(0, 0)


# ---- components that break their contract ---------------------------------------------------


class Lottery:
    """Draws from a generator of its own."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng()

    def candidates(self, requests: Requests, view: FeedView, count: int) -> Any:
        return self._rng.integers(0, view.videos.count, (len(requests), count))


class Popular:
    """Compares the requests of a batch with each other."""

    def score(self, requests: Any, candidates: Candidates, p: Any, scores: Any, view: Any) -> Any:
        return scores - scores.max()


class InPlace:
    """Writes into the scores that it is handed."""

    def score(self, requests: Any, candidates: Any, p: Any, scores: Any, view: FeedView) -> Any:
        scores += view.momentum[candidates.video] + 1
        return scores


class Twice:
    """Shows the first candidate again and again."""

    def select(self, requests: Requests, c: Any, scores: Any, view: Any, length: int) -> Any:
        return np.zeros((len(requests), length), np.int64)


class Beyond:
    """Invents videos."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> Any:
        return np.full((len(requests), count), view.videos.count, np.int32)


class Backwards:
    """Expects people to give time back."""

    def predict(self, requests: Any, candidates: Candidates, view: Any) -> Any:
        shape = candidates.video.shape
        return GivenPrediction(np.zeros((*shape, 10)), np.full(shape, -1.0))


class Number:
    """Answers with numbers where True and False are wanted."""

    def keep(self, requests: Any, candidates: Candidates, view: Any) -> Any:
        return np.ones(candidates.video.shape)


@numba.njit
def moody(score: Any, candidate: Any) -> Any:
    """Leaves compiled code to draw from a generator."""
    with numba.objmode(mood="float64"):
        mood = random.random()
    return score + mood


def _suite(contract: type, made: Callable[[], Any]) -> Any:
    return type("Suite", (contract,), {"component": lambda self: made()})()


@pytest.mark.parametrize(
    ("contract", "made", "test"),
    [
        (SourceContract, Lottery, "test_the_same_question_has_the_same_answer"),
        (ScorerContract, Popular, "test_a_request_does_not_depend_on_its_batch"),
        (SelectorContract, Twice, "test_each_position_holds_a_candidate_and_comes_once"),
        (SelectorContract, Twice, "test_slates_are_as_full_as_they_can_be"),
        (SelectorContract, Twice, "test_minus_infinity_is_never_shown"),
        (SourceContract, Beyond, "test_ids_are_those_of_published_videos"),
        (PredictorContract, Backwards, "test_watch_time_is_not_negative"),
        (
            CompiledScoreContract, lambda: CompiledScore("moody", moody, {}),
            "test_the_same_question_has_the_same_answer",
        ),
        (FilterContract, Number, "test_the_same_question_has_the_same_answer"),
    ],
)  # fmt: skip
def test_the_suite_finds_a_broken_component(
    contract: type, made: Callable[[], Any], test: str
) -> None:
    with pytest.raises((AssertionError, ComponentError)):
        getattr(_suite(contract, made), test)()


def test_the_suite_finds_a_scorer_that_writes_into_its_input() -> None:
    from sim.testing import contracts

    contracts.situation.cache_clear()
    try:
        with pytest.raises(AssertionError):
            _suite(ScorerContract, InPlace).test_nothing_that_is_handed_in_is_changed()
    finally:
        contracts.situation.cache_clear()
