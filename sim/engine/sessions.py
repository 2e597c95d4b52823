"""Users come and go: sessions, and what they ask the feed for. Compiled."""

from __future__ import annotations

import numpy as np

from sim.behaviour.session import next_session_delay_s, surface_choice
from sim.core.random import stream2
from sim.engine.followed import mark_followed
from sim.engine.layout import open_frame
from sim.engine.memory import AWAY, IN_SESSION
from sim.feed.pipeline import SOUND_PAGE
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP
from sim.world.state import NOBODY

__all__ = [
    "begin_session", "first_sessions", "leave", "next_request", "next_requests", "take_slates",
]  # fmt: skip


@njit(forceinline=True)
def _rest(frame, u, now):
    """Seconds to the next session of a user."""
    row = np.uint64(u)
    user, person = frame.users[row], frame.persons[row]
    return next_session_delay_s(
        frame.behaviour.session,
        stream2(frame.keys.session, np.int64(u), np.int64(user.session)),
        now,
        float(person.activity),
        float(person.chronotype),
        frame.utc_offset_s[user.locale],
    )


@njit()
def first_sessions(words, first):
    """Set the time of the first session of every user from number ``first`` on."""
    frame = open_frame(words)
    now = frame.window.end_s
    for u in range(first, frame.users.size):
        frame.next_s[u] = now + _rest(frame, u, now)


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
def leave(frame, u, now):
    """The session of a user ends; returns the time of the next one."""
    frame.users[np.uint64(u)].mode = AWAY
    t = now + _rest(frame, u, now)
    frame.next_s[np.uint64(u)] = t
    return t


@njit(forceinline=True)
def next_request(frame, u):
    """(stream, surface, sound) of a user's next feed request."""
    user, keys = frame.users[np.uint64(u)], frame.keys
    user.request += 1
    number = np.int64(user.request)
    sound = np.int64(user.sound)
    user.sound = NOBODY
    surface = np.int64(SOUND_PAGE)
    if sound == NOBODY:
        surface = surface_choice(
            frame.behaviour.session, stream2(keys.surface, u, number), np.int64(user.follow_count)
        )
    return stream2(keys.request, u, number), surface, sound


@njit()
def next_requests(words, who, time_s, surface, sound, streams):
    """Fill the columns of the next requests of the users ``who``."""
    frame = open_frame(words)
    for i in range(who.size):
        u = np.int64(who[i])
        time_s[i] = frame.next_s[u]
        streams[i], surface[i], sound[i] = next_request(frame, u)


@njit()
def take_slates(words, who, surface, video, source, pool, length):
    """Hand out slates made outside; who gets an empty one leaves."""
    frame = open_frame(words)
    creators = np.full(video.shape[1] + GROUP, NOBODY, np.int32)
    slates = frame.slates
    for i in range(who.size):
        u = np.int64(who[i])
        user = frame.users[u]
        for j in range(length[i]):
            slot = slates[u, j]
            slot.video, slot.source, slot.pool = video[i, j], source[i, j], pool[i, j]
            creators[j] = frame.videos.creator[video[i, j]]
        mark_followed(
            slates, np.uint64(u), length[i], creators, frame.graph.creator, frame.arena.data, user
        )
        user.place = 0
        user.length = length[i]
        user.surface = surface[i]
        if length[i] == 0:
            leave(frame, u, frame.next_s[u])
