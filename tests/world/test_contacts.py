"""Who can send a link to whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.core.random import key
from sim.world import contacts
from sim.world.contacts import draw_contacts
from sim.world.state import ContactGraph, FollowGraph

TOPICS = 8
K = key(1, "contact")


@dataclass(frozen=True)
class People:
    locale: NDArray[np.int8]
    interests: NDArray[np.int8]
    follows: FollowGraph
    creators: int

    def draw(self, mean: float, k: np.uint64 = K) -> ContactGraph:
        return draw_contacts(
            k, mean, self.locale, self.interests, TOPICS, self.follows, self.creators
        )


def people(users: int, locales: int = 4, follows: int = 5) -> People:
    """Everything about a person is independent of everything else, so that chance is known."""
    rng = np.random.default_rng(7)
    interests = np.zeros((users, 16), np.int8)
    interests[:, :TOPICS] = rng.integers(0, 40, (users, TOPICS))
    interests[np.arange(users), rng.integers(0, TOPICS, users)] = 100
    creators = max(1, users // 8)
    rows = [rng.choice(creators, min(follows, creators), replace=False) for _ in range(users)]
    return People(
        rng.integers(0, locales, users).astype(np.int8),
        interests,
        FollowGraph.of(
            {
                "start": np.arange(users + 1) * min(follows, creators),
                "creator": np.concatenate(rows),
            }
        ),
        creators,
    )


@cache
def crowd() -> tuple[People, ContactGraph]:
    found = people(6_000)
    return found, found.draw(12.0)


def owners(graph: ContactGraph) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(graph.start) - 1), np.diff(graph.start))


def assert_sound(graph: ContactGraph, users: int) -> None:
    """Rows are complete, increasing without repeats, without the owner, and mutual."""
    assert graph.start.dtype == np.int64
    assert graph.contact.dtype == np.int32
    assert len(graph.start) == users + 1
    assert graph.start[0] == 0
    assert graph.start[-1] == len(graph.contact)
    assert (np.diff(graph.start) >= 0).all()
    owner, other = owners(graph), graph.contact.astype(np.int64)
    assert not (owner == other).any()
    assert ((other >= 0) & (other < users)).all()
    # one number a pair, increasing: sorted rows, no repeats
    assert (np.diff(owner * users + other) > 0).all()
    np.testing.assert_array_equal(np.sort(other * users + owner), owner * users + other)


def same(a: ContactGraph, b: ContactGraph) -> bool:
    return np.array_equal(a.start, b.start) and np.array_equal(a.contact, b.contact)


def test_ties_are_mutual_sorted_and_without_repeats_or_loops() -> None:
    assert_sound(crowd()[1], 6_000)


@pytest.mark.parametrize(
    ("users", "mean"), [(300, 6.0), (300, 60.0), (6_000, 3.0), (6_000, 12.0), (6_000, 40.0)]
)
def test_people_have_as_many_contacts_as_asked_for(users: int, mean: float) -> None:
    graph = people(users).draw(mean)
    assert np.diff(graph.start).mean() == pytest.approx(mean, rel=0.03)


def test_the_number_of_contacts_is_heavy_tailed() -> None:
    """Log-normal with sd 1.14: the top 1 % hold 12 %, the upper quarter has 2.2 medians.

    With a Poisson number of the same mean they would hold 2 % and have 1.2 medians.
    """
    graph = people(20_000).draw(24.0)
    number = np.sort(np.diff(graph.start))[::-1]
    assert 0.09 < number[:200].sum() / number.sum() < 0.15
    assert 1.9 < np.quantile(number, 0.75) / np.median(number) < 2.5
    # Facebook: mean 190, median 99
    assert 1.6 < number.mean() / np.median(number) < 2.2


def test_sociable_people_are_put_forward_and_not_only_put_others_forward() -> None:
    """Both halves grow with what a user wants, so a tie joins two who want many."""
    graph = crowd()[1]
    number = np.diff(graph.start)
    wanted = contacts._wanted(K, 6_000, 12.0)
    np.testing.assert_allclose(wanted.sum(), 12.0 * 6_000, rtol=1e-5)
    assert np.corrcoef(wanted, number)[0, 1] > 0.95
    few = wanted < np.quantile(wanted, 0.5)
    # a little more than they want: who wants many is in each row of a small pool only once
    assert 1.0 < number[few].sum() / wanted[few].sum() < 1.15


def test_most_ties_are_within_a_locale() -> None:
    who, graph = crowd()
    within = (who.locale[owners(graph)] == who.locale[graph.contact]).mean()
    # interest and locale pools in full, co-followers by chance: 0.8 + 0.2 / 4
    assert within == pytest.approx(0.85, abs=0.02)


def test_ties_are_within_interests() -> None:
    who, graph = crowd()
    main = who.interests.argmax(axis=1)
    within = (main[owners(graph)] == main[graph.contact]).mean()
    # half of them, and one in TOPICS of the others
    assert within == pytest.approx(0.5 + 0.5 / TOPICS, abs=0.03)


def test_ties_across_locales_are_between_followers_of_the_same_creator() -> None:
    who, graph = crowd()
    owner = owners(graph)
    across = who.locale[owner] != who.locale[graph.contact]
    followed = who.follows.creator.reshape(6_000, 5)

    def together(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
        shared = followed[a][:, :, None] == followed[b][:, None, :]
        return float(shared.any(axis=(1, 2)).mean())

    assert together(owner[across], graph.contact[across]) > 0.97
    stranger = np.random.default_rng(1).permutation(graph.contact)
    assert together(owner, stranger) < 0.1


def test_the_same_key_is_the_same_graph_and_another_key_another() -> None:
    who, graph = crowd()
    assert same(who.draw(12.0), graph)
    assert not same(who.draw(12.0, key(2, "contact")), graph)


def test_nobody_draws_differently_because_another_part_was_added() -> None:
    """Followers of planted accounts, minor interests and padding change nothing."""
    who = people(400)
    graph = who.draw(8.0)
    planted = np.arange(0, 400, 3)
    counts = np.diff(who.follows.start)
    counts[planted] += 1
    creator = np.insert(who.follows.creator, who.follows.start[planted + 1], who.creators)
    start = np.concatenate([[0], np.cumsum(counts)])
    more = replace(who, follows=FollowGraph.of({"start": start, "creator": creator}))
    assert (more.follows.creator == who.creators).sum() == len(planted)
    assert same(more.draw(8.0), graph)
    taste = who.interests.copy()
    taste[taste < 100] += 3
    assert same(replace(who, interests=taste).draw(8.0), graph)
    # and what it is made of does matter
    assert not same(replace(who, locale=np.zeros_like(who.locale)).draw(8.0), graph)
    assert not same(replace(who, interests=np.roll(who.interests, 1, axis=0)).draw(8.0), graph)
    assert not same(replace(more, creators=who.creators + 1).draw(8.0), graph)


def test_the_order_of_users_does_not_matter() -> None:
    who = people(500)
    wanted = contacts._wanted(K, 500, 10.0)
    home, pools = contacts._places(
        contacts._weights(wanted, 10.0), who.locale, who.interests, TOPICS, who.follows,
        who.creators,
    )  # fmt: skip
    start = np.concatenate([[0], np.cumsum(contacts._halves(K, wanted))])
    results = []
    for parts in ([(0, 500)], [(u, u + 1) for u in reversed(range(500))]):
        ties = contacts._Ties(
            start, np.zeros(start[-1], np.int32), np.zeros(500, np.int64), np.zeros(500, np.int64)
        )
        for turn in range(3):
            for first, last in parts:
                contacts._draw_turn(K, turn, first, last, ties, home, pools)
            contacts._settle(ties)
        results.append(ties)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("users", [1, 2, 3, 10])
def test_where_there_are_few_everybody_knows_everybody(users: int) -> None:
    graph = people(users).draw(20.0)
    assert_sound(graph, users)
    assert np.diff(graph.start).tolist() == [users - 1] * users


def test_without_contacts_rows_are_empty() -> None:
    graph = people(5).draw(0.0)
    assert_sound(graph, 5)
    assert len(graph.contact) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.floats(0.0, 30.0), st.integers(1, 4), st.integers(0, 3))
def test_any_small_world_is_sound(users: int, mean: float, locales: int, follows: int) -> None:
    graph = people(users, locales, follows).draw(mean)
    assert_sound(graph, users)
    # in all, half of a tie a user is left to chance; and not every last pair is found
    wanted = min(mean, users - 1) * users
    assert abs(len(graph.contact) - wanted) <= 0.15 * wanted + 2.0 * np.sqrt(users) + 2.0


def test_a_person_alone_in_a_locale_and_without_follows_has_contacts() -> None:
    who = people(300, locales=1, follows=0)
    locale = who.locale.copy()
    locale[299] = 3
    k = next(
        k for k in (key(seed, "contact") for seed in range(99))
        if contacts._wanted(k, 300, 8.0)[299] > 8.0
    )  # fmt: skip
    graph = replace(who, locale=locale).draw(8.0, k)
    assert_sound(graph, 300)
    assert graph.start[300] - graph.start[299] >= 4
