"""Learn: what the platform concludes from an impression that it has seen.

The plain functions are those of ``sim.feed.plain.taste``; the others do the same for people
side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.actions import ACTIONS
from sim.feed.belief import OF_STRONG, STRONG, expected_signal, learn_topics, signal_of
from sim.feed.plain import taste as plain
from sim.feed.slots import learn_slots, shared_sound, unexplained
from sim.machine.borrow import at
from sim.machine.compiled import njit
from sim.machine.twins import side_by_side

__all__ = [
    "LEARNING", "expect", "expect_of_all", "find_signal", "find_signals", "slots", "slots_of_all",
    "topics", "topics_of_all", "used",
]  # fmt: skip

LEARNING = np.dtype(
    [
        ("enabled", np.int64),
        ("noise", np.float32),
        ("drift", np.float32),
        ("sound", np.float32),
        ("hashtag", np.float32),
        ("creator", np.float32),
        ("signals", np.float64, (len(ACTIONS),)),
    ],
    align=True,
)
"""How beliefs change: variances, the prior with things of each kind, and the signal of each
action."""


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


def slots(feed: Any, seen: Any, k: int) -> None:
    """Learn of sound, hashtags and creator by what topics do not explain."""
    error = np.float32(seen.error[k])
    if abs(error) < STRONG:
        return
    user, known = int(seen.user[k]), feed.learning
    video = plain.listed(feed.videos, int(seen.video[k]))
    shared = video._replace(sound=plain.shared_sound(video.sound, feed.sound.start))
    learner = plain.Slots(*(np.float32(known[name]) for name in ("sound", "hashtag", "creator")))
    learner.learn(feed.beliefs, user, shared, OF_STRONG * error)


@side_by_side(slots)
@njit(forceinline=True)
def slots_of_all(feed: Any, seen: Any, n: int) -> None:
    """A hashtag waits for the one before, other people do not: hashtag 1 of all, then 2 of all."""
    beliefs = feed.beliefs
    strong = 0
    for j in range(n):
        seen.strong[np.uint64(strong)] = j
        strong += 1 if abs(seen.error[np.uint64(j)]) >= STRONG else 0
    for j in range(strong):
        k = np.uint64(seen.strong[np.uint64(j)])
        card = at(feed.cards, seen.video[k])
        sound = shared_sound(feed.sound.start, card.sound)
        seen.error[k] = unexplained(
            beliefs.slot_id, beliefs.slot_word, np.uint64(seen.user[k]), sound,
            card.tags[0], card.tags[1], card.tags[2], card.creator,
            OF_STRONG * np.float32(seen.error[k]),
        )  # fmt: skip
    _step_of_all(feed, seen, strong, 0)
    _step_of_all(feed, seen, strong, 1)
    _step_of_all(feed, seen, strong, 2)


@njit(forceinline=True)
def _step_of_all(feed: Any, seen: Any, strong: int, step: int) -> None:
    beliefs, known = feed.beliefs, feed.learning
    for j in range(strong):
        k = np.uint64(seen.strong[np.uint64(j)])
        card = at(feed.cards, seen.video[k])
        sound = shared_sound(feed.sound.start, card.sound) if step == 0 else card.sound
        learn_slots(
            step, beliefs.slot_id, beliefs.slot_word, np.uint64(seen.user[k]), sound,
            card.tags[0], card.tags[1], card.tags[2], card.creator, np.float32(seen.error[k]),
            known.sound, known.hashtag, known.creator,
        )  # fmt: skip
