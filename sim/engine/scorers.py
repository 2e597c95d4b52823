"""Scores in the kernel when the list of scorers has compiled ones of the user's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import affinity_of
from sim.feed.candidate import address_of, call_score
from sim.feed.cold_start import WAITING
from sim.feed.compiled import CompiledScore
from sim.feed.pipeline import Pipeline
from sim.feed.spaced import NEVER, score_key
from sim.feed.view import FeedView
from sim.machine.borrow import at
from sim.machine.compiled import njit

__all__ = ["compiled_steps", "score_left", "tell_places"]

_VALUE = np.uint64(0)
"""Stands for the value model among the addresses."""


def compiled_steps(pipeline: Pipeline) -> NDArray[np.uint64]:
    """Addresses of the scorers, when the kernel has to call any."""
    parts = [named.component for named in pipeline.score]
    if pipeline.needs_python or not any(isinstance(part, CompiledScore) for part in parts):
        return np.empty(0, np.uint64)
    return np.array(
        [part.address if isinstance(part, CompiledScore) else _VALUE for part in parts], np.uint64
    )


def tell_places(scorers: Any, view: FeedView) -> None:
    """Write into the record SCORERS where the tables of the view lie; they have to stay there."""
    scorers["counts"] = address_of(view.counts)
    scorers["duration"] = address_of(view.videos.duration_s)
    scorers["followers"] = address_of(view.creators.followers)
    scorers["momentum"] = address_of(view.momentum)
    scorers["counts_row"] = view.counts.strides[0]


@njit()
def score_left(feed, j):
    """Give those candidates of request ``j`` that no filter removed the keys of their scores.

    The pipeline's own words for this are ``told_of`` in ``sim.feed.compiled``.
    """
    request, scorers, told, arms = feed.asked[j], feed.scorers, feed.told, feed.scores.arms
    u, t, n = request.user, request.time_s, request.candidates
    locale, keys = at(feed.users, u).locale, feed.scores_of.keys
    ids, codes = feed.ids[j], feed.codes[j]
    told.user, told.time_s, told.stream = u, t, request.stream
    for i in range(n):
        place = np.uint64(i)
        if keys[place] == NEVER or feed.failed[0] != 0:
            continue
        v = np.int64(ids[place])
        card = at(feed.cards, v)
        told.video, told.creator, told.sound = v, card.creator, card.sound
        told.source, told.pool = codes[place], card.pool
        told.waiting = 1 if card.state == WAITING else 0
        told.same_locale = 1 if card.locale == locale else 0
        told.age_s = t - card.uploaded_s
        told.affinity = affinity_of(feed.scores_of.sum[place])
        told.base, told.lift = card.base, card.lift
        if arms.shape[1] > 0:
            told.base, told.lift = arms[v, feed.arm[u], 0], arms[v, feed.arm[u], 1]
        told.counts_at = scorers.counts + np.uint64(v * scorers.counts_row)
        told.duration_at = scorers.duration + np.uint64(v * 8)
        told.followers_at = scorers.followers + np.uint64(np.int64(card.creator) * 4)
        told.momentum_at = scorers.momentum + np.uint64(v * 4)
        keys[place] = score_key(_score(feed, told), i)
    if feed.failed[0] != 0:
        keys[:n] = NEVER  # the run is over; show nothing more


@njit()
def _score(feed, told):
    """The score after all steps; notes a step that fails."""
    score = np.float32(0.0)
    for step in range(feed.steps.size):
        if feed.steps[step] == _VALUE:
            score += told.base + told.affinity * told.lift
            continue
        told.score = score
        score = call_score(feed.steps[step], told)
        if told.failed != 0 or np.isnan(score):
            feed.failed[0] = 1 + step
            return score
    return score
