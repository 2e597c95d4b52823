"""What the platform believes about each user, learned from signals alone.

A signal is what a person did about a video, less what anybody does about it (``usual`` in
``sim.feed.tables``). What each topic adds to it is estimated by a Bayesian regression with a
diagonal covariance, one video after the other: a mean and a variance for each topic, and for the
*level* of the person, who may do more or less than others whatever is shown. The step of a topic is
large while its variance is, and shrinks with evidence. Beside that what a few sounds, hashtags and
creators add, learned from what topics leave unexplained (``sim.feed.slots``). A belief of one
user changes with that user's own impressions at once; nobody else sees it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTION_NAMES
from sim.feed.match import hold, match_sum
from sim.machine.aligned import aligned_zeros
from sim.machine.compiled import njit
from sim.machine.lanes import STEP, more_dot
from sim.scenario import Scenario
from sim.scenario.components import Component
from sim.world.state import NOBODY, TOPIC_ONE, UserAccounts, padded

__all__ = [
    "COUNT_BITS",
    "CREATOR_SLOTS",
    "OF_STRONG",
    "SLOTS",
    "SLOT_COLUMNS",
    "SLOT_ONE",
    "SOUND_SLOTS",
    "STRONG",
    "TAG_SLOTS",
    "Beliefs",
    "Believed",
    "LearnParams",
    "Taste",
    "affinity",
    "affinity_of",
    "believed_in",
    "expected_signal",
    "first_beliefs",
    "learn_params",
    "learn_post",
    "learn_topics",
    "new_taste",
    "no_slots",
    "read_taste",
    "search_weight",
    "signal_of",
]  # fmt: skip

SLOTS = 8
"""Things of each kind that are kept of a person."""
SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS = 0, 2 * SLOTS, 4 * SLOTS
"""First column of each kind in a row of slots; the columns between belong to nobody."""
SLOT_COLUMNS = 6 * SLOTS
"""Columns of a row of slots."""
COUNT_BITS = 8
"""Bits of a word of a slot that hold how many videos its mean is of; the others hold the mean."""

STRONG = 1.0
"""Least error of topics that teaches anything of single things: of normal errors with the usual
noise these hold seven eighths of the information, and are two in five."""
OF_STRONG = np.float32(0.5)
_NOISE_OF_STRONG = 0.55
"""What of such an error is due to the things, on average, and the variance of that, of the noise:
those of normal errors."""

LARGEST_SIGNAL = 3.0
"""Bound of a signal: one event is no proof (assumption)."""
LARGEST_EFFECT = np.float32(1.9)
"""Bound of what a topic can add; a profile entry has 16 bits in a taste."""
LEVEL_SPREAD, LEVEL_DRIFT = np.float32(0.2), np.float32(0.002)
"""Variance of the level over people, and what is left of it at least (assumption)."""
EXPLORE = np.float32(0.5)
"""Standard deviations of doubt that are added to a topic where videos are looked for
(assumption)."""

PROFILE_ONE = 16_384
"""A profile entry of 1 in a taste."""
_PROFILE_ONE = np.float32(PROFILE_ONE)
_LARGEST_ENTRY = np.float32(2**15 - 1)
SLOT_ONE = TOPIC_ONE * PROFILE_ONE
"""An affinity of 1 in the sums of a taste, and in a word of a slot: below 2^24, so float32 holds
every sum exactly."""
_PER_ONE = np.float32(1.0 / SLOT_ONE)
_PER_TOPIC_ONE = np.float32(1.0 / TOPIC_ONE)
_ACTIONS = len(ACTION_NAMES)


class Beliefs(NamedTuple):
    """Beliefs about all users.

    The eight ids of a kind and their words share a line of memory: both arrays are views of the
    same, the words SLOTS columns further on. So a column holds an id and a word or neither, and
    what stands in the others means nothing.
    """

    profile: NDArray[np.float32]
    """profile [U, D] what each topic adds to the signal: the mean of what is believed"""
    doubt: NDArray[np.float32]
    """doubt [U, D] its variance"""
    level: NDArray[np.float32]
    """level [U, 2] what the person does beyond others whatever is shown: mean and variance"""
    slot_id: NDArray[np.int32]
    """slot_id [U, SLOT_COLUMNS] sound, hashtag or creator, or NOBODY, in SLOTS columns from
    SOUND_SLOTS, TAG_SLOTS and CREATOR_SLOTS on"""
    slot_word: NDArray[np.int32]
    """slot_word [U, SLOT_COLUMNS] what it adds to the signal, in the same columns: a mean in
    [-1, 1], in 1/SLOT_ONE, and in the last COUNT_BITS bits how many videos it is of"""


class Taste(NamedTuple):
    """Beliefs about one user as whole numbers, for the time of a request.

    Sums of whole numbers are the same in any order, so they may be added up in whatever way is
    fastest. An affinity of 1 is 127 x 16,384 in these sums.
    """

    profile: NDArray[np.int16]
    """profile [1, D] in 1/16,384"""
    weights: NDArray[np.int32]
    """weights [1, 3 * SLOTS] of sounds, hashtags and creators, in 1/SLOT_ONE"""


class Believed(NamedTuple):
    """How much of each part of what is believed about a person counts in a score; 1 is all."""

    topics: float = 1.0
    sound: float = 1.0
    hashtag: float = 1.0
    creator: float = 1.0


def believed_in(predict: Component) -> Believed:
    """What counts under the predictor ``feed.predict``: all of it where it does not say."""
    return Believed(*(float(getattr(predict, name, 1.0)) for name in Believed._fields))


class LearnParams(NamedTuple):
    """How beliefs change."""

    enabled: bool
    ticked: float
    """what a ticked topic adds at first, over the root of how many there are"""
    doubt: float
    """variance of a topic at first"""
    noise: float
    """variance of a signal"""
    drift: float
    """variance of a topic at least"""
    sound: float
    """videos that what is believed of a sound before any is worth: noise over its variance"""
    hashtag: float
    """the same of a hashtag"""
    creator: float
    """the same of a creator"""
    posts: float
    """signal that a post of one's own counts as; 0 for none"""
    place: float
    """multiple of what one's locale and device are believed to add at first; 0 for none"""
    signals: NDArray[np.float64]
    """signals [A] of each action"""


