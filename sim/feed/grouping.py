"""The passes over all videos of which an index is made: members, labels, counting sorts, the best.

They write into memory that is handed in, because fresh memory takes longer to get than to fill.
"""

from __future__ import annotations

import numpy as np

from sim.machine.borrow import ROWS_AHEAD, prefetch
from sim.machine.compiled import njit
from sim.world.state import MAX_TAGS

__all__ = ["group_by_tag", "group_into", "members_of", "top_of", "topic_labels", "value_labels"]


@njit()
def members_of(count, eligible, open_to_all, uploaded, oldest, every, ordinary):
    """List the videos that anybody may be shown, and those of them open to ordinary sources.

    ``every`` and ``ordinary`` have room for ``count`` videos; returns how many each has.
    """
    n, m = 0, 0
    for v in range(count):
        every[n] = v
        ordinary[m] = v
        listed = (eligible[v] != 0) & (uploaded[v] >= oldest)
        n += 1 if listed else 0
        m += 1 if listed & (open_to_all[v] == 1) & (eligible[v] == 1) else 0
    return n, m


@njit()
def topic_labels(members, caption, topics, base, buckets, labels):
    """Label each member with topic x bucket, in ``labels`` [V].

    The topic is the strongest of the caption, the first of equal ones; buckets run from the best
    base score to the worst.
    """
    if members.size == 0:
        return
    low = base[members[0]]
    high = low
    for i in range(members.size):
        low = min(low, base[members[i]])
        high = max(high, base[members[i]])
    scale = (buckets - 1) / (float(high) - float(low)) if high > low else 0.0
    for i in range(members.size):
        v = members[i]
        # one number for weight and place, so that the greatest is found in vector registers
        best = np.int32(-(2**31))
        for d in range(topics):
            best = max(best, np.int32((np.int32(caption[v, d]) << 16) | (0xFFFF - d)))
        topic = np.int32(0xFFFF) - (best & np.int32(0xFFFF))
        labels[v] = topic * buckets + int((float(high) - float(base[v])) * scale)


@njit()
def value_labels(members, buckets, labels):
    """Leave of what :func:`topic_labels` wrote the bucket: the best are 0, whatever their topic."""
    for i in range(members.size):
        labels[members[i]] %= buckets


@njit(forceinline=True)
def _add_up(start):
    """Counts from place 2 on become the first places of groups from place 1 on."""
    for g in range(2, start.size):
        start[g] += start[g - 1]


@njit()
def group_into(members, labels, reverse, start, out):
    """Counting sort of ``members`` by ``labels[member]``; labels below 0 are left out.

    ``start`` [G + 2] gets the first place of each of G groups in ``out``, and the end of the last;
    the place behind is working memory. Within a group members keep their order, or reverse it.
    """
    start[:] = 0
    for i in range(members.size):
        if i + ROWS_AHEAD < members.size:
            prefetch(labels, members[i + ROWS_AHEAD])
        label = labels[members[i]]
        if label >= 0:
            start[label + 2] += 1
    _add_up(start)
    for n in range(members.size):
        v = members[members.size - 1 - n if reverse else n]
        label = labels[v]
        if label >= 0:
            out[start[label + 1]] = v
            start[label + 1] += 1


@njit()
def group_by_tag(members, tags, start, out):
    """As :func:`group_into`, by each of the hashtags of row ``v`` of ``tags`` [V, MAX_TAGS].

    ``out`` has MAX_TAGS places a member. Unused places of ``tags`` are -1; which ones cannot be
    foreseen, so they are sorted too, into places that nobody reads.
    """
    start[:] = 0
    for i in range(members.size):
        if i + ROWS_AHEAD < members.size:
            prefetch(tags, members[i + ROWS_AHEAD])
        for j in range(MAX_TAGS):
            start[tags[members[i], j] + 2] += 1
    start[1] = 0  # where the unused ones were counted
    _add_up(start)
    last = out.size - 1  # free when there are unused ones
    for i in range(members.size):
        if i + ROWS_AHEAD < members.size:
            prefetch(tags, members[i + ROWS_AHEAD])
        v = members[i]
        for j in range(MAX_TAGS):
            tag = tags[v, j]
            place = start[tag + 1] if tag >= 0 else last
            out[place] = v
            start[tag + 1] = place + 1
    start[0] = 0


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
