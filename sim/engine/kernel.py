"""The play, compiled: all users of a shard, from one refresh to the next.

Within a window users are independent, so the order in which they are played changes nothing.
The kernel stops early when its event buffer or its arena is full; all state is in the arrays,
so the caller makes room and calls it again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.behaviour import draws
from sim.behaviour.interest import cosine
from sim.behaviour.reaction import react
from sim.behaviour.session import (
    leave_probability,
    next_session_delay_s,
    surface_choice,
    swipe_gap_s,
)
from sim.core.actions import bit
from sim.core.aligned import LINE
from sim.core.borrow import at, borrow, prefetch, prefetch_at
from sim.core.compiled import njit
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, REACH, VIEWS, WATCH_MS, WIDTH, count_packed
from sim.core.random import stream2, stream3, uniform
from sim.engine.cards import (
    SlateRows,
    borrowed_arms,
    borrowed_index,
    borrowed_plan,
    borrowed_rows,
    borrowed_scratch,
)
from sim.engine.memory import AWAY, IN_SESSION, add_follow, add_seen, follows, room_for_one
from sim.engine.scorers import borrowed_scorers
from sim.engine.slate import fill_slate
from sim.feed.belief import Beliefs, learn, signal_of
from sim.feed.pipeline import FOR_YOU, SOUND_PAGE
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.record.events import add_to_hash, hash_event
from sim.world.state import NOBODY

__all__ = [
    "DONE", "FULL_ARENA", "FULL_LOG", "Tally", "first_sessions", "next_requests", "play",
    "take_slates", "who_acts",
]  # fmt: skip

DONE, FULL_LOG, FULL_ARENA = 0, 1, 2
_SOON, _NEXT = 4, 2
"""How many users ahead memory is asked for: first their own, then that of their next video."""
_MOST_PLACES = 256
"""Places of a user's sets that are asked for ahead, 4 bytes each."""
_SURFACES, _SOURCES = len(SURFACE_NAMES), len(SOURCE_NAMES)
_FOLLOW, _SOUND_TAP, _SKIP = bit("follow"), bit("sound_tap"), bit("skip")


class Tally(NamedTuple):
    """What a shard adds up during a window, and its users' own counters."""

    videos: NDArray[np.int32]
    """videos [V, PACKED] packed rows"""
    timeline: NDArray[np.int64]
    """timeline [T x surfaces x sources, F]"""
    followers: NDArray[np.int32]
    """followers [C]"""
    stages: NDArray[np.int64]
    """stages [5 + filters]"""
    sums: NDArray[np.uint64]
    """sums [2] of the event hashes"""
    user_counts: NDArray[np.int32]
    """user_counts [U, PACKED] packed rows"""
    events: NDArray[Any]
    """events [N]; empty when the log is not kept"""
    logged: NDArray[np.int64]
    """logged [1] events in the buffer"""


@njit(forceinline=True)
def _rest(p, session_key, traits, utc_offset_s, user, u, now):
    """Seconds to the next session of a user."""
    return next_session_delay_s(
        p.session,
        stream2(session_key, u, np.int64(user.session)),
        now,
        float(traits[u].activity),
        float(traits[u].chronotype),
        utc_offset_s[user.locale],
    )


@njit()
def first_sessions(p, keys, users, traits, utc_offset_s, next_s):
    """Set the time of every user's first session."""
    for u in range(users.size):
        user = users[u]
        next_s[u] = 0.0 + _rest(p, keys.session, traits, utc_offset_s, user, np.int64(u), 0.0)


@njit(forceinline=True)
def _begin_session(user, t):
    user.session += 1
    user.mode = IN_SESSION
    user.videos = 0
    user.place = 0
    user.length = 0
    user.sound = NOBODY
    day = np.int32(np.floor(t / 86400.0))
    if day != user.last_day:
        user.last_day = day
        user.active_days += 1


@njit(forceinline=True)
def _next_request(p, keys, user, u):
    """(stream, surface, sound) of a user's next feed request."""
    user.request += 1
    number = np.int64(user.request)
    sound = np.int64(user.sound)
    user.sound = NOBODY
    surface = np.int64(SOUND_PAGE)
    if sound == NOBODY:
        surface = surface_choice(
            p.session, stream2(keys.surface, u, number), np.int64(user.follow_count)
        )
    return stream2(keys.request, u, number), surface, sound


@njit()
def next_requests(p, keys, users, next_s, who, time_s, surface, sound, streams):
    """Fill the columns of the next requests of the users ``who``."""
    for i in range(who.size):
        u = np.int64(who[i])
        time_s[i] = next_s[u]
        streams[i], surface[i], sound[i] = _next_request(p, keys, users[u], u)


