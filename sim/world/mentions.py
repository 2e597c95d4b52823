"""Mentions: who has friends on the platform names one of them in some posts (assumption)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.random import stream, uniform
from sim.machine.compiled import njit
from sim.world.state import NOBODY, Friends, VideoListing

__all__ = ["mention_friends"]

_STREAM = 3
"""Streams of posts here, apart from those of messages under the same key."""


def mention_friends(
    k: np.uint64, share: float, videos: VideoListing, new: NDArray[np.int64],
    user: NDArray[np.int32], friends: Friends,
) -> None:  # fmt: skip
    """Let a ``share`` of the ``new`` videos mention a friend of who posted them.

    ``user`` [C] is the user who is each creator, or NOBODY; ``k`` the key of the draws.
    """
    if share > 0.0 and len(friends.start):
        _mention(
            k, share, new, videos.owner, videos.luck, friends.start,
            friends.creator, user, videos.mentions,
        )  # fmt: skip


@njit()
def _mention(
    k: Any, share: float, new: Any, owner: Any, luck: Any, start: Any, creator: Any, user: Any,
    mentions: Any,
) -> None:  # fmt: skip
    base = stream(k, _STREAM)
    for i in range(new.size):
        v = new[i]
        u = owner[v]
        if u == NOBODY:
            continue
        many = start[u + 1] - start[u]
        s = stream(base, np.int64(luck[v]))  # type: ignore[arg-type]
        if many > 0 and uniform(s, 0) < share:
            mentions[v] = user[creator[start[u] + int(uniform(s, 1) * many)]]
