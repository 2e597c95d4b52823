"""Selection: the best of the scores, with distance between videos of one creator or sound."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.maths import bits_of32
from sim.scenario.feed import SOURCES

__all__ = ["select_spaced"]

_NEVER = np.int64(-(2**62))
"""Key of a candidate that is taken, or must not be shown."""
_PLACE_BITS = 16
_WAITING = 1
_FRESH = SOURCES.index("fresh")


@njit(forceinline=True)
def _key(score, i):
    """A whole number that orders like the score, equal scores by the earlier candidate.

    Whole numbers have a total order, so their maximum is found in vector registers.
    """
    if not score > -np.inf:  # NaN too
        return _NEVER
    bits = np.int64(bits_of32(score + np.float32(0.0)))  # -0.0 becomes 0.0
    if bits < 0:
        bits ^= np.int64(0x7FFFFFFF)
    return (bits << np.int64(_PLACE_BITS)) | np.int64((1 << _PLACE_BITS) - 1 - i)


@njit(forceinline=True)
def _place(key):
    return np.int64((1 << _PLACE_BITS) - 1) - (key & np.int64((1 << _PLACE_BITS) - 1))


@njit(forceinline=True)
def _too_near(ids, i, creator, sound, slate, n, creator_gap, sound_gap):
    """Whether candidate ``i`` at place ``n`` would break the distance."""
    v = ids[i]
    near = False
    for j in range(max(0, n - creator_gap), n):
        near |= creator[ids[slate[j]]] == creator[v]
    for j in range(max(0, n - sound_gap), n):
        near |= sound[ids[slate[j]]] == sound[v]
    return near


@njit(forceinline=True)
def _highest(keys, k):
    high = _NEVER
    for i in range(k):
        high = max(high, keys[i])
    return high


@njit()
def _first_fresh(keys, k, ids, codes, state, creator, sound, slate, n, creator_gap, sound_gap):
    """Key of the first fresh candidate that waits in a pool and keeps the distance."""
    for i in range(k):
        if (
            codes[i] == _FRESH
            and keys[i] != _NEVER
            and state[ids[i]] == _WAITING
            and not _too_near(ids, i, creator, sound, slate, n, creator_gap, sound_gap)
        ):
            return keys[i]
    return _NEVER


@njit(forceinline=True)
def _best(keys, k, ids, creator, sound, slate, n, creator_gap, sound_gap):
    """Key of the best candidate that keeps the distance; of the best of all if none does."""
    first = _highest(keys, k)
    high = first
    while high != _NEVER:
        i = _place(high)
        if not _too_near(ids, i, creator, sound, slate, n, creator_gap, sound_gap):
            break
        # the next lower one: a pass over those below, because such a clash is rare
        lower = _NEVER
        for j in range(k):
            if keys[j] < high:
                lower = max(lower, keys[j])
        high = lower
    return first if high == _NEVER else high


@njit(forceinline=True)
def select_spaced(
    scores,
    k,
    ids,
    codes,
    creator,
    sound,
    state,
    reserved,
    length,
    creator_gap,
    sound_gap,
    keys,
    slate,
):
    """Fill ``slate`` with positions among the ``k`` candidates; returns how many.

    Place by place the highest score that keeps the distance: no other video by the same creator
    in the last ``creator_gap`` places, none with the same sound in the last ``sound_gap``. When
    nothing keeps the distance the highest score is taken all the same. Equal scores: the earlier
    candidate. A score of -inf or NaN is never taken.

    In a place of the bit set ``reserved`` stands the first candidate of the source fresh that
    waits in a cold-start pool, if there is one: the source draws them evenly, so each gets its
    test audience, whatever the scores say.

    ``scores`` [K] float32; ``keys`` [K] int64 is working memory; K is at most 65,536.
    """
    for i in range(k):
        keys[i] = _key(scores[i], i)
    n = 0
    while n < length:
        best = _NEVER
        if (reserved >> np.uint64(n)) & np.uint64(1):
            best = _first_fresh(
                keys, k, ids, codes, state, creator, sound, slate, n, creator_gap, sound_gap
            )
        if best == _NEVER:
            best = _best(keys, k, ids, creator, sound, slate, n, creator_gap, sound_gap)
        if best == _NEVER:
            break
        i = _place(best)
        slate[n] = i
        keys[i] = _NEVER
        n += 1
    return n
