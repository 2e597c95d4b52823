"""What the kernel reads and works on: the plan of the feed, cards of videos, working memory.

Tuples of arrays come in; :func:`borrowed_plan` and its sisters take the owners out of them (see
``sim.core.borrow``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.borrow import borrow
from sim.core.compiled import njit
from sim.feed.index import Groups, Index

__all__ = [
    "CARD", "FeedPlan", "Listing", "Scratch", "SlateRows", "borrowed_index", "borrowed_plan",
    "borrowed_scratch", "new_scratch", "write_cards",
]  # fmt: skip


class FeedPlan(NamedTuple):
    """The scenario's feed as numbers."""

    source: NDArray[np.int64]
    """source [n] code of each source, in order"""
    quota: NDArray[np.int64]
    """quota [n] candidates a request of each source"""
    filter: NDArray[np.int64]
    """filter [m] code of each filter, in order"""
    max_age: NDArray[np.float64]
    """max_age [m] s, for ``too_old``"""
    candidates: int
    slate: int
    topics: int
    slots: float
    creator_gap: int
    sound_gap: int
    values: int
    """how many times the value model stands in the list of scorers"""


CARD = np.dtype(
    [
        ("uploaded_s", np.float64),
        ("duration_s", np.float64),
        ("creator", np.int32),
        ("sound", np.int32),
        ("tag0", np.int32),
        ("tag1", np.int32),
        ("tag2", np.int32),
        ("owner", np.int32),  # user who is the creator, or NOBODY
        ("base", np.float32),
        ("lift", np.float32),
        ("quality", np.float32),  # truth; read by the play alone
        ("hook", np.float32),  # truth; read by the play alone
        ("locale", np.int8),
        ("eligible", np.int8),
        ("pool", np.int8),
        ("state", np.int8),
        ("spare", np.int32),
    ],
    align=True,
)
"""What the kernel reads of a video: 64 bytes, one line of memory."""


@njit()
def write_cards(
    cards, videos, creator, uploaded_s, duration_s, sound, tags, locale, eligible, owner, base,
    lift, pool, state, quality, hook,
):  # fmt: skip
    """Bring the cards of ``videos`` up to date."""
    for i in range(videos.size):
        v = videos[i]
        card = cards[v]
        card.uploaded_s = uploaded_s[v]
        card.duration_s = duration_s[v]
        card.creator = creator[v]
        card.sound = sound[v]
        card.tag0 = tags[v, 0]
        card.tag1 = tags[v, 1]
        card.tag2 = tags[v, 2]
        card.owner = owner[creator[v]]
        card.base = base[v]
        card.lift = lift[v]
        card.quality = quality[v]
        card.hook = hook[v]
        card.locale = locale[v]
        card.eligible = eligible[v]
        card.pool = pool[v]
        card.state = state[v]


class Listing(NamedTuple):
    """Columns of videos for what needs more than the card."""

    creator: NDArray[np.int32]
    sound: NDArray[np.int32]
    tags: NDArray[np.int32]
    caption: NDArray[np.float32]
    state: NDArray[np.int8]
    """state [V] of the cold start"""


class SlateRows(NamedTuple):
    """The slate of each user."""

    video: NDArray[np.int32]
    """video [U, P]"""
    source: NDArray[np.int8]
    """source [U, P]"""
    pool: NDArray[np.int8]
    """pool [U, P]"""


class Scratch(NamedTuple):
    """Working memory of one shard."""

    ids: NDArray[np.int32]
    codes: NDArray[np.int8]
    scores: NDArray[np.float32]
    marks: NDArray[np.int64]
    """marks [1 + a power of 2, at least four times the candidates] for finding duplicates"""
    keys: NDArray[np.int64]
    home: NDArray[np.int32]
    """home [K] what lies in a candidate's first place of the table of shown videos"""
    bad: NDArray[np.bool_]
    """bad [K] whether a filter other than ``seen`` may object"""
    chosen: NDArray[np.int64]
    slot_id: NDArray[np.int32]
    """slot_id [3, 256] the user's affinities by the low bits of their ids; NOBODY where none"""
    slot_weight: NDArray[np.float32]
    """slot_weight [3, 256]"""


def new_scratch(candidates: int, slate: int) -> Scratch:
    """Working memory for requests of this size."""
    marks = 64
    while marks < 4 * candidates:
        marks *= 2
    return Scratch(
        np.empty(candidates, np.int32), np.empty(candidates, np.int8),
        np.empty(candidates, np.float32), np.zeros(1 + marks, np.int64),
        np.empty(candidates, np.int64), np.empty(candidates, np.int32),
        np.empty(candidates, np.bool_), np.empty(slate, np.int64),
        np.full((3, 256), -1, np.int32), np.zeros((3, 256), np.float32),
    )  # fmt: skip


@njit(forceinline=True)
def borrowed_plan(plan):
    """The plan with borrowed arrays (see ``sim.core.borrow``)."""
    return FeedPlan(
        borrow(plan.source), borrow(plan.quota), borrow(plan.filter), borrow(plan.max_age),
        plan.candidates, plan.slate, plan.topics, plan.slots, plan.creator_gap, plan.sound_gap,
        plan.values,
    )  # fmt: skip


@njit(forceinline=True)
def borrowed_scratch(scratch):
    """The working memory with borrowed arrays."""
    return Scratch(
        borrow(scratch.ids), borrow(scratch.codes), borrow(scratch.scores), borrow(scratch.marks),
        borrow(scratch.keys), borrow(scratch.home), borrow(scratch.bad), borrow(scratch.chosen),
        borrow(scratch.slot_id), borrow(scratch.slot_weight),
    )  # fmt: skip


@njit(forceinline=True)
def _borrowed_groups(groups):
    return Groups(borrow(groups.start), borrow(groups.video))


@njit(forceinline=True)
def borrowed_index(index):
    """The index with borrowed arrays."""
    return Index(
        borrow(index.live), _borrowed_groups(index.topic), _borrowed_groups(index.sound),
        _borrowed_groups(index.tag), _borrowed_groups(index.creator), borrow(index.trending),
        borrow(index.fresh),
    )  # fmt: skip
