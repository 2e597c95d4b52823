"""Beliefs: bounded, and moved in the right direction by what a user does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.core.actions import ACTION_NAMES, bit
from sim.feed.belief import (
    SLOTS,
    affinity,
    dot,
    first_beliefs,
    learn,
    learn_params,
    signal_of,
)
from sim.testing.worlds import tiny_scenario
from sim.world.state import UserAccounts

TOPICS = 6
RATE = 0.08
UNIT = st.floats(0, 1, width=32)


class Row:
    """The belief rows of one user."""

    def __init__(self) -> None:
        self.profile = np.zeros((1, 8), np.float32)
        self.profile[:, :TOPICS] = 1 / np.sqrt(TOPICS)
        self.ids = np.full((1, 3 * SLOTS), -1, np.int32)
        self.weights = np.zeros((1, 3 * SLOTS), np.float32)

    def see(self, video: tuple, signal: float) -> None:
        learn(RATE, self.profile, self.ids, self.weights, 0, *video, 0, signal)

    def likes(self, video: tuple) -> float:
        return float(affinity(self.profile, self.ids, self.weights, 0, *video, 0))


def video(topic: int, sound: int = 3, creator: int = 5, tags: tuple = (7, 8, -1)) -> tuple:
    caption = np.full(8, 0.1, np.float32)
    caption[TOPICS:] = 0
    caption[topic] = 1.0
    caption /= np.linalg.norm(caption)
    return (
        caption[None],
        np.array([sound], np.int32),
        np.array([tags], np.int32),
        np.array([creator], np.int32),
    )


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
    assert (row.ids == -1).all()


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
        assert np.abs(row.weights).max() <= 1.0
        used = row.ids.reshape(3, SLOTS)
        for kind in used:
            held = kind[kind >= 0].tolist()
            assert len(set(held)) == len(held)
    assert -1.0 <= row.likes(probe) <= 1.0


@given(
    arrays(np.float32, 8, elements=UNIT), arrays(np.float32, 8, elements=UNIT),
    arrays(np.float32, 24, elements=st.floats(-1, 1, width=32)),
)  # fmt: skip
def test_affinity_is_limited(profile: np.ndarray, caption: np.ndarray, weights: np.ndarray) -> None:
    one = np.zeros(1, np.int32)
    value = affinity(
        profile[None], np.zeros((1, 24), np.int32), weights[None], 0,
        caption[None], one, np.zeros((1, 3), np.int32), one, 0,
    )  # fmt: skip
    assert -1.0 <= value <= 1.0


def test_dot_is_the_inner_product() -> None:
    rng = np.random.default_rng(1)
    for size in (8, 16, 64):
        a, b = rng.random((2, 3, size)).astype(np.float32)
        wanted = float(a[1].astype(float) @ b[2].astype(float))
        assert dot(a, 1, b, 2) == pytest.approx(wanted, rel=1e-6)


def test_signals_add_up_and_are_limited() -> None:
    signals = learn_params(tiny_scenario()).signals
    assert signal_of(0, signals) == 0.0
    assert signal_of(bit("skip"), signals) < 0 < signal_of(bit("completion"), signals)
    assert signal_of(bit("completion") | bit("skip"), np.arange(10.0)) == 1.0
    everything = sum(bit(name) for name in ACTION_NAMES)
    assert signal_of(everything, np.full(10, 9.0)) == 3.0
    assert signal_of(everything, np.full(10, -9.0)) == -3.0


def test_first_beliefs_are_what_was_ticked() -> None:
    accounts = UserAccounts(np.zeros(3, np.int8), np.array([0b101, 0, 1 << 5], np.uint64))
    beliefs = first_beliefs(accounts, TOPICS)
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(beliefs.profile[0], [half, 0, half, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(beliefs.profile[1], [1 / np.sqrt(6)] * 6 + [0, 0], rtol=1e-6)
    assert beliefs.profile[2].tolist() == [0, 0, 0, 0, 0, 1, 0, 0]
    assert (beliefs.slot_id == -1).all()
