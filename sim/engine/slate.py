"""One feed request, compiled: the same stages as ``sim.feed.pipeline``, for one user.

retrieve -> drop duplicates -> judge (one look at each card) -> score -> select
"""

from __future__ import annotations

import numpy as np

from sim.core.borrow import at, match_sum, prefetch
from sim.core.compiled import njit
from sim.engine.memory import first_group, has_seen
from sim.engine.scorers import score_left
from sim.feed.belief import SOUND_SLOTS, TAG_SLOTS, affinity_of, read_taste
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
from sim.feed.spaced import NEVER, score_key, select_spaced
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
def _drop_duplicates(ids, codes, marks, n, cards, data, seen_start, seen_size):
    """Keep the first of equal candidates; returns how many are left.

    ``marks`` is a hash table that is never cleared: an entry counts only with the stamp of this
    call, which its first place holds. The memory that the next stage reads of each candidate is
    asked for here.
    """
    marks[0] += 1
    stamp = marks[0] << np.int64(32)
    mask = np.uint64(marks.size - 2)  # the table has one place less than the array
    kept = 0
    for i in range(n):
        v = at(ids, i)
        code = at(codes, i)
        prefetch(cards, v)
        prefetch(data, seen_start + first_group(v, seen_size))
        entry = stamp | np.int64(v)
        j = ((np.uint64(v) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) & mask
        there = marks[j + np.uint64(1)]
        while there >= stamp and there != entry:
            j = (j + np.uint64(1)) & mask
            there = marks[j + np.uint64(1)]
        marks[j + np.uint64(1)] = entry
        ids[np.uint64(kept)] = v
        codes[np.uint64(kept)] = code
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
def _rules(filters, max_age, t):
    """(number of the first filter ``seen`` or -1, earliest upload time that may pass)."""
    asked = -1
    oldest = -np.inf
    for number in range(filters.size):
        if filters[number] == _SEEN and asked < 0:
            asked = number
        if filters[number] == _TOO_OLD:
            oldest = max(oldest, t - max_age[number])
    return asked, oldest


@njit(forceinline=True)
def _judge(plan, cards, arms, caption, slot_id, data, user, u, t, n, scratch, stages):
    """Look at the card of each candidate once: filters, affinity, and what the score needs.

    Returns (how many are left, how many of them are for the kept slots). The loop has no branch
    that the processor could not foresee: who is removed is looked at too. Only when a filter other
    than ``seen`` may object are the filters asked in turn.
    """
    ids, codes, kept = scratch.ids, scratch.codes, scratch.kept
    asked, oldest = _rules(plan.filter, plan.max_age, t)
    start, size = user.seen_start, np.int64(user.seen_size)
    check_seen = asked >= 0 and size > 0
    perturbed = arms.table.shape[1] > 0
    by_seen = 0
    left = 0
    n_kept = 0
    for i in range(n):
        place = np.uint64(i)
        v = ids[place]
        card = at(cards, v)
        seen = check_seen and has_seen(data, start, size, v)
        removed = seen
        if (card.owner == u) | (card.eligible != 1) | (not card.uploaded_s >= oldest):
            number = _removed_by(plan.filter, plan.max_age, card, seen, u, t)
            removed = number >= 0
            if removed:
                stages[REMOVED + number] += 1
        else:
            by_seen += 1 if seen else 0
        scratch.sum[place] = match_sum(
            caption, v, scratch.taste_profile, 0, scratch.taste_profile.shape[1], slot_id, u,
            scratch.taste_weights, card.sound, card.tag0, card.tag1, card.tag2, card.creator,
        )  # fmt: skip
        scratch.base[place] = card.base
        scratch.lift[place] = card.lift
        if perturbed:
            scratch.base[place] = arms.table[v, arms.arm[u], 0]
            scratch.lift[place] = arms.table[v, arms.arm[u], 1]
        scratch.removed[place] = removed
        scratch.creator[place] = card.creator
        scratch.sound[place] = card.sound
        left += 0 if removed else 1
        kept[np.uint64(n_kept)] = i
        n_kept += 1 if (codes[place] == _FRESH) & (card.waiting == 1) & (not removed) else 0
    if by_seen > 0:
        stages[REMOVED + asked] += by_seen
    return left, n_kept


@njit(forceinline=True)
def _score(values, n, scratch):
    """Keys of all candidates: by the value model, as often as it stands in the list of scorers.

    Who was removed gets NEVER. The loops run in vector registers.
    """
    for i in range(n):
        place = np.uint64(i)
        value = scratch.base[place] + affinity_of(scratch.sum[place]) * scratch.lift[place]
        scratch.base[place] = value
        scratch.score[place] = np.float32(0.0) + value if values > 0 else np.float32(0.0)
    for _ in range(1, values):
        for i in range(n):
            scratch.score[np.uint64(i)] += scratch.base[np.uint64(i)]
    for i in range(n):
        place = np.uint64(i)
        key = score_key(scratch.score[place], i)
        scratch.keys[place] = NEVER if scratch.removed[place] else key


@njit(forceinline=True)
def _first_left(keys, n, length, chosen):
    """The first ``length`` candidates that no filter removed, in their order."""
    found = 0
    for i in range(n):
        if found == length:
            break
        if keys[i] != NEVER:
            chosen[found] = i
            found += 1
    return found


@njit(forceinline=True)
def fill_slate(
    plan, scorers, cards, arms, caption, index, beliefs, graph, data, users, slates, u, t, surface,
    sound, r, scratch, stages,
):  # fmt: skip
    """Make a request for user ``u`` at time ``t`` and put the slate into the user's row.

    Returns its length. ``r`` is the request's stream; ``sound`` that of an open sound page.
    """
    ids, codes, chosen = scratch.ids, scratch.codes, scratch.chosen
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
        ids, codes, scratch.marks, n, cards, data, user.seen_start, user.seen_size
    )
    stages[DUPLICATES] += n - unique
    read_taste(
        beliefs.profile, beliefs.slot_weight, u, scratch.taste_profile, scratch.taste_weights
    )
    left, n_kept = _judge(
        plan, cards, arms, caption, beliefs.slot_id, data, user, u, t, unique, scratch, stages
    )
    stages[KEPT] += left
    _score(plan.values, unique, scratch)
    if surface == FOR_YOU:
        if scorers.steps.size > 0:
            score_left(scorers, cards, arms, user.locale, u, t, r, unique, scratch)
        length = select_spaced(
            scratch.keys, unique, scratch.kept, n_kept, scratch.creator, scratch.sound,
            reserved_places(r, plan.slots, plan.slate), plan.slate, plan.creator_gap,
            plan.sound_gap, scratch.tops, chosen,
        )  # fmt: skip
    else:
        most = plan.slate if surface == FOLLOWING else min(plan.slate, SOUND_PAGE_LENGTH)
        length = _first_left(scratch.keys, unique, most, chosen)
    row = np.uint64(u)
    for i in range(length):
        place = np.uint64(chosen[i])
        v = ids[place]
        slates.video[row, np.uint64(i)] = v
        slates.source[row, np.uint64(i)] = codes[place]
        slates.pool[row, np.uint64(i)] = at(cards, v).pool
    stages[SELECTED] += length
    user.place = 0
    user.length = length
    user.surface = surface
    return length
