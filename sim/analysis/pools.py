"""How far videos get through the cold-start pools."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from sim.analysis.intervals import Share, wilson

__all__ = ["PoolLevel", "pool_survival", "waiting_share"]


@dataclass(frozen=True)
class PoolLevel:
    """One pool."""

    pool: int
    """Level, from 1."""
    entered: Share
    """Videos that entered it, of those that entered pool 1."""
    conditional: Share
    """Videos that entered it, of those that entered the pool before; all of them for pool 1."""


def pool_survival(videos: pl.DataFrame, pools: int = 0) -> tuple[PoolLevel, ...]:
    """Share of ``videos`` entering pool k of those entering pool 1, with Wilson intervals.

    Entering is taken from the highest pool entered. A video that still waits in a pool
    counts as not promoted, so the videos should be old enough. There are ``pools`` levels
    at least, those that nobody entered with them, and more when videos are further: empty
    for 0 when none was ever in a pool.
    """
    reached = videos["pool"]
    highest = reached.max()
    last = max(pools, highest) if isinstance(highest, int) else pools
    if last < 1:
        return ()
    entered = [int((reached >= level).sum()) for level in range(1, last + 1)]
    # That all videos of pool 1 entered pool 1 is no estimate, so it has no width.
    all_of_them = 1.0 if entered[0] else None
    whole = Share(entered[0], entered[0], all_of_them, all_of_them, all_of_them)
    later = [
        PoolLevel(level, wilson(count, entered[0]), wilson(count, previous))
        for level, (previous, count) in enumerate(pairwise(entered), start=2)
    ]
    return (PoolLevel(1, whole, whole), *later)


def waiting_share(videos: pl.DataFrame) -> Share:
    """Share of the videos that entered a pool and still wait in one at the end of the run."""
    entered = videos.filter(pl.col("pool") >= 1)
    return wilson(int((entered["pool_state"] == "waiting").sum()), entered.height)
