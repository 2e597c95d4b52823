"""What the platform believes about one user, and how that follows what the user does.

The twin of ``sim.feed.belief``. A profile over topics, and up to SLOTS affinities each for sounds,
hashtags and creators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import (
    AFFINITY_STEP,
    CREATOR_SLOTS,
    CREATOR_WEIGHT,
    KEEP,
    LARGEST_EFFECT,
    LARGEST_SIGNAL,
    LEVEL_DRIFT,
    PROFILE_ONE,
    SLOTS,
    SOUND_SLOTS,
    SOUND_WEIGHT,
    TAG_SLOTS,
    TAG_WEIGHT,
    Beliefs,
)
from sim.world.state import NOBODY, TOPIC_ONE, VideoListing

__all__ = [
    "Listed", "Regression", "Taste", "affinity", "change_one", "expected_signal",
    "learn_affinities", "listed", "signal_of", "taste_of",
]  # fmt: skip

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_ONE = TOPIC_ONE * PROFILE_ONE
"""An affinity of 1, in the whole numbers of a taste."""
_PER_TOPIC_ONE = np.float32(1.0 / TOPIC_ONE)


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
    """affinity of each id that has one, times the weight of its kind, in 1/(127 x 16,384)"""


def taste_of(beliefs: Beliefs, user: int) -> Taste:
    """Beliefs about ``user``, rounded to whole numbers: topics to the nearest, the others down."""

    def kind(first: int, weight: np.float32) -> dict[int, int]:
        ids, affinities = _slots(beliefs, user, first)
        unit = weight * np.float32(_ONE)
        known = zip(ids.tolist(), affinities, strict=True)
        return {number: int(affinity * unit) for number, affinity in known if number != NOBODY}

    half = np.float32(0.5)
    profile = np.floor(beliefs.profile[user] * np.float32(PROFILE_ONE) + half)
    return Taste(
        profile.astype(np.int64),
        kind(SOUND_SLOTS, SOUND_WEIGHT),
        kind(TAG_SLOTS, TAG_WEIGHT),
        kind(CREATOR_SLOTS, CREATOR_WEIGHT),
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


def learn_affinities(beliefs: Beliefs, user: int, video: Listed, signal: float) -> None:
    """Change the affinities for what a video with a strong signal has."""
    amount = np.float32(AFFINITY_STEP * signal)
    change_one(*_slots(beliefs, user, SOUND_SLOTS), video.sound, amount)
    for hashtag in video.hashtags:
        change_one(*_slots(beliefs, user, TAG_SLOTS), hashtag, amount)
    change_one(*_slots(beliefs, user, CREATOR_SLOTS), video.creator, amount)


def change_one(ids: I32, affinities: F32, wanted: int, amount: np.float32) -> None:
    """Move the affinity for ``wanted`` by ``amount`` of the way to 1, or below 0 to -1.

    All affinities of its kind fade first. What has none yet takes an empty place, or else that of
    the weakest, unless even the weakest counts more than ``amount``. ``ids`` and ``affinities``
    [SLOTS] are changed.
    """
    if wanted == NOBODY:
        return
    affinities *= KEEP
    if wanted in ids:
        place = ids.tolist().index(wanted)
    else:
        sizes = [np.float32(-1.0) if number == NOBODY else abs(affinities[i])
                 for i, number in enumerate(ids.tolist())]  # fmt: skip
        place = sizes.index(min(sizes))
        if sizes[place] > abs(amount):
            return
        ids[place], affinities[place] = wanted, 0.0
    bound = np.float32(1.0 if amount > 0.0 else -1.0)
    affinities[place] += abs(amount) * (bound - affinities[place])


def _slots(beliefs: Beliefs, user: int, first: int) -> tuple[I32, F32]:
    """(ids [SLOTS], affinities [SLOTS]) of one kind; views, so that changes stay."""
    here = slice(first, first + SLOTS)
    return beliefs.slot_id[user, here], beliefs.slot_weight[user, here]
