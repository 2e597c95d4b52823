"""One feed request, compiled: the same stages as ``sim.feed.pipeline``, for one user.

retrieve -> drop duplicates -> filters -> score -> select
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.engine.memory import follow_row, has_seen
from sim.feed.belief import SOUND_SLOTS, TAG_SLOTS, affinity
from sim.feed.cold_start import reserved_places
from sim.feed.pipeline import FOLLOWING, FOR_YOU, SOUND_PAGE_LENGTH
from sim.feed.retrieve import (
    from_following,
    from_groups,
    from_interest,
    from_list,
    from_sound_page,
    latest_of_follows,
)
from sim.feed.spaced import select_spaced
from sim.scenario.feed import SOURCES

__all__ = [
    "DUPLICATES", "FILTERS", "KEPT", "REMOVED", "REQUESTS", "RETRIEVED", "SELECTED",
    "FeedPlan", "Scratch", "Videos", "fill_slate", "new_scratch",
]  # fmt: skip

REQUESTS, RETRIEVED, DUPLICATES, KEPT, SELECTED, REMOVED = 0, 1, 2, 3, 4, 5
"""Columns of the stage counters; filters have one each from REMOVED on."""
FILTERS = {"seen": 0, "own": 1, "ineligible": 2, "too_old": 3}
_SEEN, _OWN, _INELIGIBLE, _TOO_OLD = 0, 1, 2, 3
_INTEREST, _SOUND, _HASHTAG, _FOLLOWING, _FRESH, _TRENDING, _RANDOM = range(7)
assert SOURCES == ("interest", "sound", "hashtag", "following", "fresh", "trending", "random")


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


class Videos(NamedTuple):
    """What the kernel reads of videos; the truth is used by the play, never by the request."""

    creator: NDArray[np.int32]
    uploaded_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    sound: NDArray[np.int32]
    tags: NDArray[np.int32]
    caption: NDArray[np.float32]
    locale: NDArray[np.int8]
    eligible: NDArray[np.int8]
    base: NDArray[np.float32]
    lift: NDArray[np.float32]
    pool: NDArray[np.int8]
    state: NDArray[np.int8]
    owner: NDArray[np.int32]
    """owner [C] the user who is this creator"""


class Scratch(NamedTuple):
    """Working memory of one shard."""

    ids: NDArray[np.int32]
    codes: NDArray[np.int8]
    scores: NDArray[np.float32]
    marks: NDArray[np.int32]
    """marks [power of 2, at least twice the candidates] for finding duplicates"""
    chosen: NDArray[np.int64]


def new_scratch(candidates: int, slate: int) -> Scratch:
    """Working memory for requests of this size."""
    marks = 64
    while marks < 2 * candidates:
        marks *= 2
    return Scratch(
        np.empty(candidates, np.int32), np.empty(candidates, np.int8),
        np.empty(candidates, np.float32), np.full(marks, -1, np.int32),
        np.empty(slate, np.int64),
    )  # fmt: skip


@njit()
def _retrieve(plan, index, beliefs, follows, r, u, scratch):
    """All sources, one after the other; returns the number of candidates."""
    ids, codes = scratch.ids, scratch.codes
    profile = beliefs.profile[u]
    slot_id = beliefs.slot_id[u]
    slot_weight = beliefs.slot_weight[u]
    n = 0
    for i in range(plan.source.size):
        code = plan.source[i]
        quota = plan.quota[i]
        found = 0
        if quota == 0:
            continue
        if code == _INTEREST:
            found = from_interest(
                ids, n, quota, r, code, profile, plan.topics, index.topic.start, index.topic.video
            )
        elif code == _SOUND:
            found = from_groups(
                ids, n, quota, r, code, slot_id, slot_weight, SOUND_SLOTS, index.sound.start,
                index.sound.video,
            )
        elif code == _HASHTAG:
            found = from_groups(
                ids, n, quota, r, code, slot_id, slot_weight, TAG_SLOTS, index.tag.start,
                index.tag.video,
            )
        elif code == _FOLLOWING:
            found = from_following(
                ids, n, quota, r, code, follows, index.creator.start, index.creator.video
            )
        elif code == _FRESH:
            found = from_list(ids, n, quota, r, code, index.fresh)
        elif code == _TRENDING:
            found = from_list(ids, n, quota, r, code, index.trending)
        elif code == _RANDOM:
            found = from_list(ids, n, quota, r, code, index.live)
        for j in range(n, n + found):
            codes[j] = code
        n += found
    return n


@njit()
def _drop_duplicates(ids, codes, marks, n):
    """Keep the first of equal candidates; returns how many are left."""
    marks[:] = -1
    mask = marks.size - 1
    kept = 0
    for i in range(n):
        v = ids[i]
        j = (np.int64(v) * 40503) & mask
        while marks[j] >= 0 and marks[j] != v:
            j = (j + 1) & mask
        if marks[j] < 0:
            marks[j] = v
            ids[kept] = v
            codes[kept] = codes[i]
            kept += 1
    return kept


@njit(forceinline=True)
def _removed_by(plan, videos, data, seen_start, seen_size, u, t, v):
    """Number of the first filter that removes a candidate, or -1."""
    for number in range(plan.filter.size):
        code = plan.filter[number]
        if code == _SEEN:
            if has_seen(data, seen_start, seen_size, v):
                return number
        elif code == _OWN:
            if videos.owner[videos.creator[v]] == u:
                return number
        elif code == _INELIGIBLE:
            if videos.eligible[v] != 1:
                return number
        elif code == _TOO_OLD and not videos.uploaded_s[v] >= t - plan.max_age[number]:
            return number
    return -1


@njit()
def _filter(plan, videos, arena, users, u, t, ids, codes, n, stages):
    kept = 0
    seen_start = users.seen_start[u]
    seen_size = users.seen_size[u]
    for i in range(n):
        v = ids[i]
        number = _removed_by(plan, videos, arena.data, seen_start, seen_size, u, t, v)
        if number < 0:
            ids[kept] = v
            codes[kept] = codes[i]
            kept += 1
        else:
            stages[REMOVED + number] += 1
    return kept


@njit()
def _score(plan, videos, beliefs, u, ids, n, scores):
    profile = beliefs.profile[u]
    slot_id = beliefs.slot_id[u]
    slot_weight = beliefs.slot_weight[u]
    for i in range(n):
        v = ids[i]
        match = affinity(
            profile, slot_id, slot_weight, videos.caption[v], videos.sound[v], videos.tags[v],
            videos.creator[v],
        )
        value = videos.base[v] + match * videos.lift[v]
        score = np.float32(0.0)
        for _ in range(plan.values):
            score += value
        scores[i] = score


@njit()
def fill_slate(plan, videos, index, beliefs, graph, arena, users, u, t, surface, sound, r, scratch, stages):
    """Make a request for user ``u`` at time ``t`` and put the slate into the user's row.

    Returns its length. ``r`` is the request's stream; ``sound`` that of an open sound page.
    """
    ids, codes = scratch.ids, scratch.codes
    stages[REQUESTS] += 1
    if surface == FOR_YOU:
        row = follow_row(arena, graph, users, u)
        n = _retrieve(plan, index, beliefs, row, r, u, scratch)
    elif surface == FOLLOWING:
        row = follow_row(arena, graph, users, u)
        n = latest_of_follows(
            ids, 0, plan.candidates, row, index.creator.start, index.creator.video
        )
        codes[:n] = _FOLLOWING
    else:
        n = from_sound_page(ids, 0, plan.candidates, sound, index.sound.start, index.sound.video)
        codes[:n] = _SOUND
    stages[RETRIEVED] += n
    unique = _drop_duplicates(ids, codes, scratch.marks, n)
    stages[DUPLICATES] += n - unique
    kept = _filter(plan, videos, arena, users, u, t, ids, codes, unique, stages)
    stages[KEPT] += kept
    chosen = scratch.chosen
    if surface == FOR_YOU:
        _score(plan, videos, beliefs, u, ids, kept, scratch.scores)
        reserved = reserved_places(r, plan.slots, plan.slate)
        length = select_spaced(
            scratch.scores, kept, ids, videos.creator, videos.sound, videos.state, reserved,
            plan.slate, plan.creator_gap, plan.sound_gap, chosen,
        )
    else:
        length = min(plan.slate, kept)
        if surface != FOLLOWING:
            length = min(length, SOUND_PAGE_LENGTH)
        for i in range(length):
            chosen[i] = i
    for i in range(length):
        v = ids[chosen[i]]
        users.slate[u, i] = v
        users.source[u, i] = codes[chosen[i]]
        users.pool[u, i] = videos.pool[v]
    stages[SELECTED] += length
    users.place[u] = 0
    users.length[u] = length
    users.surface[u] = surface
    return length
