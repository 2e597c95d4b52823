"""Selection: the best of the scores, with distance between videos of one creator or sound."""

from __future__ import annotations

import numpy as np

from sim.core.borrow import at
from sim.core.compiled import njit
from sim.core.maths import bits_of32

__all__ = ["GROUP", "NEVER", "score_key", "select_spaced"]

NEVER = np.int64(-(2**62))
"""Key of a candidate that is taken, or must not be shown."""
GROUP = 16
"""Candidates whose best key is kept: after one is taken, only its group is looked at again."""
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
def _place(key):
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


@njit(forceinline=True)
def _best_of_group(keys, group):
    high = NEVER
    for i in range(GROUP):
        high = max(high, at(keys, group * GROUP + i))
    return high


@njit(forceinline=True)
def _highest(values, count):
    high = NEVER
    for i in range(count):
        high = max(high, at(values, i))
    return high


@njit(forceinline=True)
def _best(keys, k, tops, groups, ids, creator, sound, slate, n, creator_gap, sound_gap):
    """Key of the best candidate that keeps the distance; of the best of all if none does."""
    first = _highest(tops, groups)
    high = first
    while high != NEVER:
        if not _too_near(_place(high), ids, creator, sound, slate, n, creator_gap, sound_gap):
            break
        # the next lower one: a pass over those below, because such a clash is rare
        lower = NEVER
        for j in range(k):
            lower = max(lower, at(keys, j) if at(keys, j) < high else NEVER)
        high = lower
    return first if high == NEVER else high


@njit(forceinline=True)
def _first_kept(keys, kept, n_kept, ids, creator, sound, slate, n, creator_gap, sound_gap):
    """Key of the first candidate of the list that is left and keeps the distance."""
    for j in range(n_kept):
        i = kept[j]
        if keys[i] != NEVER and not _too_near(
            i, ids, creator, sound, slate, n, creator_gap, sound_gap
        ):
            return keys[i]
    return NEVER


@njit(forceinline=True)
def select_spaced(
    keys, k, kept, n_kept, ids, creator, sound, reserved, length, creator_gap, sound_gap, tops,
    slate,
):  # fmt: skip
    """Fill ``slate`` with positions among the ``k`` candidates; returns how many.

    Place by place the highest score that keeps the distance: no other video by the same creator
    in the last ``creator_gap`` places, none with the same sound in the last ``sound_gap``. When
    nothing keeps the distance the highest score is taken all the same. Equal scores: the earlier
    candidate. A score of -inf or NaN is never taken.

    In a place of the bit set ``reserved`` stands the first candidate of the list ``kept``, if one
    is left: those of the source fresh that wait in a cold-start pool, in the order they were
    drawn. The source draws them evenly, so each gets its test audience, whatever the scores say.

    ``keys`` [K + GROUP] int64 from :func:`score_key`, is changed; ``kept`` [n_kept] positions;
    ``ids`` [K] are the candidates' videos, ``creator`` and ``sound`` [V] belong to videos; ``tops``
    [K / GROUP + 1] int64 is working memory; K is at most 65,536.
    """
    groups = (k + GROUP - 1) // GROUP
    for i in range(k, groups * GROUP):
        keys[i] = NEVER
    for group in range(groups):
        tops[group] = _best_of_group(keys, group)
    n = 0
    while n < length:
        best = NEVER
        if (reserved >> np.uint64(n)) & np.uint64(1):
            best = _first_kept(
                keys, kept, n_kept, ids, creator, sound, slate, n, creator_gap, sound_gap
            )  # fmt: skip
        if best == NEVER:
            best = _best(
                keys, k, tops, groups, ids, creator, sound, slate, n, creator_gap, sound_gap
            )  # fmt: skip
        if best == NEVER:
            break
        i = _place(best)
        slate[n] = i
        keys[i] = NEVER
        group = i // GROUP
        tops[group] = _best_of_group(keys, group)
        n += 1
    return n
