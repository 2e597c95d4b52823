"""Arrays that begin at a line of memory, and arrays that lie together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["LINE", "aligned_zeros", "together"]

LINE = 64
"""Bytes a processor fetches at once. A row of 64 bytes that begins elsewhere lies on two lines,
and NumPy lets large arrays begin 16 bytes after one."""


def aligned_zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """As ``np.zeros``, with the first element at the beginning of a line."""
    sizes = (shape,) if isinstance(shape, int) else shape
    kind = np.dtype(dtype)
    size = math.prod(sizes) * kind.itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(kind).reshape(sizes)


def together(arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Copies that lie in one piece of memory, one after the other.

    Systems put large pieces that NumPy asks for on large pages, and what compiled code asks for on
    small ones: of arrays that are read here and there a processor then looks up page after page.
    """
    ends = list(accumulate(-(-array.nbytes // LINE) * LINE for array in arrays))
    raw = aligned_zeros(ends[-1], np.uint8)
    copies = []
    for array, first in zip(arrays, [0, *ends], strict=False):
        copy = raw[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
        copy[...] = array
        copies.append(copy)
    return copies
