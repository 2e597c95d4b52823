"""Beliefs: bounded, and moved in the right direction by what a user does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.core.actions import ACTION_NAMES, bit
from sim.feed.belief import (
    CREATOR_SLOTS,
    SLOTS,
    SOUND_SLOTS,
    TAG_SLOTS,
    affinity,
    first_beliefs,
    learn,
    learn_params,
    new_taste,
    no_affinities,
    read_taste,
    signal_of,
)
from sim.machine.compiled import njit
from sim.machine.lanes import dot
from sim.testing.worlds import tiny_scenario
from sim.world.state import TOPIC_ONE, UserAccounts

TOPICS = 6
RATE = 0.08
UNIT = st.floats(0, 1, width=32)


COLUMNS = np.add.outer([SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS], np.arange(SLOTS)).ravel()
"""Those of a row of affinities that have an id and a weight."""


def affinities(ids: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    """(slot_id, slot_weight) of one user, from those that count."""
    row = no_affinities(1)
    row[0][0, COLUMNS], row[1][0, COLUMNS] = ids, weights
    return row


class Row:
    """The belief rows of one user."""

    def __init__(self) -> None:
        self.profile = np.zeros((1, 16), np.float32)
        self.profile[:, :TOPICS] = 1 / np.sqrt(TOPICS)
        self.ids, self.weights = no_affinities(1)

    def see(self, video: tuple, signal: float) -> None:
        learn(RATE, self.profile, self.ids, self.weights, 0, *video, signal)

    def likes(self, video: tuple) -> float:
        return liking(self.profile, self.ids, self.weights, video)


def video(topic: int, sound: int = 3, creator: int = 5, tags: tuple = (7, 8, -1)) -> tuple:
    """What learning and liking want to know of a video: caption, row, sound, hashtags, creator."""
    caption = np.full(16, 0.1)
    caption[TOPICS:] = 0
    caption[topic] = 1.0
    caption *= TOPIC_ONE / np.linalg.norm(caption)
    return (np.rint(caption).astype(np.int8)[None], 0, sound, *tags, creator)


def liking(profile: np.ndarray, ids: np.ndarray, weights: np.ndarray, video: tuple) -> float:
    taste = new_taste(profile.shape[1])
    read_taste(profile, weights, 0, *taste)
    return float(affinity(*taste, ids, 0, *video))


@pytest.mark.parametrize("signal", [0.5, 1.0, 3.0])
def test_a_liked_video_raises_affinity(signal: float) -> None:
    row, v = Row(), video(2)
    before = row.likes(v)
    row.see(v, signal)
    assert row.likes(v) > before
    alike, other = (video(topic, 90, 90, (-1, -1, -1)) for topic in (2, 4))
    assert row.likes(alike) > Row().likes(alike)
    assert row.likes(other) < Row().likes(other)


@pytest.mark.parametrize("signal", [-0.5, -1.0, -3.0])
def test_a_disliked_video_lowers_affinity(signal: float) -> None:
    row, v = Row(), video(2)
    before = row.likes(v)
    row.see(v, signal)
    assert row.likes(v) < before


def test_no_signal_changes_nothing() -> None:
    row = Row()
    row.see(video(2), 0.0)
    np.testing.assert_array_equal(row.profile, Row().profile)
    np.testing.assert_array_equal(row.ids, Row().ids)


@pytest.mark.parametrize(
    "other",
    [video(2, creator=90, tags=(-1, -1, -1)), video(2, 90, 90), video(2, 90, tags=(-1,) * 3)],
)
def test_a_shared_sound_hashtag_or_creator_counts(other: tuple) -> None:
    """The same sound, hashtags or creator make a video likelier."""
    stranger = video(2, 90, 90, (-1, -1, -1))
    row = Row()
    row.see(video(2), 3.0)
    assert row.likes(other) > row.likes(stranger) + 0.01


VIDEOS = st.builds(
    video, st.integers(0, TOPICS - 1), st.integers(0, 20), st.integers(0, 20),
    st.tuples(*[st.integers(-1, 20)] * 3),
)  # fmt: skip


@given(st.lists(st.tuples(VIDEOS, st.floats(-3, 3)), max_size=60), VIDEOS)
def test_beliefs_stay_in_bounds(history: list, probe: tuple) -> None:
    row = Row()
    for seen, signal in history:
        row.see(seen, signal)
        assert row.profile.min() >= 0
        assert np.linalg.norm(row.profile) == pytest.approx(1.0, rel=1e-4)
        assert not row.profile[:, TOPICS:].any()
        assert np.abs(row.weights[:, COLUMNS]).max() <= 1.0
        used = row.ids[:, COLUMNS].reshape(3, SLOTS)
        for kind in used:
            held = kind[kind >= 0].tolist()
            assert len(set(held)) == len(held)
    assert -1.0 <= row.likes(probe) <= 1.0


@given(
    arrays(np.float32, 16, elements=UNIT), arrays(np.int8, 16, elements=st.integers(0, TOPIC_ONE)),
    arrays(np.float32, 24, elements=st.floats(-1, 1, width=32)),
)  # fmt: skip
def test_affinity_is_limited(profile: np.ndarray, caption: np.ndarray, weights: np.ndarray) -> None:
    value = liking(profile[None], *affinities([0] * 24, weights), (caption[None], 0, 0, 0, 0, 0, 0))
    assert -1.0 <= value <= 1.0


@given(
    arrays(np.float32, 16, elements=UNIT), arrays(np.int8, 16, elements=st.integers(0, TOPIC_ONE)),
    arrays(np.float32, 24, elements=st.floats(-1, 1, width=32)),
    arrays(np.int32, 5, elements=st.integers(-1, 30)),
)  # fmt: skip
def test_affinity_is_what_its_formula_says(
    profile: np.ndarray, caption: np.ndarray, weights: np.ndarray, wanted: np.ndarray
) -> None:
    """The cosine less its centre, plus the weighted affinities of sound, hashtags and creator."""
    ids = np.tile(np.arange(8), 3) * 3
    profile = profile / max(1.0, np.linalg.norm(profile))
    total = float(profile.astype(float) @ caption) / TOPIC_ONE - 0.35
    for kind, name in ((0, 0), (1, 1), (1, 2), (1, 3), (2, 4)):
        held = np.flatnonzero(ids[8 * kind : 8 * kind + 8] == wanted[name])
        if len(held):
            total += (0.15, 0.10, 0.30)[kind] * weights[8 * kind + held[0]]
    sound, tag0, tag1, tag2, creator = wanted.tolist()
    found = liking(
        profile[None].astype(np.float32), *affinities(ids, weights),
        (caption[None], 0, sound, tag0, tag1, tag2, creator),
    )  # fmt: skip
    assert found == pytest.approx(min(max(total, -1.0), 1.0), abs=5e-4)


@njit()
def _dot(a, i, b, j, length):
    return dot(a, i, b, j, length)


def test_dot_is_the_inner_product() -> None:
    rng = np.random.default_rng(1)
    for size in (16, 32, 64):
        a = rng.integers(-128, 128, (3, 64)).astype(np.int8)
        for b in (a, rng.integers(-(2**14), 2**14, (3, 64)).astype(np.int16)):
            wanted = int(a[1, :size].astype(int) @ b[2, :size].astype(int))
            assert _dot(a, 1, b, 2, size) == wanted


def test_signals_add_up_and_are_limited() -> None:
    signals = learn_params(tiny_scenario()).signals
    assert signal_of(0, signals) == 0.0
    assert signal_of(bit("skip"), signals) < 0 < signal_of(bit("completion"), signals)
    each = np.zeros(len(ACTION_NAMES))
    each[:3] = 0.5, -0.75, 2.0
    both = [signal_of(actions, each) for actions in range(8)]
    assert both == [0.0, 0.5, -0.75, -0.25, 2.0, 2.5, 1.25, 1.75]
    everything = sum(bit(name) for name in ACTION_NAMES)
    assert signal_of(everything, np.full(len(ACTION_NAMES), 9.0)) == 3.0
    assert signal_of(everything, np.full(len(ACTION_NAMES), -9.0)) == -3.0


def test_first_beliefs_are_what_was_ticked() -> None:
    accounts = UserAccounts.of(
        {"locale": np.zeros(3), "declared": np.array([0b101, 0, 1 << 5]), "joined_s": np.zeros(3)}
    )
    beliefs = first_beliefs(accounts, TOPICS)
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(beliefs.profile[0], [half, 0, half] + [0] * 13)
    np.testing.assert_allclose(beliefs.profile[1], [1 / np.sqrt(6)] * 6 + [0] * 10, rtol=1e-6)
    assert beliefs.profile[2].tolist() == [0] * 5 + [1] + [0] * 10
    assert (beliefs.slot_id[:, COLUMNS] == -1).all()
    assert not beliefs.slot_weight[:, COLUMNS].any()
    # a kind, with its weights, lies on one line of memory
    assert beliefs.slot_id.ctypes.data % 64 == 0
    assert beliefs.slot_id.strides[0] == 3 * 64
    assert beliefs.slot_weight.ctypes.data - beliefs.slot_id.ctypes.data == 32
