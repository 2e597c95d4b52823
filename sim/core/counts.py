"""The layout of a row of counters; all counters are integers, so sums do not depend on order."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTIONS
from sim.core.surfaces import SURFACES
from sim.machine.compiled import njit

__all__ = [
    "COMMON", "COUNT_NAMES", "FIRST_ACTION", "FOLLOWERS", "HIGH", "IMPRESSIONS", "LOW", "LOW_BITS",
    "PACKED", "PARTS", "PART_COUNTS", "PART_WIDTH", "REACH", "VIEWS", "WATCH_MS", "WIDTH",
    "add_packed", "add_unpacked", "pack", "unpack",
]  # fmt: skip

IMPRESSIONS: Final = 0
VIEWS: Final = 1
WATCH_MS: Final = 2
REACH: Final = 3
"""Impressions that were the user's first one of this video."""
FIRST_ACTION: Final = 4
"""Column of the first action; the others follow in the order of the action table."""
WIDTH: Final = FIRST_ACTION + len(ACTIONS)

COUNT_NAMES: Final = ("impressions", "views", "watch_ms", "reach", *(a.plural for a in ACTIONS))

HIGH: Final = 15
PACKED: Final = -(-(WIDTH + 1) // 16) * 16
"""Columns of a packed row: int32, whole cache lines. The first has HIGH counters and, in column
HIGH, the high part of watch time, which is ``row[WATCH_MS] + row[HIGH] * 2**30`` milliseconds,
because 32 bits would overflow. The other counters lie behind it: those of rare actions, so that the
second line is seldom touched."""
COMMON: Final = HIGH - FIRST_ACTION
"""Actions whose counters lie on the first line; the later rows of the action table are rarer."""
PARTS: Final = (*(surface.name for surface in SURFACES), "followers")
"""What the impressions of a video are told apart by: surfaces, and at last those of people who
follow the creator, on any surface."""
FOLLOWERS: Final = len(SURFACES)
PART_COUNTS: Final = ("impressions", "views", "reach")
"""What is counted for each part; impressions of part p are in column ``p * len(PART_COUNTS)``."""
PART_WIDTH: Final = len(PARTS) * len(PART_COUNTS)
LOW_BITS: Final = 30
LOW: Final = (1 << LOW_BITS) - 1
"""Where the high part of watch time is, and the bits of the low part."""
assert HIGH < WIDTH < PACKED


def _column(f: int) -> int:
    return f if f < HIGH else f + 1


_COLUMNS: Final = [_column(f) for f in range(WIDTH)]
"""The column of each counter in a packed row."""


@njit(forceinline=True)
def add_packed(into, rows, i):  # type: ignore[no-untyped-def]
    """Add packed row ``i`` of ``rows`` to the same row of ``into``."""
    for f in range(PACKED):
        if f != WATCH_MS:
            into[i, f] += rows[i, f]
    low = np.int64(into[i, WATCH_MS]) + np.int64(rows[i, WATCH_MS])
    into[i, WATCH_MS] = np.int32(low & LOW)
    into[i, HIGH] += np.int32(low >> LOW_BITS)


@njit(forceinline=True)
def add_unpacked(into, rows, i):  # type: ignore[no-untyped-def]
    """Add packed row ``i`` of ``rows`` to the same row of counters ``into`` [N, F] int64."""
    for f in range(HIGH):
        into[i, f] += np.int64(rows[i, f])
    for f in range(HIGH, WIDTH):
        into[i, f] += np.int64(rows[i, f + 1])
    into[i, WATCH_MS] += np.int64(rows[i, HIGH]) << LOW_BITS


def pack(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Packed rows [N, PACKED] of counters [N, F]."""
    rows = np.zeros((len(counts), PACKED), np.int32)
    rows[:, _COLUMNS] = counts & LOW
    rows[:, HIGH] = counts[:, WATCH_MS] >> LOW_BITS
    return rows


def unpack(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Counters [N, F] of packed rows [N, PACKED]."""
    counts = rows[:, _COLUMNS].astype(np.int64)
    counts[:, WATCH_MS] += rows[:, HIGH].astype(np.int64) << LOW_BITS
    return counts
