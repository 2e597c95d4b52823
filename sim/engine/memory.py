"""State of the compiled engine: one row a user, plus growing sets in one arena a shard.

A user's set of shown videos is a hash table of int32 in groups of sixteen places, one line of
memory, its size a power of two, at most five eighths full: a group is compared at once, and a video
that is not in a group with an empty place is not in the table. Creators whom a user
has blocked are in it too, as numbers that no video has. A user's follows are a list; it lies
in the follow graph until it grows. Blocks of the arena that were outgrown are kept in free lists by
size and used again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.aligned import aligned_zeros
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.lanes import FOUND, GROUP, look_in_group, lowest_bit, search_group
from sim.world.state import NOBODY, World

__all__ = [
    "ASKED_AHEAD", "AWAY", "BLOCK", "IN_SESSION", "USER", "Arena", "add_block", "add_follow",
    "add_seen", "first_group", "grown_arena", "has_blocked", "has_seen", "new_arena", "new_users",
    "remove_follow", "room_for_one", "seen_from",
]  # fmt: skip

AWAY, IN_SESSION = 0, 1
ASKED_AHEAD = 256
"""Places of a user's sets that are asked for before the user is played, 4 bytes each."""
BLOCK = 32
"""Smallest block of the arena, places of 4 bytes."""
_CREATORS = 1 << 30
"""Added to the number of a creator in a set of videos."""
_CLASSES = 40
_HASH = np.uint64(2654435761)
_GROUP_BITS = 4
assert 1 << _GROUP_BITS == GROUP


USER = np.dtype(
    [
        ("seen_start", np.int64),  # first place of the hash table in the arena
        ("follow_start", np.int64),  # first place of the list, in the graph or in the arena
        ("seen_size", np.int32),  # size of the hash table; 0 before the first impression
        ("seen_count", np.int32),  # videos in it
        ("follow_size", np.int32),  # size of the block in the arena; 0 while it is in the graph
        ("follow_count", np.int32),
        ("subject", np.int32),  # what the page that was just opened is about, or NOBODY
        ("session", np.int32),  # sessions started
        ("request", np.int32),  # feed requests made
        ("videos", np.int32),  # shown in this session
        ("asked", np.int32),  # refreshes before its slate was made
        ("last_day", np.int16),
        ("active_days", np.int16),
        ("locale", np.int8),
        ("mode", np.int8),  # AWAY or IN_SESSION
        ("surface", np.int8),  # of the slate
        ("place", np.int8),  # next place of the slate
        ("length", np.int8),  # of the slate
        ("opens", np.int8),  # the surface of the page that was just opened, or NOBODY
        ("controls", np.int8),  # controls in the slate (see ``sim.feed.control``)
        ("blocks", np.int8),  # creators whom the user has blocked, as far as it can count
    ],
    align=True,
)
"""One user in the kernel: 64 bytes, one line of memory."""


class Arena(NamedTuple):
    """Growing memory of one shard."""

    data: NDArray[np.int32]
    used: NDArray[np.int64]
    """used [1] places handed out"""
    free: NDArray[np.int64]
    """free [classes] first free block of each size / BLOCK, or -1"""


def new_users(world: World) -> NDArray[Any]:
    """All users away, with their follows in the graph."""
    users = aligned_zeros(world.users, USER)
    users["locale"] = world.accounts.locale
    users["subject"] = NOBODY
    users["opens"] = NOBODY
    users["last_day"] = -1
    users["follow_start"] = world.follows.start[:-1]
    users["follow_count"] = np.diff(world.follows.start)
    return users


def new_arena(places: int) -> Arena:
    """An empty arena of ``places`` int32; the system hands out its pages as they are used."""
    return Arena(
        aligned_zeros(places, np.int32), np.zeros(1, np.int64), np.full(_CLASSES, -1, np.int64)
    )


def grown_arena(arena: Arena, places: int) -> Arena:
    """The same arena with at least ``places`` places."""
    data = aligned_zeros(places, np.int32)
    used = int(arena.used[0])
    data[:used] = arena.data[:used]
    return Arena(data, arena.used, arena.free)


@njit(forceinline=True)
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
    used, free, data = arena.used, arena.free, arena.data
    c = _class_of(size)
    if free[c] >= 0:
        block = free[c] * BLOCK
        free[c] = data[block]
        return block
    block = used[0]
    used[0] = block + size
    return block


@njit(forceinline=True)
def room_for_one(user):
    """Places of the arena that surely suffice for one more impression and follow of a user."""
    need = 2 * max(np.int64(user.seen_size), BLOCK)
    return need + 2 * max(np.int64(user.follow_size), np.int64(user.follow_count), BLOCK) + BLOCK


@njit(forceinline=True)
def first_group(video, size):
    """Where the group begins in which to look first for a video in a table of ``size`` places."""
    # all in uint64: Numba widens a product of two uint32
    h = (np.uint64(video) * _HASH) & np.uint64(0xFFFFFFFF)
    return np.int64((h * np.uint64(size >> _GROUP_BITS)) >> np.uint64(32)) << _GROUP_BITS


