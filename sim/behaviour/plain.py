"""Plain twins of what ``sim/behaviour`` computes in vector registers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.world.state import TOPIC_ONE

__all__ = ["cosine"]


def cosine(interests: NDArray[np.int8], topics: NDArray[np.int8]) -> float:
    """Cosine in [0, 1.02] of a person's true interests [D] and a video's topic mix [D], in 1/127.

    The twin of ``sim.behaviour.interest.cosine``: a sum of whole numbers, which has no order.
    """
    shared = int(interests.astype(np.int64) @ topics.astype(np.int64))
    return shared * (1.0 / (TOPIC_ONE * TOPIC_ONE))
