"""Controls in the slates of the kernel: the twin of ``sim.feed.control``."""

from __future__ import annotations

import numpy as np

from sim.engine.judge import may_be_shown
from sim.feed.control import CONTROL, TRIES, control_draw, control_place, controls_of
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = ["put_controls"]


@njit(forceinline=True)
def put_controls(feed, j, length):
    """Put the controls of request ``j`` into the slate of ``length``; returns how long it is then.

    Most requests have none.
    """
    wanted = controls_of(feed.asked[j].stream, feed.plan.control, feed.plan.slate)
    return _put_some(feed, j, length, wanted) if wanted > 0 else length


@njit()
def _put_some(feed, j, length, wanted):
    request, most = feed.asked[j], feed.plan.slate
    user = at(feed.users, request.user)
    for i in range(wanted):
        video = _draw(feed, request, i)
        if video != NOBODY:
            place = control_place(request.stream, i, wanted, most)
            length = _put(feed, request.user, place, video, length, most)
    for i in range(length):
        source = feed.slates[np.uint64(request.user), np.uint64(i)].source
        user.controls += 1 if source == CONTROL else 0
    return length


@njit()
def _draw(feed, request, i):
    """The first video drawn for control ``i`` that passes the filters, or NOBODY."""
    every = feed.index.every
    if every.size == 0:
        return np.int32(NOBODY)
    for attempt in range(TRIES):
        video = every[control_draw(request.stream, i, attempt, every.size)]
        if may_be_shown(feed, request, video):
            return video
    return np.int32(NOBODY)


@njit()
def _put(feed, u, place, video, length, most):
    """Put a video at a place; it stands in the slate once, which is at most ``most`` long."""
    slates, creators, row = feed.slates, feed.slate_creators, np.uint64(u)
    # the place that is given up for it: where it stood, a new one, or the last
    gap = 0
    while gap < length and slates[row, np.uint64(gap)].video != video:
        gap += 1
    if gap < length:
        place = min(place, length - 1)
    else:
        place = min(place, length)
        gap = min(length, most - 1)
        length = min(length + 1, most)
    step = -1 if gap > place else 1
    while gap != place:
        to, other = slates[row, np.uint64(gap)], slates[row, np.uint64(gap + step)]
        to.video, to.source, to.pool = other.video, other.source, other.pool
        creators[gap] = creators[gap + step]
        gap += step
    card, slot = at(feed.cards, video), slates[row, np.uint64(place)]
    slot.video, slot.source, slot.pool = video, CONTROL, card.pool
    creators[place] = card.creator
    return length
