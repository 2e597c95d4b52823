"""Plain beliefs give the same bits as the fast ones, function by function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.behaviour import interest
from sim.core.actions import ACTIONS
from sim.feed import belief, slots
from sim.feed.belief import SLOTS, TAG_SLOTS, Beliefs, Believed, no_slots
from sim.feed.plain import taste
from sim.feed.plain.sources import search_weights
from sim.feed.plain.taste import Listed
from sim.machine.compiled import njit
from sim.world.state import NOBODY, padded
from tests.feed.conftest import beliefs_of, copy_of, rows_of_topics, same, videos_of, words_of


def listed(caption: Any, things: Any) -> Listed:
    sound, *tags, creator = things.tolist()
    return Listed(caption, sound, tuple(tags), creator)


@njit()
def _affinity(profile, words, believed, taste_profile, taste_weights, ids, u, caption, v, things):
    belief.read_taste(profile, words, u, believed, taste_profile, taste_weights)
    return belief.affinity(
        taste_profile, taste_weights, ids, u, caption, v, things[0], things[1], things[2],
        things[3], things[4],
    )  # fmt: skip


@njit()
def _learn(profile, doubt, level, u, caption, v, signal, noise, drift):
    expected = belief.expected_signal(profile, u, caption, v)
    error = belief.learn_topics(
        profile, doubt, level, u, caption, v, signal, expected, noise, drift
    )
    return expected, error


@njit()
def _learn_slots(ids, words, u, start, things, error, prior):
    sound = slots.shared_sound(start, things[0])
    error = slots.unexplained(
        ids, words, u, sound, things[1], things[2], things[3], things[4], error
    )
    for step in (0, 1, 2):
        slots.learn_slots(
            step, ids, words, u, sound, things[1], things[2], things[3], things[4], error,
            prior[0], prior[1], prior[2],
        )  # fmt: skip
    return error


@njit()
def _weight(profile, doubt, u, d):
    return belief.search_weight(profile, doubt, u, d)


@njit()
def _signal_of(actions, signals, usual):
    return belief.signal_of(actions, signals, usual)


@njit()
def _cosine(interests, u, topics, v, dims):
    return interest.cosine(interests, u, topics, v, dims)


TOPICS = [1, 2, 6, 16, 17, 40, 64]


BELIEVED = [Believed(), Believed(0.0, 0.5, 2.0, 0.3), Believed(10.0, 10.0, 0.0, 10.0)]


@pytest.mark.parametrize("believed", BELIEVED)
@pytest.mark.parametrize("topics", TOPICS)
def test_affinity(topics: int, believed: Believed) -> None:
    random = np.random.default_rng(topics)
    beliefs, (caption, things) = beliefs_of(random, 20, topics), videos_of(random, 30, topics)
    room = belief.new_taste(padded(topics))
    found = set()
    for u in range(20):
        mine = taste.taste_of(beliefs, u, believed)
        for v in range(30):
            wanted = np.float32(
                _affinity(
                    beliefs.profile, beliefs.slot_word, np.array(believed, np.float32), *room,
                    beliefs.slot_id, u, caption, v, things[v],
                )
            )  # fmt: skip
            one = taste.affinity(mine, listed(caption[v], things[v]))
            same(one, wanted)
            found.add(float(one))
    assert len(found) > 10


START = np.cumsum([0, *[2, 1, 3, 0] * 6]).astype(np.int32)
"""Where the videos of 24 sounds begin; the index does not know the last ones."""
PRIORS = np.array([100.0, 0.3, 7.5], np.float32)
SIGNALS = [0.0, -0.0, 0.3, -0.3, 0.999, 1.0, -1.0, -1.999, -2.0, 2.7, 3.0, -3.0]


@pytest.mark.parametrize("topics", TOPICS)
@pytest.mark.parametrize(("noise", "drift"), [(1.44, 0.0009), (1e-4, 0.0), (100.0, 1.0)])
def test_learning(topics: int, noise: float, drift: float) -> None:
    random = np.random.default_rng(topics)
    fast, (caption, things) = beliefs_of(random, 6, topics), videos_of(random, 30, topics)
    slow = copy_of(fast)
    variances = np.float32(noise), np.float32(drift)
    learner = taste.Regression(*variances)
    for step in range(300):
        u, v = int(random.integers(6)), int(random.integers(30))
        signal = SIGNALS[int(random.integers(len(SIGNALS)))]
        rows = fast.profile, fast.doubt, fast.level
        expected, error = _learn(*rows, u, caption, v, signal, *variances)
        guess = taste.expected_signal(slow.profile[u], caption[v])
        same(guess, np.float32(expected))
        mine = slow.profile[u], slow.doubt[u], slow.level[u]
        same(learner.learn(*mine, caption[v], signal, guess), np.float32(error))
        left = _learn_slots(
            fast.slot_id, fast.slot_word, u, START, things[v], np.float32(error), PRIORS
        )
        video = listed(caption[v], things[v])
        video = video._replace(sound=taste.shared_sound(video.sound, START))
        same(taste.Slots(*PRIORS).learn(slow, u, video, np.float32(error)), np.float32(left))
        for d in range(topics):
            (wanted,) = search_weights(slow.profile[u, d : d + 1], slow.doubt[u, d : d + 1])
            same(np.float32(_weight(fast.profile, fast.doubt, u, d)), wanted)
        same(slow.profile[u], fast.profile[u])
        if step % 50 == 0:
            for name in Beliefs._fields:
                same(*(getattr(copy_of(b), name) for b in (slow, fast)))
    assert np.isfinite(slow.profile).all()
    assert slow.doubt.min() >= 0.0


@njit()
def _learn_one(ids, words, u, first, thing, error, prior):
    slots._learn_one(ids, words, u, first, thing, error, prior)


@pytest.mark.parametrize("error", [0.1, -0.2, 3.0, -3.0, 1e-7, 0.0])
@pytest.mark.parametrize("prior", [1e-4, 6.5, 1e6])
def test_one_slot(error: float, prior: float) -> None:
    random = np.random.default_rng(3)
    fast = beliefs_of(random, 200, 2)
    slow = copy_of(fast)
    numbers = np.float32(error), np.float32(prior)
    for u in range(200):
        for thing in (int(random.integers(0, 30)), NOBODY, 99):
            _learn_one(fast.slot_id, fast.slot_word, u, TAG_SLOTS, thing, *numbers)
            kind = slice(TAG_SLOTS, TAG_SLOTS + SLOTS)
            taste.learn_one(slow.slot_id[u, kind], slow.slot_word[u, kind], thing, *numbers)
            same(slow.slot_id[u, kind], fast.slot_id[u, kind])
            same(slow.slot_word[u, kind], fast.slot_word[u, kind])


def test_the_weakest_makes_room_for_its_equal_and_else_fades() -> None:
    kind = slice(TAG_SLOTS, TAG_SLOTS + SLOTS)
    for error, enters in ((0.5, True), (-0.5, True), (0.4999, False)):
        ids, words = no_slots(1)
        ids[0, kind], words[0, kind] = np.arange(SLOTS), words_of([0.5, 0.25, *[0.5] * 6], 9)
        _learn_one(ids, words, 0, TAG_SLOTS, 99, np.float32(error), np.float32(1.0))
        assert (99 in ids[0, kind]) == enters
        assert ids[0, TAG_SLOTS + 1] == (99 if enters else 1)
        mean, count = words[0, TAG_SLOTS + 1] >> 8, words[0, TAG_SLOTS + 1] & 255
        assert count == (1 if enters else 9)
        wanted = error / 2 if enters else 0.25 * 31 / 32
        assert mean / belief.SLOT_ONE == pytest.approx(wanted, abs=1e-6)


def test_signals() -> None:
    random = np.random.default_rng(1)
    for each in ([9.0] * 10, [-9.0] * 10, [0.0] * 10, random.normal(0, 1, 10).tolist()):
        each = [*each, *[0.0] * (len(ACTIONS) - len(each))]
        table = np.array(each)
        for actions in range(2 ** len(ACTIONS)):
            usual = np.float32(actions / 500 - 1)
            found = _signal_of(actions, table, usual)
            same(taste.signal_of(actions, tuple(each), usual), found)


@pytest.mark.parametrize("topics", TOPICS)
def test_cosine(topics: int) -> None:
    random = np.random.default_rng(topics)
    a, b = rows_of_topics(random, 9, topics), rows_of_topics(random, 9, topics)
    for i in range(9):
        for j in range(9):
            plain = int(a[i].astype(int) @ b[j].astype(int)) * (1.0 / 127**2)
            same(plain, _cosine(a, i, b, j, padded(topics)))
