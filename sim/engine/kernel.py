"""The play, compiled: all users of a shard, from one refresh to the next.

Within a window users are independent, so the order in which they are played changes nothing. Some
are played side by side, a video each in every round:

    serve (who asked gets a slate) -> seat (others sit down) -> ask (who needs a slate) -> gather
    -> meet .. log (a video each, see ``sim.engine.moments``) -> go on or leave -> next round

What happens when a session begins, when a slate is asked for and when the session is over are
moments too: ``come``, ``open``, ``rest``.

A request has two halves, one before and one after the videos of a round, so that the memory which
the first half prefetches has come when the second half reads it.

The kernel stops early when its event buffer, its outbox or its arena is full; all state is in the
frame, so the caller makes room and calls it again.
"""

from __future__ import annotations

import numpy as np

from sim.behaviour.boredom import KINDS as BORED_KINDS
from sim.behaviour.boredom import PLACES as BORED_PLACES
from sim.behaviour.covers import SHOWS_COVERS
from sim.core.room import PEOPLE
from sim.engine.judge import GONE
from sim.engine.layout import open_frame
from sim.engine.memory import ASKED_AHEAD, AWAY, room_for_one
from sim.engine.moments import MOMENTS, MOST_MESSAGES, fast_moments
from sim.engine.regret import compare, is_shown
from sim.engine.sessions import begin_session, leave, next_request, open_covers
from sim.engine.slate import choose, gather
from sim.engine.tally import settle
from sim.feed.pipeline import FOR_YOU
from sim.machine.aligned import LINE
from sim.machine.borrow import at, prefetch, prefetch_at, stay_apart
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = ["DONE", "FULL_ARENA", "FULL_LOG", "FULL_OUTBOX", "play"]

DONE, FULL_LOG, FULL_ARENA, FULL_OUTBOX = 0, 1, 2, 3
_SOON, _NEXT = 32, 16
"""How many users ahead memory is prefetched: first their own, then that of their next video."""

_meet = fast_moments("meet")
_react = fast_moments("appeal", "watch", "act", "stay")
_keep = fast_moments("remember", "learn", "send", "log")
assert list(MOMENTS) == [
    "come", "open", "meet", "appeal", "watch", "act", "stay", "remember", "learn", "send", "log",
    "rest",
]  # fmt: skip


@njit()
def play(words):
    """Play the users of ``window.place`` to ``window.last`` of ``order`` up to ``window.end_s``.

    With room in ``waiting`` the feed is outside: a user who needs a slate is put on that list,
    whose first place counts them. In the end ``window.place`` is the place to go on with and
    ``window.why`` is DONE or says why the kernel stopped; users who are not done then are in
    ``order`` from that place on.
    """
    frame = open_frame(words)
    p, room = frame.behaviour, frame.room
    logs = frame.tally.events.size > 0
    begun = False
    seated, asking = 0, 0  # at their seats, and those who have asked for a slate
    while True:
        seated, asking = _serve(frame, seated, asking)
        # the log has each user's events together: others sit down when all of these are done
        if seated + asking == 0 or not logs:
            if logs and begun:
                settle(frame.tally.events, frame.tally.logged)
            begun = True
            seated = _seat(frame, seated, asking)
        if seated + asking == 0:
            frame.window.why = DONE
            return
        full = _what_is_full(frame, seated)
        if full != DONE and asking == 0:
            _stand_up(frame, seated, full)
            return
        watching, asking = _ask(frame, seated if full == DONE else 0, asking)
        for j in range(asking):
            gather(frame.feed, j)
        if full != DONE:
            continue  # those who asked before it was full get their slates first
        _meet(frame, p, room, watching)
        _react_apart(frame, watching)
        _keep(frame, p, room, watching)
        seated = _go_on(frame, watching)


@njit(forceinline=True)
def _serve(frame, seated, asking):
    """Slates for those who asked in the round before; (seated, those who ask once more)."""
    seen, end = frame.seen, frame.window.end_s
    again = 0
    for j in range(asking):
        asked = frame.asked[j]
        u, t = asked.user, asked.time_s
        length = choose(frame.feed, j)
        if SHOWS_COVERS[asked.surface]:
            length = open_covers(frame, u, length, asked.stream)
        if asked.surface == FOR_YOU and is_shown(asked.stream, frame.plan.regret):
            compare(frame, j, length, GONE)
        if length == 0 and asked.surface != FOR_YOU:
            # an empty page falls back to For You, in the same request
            _note(frame.asked[again], u, t, asked.stream, FOR_YOU, NOBODY)
            again += 1
            continue
        if length == 0:
            t = leave(frame, seated, u, t)
        seen.user[seated], seen.time_s[seated] = u, t
        seated += 1 if t < end else 0
    return seated, again


