"""Users come and go: sessions, and what they ask the feed for. Compiled."""

from __future__ import annotations

import numpy as np

from sim.behaviour.covers import opened
from sim.core.random import stream2
from sim.engine.followed import mark_followed
from sim.engine.layout import open_frame
from sim.engine.memory import AWAY, IN_SESSION
from sim.engine.moments import one_person
from sim.feed.control import CONTROL
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP
from sim.world.state import NOBODY

_open, _come, _rest_of = one_person("open"), one_person("come"), one_person("rest")

__all__ = [
    "begin_session", "first_sessions", "leave", "next_request", "next_requests", "open_covers",
    "opened_of", "take_slates",
]  # fmt: skip


@njit()
def _rest(frame, k, u, now):
    """Seconds to the next session of user ``u``, who sits in place ``k`` of the room."""
    room = frame.room
    user = frame.users[np.uint64(u)]
    room.seen.user[k], room.seen.time_s[k] = u, now
    room.stream[k] = stream2(frame.keys.session, np.int64(u), np.int64(user.session))
    room.videos[k] = np.int64(user.videos)
    _rest_of(frame, frame.behaviour, room, k)
    return room.rest_s[k]


@njit()
def first_sessions(words, first):
    """Set the time of the first session of every user from number ``first`` on.

    Who opens an account during the run watches at once.
    """
    frame = open_frame(words)
    for u in range(first, frame.users.size):
        joined, now = frame.accounts.joined_s[u], frame.window.end_s
        rest = _rest(frame, 0, u, max(joined, now))
        frame.next_s[u] = joined if joined > now else now + rest


@njit(forceinline=True)
def begin_session(frame, k, user):
    """The user in place ``k`` of the room, who was away, opens the app."""
    user.session += 1
    user.mode = IN_SESSION
    user.videos = 0
    user.place = 0
    user.length = 0
    user.opens, user.subject = NOBODY, NOBODY
    day = np.int16(np.floor(frame.seen.time_s[k] / 86400.0))
    if day != user.last_day:
        user.last_day = day
        user.active_days += 1
    _come(frame, frame.behaviour, frame.room, k)


@njit(forceinline=True)
def leave(frame, k, u, now):
    """The session of user ``u``, in place ``k`` of the room, ends; the time of the next one."""
    frame.users[np.uint64(u)].mode = AWAY
    t = now + _rest(frame, k, u, now)
    frame.next_s[np.uint64(u)] = t
    return t


@njit(forceinline=True)
def next_request(frame, k):
    """Stream of the next feed request of the person in place ``k`` of the room.

    What it is for stands in the lanes ``opens`` and ``subject`` then.
    """
    room = frame.room
    u = np.int64(room.seen.user[k])
    user, keys = frame.users[np.uint64(u)], frame.keys
    user.request += 1
    number = np.int64(user.request)
    room.opens[k], room.subject[k] = np.int64(user.opens), np.int64(user.subject)
    user.opens, user.subject = NOBODY, NOBODY
    room.follows[k] = np.int64(user.follow_count)
    room.stream[k] = stream2(keys.surface, u, number)
    _open(frame, frame.behaviour, room, k)
    return stream2(keys.request, u, number)


@njit()
def next_requests(words, who, time_s, surface, subject, streams):
    """Fill the columns of the next requests of the users ``who``; nobody is in the room."""
    frame = open_frame(words)
    room, seen = frame.room, frame.seen
    for i in range(who.size):
        u = np.int64(who[i])
        time_s[i] = frame.next_s[u]
        seen.user[0], seen.time_s[0] = u, time_s[i]
        streams[i] = next_request(frame, 0)
        surface[i], subject[i] = room.opens[0], room.subject[0]


@njit()
def open_covers(frame, u, length, request):
    """Of a page that shows covers, the videos that its user opens; how many these are."""
    user, videos, kept = frame.users[np.uint64(u)], frame.videos, 0
    for i in range(length):
        slot, there = frame.slates[u, i], frame.slates[u, kept]
        v = np.int64(slot.video)
        opens = opened(frame.behaviour, videos.cover[v], request, np.int64(videos.luck[v]))
        there.video, there.source, there.pool = slot.video, slot.source, slot.pool
        there.followed = slot.followed
        kept += 1 if opens else 0
    user.length = kept
    return kept


@njit()
def take_slates(words, who, surface, video, source, pool, length):
    """Hand out slates made outside; who gets an empty one leaves."""
    frame = open_frame(words)
    creators = np.full(video.shape[1] + GROUP, NOBODY, np.int32)
    slates = frame.slates
    for i in range(who.size):
        u = np.int64(who[i])
        user = frame.users[u]
        user.asked = frame.window.number
        user.controls = 0
        for j in range(length[i]):
            slot = slates[u, j]
            user.controls += 1 if source[i, j] == CONTROL else 0
            slot.video, slot.source, slot.pool = video[i, j], source[i, j], pool[i, j]
            creators[j] = frame.videos.creator[video[i, j]]
        mark_followed(
            slates, np.uint64(u), length[i], creators, frame.graph.creator, frame.arena.data, user
        )
        user.place = 0
        user.length = length[i]
        user.surface = surface[i]
        if length[i] == 0:
            leave(frame, 0, u, frame.next_s[u])


@njit()
def opened_of(words, videos, request):
    """opened [N] which of ``videos`` somebody opens on a page that shows covers."""
    frame = open_frame(words)
    found = np.zeros(videos.size, np.bool_)
    for i in range(videos.size):
        v = videos[i]
        luck = np.int64(frame.videos.luck[v])
        found[i] = opened(frame.behaviour, frame.videos.cover[v], request, luck)
    return found
