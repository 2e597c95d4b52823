"""Plain beliefs give the same bits as the fast ones, function by function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.behaviour import interest
from sim.core.actions import ACTIONS
from sim.feed import belief
from sim.feed.belief import SLOTS, TAG_SLOTS, Beliefs, no_affinities
from sim.feed.plain import taste
from sim.feed.plain.sources import search_weights
from sim.feed.plain.taste import Listed
from sim.machine.compiled import njit
from sim.machine.lanes import change_one
from sim.world.state import NOBODY, padded
from tests.feed.conftest import beliefs_of, copy_of, rows_of_topics, same, videos_of


def listed(caption: Any, things: Any) -> Listed:
    sound, *tags, creator = things.tolist()
    return Listed(caption, sound, tuple(tags), creator)


@njit()
def _affinity(profile, weights, taste_profile, taste_weights, ids, u, caption, v, things):
    belief.read_taste(profile, weights, u, taste_profile, taste_weights)
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
def _learn_affinities(ids, weights, u, things, signal):
    for step in (0, 1, 2):
        belief.learn_affinities(
            step, ids, weights, u, things[0], things[1], things[2], things[3], things[4], signal
        )


@njit()
def _weight(profile, doubt, u, d):
    return belief.search_weight(profile, doubt, u, d)


@njit()
def _signal_of(actions, signals, usual):
    return belief.signal_of(actions, signals, usual)


@njit()
def _change(ids, weights, u, first, wanted, amount, keep):
    change_one(ids, weights, u, first, wanted, amount, keep)


@njit()
def _cosine(interests, u, topics, v, dims):
    return interest.cosine(interests, u, topics, v, dims)


TOPICS = [1, 2, 6, 16, 17, 40, 64]


@pytest.mark.parametrize("topics", TOPICS)
def test_affinity(topics: int) -> None:
    random = np.random.default_rng(topics)
    beliefs, (caption, things) = beliefs_of(random, 20, topics), videos_of(random, 30, topics)
    room = belief.new_taste(padded(topics))
    found = set()
    for u in range(20):
        mine = taste.taste_of(beliefs, u)
        for v in range(30):
            wanted = np.float32(
                _affinity(
                    beliefs.profile, beliefs.slot_weight, *room, beliefs.slot_id, u, caption, v,
                    things[v],
                )
            )  # fmt: skip
            one = taste.affinity(mine, listed(caption[v], things[v]))
            same(one, wanted)
            found.add(float(one))
    assert len(found) > 20


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
        _learn_affinities(fast.slot_id, fast.slot_weight, u, things[v], error)
        taste.learn_affinities(slow, u, listed(caption[v], things[v]), error)
        for d in range(topics):
            (wanted,) = search_weights(slow.profile[u, d : d + 1], slow.doubt[u, d : d + 1])
            same(np.float32(_weight(fast.profile, fast.doubt, u, d)), wanted)
        same(slow.profile[u], fast.profile[u])
        if step % 50 == 0:
            for name in Beliefs._fields:
                same(*(getattr(copy_of(b), name) for b in (slow, fast)))
    assert np.isfinite(slow.profile).all()
    assert slow.doubt.min() >= 0.0


@pytest.mark.parametrize("amount", [0.1, -0.2, 0.3, -0.3, 0.1 * 1e-7, 1.0])
def test_one_affinity(amount: float) -> None:
    random = np.random.default_rng(3)
    fast = beliefs_of(random, 200, 2)
    slow = copy_of(fast)
    for u in range(200):
        for wanted in (int(random.integers(0, 30)), NOBODY, 99):
            _change(
                fast.slot_id, fast.slot_weight, u, TAG_SLOTS, wanted, np.float32(amount),
                belief.KEEP,
            )  # fmt: skip
            kind = slice(TAG_SLOTS, TAG_SLOTS + SLOTS)
            taste.change_one(
                slow.slot_id[u, kind], slow.slot_weight[u, kind], wanted, np.float32(amount)
            )
            same(slow.slot_id[u, kind], fast.slot_id[u, kind])
            same(slow.slot_weight[u, kind], fast.slot_weight[u, kind])


def test_the_weakest_affinity_makes_room_for_its_equal() -> None:
    ids, weights = no_affinities(1)
    kind = slice(TAG_SLOTS, TAG_SLOTS + SLOTS)
    ids[0, kind], weights[0, kind] = np.arange(SLOTS), 0.5
    amount = weights[0, TAG_SLOTS] * belief.KEEP
    for one in (amount, np.nextafter(amount, np.float32(0.0))):
        row = np.zeros((1, 16), np.float32)
        slow = copy_of(Beliefs(row, row, np.zeros((1, 2), np.float32), ids, weights))
        fast_ids, fast_weights = copy_of(slow)[3:]
        _change(fast_ids, fast_weights, 0, TAG_SLOTS, 99, one, belief.KEEP)
        taste.change_one(slow.slot_id[0, kind], slow.slot_weight[0, kind], 99, one)
        same(slow.slot_id[0, kind], fast_ids[0, kind])
        same(slow.slot_weight[0, kind], fast_weights[0, kind])
        assert (99 in slow.slot_id[0, kind]) == (one == amount)


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