@njit()
def take_slates(
    p, session_key, users, traits, utc_offset_s, next_s, slates, who, surface, video, source, pool,
    length,
):  # fmt: skip
    """Hand out slates made outside; who gets an empty one leaves."""
    for i in range(who.size):
        u = np.int64(who[i])
        user = users[u]
        for j in range(length[i]):
            slates.video[u, j] = video[i, j]
            slates.source[u, j] = source[i, j]
            slates.pool[u, j] = pool[i, j]
        user.place = 0
        user.length = length[i]
        user.surface = surface[i]
        if length[i] == 0:
            user.mode = AWAY
            now = next_s[u]
            next_s[u] = now + _rest(p, session_key, traits, utc_offset_s, user, u, now)


@njit(forceinline=True)
def _open(
    plan, scorers, p, keys, cards, reels, video_counts, arms, caption, index, beliefs, graph, data,
    users, slates, u, t, scratch, stages,
):  # fmt: skip
    """Choose a surface and get a slate; an empty one falls back to For You."""
    r, surface, sound = _next_request(p, keys, users[u], u)
    length = 0
    while True:
        length = fill_slate(
            plan, scorers, cards, reels, video_counts, arms, caption, index, beliefs, graph, data,
            users, slates, u, t, surface, sound, r, scratch, stages,
        )  # fmt: skip
        if length > 0 or surface == FOR_YOU:
            break
        surface = np.int64(FOR_YOU)
    return length


@njit(forceinline=True)
def _count(counts, i, views, watch_ms, first, actions):
    """Count one impression in row ``i`` of [.., F] int64 counters."""
    counts[i, IMPRESSIONS] += 1
    counts[i, VIEWS] += views
    counts[i, WATCH_MS] += watch_ms
    counts[i, REACH] += first
    for a in range(WIDTH - FIRST_ACTION):
        counts[i, FIRST_ACTION + a] += (actions >> a) & 1


@njit(forceinline=True)
def _impression(
    p, react_key, learning_rate, signals, bin_s, first_bin, cards, reels, rows, beliefs, graph,
    used, free, data, user, traits, slates, u, t, video_counts, timeline, followers, user_counts,
    sums, events, logged,
):  # fmt: skip
    """One video on one screen; returns (next time, whether the user leaves).

    1. what the user does;  2. what is remembered: shown, followed, believed;  3. what is counted,
    hashed and logged;  4. leave or swipe on.
    """
    # unsigned rows: an index that could count from the end costs more
    row = np.uint64(u)
    place = np.uint64(user.place)
    user.place += 1
    user.videos += 1
    v = np.int64(slates.video[row, place])
    video = np.uint64(v)
    if user.place < user.length:
        after = slates.video[row, place + np.uint64(1)]
        prefetch(cards, after)
        prefetch(reels, after)
        prefetch(video_counts, after)
    card = cards[video]
    reel = reels[video]
    trait = traits[row]
    creator = np.int64(card.creator)
    first = add_seen(used, free, data, user, np.int32(v))
    if first:
        s = stream2(react_key, u, v)
    else:
        s = stream3(react_key, u, v, np.int64(user_counts[row, IMPRESSIONS]))
    watch_ms, views, actions, appeal = react(
        p, s, cosine(rows.interests, u, rows.topics, v, rows.dims), float(reel.quality),
        float(reel.hook), reel.duration_s, float(trait.generosity), float(trait.patience),
        user.locale == card.locale, follows(data, graph, user, creator),
    )  # fmt: skip
    if actions & _FOLLOW:
        add_follow(used, free, data, graph, user, creator)
        followers[creator] += 1
    learn(
        learning_rate, beliefs.profile, beliefs.slot_id, beliefs.slot_weight, row, rows.caption,
        video, card.sound, card.tag0, card.tag1, card.tag2, card.creator,
        signal_of(actions, signals),
    )  # fmt: skip
    surface = np.int64(user.surface)
    source = np.int64(slates.source[row, place])
    pool = np.int64(slates.pool[row, place])
    new = np.int64(1) if first else np.int64(0)
    count_packed(video_counts, video, views, watch_ms, new, actions)
    count_packed(user_counts, row, views, watch_ms, new, actions)
    cell = np.int64(np.floor(t / bin_s)) - first_bin
    cell = (cell * _SURFACES + surface) * _SOURCES + source
    _count(timeline, np.uint64(cell), views, watch_ms, new, actions)
    add_to_hash(hash_event(t, u, v, watch_ms, actions, views, surface, source, pool), sums)
    if events.size > 0:
        event = events[logged[0]]
        event.time_s = t
        event.user = u
        event.video = v
        event.watch_ms = watch_ms
        event.actions = actions
        event.views = views
        event.surface = surface
        event.source = source
        event.pool = pool
        event.first = new
        event.spare = 0
        logged[0] += 1
    t = t + watch_ms / 1000.0
    skipped = (actions & _SKIP) != 0
    chance = leave_probability(p.session, appeal, np.int64(user.videos), skipped)
    if uniform(s, draws.LEAVE) < chance:
        return t, True
    t = t + swipe_gap_s(p.session, s)
    if actions & _SOUND_TAP and surface != SOUND_PAGE:
        user.sound = card.sound
        user.length = 0
        user.place = 0
    return t, False


