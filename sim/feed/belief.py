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
from sim.core.borrow import dot as _dot
from sim.core.compiled import njit
from sim.scenario import Scenario
from sim.world.state import NOBODY, UserAccounts, padded

__all__ = [
    "CREATOR_SLOTS", "SLOTS", "SOUND_SLOTS", "TAG_SLOTS", "Beliefs", "LearnParams", "affinity",
    "combine", "dot", "first_beliefs", "learn", "learn_params", "signal_of",
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


def learn_params(scenario: Scenario) -> LearnParams:
    """The learning settings of a scenario as numbers."""
    learning = scenario.feed.learning
    signals = np.array([float(learning.signals.get(name, 0.0)) for name in ACTION_NAMES])
    return LearnParams(float(learning.rate), signals)


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


@njit(forceinline=True)
def dot(a, i, b, j):
    """Inner product of row ``i`` of ``a`` and row ``j`` of ``b``: float32 [.., D], D in eights.

    The order of its additions is fixed; see :func:`sim.core.borrow.dot`.
    """
    return _dot(a, i, b, j)


@njit(forceinline=True)
def _slot(ids, weights, u, first, wanted):
    """Affinity to one sound, hashtag or creator; 0 when there is none."""
    found = np.float32(0.0)
    for i in range(first, first + SLOTS):
        if ids[u, i] == wanted:
            found = weights[u, i]
    return found


@njit(forceinline=True)
def combine(match, sound, tag0, tag1, tag2, creator):
    """Affinity in [-1, 1] from the cosine and the affinities of its parts (0 where none)."""
    value = match - AFFINITY_CENTRE
    value += _SOUND_WEIGHT * sound
    value += _TAG_WEIGHT * tag0
    value += _TAG_WEIGHT * tag1
    value += _TAG_WEIGHT * tag2
    value += _CREATOR_WEIGHT * creator
    return min(max(value, np.float32(-1.0)), np.float32(1.0))


@njit()
def affinity(profile, ids, weights, u, caption, sound, tags, creator, v):
    """How well video ``v`` suits user ``u``, as the platform believes; float32 in [-1, 1].

    ``profile`` [U, D], ``ids`` [U, 24] and ``weights`` [U, 24] are beliefs; ``caption`` [V, D],
    ``sound`` [V], ``tags`` [V, 3] and ``creator`` [V] are the listing.
    """
    return combine(
        dot(profile, u, caption, v),
        _slot(ids, weights, u, SOUND_SLOTS, sound[v]),
        _tag(ids, weights, u, tags[v, 0]),
        _tag(ids, weights, u, tags[v, 1]),
        _tag(ids, weights, u, tags[v, 2]),
        _slot(ids, weights, u, CREATOR_SLOTS, creator[v]),
    )


@njit(forceinline=True)
def _tag(ids, weights, u, tag):
    """Affinity to a hashtag; 0 for an unused place."""
    return _slot(ids, weights, u, TAG_SLOTS, tag) if tag >= 0 else np.float32(0.0)


@njit(forceinline=True)
def signal_of(actions, signals):
    """Sum of the signals of the actions in a bit mask, limited to [-3, 3]."""
    total = 0.0
    for a in range(signals.size):
        if (actions >> a) & 1:
            total += signals[a]
    return min(max(total, -3.0), 3.0)


@njit(forceinline=True)
def _change(ids, weights, u, first, wanted, amount):
    """Move one affinity by ``amount`` towards its bound; a new one takes the weakest place."""
    place = -1
    weakest = first
    for i in range(first, first + SLOTS):
        weights[u, i] *= _KEEP
        if ids[u, i] == wanted:
            place = i
        if ids[u, weakest] != NOBODY and (
            ids[u, i] == NOBODY or abs(weights[u, i]) < abs(weights[u, weakest])
        ):
            weakest = i
    if place < 0:
        if ids[u, weakest] != NOBODY and abs(weights[u, weakest]) > abs(amount):
            return
        place = weakest
        ids[u, place] = wanted
        weights[u, place] = np.float32(0.0)
    bound = np.float32(1.0) if amount > 0.0 else np.float32(-1.0)
    weights[u, place] += np.float32(abs(amount)) * (bound - weights[u, place])


@njit(forceinline=True)
def learn(rate, profile, ids, weights, u, caption, sound, tags, creator, v, signal):
    """Update the beliefs about user ``u`` after an impression of ``v`` with this ``signal``.

    ``rate`` is the step a unit of signal; the arrays are those of :func:`affinity`. What pads a
    row of topics stays zero.
    """
    if signal == 0.0:
        return
    step = np.float32(min(rate * abs(signal), 0.9))
    if signal > 0.0:
        for d in range(profile.shape[1]):
            profile[u, d] += step * (caption[v, d] - profile[u, d])
    else:
        # a dislike takes away where the video is strong, a quarter as fast as a like adds
        step *= np.float32(0.25)
        for d in range(profile.shape[1]):
            profile[u, d] = max(np.float32(0.0), profile[u, d] - step * caption[v, d])
    total = dot(profile, u, profile, u)
    if total > np.float32(1e-6):
        scale = np.float32(1.0) / np.float32(math.sqrt(total))
        for d in range(profile.shape[1]):
            profile[u, d] *= scale
    if signal >= 1.0 or signal <= -2.0:
        amount = np.float32(0.1 * signal)
        _change(ids, weights, u, SOUND_SLOTS, sound[v], amount)
        _change(ids, weights, u, CREATOR_SLOTS, creator[v], amount)
        for i in range(3):
            if tags[v, i] >= 0:
                _change(ids, weights, u, TAG_SLOTS, tags[v, i], amount)
