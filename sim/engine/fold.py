"""What a window counted becomes part of what is known: small compiled passes over counters."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.counts import IMPRESSIONS, VIEWS, add_unpacked

__all__ = ["add_cells", "fold_counts", "update_momentum"]


@njit()
def fold_counts(window, counts, count, new_followers, followers, public_followers):
    """Add packed window counters to the counts [V, F], and new followers [C]; clear.

    Returns the videos that were shown.
    """
    for c in range(new_followers.size):
        if new_followers[c] != 0:
            followers[c] += new_followers[c]
            public_followers[c] = followers[c]
            new_followers[c] = 0
    touched = np.empty(count, np.int32)
    n = 0
    for v in range(count):
        if window[v, IMPRESSIONS] != 0:
            touched[n] = v
            n += 1
            add_unpacked(counts, window, v)
            window[v] = 0
    return touched[:n].copy()


@njit()
def add_cells(cells, totals):
    """Add counters [N, F] to ``totals`` [F]."""
    for i in range(cells.shape[0]):
        for f in range(totals.size):
            totals[f] += cells[i, f]


@njit()
def update_momentum(counts, before, keep, momentum, count):
    """Let momentum [V] fade by ``keep`` and add the views since the counters ``before`` [V]."""
    for v in range(count):
        momentum[v] = np.float32(momentum[v] * keep + float(counts[v, VIEWS] - before[v]))
        before[v] = counts[v, VIEWS]
