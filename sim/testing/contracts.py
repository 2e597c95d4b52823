"""What every component of the feed has to keep; subclass one of these to test your own.

    from sim.testing.contracts import ScorerContract

    class TestMine(ScorerContract):
        def component(self):
            return Mine(Mine.Config(strength=2.0))

Each ``test_`` method is collected by pytest. Common to all stages: the answer depends on the
arguments alone, row by row; what is handed in is never changed.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.assemble import assemble, make_pipeline
from sim.feed.builtin import Smoothed
from sim.feed.compiled import CompiledScore
from sim.feed.component import (
    Candidates,
    Filter,
    Prediction,
    Predictor,
    Scorer,
    Selector,
    Source,
    checked,
    checked_prediction,
)
from sim.feed.pipeline import Named
from sim.feed.view import FeedView, Requests
from sim.testing.worlds import played, requests_of, tiny_scenario
from sim.world.state import NOBODY

__all__ = [
    "CompiledScoreContract", "FilterContract", "PredictorContract", "ScorerContract",
    "SelectorContract", "Situation", "SourceContract", "fingerprint", "situation",
]  # fmt: skip

C = TypeVar("C")

_USERS = [3, 40, 77, 3, 120]
_PLACES = 24


class Situation(NamedTuple):
    """What the stages of one batch of requests are handed."""

    requests: Requests
    view: FeedView
    candidates: Candidates
    """[5, 24]; the last request has no candidates, others have gaps"""
    prediction: Prediction
    scores: NDArray[np.float32]


@cache
def situation() -> Situation:
    """Five requests on a small platform that was played for some hours."""
    view = played().platform.view
    requests = requests_of(_USERS, view)
    rng = np.random.default_rng(5)
    video = np.full((len(_USERS), _PLACES), NOBODY, np.int32)
    for row in video[:-1]:
        row[:] = rng.choice(view.videos.count, _PLACES, replace=False)
        row[rng.random(_PLACES) < 0.2] = NOBODY
    source = rng.integers(0, 7, video.shape).astype(np.int8)
    candidates = Candidates(video, source)
    prediction = Smoothed(20.0).predict(requests, candidates, view)
    return Situation(requests, view, candidates, prediction, prediction.value())


def _row(requests: Requests, b: int) -> Requests:
    return Requests(*(getattr(requests, field.name)[b : b + 1] for field in fields(requests)))


def fingerprint(value: object) -> str:
    """A digest of all arrays in an object, to see whether something changed them."""
    digest = hashlib.blake2b(digest_size=16)

    def visit(item: object, depth: int) -> None:
        if isinstance(item, np.ndarray):
            digest.update(str(item.shape).encode() + item.tobytes())
        elif depth == 0:
            return
        elif is_dataclass(item) and not isinstance(item, type):
            for field in fields(item):
                visit(getattr(item, field.name), depth - 1)
        elif isinstance(item, tuple | list):
            for part in item:
                visit(part, depth - 1)
        elif hasattr(item, "__dict__"):
            for _, part in sorted(vars(item).items()):
                visit(part, depth - 1)

    visit(value, 6)
    return digest.hexdigest()


class _Contract(ABC, Generic[C]):
    @abstractmethod
    def component(self) -> C:
        """A new component to test."""

    @abstractmethod
    def _answer(self, part: Situation) -> NDArray[Any]:
        """The checked answer for a situation."""

    def _part(self, b: int) -> Situation:
        """Request ``b`` of the situation alone."""
        whole = situation()
        requests = _row(whole.requests, b)
        candidates = Candidates(
            whole.candidates.video[b : b + 1], whole.candidates.source[b : b + 1]
        )
        prediction = Smoothed(20.0).predict(requests, candidates, whole.view)
        return Situation(requests, whole.view, candidates, prediction, whole.scores[b : b + 1])

    def test_the_same_question_has_the_same_answer(self) -> None:
        """No hidden state and no hidden luck."""
        np.testing.assert_array_equal(self._answer(situation()), self._answer(situation()))

    def test_a_request_does_not_depend_on_its_batch(self) -> None:
        """Each row of a batch is what the request alone would get."""
        whole = self._answer(situation())
        for b in range(len(whole)):
            np.testing.assert_array_equal(self._answer(self._part(b))[0], whole[b])

    def test_nothing_that_is_handed_in_is_changed(self) -> None:
        """Requests, candidates, scores and the view are the same before and after."""
        before = fingerprint(situation())
        self._answer(situation())
        assert fingerprint(situation()) == before


class SourceContract(_Contract[Source]):
    """A source returns ids of published videos, or NOBODY."""

    COUNT = 30

    def _answer(self, part: Situation) -> NDArray[np.int32]:
        found = self.component().candidates(part.requests, part.view, self.COUNT)
        return checked("source", found, (len(part.requests), self.COUNT), np.int32)

    def test_ids_are_those_of_published_videos(self) -> None:
        """No id at or above the number of videos."""
        assert self._answer(situation()).max() < situation().view.videos.count

    def test_any_number_can_be_asked_for(self) -> None:
        """The shape follows the count."""
        part = situation()
        for count in (1, 7):
            found = self.component().candidates(part.requests, part.view, count)
            checked("source", found, (len(part.requests), count), np.int32)


class FilterContract(_Contract[Filter]):
    """A filter says True for what may stay."""

    def _answer(self, part: Situation) -> NDArray[np.bool_]:
        keep = self.component().keep(part.requests, part.candidates, part.view)
        # what it says about empty places does not count
        return checked("filter", keep, part.candidates.video.shape, np.bool_) & (
            part.candidates.present
        )


class PredictorContract(_Contract[Predictor]):
    """A predictor gives probabilities and seconds."""

    def _prediction(self, part: Situation) -> Prediction:
        prediction = self.component().predict(part.requests, part.candidates, part.view)
        rows, places = part.candidates.video.shape
        return checked_prediction("predictor", prediction, (rows, places))

    def _answer(self, part: Situation) -> NDArray[np.float64]:
        prediction = self._prediction(part)
        together = np.dstack([prediction.probability, prediction.watch_s[..., None]])
        return np.where(part.candidates.present[..., None], together, 0.0)

    def test_watch_time_is_not_negative(self) -> None:
        """Seconds from 0 on."""
        part = situation()
        assert (self._prediction(part).watch_s[part.candidates.present] >= 0).all()


class ScorerContract(_Contract[Scorer]):
    """A scorer turns scores into scores."""

    def _answer(self, part: Situation) -> NDArray[np.float32]:
        scores = self.component().score(
            part.requests, part.candidates, part.prediction, part.scores, part.view
        )
        scores = checked("scorer", scores, part.scores.shape, np.float32)
        return np.where(part.candidates.present, scores, np.float32(0.0))


class CompiledScoreContract(ScorerContract):
    """A compiled score looks at one candidate at a time, and serves both engines.

    ``component`` gives a ``CompiledScore("mine", function, {"option": 1.0})``.
    """

    @abstractmethod
    def component(self) -> CompiledScore:
        """A new component to test."""

    def test_a_candidate_does_not_depend_on_the_others(self) -> None:
        """Alone, and with the same score so far, each gets the same bits."""
        part, whole = situation(), self._answer(situation())
        for k in range(part.candidates.video.shape[1]):
            one = part.candidates.video.copy()
            one[:, :k], one[:, k + 1 :] = NOBODY, NOBODY
            alone = self._answer(part._replace(candidates=Candidates(one, part.candidates.source)))
            np.testing.assert_array_equal(alone[:, k], whole[:, k])

    def test_both_engines_play_the_same(self) -> None:
        """Two hours of a small world have the same events."""
        scenario = tiny_scenario(duration=7_200.0)
        own = Named[Scorer]("own", self.component(), True)
        found = []
        for engine, shards in (("reference", 1), ("fast", 1), ("fast", 3)):
            pipeline = make_pipeline(scenario, None, False, engine=engine)
            pipeline = replace(pipeline, score=(*pipeline.score, own))
            live = assemble(scenario, 1, engine=engine, shards=shards, pipeline=pipeline)
            live.env.run(until=live.end)
            found.append(live.log.hash)
        assert found[0] == found[1] == found[2]


class SelectorContract(_Contract[Selector]):
    """A selector fills slates with positions of candidates, each once."""

    LENGTH = 6

    def _answer(self, part: Situation) -> NDArray[np.int64]:
        chosen = self.component().select(
            part.requests, part.candidates, part.scores, part.view, self.LENGTH
        )
        return checked("selector", chosen, (len(part.requests), self.LENGTH), np.int64)

    def test_each_position_holds_a_candidate_and_comes_once(self) -> None:
        """No empty place and none twice."""
        part = situation()
        for row, present in zip(self._answer(part), part.candidates.present, strict=True):
            used = row[row >= 0]
            assert present[used].all()
            assert len(set(used.tolist())) == len(used)

    def test_slates_are_as_full_as_they_can_be(self) -> None:
        """As many as there are candidates, up to the length."""
        part = situation()
        wanted = np.minimum(part.candidates.present.sum(axis=1), self.LENGTH)
        np.testing.assert_array_equal((self._answer(part) >= 0).sum(axis=1), wanted)

    def test_minus_infinity_is_never_shown(self) -> None:
        """The score of what must not be shown."""
        part = situation()
        scores = part.scores.copy()
        scores[:, ::2] = -np.inf
        chosen = self._answer(part._replace(scores=scores))
        assert (chosen[chosen >= 0] % 2 == 1).all()
        assert (chosen >= 0).any()
