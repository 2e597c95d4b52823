"""The practical limit: the memory accesses and draws of an impression, and nothing else.

The records are the engine's own: a card of 64 bytes a candidate, a reel, rows of counters and of
users. A request draws its candidates in vector loops, reads for each an index entry, its card and
a group of sixteen places in the table of shown videos, takes the product of caption and profile in
whole numbers, and picks the best by groups. An impression reads and writes the rows that the
engine reads and writes and makes as many keyed draws; no formula turns the draws into behaviour.
Nothing but shown videos is filtered, nothing is spaced apart or checked for duplicates. Like the
engine it works through users in order and asks for memory ahead of time.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from turns import serve

from sim.behaviour import draws
from sim.core.counts import HIGH, PACKED
from sim.core.random import draw32, stream2
from sim.engine.layout import CARD, PERSON, REEL, SLOT
from sim.engine.memory import USER, first_group
from sim.feed.belief import SLOT_COLUMNS, SLOTS, no_slots
from sim.feed.retrieve import DRAWS
from sim.feed.spaced import (
    GROUP,
    NEVER,
    best_by_group,
    place_of,
    room_for_tops,
    score_key,
    select_spaced,
)
from sim.machine.aligned import LINE, aligned_zeros
from sim.machine.borrow import at, borrow, prefetch, prefetch_at
from sim.machine.compiled import njit
from sim.machine.lanes import FOUND, STEP, dot, look_in_group
from sim.machine.pack import all_bytes
from sim.world.state import TOPIC_ONE

__all__ = ["bare_kernel"]

_SOON, _NEXT = 4, 2
"""How many users ahead memory is asked for, as in the engine."""
_AHEAD = 32
"""How many candidates ahead their cards are asked for: enough to cover the wait, few enough for
the processor to have all of them under way."""
_FOLLOWS = 25
"""Creators a user follows; in the world of the benchmark the mean is 25."""
_EVEN, _EARLY, _FEW = 0, 1, 2
"""Where in its list a source draws: anywhere; the square of a draw, as the engine does; the eighth
power, because few sounds and few creators have most of what is drawn: in a run half the draws of
these two sources fall on about one video in a hundred."""
_SOURCES = (
    (0.40, _EARLY),  # interest
    (0.08, _FEW),  # sound
    (0.07, _EVEN),  # hashtag
    (0.10, _FEW),  # following, with a second draw for the place in the creator's list
    (0.10, _EVEN),  # fresh
    (0.15, _EVEN),  # trending
    (0.10, _EVEN),  # random
)
_FOLLOWING, _FRESH, _TRENDING = 3, 4, 5
_PER_DRAW = 2.0**-32
assert draws.TASTE == 0
_REACTION = draws.LEAVE + 1
"""Draws of an impression, one after the other: taste, watch, seven actions, pause, leave."""


class _Videos(NamedTuple):
    card: NDArray[Any]
    """card [V] CARD: one line"""
    caption: NDArray[np.int8]
    """caption [V, 64] the same memory, byte by byte"""
    reel: NDArray[Any]
    topics: NDArray[np.int8]
    count: NDArray[np.int32]
    """count [V, PACKED]: the first line is used"""
    listing: NDArray[np.int32]
    """the lists of all sources, one after the other"""
    start: NDArray[np.int64]
    """start [S + 1] of each source's list"""
    quota: NDArray[np.int64]
    """quota [S] candidates of each source"""


class _Users(NamedTuple):
    user: NDArray[Any]
    """user [U] USER: one line"""
    trait: NDArray[Any]
    interests: NDArray[np.int8]
    next_s: NDArray[np.float64]
    profile: NDArray[np.float32]
    slot_id: NDArray[np.int32]
    """slot_id [U, SLOT_COLUMNS] and its words as in the engine: a kind lies on a line"""
    slot_word: NDArray[np.int32]
    count: NDArray[np.int32]
    follows: NDArray[np.int32]
    slate: NDArray[Any]
    """slate [U, P] SLOT"""
    shown: NDArray[np.int32]
    """tables of shown videos, one after the other, of those who are active"""


class _Scratch(NamedTuple):
    ids: NDArray[np.int32]
    second: NDArray[np.int32]
    keys: NDArray[np.int64]
    tops: NDArray[np.int64]
    chosen: NDArray[np.int64]
    taste: NDArray[np.int16]


