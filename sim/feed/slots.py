"""Slots: what single sounds, hashtags and creators add to the signal of a person, beside topics.

A few of each kind are kept of a person. What one adds is estimated by Bayes' rule from what topics
leave unexplained: at first it is 0 with the variance of its kind over people, and the k-th video
with it moves the mean by 1 / (prior + k) of the error, where ``prior`` is the variance of a
signal over that of the kind. So the step shrinks with evidence, and one video says little. A count
that is full no longer grows: old videos are forgotten slowly, since tastes may drift. Only errors
of STRONG and more teach: of normal errors these hold seven eighths of the information.

What is not kept yet starts with this video. It takes an empty place, or that of the weakest, the
one whose mean is nearest to 0, if its own mean is as far from it. If not, the weakest loses a share
FADE of its mean: whatever keeps others out and is not met again loses its place by and by.

A mean and its count are one word (``slot_word`` in ``sim.feed.belief``), whole numbers, so sums of
means have no order. The twin is in ``sim.feed.plain.taste``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.feed.belief import (
    COUNT_BITS,
    CREATOR_SLOTS,
    SLOT_ONE,
    SOUND_SLOTS,
    TAG_SLOTS,
)
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.lanes import find_place, word_of
from sim.world.state import NOBODY

__all__ = ["FADE_BITS", "MOST", "learn_slots", "shared_sound", "unexplained"]

MOST = 2**COUNT_BITS - 1
"""Largest count: the mean is at most that of so many videos (assumption)."""
FADE_BITS = 5
"""The weakest loses 1/32 of its mean when it keeps its place (assumption)."""
_ONE = np.float32(SLOT_ONE)
_PER_ONE = np.float32(1.0 / SLOT_ONE)


@njit(forceinline=True)
def shared_sound(start: Any, sound: Any) -> Any:
    """The sound, if another video can be shown that has it, or NOBODY: two videos in three bring a
    sound of their own, and what is thought of that says nothing about any other video.

    ``start`` [S + 1] is where the videos of each sound begin in the index.
    """
    known = (sound >= 0) & (sound < start.size - 1)
    place = sound if known else 0
    size = at(start, place + 1) - at(start, place) if start.size > 1 else 0
    return sound if known & (size > 1) else NOBODY


@njit(forceinline=True)
def _mean(ids: Any, words: Any, u: Any, first: int, thing: Any) -> Any:
    return word_of(ids, words, u, first, thing) >> COUNT_BITS


@njit(forceinline=True)
def unexplained(
    ids: Any, words: Any, u: Any, sound: Any, tag0: Any, tag1: Any, tag2: Any, creator: Any,
    error: Any,
) -> Any:  # fmt: skip
    """What the things of a video leave of the ``error`` of the topics of user ``u``."""
    total = _mean(ids, words, u, SOUND_SLOTS, sound)
    total += _mean(ids, words, u, TAG_SLOTS, tag0)
    total += _mean(ids, words, u, TAG_SLOTS, tag1)
    total += _mean(ids, words, u, TAG_SLOTS, tag2)
    total += _mean(ids, words, u, CREATOR_SLOTS, creator)
    return error - np.float32(total) * _PER_ONE


@njit(forceinline=True)
def _learn_one(
    ids: Any, words: Any, u: Any, first: int, thing: Any, error: Any, prior: Any
) -> None:
    """Learn of one thing; without a branch, since what happens cannot be foreseen."""
    place, found, word = find_place(ids, words, u, first, thing)
    mean, count = word >> COUNT_BITS, word & MOST
    before = mean if found else 0
    seen = (count if found else 0) + 1
    step = error * (_ONE / (prior + np.float32(seen)))
    after = before + np.int32(np.floor(step + np.float32(0.5)))
    after = min(max(after, -SLOT_ONE), SLOT_ONE)
    column = np.uint64(first + place)
    there = ids[u, column]
    takes = found | (there < 0) | (abs(mean) <= abs(after))
    new = (after << COUNT_BITS) | min(seen, MOST)
    faded = ((mean - (mean >> FADE_BITS)) << COUNT_BITS) | count
    new = new if takes else faded
    ids[u, column] = thing if takes & (thing >= 0) else there
    words[u, column] = new if thing >= 0 else word


@njit(forceinline=True)
def learn_slots(
    step: int, ids: Any, words: Any, u: Any, sound: Any, tag0: Any, tag1: Any, tag2: Any,
    creator: Any, error: Any, of_sound: Any, of_tag: Any, of_creator: Any,
) -> None:  # fmt: skip
    """Learn what the things of a video add for user ``u``, from an unexplained ``error``.

    That takes three steps, 0 to 2, a hashtag in each, because a row's hashtags wait for each other.
    Different users may take the steps in turns. The last three are the priors of the kinds.
    """
    if step == 0:
        _learn_one(ids, words, u, SOUND_SLOTS, sound, error, of_sound)
        _learn_one(ids, words, u, TAG_SLOTS, tag0, error, of_tag)
    elif step == 1:
        _learn_one(ids, words, u, CREATOR_SLOTS, creator, error, of_creator)
        _learn_one(ids, words, u, TAG_SLOTS, tag1, error, of_tag)
    else:
        _learn_one(ids, words, u, TAG_SLOTS, tag2, error, of_tag)
