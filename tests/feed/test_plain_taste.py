"""Plain beliefs give the same bits as the fast ones, function by function."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.behaviour import interest
from sim.core.actions import ACTIONS
from sim.feed import belief
from sim.feed.belief import SLOTS, TAG_SLOTS, Beliefs, no_affinities
from sim.feed.plain import taste
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
def _learn(rate, profile, ids, weights, u, caption, v, things, signal):
    belief.learn(
        rate, profile, ids, weights, u, caption, v, things[0], things[1], things[2], things[3],
        things[4], signal,
    )  # fmt: skip


@njit()
def _signal_of(actions, signals):
    return belief.signal_of(actions, signals)


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
@pytest.mark.parametrize("rate", [1e-4, 0.08, 1.0])
def test_learning(topics: int, rate: float) -> None:
    random = np.random.default_rng(topics)
    fast, (caption, things) = beliefs_of(random, 6, topics), videos_of(random, 30, topics)
    slow = copy_of(fast)
    for step in range(300):
        u, v = int(random.integers(6)), int(random.integers(30))
        signal = SIGNALS[int(random.integers(len(SIGNALS)))]
        _learn(rate, *fast, u, caption, v, things[v], signal)
        taste.learn(rate, slow, u, listed(caption[v], things[v]), signal)
        same(slow.profile[u], fast.profile[u])
        if step % 50 == 0:
            for name in ("slot_id", "slot_weight"):
                same(*(getattr(copy_of(b), name) for b in (slow, fast)))
    for name in ("profile", "slot_id", "slot_weight"):
        same(*(getattr(copy_of(b), name) for b in (slow, fast)))


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
        slow = copy_of(Beliefs(np.zeros((1, 16), np.float32), ids, weights))
        fast_ids, fast_weights = copy_of(slow)[1:]
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
            same(taste.signal_of(actions, tuple(each)), _signal_of(actions, table))


@pytest.mark.parametrize("topics", TOPICS)
def test_cosine(topics: int) -> None:
    random = np.random.default_rng(topics)
    a, b = rows_of_topics(random, 9, topics), rows_of_topics(random, 9, topics)
    for i in range(9):
        for j in range(9):
            plain = int(a[i].astype(int) @ b[j].astype(int)) * (1.0 / 127**2)
            same(plain, _cosine(a, i, b, j, padded(topics)))


def test_a_learner_is_made_of_the_settings() -> None:
    learning = SimpleNamespace(rate=0.25, signals={"like": 2.0, "skip": -1.0})
    learner = taste.Learner.of(learning)  # type: ignore[arg-type]
    assert learner.rate == 0.25
    assert len(learner.signals) == len(ACTIONS)
    assert sum(learner.signals) == 1.0