def _some_videos(count: int, candidates: int, fresh: int, trending: int) -> _Videos:
    random = np.random.default_rng(1)
    card, reel = aligned_zeros(count, CARD), aligned_zeros(count, REEL)
    for bytes_of in (all_bytes(card), all_bytes(reel)):
        bytes_of[:, :STEP] = random.integers(0, 60, (count, STEP))
    card["base"] = random.random(count)
    card["lift"] = 1e-7
    sizes = [count] * len(_SOURCES)
    sizes[_FRESH], sizes[_TRENDING] = max(min(fresh, count), 1), max(min(trending, count), 1)
    lists = [random.permutation(count)[:size].astype(np.int32) for size in sizes]
    ends = [round(candidates * share) for share in accumulate(share for share, _ in _SOURCES)]
    return _Videos(
        card, all_bytes(card), reel, all_bytes(reel), aligned_zeros((count, PACKED), np.int32),
        np.concatenate(lists), np.cumsum([0, *sizes]), np.diff(ends, prepend=0),
    )  # fmt: skip


def _some_users(count: int, who: NDArray[np.int64], slate: int, places: float) -> _Users:
    random = np.random.default_rng(2)
    user, trait = aligned_zeros(count, USER), aligned_zeros(count, PERSON)
    all_bytes(trait)[:, :STEP] = random.integers(0, 60, (count, STEP))
    user["follow_start"] = np.arange(count) * _FOLLOWS
    user["follow_count"] = _FOLLOWS
    # tables have a power of two of places: the two nearest, in the proportion that gives the mean
    small = 16
    while 2 * small <= places:
        small *= 2
    larger = np.floor(np.arange(len(who) + 1) * min(places / small - 1.0, 1.0))
    sizes = small * (1 + np.diff(larger)).astype(np.int64)
    user["seen_size"][who] = sizes
    user["seen_start"][who] = np.cumsum(sizes) - sizes
    # nobody begins in step with the others: each is at another place of a slate
    user["length"][who] = slate
    user["place"][who] = np.arange(len(who)) % slate
    shown = aligned_zeros(int(sizes.sum()), np.int32)
    shown[:] = -1
    profile = aligned_zeros((count, STEP), np.float32)
    profile[:] = 0.25
    return _Users(
        user, trait, all_bytes(trait), np.zeros(count), profile,
        *no_slots(count),
        aligned_zeros((count, PACKED), np.int32), np.zeros(count * _FOLLOWS, np.int32),
        aligned_zeros((count, slate), SLOT), shown,
    )  # fmt: skip


@njit(forceinline=True)
def _draw(out, first, count, r, number):
    """``count`` draws of 32 bits; nothing is looked up, so the loop runs in vector registers."""
    for i in range(count):
        out[np.uint64(first + i)] = np.int32(draw32(r, number + i))


@njit(forceinline=True)
def _part(drawn, size):
    """A draw as a whole number in [0, size)."""
    return np.int64((np.uint64(np.uint32(drawn)) * np.uint64(size)) >> np.uint64(32))


@njit(forceinline=True)
def _share(drawn):
    """A draw as a number in [0, 1)."""
    return float(np.uint32(drawn)) * _PER_DRAW


@njit(forceinline=True)
def _candidates(videos, r, scratch):
    """Draw the candidates of a request; returns how many."""
    ids, listing = scratch.ids, videos.listing
    n = 0
    for code, (_, kind) in enumerate(_SOURCES):
        count = videos.quota[code]
        start = videos.start[code]
        size = videos.start[code + 1] - start
        _draw(ids, n, count, r, code * DRAWS)
        if kind == _EVEN:
            for i in range(n, n + count):
                ids[np.uint64(i)] = at(listing, start + _part(at(ids, i), size))
        elif kind == _EARLY:
            for i in range(n, n + count):
                x = _share(at(ids, i))
                ids[np.uint64(i)] = at(listing, start + np.int64(x * x * float(size)))
        else:
            if code == _FOLLOWING:
                _draw(scratch.second, n, count, r, code * DRAWS + count)
            for i in range(n, n + count):
                x = _share(at(ids, i))
                x *= x
                x *= x
                place = np.int64(x * x * float(size))
                if code == _FOLLOWING:
                    place = min(place + (at(scratch.second, i) & 7), size - 1)
                ids[np.uint64(i)] = at(listing, start + place)
        n += count
    return n


