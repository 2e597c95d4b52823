"""One feed request, compiled: the same stages as ``sim.feed.pipeline``, for one user.

retrieve -> drop duplicates -> filters -> score -> select
"""

from __future__ import annotations

import numpy as np

from sim.core.borrow import prefetch
from sim.core.compiled import njit
from sim.engine.memory import first_place, has_seen
from sim.feed.belief import SLOTS, SOUND_SLOTS, TAG_SLOTS, affinity, combine, dot
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
    "DUPLICATES", "FILTERS", "KEPT", "REMOVED", "REQUESTS", "RETRIEVED", "SELECTED", "fill_slate",
]  # fmt: skip

REQUESTS, RETRIEVED, DUPLICATES, KEPT, SELECTED, REMOVED = 0, 1, 2, 3, 4, 5
"""Columns of the stage counters; filters have one each from REMOVED on."""
FILTERS = {"seen": 0, "own": 1, "ineligible": 2, "too_old": 3}
_SEEN, _OWN, _INELIGIBLE, _TOO_OLD = 0, 1, 2, 3
_INTEREST, _SOUND, _HASHTAG, _FOLLOWING, _FRESH, _TRENDING, _RANDOM = range(7)
assert SOURCES == ("interest", "sound", "hashtag", "following", "fresh", "trending", "random")


@njit(forceinline=True)
def _retrieve(plan, index, beliefs, graph, data, user, r, u, ids, codes):
    """All sources, one after the other; returns the number of candidates."""
    n = 0
    for i in range(plan.source.size):
        code = plan.source[i]
        quota = plan.quota[i]
        found = 0
        if quota == 0:
            continue
        if code == _INTEREST:
            found = from_interest(
                ids, n, quota, r, code, beliefs.profile, u, plan.topics, index.topic.start,
                index.topic.video,
            )  # fmt: skip
        elif code == _SOUND:
            found = from_groups(
                ids, n, quota, r, code, beliefs.slot_id, beliefs.slot_weight, u, SOUND_SLOTS,
                index.sound.start, index.sound.video,
            )  # fmt: skip
        elif code == _HASHTAG:
            found = from_groups(
                ids, n, quota, r, code, beliefs.slot_id, beliefs.slot_weight, u, TAG_SLOTS,
                index.tag.start, index.tag.video,
            )  # fmt: skip
        elif code == _FOLLOWING:
            row = graph if user.follow_size == 0 else data
            found = from_following(
                ids, n, quota, r, code, row, user.follow_start, user.follow_count,
                index.creator.start, index.creator.video,
            )  # fmt: skip
        else:
            videos = index.live
            if code == _FRESH:
                videos = index.fresh
            elif code == _TRENDING:
                videos = index.trending
            found = from_list(ids, n, quota, r, code, videos)
        codes[n : n + found] = code
        n += found
    return n


