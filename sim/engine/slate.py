"""One feed request, compiled: the same stages as ``sim.feed.pipeline``, for one user.

retrieve -> drop duplicates -> judge (one look at each card) -> score -> select
"""

from __future__ import annotations

import numpy as np

from sim.engine.followed import mark_followed
from sim.engine.judge import DUPLICATES, KEPT, REQUESTS, RETRIEVED, SELECTED, judge, score
from sim.engine.memory import ASKED_AHEAD, first_group
from sim.engine.scorers import score_left
from sim.feed.belief import SOUND_SLOTS, TAG_SLOTS, read_taste
from sim.feed.cold_start import reserved_places
from sim.feed.pipeline import FOLLOWING, FOR_YOU, SOUND_PAGE_LENGTH
from sim.feed.retrieve import (
    ask_for_groups,
    draw_creators,
    from_sound_page,
    latest_of_follows,
    look_up,
    point_following,
    point_groups,
    point_interest,
    point_list,
)
from sim.feed.spaced import NEVER, best_by_group, place_of, select_spaced
from sim.machine.borrow import at, prefetch
from sim.machine.compiled import njit
from sim.scenario.feed import SOURCES

__all__ = ["choose", "gather"]

_INTEREST, _SOUND, _HASHTAG, _FOLLOWING, _FRESH, _TRENDING, _RANDOM = range(7)
_NONE, _ONE, _SIX, _LAST = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(63)
assert SOURCES == ("interest", "sound", "hashtag", "following", "fresh", "trending", "random")


@njit(forceinline=True)
def _list_of(index, code):
    """The list of videos from which a source draws."""
    if code == _INTEREST:
        return index.topic.video
    if code == _SOUND:
        return index.sound.video
    if code == _HASHTAG:
        return index.tag.video
    if code == _FOLLOWING:
        return index.creator.video
    if code == _FRESH:
        return index.fresh
    return index.trending if code == _TRENDING else index.live


@njit(forceinline=True)
def _point(plan, index, beliefs, user, r, u, ids, runs, code, place, quota):
    """Let one source point at its candidates; returns how many places it used."""
    videos = _list_of(index, code)
    if code == _INTEREST:
        return point_interest(
            ids, runs, place, quota, r, code, beliefs.profile, u, plan.topics, index.topic.start,
            videos,
        )  # fmt: skip
    if code == _SOUND:
        return point_groups(
            ids, runs, place, quota, r, code, beliefs.slot_id, beliefs.slot_weight, u,
            SOUND_SLOTS, index.sound.start, videos,
        )  # fmt: skip
    if code == _HASHTAG:
        return point_groups(
            ids, runs, place, quota, r, code, beliefs.slot_id, beliefs.slot_weight, u, TAG_SLOTS,
            index.tag.start, videos,
        )  # fmt: skip
    if code == _FOLLOWING:
        return point_following(
            ids, place, quota, r, code, user.follow_count, index.creator.start, videos
        )
    return point_list(ids, place, quota, r, code, videos)


@njit(forceinline=True)
def _point_all(plan, index, beliefs, graph, data, user, r, u, scratch):
    """Let all sources point at their candidates, before the first of them is looked up."""
    ids, codes, pointed = scratch.ids, scratch.codes, scratch.pointed
    row = graph if user.follow_size == 0 else data
    ask_for_groups(index.sound.start, beliefs.slot_id, u, SOUND_SLOTS)
    ask_for_groups(index.tag.start, beliefs.slot_id, u, TAG_SLOTS)
    place = 0
    for i in range(plan.source.size):
        quota = plan.quota[i]
        if plan.source[i] == _FOLLOWING and quota > 0:
            draw_creators(
                ids, place, quota, r, _FOLLOWING, row, user.follow_start, user.follow_count,
                index.creator.start, index.creator.video,
            )  # fmt: skip
        place += quota
    place = 0
    for i in range(plan.source.size):
        quota = plan.quota[i]
        pointed[i] = 0
        if quota > 0:
            pointed[i] = _point(
                plan, index, beliefs, user, r, u, ids, codes, plan.source[i], place, quota
            )
        place += quota


@njit(forceinline=True)
def _look_up_all(plan, cards, index, scratch):
    """Replace what the sources pointed at by videos, without gaps; returns how many there are.

    Their cards are asked for.
    """
    ids, codes, pointed = scratch.ids, scratch.codes, scratch.pointed
    first = 0
    n = 0
    for i in range(plan.source.size):
        code = plan.source[i]
        found = 0
        if pointed[i] > 0:
            found = look_up(ids, first, pointed[i], n, _list_of(index, code), cards)
        for j in range(n, n + found):
            codes[np.uint64(j)] = code
        n += found
        first += plan.quota[i]
    return n


