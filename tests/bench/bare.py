"""The practical limit: the memory accesses and draws of an impression, and nothing else.

A request reads, for each candidate, an index entry, a card of 64 bytes, a caption of 16 floats and
one place of the user's table of shown videos, takes the product of caption and profile, and picks
the ten best. An impression reads and writes the rows that the engine reads and writes and makes
as many keyed draws; no formula turns the draws into behaviour. Nothing is filtered, spaced apart
or checked for duplicates. Like the engine it works through users in order and asks for memory
ahead of time.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.borrow import borrow, dot, prefetch
from sim.core.compiled import njit
from sim.core.maths import bits_of32
from sim.core.random import below, mix, stream2, uniform

__all__ = ["bare_kernel"]

_AHEAD = 4
_SHORT_LIST = 2_000
"""Trending and fresh videos: a short list that many requests draw from."""
_DRAWS = 12
"""Draws of an impression: taste, watch, seven actions, pause, leave, and the stream itself."""


class _World(NamedTuple):
    card: NDArray[np.float32]
    """card [V, 16]: 64 bytes"""
    caption: NDArray[np.float32]
    topics: NDArray[np.float32]
    video_counts: NDArray[np.int64]
    """video_counts [V, 13]"""
    listing: NDArray[np.int32]
    """listing [V] an index: ids in another order"""
    profile: NDArray[np.float32]
    interests: NDArray[np.float32]
    slot_id: NDArray[np.int32]
    """slot_id [U, 24]"""
    slot_weight: NDArray[np.float32]
    user: NDArray[np.int64]
    """user [U, 12]: 96 bytes"""
    user_counts: NDArray[np.int32]
    """user_counts [U, 13]"""
    follows: NDArray[np.int32]
    """follows [U, 25]"""
    slate: NDArray[np.int32]
    """slate [U, P]"""
    shown: NDArray[np.int32]
    """shown [U, N]: N a power of 2"""


def _world(users: int, videos: int, slate: int, shown: int) -> _World:
    random = np.random.default_rng(1)

    def floats(rows: int, columns: int = 16) -> NDArray[np.float32]:
        return random.random((rows, columns), np.float32)

    return _World(
        floats(videos), floats(videos), floats(videos), np.zeros((videos, 13), np.int64),
        random.permutation(videos).astype(np.int32), floats(users), floats(users),
        np.zeros((users, 24), np.int32), np.zeros((users, 24), np.float32),
        np.zeros((users, 12), np.int64), np.zeros((users, 13), np.int32),
        np.zeros((users, 25), np.int32), np.zeros((users, slate), np.int32),
        np.full((users, shown), -1, np.int32),
    )  # fmt: skip


@njit(forceinline=True)
def _place(v, mask):
    return ((np.uint64(v) * np.uint64(2654435761)) >> np.uint64(16)) & mask


@njit()
def _play(key, who, played, world, candidates, slate, keys, ids):
    """A request and ``played[i]`` impressions for each user of ``who``; returns the impressions."""
    card, caption, topics = borrow(world.card), borrow(world.caption), borrow(world.topics)
    video_counts, listing = borrow(world.video_counts), borrow(world.listing)
    profile, interests = borrow(world.profile), borrow(world.interests)
    slot_id, slot_weight = borrow(world.slot_id), borrow(world.slot_weight)
    user, user_counts, follows = (
        borrow(world.user), borrow(world.user_counts), borrow(world.follows)
    )  # fmt: skip
    rows, shown = borrow(world.slate), borrow(world.shown)
    keys, ids, who, played = borrow(keys), borrow(ids), borrow(who), borrow(played)
    videos = listing.size
    mask = np.uint64(shown.shape[1] - 1)
    shown_places = shown.reshape(-1)
    total = np.uint64(0)
    done = 0
    for i in range(who.size):
        if i + _AHEAD < who.size:
            soon = who[i + _AHEAD]
            prefetch(user, soon)
            prefetch(profile, soon)
            prefetch(interests, soon)
            prefetch(slot_id, soon)
            prefetch(slot_weight, soon)
            prefetch(user_counts, soon)
            prefetch(follows, soon)
            prefetch(rows, soon)
        u = who[i]
        r = stream2(key, u, user[u, 0])
        user[u, 0] += 1
        first = u * shown.shape[1]
        # two fifths from the best of an index, a quarter from a short list, the rest anywhere
        for k in range(candidates):
            kind = k % 20
            if kind < 8:
                x = uniform(r, k)
                v = listing[np.int64(x * x * videos)]
            elif kind < 13:
                v = listing[below(r, k, min(_SHORT_LIST, videos))]
            else:
                v = listing[below(r, k, videos)]
            ids[k] = v
            prefetch(card, v)
            prefetch(caption, v)
            prefetch(shown_places, first + np.int64(_place(v, mask)))
        for k in range(candidates):
            v = ids[k]
            met = np.float32(0.5) if shown[u, _place(v, mask)] == v else np.float32(1.0)
            score = (card[v, 0] + dot(profile, u, caption, v) * card[v, 9]) * met
            keys[k] = (np.int64(bits_of32(score)) << np.int64(16)) | k
        for j in range(slate):
            best = np.int64(-1)
            for k in range(candidates):
                best = max(best, keys[k])
            k = best & np.int64(0xFFFF)
            keys[k] = -1
            rows[u, j] = ids[k]
        for j in range(played[i]):
            v = rows[u, j]
            if j + 1 < slate:
                after = rows[u, j + 1]
                prefetch(topics, after)
                prefetch(video_counts, after)
            s = stream2(key, u, np.int64(v))
            x = 0.0
            for n in range(_DRAWS):
                x += uniform(s, n)
            x += dot(interests, u, topics, v) + card[v, 5]
            known = np.int64(0)
            for f in range(follows.shape[1]):
                known += 1 if follows[u, f] == v else 0
            if x > 0.55 * _DRAWS:  # a signal: about two in five
                for d in range(profile.shape[1]):
                    profile[u, d] += np.float32(0.01) * (caption[v, d] - profile[u, d])
                for d in range(slot_id.shape[1]):
                    slot_weight[u, d] *= np.float32(0.97)
                slot_id[u, v & 15] = v
            shown[u, _place(v, mask)] = v
            watch = np.int64(x * 1000.0)
            for f in range(4):
                video_counts[v, f] += watch
                user_counts[u, f] += 1
            user[u, 1] += watch + known
            total += mix(s + np.uint64(watch))
            done += 1
    user[0, 11] += np.int64(total & np.uint64(1))
    return done


def bare_kernel(
    users: int, videos: int, active: int, per_request: float, shown: int,
    candidates: int = 200, slate: int = 10, least_s: float = 1.0,
) -> float:  # fmt: skip
    """Impressions a CPU second of one thread.

    ``active`` users, spread over all, make one request each round, and play ``per_request`` of
    its videos on average. ``shown`` is the size of their tables, in places.
    """
    world = _world(users, videos, slate, shown)
    who = np.linspace(0, users - 1, min(active, users)).astype(np.int64)
    upto = np.floor(np.arange(len(who) + 1) * min(per_request, slate)).astype(np.int64)
    played = np.diff(upto)
    keys, ids = np.empty(candidates, np.int64), np.empty(candidates, np.int32)
    key = np.uint64(7)
    _play(key, who, played, world, candidates, slate, keys, ids)
    speeds = []
    while len(speeds) < 3 or sum(s for _, s in speeds) < least_s:
        began = time.process_time()
        done = _play(key, who, played, world, candidates, slate, keys, ids)
        speeds.append((done, time.process_time() - began))
    return statistics.median(n / s for n, s in speeds)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"per_cpu_s": bare_kernel(**json.loads(sys.argv[1]))}) + "\n")
