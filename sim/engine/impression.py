"""Impressions of people side by side: what is put in front of them, and what is kept of it.

What they do about it is between the two, in ``sim.behaviour.side_by_side``.
"""

from __future__ import annotations

import numpy as np

from sim.behaviour.interest import cosine
from sim.behaviour.side_by_side import round_up
from sim.core.actions import bit
from sim.core.counting import count_impression
from sim.core.counts import IMPRESSIONS
from sim.core.random import stream2, stream3
from sim.engine.followed import also_followed
from sim.engine.memory import add_follow, add_seen
from sim.feed.belief import (
    is_strong,
    learn_affinities,
    move_topics,
    scale_of,
    scale_topics,
    signal_of,
)
from sim.feed.pipeline import SOUND_PAGE
from sim.machine.borrow import at, prefetch
from sim.machine.compiled import njit
from sim.machine.marks import ask_for_mark, mark
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.record.events import add_to_hash, hash_event

__all__ = ["log", "meet", "remember", "settle", "swipe"]

_SURFACES, _SOURCES = len(SURFACE_NAMES), len(SOURCE_NAMES)
_FOLLOW, _SOUND_TAP = bit("follow"), bit("sound_tap")


@njit(forceinline=True)
def meet(state, react_key, side, k):
    """Put the next video of the slate in front of person ``k`` and note that it was shown."""
    # unsigned rows: an index that could count from the end costs more
    k = np.uint64(k)
    u = side.user[k]
    row = np.uint64(u)
    user = state.users[row]
    place = np.uint64(user.place)
    user.place += 1
    user.videos += 1
    slot = state.slates[row, place]
    v = np.int64(slot.video)
    video = np.uint64(v)
    if user.place < user.length:
        after = state.slates[row, place + np.uint64(1)].video
        prefetch(state.cards, after)
        prefetch(state.reels, after)
        prefetch(state.tally.videos, after)
    ask_for_mark(state.tally.touched, v)
    card, reel, trait = state.cards[video], state.reels[video], state.traits[row]
    first = add_seen(state.used, state.free, state.data, user, np.int32(v))
    if first:
        side.stream[k] = stream2(react_key, u, v)
    else:
        side.stream[k] = stream3(
            react_key, u, v, np.int64(state.tally.user_counts[row, IMPRESSIONS])
        )
    rows = state.rows
    side.video[k] = v
    side.place[k] = np.int64(place)
    side.first[k] = np.int64(1) if first else np.int64(0)
    side.affinity[k] = cosine(rows.interests, u, rows.topics, v, rows.dims)
    side.quality[k] = reel.quality
    side.hook[k] = reel.hook
    side.duration_s[k] = reel.duration_s
    side.generosity[k] = trait.generosity
    side.patience[k] = trait.patience
    side.same_locale[k] = np.int64(1) if user.locale == card.locale else np.int64(0)
    side.followed[k] = slot.followed
    side.videos[k] = user.videos


@njit(forceinline=True)
def remember(state, learning_rate, signals, side, n):
    """What the first ``n`` people follow from now on, and what the platform learns of them.

    What only some bring about is put on a list and done afterwards, so that the rest is without
    branches.
    """
    beliefs = state.beliefs
    strong, followed = 0, 0
    for j in range(n):
        k = np.uint64(j)
        row, actions = np.uint64(side.user[k]), side.actions[k]
        signal = signal_of(actions, signals)
        side.signal[k] = signal
        side.square[k] = move_topics(
            learning_rate, beliefs.profile, row, state.rows.caption, np.uint64(side.video[k]),
            signal,
        )  # fmt: skip
        side.taught[np.uint64(strong)] = j
        strong += 1 if is_strong(signal) else 0
        side.follows[np.uint64(followed)] = j
        followed += 1 if actions & _FOLLOW else 0
    for j in range(round_up(n)):  # in vector registers
        k = np.uint64(j)
        side.scale[k] = scale_of(side.square[k], side.signal[k])
    for j in range(n):
        k = np.uint64(j)
        scale_topics(beliefs.profile, np.uint64(side.user[k]), side.scale[k])
    # a hashtag waits for the one before, other people do not
    _remember_strong(state, side, strong, 0)
    _remember_strong(state, side, strong, 1)
    _remember_strong(state, side, strong, 2)
    for j in range(followed):
        k = np.uint64(side.follows[np.uint64(j)])
        creator = np.int64(at(state.cards, side.video[k]).creator)
        user = at(state.users, side.user[k])
        add_follow(state.used, state.free, state.data, state.graph, user, creator)
        also_followed(state.slates, state.cards, user, np.uint64(side.user[k]), creator)
        state.tally.followers[creator] += 1


