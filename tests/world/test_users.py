"""Users and creators: each row is its own, and all of them together look like people."""

from __future__ import annotations

import numpy as np
import pytest

from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.expected import creator_count
from sim.world.state import NOBODY, TOPIC_ONE, World, padded

TRUTH = ("interests", "generosity", "patience", "activity", "chronotype")


@pytest.fixture(scope="module")
def small() -> World:
    return tiny_world(population={"users": 100})


@pytest.fixture(scope="module")
def large() -> World:
    return tiny_world(population={"users": 2_000})


def test_a_user_does_not_depend_on_how_many_there_are(small: World, large: World) -> None:
    for name in TRUTH:
        np.testing.assert_array_equal(getattr(small.truth, name), getattr(large.truth, name)[:100])
    for name in ("locale", "declared"):
        np.testing.assert_array_equal(
            getattr(small.accounts, name), getattr(large.accounts, name)[:100]
        )


def test_a_creator_does_not_depend_on_how_many_there_are(small: World, large: World) -> None:
    for name in ("niche", "skill", "popularity", "trend_uptake", "posts_per_week"):
        np.testing.assert_array_equal(
            getattr(small.creators, name)[:20], getattr(large.creators, name)[:20]
        )


def test_another_seed_is_another_world(small: World) -> None:
    other = tiny_world(2, population={"users": 100})
    for name in TRUTH:
        assert (getattr(other.truth, name) != getattr(small.truth, name)).any()
    assert (other.creators.skill != small.creators.skill).any()


def test_the_same_seed_is_the_same_world(small: World) -> None:
    again = tiny_world(population={"users": 100})
    np.testing.assert_array_equal(again.follows.creator, small.follows.creator)
    np.testing.assert_array_equal(again.videos.uploaded_s, small.videos.uploaded_s)
    np.testing.assert_array_equal(again.video_truth.quality, small.video_truth.quality)


def test_interests_and_niches_have_norm_1_and_nothing_in_the_padding(large: World) -> None:
    for rows in (large.truth.interests, large.creators.niche):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), TOPIC_ONE, atol=2.0)
        assert rows.min() >= 0
        assert rows.shape[1] == padded(6) == 16
        assert not rows[:, 6:].any()
    # a handful of interests, not all topics alike
    assert np.median(np.sort(large.truth.interests[:, :6], axis=1)[:, -1]) > 0.6 * TOPIC_ONE


def test_traits_are_standard_normal(large: World) -> None:
    for name in ("generosity", "patience", "activity"):
        trait = getattr(large.truth, name)
        assert abs(trait.mean()) < 5 / np.sqrt(2_000)
        assert abs((trait**2).mean() - 1) < 5 * np.sqrt(2 / 2_000)
    together = np.corrcoef(
        [large.truth.generosity, large.truth.patience, large.truth.activity, large.truth.chronotype]
    )
    np.fill_diagonal(together, 0.0)
    assert np.abs(together).max() < 5 / np.sqrt(2_000)


def test_ticked_topics_exist_and_are_mostly_true_interests(large: World) -> None:
    ticked = (large.accounts.declared[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert not ticked[:, 6:].any()
    count = ticked.sum(axis=1)
    assert set(count.tolist()) == {0, 1, 2, 3}
    best = large.truth.interests[:, :6].argmax(axis=1)
    assert ticked[np.arange(2_000), best][count > 0].mean() > 0.7


def test_a_share_ticks_interests_and_it_is_nobody_elses_luck() -> None:
    people = {"users": 2_000, "joining": 0.3}
    every, some, few, none = (
        tiny_world(population={**people, "ticking": share}) for share in (1.0, 0.7, 0.2, 0.0)
    )
    ticks = some.accounts.declared != 0
    assert abs(ticks.mean() - 0.7) < 4 * np.sqrt(0.21 / 2_000)
    assert every.accounts.declared.all()
    assert not none.accounts.declared.any()
    np.testing.assert_array_equal(
        some.accounts.declared, np.where(ticks, every.accounts.declared, 0)
    )
    assert ticks[few.accounts.declared != 0].all()
    for world in (some, few, none):
        for name in TRUTH:
            np.testing.assert_array_equal(getattr(world.truth, name), getattr(every.truth, name))
        np.testing.assert_array_equal(world.accounts.joined_s, every.accounts.joined_s)
        np.testing.assert_array_equal(world.follows.creator, every.follows.creator)
        np.testing.assert_array_equal(world.videos.uploaded_s, every.videos.uploaded_s)


def test_who_ticks_is_drawn_whatever_they_like_and_whenever_they_join() -> None:
    world = tiny_world(population={"users": 20_000, "joining": 0.5, "ticking": 0.5})
    ticks = world.accounts.declared != 0
    for trait in (
        world.truth.activity, world.truth.patience, world.accounts.joined_s,
        world.truth.interests[:, 0], world.truth.interests[:, :6].argmax(axis=1),
    ):  # fmt: skip
        assert abs(np.corrcoef(ticks, trait)[0, 1]) < 4 / np.sqrt(20_000)


def test_locales_have_their_shares() -> None:
    places = [
        {"name": "a", "share": 0.7, "utc_offset": 0.0},
        {"name": "b", "share": 0.3, "utc_offset": 3600.0},
    ]
    world = tiny_world(population={"users": 2_000, "locales": places})
    assert abs((world.accounts.locale == 1).mean() - 0.3) < 5 * np.sqrt(0.21 / 2_000)
    creators = world.creators.count
    np.testing.assert_array_equal(world.creators.locale, world.accounts.locale[:creators])
    assert world.utc_offset_s.tolist() == [0.0, 3600.0]


def test_creators_are_the_first_users_and_planted_accounts_come_after() -> None:
    probes = [
        {"name": "a", "count": 3, "post_at": 0.0, "topic": 4},
        {"name": "b", "count": 2, "post_at": 0.0},
    ]
    world = tiny_world(probes=probes)
    assert world.creators.count == 30 + 5
    assert world.creators.user.tolist() == [*range(30), *[NOBODY] * 5]
    assert world.creators.probe.tolist() == [NOBODY] * 30 + [0, 0, 0, 1, 1]
    assert world.creators.niche[30:33].argmax(axis=1).tolist() == [4, 4, 4]
    # nothing but the scenario makes them post
    assert not world.creators.posts_per_week[30:].any()
    assert not np.isin(world.videos.creator[: world.videos.count], range(30, 35)).any()


def test_there_is_at_least_one_creator_and_never_more_than_users() -> None:
    assert creator_count(tiny_scenario(population={"users": 1, "creators": 0.0})) == 1
    assert creator_count(tiny_scenario(population={"users": 10, "creators": 1.0})) == 10
    world = tiny_world(population={"users": 1, "creators": 0.0})
    assert world.users == world.creators.count == 1
    assert len(world.follows.creator) == 0


def test_creators_post_at_the_pace_of_k3() -> None:
    """K3: median 3.9 a week, p10 1.8, p90 7.4."""
    world = tiny_world(
        population={"users": 2_000, "creators": 0.5}, creators={"posts_per_week": 3.9}
    )
    p10, p50, p90 = np.quantile(world.creators.posts_per_week, [0.1, 0.5, 0.9])
    assert p50 == pytest.approx(3.9, rel=0.1)
    assert p10 == pytest.approx(1.8, rel=0.2)
    assert p90 == pytest.approx(7.4, rel=0.2)
