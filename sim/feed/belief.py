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
from sim.core.compiled import njit
from sim.scenario import Scenario
from sim.world.state import NOBODY, UserAccounts, padded

__all__ = [
    "CREATOR_SLOTS", "SLOTS", "SOUND_SLOTS", "TAG_SLOTS", "Beliefs", "LearnParams", "affinity",
    "dot", "first_beliefs", "learn", "learn_params", "signal_of",
]  # fmt: skip

SLOTS = 8
"""Affinities kept of each kind."""
SOUND_SLOTS = 0
"""Columns 0 to 7 of a slot row hold sounds, then come hashtags and creators."""
TAG_SLOTS = SLOTS
CREATOR_SLOTS = 2 * SLOTS

AFFINITY_CENTRE = np.float32(0.35)
"""Cosine of profile and caption of an ordinary candidate; above it is a match (assumption)."""
_SOUND_WEIGHT = np.float32(0.15)
_TAG_WEIGHT = np.float32(0.10)
_CREATOR_WEIGHT = np.float32(0.30)
_KEEP = np.float32(0.97)
"""Share of an affinity that is left after each further change of its kind (assumption)."""


class Beliefs(NamedTuple):
    """Beliefs about all users."""

    profile: NDArray[np.float32]
    """profile [U, D] interest in each topic; no entry below 0, norm 1"""
    slot_id: NDArray[np.int32]
    """slot_id [U, 24] sound, hashtag or creator, or NOBODY"""
    slot_weight: NDArray[np.float32]
    """slot_weight [U, 24] affinity in [-1, 1]"""


class LearnParams(NamedTuple):
    """How fast beliefs change."""

    rate: float
    """Step of the profile per unit of signal."""
    signals: NDArray[np.float64]
    """signals [A] of each action."""
    topics: int


def learn_params(scenario: Scenario) -> LearnParams:
    """The learning settings of a scenario as numbers."""
    learning = scenario.feed.learning
    signals = np.array([float(learning.signals.get(name, 0.0)) for name in ACTION_NAMES])
    return LearnParams(float(learning.rate), signals, scenario.population.topics)


def first_beliefs(accounts: UserAccounts, topics: int) -> Beliefs:
    """Beliefs at sign-up: the ticked topics, or a flat profile when nothing was ticked."""
    users = len(accounts.declared)
    beliefs = Beliefs(
        np.zeros((users, padded(topics)), np.float32),
        np.full((users, 3 * SLOTS), NOBODY, np.int32),
        np.zeros((users, 3 * SLOTS), np.float32),
    )
    _from_declared(accounts.declared, topics, beliefs.profile)
    return beliefs


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


@njit()
def dot(a, b):
    """Inner product of two rows of float32 [D], D a multiple of 8.

    Eight partial sums in a fixed order: the order is part of the definition, and it is the one
    that fills a vector register.
    """
    s0 = np.float32(0.0)
    s1 = np.float32(0.0)
    s2 = np.float32(0.0)
    s3 = np.float32(0.0)
    s4 = np.float32(0.0)
    s5 = np.float32(0.0)
    s6 = np.float32(0.0)
    s7 = np.float32(0.0)
    for d in range(0, a.size, 8):
        s0 += a[d] * b[d]
        s1 += a[d + 1] * b[d + 1]
        s2 += a[d + 2] * b[d + 2]
        s3 += a[d + 3] * b[d + 3]
        s4 += a[d + 4] * b[d + 4]
        s5 += a[d + 5] * b[d + 5]
        s6 += a[d + 6] * b[d + 6]
        s7 += a[d + 7] * b[d + 7]
    return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))


@njit()
def _slot(ids, weights, first, wanted):
    """Affinity to one sound, hashtag or creator; 0 when there is none."""
    found = np.float32(0.0)
    for i in range(first, first + SLOTS):
        if ids[i] == wanted:
            found = weights[i]
    return found


@njit()
def affinity(profile, ids, weights, caption, sound, tags, creator):
    """How well a video suits a user, as the platform believes; float32 in [-1, 1].

    ``profile`` [D], ``ids`` [24] and ``weights`` [24] are the user's belief rows; ``caption`` [D],
    ``sound``, ``tags`` [3] and ``creator`` are the video's.
    """
    value = dot(profile, caption) - AFFINITY_CENTRE
    value += _SOUND_WEIGHT * _slot(ids, weights, SOUND_SLOTS, sound)
    for i in range(tags.size):
        if tags[i] >= 0:
            value += _TAG_WEIGHT * _slot(ids, weights, TAG_SLOTS, tags[i])
    value += _CREATOR_WEIGHT * _slot(ids, weights, CREATOR_SLOTS, creator)
    return min(max(value, np.float32(-1.0)), np.float32(1.0))


@njit()
def signal_of(actions, signals):
    """Sum of the signals of the actions in a bit mask, limited to [-3, 3]."""
    total = 0.0
    for a in range(signals.size):
        if (actions >> a) & 1:
            total += signals[a]
    return min(max(total, -3.0), 3.0)


@njit()
def _change(ids, weights, first, wanted, amount):
    """Move one affinity by ``amount`` towards its bound; a new one takes the weakest place."""
    place = -1
    weakest = first
    for i in range(first, first + SLOTS):
        weights[i] *= _KEEP
        if ids[i] == wanted:
            place = i
        if ids[weakest] != NOBODY and (ids[i] == NOBODY or abs(weights[i]) < abs(weights[weakest])):
            weakest = i
    if place < 0:
        if ids[weakest] != NOBODY and abs(weights[weakest]) > abs(amount):
            return
        place = weakest
        ids[place] = wanted
        weights[place] = np.float32(0.0)
    bound = np.float32(1.0) if amount > 0.0 else np.float32(-1.0)
    weights[place] += np.float32(abs(amount)) * (bound - weights[place])


@njit()
def learn(p, profile, ids, weights, caption, sound, tags, creator, signal):
    """Update the belief rows of one user after one impression with the given ``signal``."""
    if signal == 0.0:
        return
    step = np.float32(min(p.rate * abs(signal), 0.9))
    total = 0.0
    for d in range(p.topics):
        if signal > 0.0:
            profile[d] += step * (caption[d] - profile[d])
        else:
            # a dislike takes away where the video is strong, a quarter as fast as a like adds
            profile[d] = max(np.float32(0.0), profile[d] - np.float32(0.25) * step * caption[d])
        total += float(profile[d]) * float(profile[d])
    if total > 1e-6:
        scale = np.float32(1.0 / math.sqrt(total))
        for d in range(p.topics):
            profile[d] *= scale
    amount = np.float32(0.1 * signal)
    if signal >= 1.0 or signal <= -2.0:
        _change(ids, weights, SOUND_SLOTS, sound, amount)
        _change(ids, weights, CREATOR_SLOTS, creator, amount)
        for i in range(tags.size):
            if tags[i] >= 0:
                _change(ids, weights, TAG_SLOTS, tags[i], amount)
