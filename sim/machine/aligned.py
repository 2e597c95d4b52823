"""Arrays that begin at a line of memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["LINE", "aligned_zeros"]

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
