"""Access: who may see a video, answer it and join in, and what is taken down.

Drawn for each post, each on its own: whether it is for everybody, for followers, for friends, or
refused; whether comments and duets are closed; and whether it is taken down, an exponential time
after its upload. What a probe plants is for everybody, open, and stays.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.random import exponential, uniform
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.world.joint import CLOSED_COMMENTS, CLOSED_DUETS
from sim.world.state import NOBODY, World

__all__ = [
    "ANYBODY", "FOLLOWERS", "FRIENDS", "NOT_SHOWN", "AccessParams", "access_params", "apply_access",
]  # fmt: skip

NOT_SHOWN: Final = 0
ANYBODY: Final = 1
FOLLOWERS: Final = 2
FRIENDS: Final = 3
"""Who may be shown a video: values of the column ``eligible``."""
_FIRST = 420
"""Draw numbers of a video's stream from here on are those of its access."""


class AccessParams(NamedTuple):
    """The settings as compiled code takes them."""

    followers_only: float
    friends_only: float
    comments_closed: float
    duets_closed: float
    refused: float
    taken_down: float
    taken_down_after: float


def access_params(scenario: Scenario) -> AccessParams:
    """Those of a scenario."""
    a = scenario.catalogue.access
    return AccessParams(*(float(getattr(a, name)) for name in AccessParams._fields))


def apply_access(
    world: World, first: int, streams: NDArray[np.uint64], params: AccessParams
) -> None:
    """Say it of the videos from number ``first`` on, a stream each."""
    v, t = world.videos, world.video_truth
    _apply(
        params, first, streams, t.probe, v.uploaded_s, v.eligible, v.closed, t.down_s,
        t.comment_trait,
    )  # fmt: skip


@njit()
def _apply(p, first, streams, probe, uploaded_s, eligible, closed, down_s, comment_trait):
    for i in range(streams.size):
        v, s = first + i, streams[i]
        if probe[v] != NOBODY:
            continue
        u = uniform(s, _FIRST)
        if u < p.refused:
            eligible[v] = NOT_SHOWN
        elif u < p.refused + p.followers_only:
            eligible[v] = FOLLOWERS
        elif u < p.refused + p.followers_only + p.friends_only:
            eligible[v] = FRIENDS
        if uniform(s, _FIRST + 1) < p.comments_closed:
            closed[v] |= CLOSED_COMMENTS
            comment_trait[v] = 0.0
        if uniform(s, _FIRST + 2) < p.duets_closed:
            closed[v] |= CLOSED_DUETS
        if uniform(s, _FIRST + 3) < p.taken_down:
            down_s[v] = uploaded_s[v] + p.taken_down_after * exponential(s, _FIRST + 4)
