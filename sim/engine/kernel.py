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
from sim.behaviour.reaction import react
from sim.behaviour.session import (
    leave_probability,
    next_session_delay_s,
    surface_choice,
    swipe_gap_s,
)
from sim.core.actions import bit
from sim.core.compiled import njit
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, REACH, VIEWS, WATCH_MS
from sim.core.random import stream2, stream3, uniform
from sim.engine.memory import (
    AWAY,
    IN_SESSION,
    add_follow,
    add_seen,
    follow_row,
    follows,
    room_for_one,
)
from sim.engine.slate import fill_slate
from sim.feed.belief import dot, learn, signal_of
from sim.feed.pipeline import FOR_YOU, SOUND_PAGE
from sim.record.events import add_to_hash, hash_event
from sim.world.state import NOBODY

__all__ = ["DONE", "FULL_ARENA", "FULL_LOG", "People", "Tally", "first_sessions", "play"]

DONE, FULL_LOG, FULL_ARENA = 0, 1, 2
_FOLLOW, _SOUND_TAP, _SKIP = bit("follow"), bit("sound_tap"), bit("skip")


class People(NamedTuple):
    """The truth about users and videos."""

    interests: NDArray[np.float32]
    generosity: NDArray[np.float32]
    patience: NDArray[np.float32]
    activity: NDArray[np.float32]
    chronotype: NDArray[np.float32]
    locale: NDArray[np.int8]
    utc_offset_s: NDArray[np.float64]
    topics: NDArray[np.float32]
    """topics [V, D] true topic mix of videos"""
    quality: NDArray[np.float32]
    hook: NDArray[np.float32]


class Tally(NamedTuple):
    """What a shard adds up during a window, and its users' own counters."""

    videos: NDArray[np.int64]
    """videos [V, F]"""
    timeline: NDArray[np.int64]
    """timeline [T, surfaces, sources, F]"""
    followers: NDArray[np.int32]
    """followers [C]"""
    stages: NDArray[np.int64]
    """stages [5 + filters]"""
    sums: NDArray[np.uint64]
    """sums [2] of the event hashes"""
    user_counts: NDArray[np.int32]
    user_watch_ms: NDArray[np.int64]
    active_days: NDArray[np.int32]
    last_day: NDArray[np.int32]
    events: NDArray[Any]
    """events [N]; empty when the log is not kept"""
    logged: NDArray[np.int64]
    """logged [1] events in the buffer"""


@njit()
def _rest(p, keys, people, users, u, now):
    """Seconds to the next session of user ``u``."""
    return next_session_delay_s(
        p.session,
        stream2(keys.session, u, np.int64(users.session[u])),
        now,
        float(people.activity[u]),
        float(people.chronotype[u]),
        people.utc_offset_s[people.locale[u]],
    )


@njit()
def first_sessions(p, keys, people, users, first, last):
    """Set the time of every user's first session."""
    for u in range(first, last):
        users.next_s[u] = 0.0 + _rest(p, keys, people, users, u, 0.0)


@njit()
def _begin_session(users, tally, u, t):
    users.session[u] += 1
    users.mode[u] = IN_SESSION
    users.videos[u] = 0
    users.place[u] = 0
    users.length[u] = 0
    users.sound[u] = NOBODY
    day = np.int64(np.floor(t / 86400.0))
    if day != tally.last_day[u]:
        tally.last_day[u] = day
        tally.active_days[u] += 1


@njit()
def _open(plan, p, keys, videos, index, beliefs, graph, arena, users, u, t, scratch, tally):
    """Choose a surface and get a slate; an empty one falls back to For You."""
    users.request[u] += 1
    number = np.int64(users.request[u])
    sound = users.sound[u]
    users.sound[u] = NOBODY
    surface = SOUND_PAGE
    if sound == NOBODY:
        surface = surface_choice(
            p.session, stream2(keys.surface, u, number), np.int64(users.follow_count[u])
        )
    r = stream2(keys.request, u, number)
    length = fill_slate(
        plan, videos, index, beliefs, graph, arena, users, u, t, surface, sound, r, scratch,
        tally.stages,
    )
    if length == 0 and surface != FOR_YOU:
        length = fill_slate(
            plan, videos, index, beliefs, graph, arena, users, u, t, FOR_YOU, NOBODY, r, scratch,
            tally.stages,
        )
    return length


