"""Trends: momentum, draw and lists, hour by hour, and what creators take up of them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.core.counts import VIEWS, WIDTH
from sim.core.random import stream
from sim.engine.trends import BEGINS, MOST, Trends
from sim.scenario.trends import TrendsConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.challenges import new_hashtags
from sim.world.draw import pick_trend
from sim.world.state import HashtagListing, SoundListing, VideoListing

HOUR = 3_600.0


def _listings(
    born_s: float = 0.0, life_s: float = np.inf
) -> tuple[SoundListing, HashtagListing, VideoListing]:
    """Three sounds and three challenges, and a video with each."""
    sounds, tags = SoundListing(3), HashtagListing(3)
    videos = VideoListing(3, D=16)
    tags.challenge[:], tags.born_s[:], tags.life_s[:] = 1, born_s, life_s
    sounds.born_s[:] = born_s
    videos.sound[:] = videos.tags[:, 0] = np.arange(3)
    videos.tags[:, 1:] = -1
    return sounds, tags, videos


def _look(trends: Trends, now: float, videos: VideoListing, views: tuple[int, ...]) -> None:
    counts = np.zeros((3, WIDTH), np.int64)
    counts[:, VIEWS] = views
    trends.look(now, videos, counts)


def test_momentum_counts_uses_and_views_and_is_forgotten() -> None:
    sounds, tags, videos = _listings()
    config = TrendsConfig(memory=6 * HOUR, views_a_use=100.0, sound_life=1e12)
    trends = Trends(config, sounds, tags, 3)
    sounds.uses[:] = 1, 5, 0
    _look(trends, 3 * HOUR, videos, (200, 0, 50))
    np.testing.assert_allclose(sounds.momentum, (3.0, 5.0, 0.5))
    np.testing.assert_array_equal(sounds.trending, (1, 0, 2))
    np.testing.assert_allclose(sounds.draws, (5.0, 8.0, 8.5), rtol=1e-6)
    _look(trends, 9 * HOUR, videos, (200, 0, 150))
    np.testing.assert_allclose(sounds.momentum, (1.5, 2.5, 1.25), rtol=1e-6)


def test_what_ages_draws_less() -> None:
    sounds, tags, videos = _listings(born_s=0.0, life_s=10 * HOUR)
    trends = Trends(TrendsConfig(memory=6 * HOUR), sounds, tags, 3)
    tags.uses[:] = 4, 4, 4
    tags.born_s[:] = -10 * HOUR, 10 * HOUR, 30 * HOUR
    tags.pull[:] = 1.0, 2.0, 9.0
    _look(trends, 10 * HOUR, videos, (0, 0, 0))
    # half of a half, twice as much, and what has not begun
    np.testing.assert_array_equal(tags.trending, (1, 0))
    np.testing.assert_allclose(
        tags.draws, ((4 + BEGINS) * 2.0, (4 + BEGINS) * (2.0 + 0.25)), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("detector", "best"), [("level", 0), ("difference", 1), ("acceleration", 2)]
)
def test_a_detector_orders_the_list(detector: str, best: int) -> None:
    sounds, tags, videos = _listings()
    config = TrendsConfig(detector=detector, memory=1e9, views_a_use=1.0, sound_life=1e12)  # type: ignore[arg-type]
    trends = Trends(config, sounds, tags, 3)
    # momentum 0: high and steady; 1: rises by the most; 2: rises by more than before
    for hour, views in enumerate(((900, 0, 0), (901, 100, 0), (902, 200, 60)), start=1):
        _look(trends, hour * HOUR, videos, views)
    assert sounds.trending[0] == best
    assert len(sounds.trending) <= MOST


def test_a_list_remembers_since_when_and_until_when() -> None:
    sounds, tags, videos = _listings()
    trends = Trends(TrendsConfig(memory=HOUR, views_a_use=1.0), sounds, tags, 3)
    _look(trends, HOUR, videos, (5, 0, 0))
    _look(trends, 2 * HOUR, videos, (9, 7, 0))
    assert sounds.trended_s[:2].tolist() == [HOUR, 2 * HOUR]
    assert np.isnan(sounds.trended_s[2])
    assert sounds.until_s[:2].tolist() == [2 * HOUR, 2 * HOUR]
    assert sounds.looks.tolist() == [2, 1, 0]
    columns = trends.columns()
    assert columns["rank"].tolist()[:1] == [1]
    assert set(columns["kind"]) >= {"sound"}


def test_momentum_of_the_first_catalogue_is_that_of_its_posts() -> None:
    world = tiny_world()
    trends = Trends(TrendsConfig(memory=6 * HOUR), world.sounds, world.hashtags, 10_000)
    trends.begin(world.videos)
    n = world.videos.count
    left = 0.5 ** (-world.videos.uploaded_s[:n] / (6 * HOUR))
    wanted = np.bincount(world.videos.sound[:n], left, world.sounds.count)
    np.testing.assert_allclose(world.sounds.momentum[: world.sounds.count], wanted, rtol=1e-4)


def test_challenges_begin_whatever_people_do() -> None:
    one = new_hashtags(tiny_scenario(catalogue={"trends": {"challenges": 10.0}}), 1)
    other = new_hashtags(tiny_scenario(catalogue={"trends": {"challenges": 10.0}}, duration=9e5), 1)
    n = one.count
    for name in ("topic", "born_s", "life_s", "pull", "challenge"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[:n], name)
    assert other.count > n + 80
    mine = one.born_s[one.challenge == 1]
    assert (np.diff(mine) > 0).all()


def test_a_trend_is_picked_by_how_much_it_draws_and_by_fit() -> None:
    trends, draws = np.array([7, 3, 5], np.int32), np.array([6.0, 9.0, 10.0])
    topics = np.array([0, 0, 0, 1, 0, 2, 0, 0], np.int16)
    streams = [np.uint64(stream(np.uint64(3), i)) for i in range(6_000)]
    free = [pick_trend(s, 1, trends, draws, 0.0, 1, topics) for s in streams]
    found = np.bincount(free, minlength=8) / 6_000
    np.testing.assert_allclose(found[[7, 3, 5]], (0.6, 0.3, 0.1), atol=0.03)
    fitting = [pick_trend(s, 1, trends, draws, 1.0, 1, topics) for s in streams[:100]]
    assert set(fitting) == {3}
    assert pick_trend(streams[0], 1, trends[:0], draws[:0], 1.0, 1, topics) == -1


@pytest.fixture(scope="module")
def busy() -> Live:
    live = assemble(
        tiny_scenario(
            duration=3 * 86_400.0, population={"users": 300, "creators": 0.6},
            creators={"posts_per_week": 40.0, "trend_uptake": 0.15},
            catalogue={"trends": {
                "challenges": 6.0, "challenge_share": 0.2, "trending_tags": 0.1,
                "unfitting_tags": 0.2,
            }},
        ), 1, engine="fast",
    )  # fmt: skip
    live.env.run(until=live.end)
    return live


def test_uses_are_the_videos_with_the_hashtag(busy: Live) -> None:
    videos, hashtags = busy.world.videos, busy.world.hashtags
    tags = videos.tags[: videos.count]
    counted = np.bincount(tags[tags >= 0], minlength=hashtags.count)
    np.testing.assert_array_equal(counted, hashtags.uses)
    for row in tags:
        carried = row[row >= 0]
        assert len(set(carried.tolist())) == len(carried)


def test_nobody_joins_what_has_not_begun_and_use_is_unequal(busy: Live) -> None:
    videos, hashtags = busy.world.videos, busy.world.hashtags
    tags = videos.tags[: videos.count]
    joined = (tags >= 0) & (hashtags.challenge[tags] == 1)
    rows, places = np.nonzero(joined)
    assert len(rows) > 200
    assert (videos.uploaded_s[rows] >= hashtags.born_s[tags[rows, places]]).all()
    uses = np.sort(hashtags.uses[hashtags.challenge == 1])[::-1]
    assert uses[: len(uses) // 10].sum() > 0.3 * uses.sum()


class TestContract(MechanismContract):
    on: ClassVar[Any] = {
        "creators": {"trend_uptake": 0.5, "posts_per_week": 60.0},
        "catalogue": {"trends": {"challenges": 50.0, "challenge_share": 0.5}},
    }
    base: ClassVar[Any] = {
        "creators": {"trend_uptake": 0.0, "posts_per_week": 60.0},
        "catalogue": {"trends": {"challenges": 0.0, "challenge_share": 0.0, "trending_tags": 0.0,
                                 "unfitting_tags": 0.0}},
    }  # fmt: skip
    off: ClassVar[Any] = base
