"""How well each candidate suits: the twin of the affinities in ``sim.feed.builtin.Smoothed``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.feed.component import Candidates
from sim.feed.plain.taste import affinity, listed, taste_of
from sim.feed.view import FeedView, Requests

__all__ = ["affinities"]


def affinities(requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.float32]:
    """affinity [B, K] in [-1, 1]; 0 where there is no candidate."""
    found = np.zeros(candidates.video.shape, np.float32)
    for b, user in enumerate(requests.user.tolist()):
        taste = taste_of(view.beliefs, user, view.believed)
        for k, video in enumerate(candidates.video[b].tolist()):
            if video >= 0:
                found[b, k] = affinity(taste, listed(view.videos, video))
    return found