@njit(forceinline=True)
def _ask_for(
    users, next_s, traits, slates, beliefs, user_counts, graph, data, cards, reels, counts, soon,
    near,
):  # fmt: skip
    """Ask for the memory of users who come soon, and for what those near will look at."""
    prefetch(users, soon)
    prefetch(next_s, soon)
    prefetch(traits, soon)
    prefetch(slates.video, soon)
    prefetch(slates.source, soon)
    prefetch(slates.pool, soon)
    prefetch(beliefs.profile, soon)
    prefetch(beliefs.slot_id, soon)
    prefetch_at(beliefs.slot_id, soon, LINE)
    prefetch(beliefs.slot_weight, soon)
    prefetch_at(beliefs.slot_weight, soon, LINE)
    prefetch(user_counts, soon)
    user = at(users, near)
    row = graph if user.follow_size == 0 else data
    for first in range(0, min(user.follow_count, _MOST_PLACES), LINE // 4):
        prefetch(row, user.follow_start + first)
    for first in range(0, min(user.seen_size, _MOST_PLACES), LINE // 4):
        prefetch(data, user.seen_start + first)
    v = slates.video[near, min(np.int64(users[near].place), slates.video.shape[1] - 1)]
    prefetch(cards, v)
    prefetch(reels, v)
    prefetch(counts, v)


@njit()
def play(
    plan, scorers, behaviour, keys, learning, bin_s, first_bin, cards, reels, arms, rows, index,
    beliefs, graph, arena, users, traits, utc_offset_s, next_s, slates, scratch, tally, waiting,
    order, i, last, end,
):  # fmt: skip
    """Play the users in places ``i`` to ``last`` of ``order`` up to ``end``, not included.

    ``behaviour`` [1] holds the parameters: to hand over an array costs less than a record.
    With room in ``waiting`` the feed is outside: a user who needs a slate is put on that list,
    whose first place counts them, and is left there.

    Returns (place to go on with, DONE or why the kernel stopped).
    """
    # owners are counted nowhere below this line; the arguments keep the arrays alive
    data, used, free = borrow(arena.data), borrow(arena.used), borrow(arena.free)
    events, logged, sums = borrow(tally.events), borrow(tally.logged), borrow(tally.sums)
    stages, followers = borrow(tally.stages), borrow(tally.followers)
    video_counts, user_counts = borrow(tally.videos), borrow(tally.user_counts)
    timeline = borrow(tally.timeline)
    graph, waiting, order = borrow(graph), borrow(waiting), borrow(order)
    next_s, traits, utc_offset_s = borrow(next_s), borrow(traits), borrow(utc_offset_s)
    cards, reels, users = borrow(cards), borrow(reels), borrow(users)
    signals = borrow(learning.signals)
    beliefs = Beliefs(borrow(beliefs.profile), borrow(beliefs.slot_id), borrow(beliefs.slot_weight))
    slates = SlateRows(borrow(slates.video), borrow(slates.source), borrow(slates.pool))
    plan, rows, arms = borrowed_plan(plan), borrowed_rows(rows), borrowed_arms(arms)
    scorers = borrowed_scorers(scorers)
    scratch, index = borrowed_scratch(scratch), borrowed_index(index)
    react_key, session_key, rate = keys.react, keys.session, learning.rate
    p = behaviour[0]
    while i < last:
        u = at(order, i)
        if i + _SOON < last:
            _ask_for(
                users, next_s, traits, slates, beliefs, user_counts, graph, data, cards, reels,
                video_counts, order[i + _SOON], order[i + _NEXT],
            )  # fmt: skip
        user = at(users, u)
        t = at(next_s, u)
        while t < end:
            if events.size > 0 and logged[0] == events.size:
                return i, FULL_LOG
            if not room_for_one(used, data, user):
                return i, FULL_ARENA
            if user.mode == AWAY:
                _begin_session(user, t)
            leaves = False
            if user.place >= user.length:
                if waiting.size > 0:
                    waiting[0] += 1
                    waiting[waiting[0]] = u
                    break
                length = _open(
                    plan, scorers, p, keys, cards, reels, video_counts, arms, rows.caption, index,
                    beliefs, graph, data, users, slates, u, t, scratch, stages,
                )  # fmt: skip
                leaves = length == 0
            if not leaves:
                t, leaves = _impression(
                    p, react_key, rate, signals, bin_s, first_bin, cards, reels, rows, beliefs,
                    graph, used, free, data, user, traits, slates, u, t, video_counts, timeline,
                    followers, user_counts, sums, events, logged,
                )  # fmt: skip
            if leaves:
                user.mode = AWAY
                t = t + _rest(p, session_key, traits, utc_offset_s, user, u, t)
            next_s[u] = t
        i += 1
    return i, DONE


@njit()
def who_acts(next_s, first, last, end, order):
    """Users of [first, last) who do something before ``end``; returns how many."""
    n = 0
    for u in range(first, last):
        order[n] = u
        n += 1 if next_s[u] < end else 0
    return n
