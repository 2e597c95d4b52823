"""What a window counted becomes part of what is known: small compiled passes over counters."""

from __future__ import annotations

import numpy as np

from sim.core.counts import VIEWS, add_packed, add_unpacked
from sim.machine.aligned import LINE
from sim.machine.borrow import ROWS_AHEAD, at, prefetch, prefetch_at
from sim.machine.compiled import njit
from sim.machine.marks import mark_all, take_marked

__all__ = ["add_cells", "add_to_window", "fold_counts", "update_momentum"]


@njit()
def fold_counts(
    window, touched, counts, new_percentiles, percentiles, new_followers, followers,
    public_followers,
):  # fmt: skip
    """Add packed window counters to the counts [V, F], and new followers [C]; clear.

    ``percentiles`` [V] become the new ones. Returns the videos that were shown, which are the bits
    of ``touched``, and how much the percentiles have grown together.
    """
    grown = 0
    for c in range(new_followers.size):
        if new_followers[c] != 0:
            followers[c] += new_followers[c]
            public_followers[c] = followers[c]
            new_followers[c] = 0
    shown = take_marked(touched)
    for i in range(shown.size):
        if i + ROWS_AHEAD < shown.size:
            soon = at(shown, i + ROWS_AHEAD)
            prefetch(window, soon)
            prefetch(counts, soon)
            prefetch_at(counts, soon, LINE)
            prefetch(new_percentiles, soon)
            prefetch(percentiles, soon)
        v = np.uint64(shown[i])
        add_unpacked(counts, window, v)
        window[v] = 0
        grown += new_percentiles[v] - percentiles[v]
        percentiles[v] = new_percentiles[v]
    return shown, grown


@njit()
def add_to_window(
    counters, marked, tests, elsewhere, percentiles, window, touched, window_tests, all_elsewhere,
    all_percentiles,
):  # fmt: skip
    """Add what a thread counted of videos to what the window has, and clear it."""
    shown = take_marked(marked)
    mark_all(touched, shown)
    for i in range(shown.size):
        if i + ROWS_AHEAD < shown.size:
            soon = at(shown, i + ROWS_AHEAD)
            prefetch(counters, soon)
            prefetch(window, soon)
        v = np.uint64(shown[i])
        add_packed(window, counters, v)
        counters[v] = 0
        if tests.shape[0] > 0:
            for column in range(2):
                window_tests[v, column] += tests[v, column]
                tests[v, column] = 0
        for column in range(elsewhere.shape[1]):
            all_elsewhere[v, column] += elsewhere[v, column]
            elsewhere[v, column] = 0
        all_percentiles[v] += percentiles[v]
        percentiles[v] = 0


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
