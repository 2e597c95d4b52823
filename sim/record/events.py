"""The event log: one record an impression, its hash, and its way into a Parquet file.

Events are in a fixed order: window by window (a window is the time between two refreshes), in a
window by user, and by time for each user. The hash is a sum over the events, each of which
carries its own time and ids, so it can be added up from any number of shards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import bits_of
from sim.core.random import mix
from sim.machine.compiled import njit

__all__ = ["EVENT", "MOST_AGO", "add_to_hash", "hash_all", "hash_event", "hash_text"]

EVENT = np.dtype(
    [
        ("time_s", np.float64),
        ("user", np.int32),
        ("video", np.int32),
        ("watch_ms", np.int32),
        ("actions", np.int32),
        ("views", np.int16),
        ("surface", np.int8),
        ("source", np.int8),
        ("pool", np.int8),
        ("first", np.int8),
        ("ago", np.int16),
    ],
    align=True,
)
"""One impression, 32 bytes; ``first`` is 1 when this user had not been shown the video before.

``ago`` is how many refreshes before it the slate was made, at most MOST_AGO; it is there to look
up with which probability chance filled the place, and no part of the hash."""

MOST_AGO = 2**15 - 1

_ODD = np.uint64(0xD6E8FEB86659FD93)
_OTHER = np.uint64(0x2545F4914F6CDD1D)


@njit("uint64(float64, int64, int64, int64, int64, int64, int64, int64, int64)")
def hash_event(time_s, user, video, watch_ms, actions, views, surface, source, pool):
    """64 bits that depend on every field of an event."""
    who = np.uint64(user) | (np.uint64(video) << np.uint64(32))
    what = np.uint64(watch_ms) | (np.uint64(actions) << np.uint64(32))
    where = (
        np.uint64(views)
        | (np.uint64(surface) << np.uint64(16))
        | (np.uint64(source) << np.uint64(24))
        | (np.uint64(pool) << np.uint64(32))
    )
    h = mix(bits_of(time_s) + who * _ODD)
    h = mix(h + what * _OTHER)
    return mix(h + where * _ODD)


@njit()
def add_to_hash(h, sums):
    """Add one event's hash to the two running sums [2] uint64."""
    sums[0] += h
    sums[1] += mix(h ^ _ODD)


@njit()
def hash_all(events, sums):
    """Add the hashes of an array of events."""
    for i in range(events.size):
        e = events[i]
        add_to_hash(
            hash_event(
                e.time_s,
                e.user,
                e.video,
                e.watch_ms,
                e.actions,
                e.views,
                e.surface,
                e.source,
                e.pool,
            ),
            sums,
        )


def hash_text(sums: NDArray[np.uint64], impressions: int) -> str:
    """The event-log hash as it stands in a manifest."""
    return f"{int(sums[0]):016x}{int(sums[1]):016x}-{impressions}"
