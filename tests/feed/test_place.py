"""What the platform makes of locale and device, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.feed.belief import LARGEST_EFFECT, PROFILE_ONE, Beliefs, first_beliefs, learn_params
from sim.feed.place import Places, add_up, start_of_cells, variances
from sim.testing.worlds import tiny_scenario
from sim.world.state import UserAccounts

TOPICS = 6


def _sums(x: NDArray[Any], cell: NDArray[Any], cells: int) -> tuple[Any, Any, int]:
    """(count [C], sums [C, D], sum of squares) of whole numbers ``x`` [N, D]."""
    sums = np.zeros((cells, x.shape[1]), np.int64)
    np.add.at(sums, cell, x)
    return np.bincount(cell, minlength=cells), sums, int((x * x).sum())


def test_variances_of_two_even_cells_by_hand() -> None:
    x = np.array([[1], [3], [9], [11]])
    between, within = variances(*_sums(x, np.array([0, 0, 1, 1]), 2))
    assert within == 2.0  # each differs by 1 from the mean of its cell: 4 / (4 - 2)
    assert between == (2 * (4**2 + 4**2) - within) / 2
    start = start_of_cells(*_sums(x, np.array([0, 0, 1, 1]), 2)) * PROFILE_ONE
    share = between / (between + within / 2)
    np.testing.assert_allclose(start, [[-4 * share], [4 * share]], rtol=1e-12)


def test_variances_are_those_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(1)
    cell = rng.choice(4, 300, p=[0.6, 0.25, 0.1, 0.05])
    x = rng.integers(-9_000, 9_000, (300, 3)) + 3_000 * cell[:, None]
    between, within = variances(*_sums(x, cell, 4))
    n = np.bincount(cell)
    means = np.array([x[cell == c].mean(axis=0) for c in range(4)])
    residual = (((x - means[cell]) ** 2).sum() / (300 - 4)).item()
    assert within == pytest.approx(residual, rel=1e-9)
    of_means = (n[:, None] * (means - x.mean(axis=0)) ** 2).sum() / 3
    size = (300 - (n**2).sum() / 300) / 3
    assert between == pytest.approx((of_means - residual) / size, rel=1e-9)


def test_the_estimate_is_right_on_average() -> None:
    rng = np.random.default_rng(2)
    cell = np.repeat(np.arange(5), (2, 10, 20, 40, 80))
    found = []
    for _ in range(400):
        effects = 300 * rng.normal(size=(5, 8))
        x = np.rint(effects[cell] + 1_000 * rng.normal(size=(len(cell), 8))).astype(np.int64)
        found.append(variances(*_sums(x, cell, 5)))
    between, within = np.mean(found, axis=0) / 8
    assert within == pytest.approx(1_000**2, rel=0.02)
    assert between == pytest.approx(300**2, rel=0.1)


def test_the_start_is_nearer_the_effect_of_a_cell_than_nothing_and_than_the_mean() -> None:
    rng = np.random.default_rng(3)
    cell = np.repeat(np.arange(6), (3, 5, 10, 20, 200, 400))
    errors = np.zeros(3)
    for _ in range(100):
        effects = 300 * rng.normal(size=(6, 8))
        x = np.rint(effects[cell] + 1_000 * rng.normal(size=(len(cell), 8))).astype(np.int64)
        count, sums, squares = _sums(x, cell, 6)
        truth = effects - (count[:, None] * effects).sum(axis=0) / count.sum()
        mean = sums / count[:, None] - x.mean(axis=0)
        start = start_of_cells(count, sums, squares) * PROFILE_ONE
        for i, guess in enumerate((start, 0.0, mean)):
            errors[i] += ((guess - truth) ** 2).sum()
    assert errors[0] < 0.8 * errors[1:].min()


@pytest.mark.parametrize(
    ("x", "cell"),
    [
        ([[5, 1], [7, 2], [9, 9]], [1, 1, 1]),  # one cell with people
        ([[5, 1], [90, 2]], [0, 1]),  # nobody beyond the first of each
        ([[5, 1], [-5, 2], [5, 2], [-5, 1]], [0, 0, 1, 1]),  # cells alike
        (np.zeros((0, 2), np.int64), []),
    ],
)
def test_nothing_is_concluded_from_nothing(x: Any, cell: list[int]) -> None:
    rows, cells = np.array(x, np.int64), np.array(cell, np.int64)
    assert not start_of_cells(*_sums(rows, cells, 3)).any()


def test_an_empty_cell_gets_nothing_and_the_order_of_people_makes_no_difference() -> None:
    rng = np.random.default_rng(4)
    x, cell = rng.integers(-9, 9, (60, 4)), np.repeat([0, 2], 30)
    x[30:] += 30
    start = start_of_cells(*_sums(x, cell, 3))
    assert not start[1].any()
    assert start[0].all()
    order = rng.permutation(60)
    np.testing.assert_array_equal(start, start_of_cells(*_sums(x[order], cell[order], 3)))


def _people(users: int, joined_s: Any = 0.0) -> UserAccounts:
    accounts = UserAccounts(users)
    accounts.locale[:] = np.arange(users) % 2
    accounts.device[:] = np.arange(users) % 3
    accounts.joined_s[:] = joined_s
    return accounts


def _first(accounts: UserAccounts) -> Beliefs:
    return first_beliefs(accounts, TOPICS, learn_params(tiny_scenario()))


def test_only_who_is_settled_counts() -> None:
    accounts = _people(4)
    beliefs = _first(accounts)
    before = learn_params(tiny_scenario()).doubt
    beliefs.profile[:, :TOPICS] = np.array([[0.5], [0.25], [-0.125], [1.0]])
    beliefs.doubt[1, 0] = 0.01 * before  # less than a topic's worth is known
    beliefs.doubt[2, :3] = 0.6 * before  # more than one, over three topics
    beliefs.doubt[3, :TOPICS] = 0.1 * before
    count, sums = np.zeros((2, 3), np.int64), np.zeros((2, 3, TOPICS), np.int64)
    squares = add_up(
        beliefs.profile, beliefs.doubt, accounts.locale, accounts.device, before, count, sums
    )
    assert count.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert sums[0, 2].tolist() == [-PROFILE_ONE // 8] * TOPICS
    assert sums[1, 0].tolist() == [PROFILE_ONE] * TOPICS
    assert squares == TOPICS * (PROFILE_ONE**2 // 64 + PROFILE_ONE**2)


def _places(accounts: UserAccounts, *, used: bool = True) -> Places:
    places = Places(accounts, (2, 3, TOPICS), learn_params(tiny_scenario()), used=used)
    places.start[:] = np.arange(6).reshape(2, 3, 1) / 100 + 0.01
    return places


def test_who_joins_is_given_the_start_of_their_cell_beside_their_ticks_and_once() -> None:
    accounts = _people(6, [0.0, 10.0, 59.0, 60.0, 61.0, 120.0])
    accounts.declared[3] = 0b10
    beliefs = _first(accounts)
    first, doubt = beliefs.profile.copy(), beliefs.doubt.copy()
    places = _places(accounts)
    places.welcome(beliefs, 60.0, 120.0)
    added = beliefs.profile - first
    assert not added[[0, 1, 2, 5]].any()  # there before, begun already, or later
    np.testing.assert_allclose(added[3, :TOPICS], 0.04, rtol=1e-6)
    np.testing.assert_allclose(added[4, :TOPICS], 0.02, rtol=1e-6)
    assert not added[:, TOPICS:].any()
    np.testing.assert_array_equal(beliefs.doubt, doubt)
    # the clock may come a hair before or after the end of the window
    places.welcome(beliefs, 120.0 - 1e-9, 180.0)
    places.welcome(beliefs, 119.0, 180.0)
    added = beliefs.profile - first
    np.testing.assert_allclose(added[3:, 0], [0.04, 0.02, 0.06], rtol=1e-6)


def test_a_first_profile_stays_within_its_bounds() -> None:
    accounts = _people(6, 60.0)
    beliefs = _first(accounts)
    places = _places(accounts)
    places.start[:] = 5.0
    places.welcome(beliefs, 0.0, 120.0)
    assert (beliefs.profile[:, :TOPICS] == LARGEST_EFFECT).all()


def test_off_it_does_nothing() -> None:
    accounts = _people(6, 60.0)
    beliefs = _first(accounts)
    beliefs.doubt[:] = 0.0
    places = _places(accounts, used=False)
    start = places.start.copy()
    places.look(beliefs)
    places.welcome(beliefs, 0.0, 120.0)
    np.testing.assert_array_equal(places.start, start)
    assert not beliefs.profile.any()