@njit(forceinline=True)
def _drop_duplicates(scratch, n, data, seen_start, seen_size):
    """Keep the first of equal candidates; returns how many are left.

    ``marks`` has a bit for each video, all of them clear before and after. Where to look for each
    candidate among those that the user has seen is found and asked for here.
    """
    ids, codes, groups, marks = scratch.ids, scratch.codes, scratch.groups, scratch.marks
    kept = 0
    for i in range(n):
        v, code = at(ids, i), at(codes, i)
        word, bit = np.uint64(v) >> _SIX, _ONE << (np.uint64(v) & _LAST)
        there = marks[word]
        marks[word] = there | bit
        place = np.uint64(kept)
        ids[place], codes[place] = v, code
        kept += 1 if there & bit == _NONE else 0
    for i in range(kept):
        marks[np.uint64(at(ids, i)) >> _SIX] = _NONE
    for i in range(kept):  # in vector registers
        groups[np.uint64(i)] = first_group(at(ids, i), seen_size)
    if seen_size > ASKED_AHEAD:  # a smaller table was asked for as a whole
        for i in range(kept):
            prefetch(data, seen_start + at(groups, i))
    return kept


@njit(forceinline=True)
def _for_kept_slots(ids, codes, keys, kept, n, cards):
    """List the candidates for the kept slots: fresh ones in a cold-start pool; returns how many."""
    found = 0
    first, last = np.int32(n), np.int32(0)
    for i in range(n):  # in vector registers; in 32 bits, twice as many at once
        fresh = at(codes, i) == _FRESH
        first = min(first, np.int32(i) if fresh else np.int32(n))
        last = max(last, np.int32(i + 1) if fresh else np.int32(0))
    for i in range(first, last):
        kept[np.uint64(found)] = i
        waits = (at(cards, at(ids, i)).waiting == 1) & (at(keys, i) != NEVER)
        found += 1 if waits & (at(codes, i) == _FRESH) else 0
    return found


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
def gather(plan, cards, index, beliefs, graph, data, users, asked, scratch, stages):
    """The first half of request ``asked``: candidates, each once.

    ``scratch`` has the rows of this request (``scratch_of``). What the second half reads of the
    candidates is asked for here, so it should come a little later.
    """
    ids, codes = scratch.ids, scratch.codes
    u = asked.user
    user = at(users, u)
    if asked.surface == FOR_YOU:
        _point_all(plan, index, beliefs, graph, data, user, asked.stream, u, scratch)
        n = _look_up_all(plan, cards, index, scratch)
    elif asked.surface == FOLLOWING:
        row = graph if user.follow_size == 0 else data
        n = latest_of_follows(
            ids, 0, plan.candidates, row, user.follow_start, user.follow_count,
            index.creator.start, index.creator.video,
        )  # fmt: skip
        codes[:n] = _FOLLOWING
    else:
        n = from_sound_page(
            ids, 0, plan.candidates, asked.sound, index.sound.start, index.sound.video
        )
        codes[:n] = _SOUND
    unique = _drop_duplicates(scratch, n, data, user.seen_start, user.seen_size)
    asked.candidates = unique
    stages[REQUESTS] += 1
    stages[RETRIEVED] += n
    stages[DUPLICATES] += n - unique


@njit(forceinline=True)
def choose(
    plan, scorers, cards, reels, video_counts, arms, caption, beliefs, graph, data, users, slates,
    asked, scratch, stages,
):  # fmt: skip
    """The second half: filters, scores, and the slate, which goes into the user's row.

    Returns its length.
    """
    ids, codes, chosen = scratch.ids, scratch.codes, scratch.chosen
    u, t, r, surface, n = asked.user, asked.time_s, asked.stream, asked.surface, asked.candidates
    user = at(users, u)
    read_taste(
        beliefs.profile, beliefs.slot_weight, u, scratch.taste_profile, scratch.taste_weights
    )
    left = judge(plan, cards, arms, caption, beliefs.slot_id, data, user, u, t, n, scratch, stages)
    stages[KEPT] += left
    score(plan.values, n, scratch.sum, scratch.worth, scratch.keys)
    if surface == FOR_YOU:
        if scorers.steps.size > 0:
            score_left(scorers, cards, arms, user.locale, u, t, r, n, scratch)
        top = best_by_group(scratch.keys, n, scratch.tops)
        if top != NEVER:  # as a rule the first to be played
            likely = at(ids, place_of(top))
            prefetch(reels, likely)
            prefetch(video_counts, likely)
        n_kept = 0
        if plan.slots > 0.0:
            n_kept = _for_kept_slots(ids, codes, scratch.keys, scratch.kept, n, cards)
        length = select_spaced(
            scratch.keys, n, top, scratch.kept, n_kept, ids, cards["creator"], cards["sound"],
            reserved_places(r, plan.slots, plan.slate), plan.slate, plan.creator_gap,
            plan.sound_gap, scratch.tops, chosen,
        )  # fmt: skip
    else:
        most = plan.slate if surface == FOLLOWING else min(plan.slate, SOUND_PAGE_LENGTH)
        length = _first_left(scratch.keys, n, most, chosen)
    row, creators = np.uint64(u), scratch.creators
    for i in range(length):
        place = np.uint64(chosen[i])
        v = ids[place]
        card, slot = at(cards, v), slates[row, np.uint64(i)]
        slot.video, slot.source, slot.pool = v, codes[place], card.pool
        creators[np.uint64(i)] = card.creator
    mark_followed(slates, row, length, creators, graph, data, user)
    stages[SELECTED] += length
    user.place = 0
    user.length = length
    user.surface = surface
    return length