@njit(forceinline=True)
def _seat(frame, seated, asking):
    """Let others sit down; returns how many are seated."""
    window, order, seen = frame.window, frame.order, frame.seen
    i, last, end = window.place, window.last, window.end_s
    while seated + asking < PEOPLE and i < last:
        u = at(order, i)
        if i + _SOON < last:
            _prefetch(frame, order[i + _SOON], order[i + _NEXT])
        i += 1
        t = at(frame.next_s, u)
        seen.user[seated], seen.time_s[seated] = u, t
        seated += 1 if t < end else 0
    window.place = i
    return seated


@njit(forceinline=True)
def _stand_up(frame, seated, why):
    """Put those who are seated back into the order."""
    window = frame.window
    window.place -= seated
    for k in range(seated):
        frame.order[window.place + k] = frame.seen.user[k]
    window.why = why


@njit(forceinline=True)
def _ask(frame, seated, asking):
    """Who has a slate watches, and who needs one asks; returns how many of both."""
    seen, room, waiting = frame.seen, frame.room, frame.waiting
    outside = waiting.size > 0
    watching = 0
    for k in range(seated):
        u, t = seen.user[k], seen.time_s[k]
        user = at(frame.users, u)
        if user.mode == AWAY:
            begin_session(frame, k, user)
        if user.place < user.length:
            seen.user[watching], seen.time_s[watching] = u, t
            watching += 1
        elif outside:
            waiting[0] += 1
            waiting[waiting[0]] = u
        else:
            stream = next_request(frame, k)
            _note(frame.asked[asking], u, t, stream, room.opens[k], room.subject[k])
            asking += 1
    return watching, asking


@njit()
def _react_apart(frame, n):
    """The arithmetic on lanes, apart from all else: it needs the registers for itself."""
    stay_apart()
    _react(frame, frame.behaviour, frame.room, n)


@njit(forceinline=True)
def _go_on(frame, watching):
    """Swipe on or leave; returns how many have more to do in this window."""
    seen, room, end = frame.seen, frame.room, frame.window.end_s
    seated = 0
    for k in range(watching):
        u = seen.user[k]
        t = seen.time_s[k] + seen.watch_ms[k] / 1000.0
        if room.leaves[k] != 0:
            t = leave(frame, k, u, t)
        else:
            user = frame.users[np.uint64(u)]
            if room.turns[k] != NOBODY:
                user.opens, user.subject = room.turns[k], room.about[k]
                user.length = 0
                user.place = 0
            t += room.gap_s[k]
            frame.next_s[np.uint64(u)] = t
        seen.user[seated], seen.time_s[seated] = u, t
        seated += 1 if t < end else 0
    return seated


@njit(forceinline=True)
def _note(asked, u, t, stream, surface, subject):
    """Note what a user asks the feed for."""
    asked.user, asked.time_s, asked.stream = u, t, stream
    asked.surface, asked.subject = surface, subject


@njit(forceinline=True)
def _what_is_full(frame, seated):
    """DONE when all who are seated can watch a video, else what has no room for it."""
    events = frame.tally.events
    if events.size > 0 and frame.tally.logged[0] + seated > events.size:
        return FULL_LOG
    outbox = frame.outbox
    size = outbox.messages.size
    if size > 0 and outbox.count[0] + seated * MOST_MESSAGES > size:
        return FULL_OUTBOX
    room = np.int64(0)
    for k in range(seated):
        room += room_for_one(at(frame.users, frame.seen.user[k]))
    return DONE if frame.arena.used[0] + room <= frame.arena.data.size else FULL_ARENA


@njit(forceinline=True)
def _prefetch(frame, soon, near):
    """Prefetch the memory of users who come soon, and what those near will look at."""
    slates, slot_id, data = frame.slates, frame.beliefs.slot_id, frame.arena.data
    prefetch(frame.users, soon)
    prefetch(frame.next_s, soon)
    prefetch(frame.persons, soon)
    prefetch(slates, soon)
    prefetch_at(slates, soon, LINE)
    prefetch(frame.beliefs.profile, soon)
    prefetch(frame.beliefs.doubt, soon)
    prefetch(slot_id, soon)
    prefetch_at(slot_id, soon, LINE)  # with the weights
    prefetch_at(slot_id, soon, 2 * LINE)
    prefetch(frame.tally.users, soon)
    prefetch(frame.mood.mood, soon)
    prefetch(frame.bored.since, soon)
    for line in range(0, BORED_KINDS * BORED_PLACES * 4, LINE):
        prefetch_at(frame.bored.who, soon, line)
        prefetch_at(frame.bored.level, soon, line)
    user = at(frame.users, near)
    row = frame.graph.creator if user.follow_size == 0 else data
    for first in range(0, min(user.follow_count, ASKED_AHEAD), LINE // 4):
        prefetch(row, user.follow_start + first)
    for first in range(0, min(user.seen_size, ASKED_AHEAD), LINE // 4):
        prefetch(data, user.seen_start + first)
    v = slates[near, min(np.int64(user.place), slates.shape[1] - 1)].video
    prefetch(frame.cards, v)
    prefetch(frame.reels, v)
    prefetch(frame.scores.usual, v)
    prefetch(frame.tally.videos, v)
    prefetch(frame.tally.percentiles, v)
