"""How each source draws its candidates: the twin of ``sim.feed.retrieve``.

A source gets its luck, which is a run of draws that no other source uses, and returns up to
``count`` videos.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.random import draw32, uniform
from sim.feed.belief import COUNT_BITS, EXPLORE
from sim.feed.index import Groups
from sim.feed.retrieve import DRAWS, LONG

__all__ = [
    "Luck",
    "by_profile",
    "by_slots",
    "first_of",
    "members_of",
    "newest_of_follows",
    "of_follows",
    "of_list",
    "search_weights",
    "shared_out",
]  # fmt: skip

I32 = NDArray[np.int32]
F32 = NDArray[np.float32]


class Luck(NamedTuple):
    """The draws that belong to one source in one request."""

    stream: np.uint64
    """keyed draws of the request"""
    code: int
    """position of the source in SOURCE_NAMES"""

    def uniform(self, n: int) -> float:
        """Draw ``n``, strictly between 0 and 1."""
        return uniform(self.stream, self.code * DRAWS + n)

    def any_of(self, n: int, size: int) -> int:
        """Draw ``n`` as a place in a list: each with the same probability."""
        return (int(draw32(self.stream, self.code * DRAWS + n)) * size) >> 32

    def early_in(self, n: int, size: int) -> int:
        """Draw ``n`` as a place in a list, likelier near its head: a square times the size."""
        x = (int(draw32(self.stream, self.code * DRAWS + n)) + 0.5) / 2**32
        return int(x * x * size)


def members_of(groups: Groups, number: int) -> I32:
    """The videos of one group; none of a group that the index does not know."""
    if not 0 <= number < len(groups.start) - 1:
        return groups.video[:0]
    return groups.video[groups.start[number] : groups.start[number + 1]]


def shared_out(weights: Iterable[np.float32], count: int, jitter: float) -> list[int]:
    """Which of the weights gets each of ``count`` places, in proportion: systematic sampling.

    Even steps, begun at ``jitter`` in [0, 1), over the running sum of the weights; so each gets its
    share of ``count`` rounded up or down. Sums and shares are float32.
    """
    weights = list(weights)
    total = np.float32(0.0)
    for weight in weights:
        total += weight
    places: list[int] = []
    passed = np.float32(0.0)
    for number, weight in enumerate(weights):
        passed += weight
        upto = min(int(float(passed / total) * count + jitter), count)
        places += [number] * (upto - len(places))
    return places


def search_weights(profile: F32, doubt: F32) -> list[np.float32]:
    """How much each topic is looked for, given the means and variances [D] of what it adds."""
    hoped = np.maximum(profile + EXPLORE * np.sqrt(doubt), np.float32(0.0))
    return list(hoped * hoped + np.float32(1e-6))


def by_profile(profile: Sequence[np.float32], topic: Groups, count: int, luck: Luck) -> list[int]:
    """Videos of topics in proportion to ``profile`` [D]; in a topic, likelier the more valuable."""
    if len(topic.video) == 0:
        return []
    topics = shared_out(profile, count, luck.uniform(0))
    found = []
    for i, number in enumerate(topics):
        best_first = members_of(topic, number)
        if len(best_first) > 0:
            found.append(int(best_first[luck.early_in(1 + i, len(best_first))]))
    return found


def by_slots(ids: I32, words: I32, groups: Groups, count: int, luck: Luck) -> list[int]:
    """Videos with one of the ``ids`` [SLOTS], in proportion to positive means in ``words`` [SLOTS].

    And to the number of their videos, up to LONG. Of one thing, likelier the more valuable.
    """
    liked = [
        np.float32(max(word >> COUNT_BITS, 0)) * np.float32(min(len(members_of(groups, n)), LONG))
        for n, word in zip(ids.tolist(), words.tolist(), strict=True)
    ]
    if not any(liked) or len(groups.video) == 0:
        return []
    found = []
    for i, slot in enumerate(shared_out(liked, count, luck.uniform(0))):
        videos = members_of(groups, int(ids[slot]))
        if len(videos) > 0:
            found.append(int(videos[luck.early_in(1 + i, len(videos))]))
    return found


def of_follows(follows: I32, creator: Groups, count: int, luck: Luck) -> list[int]:
    """Videos of creators who are followed, each as likely; of one creator, likelier the newer."""
    if len(follows) == 0 or len(creator.video) == 0:
        return []
    found = []
    for i in range(count):
        newest_first = members_of(creator, int(follows[luck.any_of(i, len(follows))]))
        if len(newest_first) > 0:
            x = luck.uniform(count + i)
            found.append(int(newest_first[int(x * x * len(newest_first))]))
    return found


def of_list(videos: I32, count: int, luck: Luck) -> list[int]:
    """Any videos of a list, each with the same probability, and again with the same."""
    if len(videos) == 0:
        return []
    return [int(videos[luck.any_of(i, len(videos))]) for i in range(count)]


# ---- pages ----------------------------------------------------------------------------------


def newest_of_follows(follows: I32, creator: Groups, count: int) -> list[int]:
    """The newest of each followed creator, in the order of following; then the second newest..."""
    lists = [members_of(creator, number).tolist() for number in follows.tolist()]
    deepest = max((len(videos) for videos in lists), default=0)
    found = [videos[depth] for depth in range(deepest) for videos in lists if depth < len(videos)]
    return found[:count]


def first_of(number: int, groups: Groups, count: int) -> list[int]:
    """The first videos of one group, in its order."""
    found: list[int] = members_of(groups, number)[:count].tolist()
    return found
