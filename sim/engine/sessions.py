"""Users come and go: sessions, and what they ask the feed for. Compiled."""

from __future__ import annotations

import numpy as np

from sim.behaviour.session import next_session_delay_s, surface_choice
from sim.core.random import stream2
from sim.engine.followed import mark_followed
from sim.engine.memory import AWAY, IN_SESSION
from sim.feed.pipeline import SOUND_PAGE
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP
from sim.world.state import NOBODY

__all__ = [
    "begin_session", "first_sessions", "leave", "next_request", "next_requests", "take_slates",
]  # fmt: skip


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
def begin_session(user, t):
    """A user who was away opens the app."""
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
def leave(p, session_key, traits, utc_offset_s, user, u, now):
    """The session of a user ends; returns the time of the next one."""
    user.mode = AWAY
    return now + _rest(p, session_key, traits, utc_offset_s, user, u, now)


@njit(forceinline=True)
def next_request(p, keys, user, u):
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
        streams[i], surface[i], sound[i] = next_request(p, keys, users[u], u)


@njit()
def take_slates(
    p, session_key, users, traits, utc_offset_s, next_s, slates, creator, graph, data, who, surface,
    video, source, pool, length,
):  # fmt: skip
    """Hand out slates made outside; who gets an empty one leaves.

    ``creator`` [V] of each video; ``graph`` and ``data`` hold the follows.
    """
    creators = np.full(video.shape[1] + GROUP, NOBODY, np.int32)
    for i in range(who.size):
        u = np.int64(who[i])
        user = users[u]
        for j in range(length[i]):
            slot = slates[u, j]
            slot.video, slot.source, slot.pool = video[i, j], source[i, j], pool[i, j]
            creators[j] = creator[video[i, j]]
        mark_followed(slates, np.uint64(u), length[i], creators, graph, data, user)
        user.place = 0
        user.length = length[i]
        user.surface = surface[i]
        if length[i] == 0:
            next_s[u] = leave(p, session_key, traits, utc_offset_s, user, u, next_s[u])
