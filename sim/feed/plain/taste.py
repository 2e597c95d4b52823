"""What the platform believes about one user, and how that follows what the user does.

The twin of ``sim.feed.belief`` and ``sim.feed.slots``. A profile over topics, and up to
SLOTS each of sounds, hashtags and creators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import (
    COUNT_BITS,
    CREATOR_SLOTS,
    LARGEST_EFFECT,
    LARGEST_SIGNAL,
    LEVEL_DRIFT,
    PROFILE_ONE,
    SLOTS,
    SOUND_SLOTS,
    TAG_SLOTS,
    Beliefs,
    Believed,
)
from sim.feed.slots import FADE_BITS, MOST
from sim.world.state import NOBODY, TOPIC_ONE, VideoListing

__all__ = [
    "Listed", "Regression", "Slots", "Taste", "affinity", "expected_signal", "learn_one", "listed",
    "shared_sound", "signal_of", "taste_of",
]  # fmt: skip

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_ONE = TOPIC_ONE * PROFILE_ONE
"""An affinity of 1, in the whole numbers of a taste."""
_PER_TOPIC_ONE = np.float32(1.0 / TOPIC_ONE)
_LARGEST_ENTRY = 2**15 - 1


class Listed(NamedTuple):
    """What of a video a taste can match."""

    caption: NDArray[np.int8]
    """caption [D] strength of each topic, in 1/127"""
    sound: int
    hashtags: tuple[int, ...]
    """NOBODY in unused places"""
    creator: int


def listed(videos: VideoListing, video: int) -> Listed:
    """What the platform reads off one video."""
    return Listed(
        videos.caption[video],
        int(videos.sound[video]),
        tuple(videos.tags[video].tolist()),
        int(videos.creator[video]),
    )


# ---- how well a video suits -----------------------------------------------------------------


@dataclass(frozen=True)
class Taste:
    """Beliefs about one user in whole numbers, so that sums have no order."""

    profile: NDArray[np.int64]
    """profile [D] interest in each topic, in 1/16,384"""
    sounds: Mapping[int, int]
    hashtags: Mapping[int, int]
    creators: Mapping[int, int]
    """what each id that is known adds, times the weight of its kind, in 1/(127 x 16,384)"""


def taste_of(beliefs: Beliefs, user: int, believed: Believed) -> Taste:
    """Beliefs about ``user``, times how much each part counts, rounded to whole numbers."""
    half = np.float32(0.5)

    def kind(first: int, weight: float) -> dict[int, int]:
        ids, words = _slots(beliefs, user, first)
        known = zip(ids.tolist(), words.tolist(), strict=True)
        return {
            thing: int(np.floor(np.float32(word >> COUNT_BITS) * np.float32(weight) + half))
            for thing, word in known
            if thing != NOBODY
        }

    one = np.float32(believed.topics) * np.float32(PROFILE_ONE)
    profile = np.floor(beliefs.profile[user] * one + half)
    return Taste(
        np.clip(profile, -_LARGEST_ENTRY, _LARGEST_ENTRY).astype(np.int64),
        kind(SOUND_SLOTS, believed.sound),
        kind(TAG_SLOTS, believed.hashtag),
        kind(CREATOR_SLOTS, believed.creator),
    )


def affinity(taste: Taste, video: Listed) -> np.float32:
    """How well a video suits, in [-1, 1]: topics in common, and liked things that it has."""
    total = int(taste.profile @ video.caption.astype(np.int64))
    total += taste.sounds.get(video.sound, 0)
    for hashtag in video.hashtags:
        total += taste.hashtags.get(hashtag, 0)
    total += taste.creators.get(video.creator, 0)
    value = np.float32(total) * np.float32(1.0 / _ONE)
    return min(max(value, np.float32(-1.0)), np.float32(1.0))


# ---- learning -------------------------------------------------------------------------------


def signal_of(actions: int, signals: tuple[float, ...], usual: float) -> float:
    """Sum of the signals [A] of the actions that were done less the ``usual`` one, bounded."""
    total = 0.0
    for number, signal in enumerate(signals):
        if actions >> number & 1:
            total += signal
    return min(max(total - float(usual), -LARGEST_SIGNAL), LARGEST_SIGNAL)


def expected_signal(profile: F32, caption: NDArray[np.int8]) -> np.float32:
    """What the topics of a video let one expect of a person, beyond the person's level."""
    return _sum(profile * (caption.astype(np.float32) * _PER_TOPIC_ONE))


