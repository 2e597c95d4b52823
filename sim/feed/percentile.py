"""Watch percentiles: how long somebody watched, among all who were shown a video of that length.

Seconds favour long videos and completion short ones, by arithmetic. The share of impressions of
similarly long videos that were watched less than this one favours neither: its mean is one half in
every class of lengths, so a video is above it for being watched longer than its likes. (D2Q: Zhan
et al., "Deconfounding Duration Bias in Watch-time Prediction for Video Recommendation", KDD 2022.)

Within a class, who swiped on is ranked by seconds, and who saw the end by plays, so that a longer
video of the class has no advantage. The distribution is that of all impressions up to the last time
that scores of all videos were made; times are counted in cells, four an octave.

Places that were ranked, test audiences and controls are each ranked among themselves: people whom
the ranking chose for a video watch more of it, above all of a long one, and a test audience has to
be compared with test audiences.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import bit
from sim.machine.compiled import njit

__all__ = [
    "BINS",
    "CELLS",
    "CONTROL",
    "FIRST_BIN",
    "LENGTHS_S",
    "MIDDLE_S",
    "RANKED",
    "RANK_ONE",
    "TEST",
    "first_times",
    "length_class",
    "length_classes",
    "rank_at",
    "ranks_of",
    "time_cell",
]  # fmt: skip

LENGTHS_S = np.array([4.0 * 2.0**o * (1.0 + q / 4.0) for o in range(7) for q in range(4)][1:])
"""Durations between which videos count as equally long, s: four an octave, 5 s to 448 s."""
_FIRST_LENGTH: Final = int(np.float32(4.0).view(np.int32)) >> 21
RANK_ONE: Final = 1_000
"""A percentile of 1, in the whole numbers that are counted."""
BINS: Final = 64
"""Cells of time of a class of lengths: four an octave, from 1/8 s on."""
FIRST_BIN: Final = int(np.float32(125.0).view(np.int32)) >> 21
RANKED, TEST, CONTROL = range(3)
"""What filled a place."""
CELLS: Final = 3 * (len(LENGTHS_S) + 1) * BINS
"""Those of ranked places come first, then those of test audiences and of controls."""
MIDDLE_S = np.sqrt(np.append(4.0, LENGTHS_S) * np.append(LENGTHS_S, 600.0))
"""middle [classes] of each class of lengths, s."""
_START: Final = 2
"""Impressions in each cell between a second and the length, before the first (assumption)."""
_COMPLETION: Final = bit("completion")


@njit(forceinline=True)
def length_class(duration_s: Any) -> Any:
    """Position among the classes that LENGTHS_S divides."""
    # exponent and first two bits of the mantissa
    place = (np.int64(np.float32(duration_s).view(np.int32)) >> 21) - _FIRST_LENGTH
    return min(max(place, 0), MIDDLE_S.size - 1)


@njit(forceinline=True)
def time_cell(watch_ms: Any, duration_s: Any, actions: Any, filled: Any) -> Any:
    """The cell of one impression, in [0, CELLS); ``filled`` is RANKED, TEST or CONTROL."""
    row = length_class(duration_s)
    played = float(watch_ms)
    if actions & _COMPLETION:
        played *= MIDDLE_S[row] / duration_s
    place = (np.int64(np.float32(played).view(np.int32)) >> 21) - FIRST_BIN
    row += filled * MIDDLE_S.size
    return row * BINS + min(max(place, 0), BINS - 1)


def length_classes(duration_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """rows [N] among the classes of lengths of videos of these durations [N], s."""
    return np.searchsorted(LENGTHS_S, duration_s.astype(np.float32), side="right")


def first_times() -> NDArray[np.int64]:
    """times [CELLS] impressions in each cell that the platform assumes before the first."""
    times = np.zeros((3, len(MIDDLE_S), BINS), np.int64)
    for row, middle in enumerate(MIDDLE_S.tolist()):
        first, last = (time_cell(1000.0 * t, middle, 0, RANKED) % BINS for t in (1.0, middle))
        times[:, row, first : last + 1] = _START
    return times.reshape(-1)


def ranks_of(times: NDArray[np.int64]) -> NDArray[np.int16]:
    """ranks [CELLS] the percentile of each cell, in 1 / RANK_ONE, by impressions [CELLS] in each.

    Half of those in the same cell count as shorter.
    """
    rows = times.reshape(-1, BINS)
    upto = np.cumsum(rows, axis=1)
    ranks = RANK_ONE * (2 * upto - rows) // np.maximum(2 * upto[:, -1:], 1)
    return ranks.astype(np.int16).reshape(-1)


def rank_at(
    ranks: NDArray[np.int16], watch_s: NDArray[np.float64], duration_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The percentile in [0, 1] of seconds watched of videos of these lengths, any shape, among
    places that were ranked.
    """
    found = np.empty(watch_s.shape)
    _rank_each(ranks, watch_s.reshape(-1), duration_s.reshape(-1), found.reshape(-1))
    return found


@njit()
def _rank_each(ranks: Any, watch_s: Any, duration_s: Any, found: Any) -> None:
    for i in range(found.size):
        whole = _COMPLETION if watch_s[i] >= duration_s[i] else 0
        cell = time_cell(1000.0 * watch_s[i], duration_s[i], whole, RANKED)
        found[i] = float(ranks[cell]) / RANK_ONE
