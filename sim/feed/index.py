"""Retrieval indexes: which videos each source may draw from.

The lists are rebuilt every ``feed.reindex`` seconds, as a search index is; the list of fresh
videos is rebuilt at every refresh. All orders are fixed by counts and ids.

An index is part of the frozen view: the next one is written over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sim.feed.grouping import (
    group_by_tag,
    group_into,
    members_of,
    top_of,
    topic_labels,
    value_labels,
)
from sim.machine.aligned import LINE, aligned_zeros
from sim.world.state import MAX_TAGS

__all__ = ["BUCKETS", "Groups", "Index", "IndexBuilder", "empty_index"]

I32 = NDArray[np.int32]

BUCKETS = 256
"""Levels of predicted value that the interest lists are ordered by."""
_TRENDING_LEAST = 200
_TRENDING_SHARE = 0.02
"""Videos in the trending list: the larger of the two (assumption)."""
_SPARE = 1.25
"""Memory is taken for so many times what is needed, because the catalogue grows."""


class Groups(NamedTuple):
    """Lists of video ids, one a group, in compressed rows."""

    start: I32
    """start [G + 1] first position of each group in ``video``"""
    video: I32
    """video [N]"""


class Index(NamedTuple):
    """Everything that the built-in sources draw from."""

    every: I32
    """every [N] videos that somebody may be shown, by id"""
    live: I32
    """live [N] those of them that ordinary sources may show, by id"""
    topic: Groups
    """by strongest topic of the caption, most valuable first"""
    sound: Groups
    """by sound, most valuable first"""
    tag: Groups
    """by hashtag, most valuable first"""
    creator: Groups
    """by creator, newest first"""
    trending: I32
    """trending [T] videos with the highest momentum, best first"""
    fresh: I32
    """fresh [N] videos in the cold start, by id"""


def empty_index(topics: int) -> Index:
    """An index without videos."""
    nothing = np.empty(0, np.int32)
    group = Groups(np.zeros(1, np.int32), nothing)
    return Index(
        nothing,
        nothing,
        Groups(np.zeros(topics + 1, np.int32), nothing),
        group,
        group,
        group,
        nothing,
        nothing,
    )


class IndexBuilder:
    """Builds one index after the other, in the same memory.

    The long lists lie in one piece of it. Systems put large pieces on large pages, so that a
    processor which reads here and there need not look up page after page; and to ask for a new
    piece each time takes longer than to fill it. Trending and fresh videos are few, and lie apart.
    """

    def __init__(self) -> None:
        self._room = np.zeros(0, np.uint8)
        self._every = np.zeros(0, np.int32)
        self._labels = np.zeros(0, np.int32)
        self._by_value = np.zeros(0, np.int32)

    def build(
        self, count: int, eligible: NDArray[np.int8], open_to_all: NDArray[np.int8], uploaded_s:
        NDArray[np.float64], oldest_s: float, caption: NDArray[np.int8], topics: int, base:
        NDArray[np.float32], momentum: NDArray[np.float32], sound: I32, sounds: int, tags: I32,
        tag_count: int, creator: I32, creators: int, fresh: I32,
    ) -> Index:  # fmt: skip
        """All lists over the first ``count`` videos.

        ``open_to_all`` is 0 for videos that only their test audience and followers may see;
        ``oldest_s`` drops what is too old; ``base`` orders the interest lists.
        """
        if len(self._labels) < count:
            self._labels = np.zeros(int(_SPARE * count), np.int32)
            self._every = np.zeros(int(_SPARE * count), np.int32)
            self._by_value = np.zeros(int(_SPARE * count), np.int32)
        # one list has up to MAX_TAGS places a video, the others one
        live, *lists = self._lists(
            (count, np.int32),
            (topics + 1, np.int32), (count, np.int32),
            (sounds + 2, np.int32), (count, np.int32),
            (creators + 2, np.int32), (count, np.int32),
            (tag_count + 2, np.int32), (MAX_TAGS * count, np.int32),
        )  # fmt: skip
        shown, open_ = members_of(
            count, eligible, open_to_all, uploaded_s, oldest_s, self._every, live
        )
        ordinary, every = live[:open_], self._every[:shown]
        buckets = np.zeros(topics * BUCKETS + 2, np.int32)
        topic_labels(ordinary, caption, topics, base, BUCKETS, self._labels)
        group_into(ordinary, self._labels, False, buckets, lists[1])
        lists[0][:] = buckets[:-1:BUCKETS]
        # who is sorted by value stays so within a group
        value_labels(ordinary, BUCKETS, self._labels)
        by_value, levels = self._by_value[:open_], np.zeros(BUCKETS + 2, np.int32)
        group_into(ordinary, self._labels, False, levels, by_value)
        group_into(by_value, sound, False, *lists[2:4])
        group_into(every, creator, True, *lists[4:6])
        group_by_tag(by_value, tags, *lists[6:8])
        trending = max(_TRENDING_LEAST, int(_TRENDING_SHARE * open_))
        return Index(
            every=every,
            live=ordinary,
            topic=_groups(lists[0], lists[1]),
            sound=_groups(lists[2][:-1], lists[3]),
            creator=_groups(lists[4][:-1], lists[5]),
            tag=_groups(lists[6][:-1], lists[7]),
            trending=top_of(momentum, ordinary, trending),
            fresh=fresh,
        )

    def _lists(self, *shapes: tuple[int, DTypeLike]) -> Iterator[NDArray[Any]]:
        """Arrays of these sizes and types, one after the other, each at the start of a line."""
        sizes = [size * np.dtype(kind).itemsize for size, kind in shapes]
        needed = sum(-(-size // LINE) * LINE for size in sizes)
        if len(self._room) < needed:
            self._room = aligned_zeros(int(_SPARE * needed), np.uint8)
        first = 0
        for size, (_, kind) in zip(sizes, shapes, strict=True):
            yield self._room[first : first + size].view(kind)
            first += -(-size // LINE) * LINE


def _groups(start: I32, video: I32) -> Groups:
    """The groups, without the room behind the last one."""
    return Groups(start, video[: start[-1]])
