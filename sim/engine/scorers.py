"""Scores in the kernel when the list of scorers has compiled ones of the user's own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import affinity_of
from sim.feed.candidate import TOLD, address_of, call_score
from sim.feed.compiled import CompiledScore
from sim.feed.pipeline import Pipeline
from sim.feed.spaced import NEVER, score_key
from sim.feed.view import FeedView
from sim.machine.borrow import at, borrow
from sim.machine.compiled import njit

__all__ = ["Scorers", "borrowed_scorers", "compiled_steps", "new_scorers", "score_left"]

_VALUE = np.uint64(0)
"""Stands for the value model among the addresses."""


class Scorers(NamedTuple):
    """Scorers in their order, and where they find what they are told; one a shard."""

    steps: NDArray[np.uint64]
    """steps [n] address of each, _VALUE for the value model; none when that is all there is"""
    told: NDArray[Any]
    """told [1] record of the candidate that is scored"""
    failed: NDArray[np.int64]
    """failed [1] 1 + the place of the scorer that could not score ``told``, or 0"""
    counts: np.uint64
    """address of FeedView.counts; those of other tables follow"""
    duration: np.uint64
    followers: np.uint64
    momentum: np.uint64
    counts_row: int
    """bytes of a row of counts"""


def compiled_steps(pipeline: Pipeline) -> NDArray[np.uint64]:
    """Addresses of the scorers, when the kernel has to call any."""
    parts = [named.component for named in pipeline.score]
    if pipeline.needs_python or not any(isinstance(part, CompiledScore) for part in parts):
        return np.empty(0, np.uint64)
    return np.array(
        [part.address if isinstance(part, CompiledScore) else _VALUE for part in parts], np.uint64
    )


def new_scorers(steps: NDArray[np.uint64], view: FeedView) -> Scorers:
    """The scorers for one window; the tables of the view must stay where they are."""
    return Scorers(
        steps=steps,
        told=np.zeros(1, TOLD),
        failed=np.zeros(1, np.int64),
        counts=address_of(view.counts),
        duration=address_of(view.videos.duration_s),
        followers=address_of(view.creators.followers),
        momentum=address_of(view.momentum),
        counts_row=view.counts.strides[0],
    )


@njit(forceinline=True)
def borrowed_scorers(scorers):
    """The scorers with borrowed arrays (see ``sim.machine.borrow``)."""
    return Scorers(
        borrow(scorers.steps), borrow(scorers.told), borrow(scorers.failed), scorers.counts,
        scorers.duration, scorers.followers, scorers.momentum, scorers.counts_row,
    )  # fmt: skip


@njit()
def score_left(scorers, cards, arms, locale, u, t, r, n, scratch):
    """Give those of ``n`` candidates that no filter removed the keys of their scores.

    The pipeline's own words for this are ``told_of`` in ``sim.feed.compiled``.
    """
    told = scorers.told[0]
    told.user, told.time_s, told.stream = u, t, r
    for i in range(n):
        place = np.uint64(i)
        if scratch.keys[place] == NEVER or scorers.failed[0] != 0:
            continue
        v = np.int64(scratch.ids[place])
        card = at(cards, v)
        told.video, told.creator, told.sound = v, card.creator, card.sound
        told.source, told.pool, told.waiting = scratch.codes[place], card.pool, card.waiting
        told.same_locale = 1 if card.locale == locale else 0
        told.age_s = t - card.uploaded_s
        told.affinity = affinity_of(scratch.sum[place])
        told.base, told.lift = card.base, card.lift
        if arms.table.shape[1] > 0:
            told.base, told.lift = arms.table[v, arms.arm[u], 0], arms.table[v, arms.arm[u], 1]
        told.counts_at = scorers.counts + np.uint64(v * scorers.counts_row)
        told.duration_at = scorers.duration + np.uint64(v * 8)
        told.followers_at = scorers.followers + np.uint64(np.int64(card.creator) * 4)
        told.momentum_at = scorers.momentum + np.uint64(v * 4)
        scratch.keys[place] = score_key(_score(scorers, told), i)
    if scorers.failed[0] != 0:
        scratch.keys[:n] = NEVER  # the run is over; show nothing more


@njit()
def _score(scorers, told):
    """The score after all steps; notes a step that fails."""
    score = np.float32(0.0)
    for step in range(scorers.steps.size):
        if scorers.steps[step] == _VALUE:
            score += told.base + told.affinity * told.lift
            continue
        told.score = score
        score = call_score(scorers.steps[step], told)
        if told.failed != 0 or np.isnan(score):
            scorers.failed[0] = 1 + step
            return score
    return score
