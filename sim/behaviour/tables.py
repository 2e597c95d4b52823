"""Tables: piecewise linear functions that are looked up in constant time.

A table is three arrays (positions, values, slopes) and a guide: the piece to start from for
each even step of the position. The guide makes a look-up one load instead of a scan whose
length the processor cannot predict; it never changes the result.

All tables have the same number of rows, so that other settings never mean another compilation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit

__all__ = ["Table", "factor_table", "hazard_tables", "look_up"]

_ROWS = 40
_STEPS = 512
_LAST_STEP = 511.0


class Table(NamedTuple):
    """y = y[i] + (x - x[i]) * slope[i] for the last i with x[i] <= x; x[0] is 0.

    Rows beyond the curve have the position infinity.
    """

    x: NDArray[np.float64]
    """[n] positions, rising from 0."""
    y: NDArray[np.float64]
    """[n] values at the positions."""
    slope: NDArray[np.float64]
    """[n] change of the value per unit of position from here on, for ever in the last row."""
    guide: NDArray[np.uint8]
    """[steps] a piece at or before the one of position step / per_unit."""
    per_unit: float
    """Steps of the guide per unit of position."""


@njit(forceinline=True)
def look_up(table: Table, x: float) -> float:
    """The value at ``x`` >= 0."""
    # unsigned, because an index that could count from the end costs more
    i = np.uint64(table.guide[np.uint64(min(x * table.per_unit, _LAST_STEP))])
    while table.x[i + np.uint64(1)] <= x:
        i += np.uint64(1)
    return table.y[i] + (x - table.x[i]) * table.slope[i]  # type: ignore[no-any-return]


def _table(x: NDArray[np.float64], y: NDArray[np.float64], slope: NDArray[np.float64]) -> Table:
    rows = len(x)
    if rows >= _ROWS:
        raise ValueError(f"a curve has at most {_ROWS - 1} rows; got {rows}")
    reach = float(x[-1])
    per_unit = (_STEPS - 1) / reach if reach > 0.0 else 1.0
    steps = np.arange(_STEPS, dtype=np.float64) / per_unit
    # one step back guards against a position that rounds into the next step
    guide = np.searchsorted(x, steps, side="right") - 1
    guide[1:] = guide[:-1].copy()
    columns = np.full(_ROWS, np.inf), np.zeros(_ROWS), np.zeros(_ROWS)
    for padded, column in zip(columns, (x, y, slope), strict=True):
        padded[:rows] = column
    return Table(*columns, guide.astype(np.uint8), per_unit)


def _columns(curve: Sequence[tuple[float, float]]) -> tuple[NDArray[np.float64], ...]:
    rows = np.array(curve, dtype=np.float64)
    return np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])


def factor_table(curve: Sequence[tuple[float, float]]) -> Table:
    """Rows of (position, value), linear between rows and flat after the last."""
    x, y = _columns(curve)
    slope = np.zeros(len(x))
    for i in range(len(x) - 1):
        slope[i] = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
    return _table(x, y, slope)


def hazard_tables(curve: Sequence[tuple[float, float]]) -> tuple[Table, Table]:
    """From rows of (from second, hazard per second): cumulative hazard by time, and its inverse."""
    start, rate = _columns(curve)
    total = np.zeros(len(start))
    inverse = np.zeros(len(start))
    for i in range(1, len(start)):
        total[i] = total[i - 1] + (start[i] - start[i - 1]) * rate[i - 1]
    for i in range(len(start)):
        inverse[i] = 1.0 / rate[i]
    return _table(start, total, rate), _table(total, start, inverse)
