"""Which videos of a slate are by creators whom the user follows.

Found for a whole slate at once, when it is made: a list of follows has no fixed length, so to walk
along it costs turns that the processor cannot foresee, for ten videos as many as for one.
"""

from __future__ import annotations

import numpy as np

from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.lanes import FOUND, GROUP, look_in_group

__all__ = ["also_followed", "mark_followed"]


@njit(forceinline=True)
def mark_followed(slates, row, length, creators, graph, data, user):
    """Say of each place of a slate, in row ``row``, whether its creator is followed.

    ``creators`` [slate + GROUP] int32 are those of its ``length`` videos; what stands behind them
    does not matter.
    """
    start, end = user.follow_start, user.follow_start + user.follow_count
    for first in range(0, length, GROUP):
        found = np.int64(0)
        if user.follow_size == 0:
            for f in range(start, end):
                found |= look_in_group(creators, first, at(graph, f)) & FOUND
        else:
            for f in range(start, end):
                found |= look_in_group(creators, first, at(data, f)) & FOUND
        for i in range(min(length - first, GROUP)):
            slates[row, np.uint64(first + i)].followed = (found >> i) & 1


@njit(forceinline=True)
def also_followed(slates, cards, user, row, creator, followed):
    """From now on the user follows ``creator``, or with 0 does not: note it in the rest of the
    slate.
    """
    for i in range(user.place, user.length):
        slot = slates[row, np.uint64(i)]
        if at(cards, slot.video).creator == creator:
            slot.followed = followed
