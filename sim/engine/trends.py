"""Which sounds rise: what creators see when they look for a sound to take up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import VIEWS
from sim.feed.grouping import top_of
from sim.machine.compiled import njit
from sim.world.state import SoundListing, VideoListing

__all__ = ["TREND_INTERVAL_S", "follow_trends"]

TREND_INTERVAL_S = 3_600.0
"""How often the list of trending sounds is made anew (trends rise within hours; assumption)."""
_TRENDING = 30
"""Length of that list (assumption)."""
_KEEP = 0.9717
"""Share of momentum left after an hour: a half-life of one day (S6, S7: days; assumption)."""
_VIEWS_A_USE = 500.0
"""Views that weigh as much as one more video with the sound (assumption)."""


def follow_trends(
    sounds: SoundListing,
    videos: VideoListing,
    counts: NDArray[np.int64],
    seen_views: NDArray[np.int64],
    seen_uses: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Update the momentum of all sounds and return the best, the highest first.

    ``seen_views`` [V] and ``seen_uses`` [S] are what the last look saw; both are brought up to
    date. A sound that came with a video trends when that video is seen a lot.
    """
    plays = np.zeros(sounds.count, np.int64)
    _new_views(videos.sound, videos.count, counts, seen_views, plays)
    _new_momentum(sounds.uses, seen_uses, plays, sounds.count, sounds.momentum)
    members = np.arange(sounds.count, dtype=np.int32)
    return np.asarray(top_of(sounds.momentum, members, _TRENDING))


@njit()
def _new_views(sound, count, counts, seen, plays):
    for v in range(count):
        plays[sound[v]] += counts[v, VIEWS] - seen[v]
        seen[v] = counts[v, VIEWS]


@njit()
def _new_momentum(uses, seen, plays, count, momentum):
    for s in range(count):
        rise = float(uses[s] - seen[s]) + float(plays[s]) / _VIEWS_A_USE
        momentum[s] = np.float32(_KEEP * momentum[s] + rise)
        seen[s] = uses[s]
