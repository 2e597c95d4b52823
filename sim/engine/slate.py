"""One feed request, compiled: the same stages as ``sim.feed.pipeline``, for one user.

retrieve -> drop duplicates -> judge (one look at each card) -> score -> select
"""

from __future__ import annotations

import numpy as np

from sim.core.registry import entry_of
from sim.core.sources import source_code
from sim.core.surfaces import QUERY_KINDS, SURFACES
from sim.engine.control import put_controls
from sim.engine.followed import mark_followed
from sim.engine.judge import DUPLICATES, KEPT, REQUESTS, RETRIEVED, SELECTED, judge, score
from sim.engine.memory import ASKED_AHEAD, first_group
from sim.engine.scorers import score_left
from sim.feed.belief import PROFILE_ONE, SOUND_SLOTS, TAG_SLOTS, read_taste
from sim.feed.cold_start import WAITING, reserved_places
from sim.feed.pipeline import FOR_YOU
from sim.feed.retrieve import (
    draw_creators,
    first_of_group,
    latest_of_follows,
    look_up,
    point_following,
    point_groups,
    point_interest,
    point_list,
    prefetch_groups,
)
from sim.feed.spaced import (
    NEVER,
    best_by_group,
    nearest_first,
    place_of,
    select_spaced,
    set_apart,
)
from sim.machine.borrow import at, prefetch
from sim.machine.compiled import njit
from sim.scenario.feed import SOURCES
from sim.world.state import NOBODY, TOPIC_ONE

__all__ = ["LISTS", "PAGES", "choose", "gather"]

_INTEREST, _SOUND, _HASHTAG, _FOLLOWING, _FRESH, _TRENDING, _RANDOM = range(7)
LISTS = {
    "interest": _INTEREST, "sound": _SOUND, "hashtag": _HASHTAG, "following": _FOLLOWING,
    "fresh": _FRESH, "trending": _TRENDING, "random": _RANDOM,
}  # fmt: skip
"""Sources that the kernel knows; whoever plans a feed refuses others (``sim.engine.plan``)."""
_KINDS = len(QUERY_KINDS)
_TOPIC, _OF_SOUND = QUERY_KINDS.index("topic"), QUERY_KINDS.index("sound")
_FULL = np.int32(TOPIC_ONE * PROFILE_ONE)
"""What a candidate has in common with a person whom nothing could suit better."""
_NONE, _ONE, _SIX, _LAST = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(63)
assert all(SOURCES.index(name) == code for name, code in LISTS.items())


@njit(forceinline=True)
def _list_of(feed, code):
    """The list of videos from which a source of LISTS draws."""
    index = feed.index
    if code == _INTEREST:
        return feed.topic.video
    if code == _SOUND:
        return feed.sound.video
    if code == _HASHTAG:
        return feed.tag.video
    if code == _FOLLOWING:
        return feed.creator.video
    if code == _FRESH:
        return index.fresh
    return index.trending if code == _TRENDING else index.live


@njit(forceinline=True)
def _point(feed, j, code, place, quota):
    """Let one source point at its candidates; returns how many places it used."""
    request = feed.asked[j]
    u, r, ids, runs = request.user, request.stream, feed.ids[j], feed.codes[j]
    beliefs, videos = feed.beliefs, _list_of(feed, code)
    if code == _INTEREST:
        return point_interest(
            ids, runs, place, quota, r, code, beliefs.profile, beliefs.doubt, u, feed.plan.topics,
            feed.topic.start, videos,
        )  # fmt: skip
    if code == _SOUND:
        return point_groups(
            ids, runs, place, quota, r, code, beliefs.slot_id, beliefs.slot_word, u,
            SOUND_SLOTS, feed.sound.start, videos,
        )  # fmt: skip
    if code == _HASHTAG:
        return point_groups(
            ids, runs, place, quota, r, code, beliefs.slot_id, beliefs.slot_word, u, TAG_SLOTS,
            feed.tag.start, videos,
        )  # fmt: skip
    if code == _FOLLOWING:
        return point_following(
            ids, place, quota, r, code, at(feed.users, u).follow_count, feed.creator.start, videos
        )
    return point_list(ids, place, quota, r, code, videos)


