"""Selection: the best of the scores, with distance between videos of one creator or sound."""

from __future__ import annotations

import numpy as np

from sim.core.maths import bits_of32
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP, highest_of_group, put_in_group
from sim.world.state import NOBODY

__all__ = [
    "GROUP", "NEVER", "SPARE", "best_by_group", "nearest_first", "place_of", "room_for_tops",
    "score_key", "select_spaced", "set_apart",
]  # fmt: skip

NEVER = np.int64(-(2**62))
"""Key of a candidate that is taken, or must not be shown."""
SPARE = 1
"""Waiting candidates beyond the kept places that are put into order (assumption)."""
_GROUP_BITS = 4
"""The best key of each GROUP of candidates is kept: after one is taken, only its group is looked at
again."""
assert 1 << _GROUP_BITS == GROUP
_PLACE_BITS = 16
_PLACES = np.int64((1 << _PLACE_BITS) - 1)


@njit(forceinline=True)
def score_key(score, i):
    """A whole number that orders like the score, equal scores by the earlier candidate ``i``.

    A score of -inf or NaN gives NEVER. Whole numbers have a total order, so their maximum is
    found in vector registers.
    """
    bits = np.int64(bits_of32(score + np.float32(0.0)))  # -0.0 becomes 0.0
    bits ^= (bits >> np.int64(63)) & np.int64(0x7FFFFFFF)
    key = (bits << np.int64(_PLACE_BITS)) | (_PLACES - i)
    return key if score > -np.inf else NEVER


@njit(forceinline=True)
def place_of(key):
    """The candidate that a key belongs to."""
    return _PLACES - (key & _PLACES)


@njit(forceinline=True)
def _too_near(i, ids, creator, sound, slate, n, creator_gap, sound_gap):
    """Whether candidate ``i`` at place ``n`` would break the distance."""
    near = False
    v = at(ids, i)
    for j in range(max(0, n - creator_gap), n):
        near |= at(creator, at(ids, at(slate, j))) == at(creator, v)
    for j in range(max(0, n - sound_gap), n):
        near |= at(sound, at(ids, at(slate, j))) == at(sound, v)
    return near


