"""Whom a user follows, as it stands in the slate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.followed import also_followed, mark_followed
from sim.engine.layout import CARD, SLOT
from sim.engine.memory import USER
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP

ROW = 1


@njit()
def _mark(slates: Any, row: int, creators: Any, graph: Any, data: Any, users: Any) -> None:
    mark_followed(
        slates, np.uint64(row), users[row].length, creators, graph, data, users[row]
    )  # fmt: skip


@njit()
def _follow(slates: Any, cards: Any, row: int, users: Any, creator: int, followed: int) -> None:
    also_followed(slates, cards, users[row], np.uint64(row), creator, followed)


def _slates(places: int) -> Any:
    slates = np.zeros((3, places), SLOT)
    slates["source"] = np.arange(places) % 9
    slates["followed"] = 1  # as an older slate may have left it
    return slates


@pytest.mark.parametrize("moved", [False, True], ids=["in the graph", "in the arena"])
@pytest.mark.parametrize("length", [1, 10, 16, 17, 40, 64])
def test_a_slate_says_who_is_followed(length: int, moved: bool) -> None:
    random = np.random.default_rng(length)
    creators = np.zeros(64 + GROUP, np.int32)
    creators[:length] = random.integers(0, 60, length)
    creators[length:] = random.integers(0, 60, 64 + GROUP - length)
    follows = np.unique(random.integers(0, 60, 25)).astype(np.int32)
    other = np.setdiff1d(np.arange(60), follows).astype(np.int32)  # those whom others follow
    users = np.zeros(3, USER)
    users["length"], users["follow_start"] = length, 4
    users["follow_count"], users["follow_size"] = len(follows), 32 if moved else 0
    row = np.concatenate([other[:4], follows, other])
    graph, data = (other, row) if moved else (row, other)
    slates, before = _slates(64), _slates(64)
    _mark(slates, ROW, creators, graph, data, users)
    before["followed"][ROW, :length] = np.isin(creators[:length], follows)
    assert before["followed"][ROW, :length].any() or length == 1
    np.testing.assert_array_equal(slates, before)


def test_nobody_is_followed_by_who_follows_nobody() -> None:
    users = np.zeros(3, USER)
    users["length"] = 10
    slates = _slates(10)
    nothing = np.zeros(0, np.int32)
    _mark(slates, ROW, np.zeros(10 + GROUP, np.int32), nothing, nothing, users)
    assert not slates["followed"][ROW].any()


def test_a_follow_counts_for_the_rest_of_the_slate() -> None:
    cards = np.zeros(6, CARD)
    cards["creator"] = [7, 8, 7, 9, 7, 7]
    users = np.zeros(3, USER)
    users["place"], users["length"] = 2, 5
    slates = _slates(6)
    slates["video"][ROW] = np.arange(6)
    slates["followed"] = 0
    slates["followed"][ROW, 4] = 1  # known already
    _follow(slates, cards, ROW, users, 7, 1)
    # what was shown, and what is behind the slate, stay as they are
    assert slates["followed"].tolist() == [[0] * 6, [0, 0, 1, 0, 1, 0], [0] * 6]


def test_so_does_a_follow_that_ends() -> None:
    cards = np.zeros(6, CARD)
    cards["creator"] = [7, 8, 7, 9, 7, 7]
    users = np.zeros(3, USER)
    users["place"], users["length"] = 2, 5
    slates = _slates(6)
    slates["video"][ROW] = np.arange(6)
    _follow(slates, cards, ROW, users, 7, 0)
    assert slates["followed"].tolist() == [[1] * 6, [1, 1, 0, 1, 0, 1], [1] * 6]