@njit(forceinline=True)
def _point_all(feed, j):
    """Let all sources point at their candidates, before the first of them is looked up."""
    request = feed.asked[j]
    u, user = request.user, at(feed.users, request.user)
    row = feed.graph.creator if user.follow_size == 0 else feed.arena.data
    prefetch_groups(feed.sound.start, feed.beliefs.slot_id, u, SOUND_SLOTS)
    prefetch_groups(feed.tag.start, feed.beliefs.slot_id, u, TAG_SLOTS)
    place = 0
    for i in range(feed.source.size):
        quota = feed.quota[i]
        if feed.source[i] == _FOLLOWING and quota > 0:
            draw_creators(
                feed.ids[j], place, quota, request.stream, _FOLLOWING, row, user.follow_start,
                user.follow_count, feed.creator.start, feed.creator.video,
            )  # fmt: skip
        place += quota
    place = 0
    for i in range(feed.source.size):
        quota = feed.quota[i]
        feed.pointed[i] = 0
        if quota > 0:
            feed.pointed[i] = _point(feed, j, feed.source[i], place, quota)
        place += quota


@njit(forceinline=True)
def _look_up_all(feed, j):
    """Replace what the sources pointed at by videos, without gaps; returns how many there are.

    Their cards are prefetched.
    """
    ids, codes, pointed = feed.ids[j], feed.codes[j], feed.pointed
    first = 0
    n = 0
    for i in range(feed.source.size):
        code = feed.source[i]
        found = 0
        if pointed[i] > 0:
            found = look_up(ids, first, pointed[i], n, _list_of(feed, code), feed.cards)
        for place in range(n, n + found):
            codes[np.uint64(place)] = code
        n += found
        first += feed.quota[i]
    return n


@njit(forceinline=True)
def _drop_duplicates(feed, j, n):
    """Keep the first of equal candidates; returns how many are left.

    ``marks`` has a bit for each video, all of them clear before and after. Where to look for each
    candidate among those that the user has seen is found and prefetched here.
    """
    ids, codes, groups, marks = feed.ids[j], feed.codes[j], feed.groups[j], feed.marks
    user = at(feed.users, feed.asked[j].user)
    seen_start, seen_size, data = user.seen_start, user.seen_size, feed.arena.data
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
def _for_kept_slots(feed, ids, codes, n, reserved):
    """Set the candidates for the kept slots apart: fresh ones that wait; returns how many.

    With a matched audience those that suit the person best come first.
    """
    keys, kept, cards, sums = feed.scores_of.keys, feed.kept, feed.cards, feed.scores_of.sum
    found = 0
    first, last = np.int32(n), np.int32(0)
    for i in range(n):  # in vector registers; in 32 bits, twice as many at once
        fresh = at(codes, i) == _FRESH
        first = min(first, np.int32(i) if fresh else np.int32(n))
        last = max(last, np.int32(i + 1) if fresh else np.int32(0))
    for i in range(first, last):
        waits = (at(cards, at(ids, i)).state == WAITING) & (at(codes, i) == _FRESH)
        found = set_apart(i, keys, kept, found, waits)
    if feed.plan.matched == 0 or reserved == _NONE:
        return found
    for j in range(found):  # as affinities are bounded
        i = np.uint64(at(kept, j))
        sums[i] = min(max(sums[i], -_FULL), _FULL)
    nearest_first(kept, found, sums, reserved)
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


@njit()
def _follows_page(feed, j):
    user = at(feed.users, feed.asked[j].user)
    row = feed.graph.creator if user.follow_size == 0 else feed.arena.data
    return latest_of_follows(
        feed.ids[j], 0, feed.plan.candidates, row, user.follow_start, user.follow_count,
        feed.creator.start, feed.creator.video,
    )  # fmt: skip


@njit()
def _friends_page(feed, j):
    u, friends = feed.asked[j].user, feed.friends
    first = friends.start[u]
    return latest_of_follows(
        feed.ids[j], 0, feed.plan.candidates, friends.creator, first, friends.start[u + 1] - first,
        feed.creator.start, feed.creator.video,
    )  # fmt: skip


@njit()
def _group_page(feed, j, groups, number):
    most = feed.plan.candidates
    return first_of_group(feed.ids[j], 0, most, number, groups.start, groups.video)


@njit()
def _sound_page(feed, j):
    return _group_page(feed, j, feed.sound, feed.asked[j].subject)


@njit()
def _hashtag_page(feed, j):
    return _group_page(feed, j, feed.tag, feed.asked[j].subject)


@njit()
def _creator_page(feed, j):
    return _group_page(feed, j, feed.creator, feed.asked[j].subject)


@njit()
def _query_page(feed, j):
    query = feed.asked[j].subject
    if query == NOBODY:
        return 0
    number, kind = query // _KINDS, query % _KINDS
    if kind == _TOPIC:
        return _group_page(feed, j, feed.topic, number)
    if kind == _OF_SOUND:
        return _group_page(feed, j, feed.sound, number)
    return _group_page(feed, j, feed.tag, number)