@dataclass(frozen=True)
class Regression:
    """What topics add to the signal: a mean and a variance of each, one video after the other."""

    noise: np.float32
    """variance of a signal"""
    drift: np.float32
    """variance of a topic at least"""

    def learn(
        self, profile: F32, doubt: F32, level: F32, caption: NDArray[np.int8], signal: float,
        expected: np.float32,
    ) -> np.float32:  # fmt: skip
        """Update the rows of a user [D], [D] and [2]; returns what was not ``expected``.

        All in float32, rounded after each operation.
        """
        x = caption.astype(np.float32) * _PER_TOPIC_ONE
        error = np.float32(signal) - (level[0] + expected)
        known = level[1]
        inverse = np.float32(1.0) / ((self.noise + known) + _sum(doubt * x * x))
        step = error * inverse
        gain = doubt * x
        profile[:] = np.clip(profile + gain * step, -LARGEST_EFFECT, LARGEST_EFFECT)
        doubt[:] = np.maximum(doubt - gain * gain * inverse, np.minimum(self.drift, doubt))
        level[0] += known * step
        level[1] = max(known - known * known * inverse, LEVEL_DRIFT)
        return np.float32(error)


def _sum(values: F32) -> np.float32:
    """Sum; every fourth value is added up for itself, which fixes the rounding."""
    sums = [np.float32(0.0)] * 4
    for d, value in enumerate(values):
        sums[d % 4] = sums[d % 4] + value
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


def shared_sound(sound: int, start: I32) -> int:
    """The sound if the index, ``start`` [S + 1], has two videos or more with it, or else NOBODY."""
    if 0 <= sound < len(start) - 1 and start[sound + 1] - start[sound] > 1:
        return sound
    return NOBODY


@dataclass(frozen=True)
class Slots:
    """What things of each kind add: a mean and a count of each; the fields are the prior."""

    sound: np.float32
    hashtag: np.float32
    creator: np.float32

    def learn(self, beliefs: Beliefs, user: int, video: Listed, error: np.float32) -> np.float32:
        """Learn of what a video has from the ``error`` of topics; returns what is left of it."""
        things = [
            (SOUND_SLOTS, video.sound, self.sound),
            *((TAG_SLOTS, hashtag, self.hashtag) for hashtag in video.hashtags),
            (CREATOR_SLOTS, video.creator, self.creator),
        ]
        expected = 0
        for first, thing, _ in things:
            ids, words = _slots(beliefs, user, first)
            if thing != NOBODY and thing in ids:
                expected += int(words[ids.tolist().index(thing)]) >> COUNT_BITS
        error = error - np.float32(expected) * np.float32(1.0 / _ONE)
        for first, thing, prior in things:
            learn_one(*_slots(beliefs, user, first), thing, error, prior)
        return error


def learn_one(ids: I32, words: I32, thing: int, error: np.float32, prior: np.float32) -> None:
    """Move the mean of ``thing`` by its share of the ``error``, in ``ids`` and ``words`` [SLOTS].

    What has no place yet takes an empty one, or else that of the weakest, unless even the weakest
    is farther from 0; then that one fades.
    """
    if thing == NOBODY:
        return
    means = [word >> COUNT_BITS for word in words.tolist()]
    if thing in ids:
        place = ids.tolist().index(thing)
        mean, count = means[place], int(words[place]) & MOST
    else:
        sizes = [-1 if number == NOBODY else abs(means[i]) for i, number in enumerate(ids.tolist())]
        place = sizes.index(min(sizes))
        mean, count = 0, 0
    step = error * (np.float32(_ONE) / (prior + np.float32(count + 1)))
    after = min(max(mean + int(np.floor(step + np.float32(0.5))), -_ONE), _ONE)
    if thing not in ids and ids[place] != NOBODY and abs(means[place]) > abs(after):
        weaker = means[place] - (means[place] >> FADE_BITS)
        words[place] = weaker << COUNT_BITS | int(words[place]) & MOST
        return
    ids[place], words[place] = thing, after << COUNT_BITS | min(count + 1, MOST)


def _slots(beliefs: Beliefs, user: int, first: int) -> tuple[I32, I32]:
    """(ids [SLOTS], words [SLOTS]) of one kind; views, so that changes stay."""
    here = slice(first, first + SLOTS)
    return beliefs.slot_id[user, here], beliefs.slot_word[user, here]
