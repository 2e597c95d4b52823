"""Covers: who opens what on a page, and what a promise costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.behaviour import covers
from sim.behaviour.params import behaviour_params
from sim.core.surfaces import FOR_YOU, FRIENDS, PROFILE, SEARCH, SOUND_PAGE
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.mechanisms import MechanismContract


def params(**browse: float) -> Any:
    return behaviour_params(BehaviourConfig(browse=browse))  # type: ignore[arg-type]


@pytest.mark.parametrize(("cover", "odds"), [(0.0, 1.5), (1.0, 1.5 * np.exp(0.8)), (-2.0, 0.303)])
def test_odds_of_opening(cover: float, odds: float) -> None:
    p = params(covers=0.6, cover=0.8)
    opens = [covers.opened(p, cover, np.uint64(7), i) for i in range(20_000)]
    assert np.mean(opens) == pytest.approx(odds / (1 + odds), abs=0.012)


def test_one_opens_all() -> None:
    p = params(covers=1.0, cover=5.0)
    assert all(covers.opened(p, -5.0, np.uint64(7), i) for i in range(100))


def test_only_pages_show_covers() -> None:
    shows = set(np.flatnonzero(covers.SHOWS_COVERS).tolist())
    assert {PROFILE, SOUND_PAGE, SEARCH} <= shows
    assert not {FOR_YOU, FRIENDS} & shows


def test_a_broken_promise_costs_appeal_where_the_cover_was_seen() -> None:
    promises = np.array([1, 0], np.int8)
    world = SimpleNamespace(video_truth=SimpleNamespace(promises=promises))
    room = SimpleNamespace(
        seen=SimpleNamespace(surface=[PROFILE, PROFILE, FOR_YOU], video=[0, 1, 0]),
        promised=np.zeros(3),
    )
    for k in range(3):
        covers.find.py_func(world, None, room, k)
    np.testing.assert_array_equal(room.promised, (1.0, 0.0, 0.0))
    p = SimpleNamespace(browse=SimpleNamespace(let_down=0.3))
    assert [covers.less.py_func(p, room, k) for k in range(3)] == [-0.3, 0.0, 0.0]


class TestContract(MechanismContract):
    on: ClassVar = {
        "behaviour": {"browse": {"covers": 0.3, "search": 0.5, "let_down": 2.0}},
        "catalogue": {"craft": {"promises": 0.5}},
    }
    base: ClassVar = {"behaviour": {"browse": {"covers": 1.0, "let_down": 0.0, "search": 0.5}},
                      "catalogue": {"craft": {"promises": 0.5}}}  # fmt: skip
    off: ClassVar = base
