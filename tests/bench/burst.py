"""What becomes of lines that are asked for two hundred at a time: ``python tests/bench/burst.py``.

A request asks for as many cards as it has candidates, works on for a microsecond or two, and then
reads them. This does the same with nothing else around it, and prints the nanoseconds a line takes
when it is not asked for, when it is to come into the first cache, and into the second.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from sim.core.random import mix
from sim.machine.aligned import LINE, aligned_zeros
from sim.machine.borrow import at, prefetch, prefetch_near
from sim.machine.compiled import njit

_BURST, _ROUNDS, _WORK = 200, 5_000, 400
_NOT, _FIRST, _SECOND = 0, 1, 2


@njit()
def _rounds(lines, rounds, burst, work, ask, read):
    """Rounds of asking, working, and reading; returns a number that depends on all of it."""
    drawn = np.empty(burst, np.int64)
    size = np.uint64(lines.shape[0])
    state = np.uint64(1)
    for _ in range(rounds):
        for i in range(burst):
            state = mix(state + np.uint64(1))
            drawn[i] = np.int64(((state >> np.uint64(32)) * size) >> np.uint64(32))
        if ask == _FIRST:
            for i in range(burst):
                prefetch_near(lines, at(drawn, i))
        elif ask == _SECOND:
            for i in range(burst):
                prefetch(lines, at(drawn, i))
        for _ in range(work):
            state = mix(state)
        if read:
            for i in range(burst):
                # each waits for the one before, so that nothing but asking hides the wait
                state += np.uint64(lines[np.uint64(at(drawn, i)), state & np.uint64(7)])
    return state


def _seconds(lines: np.ndarray, ask: int, read: bool) -> float:
    began = time.process_time()
    _rounds(lines, _ROUNDS, _BURST, _WORK, ask, read)
    return time.process_time() - began


def main() -> None:
    for size in (1, 16, 64):
        lines = aligned_zeros((size * 2**20 // LINE, LINE // 8), np.int64)
        lines[:] = 1
        for ask in (_NOT, _FIRST, _SECOND):
            _seconds(lines, ask, True)
        spent = {
            name: min(_seconds(lines, ask, True) - _seconds(lines, _NOT, False) for _ in range(3))
            for name, ask in (("not", _NOT), ("first", _FIRST), ("second", _SECOND))
        }
        each = {k: v / _ROUNDS / _BURST * 1e9 for k, v in spent.items()}
        sys.stdout.write(
            f"{size:3d} MiB: not asked for {each['not']:5.1f} ns, first cache "
            f"{each['first']:5.1f} ns, second cache {each['second']:5.1f} ns a line\n"
        )


if __name__ == "__main__":
    main()
