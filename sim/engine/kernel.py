"""The play, compiled: all users of a shard, from one refresh to the next.

Within a window users are independent, so the order in which they are played changes nothing. Some
are played side by side, a video each in every round:

    slates for who asked -> others sit down -> who needs a slate asks -> videos -> reactions
    -> what is remembered, counted and logged -> swipe on or leave -> next round

A request has two halves, one before and one after the videos of a round, so that the memory which
the first half asks for has come when the second half reads it.

The kernel stops early when its event buffer or its arena is full; all state is in the arrays,
so the caller makes room and calls it again.
"""

from __future__ import annotations

import numpy as np

from sim.behaviour.side_by_side import PEOPLE, react_all
from sim.engine.cards import (
    borrowed_arms,
    borrowed_index,
    borrowed_plan,
    borrowed_scratch,
    scratch_of,
)
from sim.engine.impression import log, meet, remember, settle, swipe
from sim.engine.memory import ASKED_AHEAD, AWAY, room_for_one
from sim.engine.scorers import borrowed_scorers
from sim.engine.sessions import begin_session, leave, next_request
from sim.engine.slate import choose, gather
from sim.engine.state import borrowed_state
from sim.feed.pipeline import FOR_YOU
from sim.machine.aligned import LINE
from sim.machine.borrow import at, borrow, prefetch, prefetch_at
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = ["DONE", "FULL_ARENA", "FULL_LOG", "play"]

DONE, FULL_LOG, FULL_ARENA = 0, 1, 2
_SOON, _NEXT = 32, 16
"""How many users ahead memory is asked for: first their own, then that of their next video."""


@njit()
def play(
    plan, scorers, behaviour, keys, learning, bin_s, first_bin, cards, reels, arms, rows, index,
    beliefs, graph, arena, users, traits, utc_offset_s, next_s, slates, scratch, people, tally,
    waiting, order, i, last, end,
):  # fmt: skip
    """Play the users in places ``i`` to ``last`` of ``order`` up to ``end``, not included.

    ``behaviour`` [1] and ``people`` [1] hold the parameters and the people side by side: to hand
    over an array costs less than a record. With room in ``waiting`` the feed is outside: a user
    who needs a slate is put on that list, whose first place counts them.

    Returns (place to go on with, DONE or why the kernel stopped). Users who are not done then are
    in ``order`` from that place on.
    """
    # owners are counted nowhere below this line; the arguments keep the arrays alive
    state = borrowed_state(
        cards, reels, rows, beliefs, graph, arena, users, traits, utc_offset_s, next_s, slates,
        tally,
    )  # fmt: skip
    waiting, order, signals = borrow(waiting), borrow(order), borrow(learning.signals)
    plan, arms, scorers = borrowed_plan(plan), borrowed_arms(arms), borrowed_scorers(scorers)
    scratch, index = borrowed_scratch(scratch), borrowed_index(index)
    p, side = behaviour[0], people[0]
    outside, logs = waiting.size > 0, state.tally.events.size > 0
    begun = False
    seated, asking = 0, 0  # at their seats, and those who have asked for a slate
    while True:
        # slates for those who asked in the round before
        again = 0
        for j in range(asking):
            asked = scratch.asked[j]
            u, t = asked.user, asked.time_s
            length = choose(
                plan, scorers, state.cards, state.reels, state.tally.videos, arms,
                state.rows.caption, state.beliefs, state.graph, state.data, state.users,
                state.slates, asked, scratch_of(scratch, j), state.tally.stages,
            )  # fmt: skip
            if length == 0 and asked.surface != FOR_YOU:
                # an empty page falls back to For You, in the same request
                _ask(scratch.asked[again], u, t, asked.stream, FOR_YOU, NOBODY)
                again += 1
                continue
            if length == 0:
                t = _leave(p, keys, state, u, t)
            side.user[seated], side.time_s[seated] = u, t
            seated += 1 if t < end else 0
        asking = again
        # the log has each user's events together: others sit down when all of these are done
        if seated + asking == 0 or not logs:
            if logs and begun:
                settle(state.tally.events, state.tally.logged)
            begun = True
            while seated + asking < PEOPLE and i < last:
                u = at(order, i)
                if i + _SOON < last:
                    _ask_for(state, order[i + _SOON], order[i + _NEXT])
                i += 1
                side.user[seated], side.time_s[seated] = u, at(state.next_s, u)
                seated += 1 if at(state.next_s, u) < end else 0
        if seated + asking == 0:
            return i, DONE
        full = _what_is_full(state, side, seated)
        if full != DONE and asking == 0:
            for k in range(seated):
                order[i - seated + k] = side.user[k]
            return i - seated, full
        # who has a slate watches, and who needs one asks
        watching = 0
        for k in range(seated if full == DONE else 0):
            u, t = side.user[k], side.time_s[k]
            user = at(state.users, u)
            if user.mode == AWAY:
                begin_session(user, t)
            if user.place < user.length:
                side.user[watching], side.time_s[watching] = u, t
                watching += 1
            elif outside:
                waiting[0] += 1
                waiting[waiting[0]] = u
            else:
                stream, surface, sound = next_request(p, keys, user, u)
                _ask(scratch.asked[asking], u, t, stream, surface, sound)
                asking += 1
        for j in range(asking):
            gather(
                plan, state.cards, index, state.beliefs, state.graph, state.data, state.users,
                scratch.asked[j], scratch_of(scratch, j), state.tally.stages,
            )  # fmt: skip
        if full != DONE:
            continue  # those who asked before it was full get their slates first
        for k in range(watching):
            meet(state, keys.react, side, k)
        react_all(p, side, watching)
        remember(state, learning.rate, signals, side, watching)
        for k in range(watching):
            log(state, bin_s, first_bin, side, k)
        seated = 0
        for k in range(watching):
            u = side.user[k]
            t, leaves = swipe(state, side, k)
            if leaves:
                t = _leave(p, keys, state, u, t)
            state.next_s[np.uint64(u)] = t
            side.user[seated], side.time_s[seated] = u, t
            seated += 1 if t < end else 0


