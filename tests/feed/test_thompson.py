"""Thompson sampling: who did well is shown more, who may do well is tried."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.random import key
from sim.feed.cold_start import GRADUATED, STOPPED, WAITING, WORTH_ONE
from sim.feed.thompson import Thompson, ThompsonPolicy
from sim.testing.worlds import tiny_platform
from sim.world.access import ANYBODY
from sim.world.state import VideoListing

DAY = 86_400.0


def policy(videos: int, creators: int | None = None, **changes: float) -> Thompson:
    """So many videos, each by a creator of its own or all by so many."""
    listing = VideoListing(videos, D=16)
    listing.creator[:] = np.arange(videos) % (creators or videos)
    listing.luck[:] = np.arange(videos)
    numbers = {
        "slots": 0.1, "share": 0.25, "until": 200.0, "age": 2 * DAY, "prior": 20.0, "noise": 1.0,
        **changes,
    }  # fmt: skip
    found = Thompson(
        ThompsonPolicy(**numbers, matched=False), videos, listing, key(1, "cold_start")
    )
    found.enter(np.arange(videos), 0.0)
    many = 10**9  # so many test audiences that a few more change nothing of what is usual
    found._tested[:] = many, many // 2 * int(WORTH_ONE)
    return found


def tell(found: Thompson, video: int, shown: int, worth: float) -> None:
    tests = np.zeros((len(found.pool), 2), np.int64)
    tests[video] = shown, round(worth * WORTH_ONE)
    found.note(np.array([video], np.int32), tests)
    assert not tests.any()


def often(found: Thompson, refreshes: int = 400) -> np.ndarray:
    """Share of refreshes in which each video seeks an audience."""
    counts = np.zeros(len(found.pool))
    for _ in range(refreshes):
        found.step(0.0, 0.5)
        found.seek(0.0, 60.0, 1_000)
        counts[found.seeking] += 1
    return counts / refreshes


def test_of_whom_nothing_is_known_each_has_the_same_chance() -> None:
    shares = often(policy(20))
    assert shares.mean() == pytest.approx(0.25)
    assert ((shares - 0.25) ** 2).max() < 25 * 0.25 * 0.75 / 400


def test_who_did_well_is_shown_more_and_who_did_not_hardly() -> None:
    found = policy(20)
    tell(found, 3, 150, 150 * 0.9)
    tell(found, 4, 150, 150 * 0.1)
    shares = often(found)
    assert shares[3] > 0.9
    assert shares[4] < 0.02
    # who was shown much is known well: the others are tried for what they may be
    tell(found, 5, 150, 150 * 0.5)
    assert often(found)[5] < 0.2


def test_the_past_of_the_creator_counts() -> None:
    found = policy(40, creators=20)
    tell(found, 3, 150, 150 * 0.9)
    tell(found, 4, 150, 150 * 0.1)
    shares = often(found)
    # videos 23 and 24 are new, by the creators of 3 and 4
    assert shares[23] > 0.6
    assert shares[24] < 0.05


def test_it_ends_with_the_audience_or_the_age() -> None:
    found = policy(4)
    tell(found, 0, 200, 150.0)
    tell(found, 1, 200, 50.0)
    assert found.step(0.0, 0.5) == 1
    assert found.state.tolist() == [GRADUATED, STOPPED, WAITING, WAITING]
    assert found.waiting.tolist() == [2, 3]
    found.step(2 * DAY - 1.0, 0.5)
    assert found.waiting.tolist() == [2, 3]
    found.step(2 * DAY, 0.5)
    assert found.waiting.tolist() == []
    # it was never hidden
    assert found.open_to_all.all()


def test_draws_are_keyed() -> None:
    one, other = policy(30), policy(30)
    for _ in range(5):
        for found in (one, other):
            found.step(0.0, 0.5)
            found.seek(0.0, 60.0, 100)
        np.testing.assert_array_equal(one.seeking, other.seeking)
    # another video more changes nobody's draw
    more = policy(31)
    more.step(0.0, 0.5)
    more.seek(0.0, 60.0, 100)
    fresh = policy(30)
    fresh.step(0.0, 0.5)
    fresh.seek(0.0, 60.0, 100)
    assert len(set(more.seeking) ^ set(fresh.seeking)) <= 2


def test_a_platform_with_it_tests_new_videos() -> None:
    live = tiny_platform(
        feed={"cold_start": {"policy": "thompson", "until": 20, "slots": 0.3}},
        creators={"posts_per_week": 140},
    )
    cold, count = live.platform.view.cold, live.world.videos.count
    assert isinstance(cold, Thompson)
    new = live.world.videos.uploaded_s[:count] >= 0
    # what is not for everybody is not tested
    tested = new & (live.world.videos.eligible[:count] == ANYBODY)
    tested |= new & (live.world.video_truth.down_s[:count] < live.env.now)  # was, until taken down
    assert (cold.pool[:count] == tested).all()
    assert live.platform.promotions > 0
    assert (cold.shown[:count][new] > 0).mean() > 0.3
