"""Whom people follow before the start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.core.random import below, exponential, normal, stream, stream2, uniform
from sim.machine.compiled import njit
from sim.world.draw import pick
from sim.world.state import FollowGraph

__all__ = [
    "alias_table", "draw_follows", "planted_followers", "pull_of_topics", "with_followers",
]  # fmt: skip

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
) -> FollowGraph:  # fmt: skip
    """Follows of all users before the start.

    A user follows a log-normal number of creators with the given ``mean``, mostly within their
    own interests, in proportion to exp(``popularity_spread`` x popularity). Who joins ``later`` [U]
    follows nobody, and who is ``new`` [C] then is followed by nobody.
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
    new_start = np.concatenate([[0], np.cumsum(lengths)])
    packed = np.empty(new_start[-1], np.int32)
    _compact(start, lengths, rows, new_start, packed)
    return FollowGraph.of({"start": new_start, "creator": packed})


def pull_of_topics(
    creator_topic: NDArray[np.int64], popularity: NDArray[np.float32], popularity_spread: float,
    topics: int,
) -> NDArray[np.float64]:  # fmt: skip
    """pull [D + 1] summed weight of all creators of each topic, and of all."""
    weights = np.array([exp(popularity_spread * float(p)) for p in popularity])
    return np.append(np.bincount(creator_topic, weights, topics), weights.sum())


def planted_followers(
    k: np.uint64, wanted: list[int], identity: NDArray[np.int64], topic: NDArray[np.int64],
    follows: FollowGraph, interests: NDArray[np.int8], pull: NDArray[np.float64],
    later: NDArray[np.bool_],
) -> list[NDArray[np.int64]]:  # fmt: skip
    """Followers of planted accounts [P]: ``wanted`` different users each, in increasing order.

    Drawn as the followers of any creator of that ``topic``: who follows many creators, and whose
    interests are those of the account, is as much likelier as with others. Of two accounts with the
    same ``identity`` and topic the one with fewer followers has some of those of the other. Who
    joins ``later`` [U] comes last.
    """
    squares = interests.astype(np.float64) ** 2
    likes = squares / squares.sum(axis=1, keepdims=True)
    # whoever follows nobody may be asked for as well, when there are not enough others
    habit = np.where(later, 1e-9, np.diff(follows.start) + 1e-3)
    luck = np.empty(len(interests))
    found = []
    for count, who, d in zip(wanted, identity.tolist(), topic.tolist(), strict=True):
        if count == 0:
            found.append(np.empty(0, np.int64))
            continue
        topical = _TOPICAL * likes[:, d] / pull[d] if pull[d] > 0.0 else 0.0
        _exponentials(k, who, luck)
        order = luck / (habit * (topical + (1.0 - _TOPICAL) / pull[-1]))
        found.append(np.sort(np.argsort(order, kind="stable")[:count]))
    return found


@njit()
def _exponentials(k, account, out):
    s = stream(k, account)
    for u in range(out.size):
        out[u] = exponential(s, u)


def with_followers(
    follows: FollowGraph, followers: list[NDArray[np.int64]], first: int
) -> FollowGraph:
    """The graph in which also the accounts from ``first`` on are followed, after all others."""
    users = np.concatenate(followers)
    accounts = np.repeat(np.arange(first, first + len(followers)), [len(f) for f in followers])
    lengths = np.diff(follows.start)
    start = np.concatenate([[0], np.cumsum(lengths + np.bincount(users, minlength=len(lengths)))])
    packed = np.empty(start[-1], np.int32)
    _compact(follows.start, lengths, follows.creator, start, packed)
    _append(users, accounts, start[:-1] + lengths, packed)
    return FollowGraph.of({"start": start, "creator": packed})
