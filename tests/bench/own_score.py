"""One and the same scorer, compiled and in Python: what a scorer of one's own costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

__all__ = ["SmallFirst", "small_first"]


@numba.njit
def small_first(score: Any, candidate: Any, boost: float = 0.1, half: float = 100.0) -> Any:
    """Lifts videos by creators with few followers."""
    return score + boost * half / (half + candidate.followers)


@dataclass
class SmallFirst:
    """The same through the seam for Python."""

    boost: float = 0.1
    half: float = 100.0

    def score(self, requests: Any, candidates: Any, prediction: Any, scores: Any, view: Any) -> Any:
        """New scores of a batch of requests."""
        video = np.maximum(candidates.video, 0)
        followers = view.creators.followers[view.videos.creator[video]]
        return scores + self.boost * self.half / (self.half + followers)
