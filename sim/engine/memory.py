"""State of the compiled engine: one row a user, plus growing sets in one arena a shard.

A user's set of shown videos is an open-addressing hash table of int32, its size a power of two,
at most half full. A user's follows are a list; it lies in the follow graph until it grows.
Blocks of the arena that were outgrown are kept in free lists by size and used again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.world.state import FollowGraph

__all__ = [
    "AWAY", "BLOCK", "IN_SESSION", "Arena", "UserState", "add_follow", "add_seen", "follow_row",
    "follows", "has_seen", "new_arena", "new_users", "room_for_one",
]  # fmt: skip

AWAY, IN_SESSION = 0, 1
BLOCK = 32
"""Smallest block of the arena, places of 4 bytes."""
_CLASSES = 40
_HASH = np.uint64(2654435761)


class UserState(NamedTuple):
    """Where each user is in their life. Rows belong to one shard each."""

    next_s: NDArray[np.float64]
    """next_s [U] time of the next thing the user does, s"""
    mode: NDArray[np.int8]
    """mode [U] AWAY or IN_SESSION"""
    surface: NDArray[np.int8]
    """surface [U] of the slate"""
    place: NDArray[np.int8]
    """place [U] next place of the slate"""
    length: NDArray[np.int8]
    """length [U] of the slate"""
    sound: NDArray[np.int32]
    """sound [U] whose page was just opened, or NOBODY"""
    session: NDArray[np.int32]
    """session [U] sessions started"""
    request: NDArray[np.int32]
    """request [U] feed requests made"""
    videos: NDArray[np.int32]
    """videos [U] shown in this session"""
    slate: NDArray[np.int32]
    """slate [U, P] videos"""
    source: NDArray[np.int8]
    """source [U, P]"""
    pool: NDArray[np.int8]
    """pool [U, P]"""
    seen_start: NDArray[np.int64]
    """seen_start [U] first place of the hash table in the arena"""
    seen_size: NDArray[np.int32]
    """seen_size [U] size of the hash table; 0 before the first impression"""
    seen_count: NDArray[np.int32]
    """seen_count [U] videos in it"""
    follow_start: NDArray[np.int64]
    """follow_start [U] first place of the list, in the graph or in the arena"""
    follow_size: NDArray[np.int32]
    """follow_size [U] size of the block in the arena; 0 while it lies in the graph"""
    follow_count: NDArray[np.int32]
    """follow_count [U]"""


class Arena(NamedTuple):
    """Growing memory of one shard."""

    data: NDArray[np.int32]
    used: NDArray[np.int64]
    """used [1] places handed out"""
    free: NDArray[np.int64]
    """free [classes] first free block of each size / BLOCK, or -1"""


def new_users(users: int, slate: int, graph: FollowGraph) -> UserState:
    """All users away, with their follows in the graph."""
    return UserState(
        next_s=np.zeros(users),
        mode=np.zeros(users, np.int8),
        surface=np.zeros(users, np.int8),
        place=np.zeros(users, np.int8),
        length=np.zeros(users, np.int8),
        sound=np.full(users, -1, np.int32),
        session=np.zeros(users, np.int32),
        request=np.zeros(users, np.int32),
        videos=np.zeros(users, np.int32),
        slate=np.zeros((users, slate), np.int32),
        source=np.zeros((users, slate), np.int8),
        pool=np.zeros((users, slate), np.int8),
        seen_start=np.zeros(users, np.int64),
        seen_size=np.zeros(users, np.int32),
        seen_count=np.zeros(users, np.int32),
        follow_start=graph.start[:-1].copy(),
        follow_size=np.zeros(users, np.int32),
        follow_count=np.diff(graph.start).astype(np.int32),
    )


def new_arena(places: int) -> Arena:
    """An empty arena of ``places`` int32; the system hands out its pages as they are used."""
    return Arena(np.empty(places, np.int32), np.zeros(1, np.int64), np.full(_CLASSES, -1, np.int64))


def grown_arena(arena: Arena, places: int) -> Arena:
    """The same arena with at least ``places`` places."""
    data = np.empty(places, np.int32)
    used = int(arena.used[0])
    data[:used] = arena.data[:used]
    return Arena(data, arena.used, arena.free)


@njit()
def _class_of(size):
    """Free list of a block size: log2(size / BLOCK)."""
    c = 0
    while size > BLOCK:
        size //= 2
        c += 1
    return c


@njit()
def _take(arena, size):
    """Start of a block of ``size`` places; the caller made sure that there is one."""
    c = _class_of(size)
    start = arena.free[c]
    if start >= 0:
        block = start * BLOCK
        arena.free[c] = arena.data[block]
        return block
    block = arena.used[0]
    arena.used[0] = block + size
    return block


@njit()
def _give(arena, start, size):
    c = _class_of(size)
    arena.data[start] = arena.free[c]
    arena.free[c] = start // BLOCK


@njit()
def room_for_one(arena, users, u):
    """Whether one more impression and one more follow of user ``u`` surely fit the arena."""
    need = 2 * max(users.seen_size[u], BLOCK)
    need += 2 * max(users.follow_size[u], users.follow_count[u], BLOCK) + BLOCK
    return arena.used[0] + need <= arena.data.size


@njit(forceinline=True)
def _slot(video, size):
    """First place to look for a video in a table of ``size`` places."""
    # all in uint64: Numba widens a product of two uint32
    h = (np.uint64(video) * _HASH) & np.uint64(0xFFFFFFFF)
    return np.int64((h * np.uint64(size)) >> np.uint64(32))


@njit(forceinline=True)
def has_seen(data, start, size, video):
    """Whether ``video`` is in the hash table [start, start + size) of ``data``."""
    if size == 0:
        return False
    i = _slot(video, size)
    while True:
        there = data[start + i]
        if there == video:
            return True
        if there < 0:
            return False
        i = (i + 1) & (size - 1)


@njit()
def _insert(data, start, size, video):
    i = _slot(video, size)
    while data[start + i] >= 0:
        i = (i + 1) & (size - 1)
    data[start + i] = video


@njit()
def add_seen(arena, users, u, video):
    """Note an impression; True when it is the first of this video for user ``u``."""
    size = users.seen_size[u]
    start = users.seen_start[u]
    if has_seen(arena.data, start, size, video):
        return False
    if 2 * (users.seen_count[u] + 1) > size:
        larger = 2 * size if size > 0 else BLOCK
        block = _take(arena, larger)
        for i in range(larger):
            arena.data[block + i] = -1
        for i in range(size):
            if arena.data[start + i] >= 0:
                _insert(arena.data, block, larger, arena.data[start + i])
        if size > 0:
            _give(arena, start, size)
        users.seen_start[u] = block
        users.seen_size[u] = larger
        start = block
        size = larger
    _insert(arena.data, start, size, video)
    users.seen_count[u] += 1
    return True


@njit(forceinline=True)
def follow_row(arena, graph, users, u):
    """Creators that user ``u`` follows, in the order of following."""
    start = users.follow_start[u]
    end = start + users.follow_count[u]
    if users.follow_size[u] == 0:
        return graph[start:end]
    return arena.data[start:end]


@njit(forceinline=True)
def follows(row, creator):
    """Whether ``creator`` is in the list."""
    found = False
    for i in range(row.size):
        found |= row[i] == creator
    return found


@njit()
def add_follow(arena, graph, users, u, creator):
    """User ``u`` starts to follow ``creator``."""
    count = users.follow_count[u]
    size = users.follow_size[u]
    start = users.follow_start[u]
    if size == 0 or count == size:
        larger = BLOCK
        while larger < count + 1:
            larger *= 2
        block = _take(arena, larger)
        for i in range(count):
            arena.data[block + i] = graph[start + i] if size == 0 else arena.data[start + i]
        if size > 0:
            _give(arena, start, size)
        users.follow_start[u] = block
        users.follow_size[u] = larger
        start = block
    arena.data[start + count] = creator
    users.follow_count[u] = count + 1
