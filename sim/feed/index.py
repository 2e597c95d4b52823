"""Retrieval indexes: which videos each source may draw from.

The lists are rebuilt every ``feed.reindex`` seconds, as a search index is; the list of fresh
videos is rebuilt at every refresh. All orders are fixed by counts and ids.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.aligned import together
from sim.core.compiled import njit
from sim.world.state import MAX_TAGS

__all__ = ["BUCKETS", "Groups", "Index", "build_index", "empty_index", "group_by", "top_of"]

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

BUCKETS = 256
"""Levels of predicted value that the interest lists are ordered by."""
_TRENDING_LEAST = 200
_TRENDING_SHARE = 0.02
"""Videos in the trending list: the larger of the two (assumption)."""


class Groups(NamedTuple):
    """Lists of video ids, one a group, in compressed rows."""

    start: I64
    """start [G + 1] first position of each group in ``video``"""
    video: I32
    """video [N]"""


class Index(NamedTuple):
    """Everything that the built-in sources draw from."""

    live: I32
    """live [N] videos that ordinary sources may show, by id"""
    topic: Groups
    """by strongest topic of the caption, most valuable first"""
    sound: Groups
    """by sound, oldest first"""
    tag: Groups
    """by hashtag, oldest first"""
    creator: Groups
    """by creator, newest first"""
    trending: I32
    """trending [T] videos with the highest momentum, best first"""
    fresh: I32
    """fresh [N] videos in the cold start, by id"""


def empty_index(topics: int) -> Index:
    """An index without videos."""
    nothing = np.empty(0, np.int32)
    group = Groups(np.zeros(1, np.int64), nothing)
    return Index(
        nothing,
        Groups(np.zeros(topics + 1, np.int64), nothing),
        group,
        group,
        group,
        nothing,
        nothing,
    )


@njit()
def group_by(labels, members, groups, reverse):
    """Counting sort of ``members`` by ``labels[member]``; labels below 0 are left out."""
    start = np.zeros(groups + 1, np.int64)
    for i in range(members.size):
        if labels[i] >= 0:
            start[labels[i] + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    fill = start[:-1].copy()
    out = np.empty(start[groups], np.int32)
    for n in range(members.size):
        i = members.size - 1 - n if reverse else n
        if labels[i] >= 0:
            out[fill[labels[i]]] = members[i]
            fill[labels[i]] += 1
    return start, out


@njit()
def top_of(values, members, count):
    """The ``count`` members with the highest ``values[member]`` above 0, best first; ties by id.

    One pass into buckets of falling value finds the candidates; only those are sorted.
    """
    highest = np.float32(0.0)
    for i in range(members.size):
        highest = max(highest, values[members[i]])
    if highest <= 0.0 or count < 1:
        return np.empty(0, np.int32)
    buckets = 1024
    sizes = np.zeros(buckets, np.int64)
    scale = float(buckets) / float(highest)
    for i in range(members.size):
        value = values[members[i]]
        if value > 0.0:
            sizes[buckets - 1 - min(int(value * scale), buckets - 1)] += 1
    limit = 0
    total = 0
    while limit < buckets and total < count:
        total += sizes[limit]
        limit += 1
    chosen = np.empty(total, np.int32)
    keys = np.empty(total, np.float64)
    n = 0
    for i in range(members.size):
        value = values[members[i]]
        if value > 0.0 and buckets - 1 - min(int(value * scale), buckets - 1) < limit:
            chosen[n] = members[i]
            keys[n] = -float(value)
            n += 1
    order = np.argsort(keys, kind="mergesort")
    return chosen[order[: min(count, n)]]


@njit()
def _members(count, eligible, open_to_all, uploaded, oldest):
    """(videos that any source may show, those of them open to ordinary sources)."""
    every = np.empty(count, np.int32)
    ordinary = np.empty(count, np.int32)
    n = 0
    m = 0
    for v in range(count):
        if eligible[v] == 1 and uploaded[v] >= oldest:
            every[n] = v
            n += 1
            if open_to_all[v] == 1:
                ordinary[m] = v
                m += 1
    return every[:n].copy(), ordinary[:m].copy()


@njit()
def _topic_labels(members, caption, topics, base):
    """Label topic x bucket of each member: buckets run from the best base score to the worst."""
    labels = np.empty(members.size, np.int64)
    if members.size == 0:
        return labels
    low = base[members[0]]
    high = low
    for i in range(members.size):
        low = min(low, base[members[i]])
        high = max(high, base[members[i]])
    scale = (BUCKETS - 1) / (float(high) - float(low)) if high > low else 0.0
    for i in range(members.size):
        v = members[i]
        best = 0
        for d in range(1, topics):
            if caption[v, d] > caption[v, best]:
                best = d
        labels[i] = best * BUCKETS + int((float(high) - float(base[v])) * scale)
    return labels


@njit()
def _labels_of(members, column):
    labels = np.empty(members.size, np.int64)
    for i in range(members.size):
        labels[i] = column[members[i]]
    return labels


@njit()
def _tag_pairs(members, tags):
    """All (video, hashtag) pairs, by video."""
    videos = np.empty(members.size * MAX_TAGS, np.int32)
    labels = np.empty(members.size * MAX_TAGS, np.int64)
    n = 0
    for i in range(members.size):
        for j in range(MAX_TAGS):
            tag = tags[members[i], j]
            if tag >= 0:
                videos[n] = members[i]
                labels[n] = tag
                n += 1
    return videos[:n].copy(), labels[:n].copy()


def build_index(
    count: int, eligible: NDArray[np.int8], open_to_all: NDArray[np.int8], uploaded_s:
    NDArray[np.float64], oldest_s: float, caption: NDArray[np.int8], topics: int, base:
    NDArray[np.float32], momentum: NDArray[np.float32], sound: I32, sounds: int, tags: I32,
    tag_count: int, creator: I32, creators: int, fresh: I32,
) -> Index:  # fmt: skip
    """All lists over the first ``count`` videos.

    ``open_to_all`` is 0 for videos that only their test audience and followers may see;
    ``oldest_s`` drops what is too old; ``base`` orders the interest lists.
    """
    every, ordinary = _members(count, eligible, open_to_all, uploaded_s, oldest_s)
    buckets, by_topic = group_by(
        _topic_labels(ordinary, caption, topics, base), ordinary, topics * BUCKETS, False
    )
    tagged, labels = _tag_pairs(ordinary, tags)
    trending = max(_TRENDING_LEAST, int(_TRENDING_SHARE * len(ordinary)))
    live, *lists = together([
        ordinary,
        buckets[::BUCKETS], by_topic,
        *group_by(_labels_of(ordinary, sound), ordinary, sounds, False),
        *group_by(labels, tagged, tag_count, False),
        *group_by(_labels_of(every, creator), every, creators, True),
    ])  # fmt: skip
    of_topics, of_sounds, of_tags, of_creators = (Groups(*lists[i : i + 2]) for i in range(0, 8, 2))
    return Index(
        live=live, topic=of_topics, sound=of_sounds, tag=of_tags, creator=of_creators,
        trending=top_of(momentum, ordinary, trending), fresh=fresh,
    )  # fmt: skip