@njit(forceinline=True)
def _remember_strong(state, side, strong, step):
    """One step of what is learnt of sound, hashtags and creator, for all who are on the list."""
    beliefs = state.beliefs
    for j in range(strong):
        k = np.uint64(side.taught[np.uint64(j)])
        card = at(state.cards, side.video[k])
        learn_affinities(
            step, beliefs.slot_id, beliefs.slot_weight, np.uint64(side.user[k]), card.sound,
            card.tag0, card.tag1, card.tag2, card.creator, side.signal[k],
        )  # fmt: skip


@njit(forceinline=True)
def log(state, bin_s, first_bin, side, k):
    """Count the impression wherever it counts, hash it, and write it down."""
    k = np.uint64(k)
    u, v, t = side.user[k], side.video[k], side.time_s[k]
    watch_ms, views = side.watch_ms[k], side.views[k]
    actions, first = side.actions[k], side.first[k]
    row, place = np.uint64(u), np.uint64(side.place[k])
    surface = np.int64(state.users[row].surface)
    slot = state.slates[row, place]
    source, pool = np.int64(slot.source), np.int64(slot.pool)
    cell = np.int64(np.floor(t / bin_s)) - first_bin
    cell = (cell * _SURFACES + surface) * _SOURCES + source
    tally = state.tally
    count_impression(
        tally.videos, v, tally.user_counts, u, tally.timeline, cell, views, watch_ms, first, actions
    )  # fmt: skip
    mark(tally.touched, v)
    h = hash_event(t, u, v, watch_ms, actions, views, surface, source, pool)
    add_to_hash(h, state.tally.sums)
    if state.tally.events.size > 0:
        event = state.tally.events[state.tally.logged[0]]
        event.time_s = t
        event.user = u
        event.video = v
        event.watch_ms = watch_ms
        event.actions = actions
        event.views = views
        event.surface = surface
        event.source = source
        event.pool = pool
        event.first = first
        event.spare = 0
        state.tally.logged[0] += 1


@njit(forceinline=True)
def swipe(state, side, k):
    """(time at which person ``k`` goes on, whether the session ends)."""
    k = np.uint64(k)
    t = side.time_s[k] + side.watch_ms[k] / 1000.0
    if side.leaves[k] != 0:
        return t, True
    user = state.users[np.uint64(side.user[k])]
    if side.actions[k] & _SOUND_TAP and user.surface != SOUND_PAGE:
        user.sound = at(state.cards, side.video[k]).sound
        user.length = 0
        user.place = 0
    return t + side.gap_s[k], False


@njit()
def settle(events, logged):
    """Sort the events behind the last settled one by user; each user's stay in order of time.

    They are of a few users who were played side by side. ``logged`` [2] counts the events in the
    buffer and those that are settled.
    """
    for i in range(logged[1] + 1, logged[0]):
        user = events[i].user
        place = i
        while place > logged[1] and events[place - 1].user > user:
            place -= 1
        if place < i:
            late = events[i : i + 1].copy()
            for j in range(i, place, -1):
                events[j] = events[j - 1]
            events[place] = late[0]
    logged[1] = logged[0]
