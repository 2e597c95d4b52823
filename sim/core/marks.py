"""Sets of whole numbers as bits, 64 in a word: small enough to stay near the processor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.core.lanes import lowest_bit

__all__ = ["mark", "mark_all", "new_marks", "take_marked"]

_SIX, _ONE, _LAST = np.uint64(6), np.uint64(1), np.uint64(63)


def new_marks(size: int) -> NDArray[np.uint64]:
    """An empty set of numbers in [0, size)."""
    return np.zeros(size // 64 + 1, np.uint64)


@njit(forceinline=True)
def mark(marks, i):  # type: ignore[no-untyped-def]
    """Add ``i`` >= 0 to a set."""
    marks[np.uint64(i) >> _SIX] |= _ONE << (np.uint64(i) & _LAST)


@njit()
def mark_all(marks, numbers):  # type: ignore[no-untyped-def]
    """Add all ``numbers`` [N]."""
    for i in range(numbers.size):
        mark(marks, numbers[i])


@njit()
def take_marked(marks):  # type: ignore[no-untyped-def]
    """The numbers in a set, int32, in their order; the set is empty then."""
    size = 0
    for word in range(marks.size):
        left = marks[word]
        while left != 0:
            left &= left - _ONE
            size += 1
    numbers = np.empty(size, np.int32)
    n = 0
    for word in range(marks.size):
        left = marks[word]
        marks[word] = 0
        while left != 0:
            numbers[n] = (word << 6) + lowest_bit(np.int64(left))
            n += 1
            left &= left - _ONE
    return numbers
