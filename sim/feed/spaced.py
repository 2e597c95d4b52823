"""Selection: the best of the scores, with distance between videos of one creator or sound."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit

__all__ = ["select_spaced"]

_USED = np.float32(-np.inf)


@njit()
def _breaks_spacing(i, ids, creator, sound, slate, n, creator_gap, sound_gap):
    for j in range(max(0, n - creator_gap), n):
        if creator[ids[slate[j]]] == creator[ids[i]]:
            return True
    for j in range(max(0, n - sound_gap), n):  # noqa: SIM110 (Numba has no any())
        if sound[ids[slate[j]]] == sound[ids[i]]:
            return True
    return False


@njit()
def _best(scores, k, ids, creator, sound, waiting, only_waiting, slate, n, creator_gap, sound_gap):
    best = -1
    high = _USED
    for i in range(k):
        if (
            scores[i] > high
            and (not only_waiting or waiting[ids[i]] == 1)
            and not _breaks_spacing(i, ids, creator, sound, slate, n, creator_gap, sound_gap)
        ):
            best = i
            high = scores[i]
    return best


@njit()
def select_spaced(
    scores, k, ids, creator, sound, state, reserved, length, creator_gap, sound_gap, slate
):  # fmt: skip
    """Fill ``slate`` with positions among the ``k`` candidates; returns how many.

    Place by place the highest score that keeps the distance: no other video by the same creator
    in the last ``creator_gap`` places, none with the same sound in the last ``sound_gap``. In a
    place of the bit set ``reserved`` only videos waiting in a cold-start pool (``state`` 1)
    count, if there is one. When nothing keeps the distance the highest score is taken all the
    same. Equal scores: the earlier candidate. ``scores`` [K] float32 is used up.
    """
    n = 0
    while n < length and n < k:
        best = -1
        if (reserved >> np.uint64(n)) & np.uint64(1):
            best = _best(
                scores, k, ids, creator, sound, state, True, slate, n, creator_gap, sound_gap
            )  # fmt: skip
        if best < 0:
            best = _best(
                scores, k, ids, creator, sound, state, False, slate, n, creator_gap, sound_gap
            )  # fmt: skip
        if best < 0:
            best = _best(scores, k, ids, creator, sound, state, False, slate, n, 0, 0)
        if best < 0:
            break
        slate[n] = best
        scores[best] = _USED
        n += 1
    return n
