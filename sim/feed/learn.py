"""Learn: what the platform concludes from an impression that it has seen.

The plain functions are those of ``sim.feed.plain.taste``; the others do the same for people
side by side, and what only some bring about is put on a list and done afterwards, so that the rest
is without branches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.actions import ACTIONS
from sim.core.room import round_up
from sim.feed.belief import (
    is_strong,
    learn_affinities,
    move_topics,
    scale_of,
    scale_topics,
    signal_of,
)
from sim.feed.plain import taste as plain
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.twins import side_by_side

__all__ = [
    "LEARNING", "affinities", "affinities_of_all", "find_signal", "find_signals", "topics",
    "topics_of_all",
]  # fmt: skip

LEARNING = np.dtype([("rate", np.float64), ("signals", np.float64, (len(ACTIONS),))], align=True)
"""How fast beliefs change: the step a unit of signal, and the signal of each action."""


def find_signal(feed: Any, seen: Any, k: int) -> None:
    """What the actions say, as one number."""
    signals = tuple(feed.learning.signals.tolist())
    seen.signal[k] = plain.signal_of(int(seen.actions[k]), signals)


@side_by_side(find_signal)
@njit(forceinline=True)
def find_signals(feed: Any, seen: Any, n: int) -> None:
    """The same in vector registers."""
    signals = feed.learning.signals
    for j in range(round_up(n)):
        k = np.uint64(j)
        seen.signal[k] = signal_of(seen.actions[k], signals)


def topics(feed: Any, seen: Any, k: int) -> None:
    """Move the believed profile towards the video's topics, or away from them."""
    row = feed.beliefs.profile[int(seen.user[k])]
    caption = feed.videos.caption[int(seen.video[k])]
    plain.learn_topics(float(feed.learning.rate), row, caption, float(seen.signal[k]))


@side_by_side(topics)
@njit(forceinline=True)
def topics_of_all(feed: Any, seen: Any, n: int) -> None:
    """In three steps: move, find what brings the row back to norm 1, scale."""
    profile, rate = feed.beliefs.profile, feed.learning.rate
    for j in range(n):
        k = np.uint64(j)
        seen.square[k] = move_topics(
            rate, profile, np.uint64(seen.user[k]), feed.captions, np.uint64(seen.video[k]),
            seen.signal[k],
        )  # fmt: skip
    for j in range(round_up(n)):  # in vector registers
        k = np.uint64(j)
        seen.scale[k] = scale_of(seen.square[k], seen.signal[k])
    for j in range(n):
        k = np.uint64(j)
        scale_topics(profile, np.uint64(seen.user[k]), seen.scale[k])


def affinities(feed: Any, seen: Any, k: int) -> None:
    """Change the affinities for sound, hashtags and creator after a strong signal."""
    signal = float(seen.signal[k])
    if signal >= 1.0 or signal <= -2.0:  # a weak one says nothing of these
        video = plain.listed(feed.videos, int(seen.video[k]))
        plain.learn_affinities(feed.beliefs, int(seen.user[k]), video, signal)


@side_by_side(affinities)
@njit(forceinline=True)
def affinities_of_all(feed: Any, seen: Any, n: int) -> None:
    """A hashtag waits for the one before, other people do not: hashtag 1 of all, then 2 of all."""
    strong = 0
    for j in range(n):
        seen.strong[np.uint64(strong)] = j
        strong += 1 if is_strong(seen.signal[np.uint64(j)]) else 0
    _step_of_all(feed, seen, strong, 0)
    _step_of_all(feed, seen, strong, 1)
    _step_of_all(feed, seen, strong, 2)


@njit(forceinline=True)
def _step_of_all(feed: Any, seen: Any, strong: int, step: int) -> None:
    beliefs = feed.beliefs
    for j in range(strong):
        k = np.uint64(seen.strong[np.uint64(j)])
        card = at(feed.cards, seen.video[k])
        learn_affinities(
            step, beliefs.slot_id, beliefs.slot_weight, np.uint64(seen.user[k]), card.sound,
            card.tags[0], card.tags[1], card.tags[2], card.creator, seen.signal[k],
        )  # fmt: skip
