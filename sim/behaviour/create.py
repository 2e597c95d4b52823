"""Create: when a creator posts next."""

from __future__ import annotations

import numpy as np

from sim.behaviour.draws import NEXT_POST
from sim.behaviour.params import CreateParams
from sim.behaviour.rhythm import rest_s
from sim.behaviour.signatures import NEXT_POST as NEXT_POST_TYPES
from sim.core.random import exponential
from sim.machine.compiled import njit

__all__ = ["next_post_delay_s"]


@njit(NEXT_POST_TYPES, forceinline=True)
def next_post_delay_s(
    p: CreateParams, s: np.uint64, now_s: float, posts_per_week: float, utc_offset_s: float
) -> float:
    """Seconds from ``now_s`` to the creator's next post, at least ``rest_s``.

    Posts follow the daily curve of W20 in the creator's local time; ``posts_per_week`` is
    positive; draw ``NEXT_POST`` of stream ``s``.
    """
    budget = exponential(s, NEXT_POST)
    return rest_s(p, p.hours_sum, posts_per_week / 7.0, budget, now_s, utc_offset_s)