@njit(forceinline=True)
def _look(data, start, size, group, video):
    """(group in which the search for ``video`` ends, what is there), from ``group`` on."""
    there = look_in_group(data, start + group, video)
    while there == 0:
        group = (group + GROUP) & (np.int64(size) - 1)
        there = look_in_group(data, start + group, video)
    return group, there


@njit(forceinline=True)
def has_seen(data, start, size, video):
    """Whether ``video`` is in the hash table [start, start + size) of ``data``."""
    return size > 0 and seen_from(data, start, size, first_group(video, size), video)


@njit(forceinline=True)
def seen_from(data, start, size, group, video):
    """As :func:`has_seen` of a table that is not empty, from the first group on."""
    found, ends = search_group(data, start + group, video)
    while not ends:
        group = (group + GROUP) & (np.int64(size) - 1)
        found, ends = search_group(data, start + group, video)
    return found


@njit(forceinline=True)
def _insert(data, start, size, video):
    """Put a video that is not there into the first empty place."""
    group, there = _look(data, start, size, first_group(video, size), video)
    data[np.uint64(start + group + lowest_bit(there >> GROUP))] = video


@njit()
def _enlarge_seen(arena, user):
    """Twice as large a table for a user's videos."""
    free, data = arena.free, arena.data
    size = user.seen_size
    start = user.seen_start
    larger = 2 * size if size > 0 else BLOCK
    block = _take(arena, larger)
    for i in range(larger):
        data[block + i] = -1
    if size > 0:
        _move_seen(data, start, size, block, larger)
        c = _class_of(size)
        data[start] = free[c]
        free[c] = start // BLOCK
    user.seen_start = block
    user.seen_size = larger


@njit(forceinline=True)
def _move_seen(data, start, size, block, larger):
    """Copy the videos of a table at ``start`` into an empty one of twice the size at ``block``.

    What a group holds goes to two groups beside each other, where it surely has room: all but
    the few that it holds because their own group was full. Those find their places afterwards.
    """
    displaced = 0
    for first in range(0, size, GROUP):
        taken = np.int64(0)  # places of both groups, a byte each
        for i in range(start + first, start + first + GROUP):
            video = at(data, i)
            group = first_group(video, larger)
            here = (group >> (_GROUP_BITS + 1)) << _GROUP_BITS == first
            if video < 0 or not here:
                displaced += 1 if video >= 0 else 0
                continue
            shift = ((group >> _GROUP_BITS) & 1) << 3
            data[np.uint64(block + group + ((taken >> shift) & 0xFF))] = video
            taken += np.int64(1) << shift
    if displaced == 0:
        return
    for i in range(start, start + size):
        video = at(data, i)
        if video >= 0 and not seen_from(data, block, larger, first_group(video, larger), video):
            _insert(data, block, larger, video)


@njit(forceinline=True)
def add_seen(arena, user, video):
    """Note an impression; True when it is the first of this video for the user."""
    data = arena.data
    size = np.int64(user.seen_size)
    if 8 * (user.seen_count + 1) > 5 * size:
        if has_seen(data, user.seen_start, size, video):
            return False
        _enlarge_seen(arena, user)
        size = np.int64(user.seen_size)
    group, there = _look(data, user.seen_start, size, first_group(video, size), video)
    if there & FOUND:
        return False
    data[np.uint64(user.seen_start + group + lowest_bit(there >> GROUP))] = video
    user.seen_count += 1
    return True


@njit(forceinline=True)
def has_blocked(data, user, creator):
    """Whether the user has blocked a creator."""
    size = np.int64(user.seen_size)
    return user.blocks != 0 and has_seen(data, user.seen_start, size, np.int32(creator + _CREATORS))


@njit()
def add_block(arena, user, creator):
    """The user blocks a creator."""
    if add_seen(arena, user, np.int32(creator + _CREATORS)):
        user.blocks = min(user.blocks + 1, 127)


@njit()
def remove_follow(arena, graph, user, creator):
    """The user, who follows ``creator``, no longer does; the order of the others stays."""
    if user.follow_size == 0:
        # the list of the start is everybody's: what changes lies in the arena
        add_follow(arena, graph, user, creator)
        user.follow_count -= 1
    data, start, kept = arena.data, user.follow_start, 0
    for i in range(user.follow_count):
        other = data[start + i]
        data[start + kept] = other
        kept += 1 if other != creator else 0
    user.follow_count = kept


@njit()
def add_follow(arena, graph, user, creator):
    """The user starts to follow ``creator``; ``graph`` [E] has the follows of the start."""
    free, data = arena.free, arena.data
    count = user.follow_count
    size = user.follow_size
    start = user.follow_start
    if size == 0 or count == size:
        larger = BLOCK
        while larger < count + 1:
            larger *= 2
        block = _take(arena, larger)
        for i in range(count):
            data[block + i] = graph[start + i] if size == 0 else data[start + i]
        if size > 0:
            c = _class_of(size)
            data[start] = free[c]
            free[c] = start // BLOCK
        user.follow_start = block
        user.follow_size = larger
        start = block
    data[start + count] = creator
    user.follow_count = count + 1
