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
    LARGEST_EFFECT,
    SLOT_ONE,
    SLOTS,
    SOUND_SLOTS,
    TAG_SLOTS,
    affinity,
    expected_signal,
    first_beliefs,
    learn_params,
    learn_post,
    learn_topics,
    new_taste,
    no_slots,
    read_taste,
    signal_of,
)
from sim.feed.slots import learn_slots, unexplained
from sim.machine.compiled import njit
from sim.machine.lanes import dot
from sim.testing.worlds import tiny_scenario
from sim.world.state import TOPIC_ONE, UserAccounts
from tests.feed.conftest import words_of

TOPICS = 6
DOUBT, NOISE, DRIFT = 0.03, 1.44, 0.0009
UNIT = st.floats(-1, 1, width=32)


COLUMNS = np.add.outer([SOUND_SLOTS, TAG_SLOTS, CREATOR_SLOTS], np.arange(SLOTS)).ravel()
"""Those of a row of slots that have an id and a word."""


def slots_of(ids: Any, means: Any) -> tuple[np.ndarray, np.ndarray]:
    """(slot_id, slot_word) of one user, from those that count."""
    row = no_slots(1)
    row[0][0, COLUMNS], row[1][0, COLUMNS] = ids, words_of(means, 3)
    return row


class Row:
    """The belief rows of one user."""

    def __init__(self) -> None:
        self.profile, self.doubt = np.zeros((1, 16), np.float32), np.zeros((1, 16), np.float32)
        self.doubt[:, :TOPICS] = DOUBT
        self.level = np.array([[0.0, 0.2]], np.float32)
        self.ids, self.words = no_slots(1)

    def see(self, video: tuple, signal: float) -> None:
        _see(
            self.profile, self.doubt, self.level, self.ids, self.words, *video, signal,
            np.float32(NOISE), np.float32(DRIFT),
        )  # fmt: skip

    def likes(self, video: tuple) -> float:
        return liking(self.profile, self.ids, self.words, video)


@njit()
def _see(
    profile, doubt, level, ids, words, caption, v, sound, tag0, tag1, tag2, creator, signal,
    noise, drift,
):  # fmt: skip
    expected = expected_signal(profile, 0, caption, v)
    error = learn_topics(profile, doubt, level, 0, caption, v, signal, expected, noise, drift)
    error = unexplained(ids, words, 0, sound, tag0, tag1, tag2, creator, error)
    for step in (0, 1, 2):
        learn_slots(
            step, ids, words, 0, sound, tag0, tag1, tag2, creator, error, np.float32(100.0),
            np.float32(576.0), np.float32(73.0),
        )  # fmt: skip


def video(topic: int, sound: int = 3, creator: int = 5, tags: tuple = (7, 8, -1)) -> tuple:
    """What learning and liking want to know of a video: caption, row, sound, hashtags, creator."""
    caption = np.full(16, 0.1)
    caption[TOPICS:] = 0
    caption[topic] = 1.0
    caption *= TOPIC_ONE / np.linalg.norm(caption)
    return (np.rint(caption).astype(np.int8)[None], 0, sound, *tags, creator)


def liking(profile: np.ndarray, ids: np.ndarray, words: np.ndarray, video: tuple) -> float:
    taste = new_taste(profile.shape[1])
    read_taste(profile, words, 0, np.ones(4, np.float32), *taste)
    return float(affinity(*taste, ids, 0, *video))


@pytest.mark.parametrize("signal", [0.5, 1.0, 3.0])
def test_a_liked_video_raises_affinity(signal: float) -> None:
    row, v = Row(), video(2)
    before = row.likes(v)
    row.see(v, signal)
    assert row.likes(v) > before
    alike, other = (video(topic, 90, 90, (-1, -1, -1)) for topic in (2, 4))
    assert row.likes(alike) > Row().likes(alike)
    assert row.likes(alike) > 3 * abs(row.likes(other))


@pytest.mark.parametrize("signal", [-0.5, -1.0, -3.0])
def test_a_disliked_video_lowers_affinity(signal: float) -> None:
    row, v = Row(), video(2)
    before = row.likes(v)
    row.see(v, signal)
    assert row.likes(v) < before


def test_what_was_expected_changes_no_mean() -> None:
    row = Row()
    row.see(video(2), 0.0)
    assert not row.profile.any()
    assert not row.level[0, 0]
    assert not (row.words[:, COLUMNS] >> 8).any()
    # though one is surer of it
    assert row.doubt[0, 2] < DOUBT
    assert row.level[0, 1] < 0.2