@njit(forceinline=True)
def _request(key, u, videos, users, scratch):
    """Fill the slate of user ``u``."""
    ids, keys, taste = scratch.ids, scratch.keys, scratch.taste
    user = at(users.user, u)
    row = np.uint64(u)
    user.request += 1
    r = stream2(key, u, np.int64(user.request))
    n = _candidates(videos, r, scratch)
    start, size = user.seen_start, np.int64(user.seen_size)
    for i in range(min(n, _AHEAD)):
        prefetch(videos.card, at(ids, i))
    for d in range(STEP):
        taste[0, d] = np.int16(users.profile[row, np.uint64(d)] * np.float32(16384.0))
    held = np.int32(0)
    for first in range(0, SLOT_COLUMNS, 2 * SLOTS):
        for d in range(first, first + SLOTS):
            weight = np.int32(users.slot_word[row, np.uint64(d)])
            held += users.slot_id[row, np.uint64(d)] ^ weight
    user.last_day = held
    for i in range(n):
        v = at(ids, i)
        prefetch(videos.card, at(ids, min(i + _AHEAD, n - 1)))
        card = at(videos.card, v)
        there = look_in_group(users.shown, start + first_group(v, size), v)
        match = dot(taste, 0, videos.caption, v, STEP)
        key_of = score_key(card.base + np.float32(match) * card.lift, i)
        keys[np.uint64(i)] = NEVER if there & FOUND else key_of
    top = best_by_group(keys, n, scratch.tops)
    first = at(ids, place_of(top)) if top != NEVER else at(ids, 0)
    prefetch(videos.reel, first)
    prefetch(videos.count, first)
    # the engine's own selection, with nothing to keep apart and no place kept
    length = select_spaced(
        keys, n, top, scratch.chosen, 0, ids, ids, ids, np.uint64(0), users.slate.shape[1], 0, 0,
        scratch.tops, scratch.chosen,
    )  # fmt: skip
    for j in range(length):
        slot, v = users.slate[row, np.uint64(j)], at(ids, at(scratch.chosen, j))
        slot.video, slot.source, slot.pool = v, 1, at(videos.card, v).pool


@njit(forceinline=True)
def _impression(key, u, videos, users):
    """Play the next video of user ``u``'s slate."""
    row = np.uint64(u)
    user = at(users.user, u)
    place = np.uint64(user.place)
    user.place += 1
    slot = users.slate[row, place]
    v = np.int64(slot.video)
    video = np.uint64(v)
    if user.place < user.length:
        after = users.slate[row, place + np.uint64(1)].video
        prefetch(videos.card, after)
        prefetch(videos.reel, after)
        prefetch(videos.count, after)
    card, reel, trait = at(videos.card, v), at(videos.reel, v), at(users.trait, u)
    s = stream2(key, u, v)
    drawn = np.uint64(0)
    for n in range(_REACTION):
        drawn += np.uint64(draw32(s, n))
    group = user.seen_start + first_group(v, user.seen_size)
    seen = look_in_group(users.shown, group, v)
    users.shown[np.uint64(group + (v & 15))] = np.int32(v)
    followed = np.int32(0)
    for f in range(user.follow_start, user.follow_start + user.follow_count):
        followed |= np.int32(at(users.follows, f) == card.creator)
    suits = dot(users.interests, u, videos.topics, v, STEP)
    # a signal at about two impressions in five; a step of nothing is cheaper than a branch
    signal = (drawn & np.uint64(0xFFFF)) < np.uint64(26_214)
    step = np.float32(0.01) if signal else np.float32(0.0)
    for d in range(STEP):
        value = users.profile[row, np.uint64(d)]
        caption = np.float32(videos.caption[video, np.uint64(d)]) * np.float32(1.0 / TOPIC_ONE)
        users.profile[row, np.uint64(d)] = value + step * (caption - value)
    for first in range(0, SLOT_COLUMNS, 2 * SLOTS):
        for d in range(first, first + SLOTS):
            users.slot_word[row, np.uint64(d)] += signal
    users.slot_id[row, np.uint64(v & (SLOTS - 1))] = card.sound
    bits = np.int32(drawn & np.uint64(0x3FFF)) | np.int32(seen)
    for f in range(HIGH + 1):
        videos.count[video, np.uint64(f)] += (bits >> np.int32(f)) & np.int32(1)
        users.count[row, np.uint64(f)] += (bits >> np.int32(f)) & np.int32(1)
    user.videos += suits + followed
    user.session += slot.source + slot.pool
    return float(drawn) + reel.duration_s + float(reel.hook + trait.patience)


