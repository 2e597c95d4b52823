"""Beliefs and videos out of thin air, for tests that compare two forms of one function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import (
    COUNT_BITS,
    CREATOR_SLOTS,
    SLOT_ONE,
    SLOTS,
    SOUND_SLOTS,
    TAG_SLOTS,
    Beliefs,
    no_slots,
)
from sim.world.state import NOBODY, TOPIC_ONE, padded


def same(found: Any, wanted: Any) -> None:
    """Equal in type, shape and every bit."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    assert found.tobytes() == wanted.tobytes(), (found, wanted)


def rows_of_topics(random: Any, rows: int, topics: int) -> NDArray[np.int8]:
    """Rows of norm 1 in 1/127, some of them of a single topic."""
    strength = random.random((rows, topics)) ** 4
    strength[::3] = np.eye(topics)[random.integers(0, topics, len(strength[::3]))]
    strength /= np.linalg.norm(strength, axis=1, keepdims=True)
    out = np.zeros((rows, padded(topics)), np.int8)
    out[:, :topics] = np.rint(strength * TOPIC_ONE)
    return out


def beliefs_of(random: Any, users: int, topics: int) -> Beliefs:
    """Users of whom little, much, or nothing is known."""
    profile = np.zeros((users, padded(topics)), np.float32)
    profile[:, :topics] = random.normal(0.1, 0.3, (users, topics))
    profile[::4, topics // 2 + 1 :] = 0.0
    doubt = np.zeros_like(profile)
    doubt[:, :topics] = random.random((users, topics)) ** 4 + 1e-4
    level = random.random((users, 2)).astype(np.float32) + np.float32(0.01)
    ids, words = no_slots(users)
    for u in range(users):
        for first in (SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS):
            known = int(random.integers(0, SLOTS + 1))
            places = first + random.permutation(SLOTS)[:known]
            ids[u, places] = random.permutation(30)[:known]
            # ties among the weakest, and means of exactly 0
            means = random.choice([0.0, 0.1, -0.1, 1.0, -1.0, 1e-6, random.random()], known)
            words[u, places] = words_of(means, random.choice([0, 1, 7, 254, 255], known))
    return Beliefs(profile, doubt, level, ids, words)


def words_of(means: Any, counts: Any) -> NDArray[np.int32]:
    """The words of slots with these means, in units of signal, and counts."""
    whole = np.floor(np.asarray(means) * SLOT_ONE).astype(np.int32)
    return (whole << COUNT_BITS) | np.asarray(counts).astype(np.int32)


def copy_of(beliefs: Beliefs) -> Beliefs:
    ids, words = no_slots(len(beliefs.profile))
    columns = np.add.outer([SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS], np.arange(SLOTS)).ravel()
    ids[:, columns], words[:, columns] = beliefs.slot_id[:, columns], beliefs.slot_word[:, columns]
    rows = (beliefs.profile.copy(), beliefs.doubt.copy(), beliefs.level.copy())
    return Beliefs(*rows, ids, words)


def videos_of(random: Any, count: int, topics: int) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """(caption [V, D], things [V, 5] sound, three hashtags and creator; NOBODY among them)."""
    things = random.integers(0, 30, (count, 5)).astype(np.int32)
    things[:, 1:4][random.random((count, 3)) < 0.4] = NOBODY
    things[random.random(count) < 0.1, 0] = NOBODY
    same_twice = random.random(count) < 0.2
    things[same_twice, 2] = things[same_twice, 1]
    return rows_of_topics(random, count, topics), things
