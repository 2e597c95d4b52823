"""Whom people follow before the start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.core.random import below, normal, stream, stream2, uniform
from sim.machine.compiled import njit
from sim.world.draw import pick
from sim.world.state import FollowGraph

__all__ = ["alias_table", "draw_follows", "planted_followers"]

_FOLLOW_SPREAD = 0.9
"""sd of ln of the number of creators a user follows; KuaiRand users: median 155, upper quarter
about twice that (F14)."""
_TOPICAL = 0.7
"""Share of follows that are within an own interest (assumption)."""


@njit()
def alias_table(weights):
    """Vose's alias table of non-negative ``weights`` [N]: (threshold [N], alias [N])."""
    n = weights.size
    threshold = np.ones(n, np.float64)
    alias = np.arange(n)
    total = 0.0
    for i in range(n):
        total += weights[i]
    scaled = np.empty(n, np.float64)
    small = np.empty(n, np.int64)
    large = np.empty(n, np.int64)
    smalls = 0
    larges = 0
    for i in range(n):
        scaled[i] = weights[i] * n / total
        if scaled[i] < 1.0:
            small[smalls] = i
            smalls += 1
        else:
            large[larges] = i
            larges += 1
    while smalls > 0 and larges > 0:
        smalls -= 1
        i = small[smalls]
        j = large[larges - 1]
        threshold[i] = scaled[i]
        alias[i] = j
        scaled[j] = (scaled[j] + scaled[i]) - 1.0
        if scaled[j] < 1.0:
            larges -= 1
            small[smalls] = j
            smalls += 1
    return threshold, alias


@njit()
def _count_follows(k, users, mean, limit, counts):
    shift = -0.5 * _FOLLOW_SPREAD * _FOLLOW_SPREAD
    for u in range(users):
        s = stream(k, u)
        wanted = mean * exp(_FOLLOW_SPREAD * normal(s, 0) + shift)
        counts[u] = min(int(wanted + uniform(s, 1)), limit)


@njit()
def _fill_follows(
    k, first, last, interests, topics, start, by_topic, topic_start, threshold, alias, rows, lengths
):  # fmt: skip
    cumulative = np.empty(topics, np.float64)
    for u in range(first, last):
        total = 0.0
        for d in range(topics):
            total += float(interests[u, d]) * float(interests[u, d])
            cumulative[d] = total
        wanted = start[u + 1] - start[u]
        row = rows[start[u] : start[u + 1]]
        have = 0
        attempt = 0
        while have < wanted and attempt < 3 * wanted + 8:
            s = stream2(k, u, attempt)
            attempt += 1
            # the last group holds all creators
            group = topics
            if uniform(s, 0) < _TOPICAL:
                group = pick(cumulative, uniform(s, 1))
            size = topic_start[group + 1] - topic_start[group]
            if size == 0:
                continue
            place = topic_start[group] + below(s, 2, size)
            if uniform(s, 3) >= threshold[place]:
                place = topic_start[group] + alias[place]
            c = by_topic[place]
            known = c == u
            for i in range(have):
                known = known or row[i] == c
            if not known:
                row[have] = c
                have += 1
        lengths[u] = have


@njit()
def _compact(start, lengths, rows, new_start, packed):
    for u in range(lengths.size):
        for i in range(lengths[u]):
            packed[new_start[u] + i] = rows[start[u] + i]


@njit()
def _append(users, accounts, fill, packed):
    for i in range(users.size):
        packed[fill[users[i]]] = accounts[i]
        fill[users[i]] += 1


def draw_follows(
    k: np.uint64, users: int, mean: float, interests: NDArray[np.int8], topics: int,
    creator_topic: NDArray[np.int64], popularity: NDArray[np.float32], popularity_spread: float,
    new: NDArray[np.bool_], later: NDArray[np.bool_],
    planted_user: NDArray[np.int64], planted_creator: NDArray[np.int64],
) -> FollowGraph:  # fmt: skip
    """Follows of all users before the start.

    A user follows a log-normal number of creators with the given ``mean``, mostly within their
    own interests, in proportion to exp(``popularity_spread`` x popularity). The planted
    follows are appended to the rows of ``planted_user``. Who joins ``later`` [U] follows nobody,
    and who is ``new`` [C] then is followed by nobody.
    """
    creators = len(creator_topic)
    weights = np.array([exp(popularity_spread * float(p)) for p in popularity])
    there = ~new
    order = [np.flatnonzero((creator_topic == d) & there) for d in range(topics)]
    order.append(np.flatnonzero(there))
    by_topic = np.concatenate(order)
    topic_start = np.cumsum([0] + [len(o) for o in order])
    threshold = np.empty(len(by_topic))
    alias = np.empty(len(by_topic), np.int64)
    for group, members in enumerate(order):
        if len(members):
            place = slice(topic_start[group], topic_start[group + 1])
            threshold[place], alias[place] = alias_table(weights[members])
    counts = np.empty(users, np.int64)
    _count_follows(k, users, mean, max(creators // 2, 1), counts)
    counts[later] = 0
    start = np.concatenate([[0], np.cumsum(counts)])
    rows = np.empty(start[-1], np.int32)
    lengths = np.zeros(users, np.int64)
    _fill_follows(
        k, 0, users, interests, topics, start, by_topic, topic_start, threshold, alias, rows,
        lengths,
    )  # fmt: skip
    extra = np.bincount(planted_user, minlength=users)
    new_start = np.concatenate([[0], np.cumsum(lengths + extra)])
    packed = np.empty(new_start[-1], np.int32)
    _compact(start, lengths, rows, new_start, packed)
    _append(planted_user, planted_creator, new_start[:-1] + lengths, packed)
    return FollowGraph.of({"start": new_start, "creator": packed})


def planted_followers(k: np.uint64, account: int, count: int, users: int) -> NDArray[np.int64]:
    """``count`` different users who follow a planted ``account``, in increasing order."""
    s = stream(k, account)
    invert = count > users // 2
    wanted = users - count if invert else count
    chosen: set[int] = set()
    number = 0
    while len(chosen) < wanted:
        chosen.add(below(s, number, users))
        number += 1
    if invert:
        keep = np.ones(users, bool)
        keep[list(chosen)] = False
        return np.flatnonzero(keep)
    return np.array(sorted(chosen), np.int64)