@njit(forceinline=True)
def _ask_for(videos, users, soon, near):
    """Ask for the memory of users who come soon, and for what those near will look at."""
    prefetch(users.user, soon)
    prefetch(users.trait, soon)
    prefetch(users.next_s, soon)
    prefetch(users.slate, soon)
    prefetch_at(users.slate, soon, LINE)
    prefetch(users.profile, soon)
    prefetch(users.slot_id, soon)
    prefetch_at(users.slot_id, soon, LINE)
    prefetch_at(users.slot_id, soon, 2 * LINE)
    prefetch(users.count, soon)
    user = at(users.user, near)
    for first in range(0, _FOLLOWS, LINE // 4):
        prefetch(users.follows, user.follow_start + first)
    for first in range(0, min(user.seen_size, 256), LINE // 4):
        prefetch(users.shown, user.seen_start + first)
    v = users.slate[near, min(np.int64(user.place), users.slate.shape[1] - 1)].video
    prefetch(videos.card, v)
    prefetch(videos.reel, v)
    prefetch(videos.count, v)


@njit()
def _play(key, who, played, length, videos, users, scratch):
    """``played[i]`` impressions for each user of ``who``, and a request when a slate is at its end.

    Slates are watched for ``length`` places on average. Returns the number of requests.
    """
    videos = _Videos(
        borrow(videos.card), borrow(videos.caption), borrow(videos.reel), borrow(videos.topics),
        borrow(videos.count), borrow(videos.listing), borrow(videos.start), borrow(videos.quota),
    )  # fmt: skip
    users = _Users(
        borrow(users.user), borrow(users.trait), borrow(users.interests), borrow(users.next_s),
        borrow(users.profile), borrow(users.slot_id), borrow(users.slot_word),
        borrow(users.count), borrow(users.follows), borrow(users.slate), borrow(users.shown),
    )  # fmt: skip
    scratch = _Scratch(
        borrow(scratch.ids), borrow(scratch.second), borrow(scratch.keys), borrow(scratch.tops),
        borrow(scratch.chosen), borrow(scratch.taste),
    )  # fmt: skip
    who, played = borrow(who), borrow(played)
    requests = 0
    for i in range(who.size):
        if i + _SOON < who.size:
            _ask_for(videos, users, who[i + _SOON], who[i + _NEXT])
        u = at(who, i)
        user = at(users.user, u)
        t = at(users.next_s, u)
        for _ in range(at(played, i)):
            if user.place >= user.length:
                _request(key, u, videos, users, scratch)
                number = float(user.request)
                user.place = 0
                user.length = np.int64(number * length) - np.int64((number - 1.0) * length)
                requests += 1
            t += _impression(key, u, videos, users)
        users.next_s[np.uint64(u)] = t
    return requests


def bare_kernel(
    users: int, videos: int, active: int, per_visit: float, per_request: float, places: float,
    candidates: int = 200, slate: int = 10, fresh: int = 400, trending: int = 2_000,
) -> Iterator[tuple[int, float]]:  # fmt: skip
    """(impressions, CPU seconds) of passes over all users, on one thread.

    ``active`` users, spread over all, are visited in turn and watch ``per_visit`` videos each
    time, ``per_request`` of every slate on average; a request has ``candidates``. ``places`` is
    the mean size of their tables of shown videos; ``fresh`` and ``trending`` those of the lists.
    """
    who = np.linspace(0, users - 1, min(active, users)).astype(np.int64)
    played = np.diff(np.floor(np.arange(len(who) + 1) * per_visit)).astype(np.int64)
    length = min(max(per_request, 1.0), float(slate))
    scratch = _Scratch(
        np.empty(candidates, np.int32), np.empty(candidates, np.int32),
        np.empty(candidates + GROUP, np.int64), np.empty(room_for_tops(candidates), np.int64),
        np.empty(slate, np.int64),
        np.empty((1, STEP), np.int16),
    )  # fmt: skip
    catalogue = _some_videos(videos, candidates, fresh, trending)
    people = _some_users(users, who, slate, places)
    key = np.uint64(7)

    def pass_over_all() -> tuple[int, float]:
        began = time.process_time()
        _play(key, who, played, length, catalogue, people, scratch)
        return int(played.sum()), time.process_time() - began

    # the first passes compile, bring the memory in, and give everyone a slate
    for _ in range(1 + int(slate / max(per_visit, 1.0))):
        pass_over_all()
    while True:
        yield pass_over_all()


if __name__ == "__main__":
    # by its name: Numba never finds again what it compiled for types of a program that is run
    from bare import bare_kernel as kernel

    serve(kernel(**json.loads(sys.argv[1])), int(sys.argv[2]))
