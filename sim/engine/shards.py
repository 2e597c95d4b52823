"""Users' state and sets, split into parts: a thread that has played one takes the next."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import PACKED
from sim.engine.estimate import SEEN_BYTES
from sim.engine.layout import SLOT
from sim.engine.memory import (
    BLOCK,
    Arena,
    add_follow,
    grown_arena,
    has_blocked,
    has_seen,
    new_arena,
    new_users,
    room_for_one,
)
from sim.machine.aligned import aligned_zeros
from sim.machine.compiled import njit
from sim.machine.keep import Arrays, Kept
from sim.world.state import World

__all__ = ["Memory", "parts_of"]

_PARTS = 16
"""Parts a thread: what the fastest waits in the end is a part of the slowest at most."""
_PART_LEAST = 8_000
"""Users of a part, at least, when threads have several: fewer cost more than the waiting."""

_ARENA_LEAST = 1 << 16
_ARENA_MOST = 1 << 33
"""Places of an arena at the start: at least, and at most however long the run is."""


def parts_of(users: int, shards: int) -> int:
    """How many parts ``users`` are split into for so many threads; none is empty.

    One thread needs no parts. Several have more than one each, because their cores need not be
    equally fast, nor free.
    """
    if shards == 1:
        return 1
    return min(max(shards, min(_PARTS * shards, users // _PART_LEAST)), users)


class Memory(Kept):
    """Users' state and sets; also what the feed may ask of them.

    Room is kept for as many ``impressions`` as are expected; the system hands out its pages as
    they are used. More make the arenas grow, which copies them.
    """

    KEPT = ("next_s", "slates", "counts")

    def __init__(self, world: World, slate: int, parts: int, impressions: float) -> None:
        self.users = new_users(world)
        self.next_s = np.zeros(world.users)
        """next_s [U] time of the next thing each user does, s"""
        self.slates = aligned_zeros((world.users, slate), SLOT)
        """slates [U, P] SLOT"""
        self.counts = aligned_zeros((world.users, PACKED), np.int32)
        self.graph, self.starts = world.follows.creator, world.follows.start
        bounds = np.linspace(0, world.users, parts + 1).astype(np.int64)
        self.ranges = [(int(a), int(b)) for a, b in pairwise(bounds)]
        """first and last user, not included, of each part"""
        places = min(int(impressions / parts * SEEN_BYTES / 4), _ARENA_MOST)
        self.arenas = [_room_for(max(places, _ARENA_LEAST)) for _ in range(parts)]
        """arena of each part"""

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """All of it, the sets of one user behind those of the other, however they are split."""
        yield from super().put_down()
        yield "users", self.users
        yield "sets", self._sets()

    def _sets(self) -> NDArray[np.int32]:
        """Each user's videos, then follows, as they lie in the arenas."""
        sets = np.empty(int(_places(self.users).sum()), np.int32)
        written = 0
        for (first, last), arena in zip(self.ranges, self.arenas, strict=True):
            written = _copy_out(self.users, first, last, arena.data, sets, written)
        return sets

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down; the sets are laid into these parts one after the other."""
        users, sets, new = kept["users"], kept["sets"], self.users.copy()
        self.users[:] = users
        self.next_s[:] = kept["next_s"]
        self.counts[:] = kept["counts"]
        self._take_up_slates(kept["slates"])
        ends = np.concatenate([[0], np.cumsum(_places(users))])
        for part, (first, last) in enumerate(self.ranges):
            mine = sets[ends[first] : ends[last]]
            while len(self.arenas[part].data) < len(mine) + BLOCK:
                self.grow(part)
            arena = self.arenas[part]
            arena.data[: len(mine)] = mine
            arena.used[0], arena.free[:] = len(mine), -1
            _lay_in(self.users, first, last)
        # who has followed nobody since still has the list of the start
        of_start = self.users["follow_size"] == 0
        for name in ("follow_start", "follow_count"):
            self.users[name][of_start] = new[name][of_start]

    def follow_new(self, first_account: int) -> None:
        """Let people follow the accounts from ``first_account`` on that the graph says they do.

        Those were planted in a world that had been played already.
        """
        for part, (first, last) in enumerate(self.ranges):
            while True:
                arena = self.arenas[part]
                if _follow_new(arena, self.graph, self.starts, self.users, first, last,
                               first_account):  # fmt: skip
                    break
                self.grow(part)

    def _take_up_slates(self, slates: NDArray[Any]) -> None:
        """The places of the slates, of which a feed with shorter ones has the first."""
        places = self.slates.shape[1]
        common = min(places, slates.shape[1])
        self.slates[:, :common] = slates[:, :common]
        for name in ("length", "place"):
            self.users[name] = np.minimum(self.users[name], places)

    def _arena(self, user: int) -> Arena:
        for (first, last), arena in zip(self.ranges, self.arenas, strict=True):
            if first <= user < last:
                return arena
        raise IndexError(user)

    def contains(self, users: NDArray[np.int32], videos: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b was shown video [b, k] before."""
        found = np.zeros(videos.shape, bool)
        for (first, last), arena in zip(self.ranges, self.arenas, strict=True):
            _contains(arena.data, self.users, users, videos, first, last, found)
        return found

    def blocked(self, users: NDArray[np.int32], creators: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b has blocked creator [b, k]."""
        found = np.zeros(creators.shape, bool)
        for (first, last), arena in zip(self.ranges, self.arenas, strict=True):
            _blocked(arena.data, self.users, users, creators, first, last, found)
        return found

    def of(self, user: int) -> NDArray[np.int32]:
        """Creators that ``user`` follows, in the order of following."""
        row = self.users[user]
        data = self.graph if row["follow_size"] == 0 else self._arena(user).data
        start = int(row["follow_start"])
        return data[start : start + int(row["follow_count"])].copy()

    def arena_arrays(self, part: int) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name in the frame, array) of the arena of a part."""
        arena = self.arenas[part]
        yield "arena.data", arena.data
        yield "arena.used", arena.used
        yield "arena.free", arena.free

    def grow(self, part: int) -> None:
        """Double the arena of a part."""
        arena = self.arenas[part]
        self.arenas[part] = grown_arena(arena, 2 * len(arena.data))


def _room_for(places: int) -> Arena:
    """An arena of so many places, or a small one where the system does not lend ahead."""
    try:
        return new_arena(places)
    except MemoryError:
        return new_arena(_ARENA_LEAST)


def _places(users: NDArray[Any]) -> NDArray[np.int64]:
    """places [U] of the arena that the sets of each user take."""
    return np.asarray(users["seen_size"].astype(np.int64) + users["follow_size"])


@njit()
def _copy_out(users, first, last, data, sets, written):
    """Copy the sets of users out of their arena; returns how far ``sets`` is written."""
    for u in range(first, last):
        user = users[u]
        for size, start in (
            (np.int64(user.seen_size), user.seen_start),
            (np.int64(user.follow_size), user.follow_start),
        ):
            for i in range(size):
                sets[written + i] = data[start + i]
            written += size
    return written


@njit()
def _lay_in(users, first, last):
    """Say where the sets of these users lie when they follow each other from the beginning on."""
    place = np.int64(0)
    for u in range(first, last):
        user = users[u]
        user.seen_start = place
        place += user.seen_size
        if user.follow_size > 0:
            user.follow_start = place
            place += user.follow_size


@njit()
def _follow_new(arena, graph, starts, users, first, last, first_account):
    """Append the follows of new accounts to the lists of the arena; False when it is full.

    Who has them already is left as they are.
    """
    for u in range(first, last):
        user = users[u]
        if user.follow_size == 0:
            continue
        for i in range(starts[u], starts[u + 1]):
            creator = graph[i]
            known = creator < first_account
            for j in range(user.follow_count):
                known = known or arena.data[user.follow_start + j] == creator
            if known:
                continue
            if arena.used[0] + room_for_one(user) > arena.data.size:
                return False
            add_follow(arena, graph, user, creator)
    return True


@njit()
def _contains(data, users, who, videos, first, last, found):
    for b in range(who.size):
        if first <= who[b] < last:
            user = users[who[b]]
            for k in range(videos.shape[1]):
                v = videos[b, k]
                found[b, k] = v >= 0 and has_seen(data, user.seen_start, user.seen_size, v)


@njit()
def _blocked(data, users, who, creators, first, last, found):
    for b in range(who.size):
        if first <= who[b] < last:
            user = users[who[b]]
            for k in range(creators.shape[1]):
                c = creators[b, k]
                found[b, k] = c >= 0 and has_blocked(data, user, c)
