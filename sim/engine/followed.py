"""Which videos of a slate are by creators whom the user follows.

Found for a whole slate at once, when it is made: a list of follows has no fixed length, so to walk
along it costs turns that the processor cannot foresee, for ten videos as many as for one.
"""

from __future__ import annotations

import numpy as np

from sim.core.borrow import at
from sim.core.compiled import njit
from sim.core.lanes import FOUND, GROUP, look_in_group
from sim.record.columns import SOURCE_NAMES

__all__ = ["FOLLOWED", "also_followed", "mark_followed"]

_BIT = 6
FOLLOWED = np.int8(1 << _BIT)
"""Added to the source of a video in a slate when the user follows its creator."""
assert len(SOURCE_NAMES) <= FOLLOWED


@njit(forceinline=True)
def mark_followed(slates, row, length, creators, graph, data, user):
    """Add FOLLOWED to the sources of a slate, in row ``row``, where it is due.

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
            slates.source[row, np.uint64(first + i)] |= np.int8(((found >> i) & 1) << _BIT)


@njit(forceinline=True)
def also_followed(slates, cards, user, row, creator):
    """The user follows ``creator`` from now on: note it in the rest of the slate."""
    for i in range(user.place, user.length):
        if at(cards, slates.video[row, np.uint64(i)]).creator == creator:
            slates.source[row, np.uint64(i)] |= FOLLOWED
