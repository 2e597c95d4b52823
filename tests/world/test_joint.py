"""Duets and stitches: what they share with their parent, and who can be one."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.core.random import stream
from sim.core.surfaces import PARENT
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario
from sim.world.joint import CLOSED_DUETS, DUET, INHERITED, STITCH, choose_parent, inherited
from sim.world.state import NOBODY

MANY: dict[str, Any] = {
    "duration": 2 * 86_400.0, "population": {"users": 300, "creators": 0.5},
    "creators": {"posts_per_week": 20},
    "catalogue": {"duets": 0.4, "stitches": 0.3},
    "behaviour": {"act": {"parent_tap": 0.5}},
}  # fmt: skip


@pytest.fixture(scope="module")
def live() -> Live:
    live = assemble(tiny_scenario(**MANY), 1, engine="fast")
    live.env.run(until=live.end)
    return live


def test_a_joint_post_is_about_what_its_parent_is_about(live: Live) -> None:
    videos, truth = live.world.videos, live.world.video_truth
    joint = np.flatnonzero(videos.joint[: videos.count] > 0)
    parent = videos.parent[joint]
    assert len(joint) > 100
    assert (parent < joint).all()
    assert (videos.creator[parent] != videos.creator[joint]).all()
    assert (videos.closed[parent] & CLOSED_DUETS == 0).all()
    np.testing.assert_array_equal(videos.sound[joint], videos.sound[parent])
    np.testing.assert_array_equal(truth.main_topic[joint], truth.main_topic[parent])
    np.testing.assert_array_equal(truth.topics[joint], truth.topics[parent])
    np.testing.assert_array_equal(videos.caption[joint], videos.caption[parent])
    assert (videos.parent[: videos.count][videos.joint[: videos.count] == 0] == NOBODY).all()


def test_the_first_catalogue_has_none(live: Live) -> None:
    videos = live.world.videos
    assert (videos.joint[: videos.count][videos.uploaded_s[: videos.count] < 0] == 0).all()


def test_parents_are_opened_from_joint_posts_alone(live: Live) -> None:
    elsewhere = live.platform.window.elsewhere
    videos = live.world.videos
    opened = elsewhere[: videos.count, 3 * PARENT]
    assert opened.sum() > 10
    parents = np.unique(videos.parent[: videos.count])
    assert set(np.flatnonzero(opened)) <= set(parents.tolist())


def test_who_is_chosen() -> None:
    popular = np.array([3, 1, 2], np.int32)
    topics = np.array([0, 1, 0, 1], np.int8)
    creators = np.array([0, 1, 2, 3], np.int32)
    closed = np.array([0, 0, 0, CLOSED_DUETS], np.int8)
    kinds, parents = [], []
    for i in range(4_000):
        kind, parent = choose_parent(
            np.uint64(stream(np.uint64(5), i)), 0.3, 0.2, popular, 1, topics, creators, 0, closed
        )
        kinds.append(kind)
        parents.append(parent)
    # video 3 has closed duets and 2 is about something else; at most eight are looked at
    assert set(parents) == {NOBODY, 1}
    found = np.bincount(kinds, minlength=3) / 4_000
    assert found[DUET] / found[STITCH] == pytest.approx(1.5, rel=0.15)
    assert found[DUET] + found[STITCH] == pytest.approx(0.5, abs=0.06)
    alone = choose_parent(
        np.uint64(stream(np.uint64(5), 1)), 1.0, 0.0, popular[1:2], 1, topics, creators, 1, closed
    )
    assert alone == (0, NOBODY)  # nobody makes a duet with themselves


def test_quality_is_inherited_in_part() -> None:
    z = np.random.default_rng(1).standard_normal((2, 20_000))
    found = np.array([inherited(a, b) for a, b in z.T])
    assert found.std() == pytest.approx(1.0, abs=0.02)
    assert np.corrcoef(found, z[1])[0, 1] == pytest.approx(INHERITED, abs=0.02)


class TestContract(MechanismContract):
    on: ClassVar = {
        "catalogue": {"duets": 0.5, "stitches": 0.4, "mean_impressions": 20.0},
        "behaviour": {"act": {"parent_tap": 0.5}}, "population": {"creators": 0.6},
        "creators": {"posts_per_week": 100.0},
    }  # fmt: skip
    base: ClassVar = {
        "catalogue": {"duets": 0.0, "stitches": 0.0, "mean_impressions": 20.0},
        "population": {"creators": 0.6}, "creators": {"posts_per_week": 100.0},
    }  # fmt: skip
    off: ClassVar = {**base, "behaviour": {"act": {"parent_tap": 0.0}}}
