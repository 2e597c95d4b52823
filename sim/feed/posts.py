"""Own posts: what people post says what they like.

A post counts as a weak signal about its topics, as if its author had watched it and liked it a
little (``feed.learning.posts``). Both engines learn of posts when they are published, and of those
of the time before the start at the start.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.feed.belief import learn_post
from sim.machine.compiled import njit

__all__ = ["learn_of_posts"]


@njit()
def learn_of_posts(
    profile: Any, doubt: Any, owner: Any, caption: Any, videos: Any, signal: float, noise: Any,
    drift: Any,
) -> None:  # fmt: skip
    """Let the posts ``videos`` [N] say something about their owners, in this order.

    ``profile`` and ``doubt`` [U, D] are those of Beliefs, ``owner`` [V] the user of each video or
    NOBODY, ``caption`` [V, D] its topics; ``noise`` and ``drift`` are variances.
    """
    for i in range(videos.size):
        v = np.uint64(videos[i])
        if owner[v] >= 0:
            learn_post(profile, doubt, np.uint64(owner[v]), caption, v, signal, noise, drift)
