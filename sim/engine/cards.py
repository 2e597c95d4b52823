"""What the kernel reads and works on: the plan of the feed, cards of videos, working memory.

Whatever is read together lies on one line of memory: a *card* is what the ranking of a candidate
reads, a *reel* is what the person in front of it finds.

Tuples of arrays come in; :func:`borrowed_plan` and its sisters take the owners out of them (see
``sim.machine.borrow``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.side_by_side import PEOPLE
from sim.feed.belief import Taste, new_taste
from sim.feed.cold_start import WAITING
from sim.feed.index import Groups, Index
from sim.feed.retrieve import RUN
from sim.feed.spaced import GROUP, room_for_tops
from sim.machine.borrow import borrow, prefetch
from sim.machine.compiled import njit
from sim.scenario.feed import SOURCES
from sim.world.state import NOBODY

__all__ = [
    "AHEAD", "ASKED", "CARD", "REEL", "SLOT", "WORTH", "Arms", "FeedPlan", "Rows", "Scratch",
    "borrowed_arms", "borrowed_index", "borrowed_plan", "borrowed_rows", "borrowed_scratch",
    "new_scratch", "refresh_cards", "scratch_of", "write_cards",
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
        ("caption", np.int64),  # the first 16 topics, a byte each
        ("more_caption", np.int64),
        ("uploaded_s", np.float64),
        ("sound", np.int32),
        ("tag0", np.int32),
        ("tag1", np.int32),
        ("tag2", np.int32),
        ("creator", np.int32),
        ("owner", np.int32),  # user who is the creator, or NOBODY
        ("base", np.float32),
        ("lift", np.float32),
        ("locale", np.int8),
        ("eligible", np.int8),
        ("pool", np.int8),
        ("waiting", np.int8),  # 1 while in a cold-start pool
        ("spare", np.int32),
    ],
    align=True,
)
"""What the feed reads of a video: 64 bytes, one line of memory."""

REEL = np.dtype(
    [
        ("topics", np.int64),  # the first 16, a byte each
        ("more_topics", np.int64),
        ("duration_s", np.float64),
        ("quality", np.float32),
        ("hook", np.float32),
    ],
    align=True,
)
"""The truth about a video, for the play alone: half a line."""


class Rows(NamedTuple):
    """Rows of topics, each [.., at least D] int8.

    With up to 16 topics these are the first bytes of cards, reels and traits, so that they cost
    no line of their own; with more they are the arrays of the world.
    """

    caption: NDArray[np.int8]
    topics: NDArray[np.int8]
    interests: NDArray[np.int8]
    dims: int
    """D, a multiple of 16"""


@njit()
def write_cards(
    cards, reels, card_topics, reel_topics, first, last, creator, uploaded_s, duration_s, sound,
    tags, locale, caption, owner, quality, hook, topics,
):  # fmt: skip
    """Write what never changes of the videos from ``first`` to ``last``, not included.

    ``card_topics`` and ``reel_topics`` [V, 16] are the first bytes of the cards and reels.
    """
    for v in range(first, last):
        card = cards[v]
        card.uploaded_s = uploaded_s[v]
        card.sound = sound[v]
        card.tag0 = tags[v, 0]
        card.tag1 = tags[v, 1]
        card.tag2 = tags[v, 2]
        card.creator = creator[v]
        card.owner = owner[creator[v]]
        card.locale = locale[v]
        reel = reels[v]
        reel.duration_s = duration_s[v]
        reel.quality = quality[v]
        reel.hook = hook[v]
        for d in range(card_topics.shape[1]):
            card_topics[v, d] = caption[v, d]
            reel_topics[v, d] = topics[v, d]


@njit()
def refresh_cards(cards, videos, base, lift, pool, state, eligible):
    """Bring what a refresh may change in the cards of ``videos`` up to date."""
    for i in range(videos.size):
        if i + AHEAD < videos.size:
            prefetch(cards, videos[i + AHEAD])
        v = videos[i]
        card = cards[v]
        card.base = base[v]
        card.lift = lift[v]
        card.eligible = eligible[v]
        card.pool = pool[v]
        card.waiting = 1 if state[v] == WAITING else 0


class Arms(NamedTuple):
    """Perturbed weights: what differs between users (see ``sim.feed.arms``)."""

    arm: NDArray[np.int8]
    """arm [U]"""
    table: NDArray[np.float32]
    """table [V, G, 2] base and lift of a video in each arm; G is 0 without perturbation"""


SLOT = np.dtype(
    [
        ("video", np.int32),
        ("source", np.int8),
        ("pool", np.int8),
        ("followed", np.int8),  # whether the user follows the creator (see ``sim.engine.followed``)
        ("spare", np.int8),
    ],
    align=True,
)
"""A place of a user's slate."""


