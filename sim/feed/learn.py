"""Learn: what the platform concludes from an impression that it has seen.

The plain functions are those of ``sim.feed.plain.taste``; the others do the same for people
side by side, and what only some bring about is put on a list and done afterwards, so that the rest
is without branches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.actions import ACTIONS
from sim.feed.belief import (
    expected_signal,
    is_strong,
    learn_affinities,
    learn_topics,
    signal_of,
)
from sim.feed.plain import taste as plain
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.twins import side_by_side

__all__ = [
    "LEARNING", "affinities", "affinities_of_all", "expect", "expect_of_all", "find_signal",
    "find_signals", "topics", "topics_of_all", "used",
]  # fmt: skip

LEARNING = np.dtype(
    [
        ("enabled", np.int64),
        ("noise", np.float32),
        ("drift", np.float32),
        ("signals", np.float64, (len(ACTIONS),)),
    ],
    align=True,
)
"""How beliefs change: variances, and the signal of each action."""


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """Whether anything is learned."""
    return frame.learning.enabled != 0  # type: ignore[no-any-return]


def find_signal(feed: Any, seen: Any, k: int) -> None:
    """What the actions say beyond what anybody would have done, as one number."""
    signals = tuple(feed.learning.signals.tolist())
    usual = feed.scores.usual[int(seen.video[k])]
    seen.signal[k] = plain.signal_of(int(seen.actions[k]), signals, usual)


@side_by_side(find_signal)
@njit(forceinline=True)
def find_signals(feed: Any, seen: Any, n: int) -> None:
    """The same."""
    signals, usual = feed.learning.signals, feed.scores.usual
    for j in range(n):
        k = np.uint64(j)
        seen.signal[k] = signal_of(seen.actions[k], signals, at(usual, seen.video[k]))


def expect(feed: Any, seen: Any, k: int) -> None:
    """What the topics of the video let one expect of this person."""
    caption = feed.videos.caption[int(seen.video[k])]
    seen.expected[k] = plain.expected_signal(feed.beliefs.profile[int(seen.user[k])], caption)


@side_by_side(expect)
@njit(forceinline=True)
def expect_of_all(feed: Any, seen: Any, n: int) -> None:
    """The same."""
    for j in range(n):
        k = np.uint64(j)
        seen.expected[k] = expected_signal(
            feed.beliefs.profile, np.uint64(seen.user[k]), feed.captions, np.uint64(seen.video[k])
        )


def topics(feed: Any, seen: Any, k: int) -> None:
    """What the topics of the video add to the signal of this person."""
    user = int(seen.user[k])
    caption = feed.videos.caption[int(seen.video[k])]
    learner = plain.Regression(np.float32(feed.learning.noise), np.float32(feed.learning.drift))
    seen.error[k] = learner.learn(
        feed.beliefs.profile[user], feed.beliefs.doubt[user], feed.beliefs.level[user], caption,
        float(seen.signal[k]), np.float32(seen.expected[k]),
    )  # fmt: skip


@side_by_side(topics)
@njit(forceinline=True)
def topics_of_all(feed: Any, seen: Any, n: int) -> None:
    """The same; the loops over topics run in vector registers."""
    beliefs, captions = feed.beliefs, feed.captions
    noise, drift = feed.learning.noise, feed.learning.drift
    for j in range(n):
        k = np.uint64(j)
        u, v = np.uint64(seen.user[k]), np.uint64(seen.video[k])
        seen.error[k] = learn_topics(
            beliefs.profile, beliefs.doubt, beliefs.level, u, captions, v, seen.signal[k],
            seen.expected[k], noise, drift,
        )  # fmt: skip


def affinities(feed: Any, seen: Any, k: int) -> None:
    """Change the affinities for sound, hashtags and creator by what topics do not explain."""
    error = float(seen.error[k])
    if error >= 1.0 or error <= -1.0:  # a weak one says nothing of these
        video = plain.listed(feed.videos, int(seen.video[k]))
        plain.learn_affinities(feed.beliefs, int(seen.user[k]), video, error)


@side_by_side(affinities)
@njit(forceinline=True)
def affinities_of_all(feed: Any, seen: Any, n: int) -> None:
    """A hashtag waits for the one before, other people do not: hashtag 1 of all, then 2 of all."""
    strong = 0
    for j in range(n):
        seen.strong[np.uint64(strong)] = j
        strong += 1 if is_strong(seen.error[np.uint64(j)]) else 0
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
            card.tags[0], card.tags[1], card.tags[2], card.creator, seen.error[k],
        )  # fmt: skip