def test_it_is_the_regression_whose_covariance_is_kept_diagonal() -> None:
    """With one topic a video it is exact: mean and variance are those of Bayes' rule."""
    row = Row()
    row.level[0, 1] = 1e-12  # the level is known to be 0
    caption = np.zeros((1, 16), np.int8)
    caption[0, 3] = TOPIC_ONE
    signals = [1.0, -0.5, 2.0, 0.7]
    for signal in signals:
        row.see((caption, 0, -1, -1, -1, -1, -1), signal)
        row.level[0] = 0.0, 1e-12
    precision = 1 / DOUBT + len(signals) / NOISE
    assert row.doubt[0, 3] == pytest.approx(1 / precision, rel=1e-3)
    assert row.profile[0, 3] == pytest.approx(sum(signals) / NOISE / precision, rel=1e-3)
    assert row.profile[0, :3].tolist() == [0.0] * 3


def test_who_does_more_about_everything_is_not_believed_to_like_everything() -> None:
    """That is the level of the person."""
    row = Row()
    for i in range(600):
        row.see(video(i % TOPICS), 1.5)
    assert row.level[0, 0] > 0.9
    assert np.abs(row.profile).max() < 0.4


def test_a_taste_is_found_among_noise() -> None:
    rng = np.random.default_rng(4)
    errors = []
    for _ in range(40):
        row = Row()
        for i in range(400):
            topic = i % TOPICS
            row.see(video(topic, i, i, (-1, -1, -1)), 0.8 * (topic == 2) + rng.normal(0, 1.2))
        errors.append(row.profile[0, 2] - row.profile[0, [0, 1, 3, 4, 5]].mean())
    # drawn to 0 as the evidence says: 400 / 6 videos of a topic against the doubt before
    evidence = 400 / TOPICS / NOISE
    assert np.mean(errors) == pytest.approx(0.8 * evidence / (evidence + 1 / DOUBT), abs=0.07)
    assert np.min(errors) > 0.0


@pytest.mark.parametrize(
    "other",
    [video(2, creator=90, tags=(-1, -1, -1)), video(2, 90, 90), video(2, 90, tags=(-1,) * 3)],
)
def test_a_shared_sound_hashtag_or_creator_counts(other: tuple) -> None:
    """The same sound, hashtags or creator make a video likelier."""
    stranger = video(2, 90, 90, (-1, -1, -1))
    row = Row()
    row.see(video(2), 3.0)
    assert row.likes(other) > row.likes(stranger) + 0.004


def test_a_sound_is_known_by_its_share_of_the_evidence() -> None:
    """The mean is that of Bayes' rule: what was left, times videos over videos and patience."""
    rng = np.random.default_rng(7)
    row, plain = Row(), video(2, 3, -1, (-1, -1, -1))
    means = []
    signals = rng.normal(0.4, 0.5, 200)
    for signal in signals.tolist():
        row.profile[:], row.level[:] = 0.0, (0.0, 1e-12)  # all that there is, is the sound
        row.doubt[:] = 0.0
        row.see(plain, signal)
        means.append((row.words[0, 0] >> 8) / SLOT_ONE)
    assert row.ids[0, 0] == 3
    assert row.words[0, 0] & 255 == 200
    assert means[-1] == pytest.approx(signals.sum() / 300, abs=1e-4)
    assert np.abs(np.diff(means[:50])).mean() > 2 * np.abs(np.diff(means[150:])).mean()


def test_old_videos_are_forgotten_slowly() -> None:
    row, plain = Row(), video(2, 3, -1, (-1, -1, -1))
    for signal in [1.0] * 2_000 + [-1.0] * 2_000:
        row.profile[:], row.level[:], row.doubt[:] = 0.0, (0.0, 1e-12), 0.0
        row.see(plain, signal)
    assert (row.words[0, 0] >> 8) / SLOT_ONE < -0.9


def test_a_post_says_a_little_about_its_topics() -> None:
    row = Row()
    caption, v, *_ = video(2)
    for _ in range(5):
        learn_post(row.profile, row.doubt, 0, caption, v, 1.0, np.float32(NOISE), np.float32(DRIFT))
    assert row.profile[0].argmax() == 2
    assert 0.05 < row.profile[0, 2] < 0.15
    assert row.doubt[0, 2] < DOUBT
    assert not row.profile[0, TOPICS:].any()


VIDEOS = st.builds(
    video, st.integers(0, TOPICS - 1), st.integers(0, 20), st.integers(0, 20),
    st.tuples(*[st.integers(-1, 20)] * 3),
)  # fmt: skip


