"""What the platform believes about each user, learned from signals alone.

A profile over topics, and a few affinities each for sounds, hashtags and creators. A belief of
one user changes with that user's own impressions at once; nobody else sees it.
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
from sim.machine.lanes import STEP, change_one, more_dot, move_row
from sim.scenario import Scenario
from sim.world.state import NOBODY, TOPIC_ONE, UserAccounts, padded

__all__ = [
    "CREATOR_SLOTS", "SLOTS", "SLOT_COLUMNS", "SOUND_SLOTS", "TAG_SLOTS", "Beliefs", "LearnParams",
    "Taste", "affinity", "affinity_of", "first_beliefs", "is_strong", "learn", "learn_affinities",
    "learn_params", "learn_topics", "move_topics", "new_taste", "no_affinities", "read_taste",
    "scale_of", "scale_topics", "signal_of",
]  # fmt: skip

SLOTS = 8
"""Affinities kept of each kind."""
SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS = 0, 2 * SLOTS, 4 * SLOTS
"""First column of each kind in a row of affinities; the columns between belong to nobody."""
SLOT_COLUMNS = 6 * SLOTS
"""Columns of a row of affinities."""

AFFINITY_CENTRE = np.float32(0.35)
"""Cosine of profile and caption of an ordinary candidate; above it is a match (assumption)."""
SOUND_WEIGHT = np.float32(0.15)
TAG_WEIGHT = np.float32(0.10)
CREATOR_WEIGHT = np.float32(0.30)
KEEP = np.float32(0.97)
"""Share of an affinity that is left after each further change of its kind (assumption)."""
LARGEST_STEP = 0.9
"""Share of the way to a video that a profile goes at most (assumption)."""
DISLIKE = np.float32(0.25)
"""Step away from a disliked video, of a step towards a liked one (assumption)."""
AFFINITY_STEP = 0.1
"""Share of the way to its bound that an affinity moves, per unit of signal (assumption)."""

PROFILE_ONE = 16_384
"""A profile entry of 1 in a taste."""
_PROFILE_ONE = np.float32(PROFILE_ONE)
_ONE = np.float32(TOPIC_ONE * 16384.0)
"""An affinity of 1 in the sums of a taste: below 2^24, so float32 holds every sum exactly."""
_PER_ONE = np.float32(1.0 / (TOPIC_ONE * 16384.0))
_PER_TOPIC_ONE = np.float32(1.0 / TOPIC_ONE)
_ACTIONS = len(ACTION_NAMES)


class Beliefs(NamedTuple):
    """Beliefs about all users.

    The eight ids of a kind and their weights share a line of memory: both arrays are views of the
    same, the weights SLOTS columns further on. So a column holds an id and a weight or neither, and
    what stands in the others means nothing.
    """

    profile: NDArray[np.float32]
    """profile [U, D] interest in each topic; no entry below 0, norm 1"""
    slot_id: NDArray[np.int32]
    """slot_id [U, SLOT_COLUMNS] sound, hashtag or creator, or NOBODY, in SLOTS columns from
    SOUND_SLOTS, TAG_SLOTS and CREATOR_SLOTS on"""
    slot_weight: NDArray[np.float32]
    """slot_weight [U, SLOT_COLUMNS] affinity in [-1, 1], in the same columns"""


class Taste(NamedTuple):
    """Beliefs about one user as whole numbers, for the time of a request.

    Sums of whole numbers are the same in any order, so they may be added up in whatever way is
    fastest. An affinity of 1 is 127 x 16,384 in these sums.
    """

    profile: NDArray[np.int16]
    """profile [1, D] in 1/16,384"""
    weights: NDArray[np.int32]
    """weights [1, 3 * SLOTS] of sounds, hashtags and creators, times the weight of the kind"""


class LearnParams(NamedTuple):
    """How fast beliefs change."""

    rate: float
    """Step of the profile per unit of signal."""
    signals: NDArray[np.float64]
    """signals [A] of each action; those of an impression are added up, within [-3, 3]"""


def learn_params(scenario: Scenario) -> LearnParams:
    """The learning settings of a scenario as numbers."""
    learning = scenario.feed.learning
    each = [float(learning.signals.get(name, 0.0)) for name in ACTION_NAMES]
    return LearnParams(float(learning.rate), np.array(each))


def first_beliefs(accounts: UserAccounts, topics: int) -> Beliefs:
    """Beliefs at sign-up: the ticked topics, or a flat profile when nothing was ticked."""
    users = len(accounts.declared)
    profile = aligned_zeros((users, padded(topics)), np.float32)
    _from_declared(accounts.declared, topics, profile)
    return Beliefs(profile, *no_affinities(users))


def no_affinities(users: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """(slot_id, slot_weight) of people of whom nothing is known."""
    rows = (users, SLOT_COLUMNS)
    places = aligned_zeros(users * SLOT_COLUMNS + SLOTS, np.int32)
    ids, weights = places[:-SLOTS].reshape(rows), places[SLOTS:].view(np.float32).reshape(rows)
    for first in (SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS):
        ids[:, first : first + SLOTS] = NOBODY
    return ids, weights


@njit()
def _from_declared(declared, topics, profile):
    for u in range(declared.size):
        bits = declared[u]
        count = 0
        for d in range(topics):
            count += np.int64((bits >> np.uint64(d)) & np.uint64(1))
        for d in range(topics):
            ticked = np.int64((bits >> np.uint64(d)) & np.uint64(1))
            if count == 0 or ticked == 1:
                profile[u, d] = np.float32(1.0 / math.sqrt(float(count if count > 0 else topics)))


def new_taste(dims: int) -> Taste:
    """Room for the taste of one user; ``dims`` is the length of a padded row of topics."""
    return Taste(np.zeros((1, dims), np.int16), np.zeros((1, 3 * SLOTS), np.int32))


@njit(forceinline=True)
def read_taste(profile, weights, user, taste_profile, taste_weights):
    """Write the beliefs about ``user`` as whole numbers; arrays as in Beliefs and Taste."""
    u = np.uint64(user)
    for first in range(0, profile.shape[1], STEP):
        for d in range(first, first + STEP):
            taste_profile[0, d] = np.int16(profile[u, d] * _PROFILE_ONE + np.float32(0.5))
    for i in range(SLOTS):
        taste_weights[0, i] = np.int32(weights[u, i + SOUND_SLOTS] * (SOUND_WEIGHT * _ONE))
        j = i + SLOTS
        taste_weights[0, j] = np.int32(weights[u, i + TAG_SLOTS] * (TAG_WEIGHT * _ONE))
        j = i + 2 * SLOTS
        taste_weights[0, j] = np.int32(weights[u, i + CREATOR_SLOTS] * (CREATOR_WEIGHT * _ONE))


@njit(forceinline=True)
def affinity_of(total):
    """Affinity in [-1, 1], float32, from the sum that ``match_sum`` gives."""
    value = np.float32(total) * _PER_ONE - AFFINITY_CENTRE
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
def signal_of(actions, signals):
    """The signal of the actions in a bit mask; ``signals`` [A] of LearnParams."""
    total = 0.0
    for a in range(_ACTIONS):
        total += signals[a] if (actions >> a) & 1 else 0.0
    return min(max(total, -3.0), 3.0)


@njit(forceinline=True)
def learn(
    rate, profile, ids, weights, u, caption, v, sound, tag0, tag1, tag2, creator, signal
):  # fmt: skip
    """Update the beliefs about user ``u`` after an impression with this ``signal``.

    ``rate`` is the step a unit of signal; the other arguments are those of :func:`affinity`.
    """
    learn_topics(rate, profile, u, caption, v, signal)
    if is_strong(signal):
        for step in (0, 1, 2):
            learn_affinities(step, ids, weights, u, sound, tag0, tag1, tag2, creator, signal)


@njit(forceinline=True)
def learn_topics(rate, profile, u, caption, v, signal):
    """Move row ``u`` of ``profile`` towards the video's topics, or away from them.

    A signal of 0 changes nothing. What pads a row of topics stays zero.
    """
    total = move_topics(rate, profile, u, caption, v, signal)
    scale_topics(profile, u, scale_of(total, signal))


@njit(forceinline=True)
def move_topics(rate, profile, u, caption, v, signal):
    """The first step of :func:`learn_topics`; returns the square of the norm of the row.

    There is no branch: which way it goes cannot be foreseen, and both ways are a few steps in
    vector registers.
    """
    step = np.float32(min(rate * abs(signal), LARGEST_STEP))
    # a dislike takes away where the video is strong, a quarter as fast as a like adds
    loss = step * (DISLIKE * _PER_TOPIC_ONE)
    for first in range(0, profile.shape[1], STEP):
        move_row(profile, u, first, caption, v, signal > 0.0, step, loss, _PER_TOPIC_ONE)
    return _square(profile, u)


@njit(forceinline=True)
def scale_of(total, signal):
    """The second step: what brings a row with this square of its norm back to norm 1."""
    scale = np.float32(1.0) / np.float32(math.sqrt(total))
    return scale if (total > np.float32(1e-6)) & (signal != 0.0) else np.float32(1.0)


@njit(forceinline=True)
def scale_topics(profile, u, scale):
    """The third step."""
    for first in range(0, profile.shape[1], STEP):
        for d in range(first, first + STEP):
            profile[u, d] *= scale


@njit(forceinline=True)
def is_strong(signal):
    """Whether a signal changes what the platform believes about sound, hashtags and creator."""
    return (signal >= 1.0) | (signal <= -2.0)


@njit(forceinline=True)
def learn_affinities(step, ids, weights, u, sound, tag0, tag1, tag2, creator, signal):
    """Change the affinities of row ``u`` for what a video with a strong signal has.

    That takes three steps, 0 to 2, a hashtag in each, because a row's hashtags wait for each other.
    Different users may take the steps in turns.
    """
    amount = np.float32(AFFINITY_STEP * signal)
    if step == 0:
        change_one(ids, weights, u, SOUND_SLOTS, sound, amount, KEEP)
        change_one(ids, weights, u, TAG_SLOTS, tag0, amount, KEEP)
    elif step == 1:
        change_one(ids, weights, u, CREATOR_SLOTS, creator, amount, KEEP)
        change_one(ids, weights, u, TAG_SLOTS, tag1, amount, KEEP)
    else:
        change_one(ids, weights, u, TAG_SLOTS, tag2, amount, KEEP)


@njit(forceinline=True)
def _square(profile, u):
    """Square of the norm of a row; four partial sums, because each addition waits for the last."""
    a = b = c = e = np.float32(0.0)
    for d in range(0, profile.shape[1], 4):
        a += profile[u, d] * profile[u, d]
        b += profile[u, d + 1] * profile[u, d + 1]
        c += profile[u, d + 2] * profile[u, d + 2]
        e += profile[u, d + 3] * profile[u, d + 3]
    return (a + b) + (c + e)