@njit(forceinline=True)
def _drop_duplicates(ids, codes, marks, n, cards, caption, data, seen_start, seen_size):
    """Keep the first of equal candidates; returns how many are left.

    ``marks`` is a hash table that is never cleared: an entry counts only with the stamp of this
    call, which its first place holds. The memory that the next stages read of each candidate is
    asked for here.
    """
    marks[0] += 1
    stamp = marks[0] << np.int64(32)
    mask = np.uint64(marks.size - 2)  # the table has one place less than the array
    kept = 0
    for i in range(n):
        v = ids[i]
        prefetch(cards, v)
        prefetch(caption, v)
        prefetch(data, seen_start + np.int64(first_place(v, seen_size)))
        entry = stamp | np.int64(v)
        j = ((np.uint64(v) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) & mask
        there = marks[j + np.uint64(1)]
        while there >= stamp and there != entry:
            j = (j + np.uint64(1)) & mask
            there = marks[j + np.uint64(1)]
        marks[j + np.uint64(1)] = entry
        ids[kept] = v
        codes[kept] = codes[i]
        kept += 1 if there != entry else 0
    return kept


@njit()
def _removed_by(filters, max_age, card, seen, u, t):
    """Number of the first filter that removes a candidate, or -1."""
    for number in range(filters.size):
        code = filters[number]
        if (
            (code == _SEEN and seen)
            or (code == _OWN and card.owner == u)
            or (code == _INELIGIBLE and card.eligible != 1)
            or (code == _TOO_OLD and not card.uploaded_s >= t - max_age[number])
        ):
            return number
    return -1


@njit(forceinline=True)
def _filter(filters, max_age, cards, data, user, u, t, ids, codes, home, bad, n, stages):
    """Remove what may not be shown; returns how many candidates are left.

    The first pass only loads, without branches, so that the memory works on many candidates at
    once. The second decides; only when more than ``seen`` could object are the filters asked in
    turn.
    """
    oldest = -np.inf
    check_seen = user.seen_size > 0
    asked = -1
    for number in range(filters.size):
        if filters[number] == _SEEN and asked < 0:
            asked = number
        if filters[number] == _TOO_OLD:
            oldest = max(oldest, t - max_age[number])
    check_seen &= asked >= 0
    start = user.seen_start
    size = user.seen_size
    for i in range(n):
        v = ids[i]
        card = cards[v]
        bad[i] = (card.owner == u) | (card.eligible != 1) | (not card.uploaded_s >= oldest)
        home[i] = data[np.uint64(start) + first_place(v, size)] if check_seen else np.int32(-1)
    kept = 0
    for i in range(n):
        v = ids[i]
        seen = home[i] == v
        if home[i] >= 0 and not seen:
            seen = has_seen(data, start, size, v)
        number = asked if seen else -1
        if bad[i]:
            number = _removed_by(filters, max_age, cards[v], seen, u, t)
        if number >= 0:
            stages[REMOVED + number] += 1
        ids[kept] = v
        codes[kept] = codes[i]
        kept += 1 if number < 0 else 0
    return kept


@njit(forceinline=True)
def _spread_slots(beliefs, u, slot_id, slot_weight):
    """Lay the user's affinities out by the low bits of their ids; False when two collide."""
    clean = True
    for kind in range(3):
        for i in range(kind * SLOTS, (kind + 1) * SLOTS):
            wanted = beliefs.slot_id[u, i]
            if wanted >= 0:
                place = wanted & 255
                clean &= slot_id[kind, place] < 0
                slot_id[kind, place] = wanted
                slot_weight[kind, place] = beliefs.slot_weight[u, i]
    return clean


@njit(forceinline=True)
def _clear_slots(beliefs, u, slot_id, slot_weight):
    for kind in range(3):
        for i in range(kind * SLOTS, (kind + 1) * SLOTS):
            wanted = beliefs.slot_id[u, i]
            if wanted >= 0:
                slot_id[kind, wanted & 255] = -1
                slot_weight[kind, wanted & 255] = np.float32(0.0)


@njit(forceinline=True)
def _laid(slot_id, slot_weight, kind, wanted):
    """The affinity to ``wanted`` in the laid-out table; no branch."""
    place = np.uint64(wanted & 255)
    found = slot_id[kind, place]
    weight = slot_weight[kind, place]
    return weight if found == wanted else np.float32(0.0)


@njit(forceinline=True)
def _added(value, values):
    """The value model's score, as often as it stands in the list of scorers."""
    score = np.float32(0.0) + value
    for _ in range(1, values):
        score += value
    return score if values > 0 else np.float32(0.0)


@njit(forceinline=True)
def _score(values, cards, caption, profile, u, ids, n, scores, slot_id, slot_weight):
    """Scores of all candidates, from the laid-out affinities."""
    for i in range(n):
        v = ids[i]
        card = cards[v]
        match = combine(
            dot(profile, u, caption, v),
            _laid(slot_id, slot_weight, 0, card.sound),
            _laid(slot_id, slot_weight, 1, card.tag0),
            _laid(slot_id, slot_weight, 1, card.tag1),
            _laid(slot_id, slot_weight, 1, card.tag2),
            _laid(slot_id, slot_weight, 2, card.creator),
        )
        scores[i] = _added(card.base + match * card.lift, values)


@njit()
def _score_slowly(values, cards, beliefs, caption, sound, tags, creator, u, ids, n, scores):
    """The same without the laid-out table, for the rare user whose affinities collide there."""
    for i in range(n):
        v = ids[i]
        match = affinity(
            beliefs.profile, beliefs.slot_id, beliefs.slot_weight, u, caption, sound, tags,
            creator, v,
        )  # fmt: skip
        scores[i] = _added(cards[v].base + match * cards[v].lift, values)


@njit(forceinline=True)
def fill_slate(
    plan, cards, listing, index, beliefs, graph, data, users, slates, u, t, surface, sound, r,
    scratch, stages,
):  # fmt: skip
    """Make a request for user ``u`` at time ``t`` and put the slate into the user's row.

    Returns its length. ``r`` is the request's stream; ``sound`` that of an open sound page.
    """
    ids, codes = scratch.ids, scratch.codes
    user = users[u]
    stages[REQUESTS] += 1
    if surface == FOR_YOU:
        n = _retrieve(plan, index, beliefs, graph, data, user, r, u, ids, codes)
    elif surface == FOLLOWING:
        row = graph if user.follow_size == 0 else data
        n = latest_of_follows(
            ids,
            0,
            plan.candidates,
            row,
            user.follow_start,
            user.follow_count,
            index.creator.start,
            index.creator.video,
        )
        codes[:n] = _FOLLOWING
    else:
        n = from_sound_page(ids, 0, plan.candidates, sound, index.sound.start, index.sound.video)
        codes[:n] = _SOUND
    stages[RETRIEVED] += n
    unique = _drop_duplicates(
        ids, codes, scratch.marks, n, cards, listing.caption, data, user.seen_start, user.seen_size
    )
    stages[DUPLICATES] += n - unique
    kept = _filter(
        plan.filter, plan.max_age, cards, data, user, u, t, ids, codes, scratch.home, scratch.bad,
        unique, stages,
    )  # fmt: skip
    stages[KEPT] += kept
    chosen = scratch.chosen
    if surface == FOR_YOU:
        if _spread_slots(beliefs, u, scratch.slot_id, scratch.slot_weight):
            _score(
                plan.values, cards, listing.caption, beliefs.profile, u, ids, kept, scratch.scores,
                scratch.slot_id, scratch.slot_weight,
            )  # fmt: skip
        else:
            _score_slowly(
                plan.values, cards, beliefs, listing.caption, listing.sound, listing.tags,
                listing.creator, u, ids, kept, scratch.scores,
            )  # fmt: skip
        _clear_slots(beliefs, u, scratch.slot_id, scratch.slot_weight)
        reserved = reserved_places(r, plan.slots, plan.slate)
        length = select_spaced(
            scratch.scores, kept, ids, codes, listing.creator, listing.sound, listing.state,
            reserved, plan.slate, plan.creator_gap, plan.sound_gap, scratch.keys, chosen,
        )  # fmt: skip
    else:
        length = min(plan.slate, kept)
        if surface != FOLLOWING:
            length = min(length, SOUND_PAGE_LENGTH)
        for i in range(length):
            chosen[i] = i
    for i in range(length):
        v = ids[chosen[i]]
        slates.video[u, i] = v
        slates.source[u, i] = codes[chosen[i]]
        slates.pool[u, i] = cards[v].pool
    stages[SELECTED] += length
    user.place = 0
    user.length = length
    user.surface = surface
    return length