@given(st.lists(st.tuples(VIDEOS, st.floats(-3, 3)), max_size=60), VIDEOS)
def test_beliefs_stay_in_bounds(history: list, probe: tuple) -> None:
    row = Row()
    for seen, signal in history:
        row.see(seen, signal)
        assert np.abs(row.profile).max() <= LARGEST_EFFECT
        assert not row.profile[:, TOPICS:].any()
        assert not row.doubt[:, TOPICS:].any()
        assert row.doubt[:, :TOPICS].min() >= np.float32(DRIFT)
        assert row.doubt.max() <= np.float32(DOUBT)
        assert np.abs(row.words[:, COLUMNS] >> 8).max() <= SLOT_ONE
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
    value = liking(profile[None], *slots_of([0] * 24, weights), (caption[None], 0, 0, 0, 0, 0, 0))
    assert -1.0 <= value <= 1.0


@given(
    arrays(np.float32, 16, elements=UNIT), arrays(np.int8, 16, elements=st.integers(0, TOPIC_ONE)),
    arrays(np.float32, 24, elements=st.floats(-1, 1, width=32)),
    arrays(np.int32, 5, elements=st.integers(-1, 30)),
)  # fmt: skip
def test_affinity_is_what_its_formula_says(
    profile: np.ndarray, caption: np.ndarray, weights: np.ndarray, wanted: np.ndarray
) -> None:
    """What topics let one expect, plus the means of sound, hashtags and creator."""
    ids = np.tile(np.arange(8), 3) * 3
    profile = profile / max(1.0, np.linalg.norm(profile))
    total = float(profile.astype(float) @ caption) / TOPIC_ONE
    for kind, name in ((0, 0), (1, 1), (1, 2), (1, 3), (2, 4)):
        held = np.flatnonzero(ids[8 * kind : 8 * kind + 8] == wanted[name])
        if len(held):
            total += weights[8 * kind + held[0]]
    sound, tag0, tag1, tag2, creator = wanted.tolist()
    found = liking(
        profile[None].astype(np.float32), *slots_of(ids, weights),
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


def test_signals_add_up_beyond_the_usual_and_are_limited() -> None:
    signals = learn_params(tiny_scenario()).signals
    assert signal_of(0, signals, 0.0) == 0.0
    assert signal_of(bit("skip"), signals, 0.0) < 0 < signal_of(bit("completion"), signals, 0.0)
    # what everybody does says nothing of this person
    assert signal_of(bit("completion"), signals, 1.0) == 0.0
    assert signal_of(0, signals, 1.0) == -1.0
    each = np.zeros(len(ACTION_NAMES))
    each[:3] = 0.5, -0.75, 2.0
    both = [signal_of(actions, each, 0.25) for actions in range(8)]
    assert both == [-0.25, 0.25, -1.0, -0.5, 1.75, 2.25, 1.0, 1.5]
    everything = sum(bit(name) for name in ACTION_NAMES)
    assert signal_of(everything, np.full(len(ACTION_NAMES), 9.0), 0.0) == 3.0
    assert signal_of(everything, np.full(len(ACTION_NAMES), -9.0), 0.0) == -3.0


def test_first_beliefs_are_what_was_ticked() -> None:
    accounts = UserAccounts.of(
        {
            "locale": np.zeros(3), "device": np.zeros(3), "joined_s": np.zeros(3),
            "declared": np.array([0b101, 0, 1 << 5]),
        }
    )  # fmt: skip
    learning = learn_params(
        tiny_scenario(feed={"learning": {"ticked": 0.6, "spread": 0.2, "noise": 2.0}})
    )
    beliefs = first_beliefs(accounts, TOPICS, learning)
    half = 0.6 / np.sqrt(2)
    np.testing.assert_allclose(beliefs.profile[0], [half, 0, half] + [0] * 13, rtol=1e-6)
    assert not beliefs.profile[1].any()
    np.testing.assert_allclose(beliefs.profile[2], [0] * 5 + [0.6] + [0] * 10, rtol=1e-6)
    np.testing.assert_allclose(beliefs.doubt, [[0.04] * 6 + [0] * 10] * 3, rtol=1e-6)
    assert not beliefs.level[:, 0].any()
    assert learning.noise == 4.0
    assert (beliefs.slot_id[:, COLUMNS] == -1).all()
    assert not beliefs.slot_word[:, COLUMNS].any()
    # a kind, with its words, lies on one line of memory
    assert beliefs.slot_id.ctypes.data % 64 == 0
    assert beliefs.slot_id.strides[0] == 3 * 64
    assert beliefs.slot_word.ctypes.data - beliefs.slot_id.ctypes.data == 32