def learn_params(scenario: Scenario) -> LearnParams:
    """The learning settings of a scenario as numbers."""
    learning = scenario.feed.learning
    each = [float(learning.signals.get(name, 0.0)) for name in ACTION_NAMES]
    noise = float(learning.noise) ** 2
    strong = _NOISE_OF_STRONG * noise
    return LearnParams(
        learning.enabled, float(learning.ticked), float(learning.spread) ** 2,
        noise, float(learning.drift) ** 2, strong / float(learning.sound_spread) ** 2,
        strong / float(learning.hashtag_spread) ** 2, strong / float(learning.creator_spread) ** 2,
        float(learning.posts), float(learning.place), np.array(each),
    )  # fmt: skip


def first_beliefs(accounts: UserAccounts, topics: int, learning: LearnParams) -> Beliefs:
    """Beliefs at sign-up: the ticked topics, or nothing."""
    users = len(accounts.declared)
    profile = aligned_zeros((users, padded(topics)), np.float32)
    doubt = aligned_zeros(profile.shape, np.float32)
    doubt[:, :topics] = learning.doubt
    level = aligned_zeros((users, 2), np.float32)
    level[:, 1] = LEVEL_SPREAD
    _from_declared(accounts.declared, topics, learning.ticked, profile)
    return Beliefs(profile, doubt, level, *no_slots(users))