def room_for_tops(candidates: int) -> int:
    """How much working memory the best of each group takes."""
    return (candidates // GROUP**2 + 1) * GROUP


@njit(forceinline=True)
def _highest(tops, chunks):
    high = highest_of_group(tops, 0)
    for chunk in range(1, chunks):
        high = max(high, highest_of_group(tops, chunk * GROUP))
    return high


@njit(forceinline=True)
def _best(keys, k, first, ids, creator, sound, slate, n, creator_gap, sound_gap):
    """Key of the best candidate that keeps the distance; of the best of all if none does."""
    high = first
    while high != NEVER:
        if not _too_near(place_of(high), ids, creator, sound, slate, n, creator_gap, sound_gap):
            break
        # the next lower one: a pass over those below, because such a clash is rare
        lower = NEVER
        for j in range(k):
            lower = max(lower, at(keys, j) if at(keys, j) < high else NEVER)
        high = lower
    return first if high == NEVER else high


@njit(forceinline=True)
def _first_kept(kept, n_kept, ids, creator, sound, slate, n, creator_gap, sound_gap):
    """The first candidate of the list that is left and keeps the distance, or NOBODY; it goes."""
    for j in range(n_kept):
        i = kept[j]
        if i >= 0 and not _too_near(i, ids, creator, sound, slate, n, creator_gap, sound_gap):
            kept[j] = NOBODY
            return i
    return NOBODY


@njit(forceinline=True)
def set_apart(i, keys, kept, found, waits):
    """Put candidate ``i`` on the list ``kept`` if it waits: it competes with no score then.

    Returns how many are on the list, which had ``found``; what must not be shown is not put there.
    """
    kept[np.uint64(found)] = i
    shown = waits & (at(keys, i) != NEVER)
    keys[np.uint64(i)] = NEVER if waits else at(keys, i)
    return found + (1 if shown else 0)


@njit(forceinline=True)
def nearest_first(kept, n_kept, affinity, reserved):
    """Bring those of the list ``kept`` to its beginning that suit the person best, best first.

    As many as there are bits in ``reserved``, and SPARE more, should one stand too near to others.
    ``affinity`` [K] belongs to candidates; of equal ones the first is taken, and those that are not
    stay in their order.
    """
    wanted, bits = SPARE, reserved
    while bits != np.uint64(0):
        bits &= bits - np.uint64(1)
        wanted += 1
    for first in range(min(wanted, n_kept)):
        best = first
        for j in range(first + 1, n_kept):
            best = j if at(affinity, at(kept, j)) > at(affinity, at(kept, best)) else best
        chosen = at(kept, best)
        for j in range(best, first, -1):
            kept[np.uint64(j)] = at(kept, j - 1)
        kept[np.uint64(first)] = chosen


@njit(forceinline=True)
def best_by_group(keys, k, tops):
    """Prepare for :func:`select_spaced`: the best key of each group; returns the best of all."""
    groups = (k + GROUP - 1) >> _GROUP_BITS
    chunks = (groups + GROUP - 1) >> _GROUP_BITS
    for i in range(k, groups << _GROUP_BITS):
        keys[i] = NEVER
    for group in range(groups):
        tops[group] = highest_of_group(keys, group << _GROUP_BITS)
    for group in range(groups, max(chunks, 1) << _GROUP_BITS):
        tops[group] = NEVER
    return _highest(tops, chunks)


@njit(forceinline=True)
def select_spaced(
    keys, k, top, kept, n_kept, ids, creator, sound, reserved, length, creator_gap, sound_gap, tops,
    slate,
):  # fmt: skip
    """Fill ``slate`` with positions among the ``k`` candidates; returns how many.

    Place by place the highest score that keeps the distance: no other video by the same creator
    in the last ``creator_gap`` places, none with the same sound in the last ``sound_gap``. When
    nothing keeps the distance the highest score is taken all the same. Equal scores: the earlier
    candidate. A score of -inf or NaN is never taken.

    In a place of the bit set ``reserved`` stands the first candidate of the list ``kept``, if one
    is left: those of the source fresh that wait in a cold-start pool, as :func:`nearest_first`
    orders them. The source draws them evenly among those that still need an audience, so each gets
    one, whatever the scores say, of people whom it suits; and they stand nowhere else (see
    :func:`set_apart`).

    ``keys`` [K + GROUP] int64 from :func:`score_key`, and ``kept`` [n_kept], are changed; ``top``
    and ``tops`` [:func:`room_for_tops`] int64 come from :func:`best_by_group`;
    ``ids`` [K] are the candidates' videos, ``creator`` and ``sound`` [V] belong to videos; K is at
    most 65,536.
    """
    n = 0
    while n < length:
        if (reserved >> np.uint64(n)) & np.uint64(1):
            waits = _first_kept(
                kept, n_kept, ids, creator, sound, slate, n, creator_gap, sound_gap
            )  # fmt: skip
            if waits >= 0:
                slate[n] = waits
                n += 1
                continue
        best = _best(keys, k, top, ids, creator, sound, slate, n, creator_gap, sound_gap)
        if best == NEVER:
            break
        i = place_of(best)
        slate[n] = i
        group, place = i >> _GROUP_BITS, i & (GROUP - 1)
        best = put_in_group(keys, group << _GROUP_BITS, place, NEVER)
        chunk = group >> _GROUP_BITS << _GROUP_BITS
        top = put_in_group(tops, chunk, group & (GROUP - 1), best)
        if k > GROUP * GROUP:
            top = _highest(tops, (k + GROUP * GROUP - 1) // (GROUP * GROUP))
        n += 1
    return n
