"""Sets of whole numbers as bits, 64 in a word: small enough to stay near the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sim.machine.borrow import address_of_row, prefetch
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP, load, lowest_bit, of_all

__all__ = ["list_below", "mark", "mark_all", "new_marks", "prefetch_mark", "take_marked"]

_intrinsic: Any = intrinsic  # its own type takes away the arguments
_SIX, _ONE, _LAST = np.uint64(6), np.uint64(1), np.uint64(63)


def new_marks(size: int) -> NDArray[np.uint64]:
    """An empty set of numbers in [0, size)."""
    return np.zeros(size // 64 + 1, np.uint64)


@njit(forceinline=True)
def mark(marks, i):  # type: ignore[no-untyped-def]
    """Add ``i`` >= 0 to a set."""
    marks[np.uint64(i) >> _SIX] |= _ONE << (np.uint64(i) & _LAST)


@njit(forceinline=True)
def prefetch_mark(marks, i):  # type: ignore[no-untyped-def]
    """Ask for the memory where :func:`mark` will put ``i``."""
    prefetch(marks, np.uint64(i) >> _SIX)


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


@_intrinsic
def _below(typingctx: Any, values: Any, first: Any, limit: Any) -> Any:  # noqa: ARG001
    """Bit i: whether ``values[first + i]``, float64, is below ``limit``; GROUP bits."""
    if values != types.Array(types.float64, 1, "C") or limit != types.float64:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        place = context.cast(builder, args[1], kinds[1], types.int64)
        lanes = load(
            builder, address_of_row(context, builder, kinds[0], args[0], place), ir.DoubleType(),
            GROUP,
        )  # fmt: skip
        below = builder.fcmp_ordered("<", lanes, of_all(builder, args[2], lanes.type))
        return builder.zext(builder.bitcast(below, ir.IntType(GROUP)), ir.IntType(64))

    return types.int64(values, first, limit), codegen


@njit()
def list_below(values, first, last, limit, out):  # type: ignore[no-untyped-def]
    """Put the places i of [first, last) with ``values[i] < limit`` into ``out``, in order.

    Returns how many there are. Most are not, so a group of values is looked at together.
    """
    n = 0
    whole = first + (last - first) // GROUP * GROUP
    for group in range(first, whole, GROUP):
        left = _below(values, group, limit)
        while left != 0:
            out[n] = group + lowest_bit(left)
            n += 1
            left &= left - 1
    for i in range(whole, last):
        if values[i] < limit:
            out[n] = i
            n += 1
    return n