@njit(forceinline=True)
def _count(row, views, watch_ms, first, actions):
    row[IMPRESSIONS] += 1
    row[VIEWS] += views
    row[WATCH_MS] += watch_ms
    row[REACH] += first
    rest = actions
    a = FIRST_ACTION
    while rest != 0:
        row[a] += rest & 1
        rest >>= 1
        a += 1


@njit()
def _impression(
    p, keys, learning, bin_s, first_bin, videos, people, beliefs, graph, arena, users, u, t, tally
):
    """One video on one screen; returns (watch ms, next time, whether the user leaves)."""
    place = users.place[u]
    users.place[u] = place + 1
    users.videos[u] += 1
    v = users.slate[u, place]
    creator = videos.creator[v]
    first = add_seen(arena, users, u, v)
    if first:
        s = stream2(keys.react, u, np.int64(v))
    else:
        s = stream3(
            keys.react, u, np.int64(v), np.int64(tally.user_counts[u, IMPRESSIONS])
        )
    followed = follows(follow_row(arena, graph, users, u), creator)
    watch_ms, views, actions, appeal = react(
        p, s,
        float(dot(people.interests[u], people.topics[v])),
        float(people.quality[v]), float(people.hook[v]), videos.duration_s[v],
        float(people.generosity[u]), float(people.patience[u]),
        people.locale[u] == videos.locale[v], followed,
    )
    if actions & _FOLLOW:
        add_follow(arena, graph, users, u, creator)
        tally.followers[creator] += 1
    learn(
        learning, beliefs.profile[u], beliefs.slot_id[u], beliefs.slot_weight[u],
        videos.caption[v], videos.sound[v], videos.tags[v], creator,
        signal_of(actions, learning.signals),
    )
    surface = users.surface[u]
    source = users.source[u, place]
    pool = users.pool[u, place]
    new = np.int64(1) if first else np.int64(0)
    _count(tally.videos[v], views, watch_ms, new, actions)
    bin_number = np.int64(np.floor(t / bin_s)) - first_bin
    _count(tally.timeline[bin_number, surface, source], views, watch_ms, new, actions)
    row = tally.user_counts[u]
    row[IMPRESSIONS] += 1
    row[VIEWS] += views
    row[REACH] += new
    rest = actions
    a = FIRST_ACTION
    while rest != 0:
        row[a] += rest & 1
        rest >>= 1
        a += 1
    tally.user_watch_ms[u] += watch_ms
    add_to_hash(
        hash_event(
            t, u, np.int64(v), watch_ms, actions, views, np.int64(surface), np.int64(source),
            np.int64(pool),
        ),
        tally.sums,
    )
    if tally.events.size > 0:
        event = tally.events[tally.logged[0]]
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
        tally.logged[0] += 1
    t = t + watch_ms / 1000.0
    skipped = (actions & _SKIP) != 0
    chance = leave_probability(p.session, appeal, np.int64(users.videos[u]), skipped)
    if uniform(s, draws.LEAVE) < chance:
        return t, True
    t = t + swipe_gap_s(p.session, s)
    if actions & _SOUND_TAP and surface != SOUND_PAGE:
        users.sound[u] = videos.sound[v]
        users.length[u] = 0
        users.place[u] = 0
    return t, False


@njit()
def play(
    plan, p, keys, learning, bin_s, first_bin, videos, people, index, beliefs, graph, arena,
    users, scratch, tally, u, last, end,
):
    """Play users ``u`` to ``last`` up to time ``end``, which is not included.

    Returns (user to go on with, DONE or why the kernel stopped).
    """
    while u < last:
        t = users.next_s[u]
        while t < end:
            if tally.events.size > 0 and tally.logged[0] == tally.events.size:
                return u, FULL_LOG
            if not room_for_one(arena, users, u):
                return u, FULL_ARENA
            if users.mode[u] == AWAY:
                _begin_session(users, tally, u, t)
            leaves = False
            if users.place[u] >= users.length[u]:
                length = _open(
                    plan, p, keys, videos, index, beliefs, graph, arena, users, u, t, scratch,
                    tally,
                )
                leaves = length == 0
            if not leaves:
                t, leaves = _impression(
                    p, keys, learning, bin_s, first_bin, videos, people, beliefs, graph, arena,
                    users, u, t, tally,
                )
            if leaves:
                users.mode[u] = AWAY
                t = t + _rest(p, keys, people, users, u, t)
            users.next_s[u] = t
        u += 1
    return u, DONE