ASKED = np.dtype(
    [
        ("user", np.int64),
        ("time_s", np.float64),
        ("stream", np.uint64),
        ("surface", np.int64),
        ("sound", np.int64),  # whose page is open, or NOBODY
        ("candidates", np.int64),  # found so far, without duplicates
    ],
    align=True,
)
"""A request between its two halves (see ``sim.engine.slate``)."""


WORTH = np.dtype([("base", np.float32), ("lift", np.float32)])
"""What the score is made of: base + affinity * lift."""

AHEAD = 12
"""How many candidates ahead a card is fetched from the second cache into the first."""


class Scratch(NamedTuple):
    """Working memory of one shard. Requests under way have a row each of the first four."""

    asked: NDArray[Any]
    """asked [PEOPLE] ASKED"""
    ids: NDArray[np.int32]
    """ids [PEOPLE, K + AHEAD] candidates"""
    codes: NDArray[np.int8]
    """codes [PEOPLE, K + RUN] source of each candidate"""
    groups: NDArray[np.int32]
    """groups [PEOPLE, K] where to look first for a candidate among those that the user has seen"""
    pointed: NDArray[np.int64]
    """pointed [sources] places that each source used"""
    marks: NDArray[np.uint64]
    """marks [V / 64 or more] a bit for each video, clear between requests, to find duplicates"""
    keys: NDArray[np.int64]
    """keys [K + GROUP] candidates in order of score (see ``sim.feed.spaced``)"""
    tops: NDArray[np.int64]
    sum: NDArray[np.int32]
    """sum [K] what a candidate and the user have in common (see ``Taste``)"""
    worth: NDArray[Any]
    """worth [K] WORTH of each candidate"""
    kept: NDArray[np.int64]
    """kept [K] candidates for the kept slots"""
    chosen: NDArray[np.int64]
    creators: NDArray[np.int32]
    """creators [slate + GROUP] of the videos of a slate"""
    taste_profile: NDArray[np.int16]
    taste_weights: NDArray[np.int32]


def new_scratch(candidates: int, slate: int, dims: int) -> Scratch:
    """Working memory for requests of this size and rows of ``dims`` topics, without marks."""
    taste: Taste = new_taste(dims)
    return Scratch(
        np.zeros(PEOPLE, ASKED), np.empty((PEOPLE, candidates + AHEAD), np.int32),
        np.empty((PEOPLE, candidates + RUN), np.int8), np.empty((PEOPLE, candidates), np.int32),
        np.empty(len(SOURCES), np.int64),
        np.zeros(0, np.uint64), np.empty(candidates + GROUP, np.int64),
        np.empty(room_for_tops(candidates), np.int64),
        np.empty(candidates, np.int32), np.empty(candidates, WORTH),
        np.empty(candidates, np.int64), np.empty(slate, np.int64),
        np.full(slate + GROUP, NOBODY, np.int32), taste.profile, taste.weights,
    )  # fmt: skip


@njit(forceinline=True)
def borrowed_plan(plan):
    """The plan with borrowed arrays (see ``sim.machine.borrow``)."""
    return FeedPlan(
        borrow(plan.source), borrow(plan.quota), borrow(plan.filter), borrow(plan.max_age),
        plan.candidates, plan.slate, plan.topics, plan.slots, plan.creator_gap, plan.sound_gap,
        plan.values,
    )  # fmt: skip


@njit(forceinline=True)
def borrowed_scratch(scratch):
    """The working memory with borrowed arrays."""
    return Scratch(
        borrow(scratch.asked), borrow(scratch.ids), borrow(scratch.codes), borrow(scratch.groups),
        borrow(scratch.pointed), borrow(scratch.marks), borrow(scratch.keys), borrow(scratch.tops),
        borrow(scratch.sum), borrow(scratch.worth), borrow(scratch.kept),
        borrow(scratch.chosen), borrow(scratch.creators), borrow(scratch.taste_profile),
        borrow(scratch.taste_weights),
    )  # fmt: skip


@njit(forceinline=True)
def scratch_of(scratch, j):
    """Borrowed working memory with the rows of request ``j`` alone: ids [K] and so on."""
    j = np.uint64(j)
    return Scratch(
        scratch.asked, scratch.ids[j], scratch.codes[j], scratch.groups[j], scratch.pointed,
        scratch.marks, scratch.keys, scratch.tops, scratch.sum, scratch.worth,
        scratch.kept, scratch.chosen, scratch.creators, scratch.taste_profile,
        scratch.taste_weights,
    )  # fmt: skip


@njit(forceinline=True)
def borrowed_arms(arms):
    """The arms with borrowed arrays."""
    return Arms(borrow(arms.arm), borrow(arms.table))


@njit(forceinline=True)
def borrowed_rows(rows):
    """The rows of topics with borrowed arrays."""
    return Rows(borrow(rows.caption), borrow(rows.topics), borrow(rows.interests), rows.dims)


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
