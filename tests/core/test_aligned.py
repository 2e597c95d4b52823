"""Memory by lines, and arrays in one piece."""

from __future__ import annotations

import numpy as np

from sim.core.aligned import LINE, aligned_zeros, together


def test_arrays_begin_at_a_line() -> None:
    for shape in (1, 7, (3, 5)):
        array = aligned_zeros(shape, np.float32)
        assert array.ctypes.data % LINE == 0
        assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
        assert not array.any()


def test_copies_lie_one_after_the_other() -> None:
    arrays = [np.arange(5, dtype=np.int32), np.empty(0, np.int64), np.eye(3), np.ones(16, np.int32)]
    copies = together(arrays)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(copy, array)
        assert copy.dtype == array.dtype
        assert not np.shares_memory(array, copy)
    starts = [copy.ctypes.data - copies[0].ctypes.data for copy in copies if copy.size]
    assert starts == [0, LINE, 3 * LINE]
    assert copies[0].ctypes.data % LINE == 0
