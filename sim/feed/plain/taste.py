"""What the platform believes about one user, and how that follows what the user does.

The twin of ``sim.feed.belief``. A profile over topics, and up to SLOTS affinities each for sounds,
hashtags and creators.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTION_NAMES
from sim.feed.belief import (
    AFFINITY_CENTRE,
    AFFINITY_STEP,
    CREATOR_SLOTS,
    CREATOR_WEIGHT,
    DISLIKE,
    KEEP,
    LARGEST_STEP,
    PROFILE_ONE,
    SLOTS,
    SOUND_SLOTS,
    SOUND_WEIGHT,
    TAG_SLOTS,
    TAG_WEIGHT,
    Beliefs,
)
from sim.scenario.feed import LearningConfig
from sim.world.state import NOBODY, TOPIC_ONE, VideoListing

__all__ = [
    "Learner", "Listed", "Taste", "affinity", "change_one", "learn", "learn_affinities",
    "learn_topics", "listed", "signal_of", "taste_of",
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
    profile = beliefs.profile[user] * np.float32(PROFILE_ONE) + half
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
    value = np.float32(total) * np.float32(1.0 / _ONE) - AFFINITY_CENTRE
    return min(max(value, np.float32(-1.0)), np.float32(1.0))


# ---- learning -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Learner:
    """How fast beliefs follow signals."""

    rate: float
    """step of the profile per unit of signal"""
    signals: tuple[float, ...]
    """signals [A] of each action"""

    @classmethod
    def of(cls, learning: LearningConfig) -> Learner:
        """The learning settings of a scenario; an action that they do not name counts 0."""
        each = tuple(float(learning.signals.get(name, 0.0)) for name in ACTION_NAMES)
        return cls(float(learning.rate), each)

    def note(self, beliefs: Beliefs, user: int, video: Listed, actions: int) -> None:
        """Change the beliefs about ``user``, who did ``actions`` (a bit mask) about ``video``."""
        learn(self.rate, beliefs, user, video, signal_of(actions, self.signals))


def signal_of(actions: int, signals: tuple[float, ...]) -> float:
    """Sum of the signals [A] of the actions that were done, within [-3, 3]."""
    total = 0.0
    for number, signal in enumerate(signals):
        if actions >> number & 1:
            total += signal
    return min(max(total, -3.0), 3.0)


def learn(rate: float, beliefs: Beliefs, user: int, video: Listed, signal: float) -> None:
    """Update the beliefs about ``user`` after an impression with this ``signal``."""
    learn_topics(rate, beliefs.profile[user], video.caption, signal)
    if signal >= 1.0 or signal <= -2.0:  # a weak one says nothing of sound, hashtags and creator
        learn_affinities(beliefs, user, video, signal)


def learn_topics(rate: float, profile: F32, caption: NDArray[np.int8], signal: float) -> None:
    """Move ``profile`` [D] towards a liked ``caption`` [D] or away from a disliked one; norm 1.

    A dislike takes away where the video is strong, and nothing below 0. All in float32, rounded
    after each operation.
    """
    if signal == 0.0:
        return
    step = np.float32(min(rate * abs(signal), LARGEST_STEP))
    goal = caption.astype(np.float32)
    if signal > 0.0:
        profile += step * (goal * _PER_TOPIC_ONE - profile)
    else:
        loss = step * (DISLIKE * _PER_TOPIC_ONE)
        profile[:] = np.maximum(profile - loss * goal, np.float32(0.0))
    square = _square(profile)
    if square > np.float32(1e-6):
        profile *= np.float32(1.0) / np.float32(math.sqrt(square))


def _square(profile: F32) -> np.float32:
    """Square of the norm; every fourth topic is added up for itself, which fixes the rounding."""
    sums = [np.float32(0.0)] * 4
    for d, value in enumerate(profile):
        sums[d % 4] = sums[d % 4] + value * value
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
