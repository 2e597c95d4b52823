"""Memory by lines."""

from __future__ import annotations

import numpy as np

from sim.machine.aligned import LINE, aligned_zeros


def test_arrays_begin_at_a_line() -> None:
    for shape in (1, 7, (3, 5)):
        array = aligned_zeros(shape, np.float32)
        assert array.ctypes.data % LINE == 0
        assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
        assert not array.any()
