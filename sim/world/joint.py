"""Joint posts: a duet plays beside another video, a stitch begins with a part of one.

A share ``duets`` of posts and a share ``stitches`` take a parent among the videos that are seen
most just now: one of the same strongest topic, likelier the better known, not their own, and not
one whose creator has closed duets. Where there is none the post is an ordinary one. A joint post is
about what its parent is about, has its hashtags and its sound, and a part of its quality: the
correlation is INHERITED. The parent gains, because people who see the post open it. Shares and
sizes are assumptions.
"""

from __future__ import annotations

import numpy as np

from sim.core.random import uniform
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = ["CLOSED_COMMENTS", "CLOSED_DUETS", "DUET", "INHERITED", "STITCH", "choose_parent",
           "inherited"]  # fmt: skip

DUET, STITCH = 1, 2
"""Codes of a joint post; 0 is any other."""
CLOSED_COMMENTS, CLOSED_DUETS = 1, 2
"""Bits of what a creator has closed."""
INHERITED = 0.4
_FIRST = 400
"""Draw numbers of a video's stream from here on are those of its parent."""
_TRIES = 8
"""Videos that a creator looks at before posting something else."""


@njit()
def choose_parent(s, duets, stitches, popular, topic, main_topics, creators, creator, closed):
    """(kind, parent) of a post, or (0, NOBODY); ``s`` is the stream of the video."""
    u = uniform(s, _FIRST)
    if u >= duets + stitches or popular.size == 0:
        return 0, NOBODY
    for i in range(_TRIES):
        x = uniform(s, _FIRST + 1 + i)
        v = np.int64(popular[int(x * x * popular.size)])
        if main_topics[v] == topic and creators[v] != creator and closed[v] & CLOSED_DUETS == 0:
            return DUET if u < duets else STITCH, v
    return 0, NOBODY


@njit()
def inherited(quality, of_parent):
    """Quality of a joint post, from what it would be alone and that of the parent, sd."""
    return INHERITED * of_parent + np.sqrt(1.0 - INHERITED * INHERITED) * quality