@njit(forceinline=True)
def _leave(p, keys, state, u, t):
    """User ``u`` leaves; returns the time of the next session."""
    t = leave(p, keys.session, state.traits, state.utc_offset_s, at(state.users, u), u, t)
    state.next_s[np.uint64(u)] = t
    return t


@njit(forceinline=True)
def _ask(asked, u, t, stream, surface, sound):
    """Note what a user asks the feed for."""
    asked.user, asked.time_s, asked.stream = u, t, stream
    asked.surface, asked.sound = surface, sound


@njit(forceinline=True)
def _what_is_full(state, side, seated):
    """DONE when all who are seated can watch a video, else what has no room for it."""
    if state.tally.events.size > 0 and state.tally.logged[0] + seated > state.tally.events.size:
        return FULL_LOG
    room = np.int64(0)
    for k in range(seated):
        room += room_for_one(at(state.users, side.user[k]))
    return DONE if state.used[0] + room <= state.data.size else FULL_ARENA


@njit(forceinline=True)
def _ask_for(state, soon, near):
    """Ask for the memory of users who come soon, and for what those near will look at."""
    prefetch(state.users, soon)
    prefetch(state.next_s, soon)
    prefetch(state.traits, soon)
    prefetch(state.slates, soon)
    prefetch_at(state.slates, soon, LINE)
    prefetch(state.beliefs.profile, soon)
    prefetch(state.beliefs.slot_id, soon)
    prefetch_at(state.beliefs.slot_id, soon, LINE)  # with the weights
    prefetch_at(state.beliefs.slot_id, soon, 2 * LINE)
    prefetch(state.tally.user_counts, soon)
    user = at(state.users, near)
    row = state.graph if user.follow_size == 0 else state.data
    for first in range(0, min(user.follow_count, ASKED_AHEAD), LINE // 4):
        prefetch(row, user.follow_start + first)
    for first in range(0, min(user.seen_size, ASKED_AHEAD), LINE // 4):
        prefetch(state.data, user.seen_start + first)
    slates = state.slates
    v = slates[near, min(np.int64(user.place), slates.shape[1] - 1)].video
    prefetch(state.cards, v)
    prefetch(state.reels, v)
    prefetch(state.tally.videos, v)
