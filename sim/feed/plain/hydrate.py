"""Each candidate once: the twin of ``sim.feed.pipeline.hydrate``."""

from __future__ import annotations

import numpy as np

from sim.feed.component import Candidates
from sim.world.state import NOBODY

__all__ = ["hydrate"]


def hydrate(candidates: Candidates) -> Candidates:
    """Drop repeated candidates; the first source that found a video keeps it."""
    rows = candidates.video.tolist()
    for row in rows:
        known: set[int] = set()
        for place, video in enumerate(row):
            if video in known:
                row[place] = NOBODY
            known.add(video)
    video = np.array(rows, np.int32).reshape(candidates.video.shape)
    return Candidates(video, candidates.source)
