"""The past of the first catalogue: what tests before the start found of its videos.

A run begins in the middle of a platform's life. Where new videos are tested in pools those of the
first catalogue have been tested too, or the feed would live for days off a stock that no later day
can match (``docs/explanation/videos.md``). What a test of ``b`` impressions finds is made of the
truth and of luck,

    found = A * quality + B * hook beyond it + sqrt(C / b) * z,    z standard normal

A, B and C are such that 10 impressions promote a tenth which is 0.91 sd better than all in quality
and 0.84 sd in the hook, as in this model: ``docs/fitting/measure_promoted.py``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.core.random import normal, stream
from sim.machine.compiled import njit
from sim.world.state import World

__all__ = ["past_tests"]

_A: Final = 0.52
_B: Final = 0.30
_C: Final = 6.4
_WITH_QUALITY: Final = 0.4
"""Correlation of hook and quality (``sim.world.draw``)."""


def past_tests(world: World, k: np.uint64, budgets: NDArray[np.float64]) -> NDArray[np.float64]:
    """found [V, levels] of the first catalogue, by tests of ``budgets`` [levels] impressions."""
    n = world.videos.count
    found = np.empty((n, len(budgets)))
    truth = world.video_truth
    _test(k, world.videos.luck[:n], truth.quality[:n], truth.hook[:n], np.sqrt(_C / budgets), found)
    return found


@njit()
def _test(k, luck, quality, hook, noise, found):
    alone = np.sqrt(1.0 - _WITH_QUALITY * _WITH_QUALITY)
    for v in range(luck.size):
        s = stream(k, np.int64(luck[v]))
        beyond = (float(hook[v]) - _WITH_QUALITY * float(quality[v])) / alone
        sure = _A * float(quality[v]) + _B * beyond
        for level in range(noise.size):
            found[v, level] = sure + noise[level] * normal(s, level)
