"""People side by side react as each of them would alone, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.behaviour.params import BehaviourParams, behaviour_params
from sim.core.actions import bit
from sim.core.room import PEOPLE
from sim.engine.layout import ROOM
from sim.engine.moments import MOMENTS, REACT
from sim.engine.ways import When, in_turn
from sim.machine.compiled import njit
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.reaction import react_plain

_react = in_turn(
    tuple(way.fast() for name in REACT for way in MOMENTS[name] if not isinstance(way, When))
)

FULL = 3_000
"""Records of PEOPLE in a trial: enough for every turn that a reaction can take."""


@njit()
def _together(params: Any, people: Any, n: int) -> None:
    for i in range(people.size):
        _react(0, params[0], people[i], n)


@njit()
def _alone(params: Any, people: Any, n: int) -> None:
    for i in range(people.size):
        for k in range(n):
            react_plain(params[0], people[i], k)


_LOGGED = ("watch_ms", "views", "actions")
_OUT = ("leaves", "gap_s", "appeal", "ratio")


def _some_people(seed: int, count: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    people = np.zeros(count, ROOM)
    shape = (count, PEOPLE)
    people["stream"] = random.integers(0, 2**64, shape, np.uint64)
    people["pair"] = random.integers(0, 2**64, shape, np.uint64)
    people["affinity"] = random.random(shape)
    for name in ("quality", "hook", "generosity", "patience"):
        people[name] = random.normal(0.0, 1.5, shape)
    # from videos that end within the first three seconds to very long ones
    people["duration_s"] = np.exp(random.uniform(0.0, 7.0, shape))
    people["same_locale"] = random.random(shape) < 0.8
    people["followed"] = random.random(shape) < 0.2
    for action in ("like", "comment", "share", "save", "follow"):
        people[f"{action}_trait"] = np.exp(random.normal(0.0, 0.8, shape))
    people["videos"] = random.integers(1, 200, shape)
    return people


def _params(**changes: Any) -> NDArray[Any]:
    params: BehaviourParams = behaviour_params(BehaviourConfig.model_validate(changes))
    return np.array([params])


def _same(a: NDArray[Any], b: NDArray[Any], n: int) -> None:
    for name in _OUT:
        np.testing.assert_array_equal(a[name][:, :n], b[name][:, :n], name)
    for name in _LOGGED:
        np.testing.assert_array_equal(a["seen"][name][:, :n], b["seen"][name][:, :n], name)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, PEOPLE])
def test_together_as_alone(n: int) -> None:
    together = _some_people(n, FULL)
    alone = together.copy()
    _together(_params(), together, n)
    _alone(_params(), alone, n)
    _same(together, alone, n)


def test_every_turn_was_taken() -> None:
    people = _some_people(3, FULL)
    _together(_params(), people, PEOPLE)
    actions, views = people["seen"]["actions"], people["seen"]["views"]
    for name in ("completion", "skip", "loop", "like", "comment", "share", "save", "follow",
                 "sound_tap", "not_interested"):  # fmt: skip
        assert (actions & bit(name)).any(), name
    short = people["duration_s"] < 3.0
    assert (short & (views > 1)).any()
    assert (short & (views == 1)).any()
    assert (~short & (views > 1)).any()
    assert people["leaves"].any()
    assert not people["leaves"].all()
    # tastes in both tails are mended behind the loop
    assert (people["taste"] < -2.5).any()
    assert (people["taste"] > 2.5).any()


def test_other_settings() -> None:
    """Steep weights: levels far outside the ordinary, and no replays."""
    params = _params(
        watch={"max_plays": 1.0, "early_appeal": 3.0, "late_appeal": 3.0},
        act={"appeal": 4.0},
    )
    together = _some_people(11, FULL)
    alone = together.copy()
    _together(params, together, PEOPLE)
    _alone(params, alone, PEOPLE)
    _same(together, alone, PEOPLE)
    assert (together["seen"]["views"] == 1).all()