@njit()
def _video_page(feed, j):
    feed.ids[j][0] = feed.asked[j].subject
    return 1


PAGES = {
    "follows": _follows_page, "friends": _friends_page, "sound": _sound_page,
    "hashtag": _hashtag_page, "creator": _creator_page, "query": _query_page, "video": _video_page,
}  # fmt: skip
"""What pages list, by ``Surface.lists``."""
_SOURCE = np.array([source_code(s.source) if s.source else -1 for s in SURFACES], np.int8)
_LENGTH = np.array([127 if s.length is None else s.length for s in SURFACES], np.int8)
"""The source under which a page is booked, and its length, by surface."""


def _by_surface(code):
    """One function for the pages of all surfaces from ``code`` on."""
    if code == len(SURFACES):
        return None
    rest = _by_surface(code + 1)
    if SURFACES[code].ranked:
        return rest
    page = entry_of("list for a page", PAGES, SURFACES[code].lists)
    if rest is None:
        return page

    @njit(forceinline=True)
    def list_page(feed, j):
        if feed.asked[j].surface == code:
            return page(feed, j)
        return rest(feed, j)

    return list_page


_list_page = _by_surface(0)


@njit(forceinline=True)
def gather(feed, j):
    """The first half of request ``j``: candidates, each once.

    What the second half reads of the candidates is prefetched here, so it should come a little
    later.
    """
    request = feed.asked[j]
    if request.surface == FOR_YOU:
        _point_all(feed, j)
        n = _look_up_all(feed, j)
    else:
        n = _list_page(feed, j)
        feed.codes[j][:n] = _SOURCE[request.surface]
    unique = _drop_duplicates(feed, j, n)
    request.candidates = unique
    feed.stages[REQUESTS] += 1
    feed.stages[RETRIEVED] += n
    feed.stages[DUPLICATES] += n - unique


@njit(forceinline=True)
def choose(feed, j):
    """The second half: filters, scores, and the slate, which goes into the user's row.

    Returns its length.
    """
    request = feed.asked[j]
    ids, n = feed.ids[j], request.candidates
    read_taste(
        feed.beliefs.profile, feed.beliefs.slot_word, request.user, feed.plan.believed,
        feed.taste.profile, feed.taste.weights,
    )  # fmt: skip
    left = judge(feed, j)
    feed.stages[KEPT] += left
    score(feed, n)
    if request.surface == FOR_YOU:
        length = _select(feed, j)
    else:
        most = min(feed.plan.slate, np.int64(_LENGTH[request.surface]))
        length = _first_left(feed.scores_of.keys, n, most, feed.chosen)
    length = _fill_slate(feed, j, ids, length)
    feed.stages[SELECTED] += length
    return length


@njit(forceinline=True)
def _select(feed, j):
    """Choose by score and distance, with kept slots; returns how many."""
    request, plan, cards = feed.asked[j], feed.plan, feed.cards
    ids, codes, n = feed.ids[j], feed.codes[j], request.candidates
    keys, tops, kept = feed.scores_of.keys, feed.scores_of.tops, feed.kept
    if feed.steps.size > 0:
        score_left(feed, j)
    reserved = reserved_places(request.stream, plan.slots, plan.slate)
    n_kept = _for_kept_slots(feed, ids, codes, n, reserved)
    top = best_by_group(keys, n, tops)
    if top != NEVER:  # as a rule the first to be played
        likely = at(ids, place_of(top))
        prefetch(feed.tally.videos, likely)
        prefetch(feed.scores.usual, likely)
    return select_spaced(
        keys, n, top, kept, n_kept, ids, cards["creator"], cards["sound"],
        reserved, plan.slate, plan.creator_gap, plan.sound_gap, tops, feed.chosen,
    )  # fmt: skip


@njit(forceinline=True)
def _fill_slate(feed, j, ids, length):
    """Write the chosen videos into the user's slate, and controls; returns its length."""
    request = feed.asked[j]
    user, row, creators = at(feed.users, request.user), np.uint64(request.user), feed.slate_creators
    codes, slates = feed.codes[j], feed.slates
    for i in range(length):
        place = np.uint64(feed.chosen[i])
        v = ids[place]
        card, slot = at(feed.cards, v), slates[row, np.uint64(i)]
        slot.video, slot.source, slot.pool = v, codes[place], card.pool
        creators[np.uint64(i)] = card.creator
    user.controls = 0
    if request.surface == FOR_YOU and length > 0:
        length = put_controls(feed, j, length)
    mark_followed(slates, row, length, creators, feed.graph.creator, feed.arena.data, user)
    user.place = 0
    user.length = length
    user.surface = request.surface
    user.asked = feed.window.number
    return length
