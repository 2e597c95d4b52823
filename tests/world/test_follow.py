"""The follow graph at the start."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.random import key
from sim.testing.worlds import tiny_world
from sim.world.follow import alias_table, planted_followers
from sim.world.state import TOPIC_ONE, FollowGraph, World


@pytest.fixture(scope="module")
def world() -> World:
    # as the scenarios do it: 8 % creators, a follow list of 25
    return tiny_world(
        population={"users": 8_000, "creators": 0.08, "topics": 16, "follows": 25},
        catalogue={"history": 3600.0},
    )


def test_nobody_follows_anybody_twice_or_themselves(world: World) -> None:
    graph = world.follows
    owner = np.repeat(np.arange(world.users), np.diff(graph.start))
    pairs = owner.astype(np.int64) * world.creators.count + graph.creator
    assert len(np.unique(pairs)) == len(pairs)
    assert not (owner == graph.creator).any()
    assert graph.creator.min() >= 0
    assert graph.creator.max() < world.creators.count
    assert graph.start[0] == 0
    assert graph.start[-1] == len(graph.creator)
    assert (np.diff(graph.start) >= 0).all()


def test_followers_are_the_rows_of_the_graph(world: World) -> None:
    counted = np.bincount(world.follows.creator, minlength=world.creators.count)
    np.testing.assert_array_equal(world.creators.followers, counted)
    np.testing.assert_array_equal(world.creators.followers_start, counted)
    assert not np.shares_memory(world.creators.followers, world.creators.followers_start)


def test_people_follow_as_many_as_the_scenario_says(world: World) -> None:
    row = np.diff(world.follows.start)
    assert row.mean() == pytest.approx(25, rel=0.1)
    # KuaiRand (F14): the upper quarter follows about twice as many as the median
    assert 1.5 < np.quantile(row, 0.75) / np.median(row) < 2.7


def test_followers_are_heavy_tailed_as_in_f14(world: World) -> None:
    """F14: quantiles 10, 48, 221, 660 (90 %), 4,374 (99 %); the top 10 % hold 84 %.

    Only ratios can be compared, within a factor of two. Nobody can be followed by more people
    than there are, so the last percent falls short on a small platform: a factor of three.
    """
    followers = np.sort(world.creators.followers)[::-1]
    low, middle, high, p90, p99 = np.quantile(followers, [0.25, 0.5, 0.75, 0.9, 0.99])
    for found, fact, factor in [
        (high / middle, 221 / 48, 2),
        (middle / low, 48 / 10, 2),
        (p90 / middle, 660 / 48, 2),
        (p99 / middle, 4_374 / 48, 3),
        (followers[: len(followers) // 10].sum() / followers.sum(), 0.84, 2),
    ]:
        assert fact / factor < found < fact * factor


def test_people_follow_within_their_interests(world: World) -> None:
    owner = np.repeat(np.arange(world.users), np.diff(world.follows.start))
    niche = world.creators.niche[world.follows.creator] / TOPIC_ONE
    interests = world.truth.interests[owner] / TOPIC_ONE
    match = (interests * niche).sum(axis=1).mean()
    stranger = (interests * np.roll(niche, 7_919, axis=0)).sum(axis=1).mean()
    assert match > stranger + 0.15


def test_skilled_creators_have_more_followers(world: World) -> None:
    rank = np.argsort(np.argsort(world.creators.followers))
    assert 0.2 < np.corrcoef(rank, world.creators.skill)[0, 1] < 0.6


@pytest.mark.parametrize("wanted", [0, 1, 30, 75, 149, 150])
def test_planted_accounts_have_exactly_their_followers(wanted: int) -> None:
    probes = [{"name": "a", "count": 3, "followers": wanted, "post_at": 0.0}]
    world = tiny_world(probes=probes)
    assert world.creators.followers[30:].tolist() == [wanted] * 3
    owner = np.repeat(np.arange(world.users), np.diff(world.follows.start))
    for account in (30, 31, 32):
        rows = owner[world.follows.creator == account]
        assert len(set(rows.tolist())) == wanted


def test_planted_accounts_leave_the_other_follows_as_they_are() -> None:
    plain = tiny_world().follows
    planted = tiny_world(probes=[{"name": "a", "count": 2, "followers": 60, "post_at": 0.0}])
    for user in range(planted.users):
        row = planted.follows.creator[planted.follows.start[user] : planted.follows.start[user + 1]]
        before = plain.creator[plain.start[user] : plain.start[user + 1]]
        np.testing.assert_array_equal(row[row < 30], before)


@settings(max_examples=30)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_planted_followers_are_different_users(case: tuple[int, int]) -> None:
    count, users = case
    lengths = np.arange(users) % 4
    start = np.concatenate([[0], np.cumsum(lengths)])
    graph = FollowGraph.of({"start": start, "creator": np.zeros(start[-1], np.int32)})
    interests = np.full((users, 16), 30, np.int8)
    later = np.arange(users) % 5 == 0
    (found,) = planted_followers(
        key(1, "planted-follow"), [count], np.array([3]), np.array([1]), graph, interests,
        np.ones(17), later,
    )  # fmt: skip
    assert len(set(found.tolist())) == count
    assert sorted(found.tolist()) == found.tolist()
    assert all(0 <= u < users for u in found)
    # who joins later follows nobody while there are others
    if count <= int((~later).sum()):
        assert not later[found].any()


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3))
def test_an_alias_table_gives_back_its_weights(weights: list[float]) -> None:
    threshold, alias = alias_table(np.array(weights))
    n = len(weights)
    mass = np.bincount(alias, weights=1.0 - threshold, minlength=n) + threshold
    np.testing.assert_allclose(mass / n, np.array(weights) / sum(weights), atol=1e-9)
