"""Tables: piecewise linear functions that are looked up in constant time.

A table is three arrays (positions, values, slopes) and a guide: the piece to start from for
each cell of the position. A cell is about a hundredth of its position wide. It is counted by the
leading bits of the number, so it is found in a few cycles, and hardly ever has more than one row.
The guide makes a look-up one load instead of a scan whose length the processor cannot predict; it
never changes the result.

All tables have the same number of rows, so that other settings never mean another compilation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.formulas import Lines, factor_lines, hazard_lines
from sim.core.maths import bits_of
from sim.machine.compiled import njit

__all__ = ["Table", "factor_table", "hazard_tables", "look_up"]

_ROWS = 40
_CELLS = 1024
_LAST_CELL = _CELLS - 1
_FINEST = 46
"""Bits of a number that do not count for its cell: a cell is at least 1/64 of a position wide."""


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
    """[cells] a piece at or before the first position of each cell."""
    cell: NDArray[np.int64]
    """[2] bits that do not count for a cell, and the number of the first one."""


@njit(forceinline=True)
def _cell(x: float, dropped: int, first: int) -> int:
    """The cell of a position that is not negative; greater positions are in greater ones."""
    # bits of positive numbers order as the numbers do
    cell = int(np.int64(bits_of(x)) >> dropped) - first
    return min(max(cell, 0), _LAST_CELL)


@njit(forceinline=True)
def look_up(table: Table, x: float) -> float:
    """The value at ``x`` >= 0."""
    # unsigned, because an index that could count from the end costs more
    i = np.uint64(table.guide[np.uint64(_cell(x, table.cell[0], table.cell[1]))])
    while table.x[i + np.uint64(1)] <= x:
        i += np.uint64(1)
    return table.y[i] + (x - table.x[i]) * table.slope[i]  # type: ignore[no-any-return]


def _table(x: NDArray[np.float64], y: NDArray[np.float64], slope: NDArray[np.float64]) -> Table:
    rows = len(x)
    if rows >= _ROWS:
        raise ValueError(f"a curve has at most {_ROWS - 1} rows; got {rows}")
    columns = np.full(_ROWS, np.inf), np.zeros(_ROWS), np.zeros(_ROWS)
    for padded, column in zip(columns, (x, y, slope), strict=True):
        padded[:rows] = column
    # the finest cells with which all rows fit: cell 0 is below the second row
    bits = x[1:].view(np.int64) if rows > 1 else np.zeros(1, np.int64)
    dropped = _FINEST
    while (bits[-1] >> dropped) - (bits[0] >> dropped) >= _CELLS - 1:
        dropped += 1
    first = (bits[0] >> dropped) - 1
    cells = np.clip((x.view(np.int64) >> dropped) - first, 0, _CELLS - 1)
    # rows of smaller cells are passed for sure; of the cell itself it is not known
    guide = np.maximum(np.searchsorted(cells, np.arange(_CELLS), side="left") - 1, 0)
    return Table(*columns, guide.astype(np.uint8), np.array([dropped, first]))


def _made(lines: Lines) -> Table:
    return _table(*(np.array(column, np.float64) for column in lines))


def factor_table(curve: Sequence[tuple[float, float]]) -> Table:
    """Rows of (position, value), linear between rows and flat after the last."""
    return _made(factor_lines(curve))


def hazard_tables(curve: Sequence[tuple[float, float]]) -> tuple[Table, Table]:
    """From rows of (from second, hazard per second): cumulative hazard by time, and its inverse."""
    total, inverse = hazard_lines(curve)
    return _made(total), _made(inverse)
