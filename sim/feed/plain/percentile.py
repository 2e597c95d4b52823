"""Cells of watch time: the twin of ``sim.feed.percentile.time_cell``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import bit
from sim.feed.percentile import BINS, FIRST_BIN, LENGTHS_S, MIDDLE_S

__all__ = ["time_cells"]

_EXPONENT_BIAS = 127


def time_cells(
    events: NDArray[Any], durations_s: NDArray[np.float64], filled: NDArray[np.int64]
) -> NDArray[np.int64]:
    """cells [N] of events [N] (see ``sim.record.events``), given the durations [V].

    ``filled`` [N] says what filled their places: RANKED, TEST or CONTROL.
    """
    duration_s = durations_s[events["video"]]
    row = np.searchsorted(LENGTHS_S, duration_s.astype(np.float32), side="right")
    finished = (events["actions"] & bit("completion")) != 0
    played = events["watch_ms"].astype(np.float64)
    played = np.where(finished, played * (MIDDLE_S[row] / duration_s), played)
    mantissa, exponent = np.frexp(played.astype(np.float32))  # mantissa in [1/2, 1)
    quarter = np.floor(mantissa * 8.0).astype(np.int64) - 4
    place = 4 * (exponent.astype(np.int64) - 1 + _EXPONENT_BIAS) + quarter - FIRST_BIN
    row = row + filled * len(MIDDLE_S)
    return np.asarray(row * BINS + np.clip(place, 0, BINS - 1))