def no_slots(users: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(slot_id, slot_word) of people of whom nothing is known."""
    rows = (users, SLOT_COLUMNS)
    places = aligned_zeros(users * SLOT_COLUMNS + SLOTS, np.int32)
    ids, words = places[:-SLOTS].reshape(rows), places[SLOTS:].reshape(rows)
    for first in (SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS):
        ids[:, first : first + SLOTS] = NOBODY
    return ids, words


@njit()
def _from_declared(declared, topics, ticked, profile):
    for u in range(declared.size):
        bits = declared[u]
        count = 0
        for d in range(topics):
            count += np.int64((bits >> np.uint64(d)) & np.uint64(1))
        for d in range(topics):
            if (bits >> np.uint64(d)) & np.uint64(1):
                profile[u, d] = np.float32(ticked / math.sqrt(float(count)))


def new_taste(dims: int) -> Taste:
    """Room for the taste of one user; ``dims`` is the length of a padded row of topics."""
    return Taste(np.zeros((1, dims), np.int16), np.zeros((1, 3 * SLOTS), np.int32))


@njit(forceinline=True)
def read_taste(profile, words, user, believed, taste_profile, taste_weights):
    """Write the beliefs about ``user`` as whole numbers; arrays as in Beliefs and Taste.

    ``believed`` [4] float32 are the weights of :class:`Believed`.
    """
    u = np.uint64(user)
    one = believed[0] * _PROFILE_ONE
    for first in range(0, profile.shape[1], STEP):
        for d in range(first, first + STEP):
            entry = np.floor(profile[u, d] * one + np.float32(0.5))
            taste_profile[0, d] = np.int16(min(max(entry, -_LARGEST_ENTRY), _LARGEST_ENTRY))
    for kind in range(3):
        weight = believed[kind + 1]
        for i in range(SLOTS):
            mean = np.float32(words[u, i + 2 * SLOTS * kind] >> COUNT_BITS)
            taste_weights[0, i + SLOTS * kind] = np.int32(np.floor(mean * weight + np.float32(0.5)))


@njit(forceinline=True)
def affinity_of(total):
    """Affinity in [-1, 1], float32, from the sum that ``match_sum`` gives: the signal that this
    person is expected to give beyond others.
    """
    value = np.float32(total) * _PER_ONE
    return min(max(value, np.float32(-1.0)), np.float32(1.0))


@njit(forceinline=True)
def affinity(taste_profile, taste_weights, ids, u, caption, v, sound, tag0, tag1, tag2, creator):
    """How well a video suits user ``u``, as the platform believes; float32 in [-1, 1].

    ``taste_profile`` [1, D] and ``taste_weights`` [1, 3 * SLOTS] are the user's :class:`Taste`;
    ``ids`` [U, SLOT_COLUMNS] is part of the beliefs; row ``v`` of ``caption`` [V, .] int8,
    ``sound``, the hashtags (NOBODY in unused places) and ``creator`` are the video's.
    """
    taste = hold(taste_profile, 0, ids, u, taste_weights)
    total = match_sum(caption, v, taste, sound, tag0, tag1, tag2, creator)
    return affinity_of(total + more_dot(caption, v, taste_profile, 0, taste_profile.shape[1]))


@njit(forceinline=True)
def signal_of(actions, signals, usual):
    """The signal of the actions in a bit mask, beyond the ``usual`` one of the video.

    ``signals`` [A] are those of LearnParams.
    """
    total = 0.0
    for a in range(_ACTIONS):
        total += signals[a] if (actions >> a) & 1 else 0.0
    return min(max(total - float(usual), -LARGEST_SIGNAL), LARGEST_SIGNAL)


@njit(forceinline=True)
def expected_signal(profile, u, caption, v):
    """What the topics of a video let one expect of user ``u``, beyond the user's level.

    Four partial sums, because each addition waits for the last.
    """
    a = b = c = e = np.float32(0.0)
    for d in range(0, profile.shape[1], 4):
        a += profile[u, d] * (np.float32(caption[v, d]) * _PER_TOPIC_ONE)
        b += profile[u, d + 1] * (np.float32(caption[v, d + 1]) * _PER_TOPIC_ONE)
        c += profile[u, d + 2] * (np.float32(caption[v, d + 2]) * _PER_TOPIC_ONE)
        e += profile[u, d + 3] * (np.float32(caption[v, d + 3]) * _PER_TOPIC_ONE)
    return (a + b) + (c + e)


@njit(forceinline=True)
def _doubt_of(doubt, u, caption, v):
    """Variance of that expectation."""
    a = b = c = e = np.float32(0.0)
    for d in range(0, doubt.shape[1], 4):
        x = np.float32(caption[v, d]) * _PER_TOPIC_ONE
        a += doubt[u, d] * x * x
        x = np.float32(caption[v, d + 1]) * _PER_TOPIC_ONE
        b += doubt[u, d + 1] * x * x
        x = np.float32(caption[v, d + 2]) * _PER_TOPIC_ONE
        c += doubt[u, d + 2] * x * x
        x = np.float32(caption[v, d + 3]) * _PER_TOPIC_ONE
        e += doubt[u, d + 3] * x * x
    return (a + b) + (c + e)


@njit(forceinline=True)
def _move_topics(profile, doubt, u, caption, v, step, inverse, drift):
    """Move the topics of a video: by their doubt times ``step``, the error over its variance."""
    for d in range(profile.shape[1]):  # in vector registers
        gain = doubt[u, d] * (np.float32(caption[v, d]) * _PER_TOPIC_ONE)
        moved = profile[u, d] + gain * step
        profile[u, d] = min(max(moved, -LARGEST_EFFECT), LARGEST_EFFECT)
        less = doubt[u, d] - gain * gain * inverse
        # what pads a row has no doubt and keeps none
        doubt[u, d] = max(less, min(drift, doubt[u, d]))


@njit(forceinline=True)
def learn_topics(profile, doubt, level, u, caption, v, signal, expected, noise, drift):
    """Update the regression of user ``u`` after an impression; returns what it did not expect.

    ``expected`` is that of :func:`expected_signal`; ``noise`` and ``drift`` are variances.
    """
    error = np.float32(signal) - (level[u, 0] + expected)
    known = level[u, 1]
    total = (noise + known) + _doubt_of(doubt, u, caption, v)
    inverse = np.float32(1.0) / total
    step = error * inverse
    _move_topics(profile, doubt, u, caption, v, step, inverse, drift)
    level[u, 0] += known * step
    level[u, 1] = max(known - known * known * inverse, LEVEL_DRIFT)
    return error


@njit()
def learn_post(profile, doubt, u, caption, v, signal, noise, drift):
    """Update the regression of user ``u`` after a post of theirs, as by an impression.

    What the person does about the videos of others, their level, has no part in it.
    """
    error = np.float32(signal) - expected_signal(profile, u, caption, v)
    inverse = np.float32(1.0) / (noise + _doubt_of(doubt, u, caption, v))
    _move_topics(profile, doubt, u, caption, v, error * inverse, inverse, drift)


@njit(forceinline=True)
def search_weight(profile, doubt, u, d):
    """How much the source ``interest`` looks for topic ``d``, given what it may add.

    The square of the mean and some of the doubt: what is not known yet is tried out.
    """
    value = profile[u, d] + EXPLORE * np.float32(math.sqrt(doubt[u, d]))
    value = max(value, np.float32(0.0))
    return value * value + np.float32(1e-6)
